/* WS-Trust 1.3 sections 3, 4.1 and 9.2; [MS-OCAUTHWS] section 2.2.3; WS-Security
 * UsernameToken Profile 1.0 section 3. */
#include "webticket/trust.h"

#include "base/clock.h"
#include "base/encode.h"
#include "xml/names.h"

enum {
    URL_MAX = 2048,
    NAME_MAX_ENCODED = 1024
};

static int malformed(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(xml_name(at)), what);
}

/* ---- RequestSecurityToken --------------------------------------------------------------- */

/* The children that count, found by local name: SIPE and Microsoft's clients
 * disagree about namespaces and about their slashes. */
enum part {
    TOKEN_TYPE,
    REQUEST_TYPE,
    APPLIES_TO,
    CLAIMS,
    ENTROPY,
    KEY_TYPE,
    LIFETIME,
    PARTS
};

static const char *const part_names[PARTS] = {
    [TOKEN_TYPE] = "TokenType", [REQUEST_TYPE] = "RequestType", [APPLIES_TO] = "AppliesTo",
    [CLAIMS] = "Claims",        [ENTROPY] = "Entropy",          [KEY_TYPE] = "KeyType",
    [LIFETIME] = "Lifetime",
};

static int find_parts(const struct xml_node *request, const struct xml_node *parts[PARTS],
                      struct fault *fault)
{
    xml_each (child, request)
        for (size_t i = 0; i < PARTS; i++) {
            if (!xml_is(child, NULL, part_names[i]))
                continue;
            if (parts[i])
                return malformed(fault, child, "came twice");
            parts[i] = child;
        }
    return 0;
}

static bool is_any(struct slice uri, const char *const *known)
{
    for (; *known; known++)
        if (slice_eq(uri, slice_of(*known)))
            return true;
    return false;
}

static int read_request_type(const struct xml_node *node, struct trust_request *out,
                             struct fault *fault)
{
    static const char *const issue[] = {WST_ISSUE, WST_2005_ISSUE, NULL};
    out->request_type = xml_text(node);
    if (!is_any(out->request_type, issue))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                         "RequestType is \"%.*s\", only Issue is served",
                         SLICE_ARG(slice_head(out->request_type, 120)));
    return 0;
}

static enum trust_key_type key_type_of(const struct xml_node *node)
{
    static const char *const symmetric[] = {WST_SYMMETRIC_KEY,
                                            "http://schemas.xmlsoap.org/ws/2005/02/trust/"
                                            "SymmetricKey",
                                            NULL};
    static const char *const bearer[] = {WST_BEARER, WST_NO_PROOF_KEY, NULL};
    struct slice uri = xml_text(node);
    if (!node)
        return TRUST_KEY_UNSAID;
    return is_any(uri, symmetric) ? TRUST_KEY_SYMMETRIC
           : is_any(uri, bearer)  ? TRUST_KEY_BEARER
                                  : TRUST_KEY_OTHER;
}

static int read_entropy(const struct xml_node *node, struct arena *arena, struct trust_request *out,
                        struct fault *fault)
{
    if (!node)
        return 0;
    const struct xml_node *secret = xml_path(node, "BinarySecret");
    if (!secret || base64_parse(arena, xml_text(secret), &out->entropy))
        return malformed(fault, node, "holds no BinarySecret in base64");
    if (out->entropy.len < TRUST_ENTROPY_MIN || out->entropy.len > TRUST_ENTROPY_MAX)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                         "entropy of %zu bytes, not %d to %d", out->entropy.len, TRUST_ENTROPY_MIN,
                         TRUST_ENTROPY_MAX);
    return 0;
}

static int read_claims(const struct xml_node *claims, struct trust_request *out,
                       struct fault *fault)
{
    xml_each (claim, claims) {
        if (!xml_is(claim, NULL, "ClaimType") ||
            !slice_eq(xml_attr(claim, "Uri"), SLICE(CLAIM_URI)))
            continue;
        if (!slice_absent(out->claim_uri))
            return malformed(fault, claim, "the uri is claimed twice");
        struct slice optional = xml_attr(claim, "Optional");
        out->claim_uri = xml_text(xml_path(claim, "Value"));
        out->claim_optional =
            slice_eq_nocase(optional, SLICE("true")) || slice_eq(optional, SLICE("1"));
        if (slice_empty(out->claim_uri))
            return malformed(fault, claim, "has no Value");
    }
    return 0;
}

static int read_applies_to(const struct xml_node *node, struct trust_request *out,
                           struct fault *fault)
{
    if (!node)
        return 0;
    out->applies_to = xml_text(xml_path(node, "EndpointReference/Address"));
    if (slice_empty(out->applies_to) || out->applies_to.len > URL_MAX)
        return malformed(fault, node, "has no Address, or one that is too long");
    return 0;
}

static int64_t lifetime_of(const struct xml_node *node)
{
    int64_t created, expires;
    if (clock_parse_iso(xml_text(xml_path(node, "Created")), &created) ||
        clock_parse_iso(xml_text(xml_path(node, "Expires")), &expires))
        return 0;
    return expires > created ? expires - created : 0;
}

int trust_request_parse(const struct soap_message *message, struct arena *arena,
                        struct trust_request *out, struct fault *fault)
{
    const struct xml_node *request = message->payload, *parts[PARTS] = {0};
    *out = (struct trust_request){0};
    out->february_2005 = xml_is_loosely(request, NS_WST_2005, "RequestSecurityToken");
    if (!out->february_2005 && !xml_is_loosely(request, NS_WST, "RequestSecurityToken"))
        return malformed(fault, request ? request : message->body,
                         "not a WS-Trust RequestSecurityToken");
    out->context = xml_attr(request, "Context");
    int err = find_parts(request, parts, fault);
    if (err || (err = read_request_type(parts[REQUEST_TYPE], out, fault)) ||
        (err = read_applies_to(parts[APPLIES_TO], out, fault)) ||
        (err = read_claims(parts[CLAIMS], out, fault)) ||
        (err = read_entropy(parts[ENTROPY], arena, out, fault)))
        return err;
    out->token_type = xml_text(parts[TOKEN_TYPE]);
    out->key_type = key_type_of(parts[KEY_TYPE]);
    out->lifetime_ms = lifetime_of(parts[LIFETIME]);
    return 0;
}

/* ---- UsernameToken ------------------------------------------------------------------------ */

/* Lync's forms clients send base64 of "DOMAIN\user" and of the password. Base64 has
 * neither '\' nor '@', so a name that has one is not encoded; one that has none is,
 * if what comes out looks like a login. */
static bool decode_name(struct arena *arena, struct slice name, struct slice *out)
{
    if (name.len > NAME_MAX_ENCODED || slice_index(name, '\\') >= 0 || slice_index(name, '@') >= 0)
        return false;
    if (base64_parse(arena, name, out) ||
        (slice_index(*out, '\\') < 0 && slice_index(*out, '@') < 0))
        return false;
    for (size_t i = 0; i < out->len; i++)
        if ((unsigned char)out->at[i] < 0x20)
            return false;
    return true;
}

static int set_password(struct slice text, bool encoded, struct secret *password)
{
    scoped(arena) struct arena *scratch = arena_new();
    struct slice bytes = text;
    if (encoded && base64_parse(scratch, text, &bytes))
        return -ERR_MALFORMED;
    secret_set(password, bytes);
    if (encoded) /* ours and about to be freed; a slice is const because most are not */
        secret_wipe((void *)(uintptr_t)bytes.at, bytes.len);
    return 0;
}

int trust_login_parse(const struct xml_node *security, bool lync, struct arena *arena,
                      struct trust_login *out, struct fault *fault)
{
    *out = (struct trust_login){0};
    const struct xml_node *token = xml_child(security, NS_WSSE, "UsernameToken");
    if (!token)
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING, "no UsernameToken in Security");
    const struct xml_node *name = xml_child(token, NS_WSSE, "Username");
    const struct xml_node *password = xml_child(token, NS_WSSE, "Password");
    struct slice type = xml_attr(password, "Type"), text = xml_text_exact(password);
    if (slice_empty(xml_text(name)) || slice_empty(text) ||
        xml_next_of(token, NS_WSSE, "UsernameToken") || xml_next_of(name, NS_WSSE, "Username") ||
        xml_next_of(password, NS_WSSE, "Password") ||
        (!slice_absent(type) && !slice_ends(type, SLICE("#PasswordText"))))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "UsernameToken: must be one, with one Username and one PasswordText");
    struct slice decoded;
    out->encoded = lync && decode_name(arena, xml_text(name), &decoded);
    out->user = out->encoded ? decoded : arena_copy(arena, xml_text(name));
    if (set_password(text, out->encoded, &out->password))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "UsernameToken: Username is in base64, Password is not");
    return 0;
}

void trust_login_fini(struct trust_login *login)
{
    secret_free(&login->password);
}
