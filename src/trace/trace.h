/* A trace file: every message of a conversation, redacted, a line each. */
#ifndef LYCHGATE_TRACE_TRACE_H
#define LYCHGATE_TRACE_TRACE_H

#include "trace/record.h"

struct trace;

/* Create (0600, truncating) or, with `append`, continue a file. Returns 0 or
 * -ERR_IO with the reason in the fault. Owned by the caller. */
int trace_open(const char *path, bool append, struct trace **trace_out, struct fault *fault);

/* Flush and close; NULL is fine. */
void trace_close(struct trace *trace);

/* Keep one message: redacts record->text, then writes the line. NULL trace: nothing.
 * Safe from any thread. A file that can take no more (disk full) is reported
 * once as an event and then left alone: tracing never stops a sign-in. */
void trace_write(struct trace *trace, const struct trace_record *record);

/* A sentence of ours between the messages ("TLS 1.3, certificate ..."). */
void trace_note(struct trace *trace, int64_t at_us, struct slice conversation, struct slice from,
                struct slice to, struct slice sentence);

#endif
