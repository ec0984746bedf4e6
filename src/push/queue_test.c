/* The queue, minute by minute. No clock: the tests say what time it is. */
#include "push/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795298700000);
enum {
    SECOND = 1000,
    MINUTE = 60 * SECOND
};

struct world {
    struct push_queue *queue;
    struct arena *arena;
    uint64_t tag;
};

static struct world world_with(struct push_queue_options options)
{
    return (struct world){push_queue_new(&options), arena_new(), 0};
}

static void world_end(struct world *w)
{
    push_queue_free(w->queue);
    arena_free(w->arena);
}

/* Device n, at push service n / 100. */
static const struct push_subscription *device(struct world *w, int64_t n)
{
    struct push_subscription *s = arena_new_of(w->arena, struct push_subscription);
    *s = (struct push_subscription){
        .id = n,
        .account = 7,
        .device = SLICE("phone"),
        .endpoint = arena_print(w->arena, "https://p%d.example/%d", (int)(n / 100), (int)n),
        .keys = {SLICE("point"), SLICE("auth")}};
    return s;
}

static int put_at(struct world *w, int64_t n, struct push_message message, int64_t at)
{
    message.to = device(w, n);
    message.payload = arena_print(w->arena, "%d", (int)w->tag + 1);
    message.tag = ++w->tag;
    return push_queue_put(w->queue, &message, at, NULL);
}

static void put(struct world *w, int64_t n)
{
    struct push_message message = {.urgency = PUSH_NORMAL, .ttl_ms = 10 * MINUTE};
    assert_int_equal(put_at(w, n, message, now), 0);
}

static uint64_t next(struct world *w, int64_t at, struct push_due *due)
{
    return push_queue_next(w->queue, at, due) ? due->id : 0;
}

static void answer(struct world *w, uint64_t id, int status, int64_t retry_after, int64_t at)
{
    struct push_result result = {.status = status, .retry_after_ms = retry_after};
    if (!status)
        fault_set(&result.fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "no answer");
    push_queue_result(w->queue, id, &result, at);
}

/* The finding of the one outcome there is; the tag must be that. */
static enum finding outcome(struct world *w, uint64_t tag)
{
    struct push_outcome out, none;
    assert_true(push_queue_outcome(w->queue, &out));
    assert_int_equal(out.tag, tag);
    assert_false(push_queue_outcome(w->queue, &none));
    return out.fault.finding;
}

static bool no_outcome(struct world *w)
{
    struct push_outcome none;
    return !push_queue_outcome(w->queue, &none);
}

/* ---- one message ------------------------------------------------------------------------- */

static void test_delivered(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    struct push_due due;
    assert_int_equal(push_queue_when(w.queue), INT64_MAX);
    put(&w, 1);
    assert_true(push_queue_when(w.queue) <= now);
    uint64_t id = next(&w, now + 2 * SECOND, &due);
    assert_int_not_equal(id, 0);
    assert_true(slice_eq(due.payload, SLICE("1")));
    assert_int_equal(due.ttl_ms, 10 * MINUTE - 2 * SECOND);
    assert_int_equal(due.to->account, 7);
    assert_int_equal(next(&w, now + 2 * SECOND, &due), 0);
    answer(&w, id, 201, 0, now + 3 * SECOND);
    assert_int_equal(outcome(&w, 1), FINDING_NONE);
    answer(&w, id, 410, 0, now + 3 * SECOND); /* told twice: passed over */
    answer(&w, 4711, 201, 0, now);
    assert_true(no_outcome(&w));
    /* Nothing is remembered of a device that is at rest. */
    assert_int_equal(next(&w, now + MINUTE, &due), 0);
    assert_int_equal(push_queue_count(w.queue).devices, 0);
    assert_int_equal(push_queue_count(w.queue).services, 0);
    world_end(&w);
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum finding finding;
    } rows[] = {
        {200, FINDING_NONE},         {201, FINDING_NONE},           {202, FINDING_NONE},
        {301, FINDING_PUSH_REFUSED}, {307, FINDING_PUSH_REFUSED},   {400, FINDING_PUSH_REFUSED},
        {401, FINDING_PUSH_REFUSED}, {403, FINDING_PUSH_REFUSED},   {404, FINDING_PUSH_GONE},
        {410, FINDING_PUSH_GONE},    {413, FINDING_PUSH_TOO_LARGE}, {102, FINDING_PUSH_REFUSED},
        {-3, FINDING_PUSH_REFUSED},  {9999, FINDING_PUSH_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w = world_with((struct push_queue_options){0});
        struct push_due due;
        put(&w, 1);
        answer(&w, next(&w, now, &due), rows[i].status, 0, now);
        assert_int_equal(outcome(&w, 1), rows[i].finding);
        world_end(&w);
    }
}

static void test_tried_again(void **state)
{
    (void)state;
    static const int statuses[] = {0, 408, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct world w = world_with((struct push_queue_options){.tries = 4, .per_minute = 600});
        struct push_due due;
        int64_t at = now, last = 0;
        put(&w, 1);
        for (unsigned tried = 0; tried < 4; tried++) {
            uint64_t id = next(&w, at, &due);
            assert_int_not_equal(id, 0);
            assert_int_equal(due.tried, tried);
            answer(&w, id, statuses[i], 0, at);
            int64_t when = push_queue_when(w.queue);
            if (tried < 3) {
                assert_true(no_outcome(&w));
                assert_true(when - at > last); /* each wait is longer than the one before */
                assert_int_equal(next(&w, when - 1, &due), 0);
                last = when - at;
                at = when;
            }
        }
        assert_int_equal(outcome(&w, 1),
                         statuses[i] == 429 ? FINDING_PUSH_EXPIRED : FINDING_PUSH_ROUTE_DOWN);
        world_end(&w);
    }
}

static void test_retry_after(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    struct push_due due;
    put(&w, 1);
    put(&w, 2);
    put(&w, 3);
    answer(&w, next(&w, now, &due), 429, 120 * SECOND, now); /* this device */
    assert_int_not_equal(next(&w, now, &due), 0);
    answer(&w, due.id, 503, 60 * SECOND, now); /* the whole service */
    assert_int_equal(next(&w, now + 59 * SECOND, &due), 0);
    assert_int_not_equal(next(&w, now + 60 * SECOND, &due), 0);
    assert_int_not_equal(next(&w, now + 60 * SECOND, &due), 0);
    assert_int_equal(next(&w, now + 119 * SECOND, &due), 0);
    assert_int_not_equal(next(&w, now + 120 * SECOND, &due), 0);
    assert_int_equal(due.to->id, 1);
    /* A service that asks for a year gets an hour, which is more than this message has. */
    answer(&w, due.id, 429, INT64_MAX, now + 120 * SECOND);
    assert_int_equal(outcome(&w, 1), FINDING_PUSH_EXPIRED);
    world_end(&w);
}

static void test_expiry(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.per_minute = 1});
    struct push_due due;
    struct push_message brief = {.urgency = PUSH_HIGH, .ttl_ms = 30 * SECOND}, none = {.ttl_ms = 0};
    assert_int_equal(put_at(&w, 1, brief, now), 0);
    assert_int_equal(put_at(&w, 1, brief, now), 0); /* throttled for a minute */
    answer(&w, next(&w, now, &due), 201, 0, now);
    assert_int_equal(outcome(&w, 1), FINDING_NONE);
    assert_int_equal(next(&w, now + 30 * SECOND, &due), 0);
    assert_true(no_outcome(&w));
    assert_true(push_queue_when(w.queue) <= now + 30 * SECOND + 1);
    assert_int_equal(next(&w, now + 30 * SECOND + 1, &due), 0);
    assert_int_equal(outcome(&w, 2), FINDING_PUSH_EXPIRED);
    /* No time to live at all: one try, if there is a chance at once. */
    assert_int_equal(put_at(&w, 2, none, now), 0);
    assert_int_not_equal(next(&w, now + SECOND, &due), 0);
    assert_int_equal(due.ttl_ms, 0);
    answer(&w, due.id, 503, 10 * SECOND, now + SECOND);
    assert_int_equal(outcome(&w, 3), FINDING_PUSH_ROUTE_DOWN);
    world_end(&w);
}

/* ---- many ---------------------------------------------------------------------------------- */

/* Who waits for the outcome shall not wait as long as the message is worth something. */
static void test_patience(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    struct push_message message = {.ttl_ms = 10 * MINUTE, .patience_ms = 10 * SECOND};
    struct push_due due;
    int64_t at = now;
    assert_int_equal(put_at(&w, 1, message, now), 0);
    for (int tries = 0; push_queue_when(w.queue) <= now + 10 * SECOND && tries < 8; tries++) {
        at = push_queue_when(w.queue) > at ? push_queue_when(w.queue) : at;
        answer(&w, next(&w, at, &due), 0, 0, at);
    }
    assert_int_equal(due.tried, 3);
    assert_true(due.ttl_ms > 9 * MINUTE);
    assert_int_equal(outcome(&w, 1), FINDING_PUSH_ROUTE_DOWN);
    world_end(&w);
}

static void test_urgent_first(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.per_minute = 600});
    struct push_due due;
    static const enum push_urgency order[] = {PUSH_LOW, PUSH_HIGH, PUSH_VERY_LOW, PUSH_HIGH};
    static const char *const expected[] = {"2", "4", "1", "3"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            put_at(&w, 1, (struct push_message){.urgency = order[i], .ttl_ms = MINUTE}, now), 0);
    for (size_t i = 0; i < 4; i++) {
        uint64_t id = next(&w, now, &due);
        assert_true(slice_eq(due.payload, slice_of(expected[i])));
        answer(&w, id, 201, 0, now);
    }
    world_end(&w);
}

static void test_topics_are_merged(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    struct push_due due;
    struct push_outcome out;
    struct push_message call = {.urgency = PUSH_HIGH, .ttl_ms = MINUTE, .topic = SLICE("im-bob")};
    struct push_message news = call;
    news.urgency = PUSH_LOW;
    assert_int_equal(put_at(&w, 1, call, now), 0);
    assert_int_equal(put_at(&w, 1, news, now), 0);
    assert_true(push_queue_outcome(w.queue, &out));
    assert_true(out.tag == 1 && out.merged && out.fault.finding == FINDING_NONE);
    uint64_t id = next(&w, now, &due);
    assert_true(slice_eq(due.payload, SLICE("2")));
    assert_int_equal(due.urgency, PUSH_HIGH);
    assert_true(slice_eq(due.topic, SLICE("im-bob")));
    /* One under way is not called back; if it fails, the newer one stands for both. */
    assert_int_equal(put_at(&w, 1, news, now), 0);
    assert_int_equal(push_queue_count(w.queue).waiting, 1);
    answer(&w, id, 500, 0, now);
    assert_true(push_queue_outcome(w.queue, &out));
    assert_true(out.tag == 2 && out.merged);
    assert_int_equal(push_queue_count(w.queue).waiting, 1);
    world_end(&w);
}

static void test_throttle(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.per_minute = 6, .per_device = 100});
    struct push_due due;
    unsigned sent = 0;
    for (int i = 0; i < 40; i++)
        put(&w, 1);
    for (int64_t at = now; at < now + 2 * MINUTE; at += SECOND)
        for (uint64_t id; (id = next(&w, at, &due)) != 0; sent++)
            answer(&w, id, 201, 0, at);
    assert_int_equal(sent, 14); /* 12, and a burst of a third of 6 */
    world_end(&w);
}

/* A service that hangs holds its share of the places, and no device more than one. */
static void test_hanging_service(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.under_way = 4, .per_service = 2});
    struct push_due due;
    uint64_t hanging[2];
    for (int64_t n = 101; n < 110; n++) {
        put(&w, n);
        put(&w, n);
    }
    int64_t devices[2], parked = 101; /* the first that does not hang */
    for (size_t i = 0; i < 2; i++) {
        hanging[i] = next(&w, now, &due);
        devices[i] = due.to->id;
    }
    while (parked == devices[0] || parked == devices[1])
        parked++;
    assert_true(hanging[0] && hanging[1]);
    assert_int_equal(next(&w, now, &due), 0);
    put(&w, 201);
    put(&w, 202);
    put(&w, 203);
    uint64_t other = next(&w, now, &due);
    assert_true(due.to->id > 200);
    assert_int_not_equal(next(&w, now, &due), 0);
    assert_int_equal(next(&w, now, &due), 0); /* all places are taken */
    assert_int_equal(push_queue_when(w.queue), INT64_MAX);
    answer(&w, other, 201, 0, now);
    assert_int_not_equal(next(&w, now, &due), 0);
    assert_true(due.to->id > 200);
    /* More for a parked device, and the removal of one: nothing is lost, nothing doubled. */
    put(&w, parked);
    push_queue_forget(w.queue, parked);
    answer(&w, hanging[0], 201, 0, now);
    answer(&w, hanging[1], 201, 0, now);
    unsigned sent = 0;
    for (uint64_t id; (id = next(&w, now, &due)) != 0 && due.to->id < 200; sent++)
        answer(&w, id, 201, 0, now);
    assert_int_equal(sent, 18 - 2 - 2);
    world_end(&w);
}

/* After five time-outs in a row nobody else at that service is made to wait for one. */
static void test_dead_service(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.backoff_ms = 10 * SECOND});
    struct push_due due;
    for (int64_t n = 1; n < 20; n++)
        put(&w, n);
    for (int i = 0; i < 5; i++)
        answer(&w, next(&w, now, &due), 0, 0, now);
    assert_int_equal(next(&w, now, &due), 0);
    put(&w, 500);
    assert_int_not_equal(next(&w, now, &due), 0); /* other services go on */
    assert_int_equal(due.to->id, 500);
    assert_int_not_equal(next(&w, now + 13 * SECOND, &due), 0);
    assert_true(no_outcome(&w));
    world_end(&w);
}

static void test_gone_takes_all(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    struct push_due due;
    struct push_outcome out;
    put(&w, 1);
    put(&w, 1);
    put(&w, 1);
    answer(&w, next(&w, now, &due), 410, 0, now);
    for (uint64_t tag = 1; tag <= 3; tag++) {
        assert_true(push_queue_outcome(w.queue, &out));
        assert_int_equal(out.tag, tag);
        assert_int_equal(out.fault.finding, FINDING_PUSH_GONE);
        assert_int_equal(out.subscription, 1);
    }
    assert_int_equal(next(&w, now, &due), 0);
    world_end(&w);
}

static void test_forget_under_way(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    struct push_due due;
    put(&w, 1);
    put(&w, 1);
    uint64_t id = next(&w, now, &due);
    push_queue_forget(w.queue, 1);
    push_queue_forget(w.queue, 2);
    assert_int_equal(push_queue_count(w.queue).waiting, 0);
    answer(&w, id, 500, 0, now);
    assert_true(no_outcome(&w));
    assert_int_equal(next(&w, now + MINUTE, &due), 0);
    assert_int_equal(push_queue_count(w.queue).devices, 0);
    world_end(&w);
}

static void test_full(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.per_device = 2, .total = 3});
    struct push_message low = {.urgency = PUSH_LOW, .ttl_ms = MINUTE}, high = low;
    high.urgency = PUSH_HIGH;
    assert_int_equal(put_at(&w, 1, low, now), 0);
    assert_int_equal(put_at(&w, 1, low, now), 0);
    assert_int_equal(put_at(&w, 1, low, now), -ERR_BUSY);
    assert_int_equal(put_at(&w, 1, high, now), 0);
    assert_int_equal(outcome(&w, 1), FINDING_PUSH_BUSY);
    assert_int_equal(put_at(&w, 2, low, now), 0);
    assert_int_equal(put_at(&w, 3, high, now), -ERR_BUSY);
    assert_int_equal(push_queue_count(w.queue).devices, 2);
    world_end(&w);
}

static void test_messages_that_are_none(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){0});
    char most[PUSH_PLAIN_MAX + 1] = "";
    struct push_subscription nowhere = *device(&w, 1);
    struct push_message good = {.to = device(&w, 1), .ttl_ms = MINUTE}, bad[6];
    struct fault fault = {0};
    for (size_t i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].payload = slice_make(most, sizeof most);
    bad[1].topic = SLICE("im bob");
    bad[2].topic = SLICE("0123456789012345678901234567890123");
    bad[3].ttl_ms = -1;
    bad[4].ttl_ms = PUSH_TTL_MAX_MS + 1;
    nowhere.endpoint = SLICE("mailto:x");
    bad[5].to = &nowhere;
    for (size_t i = 0; i < 6; i++)
        if (push_queue_put(w.queue, &bad[i], now, &fault) >= 0)
            fail_msg("case %zu", i);
    assert_int_equal(push_queue_count(w.queue).waiting, 0);
    world_end(&w);
}

/* Ten thousand devices, answers at random: everything ends exactly once. */
static void test_crowd(void **state)
{
    (void)state;
    struct world w = world_with((struct push_queue_options){.tries = 3, .total = 100000});
    static const int statuses[] = {201, 201, 201, 0, 429, 500, 503, 410, 400};
    struct push_due due;
    struct push_outcome out;
    size_t ended = 0, asked = 0;
    srand(1);
    for (int i = 0; i < 10000; i++)
        put(&w, 1 + rand() % 3000);
    for (int64_t at = now; at < now + 15 * MINUTE; at += SECOND) {
        while (next(&w, at, &due)) {
            answer(&w, due.id, statuses[rand() % 9], rand() % 5 * SECOND, at);
            asked++;
        }
        while (push_queue_outcome(w.queue, &out))
            ended++;
    }
    assert_int_equal(ended, 10000);
    assert_true(asked > 5000);
    assert_int_equal(push_queue_count(w.queue).devices, 0);
    assert_int_equal(push_queue_count(w.queue).services, 0);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivered),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_tried_again),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_urgent_first),
        cmocka_unit_test(test_topics_are_merged),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_hanging_service),
        cmocka_unit_test(test_dead_service),
        cmocka_unit_test(test_gone_takes_all),
        cmocka_unit_test(test_forget_under_way),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_messages_that_are_none),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests_name("push/queue", tests, NULL, NULL);
}
