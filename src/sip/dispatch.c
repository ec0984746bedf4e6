#include "sip/dispatch.h"

#include "base/buf.h"

struct slice sip_dispatch_allow(const struct sip_dispatch *table, struct arena *arena)
{
    struct slice list = SLICE("");
    for (size_t i = 0; i < table->count; i++)
        list = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(list), i ? ", " : "",
                           SLICE_ARG(sip_method_name(table->rows[i].method)));
    return list;
}

static bool extension_known(const struct sip_dispatch *table, struct slice tag)
{
    for (const char *const *known = table->extensions; *known; known++)
        if (slice_eq_nocase(tag, slice_of(*known)))
            return true;
    return false;
}

/* The tags in Require that we do not know (RFC 3261 section 8.2.2.3). */
static struct slice unsupported(const struct sip_dispatch *table, const struct sip_message *request,
                                struct arena *arena)
{
    struct slice list = SLICE(""), tag;
    const struct sip_header *require = sip_header(request, SIP_HEADER_REQUIRE);
    if (!table->extensions || request->method == SIP_ACK || request->method == SIP_CANCEL)
        return list;
    for (; require; require = sip_header_next(request, require)) {
        struct slice rest = require->value;
        while (sip_list_next(&rest, &tag) > 0)
            if (!extension_known(table, tag))
                list = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(list), list.len ? ", " : "",
                                   SLICE_ARG(tag));
    }
    return list;
}

static const struct sip_method_row *find_row(const struct sip_dispatch *table,
                                             enum sip_method method)
{
    for (size_t i = 0; i < table->count && method != SIP_METHOD_OTHER; i++)
        if (table->rows[i].method == method)
            return &table->rows[i];
    return NULL;
}

static int run(const struct sip_method_row *row, void *context, const struct sip_message *request,
               struct sip_reply *reply, struct fault *fault)
{
    if (row->forwards && request->max_forwards == 0)
        return fault_set(fault, ERR_DENIED, FINDING_SIP_TOO_MANY_HOPS, "Max-Forwards is 0");
    int err = row->may ? row->may(context, request, fault) : 0;
    return err ? err : row->answer(context, request, reply, fault);
}

int sip_dispatch(const struct sip_dispatch *table, void *context, const struct sip_message *request,
                 struct arena *arena, struct sip_reply *reply)
{
    struct fault fault = {0};
    const struct sip_method_row *row = find_row(table, request->method);
    sip_reply_init(reply, arena, 200);
    struct slice unknown = unsupported(table, request, arena);
    int err;
    if (!row)
        err = fault_set(&fault, ERR_UNSUPPORTED, FINDING_SIP_METHOD, "%.*s",
                        SLICE_ARG(slice_head(request->method_text, 32)));
    else if (unknown.len > 0)
        err = fault_set(&fault, ERR_UNSUPPORTED, FINDING_SIP_EXTENSION, "%.*s",
                        SLICE_ARG(slice_head(unknown, 100)));
    else
        err = run(row, context, request, reply, &fault);
    if (err) {
        sip_reply_fault(reply, &fault, table->source);
        if (reply->status == 405)
            sip_reply_header(reply, "Allow", "%.*s", SLICE_ARG(sip_dispatch_allow(table, arena)));
        if (unknown.len > 0 && row)
            sip_reply_header(reply, "Unsupported", "%.*s", SLICE_ARG(unknown));
    }
    if (request->method == SIP_ACK || request->method == SIP_BENOTIFY)
        reply->no_answer = true;
    return err;
}
