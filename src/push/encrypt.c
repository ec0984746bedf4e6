#include "push/encrypt.h"

#include "base/random.h"
#include "push/ece.h"
#include "push/encrypt_priv.h"
#include "push/kdf_priv.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum {
    SHARED_LEN = 32,
    KEY_LEN = 32
};

/* ---- P-256 keys ------------------------------------------------------------------------ */

static EVP_PKEY *key_of(struct slice point, const BIGNUM *scalar)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (build &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.at, point.len) &&
        (!scalar || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar)))
        params = OSSL_PARAM_BLD_to_param(build);
    if (params && context && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) !=
            1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    ERR_clear_error();
    return key;
}

EVP_PKEY *push_public_key(struct slice point)
{
    /* Compressed and hybrid points would do as well, but the header's key id is the
     * uncompressed one ([RFC 8291] section 4), and two writings of one key are a trap. */
    if (point.len != PUSH_POINT_LEN || point.at[0] != 4)
        return NULL;
    EVP_PKEY *key = key_of(point, NULL);
    EVP_PKEY_CTX *check = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool on_curve = check && EVP_PKEY_public_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    ERR_clear_error();
    if (on_curve)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

EVP_PKEY *push_private_key(struct slice scalar, struct slice point)
{
    if (scalar.len != PUSH_SCALAR_LEN || point.len != PUSH_POINT_LEN)
        return NULL;
    BIGNUM *number = BN_bin2bn((const unsigned char *)scalar.at, (int)scalar.len, NULL);
    EVP_PKEY *key = number ? key_of(point, number) : NULL;
    BN_clear_free(number);
    return key;
}

bool push_key_point(EVP_PKEY *key, char out[PUSH_POINT_LEN])
{
    size_t len = 0;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, (unsigned char *)out,
                                           PUSH_POINT_LEN, &len) == 1 &&
           len == PUSH_POINT_LEN;
}

int push_keys_check(const struct push_keys *keys, struct fault *fault)
{
    EVP_PKEY *key = push_public_key(keys->p256dh);
    EVP_PKEY_free(key);
    if (!key)
        return fault_set(fault, ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID,
                         "p256dh is no uncompressed point of P-256");
    if (keys->auth.len != PUSH_AUTH_LEN)
        return fault_set(fault, ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID,
                         "auth has %zu bytes, not %d", keys->auth.len, PUSH_AUTH_LEN);
    return 0;
}

/* ---- the key of a message ----------------------------------------------------------------- */

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char shared[SHARED_LEN])
{
    size_t len = SHARED_LEN;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool ok = context && EVP_PKEY_derive_init(context) == 1 &&
              EVP_PKEY_derive_set_peer(context, peer) == 1 &&
              EVP_PKEY_derive(context, shared, &len) == 1 && len == SHARED_LEN;
    EVP_PKEY_CTX_free(context);
    return ok;
}

struct agreement {
    EVP_PKEY *own, *peer;
    struct slice device; /* the device's point, whichever side we are */
    struct slice server;
    struct slice auth;
};

/* [RFC 8291] section 3.3 and 3.4: the input keying material for [RFC 8188]. */
static bool message_key(const struct agreement *agreement, unsigned char out[KEY_LEN])
{
    static const char label[] = "WebPush: info"; /* its NUL belongs to it */
    char info[sizeof label + 2 * (size_t)PUSH_POINT_LEN];
    unsigned char shared[SHARED_LEN];
    memcpy(info, label, sizeof label);
    memcpy(info + sizeof label, agreement->device.at, PUSH_POINT_LEN);
    memcpy(info + sizeof label + PUSH_POINT_LEN, agreement->server.at, PUSH_POINT_LEN);
    bool ok = agree(agreement->own, agreement->peer, shared) &&
              push_hkdf(agreement->auth, slice_make(shared, sizeof shared),
                        slice_make(info, sizeof info), out, KEY_LEN);
    secret_wipe(shared, sizeof shared);
    return ok;
}

/* ---- server to device ------------------------------------------------------------------------ */

int push_encrypt_with(const struct push_keys *keys, EVP_PKEY *sender, struct slice salt,
                      struct slice plain, struct arena *arena, struct slice *body_out,
                      struct fault *fault)
{
    char point[PUSH_POINT_LEN];
    unsigned char key[KEY_LEN];
    if (plain.len > PUSH_PLAIN_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_TOO_LARGE, "%zu bytes", plain.len);
    int err = push_keys_check(keys, fault);
    if (err < 0)
        return err;
    struct agreement agreement = {.own = sender,
                                  .peer = push_public_key(keys->p256dh),
                                  .device = keys->p256dh,
                                  .server = slice_make(point, sizeof point),
                                  .auth = keys->auth};
    if (push_key_point(sender, point) && agreement.peer && message_key(&agreement, key))
        err = ece_encode(&(struct ece_options){.salt = salt,
                                               .key = slice_make(key, sizeof key),
                                               .key_id = agreement.server,
                                               .record = PUSH_BODY_MAX},
                         plain, arena, body_out, fault);
    else
        err = fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL agrees on no key");
    EVP_PKEY_free(agreement.peer);
    secret_wipe(key, sizeof key);
    return err;
}

int push_encrypt(const struct push_keys *keys, struct slice plain, struct arena *arena,
                 struct slice *body_out, struct fault *fault)
{
    char salt[ECE_SALT_LEN];
    EVP_PKEY *sender = EVP_EC_gen("P-256");
    random_fill(salt, sizeof salt);
    int err = sender ? push_encrypt_with(keys, sender, slice_make(salt, sizeof salt), plain, arena,
                                         body_out, fault)
                     : fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL makes no key");
    EVP_PKEY_free(sender);
    return err;
}

/* ---- the device
 * ---------------------------------------------------------------------------------- */

int push_receiver_make(struct push_receiver *receiver_out, struct fault *fault)
{
    unsigned char scalar[PUSH_SCALAR_LEN], auth[PUSH_AUTH_LEN];
    BIGNUM *number = NULL;
    *receiver_out = (struct push_receiver){0};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool ok = key && push_key_point(key, receiver_out->p256dh) &&
              EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
              BN_bn2binpad(number, scalar, sizeof scalar) == sizeof scalar;
    BN_clear_free(number);
    EVP_PKEY_free(key);
    if (!ok)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL makes no key");
    random_fill(auth, sizeof auth);
    secret_set(&receiver_out->scalar, slice_make(scalar, sizeof scalar));
    secret_set(&receiver_out->auth, slice_make(auth, sizeof auth));
    secret_wipe(scalar, sizeof scalar);
    secret_wipe(auth, sizeof auth);
    return 0;
}

void push_receiver_fini(struct push_receiver *receiver)
{
    secret_free(&receiver->scalar);
    secret_free(&receiver->auth);
}

struct push_keys push_receiver_keys(const struct push_receiver *receiver)
{
    return (struct push_keys){slice_make(receiver->p256dh, PUSH_POINT_LEN),
                              secret_slice(&receiver->auth)};
}

int push_decrypt(const struct push_receiver *receiver, struct slice body, struct arena *arena,
                 struct slice *plain_out, struct fault *fault)
{
    struct ece_header header;
    unsigned char key[KEY_LEN];
    int err = ece_parse(body, &header, fault);
    if (err < 0)
        return err;
    /* One record: [RFC 8291] section 4. Checked first, as nothing else is cheaper. */
    if (header.records.len > header.record)
        return fault_set(fault, ERR_MALFORMED, FINDING_PUSH_UNREADABLE, "more than one record");
    struct slice device = slice_make(receiver->p256dh, PUSH_POINT_LEN);
    struct agreement agreement = {
        .own = push_private_key(secret_slice(&receiver->scalar), device),
        .peer = push_public_key(header.key_id),
        .device = device,
        .server = header.key_id,
        .auth = secret_slice(&receiver->auth),
    };
    if (!agreement.peer)
        err = fault_set(fault, ERR_MALFORMED, FINDING_PUSH_UNREADABLE,
                        "the key id is no uncompressed point of P-256");
    else if (!agreement.own || !message_key(&agreement, key))
        err = fault_set(fault, ERR_FORGED, FINDING_PUSH_UNREADABLE, "no key can be agreed on");
    else
        err = ece_decode(&header, slice_make(key, sizeof key), arena, plain_out, fault);
    EVP_PKEY_free(agreement.own);
    EVP_PKEY_free(agreement.peer);
    secret_wipe(key, sizeof key);
    return err;
}
