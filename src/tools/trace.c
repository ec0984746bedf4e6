#include "tools/trace.h"

#include "trace/ladder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WIDTH_DEFAULT = 80,
    WIDTH_LEAST = 60,
    WIDTH_MOST = 1000,
    RECORDS_MAX = 1000000
};

const struct verb_option trace_options[] = {
    {"width", "COLUMNS", "how wide to draw (default: the terminal, or 80)", false},
    {"messages", NULL, "print the messages themselves as well", false},
    {"no-times", NULL, "leave the times out", false},
    {0},
};

static uint64_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

struct records {
    struct trace_record *at;
    size_t count, room;
};

static struct trace_record *add(struct records *records)
{
    if (records->count == records->room) {
        records->room = records->room ? 2 * records->room : 64;
        records->at = must_realloc(records->at, records->room * sizeof *records->at);
    }
    return &records->at[records->count++];
}

static int read_records(const char *path, struct arena *arena, struct records *records,
                        struct fault *fault)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return fault_set(fault, ERR_IO, FINDING_TRACE_MALFORMED, "%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0, number = 0;
    int err = 0;
    for (ssize_t len; err == 0 && (len = getline(&line, &room, file)) > 0;) {
        struct slice text = slice_trim(slice_make(line, (size_t)len));
        number++;
        if (text.len == 0)
            continue;
        struct fault inner;
        if (records->count == RECORDS_MAX)
            err = fault_set(fault, ERR_LIMIT, FINDING_TRACE_MALFORMED, "%s: more than %d messages",
                            path, RECORDS_MAX);
        else if (trace_record_parse(arena, text, add(records), &inner) < 0)
            err = fault_set(fault, ERR_MALFORMED, FINDING_TRACE_MALFORMED, "%s:%zu: %s", path,
                            number, inner.detail);
    }
    free(line);
    if (file != stdin)
        fclose(file);
    return err;
}

static void print_messages(const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct trace_record *r = &records->at[i];
        printf("\n---- %zu: %s%s%.*s, %.*s to %.*s\n%.*s\n", i + 1, trace_layer_name(r->layer),
               slice_empty(r->component) ? "" : " ", SLICE_ARG(r->component), SLICE_ARG(r->from),
               SLICE_ARG(r->to), SLICE_ARG(r->text));
    }
}

/* The records, one a line as in the file, but as one document. */
static void print_json(const struct records *records)
{
    fputs("[\n", stdout);
    for (size_t i = 0; i < records->count; i++) {
        scoped(buf) struct buf line = BUF_INIT;
        trace_record_print(&line, &records->at[i]);
        printf("%s%.*s", i ? ",\n" : "", SLICE_ARG(slice_trim(buf_slice(&line))));
    }
    fputs("\n]\n", stdout);
}

static void print_ladder(const struct invocation *invocation, const struct records *records,
                         uint64_t width)
{
    scoped(buf) struct buf out = BUF_INIT;
    trace_ladder_print(&out, records->at, records->count,
                       &(struct trace_ladder_options){
                           .width = width < WIDTH_LEAST ? WIDTH_LEAST : (unsigned)width,
                           .colour = invocation->colour,
                           .no_times = invocation_has(invocation, "no-times"),
                       });
    fwrite(buf_string(&out), 1, out.len, stdout);
    if (invocation_has(invocation, "messages"))
        print_messages(records);
}

enum tool_exit trace_run(struct invocation *invocation)
{
    struct records records = {0};
    struct fault fault;
    uint64_t width;
    if (!invocation_number(invocation, "width", terminal_width(), WIDTH_MOST, &width))
        return TOOL_USAGE;
    if (read_records(invocation->operands[0], invocation->arena, &records, &fault) < 0) {
        free(records.at);
        return tool_fail(invocation, &fault);
    }
    if (invocation->json)
        print_json(&records);
    else
        print_ladder(invocation, &records, width);
    free(records.at);
    return TOOL_FINE;
}
