/* Compact tickets and the token service that hands them out. */
#include "webticket/compact.h"

#include "webticket/testing_priv.h"

#include <jansson.h>

static struct http_reply post(struct rig *rig, const char *type, const char *form)
{
    struct http_field header = {SLICE("Content-Type"), slice_of(type)};
    struct http_request request = {.method = HTTP_POST,
                                   .method_name = SLICE("POST"),
                                   .target = SLICE(SITE_PATH_OAUTHTOKEN),
                                   .path = SLICE(SITE_PATH_OAUTHTOKEN),
                                   .host = site.web_host,
                                   .headers = &header,
                                   .header_count = 1,
                                   .body = slice_of(form),
                                   .peer = SLICE("192.0.2.7"),
                                   .secure = true};
    struct http_reply reply = {0};
    http_routes_answer(rig->routes, &request, &reply, rig->arena, rig->now);
    return reply;
}

#define FORM "application/x-www-form-urlencoded"
#define GOOD "grant_type=password&username=alice%40contoso.test&password=p%3Cw%26%c3%a4+1"

static struct slice token_of(struct rig *rig, const struct http_reply *reply)
{
    json_t *body = json_loadb(reply->body.at, reply->body.len, 0, NULL);
    assert_non_null(body);
    const char *token = json_string_value(json_object_get(body, "access_token"));
    assert_non_null(token);
    assert_int_equal(json_integer_value(json_object_get(body, "expires_in")), 8 * 60 * 60);
    assert_string_equal(json_string_value(json_object_get(body, "token_type")), "Bearer");
    struct slice bearer = arena_print(rig->arena, "Bearer %s", token);
    json_decref(body);
    return bearer;
}

static void expect(struct rig *rig, struct slice header, enum finding finding)
{
    struct webticket_claims claims;
    int err = webticket_verify_compact(rig->webticket, header, rig->now, rig->arena, &claims,
                                       &rig->fault);
    if (err >= 0 || rig->fault.finding != finding)
        fail_msg("%d %s, not %s", err, finding_id(rig->fault.finding), finding_id(finding));
    assert_int_equal(claims.account_id, 0);
}

static void test_password_for_token(void **state)
{
    struct rig *rig = *state;
    struct http_reply reply = post(rig, "application/x-www-form-urlencoded;charset='UTF-8'", GOOD);
    assert_int_equal(reply.status, 200);
    assert_true(slice_eq(http_reply_get(&reply, "Cache-Control"), SLICE("no-store")));
    struct webticket_claims claims;
    struct slice header = token_of(rig, &reply);
    must(rig, webticket_verify_compact(rig->webticket, header, rig->now, rig->arena, &claims,
                                       &rig->fault));
    assert_true(slice_eq(claims.address, SLICE("alice@contoso.test")));
    assert_int_equal(claims.account_id, rig->alice.id);
    assert_int_equal(claims.not_before, rig->now);
    assert_int_equal(claims.not_after, rig->now + WEBTICKET_LIFETIME_MS);
    assert_true(slice_starts(claims.assertion_id, SLICE("cwt-")));
    scoped(webticket) struct webticket *other = rig_service(rig, false);
    must(rig, webticket_verify_compact(other, header, rig->now, rig->arena, &claims, &rig->fault));
    reply =
        post(rig, FORM, "grant_type=password&username=CONTOSO%5Calice&password=p%3Cw%26%c3%a4+1");
    assert_int_equal(reply.status, 200);
}

static void test_refusals_are_oauths(void **state)
{
    struct rig *rig = *state;
    const struct {
        const char *type, *form, *word;
    } cases[] = {
        {FORM, "grant_type=password&username=alice%40contoso.test&password=no", "invalid_grant"},
        {FORM, "grant_type=password&username=nobody%40contoso.test&password=no", "invalid_grant"},
        {FORM, "grant_type=password&username=alice%40contoso.test", "invalid_request"},
        {FORM, "grant_type=password&password=x", "invalid_request"},
        {FORM, "", "invalid_request"},
        {FORM, "username=a&password=b", "invalid_request"},
        {FORM, "grant_type=urn:microsoft.rtc:windows", "unsupported_grant_type"},
        {FORM, "grant_type=client_credentials", "unsupported_grant_type"},
        {"text/plain", GOOD, "invalid_request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_reply reply = post(rig, cases[i].type, cases[i].form);
        struct slice said = arena_print(rig->arena, "{\"error\":\"%s\"}", cases[i].word);
        assert_int_equal(reply.status, 400);
        assert_true(slice_eq(reply.body, said));
        assert_true(slice_starts(http_reply_get(&reply, "X-Ms-diagnostics"), SLICE("28")) ||
                    slice_eq(slice_of(cases[i].word), SLICE("invalid_grant")));
        assert_true(slice_eq(http_reply_get(&reply, "Cache-Control"), SLICE("no-store")));
    }
}

static void test_times(void **state)
{
    struct rig *rig = *state;
    struct http_reply reply = post(rig, FORM, GOOD);
    struct slice header = token_of(rig, &reply);
    rig->now += WEBTICKET_LIFETIME_MS;
    expect(rig, header, FINDING_TICKET_EXPIRED);
    rig->now -= WEBTICKET_LIFETIME_MS + 6 * MINUTE;
    expect(rig, header, FINDING_TICKET_NOT_YET_VALID);
}

static void test_what_is_no_ticket(void **state)
{
    struct rig *rig = *state;
    expect(rig, (struct slice){0}, FINDING_TICKET_MISSING);
    expect(rig, SLICE("Basic YTpi"), FINDING_TICKET_MISSING);
    expect(rig, SLICE("Bearer x"), FINDING_TICKET_MALFORMED);
    expect(rig, SLICE("Bearer cwt="), FINDING_TICKET_MALFORMED);
    expect(rig, SLICE("Bearer cwt=****"), FINDING_TICKET_MALFORMED);
    char *big = arena_alloc(rig->arena, 5001);
    memset(big, 'A', 5000);
    expect(rig, arena_print(rig->arena, "Bearer cwt=%s", big), FINDING_TICKET_MALFORMED);
}

/* Whatever single byte is changed or lost, nobody believes it. */
static void test_every_byte_counts(void **state)
{
    struct rig *rig = *state;
    struct http_reply reply = post(rig, FORM, GOOD);
    struct slice good = token_of(rig, &reply), bytes;
    const size_t lead = sizeof "Bearer cwt=" - 1;
    assert_int_equal(base64url_parse(rig->arena, slice_from(good, lead), &bytes), 0);
    for (size_t i = 0; i < bytes.len; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct webticket_claims claims;
        char *mutable = arena_alloc(arena, bytes.len);
        memcpy(mutable, bytes.at, bytes.len);
        mutable[i] = (char)(mutable[i] ^ 1);
        const struct slice forged[] = {slice_make(mutable, bytes.len), slice_head(bytes, i)};
        for (size_t j = 0; j < 2; j++) {
            struct slice text = base64url_print(arena, forged[j]);
            assert_true(webticket_verify_compact(
                            rig->webticket, arena_print(arena, "Bearer cwt=%.*s", SLICE_ARG(text)),
                            rig->now, arena, &claims, &rig->fault) < 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password_for_token),
        cmocka_unit_test_setup(test_refusals_are_oauths, rig_reset),
        cmocka_unit_test_setup(test_times, rig_reset),
        cmocka_unit_test_setup(test_what_is_no_ticket, rig_reset),
        cmocka_unit_test_setup(test_every_byte_counts, rig_reset),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
