#include "vault/wire_priv.h"

#include <stddef.h>
#include <string.h>

enum field_kind {
    FIELD_END,
    FIELD_NUMBER, /* int64_t or uint64_t */
    FIELD_BYTES,  /* struct slice */
};

struct field {
    enum field_kind kind;
    size_t offset; /* within the request or the reply */
    size_t min, max;
    const char *name;
};

#define BYTES(of, member, min, max)                                                                \
    {                                                                                              \
        FIELD_BYTES, offsetof(struct of, member), min, max, #member                                \
    }
#define NUMBER(of, member)                                                                         \
    {                                                                                              \
        FIELD_NUMBER, offsetof(struct of, member), 0, 0, #member                                   \
    }

enum {
    FIELDS_MAX = 7
};

struct operation {
    struct field request[FIELDS_MAX];
    struct field reply[FIELDS_MAX];
};

static const struct operation operations[OP_COUNT] = {
    [OP_PUBLIC] = {{{0}},
                   {NUMBER(vault_reply, public.token_algorithm),
                    BYTES(vault_reply, public.token, 1, WIRE_CERTIFICATE_MAX),
                    BYTES(vault_reply, public.decrypt, 1, WIRE_CERTIFICATE_MAX),
                    BYTES(vault_reply, public.user_ca, 1, WIRE_CERTIFICATE_MAX),
                    BYTES(vault_reply, public.push, 0, WIRE_POINT_LEN)}},
    [OP_COUNTS] = {{{0}},
                   {NUMBER(vault_reply, counts.hashes), NUMBER(vault_reply, counts.signatures),
                    NUMBER(vault_reply, counts.certificates)}},
    [OP_PASSWORD_CHECK] = {{BYTES(vault_request, password.key, 1, VAULT_KEY_MAX),
                            BYTES(vault_request, password.password, 1, VAULT_PASSWORD_MAX)},
                           {NUMBER(vault_reply, verdict)}},
    [OP_PASSWORD_SET] = {{BYTES(vault_request, password.key, 1, VAULT_KEY_MAX),
                          BYTES(vault_request, password.password, 1, VAULT_PASSWORD_MAX)},
                         {{0}}},
    [OP_PASSWORD_REMOVE] = {{BYTES(vault_request, password.key, 1, VAULT_KEY_MAX)}, {{0}}},
    [OP_TOKEN_SIGN] = {{BYTES(vault_request, sign, 1, VAULT_SIGN_MAX)},
                       {BYTES(vault_reply, bytes, 1, WIRE_SIGNATURE_MAX)}},
    [OP_CERTIFICATE_ISSUE] = {{BYTES(vault_request, issue.public_key, 1, 1024),
                               BYTES(vault_request, issue.common_name, 1, VAULT_KEY_MAX),
                               BYTES(vault_request, issue.sip_uri, 1, VAULT_KEY_MAX + 4),
                               BYTES(vault_request, issue.serial, 0, WIRE_SERIAL_MAX),
                               NUMBER(vault_request, issue.not_before),
                               NUMBER(vault_request, issue.not_after)},
                              {BYTES(vault_reply, bytes, 1, WIRE_CERTIFICATE_MAX)}},
    [OP_KEY_UNWRAP] = {{BYTES(vault_request, unwrap, 1, WIRE_WRAPPED_MAX)},
                       {BYTES(vault_reply, bytes, 1, WIRE_KEY_MAX)}},
    [OP_SEAL] = {{BYTES(vault_request, seal.purpose, 1, WIRE_PURPOSE_MAX),
                  BYTES(vault_request, seal.bytes, 1, VAULT_SEAL_MAX)},
                 {BYTES(vault_reply, bytes, 1, VAULT_SEAL_MAX + VAULT_SEAL_MORE)}},
    [OP_OPEN] = {{BYTES(vault_request, seal.purpose, 1, WIRE_PURPOSE_MAX),
                  BYTES(vault_request, seal.bytes, 1, VAULT_SEAL_MAX + VAULT_SEAL_MORE)},
                 {BYTES(vault_reply, bytes, 1, VAULT_SEAL_MAX)}},
    [OP_PUSH_SIGN] = {{BYTES(vault_request, sign, 1, VAULT_PUSH_SIGN_MAX)},
                      {BYTES(vault_reply, bytes, 1, WIRE_SIGNATURE_MAX)}},
};

static const struct field fault_fields[] = {BYTES(vault_reply, detail, 0, WIRE_DETAIL_MAX), {0}};

/* ---- numbers ------------------------------------------------------------------- */

static void put_number(char *to, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++)
        to[i] = (char)(number >> (8 * (width - 1 - i)));
}

static uint64_t get_number(const char *from, size_t width)
{
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++)
        number = number << 8 | (unsigned char)from[i];
    return number;
}

/* ---- fields -------------------------------------------------------------------- */

static int malformed(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_VAULT_FAILED, "vault message: %s", what);
}

static int limit(struct fault *fault, const struct field *field, size_t len)
{
    return fault_set(fault, ERR_LIMIT, FINDING_VAULT_FAILED,
                     "vault message: %s has %zu bytes, %zu to %zu are allowed", field->name, len,
                     field->min, field->max);
}

static int parse_fields(struct slice rest, const struct field *fields, void *into,
                        struct fault *fault)
{
    for (const struct field *field = fields; field->kind != FIELD_END; field++) {
        size_t width = field->kind == FIELD_NUMBER ? 8 : 4;
        if (rest.len < width)
            return malformed(fault, "it ends within a field");
        uint64_t number = get_number(rest.at, width);
        rest = slice_from(rest, width);
        if (field->kind == FIELD_NUMBER) {
            memcpy((char *)into + field->offset, &number, sizeof number);
            continue;
        }
        if (number < field->min || number > field->max)
            return limit(fault, field, number);
        if (number > rest.len)
            return malformed(fault, "it ends within a field");
        struct slice bytes = slice_head(rest, number);
        memcpy((char *)into + field->offset, &bytes, sizeof bytes);
        rest = slice_from(rest, number);
    }
    return rest.len == 0 ? 0 : malformed(fault, "bytes follow the last field");
}

static int print_fields(const void *from, const struct field *fields, char *to, size_t *len,
                        struct fault *fault)
{
    for (const struct field *field = fields; field->kind != FIELD_END; field++) {
        const char *at = (const char *)from + field->offset;
        if (field->kind == FIELD_NUMBER) {
            uint64_t number;
            memcpy(&number, at, sizeof number);
            put_number(to + *len, number, 8);
            *len += 8;
            continue;
        }
        struct slice bytes;
        memcpy(&bytes, at, sizeof bytes);
        if (bytes.len < field->min || bytes.len > field->max)
            return limit(fault, field, bytes.len);
        put_number(to + *len, bytes.len, 4);
        if (bytes.len)
            memcpy(to + *len + 4, bytes.at, bytes.len);
        *len += 4 + bytes.len;
    }
    return 0;
}

/* ---- messages -------------------------------------------------------------------- */

static int parse_header(struct slice packet, enum vault_op *op_out, uint32_t *id_out,
                        unsigned *error_out, struct fault *fault)
{
    if (packet.len < WIRE_HEADER)
        return malformed(fault, "it is shorter than a header");
    *id_out = (uint32_t)get_number(packet.at + 4, 4);
    *error_out = (unsigned)get_number(packet.at + 2, 2);
    if (packet.at[0] != WIRE_VERSION)
        return malformed(fault, "unknown version");
    unsigned op = (unsigned char)packet.at[1];
    if (op >= OP_COUNT)
        return malformed(fault, "unknown operation");
    *op_out = (enum vault_op)op;
    if (packet.len > WIRE_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_VAULT_FAILED, "vault message of %zu bytes",
                         packet.len);
    return 0;
}

static void print_header(char *to, enum vault_op op, uint32_t id, unsigned error)
{
    put_number(to, WIRE_VERSION, 1);
    put_number(to + 1, op, 1);
    put_number(to + 2, error, 2);
    put_number(to + 4, id, 4);
}

int wire_parse_request(struct slice packet, struct vault_request *request_out, struct fault *fault)
{
    unsigned error = 0;
    *request_out = (struct vault_request){0};
    int result = parse_header(packet, &request_out->op, &request_out->id, &error, fault);
    if (result == 0 && error != 0)
        result = malformed(fault, "a request with an error");
    if (result == 0)
        result = parse_fields(slice_from(packet, WIRE_HEADER), operations[request_out->op].request,
                              request_out, fault);
    return result;
}

int wire_parse_reply(struct slice packet, struct vault_reply *reply_out, struct fault *fault)
{
    unsigned error = 0;
    *reply_out = (struct vault_reply){0};
    int result = parse_header(packet, &reply_out->op, &reply_out->id, &error, fault);
    if (result != 0)
        return result;
    struct slice rest = slice_from(packet, WIRE_HEADER);
    if (error == 0)
        return parse_fields(rest, operations[reply_out->op].reply, reply_out, fault);
    if (error > ERR_INTERNAL || rest.len < 4 || get_number(rest.at, 4) >= FINDING_COUNT)
        return malformed(fault, "unknown error or finding");
    reply_out->err = -(int)error;
    reply_out->finding = (enum finding)get_number(rest.at, 4);
    return parse_fields(slice_from(rest, 4), fault_fields, reply_out, fault);
}

int wire_print_request(const struct vault_request *request, char *to, size_t *len_out,
                       struct fault *fault)
{
    print_header(to, request->op, request->id, 0);
    *len_out = WIRE_HEADER;
    return print_fields(request, operations[request->op].request, to, len_out, fault);
}

int wire_print_reply(const struct vault_reply *reply, char *to, size_t *len_out,
                     struct fault *fault)
{
    print_header(to, reply->op, reply->id, (unsigned)-reply->err);
    *len_out = WIRE_HEADER;
    if (reply->err == 0)
        return print_fields(reply, operations[reply->op].reply, to, len_out, fault);
    put_number(to + *len_out, reply->finding, 4);
    *len_out += 4;
    return print_fields(reply, fault_fields, to, len_out, fault);
}
