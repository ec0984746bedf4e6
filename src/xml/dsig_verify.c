/* Verification: dsig_form.c has judged the shape, libxmlsec recomputes digest and
 * signature (asymmetric keys), and for HMACs, which must be compared in constant
 * time, we do so ourselves. Only calls that libxmlsec 1.2.37 and 1.3 both have. */
#include "xml/dsig.h"

#include "base/encode.h"
#include "base/secret.h"
#include "xml/dsig_priv.h"
#include "xml/names.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* First of its family: the others need its types. */
#include <xmlsec/xmlsec.h>

#include <xmlsec/errors.h>
#include <xmlsec/keys.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>

struct dsig_key {
    xmlSecKey *key; /* owned; never altered after dsig_key_new, so threads share it */
    EVP_PKEY *evp;  /* the same key, a reference of our own */
    int type;       /* EVP_PKEY_RSA or EVP_PKEY_EC */
};

static void say_nothing(const char *file, int line, const char *function, const char *object,
                        const char *subject, int reason, const char *message)
{
    (void)file, (void)line, (void)function, (void)object, (void)subject, (void)reason;
    (void)message;
}

static bool xmlsec_ready;

static void start_once(void)
{
    xml_start();
    xmlSecErrorsSetCallback(say_nothing);
    xmlsec_ready = xmlSecInit() == 0 && xmlSecOpenSSLInit() == 0;
    xmlSecErrorsSetCallback(say_nothing); /* xmlSecInit sets its own */
}

static bool start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_once);
    xml_start();
    return xmlsec_ready;
}

static int invalid(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_INVALID, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(xml_name(at)), what);
}

/* ---- keys ------------------------------------------------------------------------ */

static bool is_p256(EVP_PKEY *key)
{
    char group[64] = "";
    return EVP_PKEY_get_group_name(key, group, sizeof group, NULL) &&
           strcmp(group, "prime256v1") == 0;
}

struct dsig_key *dsig_key_new(EVP_PKEY *public_key)
{
    int type = public_key ? EVP_PKEY_get_base_id(public_key) : EVP_PKEY_NONE;
    bool good = (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(public_key) >= 2048) ||
                (type == EVP_PKEY_EC && is_p256(public_key));
    if (!good || !start())
        return NULL;
    EVP_PKEY_up_ref(public_key);
    xmlSecKeyData *data = xmlSecOpenSSLEvpKeyAdopt(public_key);
    if (!data) {
        EVP_PKEY_free(public_key);
        return NULL;
    }
    xmlSecKey *key = xmlSecKeyCreate();
    if (!key || xmlSecKeySetValue(key, data) < 0) {
        xmlSecKeyDataDestroy(data);
        if (key)
            xmlSecKeyDestroy(key);
        return NULL;
    }
    struct dsig_key *out = must_alloc(sizeof *out);
    EVP_PKEY_up_ref(public_key);
    *out = (struct dsig_key){.key = key, .evp = public_key, .type = type};
    return out;
}

struct dsig_key *dsig_key_from_certificate(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    struct dsig_key *key = certificate ? dsig_key_new(X509_get0_pubkey(certificate)) : NULL;
    X509_free(certificate);
    return key;
}

void dsig_key_free(struct dsig_key *key)
{
    if (!key)
        return;
    xmlSecKeyDestroy(key->key);
    EVP_PKEY_free(key->evp);
    free(key);
}

/* r and s as OpenSSL wants them; the caller frees *der_out. Returns the length, 0: no. */
static size_t ecdsa_der(struct slice signature, unsigned char **der_out)
{
    enum {
        HALF = 32
    };
    *der_out = NULL;
    if (signature.len != (size_t)2 * HALF)
        return 0;
    const unsigned char *at = (const unsigned char *)signature.at;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(at, HALF, NULL), *s = BN_bin2bn(at + HALF, HALF, NULL);
    int len = 0;
    if (pair && ECDSA_SIG_set0(pair, r, s) == 1) {
        len = i2d_ECDSA_SIG(pair, der_out);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

bool dsig_key_holds(const struct dsig_key *key, const EVP_MD *md, struct slice bytes,
                    struct slice signature)
{
    const unsigned char *at = (const unsigned char *)signature.at;
    size_t len = signature.len;
    unsigned char *der = NULL;
    if (key->type == EVP_PKEY_EC) {
        len = ecdsa_der(signature, &der);
        at = der;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && at && len > 0 && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->evp) == 1 &&
                EVP_DigestVerify(ctx, at, len, (const unsigned char *)bytes.at, bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    ERR_clear_error();
    return good;
}

bool dsig_key_verify(const struct dsig_key *key, struct slice bytes, struct slice signature)
{
    return dsig_key_holds(key, EVP_sha256(), bytes, signature);
}

int dsig_key_type(const struct dsig_key *key)
{
    return key->type;
}

/* ---- enveloped signatures ------------------------------------------------------------ */

/* The one signature among the element's children; NULL for none or several. */
static const struct xml_node *own_signature(const struct xml_node *element)
{
    const struct xml_node *signature = xml_child(element, NS_DS, "Signature");
    return xml_next_of(signature, NS_DS, "Signature") ? NULL : signature;
}

/* libxmlsec finds "#id" in libxml2's table of ids; make that name our element. */
static bool register_id(const struct xml_node *element, const char *attribute, struct slice id)
{
    xmlNode *lib = xml_node_lib(element);
    const xmlChar *value = (const xmlChar *)id.at;
    xmlAttr *attr = xmlHasNsProp(lib, (const xmlChar *)attribute, NULL);
    if (!attr)
        return false;
    if (xmlGetID(lib->doc, value) == NULL)
        xmlAddID(NULL, lib->doc, value, attr);
    return xmlGetID(lib->doc, value) == attr;
}

/* The shape was judged already; libxmlsec is held to the same, so that a mistake
 * in either is caught by the other. */
static bool restrict_to_allowed(xmlSecDSigCtx *ctx, const struct dsig_form *form)
{
    const xmlSecTransformId digest = strcmp(form->references[0].digest->uri, ALG_SHA1) == 0
                                         ? xmlSecOpenSSLTransformSha1Id
                                         : xmlSecOpenSSLTransformSha256Id;
    xmlSecTransformId method = xmlSecOpenSSLTransformRsaSha256Id;
    if (form->algorithm->method == DSIG_ECDSA_SHA256)
        method = xmlSecOpenSSLTransformEcdsaSha256Id;
    else if (form->algorithm->method == DSIG_RSA_SHA1)
        method = xmlSecOpenSSLTransformRsaSha1Id;
    ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    return xmlSecDSigCtxEnableReferenceTransform(ctx, xmlSecTransformEnvelopedId) == 0 &&
           xmlSecDSigCtxEnableReferenceTransform(ctx, xmlSecTransformExclC14NId) == 0 &&
           xmlSecDSigCtxEnableReferenceTransform(ctx, digest) == 0 &&
           xmlSecDSigCtxEnableSignatureTransform(ctx, xmlSecTransformExclC14NId) == 0 &&
           xmlSecDSigCtxEnableSignatureTransform(ctx, method) == 0;
}

static bool verify_with(const struct dsig_form *form, const struct xml_node *signature,
                        const struct dsig_key *key)
{
    xmlSecDSigCtx *ctx = xmlSecDSigCtxCreate(NULL);
    if (!ctx)
        return false;
    /* With signKey set libxmlsec never looks at KeyInfo. */
    ctx->signKey = xmlSecKeyDuplicate(key->key);
    bool good = ctx->signKey && restrict_to_allowed(ctx, form) &&
                xmlSecDSigCtxVerify(ctx, xml_node_lib(signature)) == 0 &&
                ctx->status == xmlSecDSigStatusSucceeded &&
                xmlSecPtrListGetSize(&ctx->signedInfoReferences) == 1;
    xmlSecDSigCtxDestroy(ctx);
    return good;
}

static bool method_allowed(const struct dsig_form *form, bool sha1)
{
    bool weak = form->algorithm->method == DSIG_RSA_SHA1 ||
                strcmp(form->references[0].digest->uri, ALG_SHA1) == 0;
    return form->algorithm->key_type != EVP_PKEY_HMAC && (sha1 || !weak);
}

/* Judged in its document, verified outside it (xml_alone() says why). */
static bool holds(const struct dsig_form *form, const struct xml_node *element,
                  const struct dsig_verify_options *options, struct slice id)
{
    xmlDoc *alone = xml_alone(element);
    const struct xml_node *copy =
        alone ? (const struct xml_node *)xmlDocGetRootElement(alone) : NULL;
    const struct xml_node *signature = copy ? own_signature(copy) : NULL;
    bool good = false;
    if (signature && register_id(copy, options->id_attribute, id))
        for (size_t i = 0; i < options->key_count && !good; i++)
            good = options->keys[i]->type == form->algorithm->key_type &&
                   verify_with(form, signature, options->keys[i]);
    xmlFreeDoc(alone);
    return good;
}

int dsig_verify_enveloped(const struct xml_node *element, const struct dsig_verify_options *options,
                          struct fault *fault)
{
    struct dsig_form form;
    const struct xml_node *signature = own_signature(element);
    if (!signature)
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED,
                         "line %ld, element %.*s: not exactly one signature of its own",
                         xml_line(element), SLICE_ARG(xml_name(element)));
    struct slice id = xml_attr(element, options->id_attribute);
    int err = dsig_form_read(signature, true, 1, &form, fault);
    if (!err)
        err = dsig_form_target(&form.references[0], element, id, fault);
    if (err)
        return err;
    if (!method_allowed(&form, options->allow_rsa_sha1))
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED,
                         "line %ld: a signature or digest method that is not taken here",
                         xml_line(signature));
    if (!start())
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "libxmlsec does not start");
    if (!register_id(element, options->id_attribute, id))
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED,
                         "line %ld: its id names another element", xml_line(element));
    if (holds(&form, element, options, id))
        return 0;
    return invalid(fault, element, "its signature does not hold with any key known");
}

/* ---- HMAC ------------------------------------------------------------------------------ */

static bool base64_equals(struct slice text, struct slice bytes)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice decoded;
    return bytes.len > 0 && base64_parse(arena, text, &decoded) == 0 && secret_eq(decoded, bytes);
}

int dsig_reference_holds(const struct dsig_reference *reference, const struct xml_node *target,
                         struct fault *fault)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    scoped(buf) struct buf text = BUF_INIT;
    xml_c14n(target, &text);
    if (buf_failed(&text) ||
        !base64_equals(reference->digest_value,
                       dsig_digest(reference->digest, buf_slice(&text), bytes)))
        return invalid(fault, target, "its digest does not hold");
    return 0;
}

int dsig_verify_hmac(const struct xml_node *signature, const struct xml_node *referenced,
                     struct slice key, struct fault *fault)
{
    struct dsig_form form;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    scoped(buf) struct buf text = BUF_INIT;
    int err = dsig_form_read(signature, false, 1, &form, fault);
    if (!err)
        err = dsig_form_target(&form.references[0], referenced,
                               xml_attr_ns(referenced, NS_WSU, "Id"), fault);
    if (err)
        return err;
    if (form.algorithm->key_type != EVP_PKEY_HMAC)
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED,
                         "line %ld: the signature method is no HMAC", xml_line(signature));
    if ((err = dsig_reference_holds(&form.references[0], referenced, fault)))
        return err;
    xml_c14n(form.signed_info, &text);
    if (buf_failed(&text) || slice_empty(key) ||
        !base64_equals(form.signature_value,
                       dsig_hmac(form.algorithm, key, buf_slice(&text), bytes)))
        return invalid(fault, signature, "the HMAC does not hold");
    return 0;
}
