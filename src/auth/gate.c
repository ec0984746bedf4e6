/* [MS-SIPAE] 3.3.5: what the server does with a message by its credentials. Two
 * departures from the letter, both for SIPE: only REGISTER is ever answered 401,
 * because a 401 to anything else makes it repeat the request without end; and a
 * certificate that is no good any more leads to a new offer rather than to 403,
 * so that the client gets itself a new one. */
#include "auth/gate.h"

#include "auth/gate_priv.h"
#include "base/encode.h"
#include "sip/reply.h"

#include <stdlib.h>
#include <string.h>

enum {
    ASSOCIATIONS_MAX = 16,
    STRIKES_MAX = 8
};

size_t gate_limit(size_t set, size_t otherwise)
{
    return set ? set : otherwise;
}

/* ---- life -------------------------------------------------------------------------- */

struct gate *gate_new(const struct gate_settings *settings)
{
    struct gate *gate = must_calloc(1, sizeof *gate);
    gate->settings = settings;
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    for (size_t i = 0; i < gate->association_count; i++)
        association_free(gate->associations[i]);
    for (size_t i = 0; i < gate->handshake_count; i++)
        gate_handshake_free(gate->handshakes[i]);
    free(gate->associations);
    free(gate->handshakes);
    free(gate);
}

/* ---- associations --------------------------------------------------------------------- */

static void drop(struct gate *gate, size_t at)
{
    association_free(gate->associations[at]);
    memmove(gate->associations + at, gate->associations + at + 1,
            (gate->association_count - at - 1) * sizeof *gate->associations);
    gate->association_count--;
}

void gate_forget(struct gate *gate, struct association *association)
{
    for (size_t i = 0; i < gate->association_count; i++)
        if (gate->associations[i] == association) {
            drop(gate, i);
            return;
        }
}

static void drop_ended(struct gate *gate, int64_t now)
{
    for (size_t i = gate->association_count; i-- > 0;)
        if (association_ends(gate->associations[i]) <= now)
            drop(gate, i);
}

void gate_keep(struct gate *gate, struct association *association, int64_t now)
{
    size_t max = gate_limit(gate->settings->associations_max, ASSOCIATIONS_MAX);
    drop_ended(gate, now);
    if (gate->association_count >= max) {
        size_t victim = 0; /* the oldest, unless one was never used at all */
        for (size_t i = gate->association_count; i-- > 0;)
            if (!association_confirmed(gate->associations[i]))
                victim = i;
        drop(gate, victim);
    }
    gate->associations = must_realloc(gate->associations,
                                      (gate->association_count + 1) * sizeof *gate->associations);
    gate->associations[gate->association_count++] = association;
}

static struct association *by_opaque(const struct gate *gate, struct slice opaque)
{
    for (size_t i = 0; i < gate->association_count; i++)
        if (slice_eq(association_opaque(gate->associations[i]), opaque))
            return gate->associations[i];
    return NULL;
}

/* Same account, and no name of the endpoint that differs. */
static bool is_of(const struct association *association, struct slice account, struct slice epid,
                  struct slice instance)
{
    struct slice e = association_epid(association), i = association_instance(association);
    return slice_eq_nocase(association_account(association), account) &&
           (slice_empty(e) || slice_empty(epid) || slice_eq_nocase(e, epid)) &&
           (slice_empty(i) || slice_empty(instance) || slice_eq_nocase(i, instance));
}

struct association *gate_find(const struct gate *gate, struct slice account, struct slice epid,
                              struct slice instance)
{
    for (size_t i = gate->association_count; i-- > 0;)
        if (association_confirmed(gate->associations[i]) &&
            is_of(gate->associations[i], account, epid, instance))
            return gate->associations[i];
    return NULL;
}

/* A new association replaces the endpoint's older ones, but only once the client
 * has shown that it has the keys: until then what we send must still be signed
 * with the old ones. */
static void retire_older(struct gate *gate, const struct association *confirmed)
{
    for (size_t i = gate->association_count; i-- > 0;) {
        const struct association *other = gate->associations[i];
        if (other != confirmed &&
            slice_eq(association_account(other), association_account(confirmed)) &&
            slice_eq(association_epid(other), association_epid(confirmed)) &&
            slice_eq(association_instance(other), association_instance(confirmed)))
            drop(gate, i);
    }
}

/* ---- verdicts ---------------------------------------------------------------------------- */

void gate_add_challenge(struct arena *arena, const struct challenge *challenge,
                        struct gate_verdict *verdict)
{
    verdict->action = GATE_CHALLENGE;
    verdict->status = 401;
    verdict->headers[verdict->header_count++] =
        (struct gate_header){"WWW-Authenticate", challenge_print(arena, challenge)};
}

/* True when that was one too many, and the verdict is DISCONNECT. */
static bool strike(struct gate *gate, struct gate_verdict *verdict)
{
    if (++gate->strikes < gate_limit(gate->settings->strikes_max, STRIKES_MAX))
        return false;
    verdict->action = GATE_DISCONNECT;
    verdict->status = 0;
    return true;
}

void gate_challenge(struct gate *gate, struct arena *arena, struct gate_verdict *verdict)
{
    if (verdict->fault.err != 0 && strike(gate, verdict))
        return;
    const struct challenge offer = {
        .scheme = AUTH_TLS_DSK,
        .version = SIGN_VERSION_MAX,
        .realm = SLICE(AUTH_REALM),
        .targetname = slice_of(gate->settings->targetname),
        .sts_uri = slice_of(gate->settings->sts_uri),
    };
    gate_add_challenge(arena, &offer, verdict);
}

void gate_refuse(struct gate *gate, struct arena *arena, struct gate_verdict *verdict)
{
    int status = finding_row(verdict->fault.finding)->sip;
    if (status == 401) {
        gate_challenge(gate, arena, verdict);
        return;
    }
    if (strike(gate, verdict))
        return;
    verdict->action = GATE_REFUSE;
    verdict->status = status ? status : 500;
}

void gate_reply(const struct gate_verdict *verdict, struct arena *arena, struct slice source,
                struct sip_reply *reply_out)
{
    sip_reply_init(reply_out, arena, verdict->status);
    reply_out->no_answer = verdict->status == 0;
    if (verdict->fault.err != 0) {
        sip_reply_fault(reply_out, &verdict->fault, source);
        reply_out->status = verdict->status;
    }
    for (size_t i = 0; i < verdict->header_count; i++)
        sip_reply_header(reply_out, verdict->headers[i].name, "%.*s",
                         SLICE_ARG(verdict->headers[i].value));
}

/* ---- who it says it is -------------------------------------------------------------------- */

static bool put(char *to, size_t size, struct slice text)
{
    if (text.len >= size)
        return false;
    if (text.len > 0)
        memcpy(to, text.at, text.len);
    to[text.len] = '\0';
    return true;
}

static struct slice instance_of(const struct sip_message *message)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    while (sip_contact_next(message, &it, &contact)) {
        struct slice instance = contact.instance;
        if (slice_starts_nocase(instance, SLICE("urn:uuid:")))
            instance = slice_from(instance, sizeof "urn:uuid:" - 1);
        if (!slice_empty(instance))
            return instance;
    }
    return (struct slice){0};
}

int gate_endpoint(const struct sip_message *message, struct arena *arena,
                  struct endpoint *endpoint_out, struct fault *fault)
{
    struct slice aor = {0};
    int err = sip_uri_aor(arena, &message->from.uri, &aor, fault);
    if (err < 0)
        return err;
    aor = slice_from(aor, sizeof "sip:" - 1);
    if (!put(endpoint_out->account, sizeof endpoint_out->account, aor))
        return fault_set(fault, ERR_LIMIT, FINDING_SIP_MALFORMED, "From: the address is too long");
    if (!put(endpoint_out->epid, sizeof endpoint_out->epid, message->from.epid) ||
        !put(endpoint_out->instance, sizeof endpoint_out->instance, instance_of(message)))
        return fault_set(fault, ERR_LIMIT, FINDING_ENDPOINT_ID_WRONG,
                         "epid or +sip.instance is too long");
    return 0;
}

/* ---- signed messages ------------------------------------------------------------------------ */

/* The signature says which keys were used; From, epid and +sip.instance must not
 * say otherwise, or one user could speak for another. In a response From is the
 * other side and says nothing. */
static int check_endpoint(const struct association *association, const struct sip_message *message,
                          struct arena *arena, struct fault *fault)
{
    struct endpoint endpoint;
    if (!sip_is_request(message))
        return 0;
    int err = gate_endpoint(message, arena, &endpoint, fault);
    if (err < 0)
        return err;
    if (!slice_eq_nocase(slice_of(endpoint.account), association_account(association)))
        return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH, "From %s, signed in as %.*s",
                         endpoint.account, SLICE_ARG(association_account(association)));
    bool registers = message->method == SIP_REGISTER;
    if (!is_of(association, slice_of(endpoint.account), slice_of(endpoint.epid),
               slice_of(registers ? endpoint.instance : "")))
        return fault_set(fault, ERR_DENIED, FINDING_ENDPOINT_ID_WRONG,
                         "the association is another endpoint's (epid %.*s)",
                         SLICE_ARG(association_epid(association)));
    return 0;
}

static int verify(struct gate *gate, const struct sip_message *message, const struct sip_auth *auth,
                  int64_t now, struct gate_verdict *verdict)
{
    struct association *association = by_opaque(gate, auth->opaque);
    if (!association)
        return fault_set(&verdict->fault, ERR_UNKNOWN, FINDING_ASSOCIATION_ENDED,
                         "no association of this connection has opaque %.*s",
                         SLICE_ARG(slice_head(auth->opaque, 16)));
    bool first = !association_confirmed(association);
    int err = association_verify(association, auth, message, now, &verdict->fault);
    if (err < 0)
        return err;
    verdict->association = association;
    verdict->established = first;
    if (first)
        retire_older(gate, association);
    gate->strikes = 0;
    return 0;
}

/* ---- the table: kind of message by its credentials ---------------------------------------- */

enum kind {
    KIND_REGISTER,
    KIND_REQUEST,
    KIND_NEGOTIATE, /* asks for compression, before anybody signs in */
    KIND_QUIET,     /* ACK, CANCEL: nothing may answer them */
    KIND_RESPONSE,
    KINDS
};

enum credentials {
    CREDENTIALS_NONE,
    CREDENTIALS_TOKEN,
    CREDENTIALS_SIGNED,
    CREDENTIALS_KINDS
};

struct asked {
    struct gate *gate;
    const struct sip_message *message;
    const struct sip_auth *auth;
    int64_t now;
    struct arena *arena;
    struct gate_verdict *verdict;
};

static void offer(const struct asked *asked)
{
    gate_challenge(asked->gate, asked->arena, asked->verdict);
}

static void token(const struct asked *asked)
{
    gate_handshake(asked->gate, asked->message, asked->auth, asked->now, asked->arena,
                   asked->verdict);
}

static void hang_up(const struct asked *asked)
{
    struct gate_verdict *verdict = asked->verdict;
    if (verdict->fault.err == 0)
        fault_set(&verdict->fault, ERR_DENIED, FINDING_AUTH_NEEDED,
                  "%.*s before a REGISTER was accepted", SLICE_ARG(asked->message->method_text));
    verdict->action = GATE_DISCONNECT;
}

static void ignore(const struct asked *asked)
{
    asked->verdict->action = GATE_IGNORE;
    if (asked->verdict->fault.err != 0)
        strike(asked->gate, asked->verdict);
}

static void no_compression(const struct asked *asked)
{
    fault_set(&asked->verdict->fault, ERR_UNSUPPORTED, FINDING_SIP_METHOD, "NEGOTIATE");
    gate_refuse(asked->gate, asked->arena, asked->verdict);
}

typedef void act(const struct asked *asked);

/* What to do with a message that is not verified, because it is not signed or
 * because the signature is no good. */
static act *const unsigned_row[KINDS] = {
    [KIND_REGISTER] = offer, [KIND_REQUEST] = hang_up, [KIND_NEGOTIATE] = no_compression,
    [KIND_QUIET] = ignore,   [KIND_RESPONSE] = ignore,
};

static void check(const struct asked *asked);

static act *const table[KINDS][CREDENTIALS_KINDS] = {
    [KIND_REGISTER] = {offer, token, check},
    [KIND_REQUEST] = {hang_up, hang_up, check},
    [KIND_NEGOTIATE] = {no_compression, no_compression, no_compression},
    [KIND_QUIET] = {ignore, ignore, check},
    [KIND_RESPONSE] = {ignore, ignore, check},
};

static enum kind kind_of(const struct sip_message *message)
{
    if (!sip_is_request(message))
        return KIND_RESPONSE;
    switch (message->method) {
    case SIP_REGISTER:
        return KIND_REGISTER;
    case SIP_NEGOTIATE:
        return KIND_NEGOTIATE;
    case SIP_ACK:
    case SIP_CANCEL:
        return KIND_QUIET;
    default:
        return KIND_REQUEST;
    }
}

static void check(const struct asked *asked)
{
    struct gate_verdict *verdict = asked->verdict;
    if (verify(asked->gate, asked->message, asked->auth, asked->now, verdict) < 0) {
        unsigned_row[kind_of(asked->message)](asked);
        return;
    }
    verdict->action = GATE_PASS;
    if (check_endpoint(verdict->association, asked->message, asked->arena, &verdict->fault) == 0)
        return;
    if (kind_of(asked->message) == KIND_QUIET)
        ignore(asked);
    else
        gate_refuse(asked->gate, asked->arena, verdict);
}

static enum credentials credentials_of(const struct sip_auth *auth)
{
    if (!slice_empty(auth->gssapi_data))
        return CREDENTIALS_TOKEN;
    return slice_absent(auth->response) ? CREDENTIALS_NONE : CREDENTIALS_SIGNED;
}

void gate_step(struct gate *gate, const struct sip_message *message, int64_t now,
               struct arena *arena, struct gate_verdict *verdict_out)
{
    struct sip_auth auth = {0};
    *verdict_out = (struct gate_verdict){0};
    gate_handshake_expire(gate, now);
    bool has = sip_credentials(message, auth_scheme_print(AUTH_TLS_DSK), &auth);
    const struct asked asked = {gate, message, &auth, now, arena, verdict_out};
    table[kind_of(message)][has ? credentials_of(&auth) : CREDENTIALS_NONE](&asked);
}
