/* Encrypted content encoding "aes128gcm" ([RFC 8188]): a header, then records of
 * AES-128-GCM. Who shares the key with whom is not said here; for push messages
 * encrypt.h does. */
#ifndef LYCHGATE_PUSH_ECE_H
#define LYCHGATE_PUSH_ECE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

enum {
    ECE_SALT_LEN = 16,
    ECE_KEYID_MAX = 255,
    ECE_HEADER_MIN = ECE_SALT_LEN + 4 + 1, /* salt, record size, length of the key id */
    ECE_RECORD_MIN = 18,                   /* a tag, a delimiter and one byte of content */
    ECE_RECORD_MAX = 65536,                /* what we take and make; the format allows more */
    ECE_CONTENT_MAX = 1 << 20
};

struct ece_options {
    struct slice salt; /* ECE_SALT_LEN bytes, never used twice with one key */
    struct slice key;  /* input keying material, up to 64 bytes */
    struct slice key_id;
    uint32_t record; /* bytes of a record as sent, its tag included */
    size_t pad;      /* zero bytes added to each record, to hide lengths */
};

/* Encrypt; an empty plaintext makes one record. -ERR_LIMIT, PUSH_TOO_LARGE: the
 * plaintext or an option is out of bounds. */
int ece_encode(const struct ece_options *options, struct slice plain, struct arena *arena,
               struct slice *body_out, struct fault *fault);

/* The header of a body, checked to be whole. */
struct ece_header {
    struct slice salt, key_id;
    uint32_t record;
    struct slice records; /* what follows it */
};

/* -ERR_MALFORMED or -ERR_LIMIT, PUSH_UNREADABLE. */
int ece_parse(struct slice body, struct ece_header *header_out, struct fault *fault);

/* Decrypt what ece_parse() found. -ERR_FORGED, PUSH_UNREADABLE: the key is another one,
 * a byte was altered, records were cut off, moved or added. Nothing of a body is handed
 * out before all of it has been checked. */
int ece_decode(const struct ece_header *header, struct slice key, struct arena *arena,
               struct slice *plain_out, struct fault *fault);

#endif
