#include "trace/record.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const layers[] = {
    [TRACE_DNS] = "dns", [TRACE_TLS] = "tls",   [TRACE_HTTP] = "http",
    [TRACE_SIP] = "sip", [TRACE_NOTE] = "note",
};

enum {
    LAYERS = sizeof layers / sizeof *layers
};

const char *trace_layer_name(enum trace_layer layer)
{
    return (unsigned)layer < LAYERS ? layers[layer] : "?";
}

/* How many bytes the UTF-8 sequence at s takes; 0 if it is none. */
static size_t utf8_length(struct slice s)
{
    const uint8_t *b = (const uint8_t *)s.at;
    size_t len = b[0] < 0x80                   ? 1
                 : b[0] >= 0xc2 && b[0] < 0xe0 ? 2
                 : (b[0] & 0xf0) == 0xe0       ? 3
                 : b[0] >= 0xf0 && b[0] < 0xf5 ? 4
                                               : 0;
    if (len == 0 || len > s.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xf0 && b[1] < 0x90);
    bool beyond = (b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf4 && b[1] > 0x8f);
    return overlong || beyond ? 0 : len;
}

static void print_text(struct buf *out, struct slice s)
{
    buf_add_byte(out, '"');
    while (s.len > 0) {
        unsigned char c = (unsigned char)s.at[0];
        size_t len = utf8_length(s);
        if (c == '"' || c == '\\')
            buf_print(out, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_add_string(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
        else if (c < 0x20 || c == 0x7f)
            buf_print(out, "\\u%04x", c);
        else if (len == 0)
            buf_add_string(out, "\xef\xbf\xbd");
        else
            buf_add(out, slice_head(s, len));
        s = slice_from(s, len ? len : 1);
    }
    buf_add_byte(out, '"');
}

static void print_member(struct buf *out, const char *name, struct slice value)
{
    buf_print(out, ",\"%s\":", name);
    print_text(out, value);
}

void trace_record_print(struct buf *out, const struct trace_record *record)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice seconds = clock_print_iso(arena, record->at_us / 1000000 * 1000);
    buf_print(out, "{\"at\":\"%.*s.%06dZ\"", (int)seconds.len - 1, seconds.at,
              (int)(record->at_us % 1000000));
    print_member(out, "layer", slice_of(trace_layer_name(record->layer)));
    if (!slice_empty(record->component))
        print_member(out, "component", record->component);
    print_member(out, "from", record->from);
    print_member(out, "to", record->to);
    print_member(out, "conversation", record->conversation);
    print_member(out, "text", record->text);
    buf_add_string(out, "}\n");
}

static int take_text(struct arena *arena, const json_t *object, const char *name, struct slice *out,
                     struct fault *fault)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return fault_set(fault, ERR_MALFORMED, FINDING_TRACE_MALFORMED,
                         "the record has no text member \"%s\"", name);
    *out = arena_copy(arena, slice_make(json_string_value(value), json_string_length(value)));
    return 0;
}

/* Older traces have none. */
static int take_component(struct arena *arena, const json_t *object, struct slice *out,
                          struct fault *fault)
{
    return json_object_get(object, "component") ? take_text(arena, object, "component", out, fault)
                                                : 0;
}

static int take_layer(struct slice name, enum trace_layer *out, struct fault *fault)
{
    for (int i = 0; i < LAYERS; i++)
        if (slice_eq(name, slice_of(layers[i]))) {
            *out = (enum trace_layer)i;
            return 0;
        }
    return fault_set(fault, ERR_MALFORMED, FINDING_TRACE_MALFORMED, "unknown layer \"%.*s\"",
                     SLICE_ARG(name));
}

/* clock_parse_iso() keeps milliseconds; the last three digits come from here. */
static int take_time(struct slice at, int64_t *us_out, struct fault *fault)
{
    int64_t ms;
    uint64_t rest = 0;
    if (clock_parse_iso(at, &ms) < 0 || ms < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_TRACE_MALFORMED, "\"at\" is no time");
    ptrdiff_t dot = slice_index(at, '.');
    struct slice digits = dot < 0 ? (struct slice){0} : slice_from(at, (size_t)dot + 4);
    if (digits.len == 4 && slice_number(slice_head(digits, 3), 999, &rest) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_TRACE_MALFORMED, "\"at\" is no time");
    *us_out = ms * 1000 + (int64_t)rest;
    return 0;
}

static int take_members(struct arena *arena, const json_t *object, struct trace_record *r,
                        struct fault *fault)
{
    struct slice at, layer;
    int err = take_text(arena, object, "at", &at, fault);
    if (err == 0)
        err = take_time(at, &r->at_us, fault);
    if (err == 0)
        err = take_text(arena, object, "layer", &layer, fault);
    if (err == 0)
        err = take_layer(layer, &r->layer, fault);
    if (err == 0)
        err = take_component(arena, object, &r->component, fault);
    if (err == 0)
        err = take_text(arena, object, "from", &r->from, fault);
    if (err == 0)
        err = take_text(arena, object, "to", &r->to, fault);
    if (err == 0)
        err = take_text(arena, object, "conversation", &r->conversation, fault);
    if (err == 0)
        err = take_text(arena, object, "text", &r->text, fault);
    return err;
}

int trace_record_parse(struct arena *arena, struct slice line, struct trace_record *record_out,
                       struct fault *fault)
{
    json_error_t error;
    json_t *object = json_loadb(line.at ? line.at : "", line.len, JSON_ALLOW_NUL, &error);
    if (!json_is_object(object)) {
        json_decref(object);
        return fault_set(fault, ERR_MALFORMED, FINDING_TRACE_MALFORMED, "column %d: %s",
                         error.column, error.text);
    }
    *record_out = (struct trace_record){0};
    int err = take_members(arena, object, record_out, fault);
    json_decref(object);
    return err;
}

static struct slice first_line(struct slice text)
{
    ptrdiff_t end = slice_index(text, '\n');
    return slice_trim(end < 0 ? text : slice_head(text, (size_t)end));
}

bool trace_record_is_reply(const struct trace_record *record)
{
    return slice_starts(record->text, SLICE("SIP/2.0 ")) ||
           slice_starts(record->text, SLICE("HTTP/1.")) ||
           slice_starts(record->text, SLICE("answer "));
}

/* Without the protocol's own name, which the layer tells already. */
struct slice trace_record_summary(struct arena *arena, const struct trace_record *record)
{
    struct slice line = first_line(record->text), head, rest;
    if (slice_starts(line, SLICE("SIP/2.0 ")) || slice_starts(line, SLICE("HTTP/1."))) {
        slice_cut(line, ' ', &head, &rest);
        return arena_copy(arena, rest);
    }
    static const char *const tails[] = {" HTTP/1.1", " HTTP/1.0", " SIP/2.0"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (slice_ends(line, slice_of(tails[i])))
            line = slice_head(line, line.len - strlen(tails[i]));
    return arena_copy(arena, line);
}
