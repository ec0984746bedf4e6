/* What gate.c (verdicts) and handshake.c (the inner handshakes under way) share. */
#ifndef LYCHGATE_AUTH_GATE_PRIV_H
#define LYCHGATE_AUTH_GATE_PRIV_H

#include "auth/challenge.h"
#include "auth/gate.h"
#include "base/buf.h"
#include "sip/message.h"

/* Who a REGISTER says it is, before anything is proved. */
struct endpoint {
    char account[GATE_ACCOUNT_MAX]; /* address of record without "sip:" */
    char epid[64];
    char instance[GATE_DEVICE_MAX]; /* without urn:uuid: */
};

enum phase {
    PHASE_NONE,    /* no handshake of that opaque */
    PHASE_WORKING, /* a worker has it */
    PHASE_WAITING, /* for the client's next token */
    PHASES
};

struct handshake {
    char opaque[ASSOCIATION_OPAQUE_LEN + 1];
    enum phase phase;
    struct tlsdsk *tlsdsk; /* owned; with the work while PHASE_WORKING */
    int64_t begun;
    struct endpoint endpoint;
};

struct gate_work {
    char opaque[ASSOCIATION_OPAQUE_LEN + 1];
    struct tlsdsk *tlsdsk; /* owned */
    struct buf in, out;
    struct endpoint endpoint;
    bool bind_device;
    int state; /* enum tlsdsk_state, or negative enum err with fault */
    struct fault fault;
    struct gate_certificate certificate;
    uint8_t fingerprint[ASSOCIATION_FINGERPRINT_LEN];
};

struct gate {
    const struct gate_settings *settings;
    struct association **associations; /* owned; oldest first */
    struct handshake **handshakes;     /* owned; oldest first */
    uint32_t association_count, handshake_count;
    unsigned strikes;
};

/* A REGISTER with a token: begin or go on with a handshake. */
void gate_handshake(struct gate *gate, const struct sip_message *message,
                    const struct sip_auth *auth, int64_t now, struct arena *arena,
                    struct gate_verdict *verdict);

/* Drop handshakes that took too long. */
void gate_handshake_expire(struct gate *gate, int64_t now);

void gate_handshake_free(struct handshake *handshake);

/* Verdicts. gate_challenge() offers from the beginning; with a fault it is a
 * strike, and the last strike turns it into DISCONNECT. */
void gate_challenge(struct gate *gate, struct arena *arena, struct gate_verdict *verdict);
void gate_refuse(struct gate *gate, struct arena *arena, struct gate_verdict *verdict);
void gate_add_challenge(struct arena *arena, const struct challenge *challenge,
                        struct gate_verdict *verdict);

/* Add a new association, making room if need be. */
void gate_keep(struct gate *gate, struct association *association, int64_t now);

/* The endpoint that a request names; -ERR_MALFORMED with *fault when From is no
 * address of ours to have. */
int gate_endpoint(const struct sip_message *message, struct arena *arena,
                  struct endpoint *endpoint_out, struct fault *fault);

size_t gate_limit(size_t set, size_t otherwise);

#endif
