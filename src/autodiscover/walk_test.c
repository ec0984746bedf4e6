/* The client half against answers made by hand: what servers and proxies send. */
#include "autodiscover/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define INNER "https://lyncdiscoverinternal.contoso.test/"
#define WEB   "https://webdir.contoso.test"

struct fixture {
    struct arena *arena;
    struct autodiscover_walk walk;
    enum autodiscover_step step;
    struct fault fault;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new()};
    autodiscover_begin(&f.walk, f.arena, SLICE(INNER), SLICE("al+x@contoso.test"));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_free(f->arena);
    return 0;
}

static int take_body(struct fixture *f, const char *body)
{
    return autodiscover_take(&f->walk,
                             &(struct autodiscover_answer){.status = 200, .body = slice_of(body)},
                             &f->step, &f->fault);
}

static int take_answer(struct fixture *f, struct autodiscover_answer answer)
{
    return autodiscover_take(&f->walk, &answer, &f->step, &f->fault);
}

#define ROOT(content)                                                                              \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><AutodiscoverResponse AccessLocation=\"Internal\" " \
    "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><Root>" content "</Root>"                      \
    "</AutodiscoverResponse>"
#define USER(location, content)                                                                    \
    "<AutodiscoverResponse" location "><User>" content "</User></AutodiscoverResponse>"
#define LINK(token, href) "<Link token=\"" token "\" href=\"" href "\"/>"
#define POINTS                                                                                     \
    "<SipServerInternalAccess fqdn=\"in\" port=\"1\"/>"                                            \
    "<SipClientInternalAccess fqdn=\"sip.contoso.test\" port=\"5061\"/>"                           \
    "<SipClientExternalAccess fqdn=\"sipfed.contoso.test\" port=\"443\"/>"

static void assert_url(const struct fixture *f, const char *url)
{
    assert_int_equal(f->step, AUTODISCOVER_GET);
    assert_string_equal(f->walk.url.at, url);
}

static void assert_refused(struct fixture *f, int err, enum finding finding, const char *detail)
{
    assert_true(err < 0);
    assert_int_equal(f->fault.err, err);
    if (f->fault.finding != finding || !strstr(f->fault.detail, detail))
        fail_msg("%s: %s", finding_id(f->fault.finding), f->fault.detail);
}

/* ---- the way ------------------------------------------------------------------------------- */

static void test_whole_way(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(f->walk.url.at, INNER "?sipuri=al%2Bx%40contoso.test");
    assert_int_equal(take_body(f, ROOT(LINK("Redirect", WEB "/root?originalDomain=d"))), 0);
    assert_url(f, WEB "/root?originalDomain=d&sipuri=al%2Bx%40contoso.test");
    assert_int_equal(take_body(f, ROOT(LINK("Domain", WEB "/domain") LINK("user", WEB "/user"))),
                     0);
    assert_url(f, WEB "/user?sipuri=al%2Bx%40contoso.test");
    assert_false(f->walk.with_ticket || f->walk.unprotected);
    struct autodiscover_answer challenge = {.status = 401, .ticket_url = SLICE(" " WEB "/WT.svc ")};
    assert_int_equal(take_answer(f, challenge), 0);
    assert_int_equal(f->step, AUTODISCOVER_TICKET);
    assert_true(f->walk.with_ticket);
    assert_string_equal(f->walk.ticket_url.at, WEB "/WT.svc");
    assert_string_equal(f->walk.url.at, WEB "/user?sipuri=al%2Bx%40contoso.test");
    assert_int_equal(take_body(f, USER("", POINTS)), 0);
    assert_int_equal(f->step, AUTODISCOVER_FOUND);
    assert_int_equal(f->walk.document.kind, AUTODISCOVER_USER);
}

static void test_first_token_counts(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(take_body(f, ROOT(LINK("OAuth", WEB "/o") LINK("USER", WEB "/u")
                                           LINK("Redirect", WEB "/r"))),
                     0);
    assert_url(f, WEB "/u?sipuri=al%2Bx%40contoso.test");
    assert_int_equal(take_body(f, ROOT(LINK("Redirect", WEB "/r?SipUri=x") LINK("User", WEB "/v"))),
                     0);
    assert_url(f, WEB "/r?SipUri=x");
    /* In User a Redirect wins, wherever it stands. */
    assert_int_equal(take_body(f, USER("", POINTS LINK("Redirect", WEB "/elsewhere"))), 0);
    assert_url(f, WEB "/elsewhere?sipuri=al%2Bx%40contoso.test");
}

static size_t points(struct fixture *f, const char *location, struct autodiscover_access out[2])
{
    struct autodiscover_document document;
    const char *text = arena_print(f->arena, USER("%s", POINTS), location).at;
    assert_int_equal(autodiscover_parse(slice_of(text), f->arena, &document, &f->fault), 0);
    return autodiscover_access_points(&document, out);
}

static void test_access_points(void **state)
{
    struct fixture *f = *state;
    struct autodiscover_access out[2];
    assert_int_equal(points(f, "", out), 2);
    assert_true(slice_eq(out[0].fqdn, SLICE("sip.contoso.test")) && out[0].port == 5061);
    assert_true(slice_eq(out[1].fqdn, SLICE("sipfed.contoso.test")) && out[1].port == 443);
    assert_int_equal(points(f, " AccessLocation=\"internal\"", out), 1);
    assert_int_equal(out[0].port, 5061);
    assert_int_equal(points(f, " AccessLocation=\"External\"", out), 1);
    assert_int_equal(out[0].port, 443);
    assert_int_equal(points(f, " AccessLocation=\"Moon\"", out), 0);
}

static void test_plain_http(void **state)
{
    struct fixture *f = *state;
    struct slice start = SLICE("http://lyncdiscover.contoso.test/");
    autodiscover_begin(&f->walk, f->arena, start, SLICE("a@b"));
    /* A ticket in the clear is never asked for. */
    assert_refused(
        f,
        take_answer(f, (struct autodiscover_answer){.status = 401, .ticket_url = SLICE(WEB "/t")}),
        FINDING_AUTODISCOVER_MALFORMED, "plain http");
    assert_refused(f, take_body(f, ROOT(LINK("User", "http://webdir.contoso.test/u"))),
                   FINDING_AUTODISCOVER_MALFORMED, "plain http");
    assert_false(f->walk.unprotected);
    assert_int_equal(take_body(f, ROOT(LINK("Redirect", WEB "/root"))), 0);
    assert_true(f->walk.unprotected);
    /* What a proxy does. */
    autodiscover_begin(&f->walk, f->arena, start, SLICE("a@b"));
    assert_int_equal(
        take_answer(f, (struct autodiscover_answer){.status = 301, .location = SLICE(WEB "/x")}),
        0);
    assert_url(f, WEB "/x?sipuri=a%40b");
    assert_refused(f,
                   take_answer(f, (struct autodiscover_answer){.status = 302,
                                                               .location = SLICE("/logon.asp")}),
                   FINDING_AUTODISCOVER_MALFORMED, "no https URL");
}

/* ---- wrong ways ------------------------------------------------------------------------------ */

static void test_circle(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(take_body(f, ROOT(LINK("Redirect", WEB "/a"))), 0);
    assert_int_equal(take_body(f, ROOT(LINK("Redirect", WEB "/b"))), 0);
    assert_refused(f, take_body(f, ROOT(LINK("Redirect", WEB "/a"))), FINDING_AUTODISCOVER_LOOP,
                   "a second time");
}

static void test_too_far(void **state)
{
    struct fixture *f = *state;
    char text[512];
    for (int i = 0; i < AUTODISCOVER_REDIRECTS_MAX; i++) {
        snprintf(text, sizeof text, ROOT(LINK("Redirect", WEB "/%d")), i);
        assert_int_equal(take_body(f, text), 0);
    }
    assert_refused(f, take_body(f, ROOT(LINK("Redirect", WEB "/x"))), FINDING_AUTODISCOVER_LOOP,
                   "more than 10");
}

static void test_challenges(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, take_answer(f, (struct autodiscover_answer){.status = 401}),
                   FINDING_AUTODISCOVER_NO_TICKET_URL, "without X-MS-Server-Fqdn");
    assert_refused(
        f, take_answer(f, (struct autodiscover_answer){.status = 401, .server = SLICE("fe")}),
        FINDING_AUTODISCOVER_NO_TICKET_URL, "lyncdiscoverinternal");
    assert_true(slice_eq(f->walk.server, SLICE("fe")));
    assert_refused(f,
                   take_answer(f, (struct autodiscover_answer){.status = 401,
                                                               .ticket_url = SLICE("http://w/t")}),
                   FINDING_AUTODISCOVER_MALFORMED, "no https");
    assert_int_equal(
        take_answer(f, (struct autodiscover_answer){.status = 401, .ticket_url = SLICE(WEB "/t")}),
        0);
    int err = take_answer(
        f, (struct autodiscover_answer){
               .status = 401,
               .ticket_url = SLICE(WEB "/t"),
               .diagnostics = SLICE("28055;source=\"w\";reason=\"no valid security token\"")});
    assert_int_equal(err, -ERR_DENIED);
    assert_int_equal(f->fault.finding, FINDING_SIGNATURE_INVALID);
    assert_refused(f, take_answer(f, (struct autodiscover_answer){.status = 404}),
                   FINDING_HOME_UNKNOWN, "al+x@contoso.test");
}

static void test_malformed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body, *detail;
    } rows[] = {
        {"<html><body>Sign in to the firewall</body></html>", "HTML page"},
        {"\xef\xbb\xbf\r\n<!DOCTYPE HTML><html>", "HTML page"},
        {"<Autodiscover/>", "is a Autodiscover"},
        {"<AutodiscoverResponse/>", "neither Root"},
        {"<AutodiscoverResponse><Root/><User/></AutodiscoverResponse>", "both Root and User"},
        {"<AutodiscoverResponse><Domain/></AutodiscoverResponse>", "Domain document"},
        {ROOT(""), "neither a Redirect nor a User"},
        {ROOT(LINK("User", "ftp://x/")), "neither"},
        {ROOT(LINK("User", "https://")), "neither"},
        {ROOT(LINK("User", "https://u:p@host/")), "neither"},
        {ROOT(LINK("User", "https://host/a b")), "neither"},
        {ROOT(LINK("", WEB "/x")), "neither"},
        {USER("", ""), "no SIP access point"},
        {USER("", "<SipClientInternalAccess fqdn=\"x\" port=\"0\"/>"), "no SIP access point"},
        {USER("", "<SipClientInternalAccess fqdn=\"x\" port=\"65536\"/>"), "no SIP access point"},
        {USER("", "<SipClientInternalAccess fqdn=\"a b\" port=\"1\"/>"), "no SIP access point"},
        {USER(" AccessLocation=\"External\"", "<SipClientInternalAccess fqdn=\"x\" port=\"1\"/>"),
         "no SIP access point"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(f, take_body(f, rows[i].body), FINDING_AUTODISCOVER_MALFORMED,
                       rows[i].detail);
    assert_true(take_body(f, "") < 0);
    assert_true(take_body(f, "<AutodiscoverResponse><Root>") < 0);
    assert_refused(f, take_body(f, "<!DOCTYPE a [<!ENTITY b \"c\">]><AutodiscoverResponse/>"),
                   FINDING_XML_FORBIDDEN, "");
    assert_refused(f, take_answer(f, (struct autodiscover_answer){.status = 503}),
                   FINDING_AUTODISCOVER_MALFORMED, "status 503 without X-MS-Server-Fqdn");
    assert_refused(f, take_answer(f, (struct autodiscover_answer){.status = 404}),
                   FINDING_AUTODISCOVER_MALFORMED, "status 404");
}

static void test_many_links(void **state)
{
    struct fixture *f = *state;
    scoped(buf) struct buf body = BUF_INIT;
    buf_add_string(&body, "<AutodiscoverResponse><Root>");
    for (int i = 0; i <= AUTODISCOVER_LINKS_MAX; i++)
        buf_add_string(&body, LINK("x", WEB "/"));
    buf_add_string(&body, "</Root></AutodiscoverResponse>");
    assert_refused(f, take_body(f, buf_string(&body)), FINDING_AUTODISCOVER_MALFORMED,
                   "more than 64");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole_way),     TEST(test_first_token_counts),
        TEST(test_access_points), TEST(test_plain_http),
        TEST(test_circle),        TEST(test_too_far),
        TEST(test_challenges),    TEST(test_malformed),
        TEST(test_many_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
