/* For the gate's test: a whole sign-in between a gate and our client half. */
#ifndef LYCHGATE_AUTH_TESTING_WIRE_PRIV_H
#define LYCHGATE_AUTH_TESTING_WIRE_PRIV_H

#include "auth/gate.h"
#include "auth/testing_sip_priv.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A connection: our gate at one end, our client half at the other. */
struct wire {
    struct arena *arena;
    struct tlsdsk_context *server, *client;
    struct gate_settings settings;
    struct gate *gate;
    struct testing_directory directory;
    struct testing_message message; /* what the client varies */
    int64_t now;
    struct gate_verdict verdict;
};

static inline int setup(void **state)
{
    struct wire *wire = must_calloc(1, sizeof *wire);
    wire->arena = arena_new();
    wire->server = testing_context(true, 0, NULL);
    wire->client = testing_context(false, TLS1_VERSION, "AES128-SHA");
    wire->settings = (struct gate_settings){
        .context = wire->server, .targetname = TESTING_TARGET, .sts_uri = TESTING_STS_URI};
    wire->gate = gate_new(&wire->settings);
    wire->now = TEST_NOW;
    *state = wire;
    return 0;
}

static inline int teardown(void **state)
{
    struct wire *wire = *state;
    gate_free(wire->gate);
    tlsdsk_context_free(wire->server);
    tlsdsk_context_free(wire->client);
    arena_free(wire->arena);
    free(wire);
    return 0;
}

static inline enum gate_action send_message(struct wire *wire, const struct sip_message *message)
{
    gate_step(wire->gate, message, wire->now, wire->arena, &wire->verdict);
    return wire->verdict.action;
}

static inline enum gate_action send_plain(struct wire *wire, struct testing_message m)
{
    return send_message(wire, testing_sip(wire->arena, &m));
}

/* The challenge in the last verdict. */
static inline struct challenge offered(struct wire *wire)
{
    struct challenge challenge;
    struct fault fault = {0};
    assert_int_equal(wire->verdict.action, GATE_CHALLENGE);
    assert_int_equal(wire->verdict.status, 401);
    assert_int_equal(wire->verdict.header_count, 1);
    assert_string_equal(wire->verdict.headers[0].name, "WWW-Authenticate");
    assert_int_equal(
        challenge_parse_value(wire->arena, wire->verdict.headers[0].value, &challenge, &fault), 0);
    return challenge;
}

static inline enum gate_action send_token(struct wire *wire, const struct challenge *challenge,
                                          struct slice token)
{
    struct testing_message m = wire->message;
    m.header = SLICE("Authorization");
    m.value = challenge_answer(wire->arena, challenge, token);
    return send_plain(wire, m);
}

/* The worker and the way back. */
static inline enum gate_action work(struct wire *wire)
{
    const struct gate_checks checks = {&wire->directory, testing_find};
    struct gate_work *w = wire->verdict.work;
    assert_int_equal(wire->verdict.action, GATE_HANDSHAKE);
    gate_work_run(w, &checks, wire->now);
    gate_step_done(wire->gate, w, wire->now, wire->arena, &wire->verdict);
    return wire->verdict.action;
}

/* The client up to its last token; yields the handshake, and in *challenge the
 * server's first flight answered. */
static inline struct tlsdsk *up_to_last_token(struct wire *wire, struct challenge *challenge,
                                              struct slice *token)
{
    struct buf out = BUF_INIT;
    struct fault fault = {0};
    assert_int_equal(send_plain(wire, wire->message), GATE_CHALLENGE);
    *challenge = offered(wire);
    struct tlsdsk *client = tlsdsk_new(wire->client);
    assert_int_equal(tlsdsk_step(client, (struct slice){0}, &out, &fault), TLSDSK_CONTINUE);
    assert_int_equal(send_token(wire, challenge, buf_slice(&out)), GATE_HANDSHAKE);
    assert_int_equal(work(wire), GATE_CHALLENGE);
    *challenge = offered(wire);
    buf_clear(&out);
    assert_int_equal(tlsdsk_step(client, challenge->token, &out, &fault), TLSDSK_CONTINUE);
    *token = arena_copy(wire->arena, buf_slice(&out));
    buf_free(&out);
    return client;
}

static inline struct association *client_half(struct wire *wire, struct tlsdsk *client,
                                              const struct challenge *challenge)
{
    struct tlsdsk_keys keys;
    (void)wire;
    assert_int_equal(tlsdsk_keys(client, &keys), 0);
    return association_new(&(struct association_options){.scheme = AUTH_TLS_DSK,
                                                         .version = challenge->version,
                                                         .opaque = challenge->opaque,
                                                         .realm = challenge->realm,
                                                         .targetname = challenge->targetname,
                                                         .keys = &keys,
                                                         .ends = INT64_MAX});
}

static inline struct association *sign_in(struct wire *wire)
{
    struct challenge challenge;
    struct slice token;
    struct fault fault = {0};
    scoped(tlsdsk) struct tlsdsk *client = up_to_last_token(wire, &challenge, &token);
    assert_int_equal(send_token(wire, &challenge, token), GATE_HANDSHAKE);
    assert_int_equal(work(wire), GATE_CHALLENGE); /* as SIPE wants it: a 401 once more */
    challenge = offered(wire);
    scoped(buf) struct buf none = BUF_INIT;
    assert_int_equal(tlsdsk_step(client, challenge.token, &none, &fault), TLSDSK_DONE);
    struct association *association = client_half(wire, client, &challenge);
    struct sip_message *m = testing_signed(wire->arena, association, wire->message);
    assert_int_equal(send_message(wire, m), GATE_PASS);
    assert_true(wire->verdict.established);
    return association;
}

#endif
