/* A stream of SIP messages, each a SERVICE or SUBSCRIBE of its From, who is adopted
 * first; everybody is at home here. Empty lines let time pass, CANCEL deletes the account,
 * INFO changes its card, other methods end the endpoint. Checked: refusals have a finding,
 * documents that we send are XML, all messages can be read, and posts do not go round for ever. */
#include "presence/watch.h"
#include "sip/frame.h"
#include "sip/print.h"
#include "xml/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct presence *presence;
    struct arena *arena;
    struct outgoing_list out;
    struct presence_posts posts;
    int64_t now;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_xml(struct slice body)
{
    static const struct xml_limits wide = {.bytes = 8 << 20, .nodes = 1 << 20, .depth = 100};
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (body.len && body.at[0] == '<')
        must(xml_read(body, &wide, &doc, NULL) == 0);
}

static void check_printed(const struct sip_out *out)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_message back;
    sip_print(out, (struct slice){0}, (struct slice){0}, &bytes);
    int err = sip_parse(&back, buf_slice(&bytes), NULL);
    must(err == 0 || err == -ERR_LIMIT);
    check_xml(out->body);
}

static void settle(struct world *w)
{
    unsigned rounds = 0;
    for (const struct presence_post *post = w->posts.first; post; post = post->next) {
        must(++rounds < 100000);
        check_xml(post->document);
        presence_deliver(w->presence, post, w->now, &w->out, &w->posts);
    }
    for (const struct outgoing *o = w->out.first; o; o = o->next) {
        struct sip_request request = o->request;
        struct sip_out out;
        request.branch = SLICE("z9hG4bK1");
        request.via_host = SLICE("fe:5061");
        sip_out_request(&out, &request);
        check_printed(&out);
    }
}

static int serve(struct world *w, const struct sip_message *request,
                 const struct registrar_caller *caller, struct sip_reply *reply,
                 struct fault *fault)
{
    struct presence_change *change;
    struct presence_batch *batch;
    int err;
    if (request->method == SIP_SERVICE) {
        err = presence_plan(w->presence, request, caller, w->now, w->arena, &change, reply, fault);
        if (err == 0 && change)
            presence_apply(w->presence, change, w->now, reply, &w->out, &w->posts);
        return err;
    }
    if (!slice_eq_nocase(sip_value_word(request, SIP_HEADER_EVENT), SLICE("presence")))
        return presence_self(w->presence, request, caller, w->now, reply, &w->out, fault);
    err = presence_subscribe(w->presence, request, caller, w->now, w->arena, &batch, reply,
                             &w->posts, fault);
    if (err == 0) {
        presence_visit(w->presence, batch, w->now, &w->out);
        presence_subscribed(w->presence, batch, w->now, reply, &w->out);
    }
    return err;
}

static void answer(struct world *w, const struct sip_message *request)
{
    struct sip_reply reply;
    struct sip_out out;
    struct fault fault = {0};
    struct slice aor;
    if (sip_uri_aor(w->arena, &request->from.uri, &aor, NULL) < 0)
        return;
    struct registrar_caller caller = {.account = slice_from(aor, sizeof "sip:" - 1),
                                      .epid = request->from.epid};
    presence_adopt(w->presence, caller.account, &(struct presence_identity){0}, NULL, w->now);
    if (request->method == SIP_CANCEL) {
        presence_remove(w->presence, caller.account, w->now, &w->posts);
        return;
    }
    if (request->method == SIP_INFO) {
        struct card card = {.field[CARD_TITLE] = request->body};
        presence_card_changed(w->presence, caller.account,
                              &(struct presence_identity){.card = &card}, w->now, &w->out,
                              &w->posts);
        return;
    }
    if (request->method != SIP_SERVICE && request->method != SIP_SUBSCRIBE) {
        struct guid instance = endpoint_instance_of_epid(caller.epid);
        presence_endpoint_lost(w->presence, caller.account, &instance, request->method == SIP_BYE,
                               w->now, &w->out, &w->posts);
        return;
    }
    sip_reply_init(&reply, w->arena, 200);
    if (serve(w, request, &caller, &reply, &fault) < 0) {
        must(fault.finding != FINDING_NONE && fault.finding != FINDING_INTERNAL);
        sip_reply_fault(&reply, &fault, SLICE("fe"));
    }
    sip_out_reply(&out, w->arena, request, &reply, NULL);
    check_printed(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct presence_options options = {
        .domain = SLICE("a.test"),
        .terms = {.shortest = 60000, .usual = 600000, .longest = 900000, .contact = "<sip:fe>"},
        .limits = {.publications = 8,
                   .members = 4,
                   .watched = 4,
                   .watchers = 3,
                   .dialogs = 2,
                   .subscribers = 2,
                   .idle_ms = 100000}};
    struct world w = {.presence = presence_new(&options), .now = 1000000};
    struct slice rest = slice_make(data, size);
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.kind != SIP_FRAME_MORE) {
        scoped(arena) struct arena *arena = w.arena = arena_new();
        struct sip_message message;
        outgoing_init(&w.out, arena);
        presence_posts_init(&w.posts, arena);
        if (frame.kind != SIP_FRAME_MESSAGE)
            presence_expire(w.presence, w.now += 70000, &w.out, &w.posts);
        else if (sip_parse(&message, frame.bytes, NULL) == 0 && sip_is_request(&message))
            answer(&w, &message);
        settle(&w);
        rest = slice_from(rest, frame.len);
    }
    presence_free(w.presence);
    return 0;
}
