#include "site/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct site standard = {.web_host = {"webdir.contoso.test", 19}, .https_port = 443};
static const struct site odd = {.web_host = {"webdir.contoso.test", 19}, .https_port = 8443};

static void test_urls(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    assert_string_equal(site_web_url(a, &standard, "/x").at, "https://webdir.contoso.test/x");
    assert_string_equal(site_web_url(a, &odd, "/x").at, "https://webdir.contoso.test:8443/x");
}

static void test_spellings(void **state)
{
    (void)state;
    static const struct {
        const struct site *site;
        const char *url;
        bool same;
    } rows[] = {
        {&standard, "https://webdir.contoso.test/A/b.svc", true},
        {&standard, "HTTPS://WEBDIR.contoso.test:443/a/B.svc/", true},
        {&standard, " https://webdir.contoso.test/A/b.svc?x=y ", true},
        {&standard, "http://webdir.contoso.test/A/b.svc", false},
        {&standard, "https://webdir.contoso.test:444/A/b.svc", false},
        {&standard, "https://webdir.contoso.test.evil/A/b.svc", false},
        {&standard, "https://webdir.contoso.test/A/b.svc/more", false},
        {&standard, "https://webdir.contoso.test", false},
        {&standard, "https://webdir.contoso.test:x/A/b.svc", false},
        {&odd, "https://webdir.contoso.test:8443/A/b.svc", true},
        {&odd, "https://webdir.contoso.test/A/b.svc", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            site_is_url(rows[i].site, rows[i].site->web_host, "/A/b.svc", slice_of(rows[i].url)),
            rows[i].same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
