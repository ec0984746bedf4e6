/* What happened. One call at the place where it happens; the log, the metrics
 * and the tests are views of it. Libraries never print: they emit.
 *
 *   event_emit(EVENT_NOTICE, "signin.refused", fault.finding,
 *              EVENT_SLICE("user", address), EVENT_INT("ms", spent), EVENT_END);
 *
 * Names are `room.what`. Field values never hold secrets. */
#ifndef LYCHGATE_EVENT_EVENT_H
#define LYCHGATE_EVENT_EVENT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* syslog's numbers, so that journald understands `<N>`. */
enum event_level {
    EVENT_ERROR = 3,
    EVENT_WARNING = 4,
    EVENT_NOTICE = 5,
    EVENT_INFO = 6,
    EVENT_DEBUG = 7,
};

/* "error" ... "debug"; EVENT_INFO for any other word. */
enum event_level event_level_by_name(const char *name);

enum event_kind {
    EVENT_KIND_END,
    EVENT_KIND_TEXT,
    EVENT_KIND_INT,
};

struct event_field {
    const char *name;
    enum event_kind kind;
    struct slice text;
    int64_t number;
};

#define EVENT_SLICE(field, s) ((struct event_field){(field), EVENT_KIND_TEXT, (s), 0})
#define EVENT_TEXT(field, s)  ((struct event_field){(field), EVENT_KIND_TEXT, slice_of(s), 0})
#define EVENT_INT(field, n)   ((struct event_field){(field), EVENT_KIND_INT, {0}, (int64_t)(n)})
#define EVENT_END             ((struct event_field){NULL, EVENT_KIND_END, {0}, 0})
/* The detail of a fault, as field "detail". */
#define EVENT_FAULT(f) EVENT_TEXT("detail", (f)->detail)

struct event_record {
    enum event_level level;
    const char *name;
    enum finding finding;             /* FINDING_NONE when nothing is wrong */
    const struct event_field *fields; /* ends with EVENT_END */
};

/* Tell all sinks. Safe from any thread. */
void event_emit_record(const struct event_record *record);

#define event_emit(level_, name_, finding_, ...)                                                   \
    do {                                                                                           \
        if (event_wanted(level_))                                                                  \
            event_emit_record(&(struct event_record){(level_), (name_), (finding_),                \
                                                     (const struct event_field[]){__VA_ARGS__}});  \
    } while (0)

/* Is anybody interested in this level? (Counters count from INFO upwards.) */
bool event_wanted(enum event_level level);

/* A sink sees each record, under a lock, in the emitting thread. */
typedef void event_sink_fn(void *arg, const struct event_record *record);

/* Set the one sink beside the counters (the log, or a test's collector), and
 * the level down to which it wants records. NULL silences. */
void event_set_sink(event_sink_fn *sink, void *arg, enum event_level down_to);

/* The sink that programs use: a line of text a record on stderr, with journald's
 * `<N>` prefix when stderr is the journal. */
void event_log_stderr(void *arg, const struct event_record *record);

/* One line of text for a record: `name finding=id user=... ms=5`. */
struct slice event_print(struct arena *arena, const struct event_record *record);

/* How often a finding was emitted since the start (for metrics and tests). */
uint64_t event_count(enum finding finding);

#endif
