#include "tools/cs.h"

#include "cs/cs.h"
#include "server/offer.h"
#include "tools/cs_probe.h"
#include "tools/office.h"
#include "tools/show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What all lines of one command share. */
struct desktop {
    struct invocation *invocation;
    struct cs_world world;
    json_t *objects, *what_if; /* --json; else NULL */
    bool failed;               /* a Test- has */
};

/* ---- -Confirm ----------------------------------------------------------------------------- */

static bool confirm(void *arg, const char *operation, struct slice target)
{
    char answer[16];
    FILE *terminal = fopen("/dev/tty", "r+e");
    (void)arg;
    if (!terminal)
        return false;
    fprintf(terminal, "%s on %.*s? [Y] Yes  [N] No: ", operation, SLICE_ARG(target));
    fflush(terminal);
    bool yes = fgets(answer, sizeof answer, terminal) && (answer[0] == 'y' || answer[0] == 'Y');
    fclose(terminal);
    return yes;
}

/* ---- running ------------------------------------------------------------------------------- */

static void put(struct desktop *desktop, const struct cs_result *result)
{
    scoped(buf) struct buf text = BUF_INIT;
    desktop->failed |= result->failed;
    if (desktop->objects) {
        json_t *document = cs_result_json(result);
        json_array_extend(desktop->objects, json_object_get(document, "objects"));
        json_array_extend(desktop->what_if, json_object_get(document, "whatIf"));
        json_decref(document);
        return;
    }
    cs_print(result, &text);
    fwrite(buf_string(&text), 1, text.len, stdout);
    fflush(stdout);
}

static int run(struct desktop *desktop, struct slice text, struct arena *arena, struct fault *fault)
{
    struct cs_session *session;
    struct cs_result result;
    int err = cs_read(&desktop->world, text, arena, &session, fault);
    while (err >= 0 && (err = cs_next(session, &result, fault)) > 0)
        put(desktop, &result);
    return err;
}

static enum tool_exit run_all(struct desktop *desktop, struct slice text)
{
    struct fault fault;
    if (run(desktop, text, desktop->invocation->arena, &fault) < 0)
        return tool_fail(desktop->invocation, &fault);
    if (desktop->objects)
        show_json(json_pack("{s:O,s:O}", "objects", desktop->objects, "whatIf", desktop->what_if));
    return desktop->failed ? TOOL_FAILED : TOOL_FINE;
}

/* ---- where lines come from ------------------------------------------------------------------ */

/* The shell has cut the line into words; a line in one pair of quotes is one word. */
static struct slice join(const struct invocation *invocation)
{
    scoped(buf) struct buf line = BUF_INIT;
    for (size_t i = 0; i < invocation->operand_count; i++)
        buf_print(&line, "%s%s", i ? " " : "", invocation->operands[i]);
    return arena_copy(invocation->arena, slice_of(buf_string(&line)));
}

static enum tool_exit from_stdin(struct desktop *desktop)
{
    scoped(buf) struct buf text = BUF_INIT;
    char piece[4096];
    size_t count;
    while ((count = fread(piece, 1, sizeof piece, stdin)) > 0 && text.len <= CS_TEXT_MAX)
        buf_add(&text, slice_make(piece, count));
    return run_all(desktop, slice_of(buf_string(&text)));
}

/* A pipeline whose last line ends with a bar or a backtick goes on. */
static bool goes_on(struct slice text)
{
    text = slice_trim(text);
    return slice_ends_nocase(text, SLICE("|")) || slice_ends_nocase(text, SLICE("`"));
}

/* At a terminal: each line at once, and a refusal does not end it. */
static enum tool_exit from_terminal(struct desktop *desktop)
{
    scoped(buf) struct buf text = BUF_INIT;
    char line[4096];
    struct slice domain = desktop->world.site->domain;
    for (;;) {
        struct fault fault;
        printf(text.len ? ">> " : "CS %.*s> ", SLICE_ARG(domain));
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin))
            break;
        buf_add_string(&text, line);
        if (goes_on(slice_of(line)) || !strchr(line, '\n'))
            continue;
        struct slice typed = slice_trim(slice_of(buf_string(&text)));
        if (slice_eq_nocase(typed, SLICE("exit")) || slice_eq_nocase(typed, SLICE("quit")))
            return TOOL_FINE;
        scoped(arena) struct arena *arena = arena_new();
        if (run(desktop, typed, arena, &fault) < 0)
            tool_fail(desktop->invocation, &fault);
        buf_clear(&text);
    }
    putchar('\n');
    return TOOL_FINE;
}

enum tool_exit cs_verb_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct cs_probes probes;
    struct fault fault;
    if (!cs_probes_init(invocation, &probes))
        return TOOL_USAGE;
    if (office_open_records(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    struct site site = offer_site(office.config, 0, 0);
    struct desktop desktop = {
        .invocation = invocation,
        .world = {.store = office.store,
                  .reader = office.reader,
                  .accounts = office.accounts,
                  .site = &site,
                  .subject = offer_subject(office.config, 0),
                  .probes = probes,
                  .confirm = isatty(STDERR_FILENO) ? confirm : NULL},
        .objects = invocation->json ? json_array() : NULL,
        .what_if = invocation->json ? json_array() : NULL,
    };
    enum tool_exit code = invocation->operand_count > 0 ? run_all(&desktop, join(invocation))
                          : isatty(STDIN_FILENO) && !invocation->json ? from_terminal(&desktop)
                                                                      : from_stdin(&desktop);
    json_decref(desktop.objects);
    json_decref(desktop.what_if);
    return code;
}
