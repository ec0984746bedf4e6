/* Which requests are for photos, and what they have for a ticket. What the directory has is tried
 * by tests/flows/ucwa_parts.sh. */
#include "ucwa/photo.h"

#include "site/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum http_method method;
        bool photo;
    } rows[] = {
        {SITE_PATH_UCWA "/123/photos/a@b.test", HTTP_GET, true},
        {SITE_PATH_UCWA_PLAIN "/123/photos/a@b.test", HTTP_HEAD, true},
        {SITE_PATH_UCWA "/123/Photos/a@b.test", HTTP_GET, true},
        {SITE_PATH_UCWA "/123/photos/a@b.test", HTTP_POST, false},
        {SITE_PATH_UCWA "/123/photos", HTTP_GET, false},
        {SITE_PATH_UCWA "/123/photos/", HTTP_GET, false},
        {SITE_PATH_UCWA "/123/photos/a@b.test/more", HTTP_GET, false},
        {SITE_PATH_UCWA "/123/me/photos", HTTP_GET, false},
        {SITE_PATH_UCWA "/photos/a@b.test", HTTP_GET, false},
        {SITE_PATH_UCWA, HTTP_GET, false},
        {"/elsewhere/123/photos/a@b.test", HTTP_GET, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_request request = {.method = rows[i].method, .path = slice_of(rows[i].path)};
        if (ucwa_is_photo(&request) != rows[i].photo)
            fail_msg("%s", rows[i].path);
    }
}

static void test_tickets(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *ticket;
    } rows[] = {
        {"Authorization", "Bearer cwt=A", "Bearer cwt=A"},
        {"Cookie", "cwt_ucwa=cwt=AAEB==", "Bearer cwt=AAEB=="},
        {"Cookie", "a=b; cwt_ucwa=cwt=A;c=d", "Bearer cwt=A"},
        {"Cookie", "xcwt_ucwa=cwt=A; cwt_ucwa", NULL},
        {"Cookie", "", NULL},
        {"X-Cookie", "cwt_ucwa=cwt=A", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct http_field field = {slice_of(rows[i].name), slice_of(rows[i].value)};
        struct http_request request = {
            .method = HTTP_GET, .headers = &field, .header_count = 1, .path = SLICE("/")};
        struct slice ticket = ucwa_photo_ticket(&request, arena);
        if (slice_absent(ticket) != !rows[i].ticket ||
            (rows[i].ticket && !slice_eq(ticket, slice_of(rows[i].ticket))))
            fail_msg("%s: %.*s", rows[i].value, SLICE_ARG(ticket));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
