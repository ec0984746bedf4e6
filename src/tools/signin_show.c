#include "tools/signin_show.h"

#include "base/arena.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    STEP_WIDTH = 20,
    SKEW_SHOWN_MS = 2000 /* a Date header is no better than that */
};

static const struct {
    const char *mark, *id, *colour;
} outcomes[] = {
    [LYCHGATE_GOOD] = {"ok", "good", "\033[32m"},
    [LYCHGATE_NOTED] = {"odd", "noted", "\033[33m"},
    [LYCHGATE_PASSED] = {"next", "passed", "\033[33m"},
    [LYCHGATE_FAILED] = {"FAIL", "failed", "\033[1;31m"},
};

/* ---- text ------------------------------------------------------------------------------- */

static void put_field(struct buf *out, const char *name, const char *text)
{
    if (text[0])
        buf_print(out, "      %-9s %s\n", name, text);
}

/* Servers' words on our user's terminal: nothing that it would obey. */
void signin_put_clean(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        buf_add_byte(out, byte < ' ' || byte == 0x7f ? '?' : text.at[i]);
    }
}

static void put_received(struct buf *out, const char *received)
{
    struct slice rest = slice_of(received), line;
    const char *name = "received";
    while (!slice_empty(rest)) {
        slice_cut(rest, '\n', &line, &rest);
        buf_print(out, "      %-9s ", name);
        signin_put_clean(out, slice_trim(line));
        buf_add_byte(out, '\n');
        name = "";
    }
}

void signin_show_step(struct buf *out, const struct lychgate_event *event, bool colour)
{
    const struct lychgate_problem *problem = event->problem;
    const char *answer = event->answer;
    if (problem && (!answer[0] || event->outcome == LYCHGATE_PASSED))
        answer = problem->detail;
    if (event->number[0])
        buf_print(out, "%-5s ", event->number);
    buf_print(out, "%s%-4s%s %5" PRId64 " ms  %-*s ", colour ? outcomes[event->outcome].colour : "",
              outcomes[event->outcome].mark, colour ? "\033[0m" : "",
              (event->spent_us + 500) / 1000, STEP_WIDTH, event->step);
    signin_put_clean(out, slice_of(event->asked));
    if (event->whom[0])
        buf_print(out, " (%s)", event->whom);
    if (answer[0]) {
        buf_add_string(out, event->asked[0] ? ": " : "");
        signin_put_clean(out, slice_of(answer));
    }
    if (problem && event->outcome != LYCHGATE_FAILED)
        buf_print(out, " [%s]", problem->finding);
    buf_add_byte(out, '\n');
    if (!problem || event->outcome != LYCHGATE_FAILED)
        return;
    put_field(out, "finding", problem->finding);
    put_field(out, "exactly", problem->detail);
    put_field(out, "cause", problem->cause);
    put_field(out, "remedy", problem->remedy);
    put_received(out, problem->received);
}

static const char *utc(struct arena *arena, int64_t ms)
{
    return ms ? clock_print_iso(arena, ms).at : "";
}

static void put_more(struct buf *out, const char *text)
{
    buf_add_string(out, text[0] ? ", " : "");
    signin_put_clean(out, slice_of(text));
    buf_add_byte(out, '\n');
}

void signin_show_summary(struct buf *out, const struct lychgate_summary *s, bool colour)
{
    scoped(arena) struct arena *arena = arena_new();
    buf_print(out, "%sSigned in as %s%s\n", colour ? "\033[1;32m" : "", s->address,
              colour ? "\033[0m" : "");
    buf_print(out, "  pool         %s, %s", s->pool, s->security);
    put_more(out, s->server);
    buf_print(out, "  endpoint     %s", s->epid);
    put_more(out, s->gruu);
    buf_print(out, "  certificate  until %s, %s\n", utc(arena, s->certificate_until),
              s->certificate_kept ? "kept from before" : "new");
    buf_print(out, "  registered   until %s\n", utc(arena, s->registered_until));
    if (llabs(s->clock_skew_ms) >= SKEW_SHOWN_MS)
        buf_print(out, "  clock        the server's is %lld s %s\n",
                  (long long)llabs(s->clock_skew_ms) / 1000,
                  s->clock_skew_ms > 0 ? "ahead" : "behind");
    buf_print(out, "  total        %" PRId64 " ms\n", (s->spent_us + 500) / 1000);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* What servers sent need not be UTF-8; jansson takes nothing else. */
json_t *signin_text_json(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    scoped(buf) struct buf clean = BUF_INIT;
    for (; *text; text++)
        buf_add_byte(&clean, (unsigned char)*text < 0x80 ? *text : '?');
    return json_string(buf_string(&clean));
}

static json_t *time_json(int64_t ms)
{
    scoped(arena) struct arena *arena = arena_new();
    return ms ? json_string(utc(arena, ms)) : json_null();
}

static json_t *ms_json(int64_t us)
{
    return json_real((double)us / 1000.0);
}

json_t *signin_problem_json(const struct lychgate_problem *problem)
{
    if (!problem || !problem->finding[0])
        return json_null();
    return json_pack("{s:s,s:o,s:s,s:s,s:s,s:o}", "finding", problem->finding, "detail",
                     signin_text_json(problem->detail), "user", problem->user, "cause",
                     problem->cause, "remedy", problem->remedy, "received",
                     signin_text_json(problem->received));
}

json_t *signin_step_json(const struct lychgate_event *event)
{
    json_t *step =
        json_pack("{s:s,s:o,s:o,s:o,s:s,s:o,s:o}", "step", event->step, "asked",
                  signin_text_json(event->asked), "whom", signin_text_json(event->whom), "answer",
                  signin_text_json(event->answer), "outcome", outcomes[event->outcome].id, "ms",
                  ms_json(event->spent_us), "problem", signin_problem_json(event->problem));
    if (event->number[0])
        json_object_set_new(step, "number", json_string(event->number));
    return step;
}

json_t *signin_summary_json(const struct lychgate_summary *s)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:I,s:I,s:o}", "address",
                     signin_text_json(s->address), "pool", signin_text_json(s->pool), "server",
                     signin_text_json(s->server), "security", signin_text_json(s->security), "epid",
                     signin_text_json(s->epid), "gruu", signin_text_json(s->gruu),
                     "certificate_until", time_json(s->certificate_until), "certificate_kept",
                     s->certificate_kept, "registered_until", time_json(s->registered_until),
                     "keepalive_s", (json_int_t)(s->keepalive_ms / 1000), "clock_skew_ms",
                     (json_int_t)s->clock_skew_ms, "ms", ms_json(s->spent_us));
}
