#include "im/test_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_init(&world, &(struct im_options){.late_ms = 5000});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_fini(*state);
    return 0;
}

static const char *got(struct world *world, const char *who)
{
    return world_endpoint(world, who)->received;
}

/* The line that begins so, without CRLF; "": none. */
static const char *line_of(struct world *world, const char *who, const char *begins)
{
    struct slice rest = slice_of(got(world, who)), line;
    while (rest.len && slice_cut(rest, '\n', &line, &rest))
        if (slice_starts(line, slice_of(begins)))
            return arena_string(world->arena, slice_trim(line));
    return "";
}

static const char *branch_of(struct world *world, const char *who)
{
    const char *via = strstr(got(world, who), ";branch=");
    assert_non_null(via);
    via += strlen(";branch=");
    return arena_string(world->arena, slice_make(via, strcspn(via, "\r")));
}

static void test_forwarded(void **state)
{
    struct world *world = *state;
    world_do(world, "a1 INVITE bob more=P-Asserted-Identity:_<sip:ceo@contoso.test>");
    const char *branch = branch_of(world, "b1");
    uint32_t home = 0;
    assert_true(im_branch_home(slice_of(branch), &home));
    assert_int_equal(home, 3);
    assert_string_not_equal(branch, branch_of(world, "b2"));
    assert_string_equal(
        got(world, "b1"),
        arena_string(world->arena,
                     arena_print(world->arena,
                                 "INVITE sip:10.0.0.2:5060;transport=tls SIP/2.0\r\n"
                                 "Via: SIP/2.0/TLS sip.contoso.test:5061;branch=%s\r\n"
                                 "Record-Route: <sip:sip.contoso.test:5061;transport=tls;lr>\r\n"
                                 "Via: SIP/2.0/TLS 10.0.0.5:5060;branch=z9hG4bK1\r\n"
                                 "Max-Forwards: 69\r\n"
                                 "From: \"X\" <sip:alice@contoso.test>;tag=f1;epid=a1a1\r\n"
                                 "To: <sip:bob@contoso.test>;epid=b1b1\r\nCall-ID: call1\r\n"
                                 "CSeq: 1 INVITE\r\nContact: <%.*s>\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "P-Asserted-Identity: <sip:alice@contoso.test>\r\n"
                                 "Authentication-Info: TLS-DSK rspauth=\"1\"\r\n"
                                 "Content-Length: 2\r\n\r\nhi",
                                 branch, SLICE_ARG(world_endpoint(world, "a1")->endpoint.gruu))));
    world_do(world, "b1 200");
    assert_string_equal(line_of(world, "a1", "Via"),
                        "Via: SIP/2.0/TLS 10.0.0.5:5060;branch=z9hG4bK1");
    assert_string_equal(line_of(world, "a1", "To"), "To: <sip:bob@contoso.test>;epid=b1b1;tag=b1");
    assert_string_equal(line_of(world, "a1", "Authorization"), "");
    assert_string_equal(line_of(world, "b2", "Reason"),
                        "Reason: SIP;cause=200;text=\"Call completed "
                        "elsewhere\";ms-acceptedby=\"sip:bob@contoso.test\"");
    assert_string_equal(line_of(world, "b2", "CANCEL"),
                        "CANCEL sip:10.0.0.3:5060;transport=tls SIP/2.0");
    assert_string_equal(line_of(world, "b2", "To"), "To: <sip:bob@contoso.test>;epid=b2b2");
    assert_string_equal(line_of(world, "b2", "CSeq"), "CSeq: 1 CANCEL");
}

/* Section 9.1 and 17.1.1.3: CANCEL and ACK of a refusal have the INVITE's branch. */
static void test_branch_stays(void **state)
{
    struct world *world = *state;
    world_do(world, "a1 INVITE bob");
    const char *branch = branch_of(world, "b2");
    world_do(world, "a1 CANCEL bob more=Reason:_SIP;cause=480");
    assert_string_equal(branch_of(world, "b2"), branch);
    assert_string_equal(line_of(world, "b2", "Reason"), "Reason: SIP;cause=480");
    world_do(world, "b2 487");
    assert_string_equal(branch_of(world, "b2"), branch);
    assert_string_equal(line_of(world, "b2", "To"), "To: <sip:bob@contoso.test>;epid=b2b2;tag=b2");
    assert_string_equal(line_of(world, "b2", "CSeq"), "CSeq: 1 ACK");
    world_do(world, "b1 486");
    assert_string_equal(line_of(world, "a1", "SIP"), "SIP/2.0 487 Request Terminated");
}

static void test_disposal(void **state)
{
    struct world *world = *state;
    world_do(world, "a1 INVITE bob cseq=7");
    const char *branch = branch_of(world, "b2");
    world_do(world, "b1 200");
    assert_string_equal(world_do(world, "b2 200"), "b2:ACK b2:BYE");
    assert_string_equal(
        line_of(world, "b2", "BYE"),
        arena_string(world->arena,
                     arena_print(world->arena, "BYE %.*s SIP/2.0",
                                 SLICE_ARG(world_endpoint(world, "b2")->endpoint.gruu))));
    assert_string_equal(line_of(world, "b2", "CSeq"), "CSeq: 8 BYE");
    assert_string_equal(line_of(world, "b2", "From"),
                        "From: \"X\" <sip:alice@contoso.test>;tag=f1;epid=a1a1");
    assert_string_equal(line_of(world, "b2", "To"), "To: <sip:bob@contoso.test>;epid=b2b2;tag=b2");
    assert_string_not_equal(branch_of(world, "b2"), branch);
    assert_string_equal(world_do(world, "b2 200"), ""); /* the BYE's answer */
}

static void check_diagnostics(struct world *world, const char *line, const char *status,
                              const char *diagnostics)
{
    world_do(world, line);
    assert_string_equal(line_of(world, "a1", "SIP"), status);
    assert_string_equal(line_of(world, "a1", "ms-diagnostics:"), diagnostics);
}

static void test_diagnostics(void **state)
{
    struct world *world = *state;
    check_diagnostics(world, "a1 MESSAGE bob blocked", "SIP/2.0 480 Temporarily Unavailable",
                      "ms-diagnostics: 4000;source=\"sip.contoso.test\";reason=\"The person is not "
                      "signed in. (bob@contoso.test)\"");
    const char *blocked = strchr(got(world, "a1"), '\n');
    const char *end = strstr(blocked, "To:");
    struct slice before = slice_make(blocked, (size_t)(end - blocked));
    world_do(world, "lost b1");
    world_do(world, "lost b2");
    check_diagnostics(world, "a1 MESSAGE bob", "SIP/2.0 480 Temporarily Unavailable",
                      "ms-diagnostics: 4000;source=\"sip.contoso.test\";reason=\"The person is not "
                      "signed in. (bob@contoso.test)\"");
    assert_true(slice_starts(slice_of(strchr(got(world, "a1"), '\n')), before));
    check_diagnostics(world, "a1 MESSAGE carol unknown", "SIP/2.0 404 Not Found",
                      "ms-diagnostics: 4005;source=\"sip.contoso.test\";reason=\"There is no such "
                      "person here. (carol@contoso.test)\"");
    world_do(world, "a1 MESSAGE alice");
    check_diagnostics(
        world, "+32000", "SIP/2.0 408 Request Timeout",
        "ms-diagnostics: 5001;source=\"sip.contoso.test\";reason=\"The other side did "
        "not answer in time. (MESSAGE to sip:alice@contoso.test)\"");
    world_do(world, "a1 MESSAGE bob more=Proxy-Require:_odd,_ms-benotify,_strange");
    assert_string_equal(line_of(world, "a1", "Unsupported"), "Unsupported: odd, strange");
}

static void test_options(void **state)
{
    struct world *world = *state;
    world_do(world, "a1 INVITE bob gruu=b1");
    world_do(world, "b1 486");
    world_do(world, "+4999");
    assert_int_equal(im_count(world->im), 1);
    world_do(world, "+1");
    assert_int_equal(im_count(world->im), 0);
    struct outgoing_list none;
    outgoing_init(&none, world->arena);
    assert_true(im_expire(world->im, world->now, &none) == INT64_MAX);
    assert_int_equal(im_flow_lost(world->im, (struct flow){.conn = 999}, world->now, &none), 0);
}

/* Many at once, ended in another order than begun: the heap and the tables hold. */
static void test_many(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 150; i++) {
        const char *line =
            arena_string(world->arena, arena_print(world->arena, "%s INVITE bob call=%d",
                                                   i % 2 ? "a1" : "e1", i));
        world_do(world, line);
        if (i % 3 == 0)
            world_do(world, i % 2 ? "b1 200" : "b2 180");
        if (i % 7 == 0)
            world_do(world, "+100");
    }
    assert_int_equal(im_count(world->im), 150);
    world_do(world, "lost e1");
    world_do(world, "lost b2");
    int64_t before = INT64_MIN, next;
    struct outgoing_list none;
    outgoing_init(&none, world->arena);
    while ((next = im_expire(world->im, world->now, &none)) != INT64_MAX) {
        assert_true(next > world->now && next > before);
        world->now = before = next;
    }
    assert_int_equal(im_count(world->im), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forwarded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_branch_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disposal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_diagnostics, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
