/* [SAMLCore1.1] sections 2.3 and 2.4, [SAMLBind1.1] section 4.1 for the two ways to
 * confirm a subject. */
#include "webticket/saml.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/guid.h"
#include "webticket/saml_priv.h"
#include "xml/names.h"
#include "xml/writer.h"

struct slice saml_new_id(struct arena *arena)
{
    struct guid guid = guid_new();
    return arena_print(arena, "SamlSecurityToken-%.*s", SLICE_ARG(guid_print(arena, &guid)));
}

/* ---- printing ------------------------------------------------------------------------ */

static void put_conditions(struct xml_writer *w, const struct saml_assertion *a,
                           struct arena *scratch)
{
    xml_open(w, "saml:Conditions");
    xml_put_attr(w, "NotBefore", clock_print_iso(scratch, a->not_before));
    xml_put_attr(w, "NotOnOrAfter", clock_print_iso(scratch, a->not_after));
    xml_open(w, "saml:AudienceRestrictionCondition");
    xml_element(w, "saml:Audience", a->audience);
    xml_close(w);
    xml_close(w);
}

static void put_name(struct xml_writer *w, const struct saml_assertion *a)
{
    xml_open(w, "saml:NameIdentifier");
    xml_put_attr_string(w, "Format", SAML_NAMEID_FORMAT_URI);
    xml_put_text(w, a->subject);
    xml_close(w);
}

static void put_confirmation(struct xml_writer *w, const struct saml_assertion *a)
{
    bool bearer = slice_absent(a->sealed_key);
    xml_open(w, "saml:SubjectConfirmation");
    xml_element_string(w, "saml:ConfirmationMethod",
                       bearer ? SAML_CM_BEARER : SAML_CM_HOLDER_OF_KEY);
    if (!bearer) {
        xml_open(w, "ds:KeyInfo");
        xml_put_ns(w, "ds", NS_DS);
        xml_open(w, "lg:SealedKey");
        xml_put_ns(w, "lg", NS_LYCHGATE_TICKET);
        xml_put_base64(w, a->sealed_key);
        xml_close(w);
        xml_close(w);
    }
    xml_close(w);
}

static void put_statements(struct xml_writer *w, const struct saml_assertion *a,
                           struct arena *scratch)
{
    xml_open(w, "saml:AuthenticationStatement");
    xml_put_attr(w, "AuthenticationInstant", clock_print_iso(scratch, a->issued));
    xml_put_attr_string(w, "AuthenticationMethod", a->method);
    xml_open(w, "saml:Subject");
    put_name(w, a);
    put_confirmation(w, a);
    xml_close(w);
    xml_close(w);
    xml_open(w, "saml:AttributeStatement");
    xml_open(w, "saml:Subject");
    put_name(w, a);
    xml_close(w);
    xml_open(w, "saml:Attribute");
    xml_put_attr_string(w, "AttributeName", "account");
    xml_put_attr_string(w, "AttributeNamespace", NS_LYCHGATE_TICKET);
    xml_open(w, "saml:AttributeValue");
    xml_put_number(w, a->account_id);
    xml_close(w);
    xml_close(w);
    xml_close(w);
}

void saml_print(const struct saml_assertion *a, struct buf *out)
{
    scoped(arena) struct arena *scratch = arena_new();
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "saml:Assertion");
    xml_put_ns(&w, "saml", NS_SAML);
    xml_put_attr(&w, "AssertionID", a->id);
    xml_put_attr(&w, "IssueInstant", clock_print_iso(scratch, a->issued));
    xml_put_attr(&w, "Issuer", a->issuer);
    xml_put_attr_string(&w, "MajorVersion", "1");
    xml_put_attr_string(&w, "MinorVersion", "1");
    put_conditions(&w, a, scratch);
    put_statements(&w, a, scratch);
    xml_close(&w);
    xml_end(&w);
}

int saml_issue(const struct saml_assertion *assertion, const struct vault_public *keys,
               struct vault_client *vault, struct buf *out, struct fault *fault)
{
    enum dsig_method method =
        keys->token_algorithm == VAULT_RSA_SHA256 ? DSIG_RSA_SHA256 : DSIG_ECDSA_SHA256;
    scoped(arena) struct arena *scratch = arena_new();
    scoped(buf) struct buf element = BUF_INIT, info = BUF_INIT, signature = BUF_INIT;
    struct slice bytes;
    saml_print(assertion, &element);
    dsig_enveloped_prepare(buf_slice(&element), assertion->id, method, &info);
    int err = vault_token_sign(vault, buf_slice(&info), scratch, &bytes, fault);
    /* No certificate in KeyInfo: who checks knows the key, and the ticket travels in
     * an HTTP header, where bytes are dear. */
    if (!err)
        err = dsig_enveloped_finish(buf_slice(&info), method, bytes, (struct slice){0}, &signature,
                                    fault);
    if (!err)
        dsig_enveloped_insert(buf_slice(&element), buf_slice(&signature), out);
    return err;
}

/* ---- reading -------------------------------------------------------------------------- */

static int malformed(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED, "assertion: %s", what);
}

static int read_conditions(const struct xml_node *element, struct arena *arena,
                           struct saml_assertion *out, struct fault *fault)
{
    const struct xml_node *conditions = xml_child(element, NS_SAML, "Conditions");
    if (clock_parse_iso(xml_attr(element, "IssueInstant"), &out->issued) ||
        clock_parse_iso(xml_attr(conditions, "NotBefore"), &out->not_before) ||
        clock_parse_iso(xml_attr(conditions, "NotOnOrAfter"), &out->not_after))
        return malformed(fault, "IssueInstant, NotBefore or NotOnOrAfter is no time");
    out->audience =
        arena_copy(arena, xml_text(xml_path(conditions, "AudienceRestrictionCondition/Audience")));
    return slice_empty(out->audience) ? malformed(fault, "no Audience") : 0;
}

static const char *method_of(struct slice uri)
{
    static const char *const known[] = {SAML_AM_PASSWORD, SAML_AM_X509};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_eq(uri, slice_of(known[i])))
            return known[i];
    return SAML_AM_UNSPECIFIED;
}

static int read_subject(const struct xml_node *element, struct arena *arena,
                        struct saml_assertion *out, struct fault *fault)
{
    const struct xml_node *statement = xml_child(element, NS_SAML, "AuthenticationStatement");
    const struct xml_node *subject = xml_child(statement, NS_SAML, "Subject");
    const struct xml_node *confirmation = xml_child(subject, NS_SAML, "SubjectConfirmation");
    struct slice method = xml_text(xml_child(confirmation, NS_SAML, "ConfirmationMethod"));
    out->method = method_of(xml_attr(statement, "AuthenticationMethod"));
    out->subject = arena_copy(arena, xml_text(xml_child(subject, NS_SAML, "NameIdentifier")));
    if (slice_empty(out->subject))
        return malformed(fault, "no NameIdentifier");
    if (slice_eq(method, SLICE(SAML_CM_BEARER)))
        return 0;
    const struct xml_node *sealed =
        xml_child(xml_child(confirmation, NS_DS, "KeyInfo"), NS_LYCHGATE_TICKET, "SealedKey");
    if (!slice_eq(method, SLICE(SAML_CM_HOLDER_OF_KEY)) || slice_empty(xml_text(sealed)) ||
        base64_parse(arena, xml_text(sealed), &out->sealed_key))
        return malformed(fault, "neither bearer nor holder of a sealed key");
    return 0;
}

static int read_account(const struct xml_node *element, struct saml_assertion *out,
                        struct fault *fault)
{
    const struct xml_node *attribute =
        xml_child(xml_child(element, NS_SAML, "AttributeStatement"), NS_SAML, "Attribute");
    uint64_t number = 0;
    if (!slice_eq(xml_attr(attribute, "AttributeName"), SLICE("account")) ||
        !slice_eq(xml_attr(attribute, "AttributeNamespace"), SLICE(NS_LYCHGATE_TICKET)) ||
        slice_number(xml_text(xml_child(attribute, NS_SAML, "AttributeValue")), INT64_MAX, &number))
        return malformed(fault, "no account");
    out->account_id = (int64_t)number;
    return 0;
}

static int check_time(const struct saml_assertion *a, const struct saml_check *check,
                      struct fault *fault)
{
    int64_t early = a->not_before - check->now, late = check->now - a->not_after;
    if (early > check->skew_ms)
        return fault_set(fault, ERR_EXPIRED, FINDING_TICKET_NOT_YET_VALID,
                         "the token begins %lld s from now", (long long)(early / 1000));
    if (late >= check->skew_ms)
        return fault_set(fault, ERR_EXPIRED, FINDING_TICKET_EXPIRED, "the token ended %lld s ago",
                         (long long)(late / 1000));
    return 0;
}

int saml_verify(const struct xml_node *element, const struct saml_check *check, struct arena *arena,
                struct saml_assertion *out, struct fault *fault)
{
    *out = (struct saml_assertion){0};
    if (!xml_is(element, NS_SAML, "Assertion") ||
        !slice_eq(xml_attr(element, "MajorVersion"), SLICE("1")) ||
        !slice_eq(xml_attr(element, "MinorVersion"), SLICE("1")))
        return malformed(fault, "not a SAML 1.1 assertion");
    struct dsig_verify_options options = {
        .keys = &check->key, .key_count = 1, .id_attribute = "AssertionID"};
    int err = dsig_verify_enveloped(element, &options, fault);
    if (err)
        return err;
    out->id = arena_copy(arena, xml_attr(element, "AssertionID"));
    out->issuer = arena_copy(arena, xml_attr(element, "Issuer"));
    if (!slice_eq(out->issuer, check->issuer))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE,
                         "issued by \"%.*s\", who does not issue tokens for this service",
                         SLICE_ARG(slice_head(out->issuer, 100)));
    if ((err = read_conditions(element, arena, out, fault)) ||
        (err = read_subject(element, arena, out, fault)) ||
        (err = read_account(element, out, fault)))
        return err;
    return check_time(out, check, fault);
}
