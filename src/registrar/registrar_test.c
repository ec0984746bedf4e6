#include "registrar/registrar.h"

#include "sip/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Epid 01010101 and its GUID: computed from log pairs, signin.md 7.1. */
#define EPID     "01010101"
#define INSTANCE "4b1682a8-f968-5701-83fc-7c6741dc6697"
#define GRUU     "sip:alice@contoso.test;opaque=user:epid:qIIWS2j5AVeD_HxnQdxmlwAA;gruu"
#define NOW      1800000000000

struct fixture {
    struct arena *arena;
    struct registrar *registrar;
    struct registrar_caller caller;
    struct sip_reply reply;
    struct outgoing_list out;
    struct fault fault;
    struct slice printed; /* the reply as bytes */
};

/* What a test changes of an ordinary REGISTER; NULL: as usual, "": left out. */
struct change {
    const char *from, *to, *contact, *more, *call_id;
};

static const struct site site = {.domain = {.at = "contoso.test", .len = 12},
                                 .sip_host = {.at = "sip.contoso.test", .len = 16},
                                 .sip_port = 5061};

static struct registrar *new_registrar(unsigned endpoints_max, const char *allow_events)
{
    return registrar_new(&(struct registrar_options){.site = &site,
                                                     .expires_ms = 300000,
                                                     .keepalive_ms = 60000,
                                                     .endpoints_max = endpoints_max,
                                                     .allow_events = allow_events});
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new(), .registrar = new_registrar(3, "")};
    f.caller = (struct registrar_caller){.account = SLICE("alice@contoso.test"),
                                         .epid = SLICE(EPID),
                                         .flow = {.conn = 7, .loop = 1}};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    registrar_free(f->registrar);
    arena_free(f->arena);
    return 0;
}

static const char *or_usual(const char *text, const char *usual)
{
    return text ? text : usual;
}

static struct sip_message *parse(struct fixture *f, const struct change *c)
{
    struct sip_message *request = arena_new_of(f->arena, struct sip_message);
    struct slice bytes = arena_print(
        f->arena,
        "REGISTER sip:contoso.test SIP/2.0\r\nVia: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1\r\n"
        "From: %s\r\nTo: %s\r\nCSeq: 4 REGISTER\r\nCall-ID: %s\r\n"
        "User-Agent: Purple/2.14.12 Sipe/1.25.0\r\n%s%s%s\r\n\r\n",
        or_usual(c->from, "<sip:alice@contoso.test>;tag=36012947;epid=" EPID),
        or_usual(c->to, "<sip:alice@contoso.test>"), or_usual(c->call_id, "AC53g12E6a748"),
        or_usual(c->contact, "Contact: <sip:10.0.0.5:40112;transport=tls;ms-opaque=d3470f2e1d>;"
                             "proxy=replace;+sip.instance=\"<urn:uuid:" INSTANCE ">\"\r\n"),
        or_usual(c->more, "Event: registration\r\nSupported: gruu-10, msrtc-event-categories\r\n"),
        "Content-Length: 0");
    if (sip_parse(request, bytes, &f->fault) < 0)
        fail_msg("%s", f->fault.detail);
    return request;
}

static int send_register(struct fixture *f, const struct change *c, int64_t now)
{
    static const struct change usual;
    const struct sip_message *request = parse(f, c ? c : &usual);
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_out out;
    f->fault = (struct fault){0};
    sip_reply_init(&f->reply, f->arena, 200);
    outgoing_init(&f->out, f->arena);
    int err =
        registrar_register(f->registrar, request, &f->caller, now, &f->reply, &f->out, &f->fault);
    assert_int_equal(f->fault.err, err);
    sip_out_reply(&out, f->arena, request, &f->reply, NULL);
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    f->printed = arena_copy(f->arena, buf_slice(&bytes));
    return err;
}

/* A signed-in endpoint of the caller's account. */
static int send_from(struct fixture *f, const char *epid, uint64_t conn, int64_t now)
{
    struct change c = {.contact = "Contact: <sip:10.0.0.5:1>\r\n"};
    c.from =
        arena_print(f->arena, "<sip:%.*s>;tag=1;epid=%s", SLICE_ARG(f->caller.account), epid).at;
    c.to = arena_print(f->arena, "<sip:%.*s>", SLICE_ARG(f->caller.account)).at;
    f->caller.epid = slice_of(epid);
    f->caller.flow.conn = conn;
    return send_register(f, &c, now);
}

static void assert_has(const struct fixture *f, const char *line)
{
    if (!strstr(f->printed.at, line))
        fail_msg("no %s in\n%s", line, f->printed.at);
}

static void assert_has_not(const struct fixture *f, const char *text)
{
    if (strstr(f->printed.at, text))
        fail_msg("%s in\n%s", text, f->printed.at);
}

static void refused(struct fixture *f, const struct change *c, enum finding finding)
{
    assert_true(send_register(f, c, NOW) < 0);
    if (f->fault.finding != finding)
        fail_msg("%s: %s", finding_id(f->fault.finding), f->fault.detail);
    assert_int_equal(registrar_count(f->registrar), 0);
    assert_null(f->out.first);
}

/* ---- names ------------------------------------------------------------------------------- */

static void test_vectors(void **state)
{
    struct fixture *f = *state;
    struct guid guid = endpoint_instance_of_epid(SLICE(EPID));
    assert_string_equal(arena_string(f->arena, guid_print(f->arena, &guid)), INSTANCE);
    guid = endpoint_instance_of_epid(SLICE("8248ca9ebb"));
    assert_string_equal(arena_string(f->arena, guid_print(f->arena, &guid)),
                        "4233fd41-093b-5fd6-b5d2-651ed55969e6");
    assert_int_equal(
        endpoint_instance_parse(SLICE("URN:uuid:E0DE506B-a705-59cc-9bfa-d37593141231"), &guid), 0);
    struct slice gruu = endpoint_gruu(f->arena, SLICE("user6@x"), &guid);
    assert_string_equal(gruu.at, "sip:user6@x;opaque=user:epid:a1De4AWnzFmb-tN1kxQSMQAA;gruu");
    assert_true(endpoint_instance_parse(SLICE("urn:uuid:"), &guid) < 0);
}

/* ---- the 200 -------------------------------------------------------------------------------- */

static void test_first_register(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_register(f, NULL, NOW), 0);
    assert_has(f, "SIP/2.0 200 OK\r\n");
    assert_has(f, "\r\nExpires: 300\r\n");
    assert_has(f, "\r\nContact: <sip:10.0.0.5:40112;transport=tls;ms-opaque=d3470f2e1d>;"
                  "expires=300;+sip.instance=\"<urn:uuid:" INSTANCE ">\";gruu=\"" GRUU "\"\r\n");
    assert_has(f, "\r\nSupported: msrtc-event-categories\r\n");
    assert_has(f, "\r\nSupported: gruu-10\r\n");
    assert_has(f, "\r\nms-keep-alive: UAS; tcp=no; hop-hop=yes; end-end=no; timeout=60\r\n");
    assert_has(f, "\r\npresence-state: register-action=\"added\"\r\n");
    assert_has_not(f, "Allow-Events");
    assert_has_not(f, "ms-user-logon-data");
    const struct endpoint *e = registrar_next(f->registrar, SLICE("alice@contoso.test"), NULL);
    assert_non_null(e);
    assert_true(slice_eq(e->epid, SLICE(EPID)) && slice_eq(e->gruu, SLICE(GRUU)));
    assert_true(slice_eq(e->account, SLICE("alice@contoso.test")));
    assert_true(slice_eq(e->user_agent, SLICE("Purple/2.14.12 Sipe/1.25.0")));
    assert_true(slice_eq(e->from_tag, SLICE("36012947")) && e->notified);
    assert_int_equal(e->expires, NOW + 300000);
    assert_true(flow_eq(e->flow, f->caller.flow));
    assert_null(registrar_next(f->registrar, SLICE(""), e));
}

static void test_options_show(void **state)
{
    struct fixture *f = *state;
    registrar_free(f->registrar);
    f->registrar = new_registrar(3, "presence,presence.wpending");
    f->caller.external = true;
    f->caller.received = SLICE("198.51.100.7:50000");
    assert_int_equal(send_register(f, NULL, NOW), 0);
    assert_has(f, "\r\nAllow-Events: presence,presence.wpending\r\n");
    assert_has(f, "\r\nms-user-logon-data: RemoteUser\r\n");
    assert_has(f, "\r\nContact: <sip:198.51.100.7:50000;transport=tls;ms-opaque=d3470f2e1d;"
                  "ms-received-cid=7>;");
    struct change no_replace = {.contact = "Contact: <sip:al@10.0.0.5;transport=tls>\r\n"};
    assert_int_equal(send_register(f, &no_replace, NOW), 0);
    assert_has(f, "\r\nContact: <sip:al@10.0.0.5;transport=tls>;");
    struct change named = {.contact = "Contact: <sip:al@10.0.0.5;a=b>;proxy=Replace\r\n"};
    assert_int_equal(send_register(f, &named, NOW), 0);
    assert_has(f, "\r\nContact: <sip:al@198.51.100.7:50000;a=b;ms-received-cid=7>;");
}

/* The To tag stays, the From tag changes, and the state is that of the last REGISTER. */
static void test_refresh(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_register(f, NULL, NOW), 0);
    struct slice tag = f->reply.to_tag;
    assert_int_equal(tag.len, 32);
    struct change c = {.from = "<sip:Alice@Contoso.test>;tag=second;epid=" EPID};
    assert_int_equal(send_register(f, &c, NOW + 270000), 0);
    assert_has(f, "register-action=\"refreshed\"");
    assert_has(f, "\r\nExpires: 300\r\n");
    assert_true(slice_eq(tag, f->reply.to_tag));
    assert_true(slice_find(f->printed, tag) > 0);
    const struct endpoint *e = registrar_next(f->registrar, SLICE("alice@contoso.test"), NULL);
    assert_true(slice_eq(e->from_tag, SLICE("second")));
    assert_int_equal(e->since, NOW);
    assert_int_equal(e->expires, NOW + 570000);
    /* A new Call-ID is a new subscription. */
    assert_int_equal(send_register(f, &(struct change){.call_id = "other"}, NOW + 270001), 0);
    assert_false(slice_eq(tag, f->reply.to_tag));
    assert_int_equal(registrar_count(f->registrar), 1);
    /* Too late is not a refresh: the client has to learn that its state is gone. */
    assert_int_equal(send_register(f, NULL, NOW + 570001), 0);
    assert_has(f, "register-action=\"added\"");
}

static void test_shorter_expires(void **state)
{
    struct fixture *f = *state;
    struct change c = {.more = "Expires: 120\r\n"};
    assert_int_equal(send_register(f, &c, NOW), 0);
    assert_has(f, "\r\nExpires: 120\r\n");
    c.more = "Expires: 4294967295\r\n";
    assert_int_equal(send_register(f, &c, NOW), 0);
    assert_has(f, "\r\nExpires: 300\r\n");
    c = (struct change){.contact = "Contact: <sip:h>;expires=60\r\n"};
    assert_int_equal(send_register(f, &c, NOW), 0);
    assert_has(f, "\r\nExpires: 60\r\n");
}

static void test_unregister(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_from(f, "b2", 8, NOW), 0);
    f->caller.flow.conn = 7;
    f->caller.epid = SLICE(EPID);
    assert_int_equal(send_register(f, NULL, NOW), 0);
    struct slice tag = f->reply.to_tag;
    assert_int_equal(send_register(f, &(struct change){.more = "Expires: 0\r\n"}, NOW + 1000), 0);
    assert_has(f, "\r\nExpires: 0\r\n");
    assert_has_not(f, INSTANCE);
    assert_has(f, "expires=299;"); /* the other one is still there */
    assert_true(slice_eq(tag, f->reply.to_tag));
    assert_int_equal(registrar_count(f->registrar), 1);
    /* Again: nothing to do, and no error. */
    assert_int_equal(send_register(f, &(struct change){.more = "Expires: 0\r\n"}, NOW), 0);
    struct change star = {.more = "Expires: 0\r\n", .contact = "Contact: *\r\n"};
    assert_int_equal(send_register(f, &star, NOW), 0);
    assert_int_equal(registrar_count(f->registrar), 1);
}

static void test_query(void **state)
{
    struct fixture *f = *state;
    struct change query = {.contact = ""};
    assert_int_equal(send_register(f, &query, NOW), 0);
    assert_has_not(f, "Contact");
    assert_int_equal(registrar_count(f->registrar), 0);
    assert_int_equal(send_register(f, NULL, NOW), 0);
    assert_int_equal(send_register(f, &query, NOW + 10000), 0);
    assert_has(f, "\r\nExpires: 290\r\n");
    assert_has(f, GRUU);
    query.more = "Expires: 0\r\n"; /* the epid says which */
    assert_int_equal(send_register(f, &query, NOW + 10000), 0);
    assert_int_equal(registrar_count(f->registrar), 0);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */

#define CONTACT_OF(id) "Contact: <sip:10.0.0.5:1>;+sip.instance=\"<urn:uuid:" id ">\"\r\n"

static void test_endpoint_names(void **state)
{
    struct fixture *f = *state;
    const char *no_epid = "<sip:alice@contoso.test>;tag=1";
    f->caller.epid = (struct slice){0};
    refused(f, &(struct change){.from = no_epid, .contact = "Contact: <sip:10.0.0.5:1>\r\n"},
            FINDING_ENDPOINT_ID_MISSING);
    refused(f, &(struct change){.from = "<sip:alice@contoso.test>;tag=1;epid=0123456789abcdef0"},
            FINDING_ENDPOINT_ID_WRONG);
    refused(f, &(struct change){.from = "<sip:alice@contoso.test>;tag=1;epid=\"a;b\""},
            FINDING_ENDPOINT_ID_WRONG);
    refused(f, &(struct change){.contact = CONTACT_OF("4233fd41-093b-5fd6-b5d2-651ed55969e6")},
            FINDING_ENDPOINT_ID_WRONG);
    refused(f, &(struct change){.from = no_epid, .contact = CONTACT_OF("42")},
            FINDING_ENDPOINT_ID_WRONG);
    /* Upper case is taken and answered in lower case; either name will do. */
    struct change upper = {.from = no_epid,
                           .contact = CONTACT_OF("4B1682A8-F968-5701-83FC-7C6741DC6697")};
    assert_int_equal(send_register(f, &upper, NOW), 0);
    assert_has(f, "<urn:uuid:" INSTANCE ">");
    assert_int_equal(send_register(f, NULL, NOW), 0);
    assert_has(f, "register-action=\"refreshed\"");
    assert_int_equal(send_register(f, &upper, NOW), 0);
    const struct endpoint *e = registrar_next(f->registrar, SLICE("alice@contoso.test"), NULL);
    assert_true(slice_eq(e->epid, SLICE(EPID))); /* still known */
}

/* The association was made for another endpoint, or another user. */
static void test_crossing(void **state)
{
    struct fixture *f = *state;
    f->caller.epid = SLICE("8248ca9ebb");
    refused(f, NULL, FINDING_ENDPOINT_ID_WRONG);
    f->caller.epid = (struct slice){0};
    f->caller.instance = SLICE("4233fd41-093b-5fd6-b5d2-651ed55969e6");
    refused(f, NULL, FINDING_ENDPOINT_ID_WRONG);
    f->caller.instance = SLICE("nonsense");
    refused(f, NULL, FINDING_ENDPOINT_ID_WRONG);
    f->caller.instance = SLICE("4B1682A8-F968-5701-83FC-7C6741DC6697");
    struct change bob = {.from = "<sip:bob@contoso.test>;tag=1;epid=" EPID};
    refused(f, &bob, FINDING_CLAIM_MISMATCH);
    bob = (struct change){.to = "<sip:bob@contoso.test>"};
    refused(f, &bob, FINDING_CLAIM_MISMATCH);
    refused(f, &(struct change){.to = "<sip:alice@evil.test>"}, FINDING_CLAIM_MISMATCH);
    refused(f, &(struct change){.to = "<tel:123>"}, FINDING_SIP_MALFORMED);
    assert_int_equal(send_register(f, NULL, NOW), 0);
    /* Bob, with the same epid, neither sees nor ends what is alice's. */
    f->caller =
        (struct registrar_caller){.account = SLICE("bob@contoso.test"), .flow = {.conn = 9}};
    assert_int_equal(send_from(f, EPID, 9, NOW), 0);
    assert_has_not(f, "alice");
    bob = (struct change){.from = "<sip:bob@contoso.test>;tag=1;epid=" EPID,
                          .to = "<sip:bob@contoso.test>",
                          .more = "Expires: 0\r\n"};
    assert_int_equal(send_register(f, &bob, NOW), 0);
    assert_int_equal(registrar_count(f->registrar), 1);
    assert_non_null(registrar_next(f->registrar, SLICE("alice@contoso.test"), NULL));
}

static void test_other_refusals(void **state)
{
    struct fixture *f = *state;
    char longish[1024], header[1200];
    memset(longish, 'x', sizeof longish);
    refused(f, &(struct change){.more = "Event: presence\r\n"}, FINDING_EVENT_WRONG);
    refused(f, &(struct change){.more = "Supported: msrtc-event-categories\r\n"},
            FINDING_GRUU_REQUIRED);
    refused(f, &(struct change){.contact = "Contact: *\r\n"}, FINDING_SIP_MALFORMED);
    refused(f, &(struct change){.contact = "Contact: <sip:a>, <sip:b>\r\n"}, FINDING_SIP_MALFORMED);
    refused(f, &(struct change){.contact = "Contact: <tel:+1>\r\n"}, FINDING_SIP_MALFORMED);
    snprintf(header, sizeof header, "Contact: <sip:h;x=%.600s>\r\n", longish);
    refused(f, &(struct change){.contact = header}, FINDING_SIP_MALFORMED);
    snprintf(header, sizeof header, "%.300s", longish);
    refused(f, &(struct change){.call_id = header}, FINDING_SIP_MALFORMED);
    snprintf(header, sizeof header, "<sip:alice@contoso.test>;epid=" EPID ";tag=%.200s", longish);
    refused(f, &(struct change){.from = header}, FINDING_SIP_MALFORMED);
    /* No Event at all is allowed, and gets no notifications. */
    assert_int_equal(send_register(f, &(struct change){.more = "Supported: gruu-10\r\n"}, NOW), 0);
    assert_int_equal(registrar_user_gone(f->registrar, SLICE("alice@contoso.test"), &f->out), 1);
    assert_null(f->out.first);
}

/* ---- endings
 * ----------------------------------------------------------------------------------------- */

static void test_quota(void **state)
{
    struct fixture *f = *state;
    struct change first = {.from = "<sip:alice@contoso.test>;tag=t1;epid=" EPID};
    assert_int_equal(send_register(f, &first, NOW), 0);
    struct slice tag = f->reply.to_tag;
    assert_int_equal(send_from(f, "b2", 8, NOW + 1), 0);
    assert_int_equal(send_from(f, "b3", 9, NOW + 2), 0);
    assert_null(f->out.first);
    assert_int_equal(send_from(f, "b4", 10, NOW + 3), 0);
    assert_int_equal(registrar_count(f->registrar), 3);
    assert_has_not(f, INSTANCE);
    const struct outgoing *o = f->out.first;
    assert_non_null(o);
    assert_null(o->next);
    assert_int_equal(o->flow.conn, 7);
    assert_true(o->last);
    assert_true(slice_eq(o->epid, SLICE(EPID)) && slice_eq(o->instance, SLICE(INSTANCE)));
    struct sip_request request = o->request;
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_out out;
    request.branch = SLICE("z9hG4bK2");
    request.via_host = SLICE("sip.contoso.test:5061");
    sip_out_request(&out, &request);
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    f->printed = buf_slice(&bytes);
    assert_has(f, "NOTIFY sip:10.0.0.5:40112;transport=tls;ms-opaque=d3470f2e1d SIP/2.0\r\n");
    assert_has(f, "\r\nTo: <sip:alice@contoso.test>;tag=t1;epid=" EPID "\r\n");
    assert_has(f, "\r\nCSeq: 1 NOTIFY\r\n");
    assert_has(f, "\r\nCall-ID: AC53g12E6a748\r\n");
    assert_has(f, "\r\nEvent: registration-notify\r\nsubscription-state: terminated;expires=0\r\n");
    assert_has(f, "\r\nContent-Type: text/registration-event\r\n");
    assert_has(
        f, arena_print(f->arena, "\r\nFrom: <sip:alice@contoso.test>;tag=%.*s\r\n", SLICE_ARG(tag))
               .at);
    assert_true(slice_ends(buf_slice(&bytes), SLICE("\r\n\r\nderegistered;event=unregistered")));
    struct sip_message back;
    assert_int_equal(sip_parse(&back, buf_slice(&bytes), &f->fault), 0);
}

static void test_user_gone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(registrar_user_gone(f->registrar, SLICE("alice@contoso.test"), &f->out), 0);
    /* Two of his endpoints share a connection with somebody else's. */
    assert_int_equal(send_register(f, NULL, NOW), 0);
    assert_int_equal(send_from(f, "b2", 7, NOW), 0);
    assert_int_equal(send_from(f, "b3", 8, NOW), 0);
    f->caller.account = SLICE("bob@contoso.test");
    assert_int_equal(send_from(f, "b2", 7, NOW), 0);
    struct outgoing_list out;
    outgoing_init(&out, f->arena);
    struct change c = {.from = "<sip:bob@contoso.test>;tag=1;epid=b2",
                       .to = "<sip:bob@contoso.test>",
                       .contact = "Contact: <sip:h>\r\n"};
    assert_int_equal(send_register(f, &c, NOW), 0); /* with Event */
    f->caller.account = SLICE("alice@contoso.test");
    assert_int_equal(registrar_user_gone(f->registrar, SLICE("alice@contoso.test"), &out), 3);
    assert_int_equal(registrar_count(f->registrar), 1);
    assert_int_equal(registrar_users(f->registrar), 1);
    size_t count = 0;
    for (const struct outgoing *o = out.first; o; o = o->next, count++) {
        assert_true(slice_eq(o->request.body, SLICE("deregistered;event=rejected")));
        assert_int_equal(o->last, o->flow.conn == 8); /* bob stays on 7 */
        const struct sip_line *line = o->request.headers.last;
        assert_true(slice_eq(line->name, SLICE("ms-diagnostics-public")));
        assert_true(slice_starts(line->value, SLICE("4141;reason=\"")));
    }
    assert_int_equal(count, 3);
}

static void test_flow_lost(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_from(f, "b1", 7, NOW), 0);
    assert_int_equal(send_from(f, "b2", 7, NOW), 0);
    assert_int_equal(send_from(f, "b3", 8, NOW), 0);
    /* b1 has come again on a new connection before the old one was seen to end. */
    assert_int_equal(send_from(f, "b1", 9, NOW), 0);
    assert_has(f, "register-action=\"refreshed\"");
    assert_int_equal(registrar_flow_lost(f->registrar, (struct flow){.conn = 7, .loop = 0}), 0);
    assert_int_equal(registrar_flow_lost(f->registrar, (struct flow){.conn = 7, .loop = 1}), 1);
    assert_int_equal(registrar_flow_lost(f->registrar, (struct flow){.conn = 7, .loop = 1}), 0);
    assert_int_equal(registrar_count(f->registrar), 2);
    const struct endpoint *e = registrar_next(f->registrar, f->caller.account, NULL);
    assert_true(slice_eq(e->epid, SLICE("b1")));
    e = registrar_next(f->registrar, f->caller.account, e);
    assert_true(slice_eq(e->epid, SLICE("b3")));
    assert_int_equal(registrar_flow_lost(f->registrar, (struct flow){.conn = 8, .loop = 1}), 1);
    assert_int_equal(registrar_flow_lost(f->registrar, (struct flow){.conn = 9, .loop = 1}), 1);
    assert_int_equal(registrar_users(f->registrar), 0);
}

static void test_expire(void **state)
{
    struct fixture *f = *state;
    assert_true(registrar_expire(f->registrar, NOW) == INT64_MAX);
    assert_int_equal(send_from(f, "b1", 7, NOW), 0);
    assert_int_equal(send_from(f, "b2", 8, NOW + 1000), 0);
    assert_int_equal(send_from(f, "b1", 7, NOW + 2000), 0); /* now b2 is due first */
    assert_int_equal(registrar_expire(f->registrar, NOW + 300999), NOW + 301000);
    assert_int_equal(registrar_count(f->registrar), 2);
    assert_int_equal(registrar_expire(f->registrar, NOW + 301000), NOW + 302000);
    assert_int_equal(registrar_count(f->registrar), 1);
    assert_true(registrar_expire(f->registrar, NOW + 900000) == INT64_MAX);
    assert_int_equal(registrar_users(f->registrar), 0);
}

static void count_user(void *arg, struct slice account)
{
    if (slice_ends(account, SLICE("@contoso.test")))
        ++*(int *)arg;
}

static void test_each_user(void **state)
{
    struct fixture *f = *state;
    int users = 0;
    registrar_each_user(f->registrar, count_user, &users);
    assert_int_equal(users, 0);
    send_from(f, "b1", 7, NOW);
    send_from(f, "b2", 8, NOW);
    f->caller.account = SLICE("bob@contoso.test");
    send_from(f, "b1", 9, NOW);
    registrar_each_user(f->registrar, count_user, &users);
    assert_int_equal(users, 2);
    assert_int_equal(registrar_users(f->registrar), 2);
    assert_int_equal(registrar_count(f->registrar), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_vectors),        TEST(test_first_register),  TEST(test_options_show),
        TEST(test_refresh),        TEST(test_shorter_expires), TEST(test_unregister),
        TEST(test_query),          TEST(test_endpoint_names),  TEST(test_crossing),
        TEST(test_other_refusals), TEST(test_quota),           TEST(test_user_gone),
        TEST(test_flow_lost),      TEST(test_expire),          TEST(test_each_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
