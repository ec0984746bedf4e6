#include "trace/ladder.h"

#include <string.h>

enum {
    LANES_MAX = 26, /* one letter each; more participants share the last lane */
    LANE_WIDE = 5,
    LANE_NARROW = 3,
    WIDE_FROM = 100, /* columns from which lanes are drawn wide */
    TIME_WIDTH = 10,
    LAYER_WIDTH = 5,
};

struct drawing {
    struct buf *out;
    const struct trace_ladder_options *options;
    struct slice lanes[LANES_MAX];
    size_t lane_count, lane_width;
    unsigned width;
};

static size_t lane_of(struct drawing *d, struct slice name)
{
    for (size_t i = 0; i < d->lane_count; i++)
        if (slice_eq(d->lanes[i], name))
            return i;
    if (d->lane_count == LANES_MAX)
        return LANES_MAX - 1;
    d->lanes[d->lane_count] = name;
    return d->lane_count++;
}

static void pad(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_byte(out, ' ');
}

static void put_legend(struct drawing *d)
{
    size_t column = 0;
    for (size_t i = 0; i < d->lane_count; i++) {
        size_t width = d->lanes[i].len + 5;
        if (column > 0 && column + width > d->width) {
            buf_add_byte(d->out, '\n');
            column = 0;
        }
        buf_print(d->out, "%c %.*s", (char)('A' + i), SLICE_ARG(d->lanes[i]));
        if (i + 1 < d->lane_count)
            pad(d->out, 3);
        column += width;
    }
    buf_add_string(d->out, "\n\n");
    pad(d->out, d->options->no_times ? 0 : TIME_WIDTH);
    for (size_t i = 0; i < d->lane_count; i++) {
        buf_add_byte(d->out, (char)('A' + i));
        pad(d->out, i + 1 < d->lane_count ? d->lane_width - 1 : 0);
    }
    buf_add_byte(d->out, '\n');
}

/* The rungs of one message: lanes as dots, an arrow from sender to receiver. */
static void put_arrow(struct drawing *d, size_t from, size_t to)
{
    char rungs[LANES_MAX * LANE_WIDE + 1];
    size_t used = (d->lane_count - 1) * d->lane_width + 1;
    memset(rungs, ' ', used);
    for (size_t i = 0; i < d->lane_count; i++)
        rungs[i * d->lane_width] = '.';
    size_t a = from * d->lane_width, b = to * d->lane_width;
    size_t left = a < b ? a : b, right = a < b ? b : a;
    for (size_t i = left + 1; i < right; i++)
        rungs[i] = '-';
    rungs[a] = 'o';
    if (a != b)
        rungs[b] = a < b ? '>' : '<';
    buf_add(d->out, slice_make(rungs, used));
}

static void put_time(struct drawing *d, const struct trace_record *records, size_t i)
{
    if (d->options->no_times)
        return;
    int64_t since = i ? records[i].at_us - records[i - 1].at_us : 0;
    buf_print(d->out, "%c%7.3f  ", i ? '+' : ' ', (double)since / 1e6);
}

static bool failed(const struct trace_record *record, struct slice summary)
{
    return trace_record_is_reply(record) && summary.len >= 3 && summary.at[0] >= '4' &&
           summary.at[0] <= '6' && record->layer != TRACE_DNS;
}

static void put_message(struct drawing *d, const struct trace_record *records, size_t i)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct trace_record *r = &records[i];
    put_time(d, records, i);
    put_arrow(d, lane_of(d, r->from), lane_of(d, r->to));
    size_t used = (d->options->no_times ? 0 : TIME_WIDTH) + (d->lane_count - 1) * d->lane_width +
                  1 + 2 + LAYER_WIDTH + 1;
    struct slice summary = trace_record_summary(arena, r), text = summary;
    if (!slice_empty(r->component))
        text = arena_print(arena, "%.*s: %.*s", SLICE_ARG(r->component), SLICE_ARG(summary));
    size_t room = d->width > used + 8 ? d->width - used : 8;
    bool cut = text.len > room;
    const char *colour = !d->options->colour ? NULL : failed(r, summary) ? "\033[31m" : NULL;
    buf_print(d->out, "  %-*s %s%.*s%s%s\n", LAYER_WIDTH, trace_layer_name(r->layer),
              colour ? colour : "", (int)(cut ? room - 1 : text.len), text.at, cut ? "~" : "",
              colour ? "\033[0m" : "");
}

void trace_ladder_print(struct buf *out, const struct trace_record *records, size_t count,
                        const struct trace_ladder_options *options)
{
    struct drawing d = {.out = out, .options = options, .width = options->width};
    d.lane_width = options->width >= WIDE_FROM ? LANE_WIDE : LANE_NARROW;
    for (size_t i = 0; i < count; i++) {
        lane_of(&d, records[i].from);
        lane_of(&d, records[i].to);
    }
    if (count == 0)
        return;
    put_legend(&d);
    for (size_t i = 0; i < count; i++)
        put_message(&d, records, i);
}
