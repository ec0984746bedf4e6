/* A conversation: our client and our server half talk, and the input says what
 * happens to their bytes on the way. First byte: version and suite; then edits of
 * five bytes: leg, what, where (two bytes), value. Whatever is edited, a half that
 * says DONE has the other's certificate and the other's keys.
 * The input as it stands is also given to the server and to the repacker. */
#include "auth/testing_priv.h"

#include <openssl/ssl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    EDIT_LEN = 5,
    EDITS_MAX = 16,
    LEGS = 4
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct suite {
    int version;
    const char *cipher;
} suites[] = {{TLS1_VERSION, "AES128-SHA"},
              {TLS1_VERSION, "AES256-SHA"},
              {TLS1_2_VERSION, "AES128-GCM-SHA256"},
              {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384"}};
enum {
    SUITES = sizeof suites / sizeof *suites
};

static const struct tlsdsk_context *context_of(size_t suite, bool server)
{
    static struct tlsdsk_context *contexts[SUITES][2];
    if (!contexts[suite][server])
        contexts[suite][server] =
            testing_context(server, suites[suite].version, suites[suite].cipher);
    return contexts[suite][server];
}

static void edit(struct buf *wire, const uint8_t *op)
{
    size_t at = wire->len ? (size_t)(op[2] << 8 | op[3]) % wire->len : 0;
    scoped(buf) struct buf tail = BUF_INIT;
    switch (op[1] % 5) {
    case 0: /* alter */
        if (wire->len)
            wire->at[at] = (char)(wire->at[at] ^ op[4]);
        break;
    case 1: /* cut */
        wire->len = at;
        break;
    case 2: /* leave out */
        buf_add(&tail, slice_from(buf_slice(wire), at + op[4]));
        wire->len = at;
        buf_add(wire, buf_slice(&tail));
        break;
    case 3: /* put in */
        buf_add(&tail, slice_from(buf_slice(wire), at));
        wire->len = at;
        buf_add_byte(wire, (char)op[4]);
        buf_add(wire, buf_slice(&tail));
        break;
    default: /* say it twice */
        buf_add(&tail, buf_slice(wire));
        buf_add(wire, buf_slice(&tail));
        break;
    }
}

static void edits_of_leg(struct buf *wire, size_t leg, const uint8_t *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ops[i * EDIT_LEN] % LEGS == leg)
            edit(wire, ops + i * EDIT_LEN);
}

static void check(const struct tlsdsk *client, const struct tlsdsk *server)
{
    struct tlsdsk_keys c, s;
    bool client_done = tlsdsk_keys(client, &c) == 0;
    if (tlsdsk_keys(server, &s) < 0) {
        must(!client_done); /* the server is done first */
        must(tlsdsk_peer(server) == NULL);
        return;
    }
    must(X509_cmp(tlsdsk_peer(server), testing_identity()->certificate) == 0);
    if (client_done)
        must(memcmp(&c.client, &s.client, SIGN_KEY_LEN) == 0 &&
             memcmp(&c.server, &s.server, SIGN_KEY_LEN) == 0 && c.hash == s.hash);
}

static void converse(size_t suite, const uint8_t *ops, size_t count)
{
    scoped(tlsdsk) struct tlsdsk *client = tlsdsk_new(context_of(suite, false));
    scoped(tlsdsk) struct tlsdsk *server = tlsdsk_new(context_of(suite, true));
    scoped(buf) struct buf wire = BUF_INIT;
    struct fault fault = {0};
    int state = tlsdsk_step(client, (struct slice){0}, &wire, &fault);
    for (size_t leg = 0; leg < LEGS && state >= 0; leg++) {
        scoped(buf) struct buf answer = BUF_INIT;
        edits_of_leg(&wire, leg, ops, count);
        state = tlsdsk_step(leg % 2 ? client : server, buf_slice(&wire), &answer, &fault);
        must(state >= 0 || fault.finding == FINDING_TLSDSK_HANDSHAKE);
        buf_clear(&wire);
        buf_add(&wire, buf_slice(&answer));
    }
    check(client, server);
    must(count > 0 || state == TLSDSK_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = {0};
    if (size == 0)
        return 0;
    size_t edits = (size - 1) / EDIT_LEN;
    converse(data[0] % SUITES, data + 1, edits < EDITS_MAX ? edits : EDITS_MAX);

    scoped(tlsdsk) struct tlsdsk *server = tlsdsk_new(context_of(0, true));
    scoped(buf) struct buf out = BUF_INIT, repacked = BUF_INIT;
    must(tlsdsk_step(server, slice_make(data, size), &out, &fault) != TLSDSK_DONE);
    if (tlsdsk_repack(slice_make(data, size), &repacked) == 0) {
        scoped(buf) struct buf again = BUF_INIT;
        must(tlsdsk_repack(buf_slice(&repacked), &again) == 0);
        must(slice_eq(buf_slice(&repacked), buf_slice(&again)));
    }
    return 0;
}
