/* The ladder: who said what to whom, and how long it took, as text.
 *
 *   A client            B 127.0.0.1:53      C webdir.contoso.test:443
 *
 *      time   A  B  C
 *     0.000   o->.  .   dns   A lyncdiscoverinternal.contoso.test
 *    +0.001   <-o   .   dns   answer 127.0.0.1
 *    +0.002   o---->.   http  GET /?sipuri=alice@contoso.test
 */
#ifndef LYCHGATE_TRACE_LADDER_H
#define LYCHGATE_TRACE_LADDER_H

#include "base/buf.h"
#include "trace/record.h"

struct trace_ladder_options {
    unsigned width; /* columns, at least 60; lines are cut there, names are not */
    bool colour;    /* ANSI colours for failures and replies */
    bool no_times;  /* leave times out (so that two runs can be compared) */
};

/* Draw the records, in their order, onto `out`. */
void trace_ladder_print(struct buf *out, const struct trace_record *records, size_t count,
                        const struct trace_ladder_options *options);

#endif
