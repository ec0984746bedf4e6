#include "tools/signin.h"

#include "tools/signin_show.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    CONNECT_TO_MAX = 32,
    KEEP_MAX_S = 30 * 24 * 3600,
    TIMEOUT_MAX_S = 600
};

const struct verb_option signin_options[] = {
    {"login", "LOGIN", "the name to sign in with, when it is not the address", false},
    {"password-file", "FILE", "where the password is (first line; - is standard input)", false},
    {"auth", "METHOD", "how to get a ticket: any, orgid, basic or auth", false},
    {"server", "HOST[:PORT]", "the SIP server, instead of looking for it", false},
    {"dns", "HOST[:PORT]", "the name server to ask (an address)", false},
    {"ca", "FILE", "trust these CAs (PEM) instead of the system's", false},
    {"connect-to", "H:P:H:P", "connect there instead, as in curl; may be repeated", true},
    {"cache", "FOLDER", "where key and certificate are kept", false},
    {"no-cache", NULL, "keep nothing, and use nothing that was kept", false},
    {"keep", "SECONDS", "stay signed in so long", false},
    {"trace", "FILE", "keep every message, secrets redacted, for `lychgate trace`", false},
    {"jsonl", NULL, "print one line of JSON for each step as it happens", false},
    {"user-agent", "TEXT", "what to call ourselves", false},
    {"timeout", "SECONDS", "how long to wait for each answer (default 20)", false},
    {0},
};

/* What one run works with. */
struct run {
    const struct invocation *invocation;
    bool lines;    /* --jsonl */
    json_t *steps; /* --json */
    uint64_t keep; /* --keep, seconds */
    struct secret password;
};

static struct lychgate *volatile stoppable;

static void on_signal(int number)
{
    (void)number;
    if (stoppable)
        lychgate_stop(stoppable);
}

/* ---- while it runs ------------------------------------------------------------------------ */

static void put_line(json_t *json, const char *event)
{
    json_object_set_new(json, "event", json_string(event));
    json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    fflush(stdout);
    json_decref(json);
}

static void show_event(void *arg, const struct lychgate_event *event)
{
    struct run *run = arg;
    if (run->lines) {
        put_line(signin_step_json(event), "step");
    } else if (run->steps) {
        json_array_append_new(run->steps, signin_step_json(event));
    } else {
        scoped(buf) struct buf out = BUF_INIT;
        signin_show_step(&out, event, run->invocation->colour);
        fwrite(buf_string(&out), 1, out.len, stdout);
        fflush(stdout);
    }
}

static bool ask_password(void *arg, char *to, size_t room)
{
    struct run *run = arg;
    struct secret *password = &run->password;
    const char *file = invocation_value(run->invocation, "password-file");
    if (password->len == 0 && !tool_password(file, "Password", password))
        return false;
    bool fits = password->len < room;
    if (fits)
        memcpy(to, password->at, password->len + 1);
    /* Who stays may outlive the certificate, and nobody may be there to ask again. */
    if (run->keep == 0 || !fits)
        secret_free(password);
    return fits;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool take_auth(const struct invocation *invocation, enum lychgate_auth *out)
{
    static const char *const names[] = {
        [LYCHGATE_AUTH_ANY] = "any",
        [LYCHGATE_AUTH_ORGID] = "orgid",
        [LYCHGATE_AUTH_BASIC] = "basic",
        [LYCHGATE_AUTH_FORMS] = "auth",
    };
    const char *name = invocation_value(invocation, "auth");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!name || strcmp(name, names[i]) == 0) {
            *out = (enum lychgate_auth)i;
            return true;
        }
    tool_usage("--auth takes any, orgid, basic or auth, not `%s`", name);
    return false;
}

static const char *const *take_connect_to(const struct invocation *invocation)
{
    const char **list = arena_array(invocation->arena, const char *, CONNECT_TO_MAX + 1);
    for (size_t i = 0; i < CONNECT_TO_MAX; i++)
        list[i] = invocation_nth(invocation, "connect-to", i);
    return list;
}

static bool take_options(const struct invocation *invocation, struct run *run,
                         struct lychgate_options *out)
{
    uint64_t seconds;
    *out = (struct lychgate_options){
        .address = invocation->operands[0],
        .login = invocation_value(invocation, "login"),
        .password = ask_password,
        .password_arg = run,
        .server = invocation_value(invocation, "server"),
        .dns = invocation_value(invocation, "dns"),
        .ca_file = invocation_value(invocation, "ca"),
        .connect_to = take_connect_to(invocation),
        .cache_folder = invocation_value(invocation, "cache"),
        .no_cache = invocation_has(invocation, "no-cache"),
        .trace_file = invocation_value(invocation, "trace"),
        .user_agent = invocation_value(invocation, "user-agent"),
        .event = show_event,
        .event_arg = run,
    };
    if (!take_auth(invocation, &out->auth) ||
        !invocation_number(invocation, "timeout", 0, TIMEOUT_MAX_S, &seconds))
        return false;
    out->timeout_ms = (int)seconds * 1000;
    return true;
}

/* ---- the outcome ------------------------------------------------------------------------------
 */

static enum tool_exit exit_for(int err, const struct lychgate_problem *problem)
{
    if (err == 0)
        return TOOL_FINE;
    switch (finding_by_id(problem->finding)) {
    case FINDING_DNS_NO_SERVER:
    case FINDING_NETWORK_UNREACHABLE:
        return TOOL_UNABLE;
    case FINDING_ACCOUNT_INVALID:
    case FINDING_CONFIG_INVALID:
        return TOOL_USAGE;
    default:
        return TOOL_FAILED;
    }
}

static json_t *result_json(const struct run *run, struct lychgate *gate, enum tool_exit code,
                           bool signed_in)
{
    static const char *const words[] = {
        [TOOL_FINE] = "signed-in",
        [TOOL_FAILED] = "failed",
        [TOOL_USAGE] = "usage",
        [TOOL_UNABLE] = "unable",
    };
    return json_pack("{s:s,s:s,s:o,s:o}", "address", run->invocation->operands[0], "result",
                     words[code], "summary",
                     signed_in ? signin_summary_json(lychgate_summary(gate)) : json_null(), "error",
                     signin_problem_json(lychgate_problem(gate)));
}

static void show_summary(const struct run *run, struct lychgate *gate)
{
    scoped(buf) struct buf out = BUF_INIT;
    if (run->lines || run->steps)
        return;
    signin_show_summary(&out, lychgate_summary(gate), run->invocation->colour);
    fwrite(buf_string(&out), 1, out.len, stdout);
    fflush(stdout);
}

static void show_result(struct run *run, struct lychgate *gate, enum tool_exit code, bool signed_in)
{
    if (run->lines) {
        put_line(result_json(run, gate, code, signed_in), "result");
    } else if (run->steps) {
        json_t *document = result_json(run, gate, code, signed_in);
        json_object_set(document, "steps", run->steps);
        json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
        json_decref(document);
    }
}

/* Sign in, stay if asked to, sign out. The first failure is the outcome. */
static enum tool_exit go_through(struct run *run, struct lychgate *gate)
{
    int err = lychgate_signin(gate);
    bool signed_in = err == 0;
    if (signed_in) {
        show_summary(run, gate);
        if (run->keep > 0)
            err = lychgate_keep(gate, (int)run->keep);
        if (err == 0)
            err = lychgate_signout(gate);
    }
    enum tool_exit code = exit_for(err, lychgate_problem(gate));
    show_result(run, gate, code, signed_in);
    return code;
}

enum tool_exit signin_run(struct invocation *invocation)
{
    struct run run = {.invocation = invocation, .lines = invocation_has(invocation, "jsonl")};
    struct lychgate_options options;
    if (!take_options(invocation, &run, &options) ||
        !invocation_number(invocation, "keep", 0, KEEP_MAX_S, &run.keep))
        return TOOL_USAGE;
    run.steps = invocation->json && !run.lines ? json_array() : NULL;
    struct lychgate *gate = lychgate_new(&options);
    struct sigaction stop = {.sa_handler = on_signal}, before[2];
    stoppable = gate;
    sigaction(SIGINT, &stop, &before[0]);
    sigaction(SIGTERM, &stop, &before[1]);
    enum tool_exit code = go_through(&run, gate);
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    stoppable = NULL;
    lychgate_free(gate);
    secret_free(&run.password);
    json_decref(run.steps);
    return code;
}
