#include "auth/sign.h"

#include "base/encode.h"
#include "sip/signature.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* NTLM strings that OCS 2007 R2 and OCS 2007 verified, and our own for TLS-DSK
 * (protocol notes 6.4 and Appendix A.1). */
static const struct vector {
    struct sign_credentials credentials;
    struct sip_signature_fields fields;
    const char *string;
    const char *sha1, *md5; /* TLS-DSK only */
} vectors[] = {
    {{AUTH_NTLM,
      4,
      {"13317733", 8},
      {"1", 1},
      {"SIP Communications Service", 26},
      {"cosmo-ocs-r2.cosmo.local", 24}},
     {.call_id = {"4037df9284354df39065195bd57a4b14", 32},
      .cseq_number = {"3", 1},
      .cseq_method = {"REGISTER", 8},
      .from_uri = {"sip:user@cosmo.local", 20},
      .from_tag = {"3e49177a52", 10},
      .to_uri = {"sip:user@cosmo.local", 20}},
     "<NTLM><13317733><1><SIP Communications Service><cosmo-ocs-r2.cosmo.local>"
     "<4037df9284354df39065195bd57a4b14><3><REGISTER><sip:user@cosmo.local><3e49177a52>"
     "<sip:user@cosmo.local><><><><>",
     NULL,
     NULL},
    {{AUTH_NTLM,
      4,
      {"9616454F", 8},
      {"1", 1},
      {"SIP Communications Service", 26},
      {"cosmo-ocs-r2.cosmo.local", 24}},
     {.call_id = {"4037df9284354df39065195bd57a4b14", 32},
      .cseq_number = {"3", 1},
      .cseq_method = {"REGISTER", 8},
      .from_uri = {"sip:user@cosmo.local", 20},
      .from_tag = {"3e49177a52", 10},
      .to_uri = {"sip:user@cosmo.local", 20},
      .to_tag = {"5E61CCD925D17E043D9A74835A88F664", 32},
      .expires = {"7200", 4},
      .status = 200},
     "<NTLM><9616454F><1><SIP Communications Service><cosmo-ocs-r2.cosmo.local>"
     "<4037df9284354df39065195bd57a4b14><3><REGISTER><sip:user@cosmo.local><3e49177a52>"
     "<sip:user@cosmo.local><5E61CCD925D17E043D9A74835A88F664><><><7200><200>",
     NULL,
     NULL},
    {{AUTH_NTLM,
      2,
      {"0878F41B", 8},
      {"1", 1},
      {"SIP Communications Service", 26},
      {"ocs1.ocs.provo.novell.com", 25}},
     {.call_id = {"8592g5DCBa1694i5887m0D0Bt2247b3F38xAE9Fx", 40},
      .cseq_number = {"3", 1},
      .cseq_method = {"REGISTER", 8},
      .from_uri = {"sip:gabriel@ocs.provo.novell.com", 32},
      .from_tag = {"2947328781", 10},
      .to_uri = {"sip:gabriel@ocs.provo.novell.com", 32},
      .to_tag = {"B816D65C2300A32CFA6D371F2AF537FD", 32},
      .identity_sip = {"sip:gabriel@ocs.provo.novell.com", 32},
      .expires = {"900", 3},
      .status = 200},
     "<NTLM><0878F41B><1><SIP Communications Service><ocs1.ocs.provo.novell.com>"
     "<8592g5DCBa1694i5887m0D0Bt2247b3F38xAE9Fx><3><REGISTER>"
     "<sip:gabriel@ocs.provo.novell.com><2947328781><B816D65C2300A32CFA6D371F2AF537FD><900><200>",
     NULL,
     NULL},
    {{AUTH_TLS_DSK,
      4,
      {"0878f41b", 8},
      {"1", 1},
      {"SIP Communications Service", 26},
      {"fe01.contoso.com", 16}},
     {.call_id = {"AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x", 40},
      .cseq_number = {"4", 1},
      .cseq_method = {"REGISTER", 8},
      .from_uri = {"sip:alice@contoso.com", 21},
      .from_tag = {"36012947", 8},
      .to_uri = {"sip:alice@contoso.com", 21}},
     "<TLS-DSK><0878f41b><1><SIP Communications Service><fe01.contoso.com>"
     "<AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x><4><REGISTER><sip:alice@contoso.com><36012947>"
     "<sip:alice@contoso.com><><><><>",
     "2B4BA7AC3307CE3AF6939FF1E5AEFB56FFC3889E",
     "322794E3C4E600346CA1200610AC3C5A"},
    {{AUTH_TLS_DSK,
      4,
      {"9616454F", 8},
      {"1", 1},
      {"SIP Communications Service", 26},
      {"fe01.contoso.com", 16}},
     {.call_id = {"AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x", 40},
      .cseq_number = {"4", 1},
      .cseq_method = {"REGISTER", 8},
      .from_uri = {"sip:alice@contoso.com", 21},
      .from_tag = {"36012947", 8},
      .to_uri = {"sip:alice@contoso.com", 21},
      .to_tag = {"5E61CCD925D17E043D9A74835A88F664", 32},
      .expires = {"7200", 4},
      .status = 200},
     "<TLS-DSK><9616454F><1><SIP Communications Service><fe01.contoso.com>"
     "<AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x><4><REGISTER><sip:alice@contoso.com><36012947>"
     "<sip:alice@contoso.com><5E61CCD925D17E043D9A74835A88F664><><><7200><200>",
     "C8849E29FC9BFE82DBEB9D5544EDEBB482DD5C83",
     "8D8359FB1D1576742C5DA8EF684C6385"},
    {{AUTH_TLS_DSK,
      4,
      {"9616454F", 8},
      {"1", 1},
      {"SIP Communications Service", 26},
      {"fe01.contoso.com", 16}},
     {.call_id = {"AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x", 40},
      .cseq_number = {"4", 1},
      .cseq_method = {"REGISTER", 8},
      .from_uri = {"sip:alice@contoso.com", 21},
      .from_tag = {"36012947", 8},
      .to_uri = {"sip:alice@contoso.com", 21},
      .to_tag = {"5E61CCD925D17E043D9A74835A88F664", 32},
      .identity_sip = {"sip:alice@contoso.com", 21},
      .identity_tel = {"tel:+14255550100", 16},
      .expires = {"7200", 4},
      .status = 200},
     "<TLS-DSK><9616454F><1><SIP Communications Service><fe01.contoso.com>"
     "<AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x><4><REGISTER><sip:alice@contoso.com><36012947>"
     "<sip:alice@contoso.com><5E61CCD925D17E043D9A74835A88F664><sip:alice@contoso.com>"
     "<tel:+14255550100><7200><200>",
     "015B616B5F700709BA85ACF54437A199BA211D79",
     NULL},
};

/* Appendix A.1: requests are signed with the client's key, responses with the
 * server's. */
static void key_of(const struct vector *vector, uint8_t key[SIGN_KEY_LEN])
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice bytes;
    assert_int_equal(
        hex_parse(arena,
                  vector->fields.status
                      ? SLICE("71d052db5bb066620d564b3bdc1a6ec6eac4a75bf414ac8a6bf6193459a8413e")
                      : SLICE("5c1e79b2327bab49737156b42f415ffd428928c0492d83cd6cd0c13e15390ce9"),
                  &bytes),
        0);
    memcpy(key, bytes.at, SIGN_KEY_LEN);
}

static void test_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        scoped(buf) struct buf text = BUF_INIT;
        sign_string(&text, &vectors[i].credentials, &vectors[i].fields);
        assert_string_equal(buf_string(&text), vectors[i].string);
    }
}

static void test_versions_3_and_4_share_the_string(void **state)
{
    (void)state;
    struct sign_credentials third = vectors[0].credentials;
    scoped(buf) struct buf text = BUF_INIT;
    third.version = 3;
    sign_string(&text, &third, &vectors[0].fields);
    assert_string_equal(buf_string(&text), vectors[0].string);
}

static void test_macs(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct vector *v = &vectors[i];
        uint8_t key[SIGN_KEY_LEN];
        key_of(v, key);
        if (v->sha1)
            assert_string_equal(sign_print(arena, SIGN_SHA1, key, &v->credentials, &v->fields).at,
                                v->sha1);
        if (v->md5)
            assert_string_equal(sign_print(arena, SIGN_MD5, key, &v->credentials, &v->fields).at,
                                v->md5);
    }
}

static void test_verify(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    const struct vector *v = &vectors[3];
    uint8_t key[SIGN_KEY_LEN];
    key_of(v, key);
    for (enum sign_hash hash = SIGN_MD5; hash < SIGN_HASHES; hash++) {
        struct slice right = sign_print(arena, hash, key, &v->credentials, &v->fields);
        struct slice other = arena_copy(arena, right);
        char *at = (char *)(uintptr_t)other.at;
        assert_int_equal(right.len, 2 * sign_mac_len(hash));
        assert_true(sign_verify(hash, key, &v->credentials, &v->fields, right));
        for (size_t i = 0; i < other.len; i++)
            at[i] = (char)(at[i] >= 'A' ? at[i] | 0x20 : at[i]);
        assert_true(sign_verify(hash, key, &v->credentials, &v->fields, other));
        for (size_t i = 0; i < other.len; i++) {
            char was = at[i];
            at[i] = was == '0' ? '1' : '0';
            assert_false(sign_verify(hash, key, &v->credentials, &v->fields, other));
            at[i] = 'g';
            assert_false(sign_verify(hash, key, &v->credentials, &v->fields, other));
            at[i] = was;
        }
        assert_false(
            sign_verify(hash, key, &v->credentials, &v->fields, slice_head(right, right.len - 1)));
        assert_false(
            sign_verify(hash, key, &v->credentials, &v->fields, slice_head(right, right.len - 2)));
        assert_false(sign_verify(hash, key, &v->credentials, &v->fields, (struct slice){0}));
        key[0] ^= 1;
        assert_false(sign_verify(hash, key, &v->credentials, &v->fields, right));
        key[0] ^= 1;
    }
}

static void test_no_field_slips_into_another(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct sip_signature_fields fields = vectors[3].fields;
    uint8_t key[SIGN_KEY_LEN] = {1};
    struct slice mac =
        sign_print(arena, SIGN_SHA256, key, &vectors[3].credentials, &vectors[3].fields);
    fields.to_tag = SLICE("x");
    assert_false(sign_verify(SIGN_SHA256, key, &vectors[3].credentials, &fields, mac));
    fields = vectors[3].fields;
    fields.status = 200;
    assert_false(sign_verify(SIGN_SHA256, key, &vectors[3].credentials, &fields, mac));
}

static void *sign_elsewhere(void *arg)
{
    uint8_t mac[SIGN_MAC_MAX];
    memcpy(arg, mac, sign_mac(SIGN_SHA1, (const uint8_t[SIGN_KEY_LEN]){7}, SLICE("abc"), mac));
    return NULL;
}

static void test_threads_have_contexts_of_their_own(void **state)
{
    (void)state;
    uint8_t here[SIGN_MAC_MAX] = {0}, there[SIGN_MAC_MAX] = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sign_elsewhere, there), 0);
    sign_elsewhere(here);
    pthread_join(thread, NULL);
    assert_memory_equal(here, there, 20);
}

static void test_scheme_names(void **state)
{
    (void)state;
    assert_int_equal(auth_scheme_parse(SLICE("tls-dsk")), AUTH_TLS_DSK);
    assert_int_equal(auth_scheme_parse(SLICE("NTLM")), AUTH_NTLM);
    assert_int_equal(auth_scheme_parse(SLICE("Digest")), AUTH_NONE);
    assert_int_equal(auth_scheme_parse(SLICE("")), AUTH_NONE);
    assert_true(slice_eq(auth_scheme_print(AUTH_KERBEROS), SLICE("Kerberos")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_versions_3_and_4_share_the_string),
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_no_field_slips_into_another),
        cmocka_unit_test(test_threads_have_contexts_of_their_own),
        cmocka_unit_test(test_scheme_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
