/* Errands that end otherwise than they were begun: refused in their turn, or answered when
 * their connection is gone. One wing, no workers, no sockets. */
#include "contacts/contacts.h"
#include "server/hold.h"
#include "server/home.h"
#include "server/methods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define REGISTER_BYTES                                                                             \
    "REGISTER sip:contoso.test SIP/2.0\r\nVia: SIP/2.0/tls 192.0.2.7:4000;branch=z9hG4bK1\r\n"     \
    "From: <sip:alice@contoso.test>;tag=1;epid=01010101\r\nTo: <sip:alice@contoso.test>\r\n"       \
    "CSeq: 1 REGISTER\r\nCall-ID: a\r\n"                                                           \
    "Contact: <sip:192.0.2.7:4000;transport=tls>;methods=\"INVITE\"\r\nContent-Length: 0\r\n\r\n"
#define SERVICE_BYTES                                                                              \
    "SERVICE sip:alice@contoso.test SIP/2.0\r\nVia: SIP/2.0/tls "                                  \
    "192.0.2.7:4000;branch=z9hG4bK2\r\n"                                                           \
    "From: <sip:alice@contoso.test>;tag=1;epid=01010101\r\nTo: <sip:alice@contoso.test>\r\n"       \
    "CSeq: 2 SERVICE\r\nCall-ID: b\r\nContent-Length: 0\r\n\r\n"

static int setup(void **state)
{
    static struct server server;
    struct fault fault;
    server = (struct server){
        .config = config_new(),
        .arena = arena_new(),
        .site = {.domain = SLICE("contoso.test"), .sip_host = SLICE("sip.contoso.test")},
        .contact = SLICE("<sip:sip.contoso.test:5061;transport=tls>"),
        .wing_count = 1,
    };
    server.wings = must_calloc(1, sizeof *server.wings);
    server.wings[0].server = &server;
    server.wings[0].loop = loop_new(&fault);
    assert_non_null(server.wings[0].loop);
    home_open(&server.wings[0]);
    *state = &server;
    return 0;
}

static int teardown(void **state)
{
    struct server *server = *state;
    home_stop(&server->wings[0]);
    loop_free(server->wings[0].loop);
    home_close(&server->wings[0]);
    free(server->wings);
    arena_free(server->arena);
    config_free(server->config);
    return 0;
}

/* An errand of Alice's whose line is gone already. */
static struct errand *errand_of(struct server *server, const char *bytes,
                                const struct method_way *way, bool *finished)
{
    struct arena *arena = arena_new();
    struct errand *e = arena_new_of(arena, struct errand);
    struct fault fault;
    e->arena = arena;
    e->server = server;
    e->wing = &server->wings[0];
    e->way = way;
    e->finished = finished;
    e->now = loop_now(e->wing->loop);
    e->caller = (struct registrar_caller){
        .account = SLICE("alice@contoso.test"), .epid = SLICE("01010101"), .flow = {.conn = 7}};
    e->request = arena_new_of(arena, struct sip_message);
    assert_int_equal(sip_parse(e->request, slice_of(bytes), &fault), 0);
    sip_reply_init(&e->reply, arena, 200);
    outgoing_init(&e->outgoing, arena);
    return e;
}

/* Changes wait for one another. One whose user has left meanwhile is refused in its turn,
 * and the next one's turn comes all the same. */
static void test_refused_in_its_turn(void **state)
{
    struct server *server = *state;
    struct wing *home = &server->wings[0];
    static const struct method_way way = {.method = SIP_SERVICE, .home = home_edit_contacts};
    bool finished[3] = {false, false, false};
    struct errand *e[3];
    for (size_t i = 0; i < 3; i++)
        e[i] = errand_of(server, SERVICE_BYTES, &way, &finished[i]);
    assert_true(hold_enter(home, e[0]));
    assert_false(hold_enter(home, e[1]));
    assert_false(hold_enter(home, e[2]));
    hold_leave(home, e[0]);
    line_errand_finish(e[0]);
    loop_settle(home->loop);
    assert_true(finished[0] && finished[1] && finished[2]);
    assert_null(home->holds);
}

/* The same when he is registered but forgotten, and cannot be admitted for want of workers. */
static void test_not_admitted_in_its_turn(void **state)
{
    struct server *server = *state;
    bool finished = false;
    struct errand *e = errand_of(server, REGISTER_BYTES, NULL, &finished);
    struct outgoing_list out;
    outgoing_init(&out, e->arena);
    assert_int_equal(registrar_register(server->wings[0].registrar, e->request, &e->caller, e->now,
                                        &e->reply, &out, &e->fault),
                     0);
    e->caller.flow.conn++; /* it is not his connection that is gone */
    line_errand_finish(e);
    test_refused_in_its_turn(state);
}

/* A connection that ends while its REGISTER is on the way leaves no endpoint behind. */
static void test_connection_lost_on_the_way(void **state)
{
    struct server *server = *state;
    struct wing *home = &server->wings[0];
    static const struct method_way way = {.method = SIP_REGISTER, .home = home_register};
    bool finished = false;
    struct errand *e = errand_of(server, REGISTER_BYTES, &way, &finished);
    home_flow_lost(home, e->caller.flow);
    loop_settle(home->loop); /* this came first */
    home_take(e);
    assert_int_equal(registrar_count(home->registrar), 1);
    loop_settle(home->loop);
    assert_true(finished);
    assert_int_equal(registrar_count(home->registrar), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused_in_its_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_admitted_in_its_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connection_lost_on_the_way, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
