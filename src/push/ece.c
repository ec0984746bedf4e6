#include "push/ece.h"

#include "base/secret.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "push/kdf_priv.h"

enum {
    KEY_LEN = 16,
    NONCE_LEN = 12,
    TAG_LEN = 16,
    MATERIAL_MAX = 64,
    DELIMITER_LAST = 2,
    DELIMITER_MORE = 1
};

/* The keys of one body. */
struct keys {
    unsigned char key[KEY_LEN];
    unsigned char nonce[NONCE_LEN];
};

static int unreadable(struct fault *fault, enum err err, const char *why)
{
    return fault_set(fault, err, FINDING_PUSH_UNREADABLE, "aes128gcm: %s", why);
}

/* ---- keys ------------------------------------------------------------------------------ */

bool push_hkdf(struct slice salt, struct slice material, struct slice info, unsigned char *out,
               size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.at,
                                          salt.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)material.at,
                                          material.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.at,
                                          info.len),
        OSSL_PARAM_construct_end(),
    };
    bool ok = context && EVP_KDF_derive(context, out, len, params) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return ok;
}

/* [RFC 8188] sections 2.2 and 2.3; the NUL that ends each info string belongs to it. */
static bool derive(struct slice salt, struct slice material, struct keys *keys_out)
{
    static const char key_info[] = "Content-Encoding: aes128gcm";
    static const char nonce_info[] = "Content-Encoding: nonce";
    return push_hkdf(salt, material, slice_make(key_info, sizeof key_info), keys_out->key,
                     KEY_LEN) &&
           push_hkdf(salt, material, slice_make(nonce_info, sizeof nonce_info), keys_out->nonce,
                     NONCE_LEN);
}

/* The nonce of a record: its number, exclusive-or'ed into the last bytes. */
static void record_nonce(const struct keys *keys, uint64_t number, unsigned char out[NONCE_LEN])
{
    memcpy(out, keys->nonce, NONCE_LEN);
    for (size_t i = 0; i < 8; i++)
        out[NONCE_LEN - 1 - i] ^= (unsigned char)(number >> (8 * i));
}

/* ---- one record ------------------------------------------------------------------------- */

static bool seal(const struct keys *keys, uint64_t number, unsigned char *bytes, size_t len,
                 unsigned char *tag)
{
    unsigned char nonce[NONCE_LEN];
    int done = 0;
    record_nonce(keys, number, nonce);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool ok = context &&
              EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), keys->key, nonce, NULL) == 1 &&
              EVP_EncryptUpdate(context, bytes, &done, bytes, (int)len) == 1 &&
              EVP_EncryptFinal_ex(context, bytes + done, &done) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

static bool open_record(const struct keys *keys, uint64_t number, struct slice record,
                        unsigned char *to)
{
    unsigned char nonce[NONCE_LEN];
    int done = 0;
    size_t len = record.len - TAG_LEN;
    record_nonce(keys, number, nonce);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool ok =
        context && EVP_DecryptInit_ex2(context, EVP_aes_128_gcm(), keys->key, nonce, NULL) == 1 &&
        EVP_DecryptUpdate(context, to, &done, (const unsigned char *)record.at, (int)len) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_LEN,
                            (void *)(uintptr_t)(record.at + len)) == 1 &&
        EVP_DecryptFinal_ex(context, to + done, &done) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

/* ---- encoding ------------------------------------------------------------------------------ */

static void put_header(const struct ece_options *options, unsigned char *to)
{
    memcpy(to, options->salt.at, ECE_SALT_LEN);
    for (size_t i = 0; i < 4; i++)
        to[ECE_SALT_LEN + i] = (unsigned char)(options->record >> (24 - 8 * i));
    to[ECE_HEADER_MIN - 1] = (unsigned char)options->key_id.len;
    if (options->key_id.len)
        memcpy(to + ECE_HEADER_MIN, options->key_id.at, options->key_id.len);
}

static bool usable(const struct ece_options *options, size_t plain)
{
    return options->salt.len == ECE_SALT_LEN && options->key.len > 0 &&
           options->key.len <= MATERIAL_MAX && options->key_id.len <= ECE_KEYID_MAX &&
           options->record >= ECE_RECORD_MIN && options->record <= ECE_RECORD_MAX &&
           options->pad < options->record - TAG_LEN - 1 && plain <= ECE_CONTENT_MAX;
}

int ece_encode(const struct ece_options *options, struct slice plain, struct arena *arena,
               struct slice *body_out, struct fault *fault)
{
    if (!usable(options, plain.len))
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_TOO_LARGE,
                         "aes128gcm: %zu bytes, or an option out of bounds", plain.len);
    size_t share = options->record - TAG_LEN - 1 - options->pad; /* content of one record */
    size_t count = plain.len ? (plain.len + share - 1) / share : 1;
    size_t head = ECE_HEADER_MIN + options->key_id.len;
    unsigned char *body =
        arena_alloc(arena, head + plain.len + count * (1 + options->pad + TAG_LEN));
    struct keys keys;
    bool ok = derive(options->salt, options->key, &keys);
    unsigned char *at = body + head;
    put_header(options, body);
    for (uint64_t number = 0; ok && number < count; number++) {
        struct slice part = slice_head(plain, share);
        plain = slice_from(plain, share);
        if (part.len)
            memcpy(at, part.at, part.len);
        at[part.len] = number + 1 == count ? DELIMITER_LAST : DELIMITER_MORE;
        size_t len = part.len + 1 + options->pad; /* the arena's memory is zeroed */
        ok = seal(&keys, number, at, len, at + len);
        at += len + TAG_LEN;
    }
    secret_wipe(&keys, sizeof keys);
    if (!ok)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL does not encrypt");
    *body_out = slice_make(body, (size_t)(at - body));
    return 0;
}

/* ---- decoding ------------------------------------------------------------------------------ */

int ece_parse(struct slice body, struct ece_header *header_out, struct fault *fault)
{
    if (body.len < ECE_HEADER_MIN)
        return unreadable(fault, ERR_MALFORMED, "shorter than a header");
    const unsigned char *at = (const unsigned char *)body.at;
    size_t key_id = at[ECE_HEADER_MIN - 1];
    uint32_t record = 0;
    for (size_t i = 0; i < 4; i++)
        record = record << 8 | at[ECE_SALT_LEN + i];
    if (body.len - ECE_HEADER_MIN < key_id)
        return unreadable(fault, ERR_MALFORMED, "it ends within the key id");
    struct slice records = slice_from(body, ECE_HEADER_MIN + key_id);
    if (record < ECE_RECORD_MIN)
        return unreadable(fault, ERR_MALFORMED, "a record size under 18");
    if (records.len <= TAG_LEN)
        return unreadable(fault, ERR_MALFORMED, "it ends within the first record");
    if (records.len > ECE_CONTENT_MAX)
        return unreadable(fault, ERR_LIMIT, "too long");
    header_out->salt = slice_head(body, ECE_SALT_LEN);
    header_out->key_id = slice_head(slice_from(body, ECE_HEADER_MIN), key_id);
    header_out->record = record;
    header_out->records = records;
    return 0;
}

/* Take padding and delimiter off; the delimiter must say truly whether it is the last. */
static bool strip(const unsigned char *at, size_t *len, bool last)
{
    while (*len > 0 && at[*len - 1] == 0)
        --*len;
    if (*len == 0)
        return false;
    --*len;
    return at[*len] == (last ? DELIMITER_LAST : DELIMITER_MORE);
}

int ece_decode(const struct ece_header *header, struct slice key, struct arena *arena,
               struct slice *plain_out, struct fault *fault)
{
    struct keys keys;
    struct slice rest = header->records;
    unsigned char *plain = arena_alloc(arena, rest.len), *at = plain;
    bool ok = key.len > 0 && derive(header->salt, key, &keys);
    for (uint64_t number = 0; ok && rest.len > 0; number++) {
        struct slice record = slice_head(rest, header->record);
        rest = slice_from(rest, header->record);
        size_t len = record.len > TAG_LEN ? record.len - TAG_LEN : 0;
        ok = len > 0 && open_record(&keys, number, record, at) && strip(at, &len, rest.len == 0);
        at += ok ? len : 0;
    }
    secret_wipe(&keys, sizeof keys);
    if (!ok) {
        secret_wipe(plain, header->records.len);
        return unreadable(fault, ERR_FORGED, "it does not decrypt");
    }
    *plain_out = slice_make(plain, (size_t)(at - plain));
    return 0;
}
