#include "auth/association.h"

#include "auth/testing_sip_priv.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct association *half(bool server, enum sign_hash hash)
{
    struct tlsdsk_keys keys = {.hash = hash, .client = {1}, .server = {2}};
    return association_new(&(struct association_options){.server = server,
                                                         .scheme = AUTH_TLS_DSK,
                                                         .version = 4,
                                                         .opaque = SLICE("F755045D"),
                                                         .realm = SLICE(AUTH_REALM),
                                                         .targetname = SLICE(TESTING_TARGET),
                                                         .keys = &keys,
                                                         .ends = TEST_NOW + 1000,
                                                         .account = SLICE("alice@contoso.test"),
                                                         .epid = SLICE("8c2e6f7a91bd"),
                                                         .instance = SLICE(TESTING_UUID)});
}

/* As the server does it on receipt. */
static int receive(struct association *association, const struct sip_message *message,
                   struct fault *fault)
{
    struct sip_auth auth = {0};
    sip_credentials(message, SLICE("TLS-DSK"), &auth);
    return association_verify(association, &auth, message, TEST_NOW, fault);
}

static void test_client_to_server(void **state)
{
    (void)state;
    for (enum sign_hash hash = SIGN_MD5; hash < SIGN_HASHES; hash++) {
        scoped(arena) struct arena *arena = arena_new();
        scoped(association) struct association *client = half(false, hash);
        scoped(association) struct association *server = half(true, hash);
        struct fault fault = {0};
        assert_false(association_confirmed(server));
        for (unsigned i = 1; i <= 5; i++) {
            struct sip_message *m =
                testing_signed(arena, client, (struct testing_message){.cseq = i});
            struct sip_auth auth;
            assert_true(sip_credentials(m, SLICE("TLS-DSK"), &auth));
            assert_int_equal(auth.cnum.len, 1);
            assert_int_equal(auth.cnum.at[0], '0' + (char)i);
            assert_int_equal(auth.crand.len, 8);
            assert_int_equal(receive(server, m, &fault), 0);
            assert_true(association_confirmed(server));
            assert_int_equal(receive(server, m, &fault), -ERR_REPLAYED);
            assert_int_equal(fault.finding, FINDING_MESSAGE_REPLAYED);
        }
    }
}

/* The very bytes that SIPE wants: order, quotes, lower case. */
static void test_authentication_info_line(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(association) struct association *client = half(false, SIGN_SHA1);
    scoped(association) struct association *server = half(true, SIGN_SHA1);
    struct testing_message m = {.status = 200};
    struct sip_signature_fields fields = {0};
    struct fault fault = {0};
    sip_signature_fields(testing_sip(arena, &m), &fields);
    m.header = SLICE("Authentication-Info");
    m.value = association_authentication_info(server, arena, &fields);
    char pattern[] = "TLS-DSK qop=\"auth\", opaque=\"F755045D\", srand=\"########\", snum=\"1\", "
                     "rspauth=\"########################################\", "
                     "targetname=\"fe01.contoso.test\", realm=\"SIP Communications Service\", "
                     "version=4";
    assert_int_equal(m.value.len, sizeof pattern - 1);
    for (size_t i = 0; i < m.value.len; i++) {
        if (pattern[i] == '#')
            assert_non_null(strchr("0123456789ABCDEF", m.value.at[i]));
        else
            assert_int_equal(m.value.at[i], pattern[i]);
    }
    assert_int_equal(association_verify_info(client, testing_sip(arena, &m), TEST_NOW, &fault), 0);
    m.status = 403; /* another status is another message */
    assert_int_equal(association_verify_info(client, testing_sip(arena, &m), TEST_NOW, &fault),
                     -ERR_FORGED);
    m.value = (struct slice){0};
    assert_int_equal(association_verify_info(client, testing_sip(arena, &m), TEST_NOW, &fault),
                     -ERR_DENIED);
}

/* Numbers out of order are taken once each, down to 255 behind the highest. */
static void test_window(void **state)
{
    (void)state;
    enum {
        COUNT = 600
    };
    scoped(arena) struct arena *arena = arena_new();
    scoped(association) struct association *client = half(false, SIGN_SHA1);
    scoped(association) struct association *server = half(true, SIGN_SHA1);
    struct sip_message *sent[COUNT + 1];
    struct fault fault = {0};
    for (unsigned i = 1; i <= COUNT; i++)
        sent[i] = testing_signed(arena, client, (struct testing_message){.cseq = i});
    assert_int_equal(receive(server, sent[300], &fault), 0);
    assert_int_equal(receive(server, sent[44], &fault), -ERR_REPLAYED); /* 256 behind */
    assert_int_equal(receive(server, sent[45], &fault), 0);             /* 255 behind */
    assert_int_equal(receive(server, sent[45], &fault), -ERR_REPLAYED);
    assert_int_equal(receive(server, sent[301], &fault), 0);
    for (unsigned i = 46; i < 300; i++)
        assert_int_equal(receive(server, sent[i], &fault), 0);
    for (unsigned i = 1; i <= 301; i++)
        assert_int_equal(receive(server, sent[i], &fault), -ERR_REPLAYED);
    assert_int_equal(receive(server, sent[430], &fault), 0); /* by 129: words and bits */
    assert_int_equal(receive(server, sent[301], &fault), -ERR_REPLAYED);
    assert_int_equal(receive(server, sent[175], &fault), -ERR_REPLAYED);
    for (unsigned i = 302; i < 430; i++)
        assert_int_equal(receive(server, sent[i], &fault), 0);
    assert_int_equal(receive(server, sent[COUNT], &fault), 0);
    assert_int_equal(receive(server, sent[430], &fault), -ERR_REPLAYED);
    assert_int_equal(receive(server, sent[431], &fault), 0);
}

/* A forged number must not push the genuine ones out of the window. */
static void test_forgery_moves_nothing(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(association) struct association *client = half(false, SIGN_SHA1);
    scoped(association) struct association *server = half(true, SIGN_SHA1);
    struct fault fault = {0};
    struct sip_message *m = testing_signed(arena, client, (struct testing_message){0});
    struct sip_auth auth;
    sip_credentials(m, SLICE("TLS-DSK"), &auth);
    auth.cnum = SLICE("4000000000");
    assert_int_equal(association_verify(server, &auth, m, TEST_NOW, &fault), -ERR_FORGED);
    assert_int_equal(fault.finding, FINDING_SIGNATURE_MISMATCH);
    assert_false(association_confirmed(server));
    assert_int_equal(receive(server, m, &fault), 0);
}

static void test_wrong_parameters(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(association) struct association *client = half(false, SIGN_SHA1);
    scoped(association) struct association *server = half(true, SIGN_SHA1);
    struct sip_message *m = testing_signed(arena, client, (struct testing_message){0});
    struct sip_auth good;
    sip_credentials(m, SLICE("TLS-DSK"), &good);
    for (int i = 0; i < 10; i++) {
        struct sip_auth auth = good;
        struct fault fault = {0};
        struct slice *const of[] = {&auth.opaque,   &auth.realm,   &auth.targetname, &auth.crand,
                                    &auth.response, &auth.cnum,    &auth.cnum,       &auth.scheme,
                                    &auth.cnum,     &auth.response};
        const struct slice to[] = {
            SLICE("F755045E"),    SLICE("x"),    SLICE("x"),  {0},        {0}, {0},
            SLICE("99999999999"), SLICE("NTLM"), SLICE("-1"), SLICE("zz")};
        *of[i] = to[i];
        assert_int_equal(association_verify(server, &auth, m, TEST_NOW, &fault), -ERR_FORGED);
    }
    struct fault fault = {0};
    assert_int_equal(association_verify(server, &good, m, TEST_NOW + 1000, &fault), -ERR_EXPIRED);
    assert_int_equal(association_verify(server, &good, m, TEST_NOW + 999, &fault), 0);
}

/* A client's signature sent back to it is not the server's. */
static void test_keys_have_a_direction(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(association) struct association *a = half(false, SIGN_SHA1);
    scoped(association) struct association *b = half(false, SIGN_SHA1);
    struct fault fault = {0};
    struct sip_message *m = testing_signed(arena, a, (struct testing_message){0});
    struct sip_auth auth;
    sip_credentials(m, SLICE("TLS-DSK"), &auth);
    auth.srand = auth.crand;
    auth.snum = auth.cnum;
    auth.rspauth = auth.response;
    assert_int_equal(association_verify(b, &auth, m, TEST_NOW, &fault), -ERR_FORGED);
}

static void test_size_and_names(void **state)
{
    (void)state;
    scoped(association) struct association *a = half(true, SIGN_SHA1);
    assert_true(association_footprint(a) < 400);
    assert_true(slice_eq(association_opaque(a), SLICE("F755045D")));
    assert_true(slice_eq(association_account(a), SLICE("alice@contoso.test")));
    assert_true(slice_eq(association_epid(a), SLICE("8c2e6f7a91bd")));
    assert_true(slice_eq(association_instance(a), SLICE(TESTING_UUID)));
    assert_int_equal(association_end(1000, 2000), 2000);
    assert_int_equal(association_end(1000, INT64_MAX), 1000 + ASSOCIATION_LIFETIME_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_to_server), cmocka_unit_test(test_authentication_info_line),
        cmocka_unit_test(test_window),           cmocka_unit_test(test_forgery_moves_nothing),
        cmocka_unit_test(test_wrong_parameters), cmocka_unit_test(test_keys_have_a_direction),
        cmocka_unit_test(test_size_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
