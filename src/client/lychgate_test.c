/* The engine where no server is needed: options, names, redirection, URLs, refusals. */
#include "client/signin_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- options ------------------------------------------------------------------------ */

static struct lychgate *new_for(const char *address)
{
    return lychgate_new(&(struct lychgate_options){.address = address, .no_cache = true});
}

static void addresses_are_read(void **state)
{
    (void)state;
    static const char *const good[] = {"alice@contoso.test", "sip:alice@contoso.test",
                                       "Alice@Contoso.Test"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct lychgate *gate = new_for(good[i]);
        assert_int_equal(gate->unusable.err, 0);
        assert_true(slice_eq(gate->set.address, SLICE("alice@contoso.test")));
        assert_true(slice_eq(gate->set.sip_uri, SLICE("sip:alice@contoso.test")));
        assert_true(slice_eq(gate->set.domain, SLICE("contoso.test")));
        lychgate_free(gate);
    }
}

static void bad_addresses_are_refused_at_the_signin(void **state)
{
    (void)state;
    static const char *const bad[] = {NULL,
                                      "",
                                      "alice",
                                      "@contoso.test",
                                      "alice@",
                                      "a b@c.test",
                                      "alice@contoso.test;x=y@z",
                                      "alice@con\r\ntoso.test"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct lychgate *gate = new_for(bad[i]);
        assert_true(lychgate_signin(gate) < 0);
        assert_string_equal(lychgate_problem(gate)->finding, "account-invalid");
        assert_int_equal(lychgate_keep(gate, 1), -ERR_CONFLICT);
        assert_int_equal(lychgate_signout(gate), 0);
        lychgate_free(gate);
    }
    lychgate_free(NULL);
}

static void servers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
    } rows[] = {{"sip.contoso.test", "sip.contoso.test", 5061},
                {"sip.contoso.test:443", "sip.contoso.test", 443},
                {"[2001:db8::1]:5061", "2001:db8::1", 5061},
                {"192.0.2.1", "192.0.2.1", 5061},
                {"bad host", NULL, 0},
                {"host:0", NULL, 0},
                {"user@host", NULL, 0},
                {"", NULL, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lychgate *gate = lychgate_new(&(struct lychgate_options){
            .address = "a@b.test", .server = rows[i].text, .no_cache = true});
        assert_int_equal(gate->unusable.err, rows[i].host ? 0 : -ERR_MALFORMED);
        if (rows[i].host) {
            assert_true(slice_eq(gate->set.server_host, slice_of(rows[i].host)));
            assert_int_equal(gate->set.server_port, rows[i].port);
        }
        lychgate_free(gate);
    }
}

static void an_endpoint_keeps_its_name(void **state)
{
    (void)state;
    struct lychgate *one = new_for("alice@contoso.test"), *two = new_for("SIP:ALICE@contoso.test");
    struct lychgate *other = new_for("bob@contoso.test");
    assert_int_equal(one->epid.len, 12);
    assert_true(slice_eq(one->epid, two->epid));
    assert_true(slice_eq(one->instance, two->instance));
    assert_false(slice_eq(one->epid, other->epid));
    assert_int_equal(one->instance.len, 36);
    assert_true(one->instance.at[14] == '5'); /* a name-based GUID */
    lychgate_free(one);
    lychgate_free(two);
    lychgate_free(other);
}

/* ---- --connect-to --------------------------------------------------------------------- */

static void connections_are_redirected(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    static const char *const list[] = {"a.test:443:127.0.0.1:8443", ":443::9443",
                                       "b.test::[::1]:", "[::2]:80:c.test:81", NULL};
    static const struct {
        const char *host;
        uint16_t port;
        const char *to_host;
        uint16_t to_port;
    } rows[] = {{"a.test", 443, "127.0.0.1", 8443}, {"A.TEST", 443, "127.0.0.1", 8443},
                {"a.test", 80, "a.test", 80},       {"b.test", 443, "b.test", 9443},
                {"b.test", 5061, "::1", 5061},      {"::2", 80, "c.test", 81},
                {"z.test", 5061, "z.test", 5061}};
    struct connect_to *parsed;
    struct fault fault;
    assert_int_equal(connect_to_parse(arena, list, &parsed, &fault), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice host = slice_of(rows[i].host);
        uint16_t port = rows[i].port;
        connect_to_apply(parsed, &host, &port);
        assert_true(slice_eq(host, slice_of(rows[i].to_host)));
        assert_int_equal(port, rows[i].to_port);
    }
}

static void bad_redirections_are_refused(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    static const char *const bad[] = {"",        "a",           "a:1",         "a:1:b",   "a:x:b:1",
                                      "a:1:b:0", "a:1:b:99999", "[::1:80:b:1", "a:1:b:1:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct connect_to *parsed;
        struct fault fault;
        assert_int_equal(
            connect_to_parse(arena, (const char *const[]){bad[i], NULL}, &parsed, &fault),
            -ERR_MALFORMED);
        assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    }
}

/* ---- URLs --------------------------------------------------------------------------------- */

static void urls_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
        uint16_t port;
        bool secure;
    } rows[] = {{"https://a.test/x", "a.test", 443, true},
                {"http://a.test", "a.test", 80, false},
                {"HTTPS://a.test:8443?q=1", "a.test", 8443, true},
                {"https://[::1]:444/", "::1", 444, true},
                {"https://[::1]/", "::1", 443, true},
                {"ftp://a.test/", NULL, 0, false},
                {"https:///x", NULL, 0, false},
                {"https://a.test:0/", NULL, 0, false},
                {"https://good.test@evil.test/", NULL, 0, false},
                {"https://[::1/", NULL, 0, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice host;
        uint16_t port;
        bool secure;
        bool good = web_url_split(slice_of(rows[i].url), &secure, &host, &port);
        assert_int_equal(good, rows[i].host != NULL);
        if (!good)
            continue;
        assert_true(slice_eq(host, slice_of(rows[i].host)));
        assert_int_equal(port, rows[i].port);
        assert_int_equal(secure, rows[i].secure);
    }
}

/* The password goes by TLS only, and not where an unprotected answer points to. */
static void tickets_are_bought_from_the_trusted_only(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool unprotected, good;
    } rows[] = {{"https://webdir.contoso.test/WebTicket", true, true},
                {"https://webdir.contoso.test/WebTicket", false, true},
                {"http://webdir.contoso.test/WebTicket", false, false},
                {"https://elsewhere.test/WebTicket", false, true},
                {"https://elsewhere.test/WebTicket", true, false},
                {"https://evilcontoso.test/WebTicket", true, false},
                {"https://webdir0a.online.lync.com/WebTicket", true, true},
                {"nonsense", false, false}};
    struct lychgate *gate = new_for("alice@contoso.test");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault;
        int err = signin_trust(gate, slice_of(rows[i].url), rows[i].unprotected, &fault);
        assert_int_equal(err == 0, rows[i].good);
        if (err)
            assert_int_equal(fault.finding, FINDING_DISCOVERY_UNPROTECTED);
    }
    lychgate_free(gate);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refusals_name_their_cause(void **state)
{
    (void)state;
    static const struct {
        const char *line, *header;
        enum finding finding;
    } rows[] = {
        {"403 Forbidden",
         "ms-diagnostics: 28000;source=\"s\";reason=\"This account may not sign in.\"",
         FINDING_USER_DISABLED},
        {"403 Forbidden",
         "ms-diagnostics-public: 4004;reason=\"You are signed in as somebody else.\"",
         FINDING_CLAIM_MISMATCH},
        {"401 Unauthorized", "ms-diagnostics: 1013;reason=\"Significant time skew\"",
         FINDING_CLOCK_SKEW},
        {"404 Not Found", "X-Nothing: 1", FINDING_HOME_UNKNOWN},
        {"503 Service Unavailable", "Retry-After: 5", FINDING_SERVER_BUSY},
        {"480 Temporarily Unavailable", "ms-diagnostics: nonsense", FINDING_SIGNIN_REFUSED},
        {"403 Forbidden", "ms-diagnostics: 99999;reason=\"unheard of\"", FINDING_SIGNIN_REFUSED},
        {"408 Request Timeout",
         "ms-diagnostics: 1;source=\"s\";reason=\"The client did not respond to the invitation\";"
         "info=\"No push subscription for target device\"",
         FINDING_PUSH_NO_SUBSCRIPTION},
        {"408 Request Timeout",
         "ms-diagnostics: 1;source=\"s\";reason=\"The client did not respond to the invitation\"",
         FINDING_SIGNIN_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(buf) struct buf text = BUF_INIT;
        struct sip_message message;
        struct fault fault;
        buf_print(&text,
                  "SIP/2.0 %s\r\nVia: SIP/2.0/TLS a:1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
                  "To: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n%s\r\n"
                  "Content-Length: 0\r\n\r\n",
                  rows[i].line, rows[i].header);
        assert_int_equal(sip_parse(&message, buf_slice(&text), &fault), 0);
        assert_int_equal(dialogue_refusal(&message, &fault), -ERR_DENIED);
        assert_string_equal(finding_id(fault.finding), finding_id(rows[i].finding));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(bad_addresses_are_refused_at_the_signin),
        cmocka_unit_test(servers_are_read),
        cmocka_unit_test(an_endpoint_keeps_its_name),
        cmocka_unit_test(connections_are_redirected),
        cmocka_unit_test(bad_redirections_are_refused),
        cmocka_unit_test(urls_are_split),
        cmocka_unit_test(tickets_are_bought_from_the_trusted_only),
        cmocka_unit_test(refusals_name_their_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
