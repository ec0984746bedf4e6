/* A stream of SIP messages at a home with alice at two places and bob at two. The first
 * byte of a User-Agent (responses: of Server) says from which place a message comes, the
 * second that time passes or a connection ends before it. In a response "@N" as branch
 * of the top Via stands for the branch of the last request that place N was sent.
 * Checked are the promises: what goes out is proper SIP, goes to somebody who is there,
 * carries no credentials, answers only who asked; and nothing is left in the end. */
#include "im/im.h"
#include "sip/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PLACES = 4,
    CALLS_MAX = 8
};

static const struct site site = {
    .domain = {.at = "contoso.test", .len = 12},
    .sip_host = {.at = "sip.contoso.test", .len = 16},
    .sip_port = 5061,
};

static struct {
    struct im *im;
    struct arena *arena; /* of the run */
    struct endpoint places[PLACES];
    struct slice branch[PLACES];
    int64_t now;
} world;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_one(const struct outgoing *o)
{
    static const enum sip_header_id never[] = {
        SIP_HEADER_AUTHORIZATION,       SIP_HEADER_PROXY_AUTHORIZATION,
        SIP_HEADER_WWW_AUTHENTICATE,    SIP_HEADER_PROXY_AUTHENTICATE,
        SIP_HEADER_AUTHENTICATION_INFO, SIP_HEADER_PROXY_AUTHENTICATION_INFO};
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_message message;
    must(o->forwarded && o->flow.conn < PLACES);
    must(slice_eq(o->account, world.places[o->flow.conn].account));
    sip_print(o->forwarded, (struct slice){0}, (struct slice){0}, &bytes);
    /* A message that had as many headers as it may gets some of ours. */
    int err = sip_parse(&message, buf_slice(&bytes), NULL);
    must(err == 0 || err == -ERR_LIMIT);
    for (size_t i = 0; err == 0 && i < sizeof never / sizeof *never; i++)
        must(!sip_header(&message, never[i]));
    uint32_t home;
    if (err == 0 && message.status == 0) {
        must(im_branch_home(message.via.branch, &home) && home == 7);
        if (message.method != SIP_ACK && message.method != SIP_CANCEL)
            world.branch[o->flow.conn] = arena_copy(world.arena, message.via.branch);
    }
}

static void check_all(const struct outgoing_list *out)
{
    for (const struct outgoing *o = out->first; o; o = o->next)
        check_one(o);
    must(im_count(world.im) <= CALLS_MAX);
}

static void pass_time(char what, struct arena *arena)
{
    struct outgoing_list out;
    outgoing_init(&out, arena);
    if (what >= 'a' && what < 'a' + PLACES)
        im_flow_lost(world.im, world.places[what - 'a'].flow, world.now, &out);
    if (what >= '0' && what <= '9')
        world.now += (what - '0') * 1000;
    if (what == '+')
        world.now += 200000;
    must(im_expire(world.im, world.now, &out) > world.now);
    check_all(&out);
}

static void request(const struct sip_message *message, const struct registrar_caller *caller,
                    struct arena *arena)
{
    struct im_target target;
    struct fault fault = {0};
    const struct endpoint *endpoints[PLACES];
    struct im_request ask = {
        .request = message, .caller = caller, .target = &target, .endpoints = endpoints};
    if (im_target(&site, message, arena, &target, &fault) < 0) {
        must(fault.finding != FINDING_NONE);
        return;
    }
    for (unsigned i = 0; i < PLACES; i++)
        if (slice_eq(world.places[i].account, target.account))
            endpoints[ask.endpoint_count++] = &world.places[i];
    ask.reach = ask.endpoint_count ? IM_REACHABLE : IM_UNKNOWN;
    struct outgoing_list out;
    struct sip_reply reply = {.arena = arena};
    outgoing_init(&out, arena);
    if (im_request(world.im, &ask, world.now, &reply, &out) < 0) {
        must(!out.first && (reply.no_answer || reply.status >= 400));
        must(reply.fault.finding != FINDING_INTERNAL);
    }
    must(message->method != SIP_ACK || reply.no_answer);
    check_all(&out);
}

static void response(struct sip_message *message, const struct registrar_caller *caller,
                     struct arena *arena)
{
    struct outgoing_list out;
    struct slice *branch = &message->via.branch;
    outgoing_init(&out, arena);
    if (branch->len == 2 && branch->at[0] == '@' && branch->at[1] >= '0' &&
        branch->at[1] < '0' + PLACES)
        *branch = world.branch[branch->at[1] - '0'];
    im_response(world.im, message, caller, world.now, &out);
    check_all(&out);
}

static void arrive(struct sip_message *message)
{
    scoped(arena) struct arena *arena = arena_new();
    bool asks = sip_is_request(message);
    struct slice how = sip_value(message, asks ? SIP_HEADER_USER_AGENT : SIP_HEADER_SERVER);
    unsigned place =
        how.len && how.at[0] >= '0' && how.at[0] < '0' + PLACES ? (unsigned)(how.at[0] - '0') : 0;
    struct registrar_caller caller = {.account = world.places[place].account,
                                      .epid = world.places[place].epid,
                                      .flow = world.places[place].flow};
    if (how.len > 1)
        pass_time(how.at[1], arena);
    if (asks)
        request(message, &caller, arena);
    else
        response(message, &caller, arena);
}

static void begin(void)
{
    memset(&world, 0, sizeof world);
    world.arena = arena_new();
    world.now = 1000000;
    world.im = im_new(&(struct im_options){
        .site = &site, .home = 7, .calls_max = CALLS_MAX, .caller_calls_max = 6});
    for (unsigned i = 0; i < PLACES; i++) {
        struct slice epid = arena_print(world.arena, "e%u", i);
        world.places[i] = (struct endpoint){
            .account = i < 2 ? SLICE("alice@contoso.test") : SLICE("bob@contoso.test"),
            .epid = epid,
            .instance = endpoint_instance_of_epid(epid),
            .contact = i == 3 ? (struct slice){0} : SLICE("sip:10.0.0.1:5060;transport=tls"),
            .flow = {.conn = i}};
        world.branch[i] = SLICE("");
    }
}

static void end(void)
{
    scoped(arena) struct arena *arena = arena_new();
    struct outgoing_list out;
    outgoing_init(&out, arena);
    int64_t next;
    while ((next = im_expire(world.im, world.now, &out)) != INT64_MAX) {
        must(next > world.now);
        world.now = next;
    }
    must(im_count(world.im) == 0);
    im_free(world.im);
    arena_free(world.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make(data, size);
    struct sip_framer framer;
    struct sip_frame frame;
    begin();
    sip_framer_init(&framer, NULL);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.kind != SIP_FRAME_MORE) {
        struct sip_message message;
        if (frame.kind == SIP_FRAME_MESSAGE && sip_parse(&message, frame.bytes, NULL) == 0)
            arrive(&message);
        rest = slice_from(rest, frame.len);
    }
    end();
    return 0;
}
