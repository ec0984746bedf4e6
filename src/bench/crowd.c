#include "bench/crowd.h"

#include "base/clock.h"
#include "certprov/csr.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* What everybody is about. */
enum act {
    ACT_REST,
    ACT_SIGN_IN,
    ACT_PRESS,
    ACT_REVIEW,
    ACT_OTHER
};

enum {
    SILENCE_MS = 30000 /* of a server that will not go on by itself */
};

struct place {
    struct crowd *crowd;
    struct visit *visit;   /* NULL: none under way */
    struct actor *actor;   /* NULL: not there yet, or gone */
    struct stage_user who; /* owns the certificate that the visit has brought */
    bool busy;
};

struct crowd {
    struct actor_cast cast;
    struct visit_cast visits;
    bool visit;
    struct arena *arena;
    struct loop *loop;
    struct workers *workers;
    struct tls *tls;
    struct place *places;
    size_t size, window;

    enum act act;
    const struct crowd_act *other; /* what ACT_OTHER is */
    bool leave;
    size_t next, end; /* the first who has not begun; who comes behind the last */
    size_t busy;
    size_t registered, kept, answers, lost;
    struct fault first;
    struct timer timer, silence;
    int64_t until_us, heard_us;
};

/* ---- who is next -------------------------------------------------------------------------- */

static void note_loss(struct crowd *crowd, const struct fault *why)
{
    if (crowd->lost++ == 0)
        crowd->first = *why;
}

static bool sign_in(struct place *place, const struct stage_user *who)
{
    struct crowd *crowd = place->crowd;
    place->actor = actor_new(&crowd->cast, who, place);
    if (!place->actor) {
        struct fault fault;
        fault_set(&fault, ERR_IO, FINDING_INTERNAL, "no more sockets");
        note_loss(crowd, &fault);
    }
    return place->actor != NULL;
}

static size_t who_is(const struct place *place)
{
    return (size_t)(place - place->crowd->places);
}

static bool begin(struct place *place)
{
    struct crowd *crowd = place->crowd;
    const struct stage_user *who = &crowd->cast.stage->users[who_is(place)];
    if (crowd->act == ACT_SIGN_IN && place->actor)
        return false;
    if (crowd->act == ACT_OTHER)
        return place->actor && crowd->other->begin(crowd->other->arg, place->actor, who_is(place));
    if (crowd->act == ACT_SIGN_IN && crowd->visit) {
        place->visit = visit_new(&crowd->visits, who, place);
        return place->visit || sign_in(place, who);
    }
    if (crowd->act == ACT_SIGN_IN)
        return sign_in(place, who);
    if (place->actor)
        actor_refresh(place->actor);
    return place->actor != NULL;
}

/* Keep the window full; the act is over when all have been and nobody is busy. */
static void go_on(struct crowd *crowd)
{
    while (crowd->busy < crowd->window && crowd->next < crowd->end) {
        struct place *place = &crowd->places[crowd->next++];
        if (begin(place)) {
            place->busy = true;
            crowd->busy++;
        }
    }
    if (crowd->busy == 0 && crowd->act != ACT_REST)
        loop_stop(crowd->loop);
}

static void end_turn(struct place *place)
{
    if (place->busy) {
        place->busy = false;
        place->crowd->busy--;
        go_on(place->crowd);
    }
}

static void dismiss(struct place *place)
{
    visit_free(place->visit);
    actor_free(place->actor);
    place->visit = NULL;
    place->actor = NULL;
}

/* ---- what the actors tell ------------------------------------------------------------------ */

static void on_registered(struct actor *actor, bool kept)
{
    struct place *place = actor_user(actor);
    struct crowd *crowd = place->crowd;
    if (crowd->act == ACT_PRESS && clock_monotonic_us() < crowd->until_us) {
        crowd->answers++;
        actor_refresh(actor);
        return;
    }
    crowd->registered += crowd->act == ACT_SIGN_IN;
    crowd->kept += crowd->act == ACT_REVIEW && kept;
    if (crowd->act == ACT_SIGN_IN && crowd->leave)
        dismiss(place);
    end_turn(place);
}

static void on_failed(struct actor *actor, const struct fault *why)
{
    struct place *place = actor_user(actor);
    note_loss(place->crowd, why);
    dismiss(place);
    end_turn(place);
}

static void on_answer(struct actor *actor, const struct sip_message *answer)
{
    struct place *place = actor_user(actor);
    struct crowd *crowd = place->crowd;
    crowd->heard_us = clock_monotonic_us();
    if (crowd->act == ACT_OTHER && crowd->other->on_answer)
        crowd->other->on_answer(crowd->other->arg, actor, who_is(place), answer);
}

static void on_request(struct actor *actor, const struct sip_message *request)
{
    struct place *place = actor_user(actor);
    struct crowd *crowd = place->crowd;
    crowd->heard_us = clock_monotonic_us();
    if (crowd->act == ACT_OTHER && crowd->other->on_request)
        crowd->other->on_request(crowd->other->arg, actor, who_is(place), request);
}

static void on_certificate(struct visit *visit, X509 *certificate)
{
    struct place *place = visit_user(visit);
    place->who = place->crowd->cast.stage->users[who_is(place)];
    place->who.certificate = certificate;
    visit_free(take(&place->visit));
    if (!sign_in(place, &place->who))
        end_turn(place);
}

static void on_visit_failed(struct visit *visit, const struct fault *why)
{
    struct place *place = visit_user(visit);
    note_loss(place->crowd, why);
    dismiss(place);
    end_turn(place);
}

static const struct actor_handler handler = {.on_registered = on_registered,
                                             .on_failed = on_failed,
                                             .on_answer = on_answer,
                                             .on_request = on_request};
static const struct visit_handler visit_handler = {.on_certificate = on_certificate,
                                                   .on_failed = on_visit_failed};

/* ---- acts ------------------------------------------------------------------------------------ */

static void play(struct crowd *crowd, enum act act, size_t first, size_t count, size_t window)
{
    size_t usual = crowd->window;
    crowd->act = act;
    crowd->window = window;
    crowd->next = first;
    crowd->end = first + count < crowd->size ? first + count : crowd->size;
    go_on(crowd);
    loop_run(crowd->loop);
    crowd->act = ACT_REST;
    crowd->window = usual;
}

void crowd_sign_in(struct crowd *crowd, bool leave)
{
    crowd->leave = leave;
    play(crowd, ACT_SIGN_IN, 0, crowd->size, crowd->window);
}

void crowd_sign_in_first(struct crowd *crowd, size_t count)
{
    crowd->leave = false;
    play(crowd, ACT_SIGN_IN, 0, count, crowd->window);
}

void crowd_done(struct crowd *crowd, size_t who)
{
    end_turn(&crowd->places[who]);
}

void crowd_give_up(struct crowd *crowd, const struct fault *why)
{
    note_loss(crowd, why);
    crowd->next = crowd->end;
    for (size_t i = 0; i < crowd->size; i++)
        crowd->places[i].busy = false;
    crowd->busy = 0;
    loop_stop(crowd->loop);
}

static void hear(void *arg)
{
    struct crowd *crowd = arg;
    struct fault fault;
    timer_start(&crowd->silence, SILENCE_MS);
    if (clock_monotonic_us() - crowd->heard_us < SILENCE_MS * 1000)
        return;
    fault_set(&fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "%zu waited in vain for the server",
              crowd->busy);
    crowd_give_up(crowd, &fault);
}

void crowd_play(struct crowd *crowd, const struct crowd_act *act)
{
    crowd->other = act;
    crowd->heard_us = clock_monotonic_us();
    timer_start(&crowd->silence, SILENCE_MS);
    play(crowd, ACT_OTHER, act->first, act->count > 0 ? act->count : crowd->size, crowd->window);
    timer_stop(&crowd->silence);
    crowd->other = NULL;
}

struct actor *crowd_actor(const struct crowd *crowd, size_t who)
{
    return crowd->places[who].actor;
}

size_t crowd_press(struct crowd *crowd, int64_t ms)
{
    crowd->answers = 0;
    crowd->until_us = clock_monotonic_us() + ms * 1000;
    play(crowd, ACT_PRESS, 0, crowd->size, crowd->size);
    return crowd->answers;
}

size_t crowd_review(struct crowd *crowd)
{
    crowd->kept = 0;
    play(crowd, ACT_REVIEW, 0, crowd->size, crowd->window);
    return crowd->kept;
}

static void rested(void *arg)
{
    struct crowd *crowd = arg;
    loop_stop(crowd->loop);
}

void crowd_rest(struct crowd *crowd, int64_t ms)
{
    timer_start(&crowd->timer, ms);
    loop_run(crowd->loop);
}

size_t crowd_size(const struct crowd *crowd)
{
    return crowd->size;
}

size_t crowd_registered(const struct crowd *crowd)
{
    return crowd->registered;
}

size_t crowd_lost(const struct crowd *crowd, struct fault *first_out)
{
    if (crowd->lost && first_out)
        *first_out = crowd->first;
    return crowd->lost;
}

/* ---- life ---------------------------------------------------------------------------------------
 */

static int set_up(struct crowd *crowd, struct fault *fault)
{
    crowd->loop = loop_new(fault);
    if (!crowd->loop)
        return fault->err;
    crowd->workers =
        workers_new(&(struct workers_options){.count = 2, .queue = crowd->size + 2}, fault);
    if (!crowd->workers)
        return fault->err;
    if (crowd->visit && certprov_csr_new(crowd->cast.stage->key, SLICE("anybody@" BENCH_DOMAIN),
                                         crowd->arena, &crowd->visits.csr, fault) < 0)
        return fault->err;
    crowd->tls =
        tls_client_new(&(struct tls_client_options){.ca_file = crowd->cast.stage->ca_file}, fault);
    return crowd->tls ? 0 : fault->err;
}

int crowd_open(const struct crowd_options *options, struct crowd **crowd_out, struct fault *fault)
{
    scoped(crowd) struct crowd *crowd = must_calloc(1, sizeof *crowd);
    crowd->size = options->size;
    crowd->window = options->window;
    crowd->cast.stage = options->stage;
    crowd->visit = options->visit;
    crowd->arena = arena_new();
    memcpy(crowd->cast.steps, options->steps, sizeof options->steps);
    memcpy(crowd->visits.steps, options->visit_steps, sizeof options->visit_steps);
    crowd->places = must_calloc(options->size, sizeof *crowd->places);
    for (size_t i = 0; i < options->size; i++)
        crowd->places[i].crowd = crowd;
    int err = set_up(crowd, fault);
    if (err < 0)
        return err;
    crowd->cast.loop = crowd->loop;
    crowd->cast.workers = crowd->workers;
    crowd->cast.tls = crowd->tls;
    crowd->cast.handler = &handler;
    crowd->visits.stage = options->stage;
    crowd->visits.loop = crowd->loop;
    crowd->visits.tls = crowd->tls;
    crowd->visits.handler = &visit_handler;
    timer_init(&crowd->timer, crowd->loop, rested, crowd);
    timer_init(&crowd->silence, crowd->loop, hear, crowd);
    *crowd_out = take(&crowd);
    return 0;
}

void crowd_close(struct crowd *crowd)
{
    if (!crowd)
        return;
    for (size_t i = 0; i < crowd->size; i++)
        dismiss(&crowd->places[i]);
    workers_free(crowd->workers);
    loop_free(crowd->loop);
    tls_unref(crowd->tls);
    for (size_t i = 0; i < crowd->size; i++)
        X509_free(crowd->places[i].who.certificate);
    arena_free(crowd->arena);
    free(crowd->places);
    free(crowd);
}
