#include "im/test_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct site site = {
    .domain = {.at = "contoso.test", .len = 12},
    .sip_host = {.at = "sip.contoso.test", .len = 16},
    .sip_external_host = {.at = "sipfed.contoso.test", .len = 19},
    .sip_port = 5061,
};

static const struct {
    const char *name, *account, *epid;
} people[WORLD_ENDPOINTS] = {
    {"a1", "alice@contoso.test", "a1a1"}, {"a2", "alice@contoso.test", "a2a2"},
    {"b1", "bob@contoso.test", "b1b1"},   {"b2", "bob@contoso.test", "b2b2"},
    {"b3", "bob@contoso.test", "b3b3"},   {"e1", "eve@contoso.test", "e1e1"},
};

void world_init(struct world *world, const struct im_options *options)
{
    struct im_options own = *options;
    *world = (struct world){.arena = arena_new(), .now = 1000000};
    own.site = &site;
    own.home = 3;
    world->im = im_new(&own);
    for (unsigned i = 0; i < WORLD_ENDPOINTS; i++) {
        struct world_endpoint *to = &world->endpoints[i];
        to->name = people[i].name;
        to->endpoint = (struct endpoint){
            .account = slice_of(people[i].account),
            .epid = slice_of(people[i].epid),
            .instance = endpoint_instance_of_epid(slice_of(people[i].epid)),
            .contact = arena_print(world->arena, "sip:10.0.0.%u:5060;transport=tls", i),
            .flow = {.conn = 100 + i, .loop = i % 2},
        };
        to->endpoint.gruu =
            endpoint_gruu(world->arena, to->endpoint.account, &to->endpoint.instance);
    }
    /* b3 comes only when a test lets it. */
    world_endpoint(world, "b3")->away = true;
}

void world_fini(struct world *world)
{
    im_free(world->im);
    buf_free(&world->sent);
    arena_free(world->arena);
}

struct world_endpoint *world_endpoint(struct world *world, const char *name)
{
    for (unsigned i = 0; i < WORLD_ENDPOINTS; i++)
        if (strcmp(world->endpoints[i].name, name) == 0)
            return &world->endpoints[i];
    fail_msg("no endpoint %s", name);
    return NULL;
}

/* ---- what goes out ---------------------------------------------------------------------- */

static void tell(struct world *world, const char *to, const struct sip_message *message)
{
    if (world->sent.len)
        buf_add_byte(&world->sent, ' ');
    buf_print(&world->sent, "%s:", to);
    if (message->status)
        buf_print(&world->sent, "%d", message->status);
    else
        buf_add(&world->sent, message->method_text);
}

/* Everything that we send must be proper SIP and on a known connection. */
static void deliver(struct world *world, struct flow flow, const struct sip_out *out)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_message message;
    struct fault fault;
    unsigned i = 0;
    while (i < WORLD_ENDPOINTS && !flow_eq(world->endpoints[i].endpoint.flow, flow))
        i++;
    assert_true(i < WORLD_ENDPOINTS);
    struct world_endpoint *to = &world->endpoints[i];
    sip_print(out, SLICE("Authentication-Info"), SLICE("TLS-DSK rspauth=\"1\""), &bytes);
    to->received = arena_string(world->arena, buf_slice(&bytes));
    if (sip_parse(&message, buf_slice(&bytes), &fault) < 0)
        fail_msg("%s in:\n%s", fault.detail, to->received);
    tell(world, to->name, &message);
    if (message.status == 0 && message.method == SIP_CANCEL)
        to->cancel = to->received;
    else if (message.status == 0 && message.method != SIP_ACK)
        to->request = to->received;
}

static void deliver_all(struct world *world, const struct outgoing_list *list)
{
    for (const struct outgoing *o = list->first; o; o = o->next) {
        assert_non_null(o->forwarded);
        assert_true(o->account.len > 0 && o->epid.len > 0);
        deliver(world, o->flow, o->forwarded);
    }
}

/* ---- requests ------------------------------------------------------------------------------ */

struct wish {
    const char *call, *cseq, *branch, *tag, *from, *hops, *uri, *more, *epid;
    enum im_reach reach;
};

static const char *after(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 ? word + len : NULL;
}

/* gruu=b2 contact=b2 (the Request-URI), call=, cseq=, branch=, tag=, epid= (of To), from=,
 * hops= (Max-Forwards), more= (a header line, _ for a blank), blocked, unknown */
static void read_wish(struct world *world, struct wish *wish, char *word)
{
    const char *value;
    if ((value = after(word, "gruu=")))
        wish->uri = arena_string(world->arena, world_endpoint(world, value)->endpoint.gruu);
    else if ((value = after(word, "call=")))
        wish->call = value;
    else if ((value = after(word, "cseq=")))
        wish->cseq = value;
    else if ((value = after(word, "branch=")))
        wish->branch = value;
    else if ((value = after(word, "tag=")))
        wish->tag = value;
    else if ((value = after(word, "epid=")))
        wish->epid = value;
    else if ((value = after(word, "from=")))
        wish->from = value;
    else if ((value = after(word, "hops=")))
        wish->hops = value;
    else if ((value = after(word, "more=")))
        wish->more = value;
    else if (strcmp(word, "blocked") == 0)
        wish->reach = IM_BLOCKED;
    else if (strcmp(word, "unknown") == 0)
        wish->reach = IM_UNKNOWN;
    else
        fail_msg("what is %s?", word);
}

static struct slice print_wish(struct arena *arena, const struct wish *w, const char *method,
                               const char *to, const struct world_endpoint *from)
{
    char *more = arena_string(arena, slice_of(w->more ? w->more : ""));
    for (char *c = more; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    struct slice uri = w->uri ? slice_of(w->uri) : arena_print(arena, "sip:%s@contoso.test", to);
    struct slice account = from->endpoint.account;
    return arena_print(arena,
                       "%s %.*s SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.5:5060;branch=z9hG4bK%s\r\n"
                       "Max-Forwards: %s\r\nFrom: \"X\" <sip:%.*s>;tag=f1;epid=%.*s\r\n"
                       "To: <sip:%s@contoso.test>%s%s%s%s\r\nCall-ID: call%s\r\nCSeq: %s %s\r\n"
                       "Contact: <%.*s>\r\nRoute: <sip:sip.contoso.test:5061;transport=tls;lr>\r\n"
                       "Proxy-Authorization: TLS-DSK qop=\"auth\"\r\n%s%s"
                       "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
                       method, SLICE_ARG(uri), w->branch ? w->branch : w->call, w->hops,
                       SLICE_ARG(w->from ? slice_of(w->from) : account),
                       SLICE_ARG(from->endpoint.epid), to, w->tag ? ";tag=" : "",
                       w->tag ? w->tag : "", w->epid ? ";epid=" : "", w->epid ? w->epid : "",
                       w->call, w->cseq, method, SLICE_ARG(from->endpoint.gruu), more,
                       *more ? "\r\n" : "");
}

static struct registrar_caller caller_of(const struct world_endpoint *who)
{
    return (struct registrar_caller){
        .account = who->endpoint.account, .epid = who->endpoint.epid, .flow = who->endpoint.flow};
}

static void request(struct world *world, struct world_endpoint *from, const char *method,
                    char **words)
{
    scoped(arena) struct arena *arena = arena_new();
    char *to = strtok_r(NULL, " ", words), *word;
    struct wish wish = {.call = "1", .cseq = "1", .hops = "70"};
    while ((word = strtok_r(NULL, " ", words)))
        read_wish(world, &wish, word);
    struct sip_message message;
    struct fault fault;
    if (sip_parse(&message, print_wish(arena, &wish, method, to, from), &fault) < 0)
        fail_msg("%s", fault.detail);
    struct im_target target;
    assert_int_equal(im_target(&site, &message, arena, &target, &fault), 0);
    const struct endpoint *endpoints[WORLD_ENDPOINTS];
    struct registrar_caller caller = caller_of(from);
    struct im_request ask = {.request = &message,
                             .caller = &caller,
                             .target = &target,
                             .reach = wish.reach,
                             .endpoints = endpoints};
    for (unsigned i = 0; i < WORLD_ENDPOINTS; i++)
        if (!world->endpoints[i].away &&
            slice_eq(world->endpoints[i].endpoint.account, target.account))
            endpoints[ask.endpoint_count++] = &world->endpoints[i].endpoint;
    struct outgoing_list out;
    struct sip_reply reply = {.arena = arena};
    struct sip_out reply_out;
    outgoing_init(&out, arena);
    int err = im_request(world->im, &ask, world->now, &reply, &out);
    assert_int_equal(err < 0, reply.fault.finding != FINDING_NONE || (err < 0 && reply.no_answer));
    if (!reply.no_answer) {
        sip_out_reply(&reply_out, arena, &message, &reply, NULL);
        deliver(world, from->endpoint.flow, &reply_out);
    }
    deliver_all(world, &out);
}

/* ---- responses --------------------------------------------------------------------------------
 */

/* Behind the status: cancel (answer the CANCEL), as=b2 (answer what b2 got), tag=, call=,
 * to= (another To), branch= (another branch), alone (without the caller's Via) */
static void respond(struct world *world, struct world_endpoint *from, int status, char **words)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf bytes = BUF_INIT;
    const char *text = from->request, *value, *tag = from->name;
    struct slice call = {0}, to = {0}, branch = {0};
    bool alone = false;
    for (char *word; (word = strtok_r(NULL, " ", words));) {
        if (strcmp(word, "cancel") == 0)
            text = from->cancel;
        else if (strcmp(word, "alone") == 0)
            alone = true;
        else if ((value = after(word, "as=")))
            text = world_endpoint(world, value)->request;
        else if ((value = after(word, "tag=")))
            tag = value;
        else if ((value = after(word, "call=")))
            call = slice_of(value);
        else if ((value = after(word, "to=")))
            to = arena_print(arena, "<sip:%s>", value);
        else if ((value = after(word, "branch=")))
            branch = arena_print(arena, "SIP/2.0/TLS h;branch=%s", value);
    }
    assert_non_null(text);
    struct sip_message request, message;
    struct sip_reply reply;
    struct sip_out out;
    assert_int_equal(sip_parse(&request, slice_of(text), NULL), 0);
    sip_reply_init(&reply, arena, status);
    reply.to_tag = slice_of(tag);
    sip_reply_header(&reply, "Contact", "<%.*s>", SLICE_ARG(from->endpoint.gruu));
    sip_reply_header(&reply, "Authorization", "TLS-DSK qop=\"auth\"");
    sip_out_reply(&out, arena, &request, &reply, NULL);
    struct sip_line *line = out.lines.first;
    if (!slice_absent(branch))
        line->value = branch;
    if (alone)
        line->next = line->next->next;
    for (; line; line = line->next) {
        if (slice_eq(line->name, SLICE("Call-ID")) && !slice_absent(call))
            line->value = call;
        if (slice_eq(line->name, SLICE("To")) && !slice_absent(to))
            line->value = to;
    }
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    assert_int_equal(sip_parse(&message, buf_slice(&bytes), NULL), 0);
    struct registrar_caller caller = caller_of(from);
    struct outgoing_list list;
    outgoing_init(&list, arena);
    im_response(world->im, &message, &caller, world->now, &list);
    deliver_all(world, &list);
}

/* ---- a line
 * --------------------------------------------------------------------------------------- */

const char *world_do(struct world *world, const char *line)
{
    scoped(arena) struct arena *arena = arena_new();
    struct outgoing_list out;
    char *words = arena_string(world->arena, slice_of(line)), *rest;
    char *first = strtok_r(words, " ", &rest);
    outgoing_init(&out, arena);
    buf_clear(&world->sent);
    if (*first == '+') {
        world->now += atoi(first + 1);
        im_expire(world->im, world->now, &out);
        deliver_all(world, &out);
        return buf_string(&world->sent);
    }
    char *second = strtok_r(NULL, " ", &rest);
    if (strcmp(first, "lost") == 0) {
        struct world_endpoint *who = world_endpoint(world, second);
        who->away = true;
        im_flow_lost(world->im, who->endpoint.flow, world->now, &out);
        deliver_all(world, &out);
    } else if (strcmp(first, "here") == 0) {
        world_endpoint(world, second)->away = false;
    } else if (atoi(second)) {
        respond(world, world_endpoint(world, first), atoi(second), &rest);
    } else {
        request(world, world_endpoint(world, first), second, &rest);
    }
    return buf_string(&world->sent);
}
