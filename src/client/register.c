/* From the pool's name to the signed 200: TLS, REGISTER, 401, TLS-DSK, REGISTER
 * ([MS-SIPAE] section 3.2.5, signin.md sections 6 and 7). */
#include "client/signin_priv.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

/* ---- TLS to the pool ----------------------------------------------------------------- */

/* Where to go on when this pool is of no use. */
static enum signin_step way_back(const struct lychgate *gate)
{
    if (gate->recalled)
        return STEP_DISCOVER;
    if (!slice_empty(gate->set.server_host) || !gate->by_dns)
        return STEP_NONE;
    return STEP_DISCOVER;
}

static void end_talk(struct lychgate *gate)
{
    wire_close(gate->wire);
    association_free(gate->association);
    gate->wire = NULL;
    gate->association = NULL;
}

static int connect_to_pool(struct lychgate *gate, const struct pool *pool, struct fault *fault)
{
    struct reach reach;
    int err = reaches_find(gate->reaches, pool->host, pool->port, &reach, fault);
    if (err)
        return err;
    gate->pool_name = reach_print(gate->arena, pool->host, pool->port);
    report_begin(&gate->report, "connect", "TLS to %.*s", SLICE_ARG(gate->pool_name));
    report_whom(&gate->report, reach_print(gate->arena, reach.host, reach.port));
    gate->wire = wire_open(&(struct wire_options){.tls = gate->tls,
                                                  .host = pool->host,
                                                  .port = pool->port,
                                                  .reach = &reach,
                                                  .timeout_ms = gate->set.timeout_ms,
                                                  .stop_fd = gate->stop_fd,
                                                  .trace = gate->trace},
                           fault);
    if (!gate->wire)
        return fault->err;
    report_whom(&gate->report, wire_peer(gate->wire));
    report_good(&gate->report, "%.*s", SLICE_ARG(wire_security(gate->wire)));
    return 0;
}

int signin_pool(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    end_talk(gate);
    *next = STEP_CHALLENGE;
    /* Call-ID is one for all REGISTERs of a connection; a new one must not look like
     * the continuation of an old. */
    gate->call_id = random_hex(gate->arena, 32);
    gate->cseq = 0;
    while (gate->pool_next < gate->pool_count) {
        const struct pool *pool = &gate->pools[gate->pool_next++];
        if (connect_to_pool(gate, pool, fault) == 0)
            return 0;
        if (gate->pool_next < gate->pool_count)
            report_bad(&gate->report, "connect", LYCHGATE_PASSED, fault);
    }
    gate->instead = way_back(gate);
    gate->recalled = false;
    return fault->err;
}

/* ---- the first REGISTER -------------------------------------------------------------------- */

static void begin_register(struct lychgate *gate, const char *step, const char *what)
{
    report_begin(&gate->report, step, "REGISTER %.*s%s", SLICE_ARG(gate->set.sip_uri), what);
    report_whom(&gate->report, gate->pool_name);
}

static int take_challenge(struct lychgate *gate, const struct sip_message *answer,
                          struct fault *fault)
{
    struct challenge_list list;
    int err = challenge_parse(gate->arena, answer, &list, fault);
    if (err)
        return err;
    const struct challenge *offer = challenge_find(&list, AUTH_TLS_DSK);
    if (!offer)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_CHALLENGE_UNUSABLE,
                         "%zu schemes are offered, and TLS-DSK is not among them", list.count);
    struct slice *parts[] = {&gate->challenge.realm, &gate->challenge.targetname,
                             &gate->challenge.opaque, &gate->challenge.sts_uri,
                             &gate->challenge.token};
    struct challenge before = gate->challenge;
    gate->challenge = *offer;
    /* The slices are the message's, which is gone with the next one. */
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        *parts[i] = arena_copy(gate->arena, *parts[i]);
    if (slice_empty(gate->challenge.sts_uri)) /* it need not be said twice */
        gate->challenge.sts_uri = before.sts_uri;
    return 0;
}

int signin_challenge(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    struct sip_message answer;
    gate->instead = way_back(gate);
    *next = STEP_CERTIFICATE;
    gate->challenge = (struct challenge){0};
    begin_register(gate, "challenge", "");
    int err = dialogue_register(gate, &(struct dialogue_register){0}, &answer, fault);
    if (err == 0 && answer.status != 401 && answer.status != 407)
        err = dialogue_refusal(&answer, fault);
    if (err == 0)
        err = take_challenge(gate, &answer, fault);
    if (err) {
        gate->recalled = false;
        return err;
    }
    report_good(&gate->report, "%d, TLS-DSK version %u of %.*s", answer.status,
                gate->challenge.version, SLICE_ARG(gate->challenge.targetname));
    return 0;
}

/* ---- TLS-DSK --------------------------------------------------------------------------------- */

/* A kept certificate that is refused leads once to a new one, by the whole way: what
 * else was kept may be as old. A disabled user stays disabled with a new one. */
static int kept_is_refused(struct lychgate *gate, int err, const struct fault *fault)
{
    if (err == 0 || !gate->kept_serves)
        return err;
    gate->kept_serves = false;
    gate->kept_refused = true;
    if (fault->finding == FINDING_USER_DISABLED)
        return err;
    gate->instead = STEP_POOL;
    if (gate->recalled)
        gate->instead = STEP_DISCOVER;
    else
        gate->pool_next--; /* the same pool again */
    gate->recalled = false;
    return err;
}

/* One round: our flight in a REGISTER, the server's in the 401. */
static int shake_once(struct lychgate *gate, struct tlsdsk *tlsdsk, struct slice in, bool *done_out,
                      struct fault *fault)
{
    scoped(buf) struct buf flight = BUF_INIT;
    struct sip_message answer;
    int state = tlsdsk_step(tlsdsk, in, &flight, fault);
    if (state < 0)
        return state;
    *done_out = state == TLSDSK_DONE;
    if (flight.len == 0)
        return *done_out ? 0
                         : fault_set(fault, ERR_MALFORMED, FINDING_TLSDSK_HANDSHAKE,
                                     "the server's flight is incomplete");
    struct slice authorization =
        challenge_answer(gate->arena, &gate->challenge, buf_slice(&flight));
    int err = dialogue_register(gate, &(struct dialogue_register){.authorization = authorization},
                                &answer, fault);
    if (err)
        return err;
    if (answer.status != 401 && answer.status != 407)
        return dialogue_refusal(&answer, fault);
    err = take_challenge(gate, &answer, fault);
    if (err == 0 && slice_empty(gate->challenge.token)) /* it starts over: ours was no good */
        return dialogue_refusal(&answer, fault);
    return err;
}

/* The keys end with the certificate, and with the margin a kept one is not used any
 * more. Of a certificate that is shorter than the margin, half is used. */
static int64_t time_to_renew(const struct association *association)
{
    int64_t left = association_ends(association) - clock_now();
    int64_t early = left - KEPT_MARGIN_MS;
    return clock_monotonic() + (early > left / 2 ? early : left / 2);
}

static void make_association(struct lychgate *gate, const struct tlsdsk *tlsdsk)
{
    struct tlsdsk_keys keys;
    tlsdsk_keys(tlsdsk, &keys);
    association_free(gate->association);
    gate->association = association_new(&(struct association_options){
        .scheme = AUTH_TLS_DSK,
        .version = gate->challenge.version,
        .opaque = gate->challenge.opaque,
        .realm = gate->challenge.realm,
        .targetname = gate->challenge.targetname,
        .keys = &keys,
        .ends = association_end(clock_now(), gate->kept->until),
        .account = gate->set.address,
        .epid = gate->epid,
        .instance = gate->instance,
    });
    tlsdsk_keys_wipe(&keys);
    gate->anew_at = time_to_renew(gate->association);
}

static int shake_hands(struct lychgate *gate, struct fault *fault)
{
    bool done = false;
    struct tlsdsk_context *context = tlsdsk_context_new(
        &(struct tlsdsk_options){.key = gate->kept->key, .certificate = gate->kept->certificate},
        fault);
    if (!context)
        return fault->err;
    scoped(tlsdsk) struct tlsdsk *tlsdsk = tlsdsk_new(context);
    tlsdsk_context_free(context);
    gate->challenge.token = (struct slice){0};
    for (int round = 0; round < TLSDSK_ROUNDS_MAX && !done; round++) {
        int err = shake_once(gate, tlsdsk, gate->challenge.token, &done, fault);
        if (err)
            return err;
    }
    if (!done)
        return fault_set(fault, ERR_LIMIT, FINDING_TLSDSK_HANDSHAKE, "more than %d rounds",
                         TLSDSK_ROUNDS_MAX);
    make_association(gate, tlsdsk);
    report_good(&gate->report, "%s %s", tlsdsk_version(tlsdsk), tlsdsk_cipher(tlsdsk));
    return 0;
}

int signin_handshake(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    *next = STEP_REGISTER;
    begin_register(gate, "handshake",
                   gate->kept_serves ? ", TLS-DSK with the kept certificate"
                                     : ", TLS-DSK with the certificate");
    return kept_is_refused(gate, shake_hands(gate, fault), fault);
}

/* ---- the signed REGISTER -------------------------------------------------------------------- */

/* 301: the user is at home elsewhere; authentication starts anew there. */
static int follow(struct lychgate *gate, const struct sip_message *answer, struct fault *fault)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    if (++gate->pool_redirects > POOL_REDIRECTS_MAX)
        return fault_set(fault, ERR_DENIED, FINDING_AUTODISCOVER_LOOP,
                         "pools send to each other more than %d times", POOL_REDIRECTS_MAX);
    if (!sip_contact_next(answer, &it, &contact) || slice_empty(contact.address.uri.host))
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "301 without Contact");
    const struct sip_uri *uri = &contact.address.uri;
    pools_clear(gate);
    pools_add(gate, uri->host, uri->port ? uri->port : 5061);
    report_good(&gate->report, "301, at home at %.*s", SLICE_ARG(uri->text));
    return 0;
}

static void summarise(struct lychgate *gate, const struct sip_message *answer)
{
    struct lychgate_summary *summary = &gate->summary;
    arena_reset(gate->result_arena);
    *summary = (struct lychgate_summary){
        .address = arena_string(gate->result_arena, gate->set.address),
        .pool = arena_string(gate->result_arena, gate->pool_name),
        .epid = arena_string(gate->result_arena, gate->epid),
        .security = arena_string(gate->result_arena, wire_security(gate->wire)),
        .certificate_until = gate->kept->until,
        .certificate_kept = gate->kept_serves,
        .clock_skew_ms = gate->report.skew_known ? gate->report.skew_ms : 0,
        .spent_us = clock_monotonic_us() - gate->began_us,
    };
    dialogue_take_registration(gate, answer);
}

int signin_register(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    struct sip_message answer;
    *next = STEP_SIGNED_IN;
    begin_register(gate, "register", ", signed");
    int err = dialogue_register(gate, &(struct dialogue_register){.sign = true}, &answer, fault);
    if (err == 0 && answer.status == 301) {
        *next = STEP_POOL;
        return follow(gate, &answer, fault);
    }
    if (err == 0 && answer.status != 200)
        err = dialogue_refusal(&answer, fault);
    if (err)
        return kept_is_refused(gate, err, fault);
    summarise(gate, &answer);
    gate->signed_in = true;
    signin_set_timers(gate);
    report_good(&gate->report, "200, for %lld s", (long long)gate->expires_ms / 1000);
    return 0;
}
