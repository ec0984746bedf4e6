/* The way in by certificate: [MS-OCAUTHWS] section 3.2 (the certificate is the one that
 * certprov/ issued), WS-Security X.509 Certificate Token Profile 1.0. The message is signed in
 * the way that WCF signs it over TLS (an endorsing token, WS-SecurityPolicy 1.2 section 8.3):
 * the Timestamp, and wsa:To, so that what was signed for one service is of no use at another.
 *
 * Who holds no key learns nothing: whether a certificate was revoked or its user disabled is
 * looked up only behind a good signature. */
#include "accounts/certificate.h"
#include "base/encode.h"
#include "webticket/webticket_priv.h"
#include "xml/dsig_parts.h"
#include "xml/names.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

enum {
    CERTIFICATE_MAX = 8192,               /* bytes of base64; ours have about 1100 */
    MESSAGE_LIFE_MAX_MS = 10 * 60 * 1000, /* however far away a Timestamp's Expires is */
};

/* ---- the certificate ------------------------------------------------------------------- */

static int find_token(const struct xml_node *security, struct arena *arena, struct slice *der,
                      struct fault *fault)
{
    const struct xml_node *token = xml_child(security, NS_WSSE, "BinarySecurityToken");
    if (!token)
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING,
                         "no BinarySecurityToken in Security");
    struct slice type = xml_attr(token, "ValueType"), text = xml_text(token);
    if (xml_next_of(token, NS_WSSE, "BinarySecurityToken") || !slice_eq(type, SLICE(WSSE_X509V3)) ||
        text.len > CERTIFICATE_MAX || base64_parse(arena, text, der) || der->len == 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "Security: must be one BinarySecurityToken, X509v3, in base64");
    return 0;
}

/* Is it of this site? Before its key is used for anything: certprov/ has looked at the keys
 * that it certified, others may have been made to keep us busy. */
static int check_issuer(const struct webticket *wt, struct slice der, struct fault *fault)
{
    const unsigned char *at = (const unsigned char *)der.at, *end = at + der.len;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    int err = 0;
    if (!certificate || at != end)
        err = fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                        "Security: the BinarySecurityToken is no X.509 certificate");
    else if (!wt->user_ca || X509_verify(certificate, wt->user_ca) != 1)
        err = fault_set(fault, ERR_DENIED, FINDING_CERT_UNKNOWN,
                        "the certificate is not signed by this site's authority");
    X509_free(certificate);
    ERR_clear_error();
    return err;
}

/* ---- the signature ----------------------------------------------------------------------- */

static int check_signature(const struct asking *a, struct slice der, struct fault *fault)
{
    const struct soap_message *m = &a->message;
    const struct xml_node *signature = xml_child(m->security, NS_DS, "Signature");
    /* The Body and the token itself may be signed as well, as other toolkits do. */
    const struct xml_node *const parts[] = {a->timestamp.node, xml_child(m->header, NS_WSA, "To"),
                                            m->body,
                                            xml_child(m->security, NS_WSSE, "BinarySecurityToken")};
    if (!signature || xml_next_of(signature, NS_DS, "Signature"))
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED, "%s Signature in Security",
                         signature ? "more than one" : "no");
    scoped(dsig_key) struct dsig_key *key = dsig_key_from_certificate(der);
    if (!key)
        return fault_set(fault, ERR_DENIED, FINDING_CERT_UNKNOWN,
                         "the certificate's key is neither RSA of 2048 bits nor P-256");
    return dsig_verify_parts(signature, parts, 2, sizeof parts / sizeof *parts, key, fault);
}

/* Signed for us, and just now. */
static int check_message(const struct asking *a, struct fault *fault)
{
    const struct webticket_options *with = &a->webticket->options;
    int64_t age = a->now - a->timestamp.created;
    if (!site_is_url(with->site, with->site->web_host, PATH_CERT, a->message.to))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE,
                         "wsa:To is \"%.*s\", not this service",
                         SLICE_ARG(slice_head(a->message.to, 160)));
    if (age > MESSAGE_LIFE_MAX_MS + with->skew_ms)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW, "the message is %lld s old",
                         (long long)(age / 1000));
    return 0;
}

static int check_first_time(const struct asking *a, struct slice fingerprint, struct fault *fault)
{
    scoped(buf) struct buf what = BUF_INIT;
    int64_t ends = a->timestamp.created + MESSAGE_LIFE_MAX_MS;
    if (a->timestamp.expires < ends)
        ends = a->timestamp.expires;
    buf_add(&what, fingerprint);
    buf_print(&what, "%lld %lld", (long long)a->timestamp.created, (long long)a->timestamp.expires);
    if (!replay_seen(a->webticket->replay, buf_slice(&what),
                     ends + a->webticket->options.skew_ms + 1, a->now))
        return 0;
    return fault_set(fault, ERR_REPLAYED, FINDING_TICKET_REPLAYED, "Timestamp, signed by %.*s",
                     SLICE_ARG(a->account.address));
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int prove(struct asking *a, struct fault *fault)
{
    unsigned char fingerprint[SHA256_DIGEST_LENGTH];
    struct certificate_record record;
    struct slice der;
    int err = find_token(a->message.security, a->arena, &der, fault);
    if (err || (err = check_issuer(a->webticket, der, fault)) ||
        (err = check_signature(a, der, fault)) || (err = check_message(a, fault)))
        return err;
    SHA256((const unsigned char *)der.at, der.len, fingerprint);
    struct slice name = slice_make(fingerprint, sizeof fingerprint);
    err =
        certificates_check(a->desk->accounts, name, a->now, a->arena, &record, &a->account, fault);
    return err ? err : check_first_time(a, name, fault);
}

void webticket_answer_certificate(void *role, const struct http_request *request,
                                  struct http_reply *reply, struct arena *arena, int64_t now)
{
    struct asking a = asking_of(role, request, reply, arena, now);
    struct fault fault;
    int err = asking_read(&a, &fault);
    if (!err)
        err = prove(&a, &fault);
    if (!err)
        err = asking_give(&a, SAML_AM_X509, &fault);
    asking_finish(&a, err, &fault);
}
