#include "sip/dispatch.h"
#include "sip/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define assert_slice(s, text) assert_true(slice_eq((s), slice_of(text)))

static const char request_text[] =
    "REGISTER sip:contoso.test SIP/2.0\r\n"
    "Via: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1, SIP/2.0/TCP b\r\n"
    "v: SIP/2.0/TCP c\r\n"
    "From: \"A\r\n  B\" <sip:alice@contoso.test>;tag=36012947;epid=8c2e6f7a91bd\r\n"
    "To: <sip:alice@contoso.test>\r\nCall-ID: AC53g12E6\r\nCSeq: 04 REGISTER\r\n"
    "Require: gruu-10, odd\r\nMax-Forwards: 0\r\nExpires: 0\r\n\r\n";

static const struct sip_out_options edge = {
    .to_tag = {.at = "5E61", .len = 4},
    .received_host = {.at = "192.0.2.9", .len = 9},
    .received_port = 50000,
    .received_cid = {.at = "A00", .len = 3},
    .server = {.at = "RTC/6.0", .len = 7},
    .now = 1795298700000,
};

static void parse(struct sip_message *m)
{
    assert_int_equal(sip_parse(m, slice_of(request_text), NULL), 0);
}

static void test_reply(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf buf = BUF_INIT;
    struct sip_message m, back;
    struct sip_reply reply;
    struct sip_out out;
    struct sip_signature_fields f, g;
    parse(&m);
    sip_reply_init(&reply, a, 200);
    sip_reply_header(&reply, "Expires", "%d", 7200);
    sip_reply_header(&reply, "P-Asserted-Identity", "%s", "\"A\" <sip:alice@contoso.test>");
    sip_reply_body(&reply, SLICE("text/plain"), SLICE("hello"));
    sip_out_reply(&out, a, &m, &reply, &edge);
    sip_out_signature(&out, &f);
    sip_print(&out, SLICE("Authentication-Info"), SLICE("TLS-DSK rspauth=\"00\""), &buf);
    assert_string_equal(
        buf_string(&buf),
        "SIP/2.0 200 OK\r\n"
        "Via: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1;received=192.0.2.9;ms-received-port=50000;"
        "ms-received-cid=A00, SIP/2.0/TCP b\r\n"
        "Via: SIP/2.0/TCP c\r\n"
        "From: \"A B\" <sip:alice@contoso.test>;tag=36012947;epid=8c2e6f7a91bd\r\n"
        "To: <sip:alice@contoso.test>;tag=5E61\r\nCall-ID: AC53g12E6\r\nCSeq: 04 REGISTER\r\n"
        "Expires: 7200\r\nP-Asserted-Identity: \"A\" <sip:alice@contoso.test>\r\n"
        "Server: RTC/6.0\r\nDate: Sat, 21 Nov 2026 22:05:00 GMT\r\nContent-Type: text/plain\r\n"
        "Authentication-Info: TLS-DSK rspauth=\"00\"\r\nContent-Length: 5\r\n\r\nhello");
    /* What was signed is what the receiver will sign. */
    assert_int_equal(sip_parse(&back, buf_slice(&buf), NULL), 0);
    sip_signature_fields(&back, &g);
    assert_slice(f.call_id, "AC53g12E6");
    assert_slice(f.cseq_number, "04");
    assert_slice(f.from_uri, "sip:alice@contoso.test");
    assert_slice(f.to_tag, "5E61");
    assert_slice(f.identity_sip, "sip:alice@contoso.test");
    assert_slice(f.expires, "7200");
    assert_int_equal(f.status, 200);
    assert_true(slice_eq(f.cseq_number, g.cseq_number) && slice_eq(f.cseq_method, g.cseq_method) &&
                slice_eq(f.from_uri, g.from_uri) && slice_eq(f.from_tag, g.from_tag) &&
                slice_eq(f.to_uri, g.to_uri) && slice_eq(f.to_tag, g.to_tag) &&
                slice_eq(f.identity_sip, g.identity_sip) && slice_eq(f.expires, g.expires) &&
                slice_eq(f.call_id, g.call_id) && f.status == g.status);
    assert_true(slice_absent(f.identity_tel) && slice_absent(g.identity_tel));
}

static void test_to_tag_made(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct sip_message m;
    struct sip_reply reply;
    struct sip_out out;
    struct sip_signature_fields f;
    parse(&m);
    sip_reply_init(&reply, a, 401);
    sip_out_reply(&out, a, &m, &reply, NULL);
    sip_out_signature(&out, &f);
    assert_int_equal(f.to_tag.len, 32);
    for (size_t i = 0; i < 32; i++)
        assert_non_null(strchr("0123456789ABCDEF", f.to_tag.at[i]));
    reply.status = 100;
    sip_out_reply(&out, a, &m, &reply, NULL);
    sip_out_signature(&out, &f);
    assert_true(slice_absent(f.to_tag));
}

/* No value, reason or body type ends its line early. */
static void test_no_injection(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf buf = BUF_INIT;
    struct sip_message m, back;
    struct sip_reply reply;
    struct sip_out out;
    parse(&m);
    sip_reply_init(&reply, a, 403);
    reply.reason = SLICE("No\r\nX-Evil: 1");
    sip_reply_header(&reply, "X-One", "%s", "a\r\nX-Evil: 2\r\n\r\nbody");
    sip_reply_header(&reply, "X-\r\nEvil", "3");
    sip_reply_body(&reply, SLICE("text/plain\nX-Evil: 4"), SLICE("b"));
    sip_out_reply(&out, a, &m, &reply, NULL);
    sip_print(&out, SLICE("X-Two"), SLICE("\rX-Evil: 5\n"), &buf);
    assert_int_equal(sip_parse(&back, buf_slice(&buf), NULL), 0);
    assert_null(sip_header_named(&back, SLICE("X-Evil"), NULL));
    assert_slice(sip_header_named(&back, SLICE("X-One"), NULL)->value, "a X-Evil: 2 body");
    assert_slice(back.reason, "No X-Evil: 1");
    assert_slice(back.body, "b");
}

static void test_fault_reply(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct sip_reply reply;
    struct fault fault;
    sip_reply_init(&reply, a, 200);
    sip_reply_header(&reply, "Contact", "x");
    fault_set(&fault, ERR_DENIED, FINDING_USER_DISABLED, "say \"%s\"", "no");
    sip_reply_fault(&reply, &fault, SLICE("fe.contoso.test"));
    assert_int_equal(reply.status, 403);
    struct sip_line *line = reply.headers.first;
    assert_slice(line->name, "ms-diagnostics");
    assert_true(slice_starts(line->value, SLICE("28000;source=\"fe.contoso.test\";reason=\"")));
    assert_true(slice_ends(line->value, SLICE("(say \\\"no\\\")\"")));
    assert_slice(line->next->name, "ms-diagnostics-public");
    assert_true(slice_find(line->next->value, SLICE("source")) < 0);
    assert_slice(line->next->next->name, "Warning");
    assert_null(line->next->next->next);
    /* What only administrators may know stays out of the wire. */
    fault_set(&fault, ERR_FORGED, FINDING_SIGNATURE_MISMATCH, "secret detail");
    sip_reply_fault(&reply, &fault, (struct slice){0});
    assert_int_equal(reply.status, 401);
    assert_true(slice_find(reply.headers.first->value, SLICE("secret")) < 0);
    assert_true(slice_find(reply.headers.first->value, SLICE("source")) < 0);
    assert_string_equal(reply.fault.detail, "secret detail");
    /* A finding without a SIP status is still an answer. */
    fault_set(&fault, ERR_IO, FINDING_DNS_NOT_FOUND, "x");
    sip_reply_fault(&reply, &fault, SLICE("fe"));
    assert_int_equal(reply.status, 500);
}

static void test_request(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf buf = BUF_INIT;
    struct sip_message m;
    struct sip_out out;
    struct sip_signature_fields f;
    struct sip_request r = {.arena = a,
                            .method = SIP_NOTIFY,
                            .uri = SLICE("sip:alice@10.0.0.5:40112;transport=tls"),
                            .via_host = SLICE("192.0.2.1:5061"),
                            .branch = sip_branch_new(a),
                            .from = SLICE("<sip:alice@contoso.test>;tag=1"),
                            .to = SLICE("<sip:alice@contoso.test>;tag=2;epid=3"),
                            .call_id = SLICE("c"),
                            .cseq = 7,
                            .content_type = SLICE("text/registration-event"),
                            .body = SLICE("deregistered;event=rejected")};
    sip_request_header(&r, "Event", "registration-notify");
    sip_out_request(&out, &r);
    sip_out_signature(&out, &f);
    assert_int_equal(f.status, 0);
    assert_slice(f.cseq_method, "NOTIFY");
    assert_slice(f.to_tag, "2");
    sip_print(&out, (struct slice){0}, (struct slice){0}, &buf);
    assert_int_equal(sip_parse(&m, buf_slice(&buf), NULL), 0);
    assert_int_equal(m.method, SIP_NOTIFY);
    assert_int_equal(m.max_forwards, 70);
    assert_int_equal(m.via.branch.len, 39);
    assert_slice(sip_value(&m, SIP_HEADER_EVENT), "registration-notify");
    assert_slice(m.body, "deregistered;event=rejected");
}

static int may_not(void *context, const struct sip_message *request, struct fault *fault)
{
    (void)context, (void)request;
    return fault_set(fault, ERR_DENIED, FINDING_AUTH_NEEDED, "x");
}

static int do_it(void *context, const struct sip_message *request, struct sip_reply *reply,
                 struct fault *fault)
{
    (void)request, (void)fault;
    ++*(int *)context;
    sip_reply_header(reply, "X-Done", "yes");
    return 0;
}

static void test_dispatch(void **state)
{
    (void)state;
    static const struct sip_method_row rows[] = {
        {.method = SIP_REGISTER, .answer = do_it},
        {.method = SIP_SUBSCRIBE, .may = may_not, .answer = do_it},
        {.method = SIP_INVITE, .answer = do_it, .forwards = true},
    };
    static const char *const extensions[] = {"gruu-10", NULL};
    struct sip_dispatch table = {.rows = rows, .count = 3};
    scoped(arena) struct arena *a = arena_new();
    struct sip_message m;
    struct sip_reply reply;
    int done = 0;
    parse(&m);
    assert_int_equal(sip_dispatch(&table, &done, &m, a, &reply), 0);
    assert_int_equal(done, 1);
    assert_slice(reply.headers.first->name, "X-Done");
    table.extensions = extensions;
    assert_int_equal(sip_dispatch(&table, &done, &m, a, &reply), -ERR_UNSUPPORTED);
    assert_int_equal(reply.status, 420);
    assert_slice(reply.headers.last->name, "Unsupported");
    assert_slice(reply.headers.last->value, "odd");
    table.extensions = NULL;
    m.method = SIP_SUBSCRIBE;
    assert_int_equal(sip_dispatch(&table, &done, &m, a, &reply), -ERR_DENIED);
    assert_int_equal(reply.status, 401);
    m.method = SIP_INVITE;
    assert_int_equal(sip_dispatch(&table, &done, &m, a, &reply), -ERR_DENIED);
    assert_int_equal(reply.status, 483);
    m.method = SIP_NEGOTIATE;
    assert_int_equal(sip_dispatch(&table, &done, &m, a, &reply), -ERR_UNSUPPORTED);
    assert_int_equal(reply.status, 405);
    assert_slice(reply.headers.last->value, "REGISTER, SUBSCRIBE, INVITE");
    assert_false(reply.no_answer);
    m.method = SIP_ACK;
    sip_dispatch(&table, &done, &m, a, &reply);
    assert_true(reply.no_answer);
    assert_int_equal(done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),        cmocka_unit_test(test_to_tag_made),
        cmocka_unit_test(test_no_injection), cmocka_unit_test(test_fault_reply),
        cmocka_unit_test(test_request),      cmocka_unit_test(test_dispatch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
