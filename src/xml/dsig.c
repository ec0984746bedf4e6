/* XML-DSig 1.0, the writing half. Every text here is its own exclusive C14N form,
 * so that what is hashed is what is sent. */
#include "xml/dsig.h"

#include "xml/dsig_priv.h"
#include "xml/names.h"
#include "xml/writer.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <string.h>

static const struct dsig_digest digests[] = {
    {ALG_SHA1, EVP_sha1},
    {ALG_SHA256, EVP_sha256},
};

static const struct dsig_algorithm algorithms[] = {
    {DSIG_RSA_SHA256, ALG_RSA_SHA256, &digests[1], EVP_sha256, EVP_PKEY_RSA},
    {DSIG_ECDSA_SHA256, ALG_ECDSA_SHA256, &digests[1], EVP_sha256, EVP_PKEY_EC},
    {DSIG_HMAC_SHA1, ALG_HMAC_SHA1, &digests[0], EVP_sha1, EVP_PKEY_HMAC},
    {DSIG_HMAC_SHA256, ALG_HMAC_SHA256, &digests[1], EVP_sha256, EVP_PKEY_HMAC},
    {DSIG_RSA_SHA1, ALG_RSA_SHA1, &digests[0], EVP_sha1, EVP_PKEY_RSA},
};

const struct dsig_algorithm *dsig_algorithm(int method)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (algorithms[i].method == method)
            return &algorithms[i];
    return NULL;
}

const struct dsig_algorithm *dsig_algorithm_of(struct slice uri)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (slice_eq(uri, slice_of(algorithms[i].uri)))
            return &algorithms[i];
    return NULL;
}

const struct dsig_digest *dsig_digest_of(struct slice uri)
{
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        if (slice_eq(uri, slice_of(digests[i].uri)))
            return &digests[i];
    return NULL;
}

struct slice dsig_digest(const struct dsig_digest *digest, struct slice bytes, unsigned char *out)
{
    unsigned len = 0;
    if (!EVP_Digest(bytes.at, bytes.len, out, &len, digest->md(), NULL))
        len = 0;
    return slice_make(out, len);
}

struct slice dsig_hmac(const struct dsig_algorithm *algorithm, struct slice key, struct slice bytes,
                       unsigned char *out)
{
    unsigned len = 0;
    const unsigned char *data = (const unsigned char *)bytes.at;
    if (!HMAC(algorithm->md(), key.at, (int)key.len, data, bytes.len, out, &len))
        len = 0;
    return slice_make(out, len);
}

/* ---- SignedInfo --------------------------------------------------------------- */

/* The names of the elements with the two prefixes that are in use: SAML tokens
 * are written with ds:, the time stamp's signature as default namespace. */
struct names {
    const char *prefix; /* "ds" or "" */
    const char *start;  /* of the SignedInfo, up to its content */
    const char *signature, *signed_info, *c14n_method, *signature_method, *reference, *transforms,
        *transform, *digest_method, *digest_value, *signature_value, *key_info;
};

#define NAMES(p)                                                                                   \
    .signature = p "Signature", .signed_info = p "SignedInfo",                                     \
    .c14n_method = p "CanonicalizationMethod", .signature_method = p "SignatureMethod",            \
    .reference = p "Reference", .transforms = p "Transforms", .transform = p "Transform",          \
    .digest_method = p "DigestMethod", .digest_value = p "DigestValue",                            \
    .signature_value = p "SignatureValue", .key_info = p "KeyInfo"

static const struct names with_ds = {
    .prefix = "ds", .start = "<ds:SignedInfo xmlns:ds=\"" NS_DS "\">", NAMES("ds:")};
static const struct names with_default = {
    .prefix = "", .start = "<SignedInfo xmlns=\"" NS_DS "\">", NAMES("")};

static void put_method(struct xml_writer *w, const char *name, const char *uri)
{
    xml_open(w, name);
    xml_put_attr_string(w, "Algorithm", uri);
    xml_close(w);
}

static void put_reference(struct xml_writer *w, const struct names *n,
                          const struct dsig_digest *digest, bool enveloped,
                          const struct dsig_part *part)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    scoped(buf) struct buf uri = BUF_INIT;
    buf_add_byte(&uri, '#');
    buf_add(&uri, part->id);
    xml_open(w, n->reference);
    xml_put_attr(w, "URI", buf_slice(&uri));
    xml_open(w, n->transforms);
    if (enveloped)
        put_method(w, n->transform, ALG_ENVELOPED);
    put_method(w, n->transform, ALG_EXC_C14N);
    xml_close(w);
    put_method(w, n->digest_method, digest->uri);
    xml_open(w, n->digest_value);
    xml_put_base64(w, dsig_digest(digest, part->text, bytes));
    xml_close(w);
    xml_close(w);
}

static void put_signed_info(const struct names *n, const struct dsig_algorithm *algorithm,
                            bool enveloped, const struct dsig_part *parts, size_t count,
                            struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, n->signed_info);
    xml_put_ns(&w, n->prefix, NS_DS);
    put_method(&w, n->c14n_method, ALG_EXC_C14N);
    put_method(&w, n->signature_method, algorithm->uri);
    for (size_t i = 0; i < count; i++)
        put_reference(&w, n, algorithm->digest, enveloped, &parts[i]);
    xml_close(&w);
    xml_end(&w);
}

/* Signature, SignedInfo and SignatureValue; the caller adds KeyInfo and closes.
 * Inside ds:Signature the declaration on SignedInfo is superfluous: canonically
 * it is there anyway. */
static void open_signature(struct xml_writer *w, const struct names *n, struct slice signed_info,
                           struct slice value)
{
    xml_open(w, n->signature);
    xml_put_ns(w, n->prefix, NS_DS);
    xml_put_raw(w, SLICE("<"));
    xml_put_raw(w, slice_of(n->signed_info));
    xml_put_raw(w, SLICE(">"));
    xml_put_raw(w, slice_from(signed_info, strlen(n->start)));
    xml_open(w, n->signature_value);
    xml_put_base64(w, value);
    xml_close(w);
}

void dsig_enveloped_prepare(struct slice element, struct slice id, enum dsig_method method,
                            struct buf *signed_info_out)
{
    const struct dsig_part part = {.text = element, .id = id};
    put_signed_info(&with_ds, dsig_algorithm((int)method), true, &part, 1, signed_info_out);
}

bool dsig_ecdsa_plain(struct slice signature, unsigned char plain[64])
{
    const unsigned char *at = (const unsigned char *)signature.at;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)signature.len);
    bool is_der = sig && at == (const unsigned char *)signature.at + signature.len;
    bool ok = is_der && BN_bn2binpad(ECDSA_SIG_get0_r(sig), plain, 32) == 32 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), plain + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    if (!is_der && signature.len == 64) {
        memcpy(plain, signature.at, 64);
        return true;
    }
    return ok;
}

int dsig_enveloped_finish(struct slice signed_info, enum dsig_method method, struct slice signature,
                          struct slice certificate, struct buf *out, struct fault *fault)
{
    unsigned char plain[64];
    if (!slice_starts(signed_info, slice_of(with_ds.start)))
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL,
                         "the SignedInfo is not from dsig_enveloped_prepare");
    if (method == DSIG_ECDSA_SHA256) {
        if (!dsig_ecdsa_plain(signature, plain))
            return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL,
                             "%zu bytes are no ECDSA P-256 signature", signature.len);
        signature = slice_make(plain, sizeof plain);
    }
    struct xml_writer w = XML_WRITER(out);
    open_signature(&w, &with_ds, signed_info, signature);
    if (!slice_absent(certificate)) {
        xml_open(&w, with_ds.key_info);
        xml_open(&w, "ds:X509Data");
        xml_open(&w, "ds:X509Certificate");
        xml_put_base64(&w, certificate);
        xml_close(&w);
        xml_close(&w);
        xml_close(&w);
    }
    xml_close(&w);
    xml_end(&w);
    return 0;
}

void dsig_enveloped_insert(struct slice element, struct slice signature_xml, struct buf *out)
{
    size_t end = element.len;
    while (end > 0 && element.at[end - 1] != '<')
        end--;
    end -= end > 0;
    buf_add(out, slice_head(element, end));
    buf_add(out, signature_xml);
    buf_add(out, slice_from(element, end));
}

/* ---- the time stamp under a proof key --------------------------------------------- */

void dsig_hmac_signed_info(const struct dsig_hmac_options *options, struct buf *out)
{
    const struct dsig_part part = {.text = options->text, .id = options->id};
    dsig_parts_signed_info(dsig_algorithm((int)options->method), &part, 1, out);
}

void dsig_parts_signed_info(const struct dsig_algorithm *algorithm, const struct dsig_part *parts,
                            size_t count, struct buf *out)
{
    put_signed_info(&with_default, algorithm, false, parts, count, out);
}

void dsig_signature_print(struct slice signed_info, struct slice value, struct slice key_info,
                          struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    open_signature(&w, &with_default, signed_info, value);
    if (!slice_absent(key_info)) {
        xml_open(&w, with_default.key_info);
        xml_put_raw(&w, key_info);
        xml_close(&w);
    }
    xml_close(&w);
    xml_end(&w);
}

void dsig_hmac_print(const struct dsig_hmac_options *options, struct buf *out)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    scoped(buf) struct buf signed_info = BUF_INIT;
    dsig_hmac_signed_info(options, &signed_info);
    dsig_signature_print(
        buf_slice(&signed_info),
        dsig_hmac(dsig_algorithm((int)options->method), options->key, buf_slice(&signed_info), mac),
        options->key_info, out);
}

void dsig_key_info_assertion(struct slice assertion_id, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "wsse:SecurityTokenReference");
    xml_put_ns(&w, "wsse", NS_WSSE);
    /* In the 1.0 namespace, as SIPE writes it, though WS-Security 1.1 defines it. */
    xml_put_attr_string(&w, "wsse:TokenType", WSSE_SAML11_TOKEN);
    xml_open(&w, "wsse:KeyIdentifier");
    xml_put_attr_string(&w, "ValueType", WSSE_SAML_ASSERTION_ID);
    xml_put_text(&w, assertion_id);
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}
