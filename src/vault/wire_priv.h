/* What server and vault say to each other: one request, one reply, each a packet
 * of a SOCK_SEQPACKET socket pair. One table (wire.c) says what each operation
 * carries and how long it may be; both sides read and write by that table.
 *
 *   request:  version 1, operation 1, zero 2, id 4, then the fields
 *   reply:    version 1, operation 1, error 2, id 4, then the fields; with an
 *             error: finding 4, detail
 *   field:    a number (8 bytes), or bytes (length 4, then so many)
 *
 * All numbers big-endian. Nothing may follow the last field. */
#ifndef LYCHGATE_VAULT_WIRE_PRIV_H
#define LYCHGATE_VAULT_WIRE_PRIV_H

#include "vault/vault.h"

enum vault_op {
    OP_PUBLIC,
    OP_COUNTS,
    OP_PASSWORD_CHECK,
    OP_PASSWORD_SET,
    OP_PASSWORD_REMOVE,
    OP_TOKEN_SIGN,
    OP_CERTIFICATE_ISSUE,
    OP_KEY_UNWRAP,
    OP_SEAL,
    OP_OPEN,
    OP_PUSH_SIGN,
    OP_COUNT
};

enum {
    WIRE_VERSION = 1,
    WIRE_HEADER = 8,
    WIRE_MAX = 24576, /* the longest message: VAULT_SIGN_MAX and some */
    WIRE_CERTIFICATE_MAX = 4096,
    WIRE_SERIAL_MAX = 20, /* [RFC 5280] section 4.1.2.2 */
    WIRE_PURPOSE_MAX = 64,
    WIRE_WRAPPED_MAX = 512, /* RSA 4096 */
    WIRE_KEY_MAX = 64,
    WIRE_SIGNATURE_MAX = 512,
    WIRE_POINT_LEN = 65, /* a P-256 point, uncompressed */
    WIRE_DETAIL_MAX = FAULT_DETAIL_MAX - 1,
};

struct password_request {
    struct slice key;
    struct slice password; /* not for OP_PASSWORD_REMOVE */
};

struct seal_request {
    struct slice purpose;
    struct slice bytes;
};

/* Slices point into the bytes that were parsed, or that are to be printed. */
struct vault_request {
    enum vault_op op;
    uint32_t id;
    union {
        struct password_request password;
        struct slice sign;
        struct vault_certificate issue;
        struct slice unwrap;
        struct seal_request seal; /* OP_SEAL, OP_OPEN */
    };
};

struct public_reply {
    int64_t token_algorithm;
    struct slice token, decrypt, user_ca, push;
};

struct vault_reply {
    enum vault_op op;
    uint32_t id;
    int err; /* 0, or a negative enum err; then only the fault is there */
    enum finding finding;
    struct slice detail;
    union {
        struct public_reply public;
        struct vault_counts counts;
        int64_t verdict;    /* OP_PASSWORD_CHECK */
        struct slice bytes; /* signature, certificate, key, sealed or opened bytes */
    };
};

/* Bytes to struct. 0, -ERR_MALFORMED or -ERR_LIMIT, with FINDING_VAULT_FAILED. The
 * id is filled as soon as it is known, also on failure (0 otherwise). */
int wire_parse_request(struct slice packet, struct vault_request *request_out, struct fault *fault);
int wire_parse_reply(struct slice packet, struct vault_reply *reply_out, struct fault *fault);

/* Struct to bytes, into WIRE_MAX bytes at `to`. The length goes to *len_out;
 * -ERR_LIMIT when a field is longer than the table allows. */
int wire_print_request(const struct vault_request *request, char *to, size_t *len_out,
                       struct fault *fault);
int wire_print_reply(const struct vault_reply *reply, char *to, size_t *len_out,
                     struct fault *fault);

#endif
