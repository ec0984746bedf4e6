/* The client half by itself: proof keys, broken answers, refusals. */
#include "webticket/client.h"

#include "webticket/testing_priv.h"

/* signin.md A.2 */
static void test_proof_key_vector(void **state)
{
    struct rig *rig = *state;
    unsigned char client[32], server[32], key[PROOF_KEY_LEN], longer[57];
    for (unsigned char i = 0; i < 32; i++) {
        client[i] = i;
        server[i] = i + 32;
    }
    p_sha1(slice_make(client, 32), slice_make(server, 32), key, sizeof key);
    assert_string_equal(hex_print_lower(rig->arena, slice_make(key, sizeof key)).at,
                        "df59132c2af6d230e4337732076a14561694be12838cc00203d63c816653d75b");
    p_sha1(slice_make(client, 32), slice_make(server, 32), longer, sizeof longer);
    assert_memory_equal(longer, key, sizeof key); /* a prefix of the longer stream */
}

static void test_answers_the_client_refuses(void **state)
{
    struct rig *rig = *state;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    struct slice good = rig_basic(rig, rig_print(rig, &ask)).body;
    struct slice e = slice_make(entropy, 32);
    struct webticket_grant grant;
    static const char *const cuts[][2] = {
        {"AssertionID=", "Id="},       {"<wst:Lifetime>", "<wst:Lifetime/><wst:Lifetime>"},
        {"wsu:Expires>", "wsu:Ends>"}, {"CK/PSHA1", "CK/HASH"},
        {"Response", "Reply"},         {"</wst:BinarySecret>", "*</wst:BinarySecret>"},
    };
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct slice bad = replaced(rig, good, cuts[i][0], cuts[i][1]);
        assert_int_equal(webticket_rstr_parse(bad, e, rig->arena, &grant, &rig->fault),
                         -ERR_MALFORMED);
        assert_false(grant.has_proof_key);
    }
    for (size_t len = 0; len < good.len; len += 61)
        assert_true(
            webticket_rstr_parse(slice_head(good, len), e, rig->arena, &grant, &rig->fault) < 0);
}

static void test_refusals_are_understood(void **state)
{
    struct rig *rig = *state;
    static const struct {
        int status;
        const char *diagnostics;
        enum finding finding;
    } rows[] = {
        {401, NULL, FINDING_WRONG_PASSWORD},
        {403, NULL, FINDING_USER_DISABLED},
        {502, NULL, FINDING_SERVICE_FAILED},
        {403, "28000;source=\"fe\";reason=\"User is not SIP enabled.\"", FINDING_USER_DISABLED},
        {500, "28001;source=\"fe\";reason=\"Internal error while processing\"",
         FINDING_SERVICE_FAILED},
        {500, "28020;source=\"fe\";reason=\"No valid security token.\"", FINDING_WRONG_PASSWORD},
        {500, "28055;source=\"fe\";reason=\"The web ticket is not valid yet: the clocks differ.\"",
         FINDING_TICKET_NOT_YET_VALID},
        {401, "garbage", FINDING_WRONG_PASSWORD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        webticket_refusal(rows[i].status, slice_of(rows[i].diagnostics), SLICE("<html>"),
                          FINDING_WRONG_PASSWORD, &rig->fault);
        if (rig->fault.finding != rows[i].finding)
            fail_msg("row %zu: %s", i, finding_id(rig->fault.finding));
    }
}

#define TEST(f) cmocka_unit_test_setup(f, rig_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_proof_key_vector),
        TEST(test_answers_the_client_refuses),
        TEST(test_refusals_are_understood),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
