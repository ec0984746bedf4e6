/* Conversations between pairs of endpoints: everything goes through the server twice, the
 * request to the one and the answer to the other. */
#include "base/clock.h"
#include "base/memory.h"
#include "bench/runs_priv.h"

#include <stdlib.h>

enum {
    /* The server keeps an answered INVITE for half a minute, and 200 of one account (im/im.h):
     * who has begun so many conversations begins no more. */
    CONVERSATIONS_MAX = 150
};

enum talk_step {
    TALK_INVITE,
    TALK_MESSAGE,
    TALK_BYE,
    TALK_STEPS
};

/* The caller of a pair; the one behind him answers. */
struct caller {
    struct arena *arena; /* of one conversation: the names of its dialog */
    struct slice call_id, uri, to;
    uint32_t cseq;
    enum talk_step step;
    int64_t asked_us;
    size_t left;  /* messages of this conversation */
    size_t begun; /* conversations */
};

struct talks {
    struct crowd *crowd;
    struct caller *callers;
    size_t messages; /* in each conversation */
    int64_t until_us;
    struct bench_series *series[TALK_STEPS];
    size_t trips, sent, conversations;
};

static const char *const step_names[TALK_STEPS] = {"invite", "message", "bye"};

#define SDP                                                                                        \
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=session\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"              \
    "m=message 5060 sip null\r\na=accept-types:text/plain text/html\r\n"
#define TEXT "Have you had lunch yet? I am going to the canteen at noon, come along."

static const struct {
    enum sip_method method;
    const char *headers, *content_type, *body;
} asks[TALK_STEPS] = {
    [TALK_INVITE] = {SIP_INVITE, "Supported: ms-sender\nAllow: INVITE, ACK, BYE, CANCEL, MESSAGE\n",
                     "application/sdp", SDP},
    [TALK_MESSAGE] = {SIP_MESSAGE, NULL, "text/plain; charset=UTF-8", TEXT},
    [TALK_BYE] = {SIP_BYE, NULL, NULL, NULL},
};

static void ask(struct actor *actor, struct caller *caller, enum talk_step step)
{
    struct actor_request request = {
        .method = asks[step].method,
        .uri = caller->uri,
        .to = caller->to,
        .call_id = caller->call_id,
        .cseq = ++caller->cseq,
        .headers = asks[step].headers,
    };
    if (asks[step].body) {
        request.content_type = slice_of(asks[step].content_type);
        request.body = slice_of(asks[step].body);
    }
    caller->step = step;
    caller->asked_us = clock_monotonic_us();
    actor_ask(actor, &request);
}

static void call(struct talks *t, struct actor *actor, size_t who)
{
    struct caller *caller = &t->callers[who];
    arena_reset(caller->arena);
    caller->uri = arena_print(caller->arena, "sip:user%zu@" BENCH_DOMAIN, who + 1);
    caller->to = arena_print(caller->arena, "<%.*s>", SLICE_ARG(caller->uri));
    caller->call_id = arena_print(caller->arena, "bench-%zu-%zu", who, caller->begun++);
    caller->left = t->messages;
    ask(actor, caller, TALK_INVITE);
}

static bool begin(void *arg, struct actor *actor, size_t who)
{
    struct talks *t = arg;
    if (who % 2 != 0)
        return false;
    t->callers[who].arena = arena_new();
    call(t, actor, who);
    return true;
}

static void acknowledge(struct actor *actor, struct caller *caller,
                        const struct sip_message *answer)
{
    caller->to = arena_copy(caller->arena, sip_value(answer, SIP_HEADER_TO));
    caller->uri = arena_copy(caller->arena, answer->contact.address.uri.text);
    actor_ask(actor, &(struct actor_request){.method = SIP_ACK,
                                             .uri = caller->uri,
                                             .to = caller->to,
                                             .call_id = caller->call_id,
                                             .cseq = caller->cseq});
}

/* What comes next in this conversation, or behind it. */
static void go_on(struct talks *t, struct actor *actor, size_t who)
{
    struct caller *caller = &t->callers[who];
    bool late = clock_monotonic_us() >= t->until_us;
    if (caller->step == TALK_BYE && !late && caller->begun < CONVERSATIONS_MAX) {
        call(t, actor, who);
    } else if (caller->step == TALK_BYE) {
        crowd_done(t->crowd, who);
    } else if (caller->left == 0 || late) {
        ask(actor, caller, TALK_BYE);
    } else {
        caller->left--;
        ask(actor, caller, TALK_MESSAGE);
    }
}

static void on_answer(void *arg, struct actor *actor, size_t who, const struct sip_message *answer)
{
    struct talks *t = arg;
    struct caller *caller = &t->callers[who];
    if (answer->status != 200) {
        struct fault fault;
        fault_set(&fault, ERR_IO, FINDING_REQUEST_REFUSED, "%d at %s", answer->status,
                  step_names[caller->step]);
        crowd_give_up(t->crowd, &fault);
        return;
    }
    bench_series_add(t->series[caller->step], (double)(clock_monotonic_us() - caller->asked_us));
    t->trips++;
    t->sent += caller->step == TALK_MESSAGE;
    t->conversations += caller->step == TALK_BYE;
    if (caller->step == TALK_INVITE)
        acknowledge(actor, caller, answer);
    go_on(t, actor, who);
}

static void on_request(void *arg, struct actor *actor, size_t who,
                       const struct sip_message *request)
{
    (void)arg;
    (void)who;
    if (request->method == SIP_INVITE)
        actor_answer(actor, request, 200, SLICE(SDP));
    else if (request->method == SIP_MESSAGE || request->method == SIP_BYE)
        actor_answer(actor, request, 200, (struct slice){0});
}

static void talk(struct talks *t)
{
    size_t size = crowd_size(t->crowd);
    t->callers = must_calloc(size, sizeof *t->callers);
    crowd_play(t->crowd,
               &(struct crowd_act){
                   .begin = begin, .on_answer = on_answer, .on_request = on_request, .arg = t});
    for (size_t i = 0; i < size; i++)
        arena_free(t->callers[i].arena);
    free(t->callers);
}

int bench_messages(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault)
{
    scoped(run) struct run run = {0};
    report->title = "messages";
    int err =
        run_open(&run, options, &(struct run_wish){.users = 2 * options->users}, report, fault);
    if (err == 0)
        err = run_everybody_in(&run, report, fault);
    if (err == 0)
        err = run_mark(&run, fault);
    if (err < 0)
        return err;
    struct talks t = {.crowd = run.crowd,
                      .messages = options->messages,
                      .until_us = run.began_us + options->seconds * 1000000};
    for (enum talk_step step = 0; step < TALK_STEPS; step++)
        t.series[step] = bench_report_step(report, step_names[step]);
    talk(&t);
    bench_report_figure(report, "conversations", (double)t.conversations, "");
    bench_report_figure(report, "messages", (double)t.sent, "");
    err = run_rate(&run, t.trips, report, fault);
    if (err < 0)
        return err;
    bench_report_figure(report, "messages_per_second",
                        (double)t.sent / bench_report_value(report, "seconds"), "1/s");
    return run_verdict(&run, fault);
}
