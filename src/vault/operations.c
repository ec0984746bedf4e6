/* The fixed table of what the vault does. */
#include "vault/certificate_priv.h"
#include "vault/worker_priv.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 4096,
    ECDSA_HALF = 32
};

static const int64_t certificate_ms_default = INT64_C(30) * 86400 * 1000;

char *scratch_take(struct scratch *scratch, size_t len)
{
    if (len > sizeof scratch->bytes - scratch->used)
        return NULL;
    char *at = scratch->bytes + scratch->used;
    scratch->used += len;
    return at;
}

void scratch_wipe(struct scratch *scratch)
{
    secret_wipe(scratch->bytes, scratch->used);
    scratch->used = 0;
}

static int trouble(struct fault *fault, const char *doing)
{
    return fault_set(fault, ERR_INTERNAL, FINDING_VAULT_FAILED, "%s: %s", doing, openssl_trouble());
}

static int no_room(struct fault *fault)
{
    return fault_set(fault, ERR_LIMIT, FINDING_VAULT_FAILED, "the answer is too long");
}

/* ---- public, counts ---------------------------------------------------------------- */

static int put_certificate(struct vault_worker *worker, X509 *certificate, struct slice *der_out,
                           struct fault *fault)
{
    char *to = scratch_take(&worker->scratch, WIRE_CERTIFICATE_MAX);
    size_t len = to ? certificate_der(certificate, to, WIRE_CERTIFICATE_MAX) : 0;
    if (len == 0)
        return no_room(fault);
    *der_out = slice_make(to, len);
    return 0;
}

static int put_point(struct vault_worker *worker, EVP_PKEY *key, struct slice *point_out,
                     struct fault *fault)
{
    size_t len = 0;
    char *to = scratch_take(&worker->scratch, WIRE_POINT_LEN);
    if (!to)
        return no_room(fault);
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, (unsigned char *)to,
                                        WIRE_POINT_LEN, &len) != 1 ||
        len != WIRE_POINT_LEN)
        return trouble(fault, "reading push.key");
    *point_out = slice_make(to, len);
    return 0;
}

static int do_public(struct vault_worker *worker, const struct vault_request *request,
                     struct vault_reply *reply, struct fault *fault)
{
    (void)request;
    const struct vault_keys *keys = &worker->shared->keys;
    reply->public.token_algorithm = (int64_t)keys->token_algorithm;
    int result = put_certificate(worker, credential_x509(keys->token), &reply->public.token, fault);
    if (result == 0)
        result =
            put_certificate(worker, credential_x509(keys->decrypt), &reply->public.decrypt, fault);
    if (result == 0)
        result =
            put_certificate(worker, credential_x509(keys->user_ca), &reply->public.user_ca, fault);
    if (result == 0 && keys->push)
        result = put_point(worker, credential_pkey(keys->push), &reply->public.push, fault);
    return result;
}

static int do_counts(struct vault_worker *worker, const struct vault_request *request,
                     struct vault_reply *reply, struct fault *fault)
{
    (void)request, (void)fault;
    reply->counts.hashes = atomic_load(&worker->shared->hashes);
    reply->counts.signatures = atomic_load(&worker->shared->signatures);
    reply->counts.certificates = atomic_load(&worker->shared->certificates);
    return 0;
}

/* ---- passwords ------------------------------------------------------------------------ */

static int do_password_check(struct vault_worker *worker, const struct vault_request *request,
                             struct vault_reply *reply, struct fault *fault)
{
    enum vault_verdict verdict = VAULT_WRONG;
    int result = password_check(worker, &request->password, &verdict, fault);
    reply->verdict = (int64_t)verdict;
    return result;
}

static int do_password_set(struct vault_worker *worker, const struct vault_request *request,
                           struct vault_reply *reply, struct fault *fault)
{
    (void)reply;
    return password_set(worker, &request->password, fault);
}

static int do_password_remove(struct vault_worker *worker, const struct vault_request *request,
                              struct vault_reply *reply, struct fault *fault)
{
    (void)reply;
    return password_remove(worker, &request->password, fault);
}

/* ---- tokens, push ---------------------------------------------------------------------------- */

/* OpenSSL's DER into r and s of equal length ([RFC 4050] section 3.3, as XML-DSig has it). */
static bool ecdsa_halves(const unsigned char *der, size_t len, unsigned char out[2 * ECDSA_HALF])
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = signature &&
              BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, ECDSA_HALF) == ECDSA_HALF &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + ECDSA_HALF, ECDSA_HALF) == ECDSA_HALF;
    ECDSA_SIG_free(signature);
    return ok;
}

static int sign(struct vault_worker *worker, EVP_PKEY *key, bool halves, struct slice bytes,
                struct slice *signature_out, struct fault *fault)
{
    unsigned char signature[WIRE_SIGNATURE_MAX];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok =
        context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) &&
        EVP_DigestSign(context, signature, &len, (const unsigned char *)bytes.at, bytes.len) > 0;
    EVP_MD_CTX_free(context);
    char *to = ok ? scratch_take(&worker->scratch, len) : NULL;
    if (!to)
        return trouble(fault, "signing");
    if (halves) {
        if (!ecdsa_halves(signature, len, (unsigned char *)to))
            return trouble(fault, "signing");
        len = 2 * ECDSA_HALF;
    } else {
        memcpy(to, signature, len);
    }
    *signature_out = slice_make(to, len);
    return 0;
}

static int do_token_sign(struct vault_worker *worker, const struct vault_request *request,
                         struct vault_reply *reply, struct fault *fault)
{
    const struct vault_keys *keys = &worker->shared->keys;
    int result =
        sign(worker, credential_pkey(keys->token), keys->token_algorithm == VAULT_ECDSA_SHA256,
             request->sign, &reply->bytes, fault);
    if (result == 0)
        atomic_fetch_add(&worker->shared->signatures, 1);
    return result;
}

static int do_push_sign(struct vault_worker *worker, const struct vault_request *request,
                        struct vault_reply *reply, struct fault *fault)
{
    const struct credential *push = worker->shared->keys.push;
    if (!push)
        return fault_set(fault, ERR_UNKNOWN, FINDING_PUSH_NO_KEY, "the vault has no push.key");
    return sign(worker, credential_pkey(push), true, request->sign, &reply->bytes, fault);
}

/* ---- user certificates -------------------------------------------------------------------- */

static int refuse(struct fault *fault, const char *why)
{
    return fault_set(fault, ERR_DENIED, FINDING_VAULT_FAILED, "user certificate: %s", why);
}

/* The server has looked at all this already; a server that was taken over has not. */
static int check_wanted(const struct vault_worker *worker, const struct vault_certificate *wanted,
                        struct fault *fault)
{
    int64_t longest =
        worker->shared->certificate_ms ? worker->shared->certificate_ms : certificate_ms_default;
    struct slice uri = wanted->sip_uri;
    if (!slice_starts_nocase(uri, SLICE("sip:")) ||
        !slice_eq_nocase(slice_from(uri, 4), wanted->common_name))
        return refuse(fault, "the URI is not that of the name");
    ptrdiff_t at = slice_index(wanted->common_name, '@');
    if (at <= 0 || (size_t)at + 1 >= wanted->common_name.len)
        return refuse(fault, "the name is not user@domain");
    for (size_t i = 0; i < wanted->common_name.len; i++)
        if ((unsigned char)wanted->common_name.at[i] <= ' ' ||
            (unsigned char)wanted->common_name.at[i] >= 0x7f)
            return refuse(fault, "the name has a byte that no address has");
    if (wanted->not_before < 0 || wanted->not_after <= wanted->not_before ||
        wanted->not_after - wanted->not_before > longest)
        return refuse(fault, "the validity is not positive or longer than allowed");
    if (wanted->not_after > credential_not_after(worker->shared->keys.user_ca))
        return refuse(fault, "it would outlive the CA");
    return 0;
}

/* The subject's key, if it is of a kind that is taken. */
/* A curve that is spelt out is none ([RFC 5480] section 2.1.1), even if it is P-256's. */
static bool named_curve(const EVP_PKEY *key)
{
    char encoding[16] = "";
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding,
                                          sizeof encoding, NULL) &&
           strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) == 0;
}

static bool good_key(const EVP_PKEY *key, struct fault *fault)
{
    int bits = EVP_PKEY_get_bits(key);
    char group[32] = "";
    bool good = false;
    if (EVP_PKEY_is_a(key, "RSA"))
        good = bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
    else if (EVP_PKEY_is_a(key, "EC"))
        good = EVP_PKEY_get_group_name(key, group, sizeof group, NULL) &&
               strcmp(group, "prime256v1") == 0 && named_curve(key);
    if (!good)
        fault_set(fault, ERR_UNSUPPORTED, FINDING_CSR_WEAK_KEY, "%s, %d bits",
                  EVP_PKEY_get0_type_name(key) ? EVP_PKEY_get0_type_name(key) : "?", bits);
    return good;
}

static X509_PUBKEY *parse_public_key(struct slice der, struct fault *fault)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509_PUBKEY *sent = d2i_X509_PUBKEY(NULL, &at, (long)der.len);
    const EVP_PKEY *key = sent ? X509_PUBKEY_get0(sent) : NULL;
    if (!key || at != (const unsigned char *)der.at + der.len) {
        (void)openssl_trouble();
        fault_set(fault, ERR_MALFORMED, FINDING_CSR_MALFORMED, "not a SubjectPublicKeyInfo");
    } else if (good_key(key, fault)) {
        return sent;
    }
    X509_PUBKEY_free(sent);
    return NULL;
}

static int do_certificate_issue(struct vault_worker *worker, const struct vault_request *request,
                                struct vault_reply *reply, struct fault *fault)
{
    const struct vault_certificate *wanted = &request->issue;
    const struct credential *ca = worker->shared->keys.user_ca;
    struct fault why = {0};
    int result = check_wanted(worker, wanted, fault);
    if (result != 0)
        return result;
    X509_PUBKEY *key = parse_public_key(wanted->public_key, &why);
    if (key) {
        struct certificate_plan plan = {
            .common_name = wanted->common_name,
            .serial = wanted->serial,
            .uri = wanted->sip_uri,
            .constraints = "critical,CA:FALSE",
            .usage = "critical,digitalSignature,keyEncipherment",
            .extended_usage = "clientAuth",
            .not_before = wanted->not_before,
            .not_after = wanted->not_after,
        };
        X509 *made = certificate_build(&plan, (struct certificate_subject){.sent = key},
                                       credential_x509(ca), credential_pkey(ca), &why);
        if (made && put_certificate(worker, made, &reply->bytes, &why) == 0)
            atomic_fetch_add(&worker->shared->certificates, 1);
        X509_free(made);
        X509_PUBKEY_free(key);
    }
    if (why.err != 0)
        *fault = why;
    return why.err;
}

/* ---- opening and sealing --------------------------------------------------------------------- */

static int do_key_unwrap(struct vault_worker *worker, const struct vault_request *request,
                         struct vault_reply *reply, struct fault *fault)
{
    unsigned char opened[WIRE_WRAPPED_MAX];
    size_t len = sizeof opened;
    EVP_PKEY *key = credential_pkey(worker->shared->keys.decrypt);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    /* OAEP, whose failures tell nothing; PKCS#1 v1.5 would need Bleichenbacher's cure. */
    bool ok = context && EVP_PKEY_decrypt_init(context) > 0 &&
              EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
              EVP_PKEY_decrypt(context, opened, &len, (const unsigned char *)request->unwrap.at,
                               request->unwrap.len) > 0;
    EVP_PKEY_CTX_free(context);
    char *to = ok && len > 0 && len <= WIRE_KEY_MAX ? scratch_take(&worker->scratch, len) : NULL;
    if (to) {
        memcpy(to, opened, len);
        reply->bytes = slice_make(to, len);
    }
    secret_wipe(opened, sizeof opened);
    (void)openssl_trouble();
    return to ? 0
              : fault_set(fault, ERR_FORGED, FINDING_VAULT_FAILED,
                          "the wrapped key does not open: altered, or made for another key");
}

static int do_seal(struct vault_worker *worker, const struct vault_request *request,
                   struct vault_reply *reply, struct fault *fault)
{
    size_t len = request->seal.bytes.len + VAULT_SEAL_MORE;
    char *to = scratch_take(&worker->scratch, len);
    if (!to)
        return no_room(fault);
    reply->bytes = slice_make(to, len);
    return seal_close(worker->shared->keys.seal, SEAL_FOR_CLIENT, request->seal.purpose,
                      request->seal.bytes, to, fault);
}

static int do_open(struct vault_worker *worker, const struct vault_request *request,
                   struct vault_reply *reply, struct fault *fault)
{
    char *to = scratch_take(&worker->scratch, request->seal.bytes.len);
    if (!to)
        return no_room(fault);
    reply->bytes.at = to;
    return seal_open(worker->shared->keys.seal, SEAL_FOR_CLIENT, request->seal.purpose,
                     request->seal.bytes, to, &reply->bytes.len, fault);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

typedef int operation_fn(struct vault_worker *worker, const struct vault_request *request,
                         struct vault_reply *reply, struct fault *fault);

static operation_fn *const table[OP_COUNT] = {
    [OP_PUBLIC] = do_public,
    [OP_COUNTS] = do_counts,
    [OP_PASSWORD_CHECK] = do_password_check,
    [OP_PASSWORD_SET] = do_password_set,
    [OP_PASSWORD_REMOVE] = do_password_remove,
    [OP_TOKEN_SIGN] = do_token_sign,
    [OP_CERTIFICATE_ISSUE] = do_certificate_issue,
    [OP_KEY_UNWRAP] = do_key_unwrap,
    [OP_SEAL] = do_seal,
    [OP_OPEN] = do_open,
    [OP_PUSH_SIGN] = do_push_sign,
};

size_t vault_answer(struct vault_worker *worker, struct slice packet, char *to)
{
    struct vault_request request;
    struct fault fault = {0};
    int result = wire_parse_request(packet, &request, &fault);
    struct vault_reply reply = {.op = request.op, .id = request.id};
    size_t len = 0;
    if (result == 0)
        result = table[request.op](worker, &request, &reply, &fault);
    if (result == 0)
        result = wire_print_reply(&reply, to, &len, &fault);
    if (result != 0) {
        reply = (struct vault_reply){.op = request.op,
                                     .id = request.id,
                                     .err = result,
                                     .finding = fault.finding,
                                     .detail = slice_of(fault.detail)};
        (void)wire_print_reply(&reply, to, &len, &fault);
    }
    scratch_wipe(&worker->scratch);
    return len;
}
