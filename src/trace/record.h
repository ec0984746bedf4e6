/* One message that went over a wire, as a line of JSON.
 *
 * Both ends write the same format, so that `lychgate trace` can draw DNS, HTTP
 * and SIP in one picture:
 *
 *   {"at":"2026-11-21T22:05:00.123456Z","layer":"sip","component":"SIPStack",
 *    "from":"client","to":"sip.contoso.test:5061","conversation":"7",
 *    "text":"REGISTER sip:..."}
 *
 * `text` is the message with its secrets redacted (redact.h); where a message is
 * not text (DNS) it is a sentence of ours. `component` is there where a server of
 * Lync's has a component of that name to trace; other ends leave it out. */
#ifndef LYCHGATE_TRACE_RECORD_H
#define LYCHGATE_TRACE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* Components, by the names that administrators of Lync pick in OCSLogger. */
#define TRACE_SIPSTACK "SIPStack"   /* every SIP message of the server */
#define TRACE_MCX      "MCXService" /* what the mobility service decides */

enum trace_layer {
    TRACE_DNS,
    TRACE_TLS,
    TRACE_HTTP,
    TRACE_SIP,
    TRACE_NOTE
};

struct trace_record {
    int64_t at_us; /* microseconds since the epoch, UTC */
    enum trace_layer layer;
    struct slice from, to;     /* "client", or "HOST:PORT" */
    struct slice conversation; /* what belongs together: a connection, a query */
    struct slice component;    /* empty: none */
    struct slice text;
};

/* "dns", "tls", "http", "sip", "note". */
const char *trace_layer_name(enum trace_layer layer);

/* Append the record as one line of JSON (with its newline). Bytes that are no
 * UTF-8 become U+FFFD. No redaction happens here. */
void trace_record_print(struct buf *out, const struct trace_record *record);

/* Read one line; slices live in the arena. FINDING_TRACE_MALFORMED names what
 * is missing. */
int trace_record_parse(struct arena *arena, struct slice line, struct trace_record *record_out,
                       struct fault *fault);

/* What the message says, in one line: method and target, or status and reason. */
struct slice trace_record_summary(struct arena *arena, const struct trace_record *record);

/* Is it an answer (a status line, or the answer of a DNS query)? */
bool trace_record_is_reply(const struct trace_record *record);

#endif
