/* Any line as a trace record, and any bytes as a message to redact and draw. */
#include "trace/ladder.h"
#include "trace/redact.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct buf out = BUF_INIT;
    struct trace_record record;
    struct fault fault = {0};
    struct slice input = slice_make(data, size);
    struct trace_redactor redactor = {{1}};
    trace_redact(&redactor, input, &out);
    buf_clear(&out);
    if (trace_record_parse(arena, input, &record, &fault) == 0) {
        /* What was read prints to something that reads the same. */
        struct trace_record again;
        trace_record_print(&out, &record);
        if (trace_record_parse(arena, buf_slice(&out), &again, &fault) < 0 ||
            !slice_eq(again.text, record.text))
            abort();
        trace_ladder_print(&out, &record, 1, &(struct trace_ladder_options){.width = 80});
    } else if (fault.finding != FINDING_TRACE_MALFORMED) {
        abort();
    }
    buf_free(&out);
    arena_free(arena);
    return 0;
}
