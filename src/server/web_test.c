/* Web sessions over socket pairs, with routes whose replies come later. */
#include "base/clock.h"
#include "http/routes.h"
#include "server/front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    POLLS = 1000,
    WAIT_MS = 20000
};

static struct house {
    struct server server;
    struct wing wing;
    struct http_later *parked[POLLS];
    size_t parked_count;
    struct timer look;
    bool (*until)(void);
    int64_t give_up;
    int client;
    char got[4096];
    size_t got_len;
} house;

/* ---- routes ------------------------------------------------------------------------------ */

static void answer_wait(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    (void)role, (void)reply, (void)arena, (void)now;
    house.parked[house.parked_count++] = http_later_take(request);
}

static void give(struct http_later *later, const char *text)
{
    http_reply_set(later->reply, 200, "text/plain", slice_of(text));
    http_later_send(later);
}

/* Taken and sent before the handler returns: nobody is ever parked. */
static void answer_at_once(void *role, const struct http_request *request, struct http_reply *reply,
                           struct arena *arena, int64_t now)
{
    (void)role, (void)reply, (void)arena, (void)now;
    give(http_later_take(request), "at once");
}

static void answer_plainly(void *role, const struct http_request *request, struct http_reply *reply,
                           struct arena *arena, int64_t now)
{
    (void)role, (void)request, (void)arena, (void)now;
    http_reply_set(reply, 200, "text/plain", SLICE("plainly"));
}

static const struct http_route rows[] = {
    {NULL, "/wait", HTTP_GET, ROUTE_PLAIN | ROUTE_LATER, answer_wait, NULL},
    {NULL, "/now", HTTP_GET, ROUTE_PLAIN | ROUTE_LATER, answer_at_once, NULL},
    {NULL, "/work", HTTP_GET, ROUTE_PLAIN | ROUTE_LATER | ROUTE_WORK, answer_wait, NULL},
    {NULL, "/worknow", HTTP_GET, ROUTE_PLAIN | ROUTE_LATER | ROUTE_WORK, answer_at_once, NULL},
    {NULL, "/plain", HTTP_GET, ROUTE_PLAIN | ROUTE_LATER, answer_plainly, NULL},
    {NULL, "/workplain", HTTP_GET, ROUTE_PLAIN | ROUTE_LATER | ROUTE_WORK, answer_plainly, NULL},
};

/* ---- the world --------------------------------------------------------------------------- */

static void look_once(void)
{
    ssize_t n = recv(house.client, house.got + house.got_len, sizeof house.got - 1 - house.got_len,
                     MSG_DONTWAIT);
    if (n > 0)
        house.got_len += (size_t)n;
    house.got[house.got_len] = '\0';
}

static void look(void *arg)
{
    (void)arg;
    look_once();
    if (house.until())
        loop_stop(house.wing.loop);
    else if (clock_monotonic() > house.give_up)
        fail_msg("it does not come; got: %s", house.got);
    else
        timer_start(&house.look, 1);
}

static void run_until(bool (*condition)(void))
{
    house.until = condition;
    house.give_up = clock_monotonic() + WAIT_MS;
    timer_init(&house.look, house.wing.loop, look, NULL);
    timer_start(&house.look, 1);
    loop_run(house.wing.loop);
}

static int connect_client(void)
{
    static const struct conn_handler nothing = {0};
    int ends[2];
    struct address peer;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    memset(&peer, 0, sizeof peer);
    assert_int_equal(address_parse(SLICE("192.0.2.7:1000"), 0, &peer, NULL), 0);
    struct conn *conn =
        conn_adopt(house.wing.loop, ends[0], &peer, &(struct conn_options){.handler = &nothing});
    web_take(&house.wing, conn);
    return ends[1];
}

static void ask(int fd, const char *path)
{
    char text[128];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n", path);
    assert_int_equal(send(fd, text, (size_t)len, 0), len);
}

static int setup(void **state)
{
    (void)state;
    memset(&house, 0, sizeof house);
    house.server.config = config_new();
    house.server.routes = http_routes_new(0);
    http_routes_add(house.server.routes, rows, sizeof rows / sizeof *rows, NULL);
    house.server.workers = workers_new(&(struct workers_options){.count = 2}, NULL);
    house.wing.server = &house.server;
    house.wing.loop = loop_new(NULL);
    LIST_INIT(&house.wing.webs);
    house.client = connect_client();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(house.client);
    workers_free(house.server.workers);
    loop_free(house.wing.loop);
    http_routes_free(house.server.routes);
    config_free(house.server.config);
    return 0;
}

static bool is_parked(void)
{
    return house.parked_count > 0;
}

static bool is_answered(void)
{
    return strstr(house.got, "\r\n\r\n") && strstr(house.got, "HTTP/1.1 200") &&
           house.got[house.got_len - 1] != '\n';
}

static bool are_two_answered(void)
{
    char *first = strstr(house.got, "first"), *second = strstr(house.got, "plainly");
    return first && second && first < second;
}

static bool has_gone(void)
{
    return atomic_load(&house.parked[0]->gone);
}

static bool is_alone(void)
{
    return loop_conn_count(house.wing.loop) == 0;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void *send_from_thread(void *arg)
{
    give(arg, "from afar");
    return NULL;
}

static void test_reply_from_another_thread(void **state)
{
    (void)state;
    pthread_t thread;
    ask(house.client, "/wait");
    run_until(is_parked);
    assert_int_equal(house.got_len, 0);
    assert_int_equal(pthread_create(&thread, NULL, send_from_thread, house.parked[0]), 0);
    pthread_join(thread, NULL);
    run_until(is_answered);
    assert_non_null(strstr(house.got, "from afar"));
}

static void test_every_way_answers(void **state)
{
    (void)state;
    static const char *const paths[] = {"/now", "/worknow", "/plain", "/workplain"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        house.got_len = 0;
        ask(house.client, paths[i]);
        run_until(is_answered);
    }
    house.got_len = 0;
    house.got[0] = '\0';
    ask(house.client, "/work");
    run_until(is_parked);
    give(house.parked[0], "worked");
    run_until(is_answered);
    assert_non_null(strstr(house.got, "worked"));
}

static bool is_packed(void)
{
    const char *body = strstr(house.got, "\r\n\r\n");
    return body && (size_t)(body + 4 - house.got) < house.got_len && body[4] == '\x1f' &&
           body[5] == '\x8b';
}

/* Who takes gzip gets it, and the length is that of the packed bytes. */
static void test_packed(void **state)
{
    (void)state;
    static const char text[] =
        "GET /plain HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip, deflate\r\n\r\n";
    assert_int_equal(send(house.client, text, sizeof text - 1, 0), sizeof text - 1);
    run_until(is_packed);
    assert_non_null(strstr(house.got, "Content-Encoding: gzip\r\n"));
    size_t head = (size_t)(strstr(house.got, "\r\n\r\n") + 4 - house.got);
    char *length = strstr(house.got, "Content-Length: ");
    assert_non_null(length);
    assert_int_equal(strtoul(length + 16, NULL, 10), house.got_len - head);
}

/* What is sent behind a parked request is answered behind it. */
static void test_pipeline_waits(void **state)
{
    (void)state;
    ask(house.client, "/wait");
    ask(house.client, "/plain");
    run_until(is_parked);
    give(house.parked[0], "first");
    run_until(are_two_answered);
}

static void test_client_leaves(void **state)
{
    (void)state;
    ask(house.client, "/wait");
    run_until(is_parked);
    shutdown(house.client, SHUT_RDWR);
    run_until(has_gone);
    give(house.parked[0], "to nobody");
    run_until(is_alone);
}

/* Who waits for somebody's word gets it also while the server drains, and goes then. */
static void test_drain_waits_for_who_waits(void **state)
{
    (void)state;
    ask(house.client, "/wait");
    run_until(is_parked);
    atomic_store(&house.server.draining, true);
    web_close_idle(&house.wing);
    give(house.parked[0], "last word");
    run_until(is_alone);
    look_once();
    assert_non_null(strstr(house.got, "last word"));
}

static bool are_all_parked(void)
{
    return house.parked_count == POLLS;
}

/* The figure that 10,000 phones are planned by, without kernel and TLS. */
static void test_idle_poll_is_small(void **state)
{
    (void)state;
    static int clients[POLLS];
    for (size_t i = 0; i < POLLS; i++)
        clients[i] = connect_client();
    for (size_t i = 0; i < POLLS; i++)
        ask(clients[i], "/wait");
    run_until(are_all_parked);
    size_t most = 0;
    for (size_t i = 0; i < POLLS; i++) {
        size_t bytes = arena_footprint(house.parked[i]->arena);
        most = bytes > most ? bytes : most;
        give(house.parked[i], "woken");
        close(clients[i]);
    }
    assert_in_range(most, 1, 4096);
    close(house.client);
    house.client = -1;
    run_until(is_alone);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reply_from_another_thread),
        TEST(test_every_way_answers),
        TEST(test_packed),
        TEST(test_pipeline_waits),
        TEST(test_client_leaves),
        TEST(test_drain_waits_for_who_waits),
        TEST(test_idle_poll_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
