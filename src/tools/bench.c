#include "tools/bench.h"

#include "bench/runs.h"
#include "bench/stage.h"
#include "contacts/list.h"
#include "sip/bench.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    ENDPOINTS_MAX = 1000000,
    SECONDS_MAX = 3600,
    ROUNDS = 9,
    PARSE_COUNT = 20000,
    ROUNDS_MAX = 100000,
    NAME_WIDTH = 24
};

#define SERVER_OPTIONS                                                                             \
    {"lychgated", "PROGRAM", "the server to measure (default: beside this program)", false},       \
    {                                                                                              \
        "loops", "N", "network threads of the server (default: one for each core)", false          \
    }

const struct verb_option bench_parse_options[] = {
    {"rounds", "N", "how many rounds, of which the median is taken (default 9)", false},
    {"count", "N", "messages in each round (default 20000)", false},
    {0},
};
const struct verb_option bench_signin_options[] = {
    {"users", "N", "how many sign in, each once (default 200)", false},
    {"concurrency", "C", "how many at once (default 16)", false},
    {"kept", NULL, "with a certificate kept from an earlier sign-in", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_register_options[] = {
    {"connections", "N", "long-lived TLS connections, an endpoint on each (default 50)", false},
    {"seconds", "S", "how long to refresh (default 5)", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_idle_options[] = {
    {"endpoints", "N", "registered endpoints to hold (default 10000)", false},
    {"contacts", "N", "let each publish, and watch so many of the others (default 0)", false},
    {"seconds", "S", "how long nothing happens (default 5)", false},
    {"concurrency", "C", "how many sign in at once (default 32)", false},
    SERVER_OPTIONS,
    {0},
};

const struct verb_option bench_presence_options[] = {
    {"watchers", "N", "who watch one publisher (default 1000)", false},
    {"rounds", "N", "publications, of whose times the median is taken (default 21)", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_contacts_options[] = {
    {"contacts", "N", "on each list (default 1000)", false},
    {"rounds", "N", "sign-ins, of whose times the median is taken (default 11)", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_messages_options[] = {
    {"pairs", "N", "endpoints that call another one (default 50)", false},
    {"messages", "N", "in each conversation (default 10)", false},
    {"seconds", "S", "how long to talk (default 5)", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_mobile_options[] = {
    {"users", "N", "how many sign in, each once (default 200)", false},
    {"concurrency", "C", "how many at once (default 16)", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_polls_options[] = {
    {"polls", "N", "long polls to hold (default 10000)", false},
    {"watchers", "N", "of them, who are woken by one event (default 1000)", false},
    {"rounds", "N", "events for all of these, and 20 times as many for one (default 5)", false},
    {"seconds", "S", "how long nothing happens (default 5)", false},
    {"concurrency", "C", "how many sign in at once (default 32)", false},
    SERVER_OPTIONS,
    {0},
};
const struct verb_option bench_growth_options[] = {
    {"users", "N", "how many are many; few are 1000 (default 50000)", false},
    {"rounds", "N", "how often each operation, for medians (default 5000)", false},
    {0},
};

/* ---- showing a report ----------------------------------------------------------------- */

static void print_name(const char *name)
{
    char text[NAME_WIDTH + 1];
    snprintf(text, sizeof text, "%s", name);
    for (char *at = text; (at = strchr(at, '_'));)
        *at = ' ';
    printf("  %-*s", NAME_WIDTH, text);
}

static void print_text(struct bench_report *report)
{
    printf("%s\n", report->title);
    for (size_t i = 0; i < report->figure_count; i++) {
        const struct bench_figure *figure = &report->figures[i];
        bool whole = figure->value >= 1000 || figure->unit[0] == '\0';
        print_name(figure->name);
        printf("%12.*f %s\n", whole ? 0 : 2, figure->value, figure->unit);
    }
    for (size_t i = 0; i < report->step_count; i++) {
        struct bench_series *step = &report->steps[i];
        if (i == 0)
            printf("  %-*s%9s %9s %9s %9s %9s\n", NAME_WIDTH, "step, us", "count", "median", "p95",
                   "p99", "most");
        print_name(step->name);
        printf("%9zu %9.0f %9.0f %9.0f %9.0f\n", step->count, bench_series_quantile(step, 0.5),
               bench_series_quantile(step, 0.95), bench_series_quantile(step, 0.99),
               bench_series_quantile(step, 1));
    }
}

static json_t *steps_json(struct bench_report *report)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < report->step_count; i++) {
        struct bench_series *step = &report->steps[i];
        json_array_append_new(steps, json_pack("{s:s,s:I,s:f,s:f,s:f,s:f}", "step", step->name,
                                               "count", (json_int_t)step->count, "median_us",
                                               bench_series_quantile(step, 0.5), "p95_us",
                                               bench_series_quantile(step, 0.95), "p99_us",
                                               bench_series_quantile(step, 0.99), "most_us",
                                               bench_series_quantile(step, 1)));
    }
    return steps;
}

static void put_json(json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(document);
}

static void print_json(struct bench_report *report)
{
    json_t *document = json_pack("{s:s}", "bench", report->title);
    for (size_t i = 0; i < report->figure_count; i++)
        json_object_set_new(document, report->figures[i].name, json_real(report->figures[i].value));
    json_object_set_new(document, "steps", steps_json(report));
    put_json(document);
}

/* ---- measurements with a server ---------------------------------------------------------- */

typedef int bench_fn(const struct bench_options *options, struct bench_report *report,
                     struct fault *fault);

static enum tool_exit measure(struct invocation *invocation, bench_fn *fn,
                              const struct bench_options *options)
{
    struct bench_report report = {0};
    struct fault fault;
    if (options->users == 0 || options->concurrency == 0)
        return tool_usage("nothing to measure: a number is 0");
    int err = fn(options, &report, &fault);
    if (err == 0 && invocation->json)
        print_json(&report);
    else if (report.figure_count > 0 && !invocation->json)
        print_text(&report); /* what was found before it failed explains more than the fault */
    bench_report_fini(&report);
    return err == 0 ? TOOL_FINE : tool_fail(invocation, &fault);
}

struct wanted {
    const char *users; /* the option's name */
    uint64_t users_default, concurrency_default, seconds_default;
    uint64_t contacts_default, rounds_default, messages_default, watchers_default;
};

static bool read_options(const struct invocation *invocation, const struct wanted *wanted,
                         struct bench_options *options)
{
    uint64_t users, concurrency, seconds, loops, contacts, rounds, messages, watchers;
    if (!invocation_number(invocation, wanted->users, wanted->users_default, ENDPOINTS_MAX,
                           &users) ||
        !invocation_number(invocation, "concurrency", wanted->concurrency_default, ENDPOINTS_MAX,
                           &concurrency) ||
        !invocation_number(invocation, "seconds", wanted->seconds_default, SECONDS_MAX, &seconds) ||
        !invocation_number(invocation, "loops", 0, 64, &loops) ||
        !invocation_number(invocation, "contacts", wanted->contacts_default, CONTACTS_DEFAULT_MAX,
                           &contacts) ||
        !invocation_number(invocation, "rounds", wanted->rounds_default, ROUNDS_MAX, &rounds) ||
        !invocation_number(invocation, "messages", wanted->messages_default, ROUNDS_MAX, &messages))
        return false;
    /* `bench presence` counts its watchers as users. */
    watchers = wanted->watchers_default;
    if (watchers > 0 &&
        !invocation_number(invocation, "watchers", watchers, ENDPOINTS_MAX, &watchers))
        return false;
    *options = (struct bench_options){
        .lychgated = invocation_value(invocation, "lychgated"),
        .users = users,
        .concurrency = concurrency,
        .seconds = (int64_t)seconds,
        .loops = (unsigned)loops,
        .kept = invocation_has(invocation, "kept"),
        .contacts = contacts,
        .rounds = rounds,
        .messages = messages,
        .watchers = watchers < users ? watchers : users,
    };
    return true;
}

enum tool_exit bench_register_run(struct invocation *invocation)
{
    struct bench_options options;
    return read_options(invocation, &(struct wanted){"connections", 50, 32, 5, 0, 0, 0, 0},
                        &options)
               ? measure(invocation, bench_register, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_idle_run(struct invocation *invocation)
{
    struct bench_options options;
    return read_options(invocation, &(struct wanted){"endpoints", 10000, 32, 5, 0, 0, 0, 0},
                        &options)
               ? measure(invocation, bench_idle, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_signin_run(struct invocation *invocation)
{
    struct bench_options options;
    return read_options(invocation, &(struct wanted){"users", 200, 16, 0, 0, 0, 0, 0}, &options)
               ? measure(invocation, bench_signin, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_presence_run(struct invocation *invocation)
{
    struct bench_options options;
    struct wanted wanted = {"watchers", 1000, 32, 0, .rounds_default = 21};
    return read_options(invocation, &wanted, &options)
               ? measure(invocation, bench_presence, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_contacts_run(struct invocation *invocation)
{
    struct bench_options options;
    struct wanted wanted = {"contacts",          1000, 32, 0, .contacts_default = 1000,
                            .rounds_default = 11};
    return read_options(invocation, &wanted, &options)
               ? measure(invocation, bench_contacts, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_messages_run(struct invocation *invocation)
{
    struct bench_options options;
    struct wanted wanted = {"pairs", 50, 100, 5, .messages_default = 10};
    return read_options(invocation, &wanted, &options)
               ? measure(invocation, bench_messages, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_mobile_run(struct invocation *invocation)
{
    struct bench_options options;
    return read_options(invocation, &(struct wanted){"users", 200, 16, 0, 0, 0, 0, 0}, &options)
               ? measure(invocation, bench_mobile, &options)
               : TOOL_USAGE;
}

enum tool_exit bench_polls_run(struct invocation *invocation)
{
    struct bench_options options;
    struct wanted wanted = {"polls", 10000, 32, 5, .rounds_default = 5, .watchers_default = 1000};
    return read_options(invocation, &wanted, &options) ? measure(invocation, bench_polls, &options)
                                                       : TOOL_USAGE;
}

enum tool_exit bench_growth_run(struct invocation *invocation)
{
    struct bench_options options;
    struct wanted wanted = {"users", 50000, 1, 0, .rounds_default = 5000};
    return read_options(invocation, &wanted, &options) ? measure(invocation, bench_growth, &options)
                                                       : TOOL_USAGE;
}

/* ---- the parser and its peers ---------------------------------------------------------------- */

/* The peers' parsers are LGPL and in a program of their own, which is only there
 * where both libraries were when Lychgate was built. */
static json_t *ask_peers(struct arena *arena, uint64_t rounds, uint64_t count)
{
    static const char *const places[] = {".", "../libexec/lychgate", "../lib/lychgate",
                                         "../tests/bench", NULL};
    char program[600];
    json_error_t why;
    if (!stage_find_program("lychgate-bench-parse", places, program, sizeof program))
        return NULL;
    FILE *pipe = popen(arena_print(arena, "'%s' %llu %llu", program, (unsigned long long)rounds,
                                   (unsigned long long)count)
                           .at,
                       "r");
    json_t *document = pipe ? json_loadf(pipe, 0, &why) : NULL;
    if (pipe && pclose(pipe) != 0) {
        json_decref(document);
        return NULL;
    }
    return document;
}

static json_t *ask_ourselves(uint64_t rounds, uint64_t count)
{
    struct sip_bench_result result;
    if (sip_bench_parse((unsigned)rounds, (unsigned)count, &result) < 0)
        return NULL;
    return json_pack("{s:I,s:I,s:I,s:[{s:s,s:f,s:f,s:f,s:f}]}", "bytes",
                     (json_int_t)sip_bench_message().len, "rounds", (json_int_t)rounds, "count",
                     (json_int_t)count, "parsers", "name", "lychgate", "us", result.parse_us,
                     "best_us", result.best_us, "worst_us", result.worst_us, "times_ours", 1.0);
}

static void print_parsers(const json_t *document)
{
    size_t i;
    json_t *row;
    printf("parse: one Lync REGISTER of %lld bytes, all headers that a registrar needs\n",
           (long long)json_integer_value(json_object_get(document, "bytes")));
    printf("  %-*s%9s %9s %9s %9s\n", NAME_WIDTH, "parser, us", "median", "best", "worst",
           "x ours");
    json_array_foreach(json_object_get(document, "parsers"), i, row)
    {
        print_name(json_string_value(json_object_get(row, "name")));
        printf("%9.3f %9.3f %9.3f %9.1f\n", json_number_value(json_object_get(row, "us")),
               json_number_value(json_object_get(row, "best_us")),
               json_number_value(json_object_get(row, "worst_us")),
               json_number_value(json_object_get(row, "times_ours")));
    }
}

enum tool_exit bench_parse_run(struct invocation *invocation)
{
    static const char skipped[] =
        "lychgate-bench-parse is not there: built only with libosip2 and sofia-sip installed";
    uint64_t rounds, count;
    if (!invocation_number(invocation, "rounds", ROUNDS, 64, &rounds) ||
        !invocation_number(invocation, "count", PARSE_COUNT, 10000000, &count))
        return TOOL_USAGE;
    if (rounds == 0 || count == 0)
        return tool_usage("nothing to measure: a number is 0");
    json_t *document = ask_peers(invocation->arena, rounds, count);
    bool with_peers = document != NULL;
    if (!document)
        document = ask_ourselves(rounds, count);
    if (!document)
        return TOOL_FAILED;
    json_object_set_new(document, "bench", json_string("parse"));
    if (!with_peers)
        json_object_set_new(document, "skipped", json_string(skipped));
    if (invocation->json) {
        put_json(document);
        return TOOL_FINE;
    }
    print_parsers(document);
    if (!with_peers)
        printf("  SKIP libosip2, sofia-sip: %s\n", skipped);
    json_decref(document);
    return TOOL_FINE;
}
