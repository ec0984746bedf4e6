/* The clearing house against a push service on loopback that answers as it is told. */
#include "push/clearing.h"

#include "accounts/account.h"
#include "base/clock.h"
#include "push/testing_priv.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    PATIENCE_MS = 20000,
    REQUEST_MAX = 16384
};

/* ---- a push service ------------------------------------------------------------------------ */

/* One connection after another; the path says what to answer: /201, /410 ... The last
 * request stays for the test to look at. /hang is never answered, nor closed. */
struct service {
    int listener, hanging;
    int stop[2];
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    char request[REQUEST_MAX];
    size_t len;
    atomic_uint requests;
};

static size_t length_of(const char *request)
{
    const char *at = strstr(request, "Content-Length: ");
    return at ? (size_t)atoi(at + 16) : 0;
}

static void serve(struct service *service, int fd)
{
    static char bytes[REQUEST_MAX];
    size_t len = 0;
    char answer[256];
    for (;;) {
        ssize_t got = read(fd, bytes + len, sizeof bytes - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        bytes[len] = '\0';
        const char *head = strstr(bytes, "\r\n\r\n");
        if (head && len >= (size_t)(head - bytes) + 4 + length_of(bytes))
            break;
    }
    pthread_mutex_lock(&service->lock);
    memcpy(service->request, bytes, len);
    service->len = len;
    pthread_mutex_unlock(&service->lock);
    atomic_fetch_add(&service->requests, 1);
    if (strncmp(bytes, "POST /hang", 10) == 0) {
        service->hanging = fd;
        return;
    }
    int status = atoi(bytes + strcspn(bytes, "/") + 1);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 %d X\r\nContent-Length: 0\r\nRetry-After: 3600\r\n"
             "Location: http://127.0.0.1:%u/201\r\nConnection: close\r\n\r\n",
             status, service->port);
    if (write(fd, answer, strlen(answer)) < 0)
        perror("write");
    close(fd);
}

static void *service_run(void *arg)
{
    struct service *service = arg;
    struct pollfd fds[2] = {{.fd = service->listener, .events = POLLIN},
                            {.fd = service->stop[0], .events = POLLIN}};
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int fd = accept(service->listener, NULL, NULL);
        if (fd >= 0)
            serve(service, fd);
    }
    return NULL;
}

static int service_start(struct service *service)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    service->hanging = -1;
    pthread_mutex_init(&service->lock, NULL);
    service->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe(service->stop) != 0 ||
        bind(service->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(service->listener, 64) != 0 ||
        getsockname(service->listener, (struct sockaddr *)&at, &len) != 0)
        return -1;
    service->port = ntohs(at.sin_port);
    return pthread_create(&service->thread, NULL, service_run, service);
}

static void service_stop(struct service *service)
{
    close(service->stop[1]);
    pthread_join(service->thread, NULL);
    close(service->stop[0]);
    close(service->listener);
    if (service->hanging >= 0)
        close(service->hanging);
    pthread_mutex_destroy(&service->lock);
}

/* ---- the world --------------------------------------------------------------------------------
 */

struct world {
    struct service service;
    struct test_signer *signer;
    struct push_receiver phone;
    struct arena *arena;
    struct store *store;
    struct accounts *accounts;
    struct push_clearing *clearing;
    int64_t alice;
    char dir[64], path[96];
    struct fault fault;
    pthread_mutex_t lock;
    pthread_cond_t told;
    struct push_outcome outcomes[32];
    size_t count;
};

static void take_outcome(void *arg, const struct push_outcome *outcome)
{
    struct world *w = arg;
    pthread_mutex_lock(&w->lock);
    w->outcomes[w->count++ % 32] = *outcome;
    pthread_cond_signal(&w->told);
    pthread_mutex_unlock(&w->lock);
}

static int open_store(struct world *w)
{
    static const struct store_schema *const schemas[] = {&accounts_schema, &push_schema};
    struct account account = {
        .address = SLICE("alice@contoso.test"), .enabled = true, .created = 1};
    snprintf(w->dir, sizeof w->dir, "/tmp/lychgate-push-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    snprintf(w->path, sizeof w->path, "%s/store.db", w->dir);
    if (store_open(&(struct store_options){.path = w->path, .schemas = schemas, .schema_count = 2},
                   &w->store, &w->fault) != 0 ||
        accounts_open(&(struct accounts_options){.store = w->store}, &w->accounts, &w->fault) !=
            0 ||
        accounts_add(w->accounts, &account, w->arena, &w->fault) != 0)
        return -1;
    w->alice = account.id;
    return 0;
}

static int setup(void **state)
{
    struct world *w = must_calloc(1, sizeof *w);
    *state = w;
    w->arena = arena_new();
    w->signer = test_signer_new();
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->told, NULL);
    return push_receiver_make(&w->phone, NULL) == 0 && service_start(&w->service) == 0
               ? open_store(w)
               : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char path[128];
    push_clearing_free(w->clearing);
    service_stop(&w->service);
    accounts_free(w->accounts);
    store_free(w->store);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, ends[i]);
        unlink(path);
    }
    int result = rmdir(w->dir);
    push_receiver_fini(&w->phone);
    test_signer_free(w->signer);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->told);
    arena_free(w->arena);
    free(w);
    return result;
}

static void start(struct world *w, bool allow_private, unsigned timeout_ms)
{
    const struct push_clearing_options options = {
        .store = w->store,
        .signer = w->signer->as,
        .subject = SLICE("mailto:admin@contoso.test"),
        .guard = {.allow_private = allow_private},
        .queue = {.tries = 2, .backoff_ms = 20},
        .timeout_ms = timeout_ms,
        .outcome = take_outcome,
        .arg = w,
    };
    assert_int_equal(push_clearing_new(&options, &w->clearing, &w->fault), 0);
}

static void subscribe(struct world *w, const char *device, const char *path)
{
    struct push_subscription s = {
        .account = w->alice,
        .device = slice_of(device),
        .endpoint = arena_print(w->arena, "http://127.0.0.1:%u%s", w->service.port, path),
        .keys = push_receiver_keys(&w->phone),
        .created = clock_now(),
    };
    assert_int_equal(push_subscription_add(w->store, &s, 0, &w->fault), 0);
}

static void wish(struct world *w, const char *device, uint64_t tag)
{
    const struct push_wish wish = {.account = w->alice,
                                   .device = slice_of(device),
                                   .payload = SLICE("{\"kind\":\"message\"}"),
                                   .urgency = PUSH_HIGH,
                                   .ttl_ms = 30000,
                                   .topic = SLICE("im"),
                                   .tag = tag};
    assert_int_equal(push_clearing_wish(w->clearing, &wish, &w->fault), 0);
}

/* The n-th outcome since the start. */
static struct push_outcome outcome(struct world *w, size_t n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&w->lock);
    while (w->count <= n)
        if (pthread_cond_timedwait(&w->told, &w->lock, &until) != 0)
            break;
    struct push_outcome out = w->outcomes[n];
    bool there = w->count > n;
    pthread_mutex_unlock(&w->lock);
    if (!there)
        fail_msg("outcome %zu did not come", n);
    return out;
}

/* ---- what was sent ------------------------------------------------------------------------------
 */

static struct slice header(const char *request, const char *name)
{
    const char *at = strcasestr(request, name);
    if (!at)
        return (struct slice){0};
    at += strlen(name);
    return slice_make(at, strcspn(at, "\r"));
}

static void test_delivered(void **state)
{
    struct world *w = *state;
    struct slice plain, token, key_text, key;
    start(w, true, 0);
    subscribe(w, "phone", "/201/x");
    wish(w, "phone", 77);
    struct push_outcome out = outcome(w, 0);
    assert_int_equal(out.fault.finding, FINDING_NONE);
    assert_int_equal(out.tag, 77);
    assert_int_equal(out.tries, 1);
    const char *request = w->service.request;
    assert_true(slice_starts(slice_of(request), SLICE("POST /201/x HTTP/1.1\r\n")));
    assert_true(slice_eq(header(request, "\r\nTTL: "), SLICE("30")) ||
                slice_eq(header(request, "\r\nTTL: "), SLICE("29")));
    assert_true(slice_eq(header(request, "\r\nUrgency: "), SLICE("high")));
    assert_true(slice_eq(header(request, "\r\nTopic: "), SLICE("im")));
    assert_true(slice_eq(header(request, "\r\nContent-Encoding: "), SLICE("aes128gcm")));
    assert_true(test_vapid_split(header(request, "\r\nAuthorization: "), &token, &key_text));
    assert_int_equal(base64url_parse(w->arena, key_text, &key), 0);
    assert_true(slice_eq(key, w->signer->as.public_key));
    assert_true(test_token_verifies(w->arena, token, key));
    struct slice body = slice_make(strstr(request, "\r\n\r\n") + 4, 0);
    body.len = w->service.len - (size_t)(body.at - request);
    assert_int_equal(push_decrypt(&w->phone, body, w->arena, &plain, &w->fault), 0);
    assert_true(slice_eq(plain, SLICE("{\"kind\":\"message\"}")));
}

static void test_gone_is_forgotten(void **state)
{
    struct world *w = *state;
    start(w, true, 0);
    subscribe(w, "phone", "/410");
    wish(w, "phone", 1);
    assert_int_equal(outcome(w, 0).fault.finding, FINDING_PUSH_GONE);
    wish(w, "phone", 2);
    assert_int_equal(outcome(w, 1).fault.finding, FINDING_PUSH_NO_SUBSCRIPTION);
    assert_int_equal(outcome(w, 1).tag, 2);
    assert_int_equal(atomic_load(&w->service.requests), 1);
}

static void test_answers(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *path;
        enum finding finding;
        unsigned requests;
    } rows[] = {
        {"/302", FINDING_PUSH_REFUSED, 1}, /* the redirect is not followed */
        {"/403", FINDING_PUSH_REFUSED, 1},
        {"/413", FINDING_PUSH_TOO_LARGE, 1},
        {"/429", FINDING_PUSH_EXPIRED, 1}, /* come in an hour: too late for this one */
    };
    start(w, true, 0);
    unsigned requests = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        subscribe(w, rows[i].path + 1, rows[i].path);
        wish(w, rows[i].path + 1, i);
        struct push_outcome out = outcome(w, i);
        assert_int_equal(out.tag, i);
        assert_int_equal(out.fault.finding, rows[i].finding);
        requests += rows[i].requests;
        assert_int_equal(atomic_load(&w->service.requests), requests);
    }
}

/* The strict guard is asked at the socket: a subscription from before it was switched on,
 * or a name whose address changed, comes no further. */
static void test_guard_at_the_socket(void **state)
{
    struct world *w = *state;
    struct push_result result;
    start(w, false, 0);
    subscribe(w, "phone", "/201");
    wish(w, "phone", 1);
    assert_int_not_equal(outcome(w, 0).fault.finding, FINDING_NONE);
    /* https to loopback: the scheme is right, the address is not. */
    scoped(vapid_cache) struct vapid_cache *vapid = vapid_cache_new(&w->signer->as, SLICE(""));
    struct push_subscription s = {
        .endpoint = arena_print(w->arena, "https://localhost:%u/", w->service.port),
        .keys = push_receiver_keys(&w->phone)};
    const struct push_due due = {.to = &s, .payload = SLICE("x")};
    const struct push_guard strict = {.allow_private = false};
    assert_int_equal(push_deliver(&due, vapid, &strict, 5000, clock_now(), &result, &w->fault), 0);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.fault.finding, FINDING_PUSH_ENDPOINT_REFUSED);
    assert_int_equal(push_result_fault(&result, &w->fault), -ERR_DENIED);
    assert_int_equal(atomic_load(&w->service.requests), 0);
}

static void test_hanging_service_stops_nobody(void **state)
{
    struct world *w = *state;
    start(w, true, 400);
    subscribe(w, "sleepy", "/hang");
    subscribe(w, "phone", "/201");
    wish(w, "sleepy", 1);
    wish(w, "phone", 2);
    struct push_outcome first = outcome(w, 0);
    assert_int_equal(first.tag, 2);
    assert_int_equal(first.fault.finding, FINDING_NONE);
    struct push_outcome second = outcome(w, 1);
    assert_int_equal(second.tag, 1);
    assert_int_equal(second.fault.finding, FINDING_PUSH_ROUTE_DOWN);
    assert_int_equal(second.tries, 2);
}

static void test_nothing_listens(void **state)
{
    struct world *w = *state;
    struct push_subscription s = {.account = w->alice,
                                  .device = SLICE("phone"),
                                  .endpoint = SLICE("http://127.0.0.1:1/"),
                                  .keys = push_receiver_keys(&w->phone),
                                  .created = 1};
    start(w, true, 0);
    assert_int_equal(push_subscription_add(w->store, &s, 0, &w->fault), 0);
    wish(w, "phone", 1);
    assert_int_equal(outcome(w, 0).fault.finding, FINDING_PUSH_ROUTE_DOWN);
}

static void test_vault_that_fails(void **state)
{
    struct world *w = *state;
    w->signer->fails = true;
    start(w, true, 0);
    subscribe(w, "phone", "/201");
    wish(w, "phone", 1);
    assert_int_not_equal(outcome(w, 0).fault.finding, FINDING_NONE);
    assert_int_equal(atomic_load(&w->service.requests), 0);
}

static void test_end_in_the_middle(void **state)
{
    struct world *w = *state;
    start(w, true, 0);
    subscribe(w, "sleepy", "/hang");
    subscribe(w, "phone", "/201");
    wish(w, "sleepy", 1);
    wish(w, "phone", 2);
    (void)outcome(w, 0);
    wish(w, "sleepy", 3); /* freed with one under way and one that waits */
}

static void test_wishes_that_are_none(void **state)
{
    struct world *w = *state;
    char most[PUSH_PLAIN_MAX + 1] = "";
    struct push_wish big = {.device = SLICE("phone"), .payload = slice_make(most, sizeof most)};
    start(w, true, 0);
    assert_int_equal(push_clearing_wish(w->clearing, &big, &w->fault), -ERR_LIMIT);
    assert_int_equal(w->fault.finding, FINDING_PUSH_TOO_LARGE);
}

static void test_retry_after(void **state)
{
    (void)state;
    const int64_t now = INT64_C(784111717000); /* Sun, 06 Nov 1994 08:48:37 GMT */
    assert_int_equal(push_retry_after(SLICE(" 120 "), now), 120000);
    assert_int_equal(push_retry_after(SLICE("Sun, 06 Nov 1994 08:49:37 GMT"), now), 60000);
    assert_int_equal(push_retry_after(SLICE("Sun, 06 Nov 1994 08:47:37 GMT"), now), 0);
    assert_int_equal(push_retry_after(SLICE("-1"), now), 0);
    assert_int_equal(push_retry_after(SLICE("99999999999999999999"), now), 0);
    assert_int_equal(push_retry_after(SLICE("soon"), now), 0);
    assert_int_equal(push_retry_after((struct slice){0}, now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_delivered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard_at_the_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hanging_service_stops_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vault_that_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_in_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wishes_that_are_none, setup, teardown),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests_name("push/clearing", tests, NULL, NULL);
}
