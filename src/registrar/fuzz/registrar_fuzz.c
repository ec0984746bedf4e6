/* A stream of SIP messages, each a REGISTER of somebody on some connection. The
 * first byte of a User-Agent says on which, and whether the association is bound;
 * other messages let time pass, a connection end, a user go. Checked are the
 * promises: counts agree, nobody has more places than he may, order of age and of
 * time, the reply and what is sent can be read. */
#include "registrar/registrar.h"
#include "sip/frame.h"
#include "sip/print.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PLACES_MAX = 2
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_user(void *arg, struct slice account)
{
    const struct registrar *registrar = arg;
    const struct endpoint *e = registrar_next(registrar, account, NULL);
    unsigned count = 0;
    for (int64_t since = 0; e; e = registrar_next(registrar, account, e), count++) {
        must(e->since >= since && e->expires > e->since);
        must(slice_eq(e->account, account) && e->epid.len <= ENDPOINT_EPID_MAX);
        since = e->since;
    }
    must(count > 0 && count <= PLACES_MAX);
}

static void check_printed(const struct sip_out *out)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_message back;
    sip_print(out, (struct slice){0}, (struct slice){0}, &bytes);
    int err = sip_parse(&back, buf_slice(&bytes), NULL);
    must(err == 0 || err == -ERR_LIMIT);
}

static void check_sent(const struct outgoing_list *list)
{
    for (const struct outgoing *o = list->first; o; o = o->next) {
        struct sip_request request = o->request;
        struct sip_out out;
        request.branch = SLICE("z9hG4bK1");
        request.via_host = SLICE("sip.contoso.test:5061");
        sip_out_request(&out, &request);
        check_printed(&out);
    }
}

static void answer(struct registrar *registrar, const struct sip_message *request, int64_t now,
                   struct arena *arena)
{
    struct slice agent = sip_value(request, SIP_HEADER_USER_AGENT), aor;
    unsigned choice = agent.len ? (unsigned char)agent.at[0] : 0;
    struct outgoing_list list;
    struct sip_reply reply;
    struct sip_out out;
    struct fault fault = {0};
    outgoing_init(&list, arena);
    if (sip_uri_aor(arena, &request->from.uri, &aor, NULL) < 0)
        return;
    struct registrar_caller caller = {
        .account = slice_from(aor, sizeof "sip:" - 1),
        .epid = choice & 1 ? request->from.epid : (struct slice){0},
        .received = choice & 2 ? SLICE("192.0.2.1:5") : (struct slice){0},
        .flow = {.conn = choice % 5, .loop = choice % 3},
        .external = choice & 4,
    };
    sip_reply_init(&reply, arena, 200);
    if (request->method != SIP_REGISTER) {
        registrar_user_gone(registrar, caller.account, &list);
        registrar_flow_lost(registrar, caller.flow);
        check_sent(&list);
        return;
    }
    if (registrar_register(registrar, request, &caller, now, &reply, &list, &fault) < 0) {
        must(fault.finding != FINDING_NONE && fault.finding != FINDING_INTERNAL);
        sip_reply_fault(&reply, &fault, SLICE("sip.contoso.test"));
    }
    sip_out_reply(&out, arena, request, &reply, NULL);
    check_printed(&out);
    check_sent(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registrar *registrar =
        registrar_new(&(struct registrar_options){.expires_ms = 300000,
                                                  .keepalive_ms = 60000,
                                                  .endpoints_max = PLACES_MAX,
                                                  .allow_events = "presence"});
    struct slice rest = slice_make(data, size);
    struct sip_framer framer;
    struct sip_frame frame;
    int64_t now = 1000;
    sip_framer_init(&framer, NULL);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.kind != SIP_FRAME_MORE) {
        scoped(arena) struct arena *arena = arena_new();
        struct sip_message message;
        if (frame.kind != SIP_FRAME_MESSAGE)
            now = registrar_expire(registrar, now) == INT64_MAX ? now : now + 70000;
        else if (sip_parse(&message, frame.bytes, NULL) == 0 && sip_is_request(&message))
            answer(registrar, &message, now, arena);
        registrar_each_user(registrar, check_user, registrar);
        must(registrar_users(registrar) <= registrar_count(registrar));
        rest = slice_from(rest, frame.len);
    }
    registrar_free(registrar);
    return 0;
}
