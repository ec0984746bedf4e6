/* The mobility service of a running server: two phones that talk, and whoever is rude to it:
 * tickets that do not do, other people's sessions, polls asked twice or left, bodies that are
 * none. */
#include "town.h"

#include "base/clock.h"
#include "mcx/mcx.h"

#include <string.h>

#define CAROL    "carol@contoso.test"
#define WAY_CERT SITE_PATH_WEBTICKET "/Cert"

enum {
    TICKET_SECONDS = 20 /* how long a ticket is good in this town */
};

/* Carol is nowhere but on her phone. */
static struct identity carol;

static int setup(void **state)
{
    static const struct lab_setting settings[] = {{"web", "ticket-lifetime", "20s"}};
    struct town *town = town_new(settings, 1, true);
    assert_int_equal(lab_server_user(town->lab, CAROL, ALICE_PASSWORD), 0);
    carol = town_identity(town, CAROL, ALICE_PASSWORD);
    *state = town;
    return 0;
}

static int teardown(void **state)
{
    identity_fini(&carol);
    return town_close(state);
}

/* ---- a phone of few words -------------------------------------------------------------------- */

struct handset {
    struct town *town;
    const struct identity *who;
    struct wire *wire;
    struct webticket_grant ticket;
    struct slice session;
    struct wire_response reply;
    struct mcx_response said;
    struct fault fault;
};

/* A Timestamp for each message, or it would be a replay. */
static int64_t stamp(void)
{
    static int64_t last;
    int64_t now = clock_now();
    last = now > last ? now : last + 1;
    return last;
}

static void take_ticket(struct handset *h)
{
    static const unsigned char entropy[WEBTICKET_ENTROPY_LEN] = "thirty-two bytes, not so random";
    struct arena *arena = h->town->arena;
    scoped(buf) struct buf body = BUF_INIT;
    unsigned char *der = NULL;
    int len = i2d_X509(h->who->certificate, &der);
    const struct webticket_identity identity = {
        .key = h->who->key, .certificate = arena_copy(arena, slice_make(der, (size_t)len))};
    OPENSSL_free(der);
    const struct webticket_ask ask = {
        .to = web_url(h->town->lab, arena, WAY_CERT),
        .applies_to = web_url(h->town->lab, arena, SITE_PATH_MCX),
        .sip_uri = arena_print(arena, "sip:%s", h->who->address),
        .entropy = slice_make(entropy, sizeof entropy),
        .message_id = SLICE("uuid:1"),
        .now = stamp(),
    };
    webticket_grant_fini(&h->ticket);
    assert_int_equal(webticket_rst_print_signed(&ask, &identity, &body, &h->fault), 0);
    assert_true(web_post(h->wire, h->town->lab, WAY_CERT, "", buf_slice(&body), arena, &h->reply));
    if (h->reply.status != 200 ||
        webticket_rstr_parse(h->reply.body, ask.entropy, arena, &h->ticket, &h->fault))
        fail_msg("%d: %.*s", h->reply.status, SLICE_ARG(h->reply.body));
}

static struct slice message(struct handset *h, struct mcx_request request)
{
    scoped(buf) struct buf security = BUF_INIT, out = BUF_INIT;
    if (slice_absent(request.session))
        request.session = h->session;
    webticket_security_print(&h->ticket, stamp(), &security);
    mcx_request_print(&request, buf_slice(&security), &out);
    return arena_copy(h->town->arena, buf_slice(&out));
}

/* What was answered: the fault says why not. */
static void judge(struct handset *h, enum mcx_operation operation)
{
    h->fault = (struct fault){0};
    int err = mcx_response_parse(h->reply.body, operation, h->town->arena, &h->said, &h->fault);
    if (err != 0 && err != -ERR_DENIED)
        fail_msg("%d %s: %.*s", h->reply.status, h->fault.detail, SLICE_ARG(h->reply.body));
}

static void post(struct handset *h, struct slice body, enum mcx_operation operation)
{
    if (!web_post(h->wire, h->town->lab, SITE_PATH_MCX, "", body, h->town->arena, &h->reply))
        fail_msg("%s: no answer", mcx_operation_name(operation));
    judge(h, operation);
}

static void ask(struct handset *h, struct mcx_request request)
{
    post(h, message(h, request), request.operation);
    if (h->fault.finding != FINDING_NONE)
        fail_msg("%s: %s", mcx_operation_name(request.operation), h->fault.detail);
    assert_int_equal(h->reply.status, 200);
}

static void assert_refused(const struct handset *h, enum finding finding)
{
    if (h->fault.finding != finding || h->reply.status != mcx_fault_status(finding))
        fail_msg("%d %s, not %s", h->reply.status, finding_id(h->fault.finding),
                 finding_id(finding));
}

static void initiate(struct handset *h, const char *endpoint)
{
    post(h,
         message(h, (struct mcx_request){.operation = MCX_INITIATE_SESSION,
                                         .session = SLICE(""),
                                         .initiate = {.endpoint = slice_of(endpoint),
                                                      .user_agent = SLICE("hostile")}}),
         MCX_INITIATE_SESSION);
}

static void come(struct handset *h, struct town *town, const struct identity *who)
{
    *h = (struct handset){.town = town, .who = who, .wire = town_https(town)};
    take_ticket(h);
    initiate(h, "handset");
    if (h->fault.finding != FINDING_NONE)
        fail_msg("%s", h->fault.detail);
    h->session = h->said.initiate.session;
}

static void leave(struct handset *h)
{
    ask(h, (struct mcx_request){.operation = MCX_TERMINATE_SESSION});
    webticket_grant_fini(&h->ticket);
    wire_close(h->wire);
}

static struct mcx_request poll_for(int64_t ack, int64_t seconds)
{
    return (struct mcx_request){.operation = MCX_POLL, .poll = {ack, seconds}};
}

/* Ask, and do not wait: by a connection of its own. */
static struct wire *hold(struct handset *h, int64_t ack)
{
    struct wire *wire = town_https(h->town);
    assert_true(web_send(wire, h->town->lab, "POST", LAB_WEB_HOST, SITE_PATH_MCX,
                         "Content-Type: text/xml; charset=utf-8\r\n",
                         message(h, poll_for(ack, -1))));
    return wire;
}

static void hear(struct handset *h, struct wire *wire)
{
    if (!wire_response(wire, h->town->arena, &h->reply))
        fail_msg("the poll got no answer");
    judge(h, MCX_POLL);
}

/* Poll until an event of that kind has come; *ack goes on. */
static struct mcx_event wait_event(struct handset *h, int64_t *ack, enum mcx_event_kind kind,
                                   enum phone_chat_state state)
{
    for (int tries = 0; tries < 20; tries++) {
        ask(h, poll_for(*ack, 10));
        *ack = h->said.poll.next;
        for (size_t i = 0; i < h->said.poll.event_count; i++) {
            const struct mcx_event *event = &h->said.poll.events[i];
            if (event->kind == kind &&
                (kind != MCX_EVENT_CONVERSATION || event->chat->state == state))
                return *event;
        }
    }
    fail_msg("%s: no event of kind %d", h->who->address, kind);
    return (struct mcx_event){0};
}

static void talk(struct handset *h, enum mcx_operation operation, int64_t conversation,
                 const char *text)
{
    ask(h, (struct mcx_request){.operation = operation,
                                .talk = {conversation, SLICE("text/plain"), slice_of(text)}});
}

/* ---- as it should be --------------------------------------------------------------------------
 */

static void two_phones_talk(void **state)
{
    struct town *town = *state;
    struct handset alice, peer;
    int64_t alice_ack = 1, peer_ack = 1;
    come(&alice, town, &town->alice);
    assert_true(slice_starts(alice.said.initiate.contact, SLICE("sip:")));
    assert_true(slice_find(alice.said.initiate.contact, SLICE(":5087")) > 0);
    assert_int_equal(alice.said.initiate.mode, MCX_PULL);
    assert_int_equal(alice.said.initiate.lifetime, 3600);
    come(&peer, town, &carol);
    ask(&alice, (struct mcx_request){.operation = MCX_GET_PROVISIONING});
    ask(&alice, (struct mcx_request){.operation = MCX_GET_CONTACTS});
    assert_int_equal(alice.said.contacts.contact_count, 0);
    ask(&alice, (struct mcx_request){.operation = MCX_SET_STATE, .state = {6500, SLICE("here")}});
    ask(&alice, (struct mcx_request){.operation = MCX_START_CONVERSATION,
                                     .start = {SLICE(CAROL), SLICE("Lunch")}});
    int64_t mine = alice.said.conversation;
    struct mcx_event event =
        wait_event(&peer, &peer_ack, MCX_EVENT_CONVERSATION, PHONE_CHAT_INVITED);
    int64_t theirs = (int64_t)event.chat->id;
    assert_true(slice_eq(event.chat->peer, SLICE(ALICE)));
    assert_true(slice_eq(event.chat->subject, SLICE("Lunch")));
    talk(&peer, MCX_ACCEPT_CONVERSATION, theirs, "");
    wait_event(&alice, &alice_ack, MCX_EVENT_CONVERSATION, PHONE_CHAT_CONNECTED);
    talk(&alice, MCX_SEND_MESSAGE, mine, "one o'clock? <&>");
    event = wait_event(&peer, &peer_ack, MCX_EVENT_MESSAGE, 0);
    assert_true(slice_eq(event.text, SLICE("one o'clock? <&>")));
    talk(&peer, MCX_SET_TYPING, theirs, "");
    assert_true(wait_event(&alice, &alice_ack, MCX_EVENT_TYPING, 0).typing);
    talk(&peer, MCX_SEND_MESSAGE, theirs, "yes");
    event = wait_event(&alice, &alice_ack, MCX_EVENT_MESSAGE, 0);
    assert_true(slice_eq(event.text, SLICE("yes")));
    talk(&alice, MCX_END_CONVERSATION, mine, "");
    wait_event(&peer, &peer_ack, MCX_EVENT_CONVERSATION, PHONE_CHAT_ENDED);
    post(&peer,
         message(&peer, (struct mcx_request){.operation = MCX_SEND_MESSAGE,
                                             .talk = {theirs, SLICE("text/plain"), SLICE("?")}}),
         MCX_SEND_MESSAGE);
    assert_refused(&peer, FINDING_MOBILITY_CHAT_UNKNOWN);
    leave(&alice);
    leave(&peer);
}

/* ---- tickets ----------------------------------------------------------------------------------
 */

static void tickets_that_do_not_do(void **state)
{
    struct town *town = *state;
    struct handset h;
    scoped(buf) struct buf bare = BUF_INIT;
    come(&h, town, &town->alice);
    struct slice once = message(&h, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY});
    post(&h, once, MCX_REPORT_ACTIVITY);
    assert_int_equal(h.reply.status, 200);
    off_t mark = lab_server_log_mark(town->lab);
    post(&h, once, MCX_REPORT_ACTIVITY); /* what others must not know, they are not told */
    assert_int_equal(h.reply.status, 500);
    assert_int_equal(h.fault.finding, FINDING_MCX_REFUSED);
    assert_true(lab_server_logged(town->lab, mark, "ticket-replayed", "path=" SITE_PATH_MCX));
    mcx_request_print(&(struct mcx_request){.operation = MCX_REPORT_ACTIVITY, .session = h.session},
                      (struct slice){0}, &bare);
    post(&h, buf_slice(&bare), MCX_REPORT_ACTIVITY);
    assert_refused(&h, FINDING_TICKET_MISSING);

    struct webticket_grant good = h.ticket;
    assert_int_equal(web_ticket(h.wire, town->lab, ALICE, ALICE_PASSWORD, town->arena, &h.ticket),
                     0);
    post(&h, message(&h, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY}),
         MCX_REPORT_ACTIVITY);
    assert_refused(&h, FINDING_MCX_NO_CERTIFICATE);
    assert_logged(town, "mcx-ticket-without-certificate", "path=" SITE_PATH_MCX);
    webticket_grant_fini(&h.ticket);

    h.ticket = good; /* somebody who has seen the ticket, but not its key */
    h.ticket.proof_key[0] ^= 1;
    mark = lab_server_log_mark(town->lab);
    post(&h, message(&h, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY}),
         MCX_REPORT_ACTIVITY);
    assert_int_equal(h.reply.status, 500);
    assert_true(lab_server_logged(town->lab, mark, "ticket-no-proof", "path=" SITE_PATH_MCX));
    h.ticket.proof_key[0] ^= 1;
    leave(&h);
}

static void a_ticket_ends_in_the_middle_of_a_poll(void **state)
{
    struct town *town = *state;
    struct handset h;
    come(&h, town, &town->alice);
    scoped(wire) struct wire *poll = hold(&h, 1); /* 180 s, if the ticket were good that long */
    assert_true(wire_read(poll, (TICKET_SECONDS + 10) * 1000) >= 0);
    hear(&h, poll);
    assert_int_equal(h.fault.finding, FINDING_NONE);
    assert_int_equal(h.said.poll.event_count, 0);
    post(&h, message(&h, poll_for(2, 0)), MCX_POLL);
    assert_refused(&h, FINDING_TICKET_EXPIRED);
    take_ticket(&h); /* the session is another matter */
    ask(&h, poll_for(2, 0));
    leave(&h);
}

/* ---- sessions ---------------------------------------------------------------------------------
 */

/* Whether a session is another's or nobody's cannot be told. */
static void sessions_of_others(void **state)
{
    struct town *town = *state;
    struct handset alice, peer;
    come(&alice, town, &town->alice);
    come(&peer, town, &carol);
    for (int i = MCX_GET_PROVISIONING; i < MCX_OPERATIONS; i++) {
        struct slice bodies[2];
        for (int nobodys = 0; nobodys < 2; nobodys++) {
            struct mcx_request request = {.operation = (enum mcx_operation)i};
            request.session = nobodys ? SLICE("00000000000000000000000000000000") : peer.session;
            if (i == MCX_NORMALIZE_NUMBER || i == MCX_SUBSCRIBE_TO_PUSH ||
                i == MCX_START_CONVERSATION)
                request.number = SLICE("1"); /* the first text of each of them */
            else if (i == MCX_POLL)
                request.poll.ack = 1;
            else if (i == MCX_SEND_MESSAGE)
                request.talk.type = request.talk.text = SLICE("text/plain");
            post(&alice, message(&alice, request), request.operation);
            assert_refused(&alice, FINDING_MCX_ENDED);
            bodies[nobodys] = alice.reply.body;
        }
        assert_true(slice_eq(bodies[0], bodies[1]));
    }
    ask(&peer, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY});
    leave(&alice);
    leave(&peer);
}

static void too_many_sessions(void **state)
{
    struct town *town = *state;
    struct handset h;
    struct slice sessions[MCX_PER_USER];
    come(&h, town, &carol);
    sessions[0] = h.session;
    for (size_t i = 1; i < MCX_PER_USER; i++) {
        initiate(&h, arena_print(town->arena, "e%zu", i).at);
        if (h.fault.finding != FINDING_NONE)
            fail_msg("session %zu: %s", i, h.fault.detail);
        sessions[i] = h.said.initiate.session;
    }
    initiate(&h, "one more");
    assert_refused(&h, FINDING_MCX_TOO_MANY);
    for (size_t i = MCX_PER_USER; i-- > 1;)
        ask(&h, (struct mcx_request){.operation = MCX_TERMINATE_SESSION, .session = sessions[i]});
    leave(&h);
}

static void a_poll_is_replaced_or_left(void **state)
{
    struct town *town = *state;
    struct handset h;
    come(&h, town, &town->alice);
    scoped(wire) struct wire *first = hold(&h, 1);
    assert_int_equal(wire_read(first, 300), -1);
    scoped(wire) struct wire *second = hold(&h, 1);
    hear(&h, first);
    assert_refused(&h, FINDING_MCX_REPLACED);
    wire_close(take(&second)); /* without a word */
    scoped(wire) struct wire *third = hold(&h, 1);
    assert_int_equal(wire_read(third, 300), -1);
    struct slice before = h.session;
    initiate(&h, "handset"); /* the device begins anew */
    h.session = h.said.initiate.session;
    struct slice now = h.session;
    hear(&h, third);
    assert_refused(&h, FINDING_MOBILITY_REPLACED);
    h.session = before;
    post(&h, message(&h, poll_for(1, 0)), MCX_POLL);
    assert_refused(&h, FINDING_MCX_ENDED);
    h.session = now;
    leave(&h);
}

/* ---- bodies -----------------------------------------------------------------------------------
 */

static void bodies_that_are_none(void **state)
{
    struct town *town = *state;
    struct handset h;
    scoped(buf) struct buf large = BUF_INIT, deep = BUF_INIT;
    come(&h, town, &town->alice);
    buf_add_string(&large, "<a>");
    for (int i = 0; i < MCX_REQUEST_MAX; i++)
        buf_add_byte(&large, 'x');
    buf_add_string(&large, "</a>");
    for (int i = 0; i < 10000; i++)
        buf_add_string(&deep, "<a>");
    const struct {
        struct slice body;
        enum finding finding;
    } rows[] = {
        {SLICE("{}"), FINDING_XML_MALFORMED},
        {SLICE("<a><b></a></b>"), FINDING_XML_MALFORMED},
        {SLICE("<a/>"), FINDING_SOAP_MALFORMED},
        {SLICE("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"),
         FINDING_XML_FORBIDDEN},
        {buf_slice(&large), FINDING_XML_LIMIT},
        {buf_slice(&deep), FINDING_XML_LIMIT},
        {message(&h, (struct mcx_request){.operation = MCX_POLL, .poll = {.ack = -5}}),
         FINDING_MCX_REQUEST},
        {message(&h, (struct mcx_request){.operation = MCX_POLL, .poll = {1, MCX_WAIT_MAX + 1}}),
         FINDING_MCX_REQUEST},
        {message(&h, (struct mcx_request){.operation = MCX_SEND_MESSAGE,
                                          .talk = {.conversation = 1, .type = SLICE("x")}}),
         FINDING_MCX_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        post(&h, rows[i].body, MCX_POLL);
        assert_refused(&h, rows[i].finding);
        assert_true(
            lab_server_logged(town->lab, mark, finding_id(rows[i].finding), "path=" SITE_PATH_MCX));
    }
    static const char *const addresses[] = {"", "bob", "bob@", "sip:", "a b@contoso.test"};
    for (size_t i = 1; i < sizeof addresses / sizeof *addresses; i++) {
        post(&h,
             message(&h, (struct mcx_request){.operation = MCX_START_CONVERSATION,
                                              .start = {.address = slice_of(addresses[i])}}),
             MCX_START_CONVERSATION);
        assert_refused(&h, FINDING_MOBILITY_INVALID);
    }
    post(
        &h,
        message(&h, (struct mcx_request){.operation = MCX_SUBSCRIBE_TO_PUSH,
                                         .subscription = SLICE("{\"endpoint\":\"https://::1/\"}")}),
        MCX_SUBSCRIBE_TO_PUSH);
    assert_refused(&h, FINDING_PUSH_SUBSCRIPTION_INVALID);
    leave(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(two_phones_talk),
        HOSTILE(tickets_that_do_not_do),
        HOSTILE(a_ticket_ends_in_the_middle_of_a_poll),
        HOSTILE(sessions_of_others),
        HOSTILE(too_many_sessions),
        HOSTILE(a_poll_is_replaced_or_left),
        HOSTILE(bodies_that_are_none),
    };
    return cmocka_run_group_tests_name("hostile mcx", tests, setup, teardown);
}
