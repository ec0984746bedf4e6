/* XML Encryption 1.0 sections 3 and 5.2 to 5.5, 1.1 section 5.2.4 (GCM). */
#include "xml/encrypted.h"

#include "base/arena.h"
#include "base/encode.h"
#include "base/random.h"
#include "xml/names.h"
#include "xml/writer.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum {
    IV_MAX = 16,
    TAG_LEN = 16,
    BLOCK = 16
};

struct cipher {
    const char *uri;
    const EVP_CIPHER *(*evp)(void);
    size_t iv_len;
    size_t tag_len; /* 0: CBC with XML Encryption's padding */
};

static const struct cipher ciphers[] = {
    [ENCRYPTED_AES256_GCM] = {ALG_AES256_GCM, EVP_aes_256_gcm, 12, TAG_LEN},
    [ENCRYPTED_AES256_CBC] = {ALG_AES256_CBC, EVP_aes_256_cbc, 16, 0},
};

/* ---- encrypting ---------------------------------------------------------------- */

/* IV, ciphertext and tag, in the order of the specification. */
static bool encrypt(const struct cipher *cipher, const unsigned char *key, struct slice text,
                    struct buf *out)
{
    unsigned char iv[IV_MAX], last[BLOCK] = {0};
    size_t padding = cipher->tag_len ? 0 : BLOCK - text.len % BLOCK;
    size_t size = cipher->iv_len + text.len + padding + cipher->tag_len;
    char *at = buf_reserve(out, size);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    random_fill(iv, cipher->iv_len);
    memcpy(at, iv, cipher->iv_len);
    unsigned char *to = (unsigned char *)at + cipher->iv_len;
    last[padding ? padding - 1 : 0] = (unsigned char)padding;
    int n = 0, m = 0, end = 0;
    bool ok = ctx && EVP_EncryptInit_ex(ctx, cipher->evp(), NULL, key, iv) &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) &&
              EVP_EncryptUpdate(ctx, to, &n, (const unsigned char *)text.at, (int)text.len) &&
              EVP_EncryptUpdate(ctx, to + n, &m, last, (int)padding) &&
              EVP_EncryptFinal_ex(ctx, to + n + m, &end);
    if (ok && cipher->tag_len)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, to + n + m + end) > 0;
    EVP_CIPHER_CTX_free(ctx);
    if (ok)
        buf_added(out, size);
    return ok;
}

static bool wrap_key(EVP_PKEY *recipient, struct slice key, struct buf *out)
{
    size_t len = 0;
    const unsigned char *in = (const unsigned char *)key.at;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(recipient, NULL);
    /* rsa-oaep-mgf1p is OAEP with SHA-1 in both places, which is OpenSSL's default. */
    bool ok = ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
              EVP_PKEY_encrypt(ctx, NULL, &len, in, key.len) > 0;
    if (ok) {
        char *at = buf_reserve(out, len);
        ok = EVP_PKEY_encrypt(ctx, (unsigned char *)at, &len, in, key.len) > 0;
        if (ok)
            buf_added(out, len);
    }
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static void put_method(struct xml_writer *w, const char *uri)
{
    xml_open(w, "xenc:EncryptionMethod");
    xml_put_attr_string(w, "Algorithm", uri);
    xml_close(w);
}

static void put_cipher_value(struct xml_writer *w, struct slice bytes)
{
    xml_open(w, "xenc:CipherData");
    xml_open(w, "xenc:CipherValue");
    xml_put_base64(w, bytes);
    xml_close(w);
    xml_close(w);
}

int encrypted_key_print(struct slice key, EVP_PKEY *recipient, struct buf *out, struct fault *fault)
{
    scoped(buf) struct buf wrapped = BUF_INIT;
    if (!wrap_key(recipient, key, &wrapped))
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "the recipient's key is not RSA");
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "xenc:EncryptedKey");
    xml_put_ns(&w, "xenc", NS_XENC);
    put_method(&w, ALG_RSA_OAEP);
    put_cipher_value(&w, buf_slice(&wrapped));
    xml_close(&w);
    xml_end(&w);
    return 0;
}

int encrypted_print(struct slice text, EVP_PKEY *recipient, enum encrypted_cipher cipher,
                    struct buf *out, struct fault *fault)
{
    unsigned char key[ENCRYPTED_KEY_LEN];
    scoped(buf) struct buf encrypted_key = BUF_INIT, content = BUF_INIT;
    random_fill(key, sizeof key);
    int err = encrypted_key_print(slice_make(key, sizeof key), recipient, &encrypted_key, fault);
    if (!err && !encrypt(&ciphers[cipher], key, text, &content))
        err = fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL does not encrypt");
    secret_wipe(key, sizeof key);
    if (err)
        return err;
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "xenc:EncryptedData");
    xml_put_ns(&w, "xenc", NS_XENC);
    xml_put_attr_string(&w, "Type", XENC_TYPE_ELEMENT);
    put_method(&w, ciphers[cipher].uri);
    xml_open(&w, "ds:KeyInfo");
    xml_put_ns(&w, "ds", NS_DS);
    xml_put_raw(&w, buf_slice(&encrypted_key));
    xml_close(&w);
    put_cipher_value(&w, buf_slice(&content));
    xml_close(&w);
    xml_end(&w);
    return 0;
}

/* ---- decrypting ------------------------------------------------------------------ */

static int malformed(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_TOKEN_REFUSED, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(xml_name(at)), what);
}

static int refused(struct fault *fault)
{
    /* Key, tag, padding: whoever can tell them apart can decrypt without the key. */
    return fault_set(fault, ERR_DENIED, FINDING_TOKEN_REFUSED, "the token cannot be decrypted");
}

static int read_cipher_value(const struct xml_node *node, struct arena *arena, struct slice *out,
                             struct fault *fault)
{
    const struct xml_node *data = xml_child(node, NS_XENC, "CipherData");
    const struct xml_node *value = xml_child(data, NS_XENC, "CipherValue");
    struct slice text = xml_text(value);
    if (slice_empty(text) || xml_next(value) || base64_parse(arena, text, out))
        return malformed(fault, node, "no CipherData/CipherValue in base64");
    return 0;
}

/* RSA-OAEP-MGF1P with its default digest; the parameters it may have are not ours. */
static bool is_rsa_oaep(const struct xml_node *encrypted_key)
{
    const struct xml_node *method = xml_child(encrypted_key, NS_XENC, "EncryptionMethod");
    const struct xml_node *digest = xml_first(method);
    if (!slice_eq(xml_attr(method, "Algorithm"), slice_of(ALG_RSA_OAEP)))
        return false;
    return !digest || (xml_is(digest, NS_DS, "DigestMethod") && !xml_next(digest) &&
                       slice_eq(xml_attr(digest, "Algorithm"), slice_of(ALG_SHA1)));
}

static int read_wrapped(const struct xml_node *encrypted_key, struct arena *arena,
                        struct slice *wrapped, struct fault *fault)
{
    if (!xml_is(encrypted_key, NS_XENC, "EncryptedKey") ||
        xml_next_of(encrypted_key, NS_XENC, "EncryptedKey"))
        return malformed(fault, encrypted_key, "not exactly one EncryptedKey");
    if (!is_rsa_oaep(encrypted_key))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_TOKEN_REFUSED,
                         "line %ld: the key is not encrypted by RSA-OAEP with SHA-1",
                         xml_line(encrypted_key));
    return read_cipher_value(encrypted_key, arena, wrapped, fault);
}

int encrypted_key_read(const struct xml_node *encrypted_key,
                       const struct encrypted_read_options *options, unsigned char *key_out,
                       size_t len, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice wrapped;
    int err = read_wrapped(encrypted_key, arena, &wrapped, fault);
    if (err)
        return err;
    return options->unwrap(options->arg, wrapped, key_out, len) ? refused(fault) : 0;
}

static const struct cipher *cipher_of(const struct xml_node *data, bool allow_cbc)
{
    const struct xml_node *method = xml_child(data, NS_XENC, "EncryptionMethod");
    struct slice uri = xml_attr(method, "Algorithm");
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++)
        if (slice_eq(uri, slice_of(ciphers[i].uri)) && !xml_first(method))
            return ciphers[i].tag_len || allow_cbc ? &ciphers[i] : NULL;
    return NULL;
}

/* The text to *out, which has room for all of content; its length, or -1. */
static int decrypt(const struct cipher *cipher, const unsigned char *key, struct slice content,
                   unsigned char *out)
{
    size_t frame = cipher->iv_len + cipher->tag_len;
    if (content.len < frame + (cipher->tag_len ? 0 : BLOCK) || content.len > INT32_MAX)
        return -1;
    unsigned char tag[TAG_LEN] = {0};
    const unsigned char *iv = (const unsigned char *)content.at;
    int len = (int)(content.len - frame), n = 0, end = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_DecryptInit_ex(ctx, cipher->evp(), NULL, key, iv);
    if (ok && cipher->tag_len) {
        memcpy(tag, content.at + content.len - TAG_LEN, TAG_LEN);
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) > 0;
    }
    ok = ok && EVP_CIPHER_CTX_set_padding(ctx, 0) &&
         EVP_DecryptUpdate(ctx, out, &n, iv + cipher->iv_len, len) &&
         EVP_DecryptFinal_ex(ctx, out + n, &end) > 0;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        return -1;
    int padding = cipher->tag_len ? 0 : out[n + end - 1];
    if (!cipher->tag_len && (padding < 1 || padding > BLOCK))
        return -1;
    return n + end - padding;
}

int encrypted_read(const struct xml_node *encrypted_data,
                   const struct encrypted_read_options *options, struct secret *text_out,
                   struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    unsigned char key[ENCRYPTED_KEY_LEN], none[ENCRYPTED_KEY_LEN];
    struct slice wrapped, content;
    if (!xml_is(encrypted_data, NS_XENC, "EncryptedData"))
        return malformed(fault, encrypted_data, "not an EncryptedData");
    const struct cipher *cipher = cipher_of(encrypted_data, options->allow_cbc);
    if (!cipher)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_TOKEN_REFUSED,
                         "line %ld: not encrypted by a cipher that is taken here",
                         xml_line(encrypted_data));
    const struct xml_node *key_info = xml_child(encrypted_data, NS_DS, "KeyInfo");
    int err = read_wrapped(xml_child(key_info, NS_XENC, "EncryptedKey"), arena, &wrapped, fault);
    if (!err)
        err = read_cipher_value(encrypted_data, arena, &content, fault);
    if (err)
        return err;

    /* A key that does not unwrap is replaced by a random one, so that the rest of
     * the work is the same. */
    random_fill(none, sizeof none);
    bool unwrapped = options->unwrap(options->arg, wrapped, key, sizeof key) == 0;
    unsigned char *text = arena_alloc(arena, content.len + BLOCK);
    int len = decrypt(cipher, unwrapped ? key : none, content, text);
    if (unwrapped && len >= 0)
        secret_set(text_out, slice_make(text, (size_t)len));
    secret_wipe(key, sizeof key);
    secret_wipe(text, content.len + BLOCK);
    return unwrapped && len >= 0 ? 0 : refused(fault);
}
