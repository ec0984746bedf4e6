/* The inner handshakes of a connection: [MS-SIPAE] 3.3.5.1 and 3.3.5.2. A
 * handshake is known by its opaque, as the association that comes of it will be,
 * and goes to a worker and back with each of its tokens. */
#include "auth/gate_priv.h"

#include "base/encode.h"
#include "base/random.h"

#include <openssl/asn1.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    HANDSHAKES_MAX = 4,
    HANDSHAKE_MS = 60000
};

/* ---- the handshakes under way --------------------------------------------------------- */

void gate_handshake_free(struct handshake *handshake)
{
    if (!handshake)
        return;
    tlsdsk_free(handshake->tlsdsk);
    free(handshake);
}

static void drop(struct gate *gate, size_t at)
{
    gate_handshake_free(gate->handshakes[at]);
    memmove(gate->handshakes + at, gate->handshakes + at + 1,
            (gate->handshake_count - at - 1) * sizeof *gate->handshakes);
    gate->handshake_count--;
}

/* One that a worker has is left alone: its work will come back to it. */
static void drop_waiting(struct gate *gate, bool (*is)(const struct handshake *, const void *),
                         const void *arg)
{
    for (size_t i = gate->handshake_count; i-- > 0;)
        if (gate->handshakes[i]->phase == PHASE_WAITING && is(gate->handshakes[i], arg))
            drop(gate, i);
}

static bool begun_before(const struct handshake *handshake, const void *arg)
{
    return handshake->begun <= *(const int64_t *)arg;
}

static bool of_endpoint(const struct handshake *handshake, const void *arg)
{
    const struct endpoint *endpoint = arg;
    return strcmp(handshake->endpoint.account, endpoint->account) == 0 &&
           strcmp(handshake->endpoint.epid, endpoint->epid) == 0 &&
           strcmp(handshake->endpoint.instance, endpoint->instance) == 0;
}

void gate_handshake_expire(struct gate *gate, int64_t now)
{
    int64_t span = gate->settings->handshake_ms ? gate->settings->handshake_ms : HANDSHAKE_MS;
    int64_t begun = now - span;
    drop_waiting(gate, begun_before, &begun);
}

static struct handshake *find(const struct gate *gate, struct slice opaque)
{
    for (size_t i = 0; i < gate->handshake_count; i++)
        if (slice_eq(slice_of(gate->handshakes[i]->opaque), opaque))
            return gate->handshakes[i];
    return NULL;
}

static bool opaque_taken(const struct gate *gate, struct slice opaque)
{
    for (size_t i = 0; i < gate->association_count; i++)
        if (slice_eq(association_opaque(gate->associations[i]), opaque))
            return true;
    return find(gate, opaque) != NULL;
}

static struct handshake *add(struct gate *gate, const struct endpoint *endpoint, int64_t now)
{
    struct handshake *handshake = must_calloc(1, sizeof *handshake);
    uint32_t name;
    do {
        random_fill(&name, sizeof name);
        snprintf(handshake->opaque, sizeof handshake->opaque, "%08X", name);
    } while (opaque_taken(gate, slice_of(handshake->opaque)));
    handshake->begun = now;
    handshake->endpoint = *endpoint;
    handshake->tlsdsk = tlsdsk_new(gate->settings->context);
    gate->handshakes =
        must_realloc(gate->handshakes, (gate->handshake_count + 1) * sizeof *gate->handshakes);
    gate->handshakes[gate->handshake_count++] = handshake;
    return handshake;
}

/* ---- the worker's part ----------------------------------------------------------------- */

void gate_work_free(struct gate_work *work)
{
    if (!work)
        return;
    tlsdsk_free(work->tlsdsk);
    buf_free(&work->in);
    buf_free(&work->out);
    free(work);
}

/* End of validity in ms since the epoch; the past if unreadable. */
static int64_t not_after(const X509 *certificate)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm) * 1000;
}

static int check_peer(struct gate_work *work, const struct gate_checks *checks, int64_t now)
{
    X509 *peer = tlsdsk_peer(work->tlsdsk);
    struct gate_certificate *known = &work->certificate;
    unsigned len = 0;
    if (X509_digest(peer, EVP_sha256(), work->fingerprint, &len) != 1)
        return fault_set(&work->fault, ERR_INTERNAL, FINDING_INTERNAL, "certificate digest");
    int err =
        checks->find_certificate(checks->arg, work->fingerprint, peer, now, known, &work->fault);
    if (err < 0)
        return err;
    int64_t ends = not_after(peer);
    if (known->expires == 0 || ends < known->expires)
        known->expires = ends;
    if (known->expires <= now)
        return fault_set(&work->fault, ERR_EXPIRED, FINDING_CERT_EXPIRED, "certificate of %s",
                         known->account);
    if (!slice_eq_nocase(slice_of(known->account), slice_of(work->endpoint.account)))
        return fault_set(&work->fault, ERR_DENIED, FINDING_CLAIM_MISMATCH,
                         "From %s, the certificate is for %s", work->endpoint.account,
                         known->account);
    if (work->bind_device && known->device[0] && work->endpoint.instance[0] &&
        !slice_eq_nocase(slice_of(known->device), slice_of(work->endpoint.instance)))
        return fault_set(&work->fault, ERR_DENIED, FINDING_CLAIM_MISMATCH,
                         "the certificate was issued to device %s, not %s", known->device,
                         work->endpoint.instance);
    return 0;
}

void gate_work_run(struct gate_work *work, const struct gate_checks *checks, int64_t now)
{
    work->state = tlsdsk_step(work->tlsdsk, buf_slice(&work->in), &work->out, &work->fault);
    if (work->state == TLSDSK_DONE) {
        int err = check_peer(work, checks, now);
        if (err < 0)
            work->state = err;
    }
}

/* ---- phases ------------------------------------------------------------------------------ */

enum input {
    INPUT_TOKEN_FIRST, /* from the client, without opaque */
    INPUT_TOKEN_NEXT,  /* with the opaque of a handshake */
    INPUT_CONTINUE,    /* from the worker */
    INPUT_DONE,
    INPUT_FAILED,
    INPUTS
};

struct step {
    struct gate *gate;
    struct handshake *handshake; /* NULL in PHASE_NONE */
    struct slice token;          /* client's inputs: decoded */
    const struct endpoint *endpoint;
    struct gate_work *work; /* worker's inputs */
    int64_t now;
    struct arena *arena;
    struct gate_verdict *verdict;
};

static void hand_out(struct step *step)
{
    struct handshake *handshake = step->handshake;
    struct gate_work *work = must_calloc(1, sizeof *work);
    memcpy(work->opaque, handshake->opaque, sizeof work->opaque);
    work->endpoint = handshake->endpoint;
    work->bind_device = step->gate->settings->bind_device;
    work->tlsdsk = take(&handshake->tlsdsk);
    buf_add(&work->in, step->token);
    step->verdict->action = GATE_HANDSHAKE;
    step->verdict->work = work;
}

static void begin(struct step *step)
{
    struct gate *gate = step->gate;
    drop_waiting(gate, of_endpoint, step->endpoint); /* it starts over */
    if (gate->handshake_count >= gate_limit(gate->settings->handshakes_max, HANDSHAKES_MAX)) {
        fault_set(&step->verdict->fault, ERR_BUSY, FINDING_TLSDSK_HANDSHAKE,
                  "%u handshakes are under way on this connection", gate->handshake_count);
        gate_challenge(gate, step->arena, step->verdict);
        return;
    }
    step->handshake = add(gate, step->endpoint, step->now);
    hand_out(step);
}

/* The same opaque under another name would bind the keys to the wrong endpoint. */
static void resume(struct step *step)
{
    if (of_endpoint(step->handshake, step->endpoint)) {
        hand_out(step);
        return;
    }
    fault_set(&step->verdict->fault, ERR_CONFLICT, FINDING_TLSDSK_HANDSHAKE,
              "the handshake was begun by %s, not %s", step->handshake->endpoint.account,
              step->endpoint->account);
    gate_challenge(step->gate, step->arena, step->verdict);
}

/* 401 with our records: the handshake goes on, or the association exists and the
 * client's next REGISTER must be signed. Both look the same to the client. */
static void answer(struct step *step)
{
    const struct challenge next = {
        .scheme = AUTH_TLS_DSK,
        .version = SIGN_VERSION_MAX,
        .realm = SLICE(AUTH_REALM),
        .targetname = slice_of(step->gate->settings->targetname),
        .opaque = slice_of(step->work->opaque),
        .token = buf_slice(&step->work->out),
    };
    gate_add_challenge(step->arena, &next, step->verdict);
}

static void go_on(struct step *step)
{
    step->handshake->tlsdsk = take(&step->work->tlsdsk);
    answer(step);
}

static void establish(struct step *step)
{
    struct gate_work *work = step->work;
    struct tlsdsk_keys keys;
    if (tlsdsk_keys(work->tlsdsk, &keys) < 0)
        abort(); /* DONE means that there are keys */
    const struct association_options options = {
        .server = true,
        .scheme = AUTH_TLS_DSK,
        .version = SIGN_VERSION_MAX,
        .opaque = slice_of(work->opaque),
        .realm = SLICE(AUTH_REALM),
        .targetname = slice_of(step->gate->settings->targetname),
        .keys = &keys,
        .ends = association_end(step->now, work->certificate.expires),
        .account = slice_of(work->certificate.account),
        .epid = slice_of(work->endpoint.epid),
        .instance = slice_of(work->endpoint.instance),
    };
    gate_keep(step->gate, association_new(&options), step->now);
    tlsdsk_keys_wipe(&keys);
    answer(step);
}

static void reject(struct step *step)
{
    step->verdict->fault = step->work->fault;
    gate_refuse(step->gate, step->arena, step->verdict);
}

static const struct transition {
    enum phase phase;
    enum input input;
    void (*act)(struct step *step);
    enum phase next;
} transitions[] = {
    {PHASE_NONE, INPUT_TOKEN_FIRST, begin, PHASE_WORKING},
    {PHASE_WAITING, INPUT_TOKEN_NEXT, resume, PHASE_WORKING},
    {PHASE_WORKING, INPUT_CONTINUE, go_on, PHASE_WAITING},
    {PHASE_WORKING, INPUT_DONE, establish, PHASE_NONE},
    {PHASE_WORKING, INPUT_FAILED, reject, PHASE_NONE},
};

/* What no row foresees (a token with an unknown opaque, or while a worker has the
 * handshake) is answered with the offer to start again. */
static void run(struct step *step, enum input input)
{
    enum phase phase = step->handshake ? step->handshake->phase : PHASE_NONE;
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++) {
        const struct transition *t = &transitions[i];
        if (t->phase != phase || t->input != input)
            continue;
        t->act(step);
        /* A client's input that was not taken leaves the handshake as it was. */
        bool taken = input >= INPUT_CONTINUE || step->verdict->action == GATE_HANDSHAKE;
        if (step->handshake && taken)
            step->handshake->phase = t->next;
        return;
    }
    fault_set(&step->verdict->fault, ERR_CONFLICT, FINDING_TLSDSK_HANDSHAKE,
              "gssapi-data out of order");
    gate_challenge(step->gate, step->arena, step->verdict);
}

/* ---- entries ------------------------------------------------------------------------------- */

static int read_token(const struct sip_auth *auth, const struct gate_settings *settings,
                      struct arena *arena, struct slice *token_out, struct fault *fault)
{
    if (!slice_eq(auth->realm, SLICE(AUTH_REALM)) ||
        !slice_eq_nocase(auth->targetname, slice_of(settings->targetname)))
        return fault_set(fault, ERR_DENIED, FINDING_TLSDSK_HANDSHAKE,
                         "realm or targetname is not ours: %.*s",
                         SLICE_ARG(slice_head(auth->targetname, 80)));
    if (auth->gssapi_data.len / 4 * 3 > TLSDSK_TOKEN_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_TLSDSK_HANDSHAKE, "gssapi-data is too large");
    if (base64_parse(arena, auth->gssapi_data, token_out) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_TLSDSK_HANDSHAKE,
                         "gssapi-data is not base64");
    return 0;
}

void gate_handshake(struct gate *gate, const struct sip_message *message,
                    const struct sip_auth *auth, int64_t now, struct arena *arena,
                    struct gate_verdict *verdict)
{
    struct endpoint endpoint = {0};
    struct slice token;
    if (gate_endpoint(message, arena, &endpoint, &verdict->fault) < 0 ||
        read_token(auth, gate->settings, arena, &token, &verdict->fault) < 0) {
        gate_refuse(gate, arena, verdict);
        return;
    }
    struct step step = {
        .gate = gate,
        .handshake = slice_empty(auth->opaque) ? NULL : find(gate, auth->opaque),
        .token = token,
        .endpoint = &endpoint,
        .now = now,
        .arena = arena,
        .verdict = verdict,
    };
    run(&step, slice_empty(auth->opaque) ? INPUT_TOKEN_FIRST : INPUT_TOKEN_NEXT);
}

void gate_step_done(struct gate *gate, struct gate_work *work, int64_t now, struct arena *arena,
                    struct gate_verdict *verdict_out)
{
    *verdict_out = (struct gate_verdict){0};
    struct step step = {
        .gate = gate,
        .handshake = find(gate, slice_of(work->opaque)),
        .work = work,
        .now = now,
        .arena = arena,
        .verdict = verdict_out,
    };
    run(&step, work->state == TLSDSK_CONTINUE ? INPUT_CONTINUE
               : work->state == TLSDSK_DONE   ? INPUT_DONE
                                              : INPUT_FAILED);
    for (size_t i = gate->handshake_count; i-- > 0;)
        if (gate->handshakes[i]->phase == PHASE_NONE)
            drop(gate, i);
    gate_work_free(work);
}
