#include "tools/signin.h"

#include "tools/session_show.h"
#include "tools/signin_priv.h"
#include "tools/signin_show.h"

#include <stdio.h>
#include <string.h>

enum {
    KEEP_MAX_S = 30 * 24 * 3600
};

const struct verb_option signin_options[] = {
    ACCOUNT_OPTIONS,
    {"keep", "SECONDS", "stay signed in so long", false},
    {"register-only", NULL, "stop after the 200 to REGISTER", false},
    {"mobile", NULL, "as a phone does, by the mobility service: fourteen steps", false},
    {"push-subscription", "FILE", "with --mobile: be woken by this (JSON), do not poll", false},
    {"jsonl", NULL, "print one line of JSON for each step as it happens", false},
    {0},
};

/* ---- while it runs ------------------------------------------------------------------------ */

void signin_put_line(json_t *json, const char *event)
{
    json_object_set_new(json, "event", json_string(event));
    json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    fflush(stdout);
    json_decref(json);
}

void signin_show_event(void *arg, const struct lychgate_event *event)
{
    struct signin_run *run = arg;
    if (run->lines) {
        signin_put_line(signin_step_json(event), "step");
    } else if (run->steps) {
        json_array_append_new(run->steps, signin_step_json(event));
    } else {
        scoped(buf) struct buf out = BUF_INIT;
        signin_show_step(&out, event, run->invocation->colour);
        fwrite(buf_string(&out), 1, out.len, stdout);
        fflush(stdout);
    }
}

/* ---- the outcome ---------------------------------------------------------------------------- */

/* How far it came. */
enum reached {
    NOWHERE,
    REGISTERED,
    OPENED
};

const char *signin_result_word(enum tool_exit code)
{
    static const char *const words[] = {
        [TOOL_FINE] = "signed-in",
        [TOOL_FAILED] = "failed",
        [TOOL_USAGE] = "usage",
        [TOOL_UNABLE] = "unable",
    };
    return words[code];
}

static json_t *result_json(const struct signin_run *run, struct lychgate *gate, enum tool_exit code,
                           enum reached reached)
{
    return json_pack("{s:s,s:s,s:o,s:o,s:o}", "address", run->invocation->operands[0], "result",
                     signin_result_word(code), "summary",
                     reached >= REGISTERED ? signin_summary_json(lychgate_summary(gate))
                                           : json_null(),
                     "session", reached == OPENED ? session_json(gate) : json_null(), "error",
                     signin_problem_json(lychgate_problem(gate)));
}

static void put_text(const struct signin_run *run, struct lychgate *gate, enum reached reached)
{
    scoped(buf) struct buf out = BUF_INIT;
    if (run->lines || run->steps)
        return;
    if (reached == OPENED)
        session_show(&out, gate, run->invocation->colour);
    else
        signin_show_summary(&out, lychgate_summary(gate), run->invocation->colour);
    fwrite(buf_string(&out), 1, out.len, stdout);
    fflush(stdout);
}

void signin_put_result(const struct signin_run *run, json_t *result)
{
    if (run->lines) {
        signin_put_line(result, "result");
        return;
    }
    if (run->steps) {
        json_object_set(result, "steps", run->steps);
        json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(result);
}

/* Sign in, go on as far as the server lets us, stay if asked to, sign out. The first failure is
 * the outcome; a server that refuses what follows the sign-in has signed us in all the same. */
static enum tool_exit go_through(struct signin_run *run, struct lychgate *gate)
{
    enum reached reached = NOWHERE;
    int err = lychgate_signin(gate);
    if (err == 0) {
        reached = REGISTERED;
        put_text(run, gate, reached);
        if (!run->register_only)
            err = lychgate_open(gate, NULL);
        if (err == 0 && !run->register_only) {
            reached = OPENED;
            put_text(run, gate, reached);
        }
        if (err == 0 && run->keep > 0)
            err = lychgate_keep(gate, (int)run->keep);
        if (err == 0)
            err = lychgate_signout(gate);
    }
    enum tool_exit code = account_exit(err, lychgate_problem(gate));
    signin_put_result(run, result_json(run, gate, code, reached));
    return code;
}

enum tool_exit signin_run(struct invocation *invocation)
{
    struct signin_run run = {.invocation = invocation,
                             .lines = invocation_has(invocation, "jsonl"),
                             .register_only = invocation_has(invocation, "register-only")};
    struct account account = {.invocation = invocation, .address = invocation->operands[0]};
    struct lychgate_options options;
    bool mobile = invocation_has(invocation, "mobile");
    if (!mobile && invocation_has(invocation, "push-subscription"))
        return tool_usage("--push-subscription is for --mobile");
    if (mobile && (run.register_only || invocation_has(invocation, "server")))
        return tool_usage("--mobile does not REGISTER itself: no --register-only, no --server");
    if (!invocation_number(invocation, "keep", 0, KEEP_MAX_S, &run.keep) ||
        !account_options(&account, &options))
        return TOOL_USAGE;
    account.stays = run.keep > 0;
    run.steps = invocation->json && !run.lines ? json_array() : NULL;
    options.event = signin_show_event;
    options.event_arg = &run;
    account_begin(&account, &options);
    enum tool_exit code = mobile ? signin_mobile(&run, &account) : go_through(&run, account.gate);
    account_end(&account);
    json_decref(run.steps);
    return code;
}
