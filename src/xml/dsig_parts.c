#include "xml/dsig_parts.h"

#include "base/encode.h"
#include "xml/dsig_priv.h"
#include "xml/names.h"
#include "xml/writer.h"

#include <openssl/err.h>

/* ---- signing ---------------------------------------------------------------------- */

enum {
    SIGNATURE_MAX = 1024 /* RSA of 8192 bits */
};

static bool sign(EVP_PKEY *key, struct slice bytes, unsigned char *to, size_t *len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(ctx, to, len, (const unsigned char *)bytes.at, bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

int dsig_parts_print(EVP_PKEY *key, const struct dsig_part *parts, size_t count,
                     struct slice key_info, struct buf *out, struct fault *fault)
{
    unsigned char bytes[SIGNATURE_MAX], plain[64];
    size_t len = sizeof bytes;
    int type = EVP_PKEY_get_base_id(key);
    scoped(buf) struct buf info = BUF_INIT;
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_CSR_WEAK_KEY,
                         "a key that is neither RSA nor P-256 signs no messages");
    dsig_parts_signed_info(
        dsig_algorithm(type == EVP_PKEY_RSA ? DSIG_RSA_SHA256 : DSIG_ECDSA_SHA256), parts, count,
        &info);
    if (!sign(key, buf_slice(&info), bytes, &len))
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL does not sign");
    struct slice value = slice_make(bytes, len);
    if (type == EVP_PKEY_EC) {
        if (!dsig_ecdsa_plain(value, plain))
            return fault_set(fault, ERR_UNSUPPORTED, FINDING_CSR_WEAK_KEY,
                             "an EC key that is not P-256 signs no messages");
        value = slice_make(plain, sizeof plain);
    }
    dsig_signature_print(buf_slice(&info), value, key_info, out);
    return 0;
}

void dsig_key_info_token(struct slice token_id, struct buf *out)
{
    scoped(buf) struct buf uri = BUF_INIT;
    buf_add_byte(&uri, '#');
    buf_add(&uri, token_id);
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "wsse:SecurityTokenReference");
    xml_put_ns(&w, "wsse", NS_WSSE);
    xml_open(&w, "wsse:Reference");
    xml_put_attr(&w, "URI", buf_slice(&uri));
    xml_put_attr_string(&w, "ValueType", WSSE_X509V3);
    xml_close_empty(&w);
    xml_close(&w);
    xml_end(&w);
}

/* ---- verifying ---------------------------------------------------------------------- */

static int wrapped(const struct xml_node *at, const char *what, struct fault *fault)
{
    return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(xml_name(at)), what);
}

/* The reference that names this part; NULL: none. */
static const struct dsig_reference *reference_to(const struct dsig_form *form,
                                                 const struct xml_node *part)
{
    struct slice id = xml_attr_ns(part, NS_WSU, "Id");
    for (size_t i = 0; part && !slice_empty(id) && i < form->reference_count; i++)
        if (slice_eq(form->references[i].id, id))
            return &form->references[i];
    return NULL;
}

/* Shape first, digests then: whoever is no signer of ours shall not make us hash. */
static int check_parts(const struct xml_node *signature, const struct dsig_form *form,
                       const struct xml_node *const *parts, size_t needed, size_t count,
                       struct fault *fault)
{
    size_t covered = 0;
    int err = 0;
    for (size_t i = 0; i < count && !err; i++) {
        const struct dsig_reference *reference = reference_to(form, parts[i]);
        if (!reference && i < needed)
            return wrapped(signature, "does not cover all that it must", fault);
        covered += reference != NULL;
        if (reference)
            err = dsig_form_target(reference, parts[i], reference->id, fault);
    }
    if (!err && covered != form->reference_count)
        err = wrapped(signature, "covers something that is not looked at", fault);
    for (size_t i = 0; i < count && !err; i++) {
        const struct dsig_reference *reference = reference_to(form, parts[i]);
        err = reference ? dsig_reference_holds(reference, parts[i], fault) : 0;
    }
    return err;
}

int dsig_verify_parts(const struct xml_node *signature, const struct xml_node *const *parts,
                      size_t needed, size_t count, const struct dsig_key *key, struct fault *fault)
{
    struct dsig_form form;
    struct slice value;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    int err = dsig_form_read(signature, false, DSIG_PARTS_MAX, &form, fault);
    if (err)
        return err;
    if (form.algorithm->key_type != dsig_key_type(key))
        return wrapped(signature, "the method is not one of the certificate's key", fault);
    if ((err = check_parts(signature, &form, parts, needed, count, fault)))
        return err;
    xml_c14n(form.signed_info, &text);
    if (buf_failed(&text) || base64_parse(arena, form.signature_value, &value) ||
        !dsig_key_holds(key, form.algorithm->md(), buf_slice(&text), value))
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_INVALID,
                         "line %ld: not signed by the certificate's key", xml_line(signature));
    return 0;
}
