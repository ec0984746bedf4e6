/* The client's side of [MS-OCAUTHWS] section 3.1.4.1. */
#include "certprov/client.h"

#include "base/encode.h"
#include "certprov/csr.h"
#include "certprov/wire_priv.h"
#include "xml/names.h"
#include "xml/soap.h"
#include "xml/writer.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <time.h>

/* ---- asking ------------------------------------------------------------------------- */

static void print_token(struct xml_writer *w, struct slice csr, struct arena *scratch)
{
    xml_open(w, "wsse:BinarySecurityToken");
    xml_put_ns(w, "wsse", NS_WSSE);
    xml_put_attr_string(w, "EncodingType", WSSE_BASE64);
    xml_put_attr_string(w, "ValueType", OCS_PKCS10);
    /* CRLF lines of 76 as every known client sends them. Base64 has nothing to be
     * escaped, and a CR would not survive as text: the reader sees LF. */
    xml_put_raw(w, SLICE("\r\n"));
    xml_put_raw(w, base64_print_lines(scratch, csr));
    xml_close(w);
}

void certprov_request_print(const struct certprov_ask *ask, struct buf *out)
{
    scoped(arena) struct arena *scratch = arena_new();
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(
        &w, &(struct soap_envelope_options){.version = SOAP_1_1, .security = ask->security});
    xml_open(&w, "GetAndPublishCert");
    xml_put_ns(&w, "", NS_OCS_CERT);
    xml_put_ns(&w, "wst", NS_WST_SLASH);
    xml_put_ns(&w, "wstep", NS_WSTEP);
    xml_put_attr(&w, "DeviceId", arena_print(scratch, "{%.*s}", SLICE_ARG(ask->device_id)));
    xml_put_attr(&w, "Entity", ask->address);
    xml_open(&w, "wst:RequestSecurityToken");
    xml_element_string(&w, "wst:TokenType", WSSE_X509V3);
    xml_element_string(&w, "wst:RequestType", WST_ISSUE);
    print_token(&w, ask->csr, scratch);
    xml_element(&w, "wstep:RequestID", ask->request_id);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

/* ---- reading the answer ---------------------------------------------------------------- */

static int malformed(struct fault *fault, const char *what)
{
    ERR_clear_error();
    return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                     "the certificate service's answer: %s", what);
}

/* Whatever words an ErrorInfo holds: its schema is not known to us. */
static void add_words(const struct xml_node *node, struct buf *words)
{
    struct slice text = xml_text(node);
    if (!slice_empty(text)) {
        if (words->len > 0)
            buf_add_byte(words, ' ');
        buf_add(words, slice_head(text, 120));
    }
    xml_each (child, node)
        if (!xml_is(child, NS_LYCHGATE_CERTPROV, "Finding") && words->len < 160)
            add_words(child, words);
}

static int read_error(const struct xml_node *error, struct arena *arena, struct fault *fault)
{
    scoped(buf) struct buf words = BUF_INIT;
    struct slice id = xml_text(xml_child(error, NS_LYCHGATE_CERTPROV, "Finding"));
    enum finding finding = finding_by_id(arena_string(arena, id));
    add_words(error, &words);
    return fault_set(fault, ERR_DENIED, finding ? finding : FINDING_CSR_MALFORMED,
                     "the certificate service refuses: %.*s", SLICE_ARG(buf_slice(&words)));
}

static struct slice common_name(const X509_NAME *name, struct arena *arena)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);
    const ASN1_STRING *value = entry ? X509_NAME_ENTRY_get_data(entry) : NULL;
    if (!value)
        return (struct slice){0};
    return arena_copy(arena,
                      slice_make(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
}

static bool time_of(const ASN1_TIME *time, int64_t *ms)
{
    struct tm broken;
    if (ASN1_TIME_to_tm(time, &broken) != 1)
        return false;
    *ms = (int64_t)timegm(&broken) * 1000;
    return true;
}

static X509 *certificate_of(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = slice_empty(der) ? NULL : d2i_X509(NULL, &at, (long)der.len);
    if (!certificate || at == (const unsigned char *)der.at + der.len)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static int read_certificate(const struct xml_node *response, struct arena *arena,
                            struct certprov_grant *out, struct fault *fault)
{
    struct slice text = xml_text(xml_path(
        response, "RequestSecurityTokenResponse/RequestedSecurityToken/BinarySecurityToken"));
    if (slice_empty(text) || base64_parse(arena, text, &out->certificate))
        return malformed(fault, "no BinarySecurityToken in base64");
    X509 *certificate = certificate_of(out->certificate);
    bool ok = certificate && time_of(X509_get0_notBefore(certificate), &out->not_before) &&
              time_of(X509_get0_notAfter(certificate), &out->not_after);
    if (ok) {
        out->subject = common_name(X509_get_subject_name(certificate), arena);
        out->issuer = common_name(X509_get_issuer_name(certificate), arena);
    }
    X509_free(certificate);
    return ok ? 0 : malformed(fault, "the token is not an X.509 certificate");
}

int certprov_response_parse(struct slice body, struct arena *arena, struct certprov_grant *out,
                            struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct soap_fault refusal;
    *out = (struct certprov_grant){0};
    int err = xml_read(body, NULL, &doc, fault);
    if (err || (err = soap_read(doc, &message, fault)))
        return err;
    if (soap_fault_read(&message, &refusal))
        return fault_set(fault, ERR_DENIED, FINDING_CSR_MALFORMED,
                         "the certificate service refuses: %.*s",
                         SLICE_ARG(slice_head(refusal.text, 160)));
    if (!xml_is(message.payload, NULL, "GetAndPublishCertResponse"))
        return malformed(fault, "not a GetAndPublishCertResponse");
    const struct xml_node *error = xml_child(message.payload, NULL, "ErrorInfo");
    return error ? read_error(error, arena, fault)
                 : read_certificate(message.payload, arena, out, fault);
}

int certprov_grant_check(const struct certprov_grant *grant, struct slice csr, struct fault *fault)
{
    scoped(arena) struct arena *scratch = arena_new();
    struct certprov_csr asked;
    int err = certprov_csr_parse(csr, scratch, &asked, fault);
    if (err)
        return err;
    X509 *certificate = certificate_of(grant->certificate);
    unsigned char *key = NULL;
    int len = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key) : -1;
    bool same = len > 0 && slice_eq(slice_make(key, (size_t)len), asked.public_key);
    OPENSSL_free(key);
    X509_free(certificate);
    if (same)
        return 0;
    return fault_set(fault, ERR_FORGED, FINDING_CSR_MALFORMED,
                     "the certificate received is for another key than the one sent");
}
