/* Secrets taken out of messages before they are kept.
 *
 * What is taken out: credentials in Authorization of HTTP, cookies, web tickets,
 * passwords, entropies, assertions, encrypted tokens. Each becomes
 * `[redacted #XXXXXXXX]`, where X is a keyed hash: within one trace the
 * same secret can be followed, and nobody can test a guess. */
#ifndef LYCHGATE_TRACE_REDACT_H
#define LYCHGATE_TRACE_REDACT_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

struct trace_redactor {
    uint8_t key[32]; /* random, made once for a trace file, never written */
};

void trace_redactor_init(struct trace_redactor *redactor);

/* Append the message without its secrets. Works on text, not on structure, so
 * that malformed messages lose their secrets too. */
void trace_redact(const struct trace_redactor *redactor, struct slice message, struct buf *out);

#endif
