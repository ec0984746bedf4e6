#include "event/event.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    event_sink_fn *sink;
    void *arg;
    atomic_int down_to;
    atomic_uint_fast64_t counts[FINDING_COUNT];
} hub = {.lock = PTHREAD_MUTEX_INITIALIZER, .down_to = -1};

bool event_wanted(enum event_level level)
{
    return level <= EVENT_INFO || (int)level <= atomic_load(&hub.down_to);
}

void event_emit_record(const struct event_record *record)
{
    if ((unsigned)record->finding < FINDING_COUNT)
        atomic_fetch_add_explicit(&hub.counts[record->finding], 1, memory_order_relaxed);
    if ((int)record->level > atomic_load(&hub.down_to))
        return;
    pthread_mutex_lock(&hub.lock);
    if (hub.sink)
        hub.sink(hub.arg, record);
    pthread_mutex_unlock(&hub.lock);
}

void event_set_sink(event_sink_fn *sink, void *arg, enum event_level down_to)
{
    pthread_mutex_lock(&hub.lock);
    hub.sink = sink;
    hub.arg = arg;
    atomic_store(&hub.down_to, sink ? (int)down_to : -1);
    pthread_mutex_unlock(&hub.lock);
}

uint64_t event_count(enum finding finding)
{
    return (unsigned)finding < FINDING_COUNT ? atomic_load(&hub.counts[finding]) : 0;
}

static bool needs_quotes(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] == '"' || s.at[i] == 0x7f)
            return true;
    return s.len == 0;
}

/* Values come from peers: whatever could fake a second line or field is quoted
 * and unprintable bytes are shown as '?'. */
static struct slice value(struct arena *arena, struct slice s)
{
    if (!needs_quotes(s))
        return s;
    char *p = arena_alloc(arena, 2 * s.len + 3), *to = p;
    *to++ = '"';
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (c == '"' || c == '\\')
            *to++ = '\\';
        *to++ = (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
    }
    *to++ = '"';
    return slice_make(p, (size_t)(to - p));
}

struct slice event_print(struct arena *arena, const struct event_record *record)
{
    struct slice line = slice_of(record->name);
    if (record->finding != FINDING_NONE)
        line = arena_print(arena, "%.*s finding=%s", SLICE_ARG(line), finding_id(record->finding));
    for (const struct event_field *f = record->fields; f->kind != EVENT_KIND_END; f++) {
        if (f->kind == EVENT_KIND_INT) {
            line =
                arena_print(arena, "%.*s %s=%lld", SLICE_ARG(line), f->name, (long long)f->number);
        } else if (!slice_absent(f->text)) {
            struct slice text = value(arena, f->text);
            line = arena_print(arena, "%.*s %s=%.*s", SLICE_ARG(line), f->name, SLICE_ARG(text));
        }
    }
    return line;
}

static const char *const level_names[] = {
    [EVENT_ERROR] = "error", [EVENT_WARNING] = "warning", [EVENT_NOTICE] = "notice",
    [EVENT_INFO] = "info",   [EVENT_DEBUG] = "debug",
};

enum event_level event_level_by_name(const char *name)
{
    for (int i = EVENT_ERROR; i <= EVENT_DEBUG; i++)
        if (strcmp(level_names[i], name) == 0)
            return (enum event_level)i;
    return EVENT_INFO;
}

void event_log_stderr(void *arg, const struct event_record *record)
{
    (void)arg;
    scoped(arena) struct arena *arena = arena_new();
    struct slice line = event_print(arena, record);
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "<%d>%.*s\n", (int)record->level, SLICE_ARG(line));
    else
        fprintf(stderr, "%-7s %.*s\n", level_names[record->level], SLICE_ARG(line));
}
