/* `lychgate signin --mobile ADDRESS`: the fourteen steps of a phone, and what it is told. */
#include "base/clock.h"
#include "lychgate/mobile.h"
#include "tools/session_show.h"
#include "tools/signin_priv.h"
#include "tools/signin_show.h"

#include <inttypes.h>
#include <string.h>

enum {
    SUBSCRIPTION_MAX = 4096,
    POLL_MS = 60 * 1000
};

/* ---- the push subscription ---------------------------------------------------------------- */

/* False: told on stderr. *to stays empty without the option. */
static bool read_subscription(const struct invocation *invocation, char to[SUBSCRIPTION_MAX + 1])
{
    const char *path = invocation_value(invocation, "push-subscription");
    to[0] = '\0';
    if (!path)
        return true;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    size_t len = file ? fread(to, 1, SUBSCRIPTION_MAX + 1, file) : 0;
    bool fits = file && !ferror(file) && len > 0 && len <= SUBSCRIPTION_MAX;
    if (file && file != stdin)
        fclose(file);
    to[fits ? len : 0] = '\0';
    if (!fits)
        tool_usage("--push-subscription: `%s` cannot be read, is empty, or has more than %d bytes",
                   path, SUBSCRIPTION_MAX);
    return fits;
}

/* ---- what it is told ------------------------------------------------------------------------ */

static void put(const struct buf *out)
{
    fwrite(out->at, 1, out->len, stdout);
    fflush(stdout);
}

static void on_message(void *arg, const struct lychgate_message *message)
{
    const struct signin_run *run = arg;
    if (run->lines) {
        signin_put_line(json_pack("{s:o,s:o,s:o}", "from", signin_text_json(message->from), "type",
                                  signin_text_json(message->type), "text",
                                  signin_text_json(message->text)),
                        "message");
        return;
    }
    scoped(buf) struct buf out = BUF_INIT;
    signin_put_clean(&out, slice_of(message->from));
    buf_add_string(&out, ": ");
    signin_put_clean(&out, slice_of(message->text));
    buf_add_byte(&out, '\n');
    if (!run->steps)
        put(&out);
}

static void on_presence(void *arg, const struct lychgate_presence *presence)
{
    const struct signin_run *run = arg;
    scoped(buf) struct buf out = BUF_INIT;
    if (run->lines) {
        signin_put_line(session_person_json(presence), "presence");
        return;
    }
    session_show_person(&out, presence, "", run->invocation->colour);
    if (!run->steps)
        put(&out);
}

/* ---- the outcome ------------------------------------------------------------------------------
 */

static void show_summary(const struct signin_run *run, const struct lychgate *gate)
{
    const struct lychgate_mobile_summary *s = lychgate_mobile_summary(gate);
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf out = BUF_INIT;
    bool colour = run->invocation->colour;
    size_t count;
    const struct lychgate_contact *contacts = lychgate_mobile_contacts(gate, &count);
    buf_print(&out, "%sSigned in as %s%s, as a phone\n", colour ? "\033[1;32m" : "", s->address,
              colour ? "\033[0m" : "");
    buf_add_string(&out, "  service      ");
    signin_put_clean(&out, slice_of(s->service));
    buf_add_string(&out, "\n  contact      ");
    signin_put_clean(&out, slice_of(s->contact));
    buf_print(&out, "\n  endpoint     %s\n", s->endpoint);
    buf_print(&out, "  certificate  until %s, %s\n",
              clock_print_iso(arena, s->certificate_until).at,
              s->certificate_kept ? "kept from before" : "new");
    buf_print(&out, "  %s         may be silent for %" PRId64 " s\n", s->push ? "push" : "pull",
              s->lifetime_s);
    buf_print(&out, "  contacts     %zu\n", count);
    for (size_t i = 0; i < count; i++) {
        buf_add_string(&out, "    ");
        session_show_person(&out, contacts[i].presence, contacts[i].alias, colour);
    }
    buf_print(&out, "  total        %" PRId64 " ms\n", (s->spent_us + 500) / 1000);
    if (!run->lines && !run->steps)
        put(&out);
}

static json_t *mobile_json(const struct lychgate *gate)
{
    const struct lychgate_mobile_summary *s = lychgate_mobile_summary(gate);
    scoped(arena) struct arena *arena = arena_new();
    json_t *settings = json_array(), *people = json_array();
    size_t count;
    const struct lychgate_setting *setting = lychgate_mobile_settings(gate, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(settings, json_pack("{s:s,s:s,s:o}", "number", setting[i].group,
                                                  "name", setting[i].name, "value",
                                                  signin_text_json(setting[i].value)));
    const struct lychgate_contact *contacts = lychgate_mobile_contacts(gate, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(people, session_contact_json(&contacts[i]));
    return json_pack("{s:o,s:o,s:o,s:s,s:s,s:I,s:s,s:b,s:f,s:o,s:o}", "address",
                     signin_text_json(s->address), "service", signin_text_json(s->service),
                     "contact", signin_text_json(s->contact), "endpoint", s->endpoint, "mode",
                     s->push ? "push" : "pull", "lifetime_s", (json_int_t)s->lifetime_s,
                     "certificate_until", clock_print_iso(arena, s->certificate_until).at,
                     "certificate_kept", s->certificate_kept, "ms", (double)s->spent_us / 1000.0,
                     "settings", settings, "contacts", people);
}

/* ---- one run ------------------------------------------------------------------------------------
 */

static int stay(struct lychgate *gate, uint64_t seconds)
{
    int64_t until = clock_monotonic() + (int64_t)seconds * 1000;
    for (int64_t left; (left = until - clock_monotonic()) > 0;) {
        int err = lychgate_mobile_wait(gate, (int)(left < POLL_MS ? left : POLL_MS));
        if (err < 0)
            return strcmp(lychgate_problem(gate)->finding, "stopped") == 0 ? 0 : err;
    }
    return 0;
}

enum tool_exit signin_mobile(struct signin_run *run, struct account *account)
{
    struct lychgate *gate = account->gate;
    char subscription[SUBSCRIPTION_MAX + 1];
    if (!read_subscription(run->invocation, subscription))
        return TOOL_USAGE;
    int err =
        lychgate_mobile_signin(gate, &(struct lychgate_mobile_options){
                                         .push_subscription = subscription[0] ? subscription : NULL,
                                         .presence = run->keep ? on_presence : NULL,
                                         .message = run->keep ? on_message : NULL,
                                         .arg = run});
    bool signed_in = err == 0;
    if (signed_in)
        show_summary(run, gate);
    json_t *mobile = signed_in ? mobile_json(gate) : json_null();
    if (signed_in)
        err = stay(gate, run->keep);
    enum tool_exit code = account_exit(err, lychgate_problem(gate));
    json_t *error = err ? signin_problem_json(lychgate_problem(gate)) : json_null();
    int end = lychgate_mobile_signout(gate);
    if (err == 0 && end != 0) {
        code = account_exit(end, lychgate_problem(gate));
        json_decref(error);
        error = signin_problem_json(lychgate_problem(gate));
    }
    signin_put_result(run, json_pack("{s:s,s:s,s:o,s:o}", "address", run->invocation->operands[0],
                                     "result", signin_result_word(code), "mobile", mobile, "error",
                                     error));
    return code;
}
