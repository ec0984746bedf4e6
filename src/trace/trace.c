#include "trace/trace.h"

#include "event/event.h"
#include "trace/redact.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trace {
    int fd;
    pthread_mutex_t lock; /* guards fd and full; lines are never torn */
    bool full;
    struct trace_redactor redactor;
};

int trace_open(const char *path, bool append, struct trace **trace_out, struct fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (append ? 0 : O_TRUNC), 0600);
    if (fd < 0)
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "trace file %s: %s", path,
                         strerror(errno));
    struct trace *trace = must_calloc(1, sizeof *trace);
    trace->fd = fd;
    pthread_mutex_init(&trace->lock, NULL);
    trace_redactor_init(&trace->redactor);
    *trace_out = trace;
    return 0;
}

void trace_close(struct trace *trace)
{
    if (!trace)
        return;
    close(trace->fd);
    pthread_mutex_destroy(&trace->lock);
    free(trace);
}

static bool write_all(int fd, struct slice s)
{
    while (s.len > 0) {
        ssize_t put = write(fd, s.at, s.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        s = slice_from(s, (size_t)put);
    }
    return true;
}

void trace_write(struct trace *trace, const struct trace_record *record)
{
    if (!trace)
        return;
    scoped(buf) struct buf text = BUF_INIT;
    scoped(buf) struct buf line = BUF_INIT;
    trace_redact(&trace->redactor, record->text, &text);
    struct trace_record clean = *record;
    clean.text = buf_slice(&text);
    trace_record_print(&line, &clean);
    pthread_mutex_lock(&trace->lock);
    bool failed = !trace->full && !write_all(trace->fd, buf_slice(&line));
    trace->full |= failed;
    pthread_mutex_unlock(&trace->lock);
    if (failed)
        event_emit(EVENT_ERROR, "trace.stopped", FINDING_STORE_FAILED,
                   EVENT_TEXT("detail", strerror(errno)), EVENT_END);
}

void trace_note(struct trace *trace, int64_t at_us, struct slice conversation, struct slice from,
                struct slice to, struct slice sentence)
{
    trace_write(trace, &(struct trace_record){.at_us = at_us,
                                              .layer = TRACE_NOTE,
                                              .from = from,
                                              .to = to,
                                              .conversation = conversation,
                                              .text = sentence});
}
