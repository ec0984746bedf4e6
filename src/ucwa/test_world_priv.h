/* What the tests of this room share: one application of Alice's over a phone that does what the
 * test says. */
#ifndef LYCHGATE_UCWA_TEST_WORLD_PRIV_H
#define LYCHGATE_UCWA_TEST_WORLD_PRIV_H

#include "ucwa/asking_priv.h"
#include "ucwa/fake_phone_priv.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE  SLICE("alice@contoso.test")
#define JSON   "application/json"
#define MINUTE INT64_C(60000)

static struct ucwa *ucwa;
static struct arena *arena;
static struct slice base;
static int64_t now, expires;
static struct asked held; /* the one request that waits */

static struct http_field extra[3]; /* of the next request only */
static size_t extra_count;

static const char wish[] = "{\"UserAgent\":\"test\",\"EndpointId\":\"ep1\",\"Culture\":\"en-US\"}";

/* Give the next request one more header. */
static inline void with(const char *name, const char *value)
{
    extra[extra_count++] = (struct http_field){slice_of(name), slice_of(value)};
}

static inline void ask_as(struct slice account, struct asked *asked, enum http_method method,
                          struct slice target, const char *type, const char *body)
{
    asking(asked, arena, method, target, type, slice_of(body));
    for (size_t i = 0; i < extra_count; i++)
        asked_header(asked, extra[i].name, extra[i].value);
    extra_count = 0;
    ucwa_answer(ucwa, account, expires, &asked->later, now);
}

/* A request below the application; must be answered at once. */
static inline struct asked ask(enum http_method method, const char *path, const char *body)
{
    static struct asked asked;
    ask_as(ALICE, &asked, method, arena_print(arena, "%.*s%s", SLICE_ARG(base), path), JSON, body);
    assert_true(asked.sent);
    return asked;
}

/* A request that waits for the phone. */
static inline void hold(enum http_method method, const char *path, const char *type,
                        const char *body)
{
    ask_as(ALICE, &held, method, arena_print(arena, "%.*s%s", SLICE_ARG(base), path), type, body);
    assert_false(held.sent);
}

static inline void done(const struct fault *fault)
{
    fake_tell((struct phone_news){.kind = PHONE_DONE, .tag = fake.tag, .fault = fault});
    fake.face.settle(fake.face.arg);
}

static inline void expect_done(int status)
{
    done(NULL);
    assert_true(held.sent);
    assert_int_equal(held.reply.status, status);
}

static inline bool holds(const struct asked *asked, const char *part)
{
    return slice_find(asked->reply.body, slice_of(part)) >= 0;
}

static inline void expect(const struct asked *asked, int status, const char *part)
{
    if (asked->reply.status != status || !holds(asked, part))
        fail_msg("%d %.*s, not %d %s", asked->reply.status, SLICE_ARG(asked->reply.body), status,
                 part);
}

static inline void available(void)
{
    hold(HTTP_POST, "/me/makeMeAvailable", JSON, "{\"signInAs\":\"Busy\"}");
    assert_string_equal(fake.called, "appear");
    assert_int_equal(fake.number, 6500);
    expect_done(204);
}

static inline int setup(void **state)
{
    (void)state;
    fake_reset();
    arena = arena_new();
    now = 1000000;
    expires = 0;
    ucwa = ucwa_new(&(struct ucwa_options){.site = &fake_site, .phones = &fake_host});
    ask_as(ALICE, &held, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, wish);
    assert_false(held.sent);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = 60 * MINUTE});
    fake.face.settle(fake.face.arg);
    assert_true(held.sent);
    assert_int_equal(held.reply.status, 201);
    base = http_reply_get(&held.reply, "Location");
    assert_int_equal(base.len, sizeof SITE_PATH_UCWA + 12);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    ucwa_free(ucwa);
    arena_free(arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
