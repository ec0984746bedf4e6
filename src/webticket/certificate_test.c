/* Tickets by certificate: /Cert, and what is done to it. */
#include "webticket/testing_priv.h"

static int believed(struct rig *rig, struct slice assertion, struct webticket_claims *claims)
{
    struct slice header =
        arena_print(rig->arena, "opaque=%.*s", SLICE_ARG(base64_print(rig->arena, assertion)));
    return webticket_verify_opaque(rig->webticket, header, rig->now, rig->arena, claims,
                                   &rig->fault);
}

static void test_how_it_was_got(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    static const struct {
        const char *method;
        bool by_certificate;
    } rows[] = {
        {SAML_AM_PASSWORD, false},
        {SAML_AM_UNSPECIFIED, false},
        {SAML_AM_X509, true},
        {SAML_AM_X509 "x", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct saml_assertion a = {
            .id = SLICE("SamlSecurityToken-1"),
            .issuer = webticket_issuer(rig->arena, &site),
            .audience = SLICE(WEB SITE_PATH_MCX),
            .subject = SLICE("sip:alice@contoso.test"),
            .method = rows[i].method,
            .account_id = 1,
            .issued = rig->now,
            .not_before = rig->now,
            .not_after = rig->now + 60 * MINUTE,
        };
        scoped(buf) struct buf out = BUF_INIT;
        must(rig, saml_issue(&a, &rig->keys, rig->desk.vault, &out, &rig->fault));
        must(rig, believed(rig, buf_slice(&out), &claims));
        if (claims.by_certificate != rows[i].by_certificate)
            fail_msg("%s", rows[i].method);
    }
    struct webticket_grant grant = rig_ticket(rig); /* by password */
    must(rig, believed(rig, grant.assertion, &claims));
    assert_false(claims.by_certificate);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_how_it_was_got),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
