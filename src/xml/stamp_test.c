/* Time stamps signed with a shared key: the proof of possession in SOAP. */
#include "base/encode.h"
#include "xml/dsig.h"
#include "xml/names.h"
#include "xml/test_judge_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIMESTAMP                                                                                  \
    "<wsu:Timestamp xmlns:wsu=\"" NS_WSU "\" wsu:Id=\"timestamp\">"                                \
    "<wsu:Created>2025-01-01T00:00:00Z</wsu:Created>"                                              \
    "<wsu:Expires>2025-01-01T08:00:00Z</wsu:Expires></wsu:Timestamp>"

static struct slice vector_key(struct arena *arena)
{
    struct slice key;
    assert_int_equal(
        hex_parse(arena, SLICE("df59132c2af6d230e4337732076a14561694be12838cc00203d63c816653d75b"),
                  &key),
        0);
    return key;
}

static void put_stamped(struct arena *arena, enum dsig_method method, struct buf *out)
{
    scoped(buf) struct buf key_info = BUF_INIT, signature = BUF_INIT;
    dsig_key_info_assertion(SLICE("SamlSecurityToken-1"), &key_info);
    dsig_hmac_print(&(struct dsig_hmac_options){.method = method,
                                                .text = SLICE(TIMESTAMP),
                                                .id = SLICE("timestamp"),
                                                .key = vector_key(arena),
                                                .key_info = buf_slice(&key_info)},
                    &signature);
    /* SIPE puts blanks between the children of Signature. */
    buf_print(out, "<w:Security xmlns:w=\"%s\">" TIMESTAMP "%s</w:Security>", NS_WSSE,
              buf_string(&signature));
}

static int judge_hmac(struct slice text, struct slice key, struct fault *fault)
{
    struct xml_doc *doc;
    if (xml_read(text, NULL, &doc, fault))
        fail_msg("%s in %.*s", fault->detail, SLICE_ARG(text));
    int err = dsig_verify_hmac(xml_path(xml_root(doc), "Signature"),
                               xml_path(xml_root(doc), "Timestamp"), key, fault);
    xml_doc_free(doc);
    return err;
}

/* signin.md Appendix A.2. */
static void test_hmac_vector(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf info = BUF_INIT, text = BUF_INIT;
    dsig_hmac_signed_info(&(struct dsig_hmac_options){.method = DSIG_HMAC_SHA1,
                                                      .text = SLICE(TIMESTAMP),
                                                      .id = SLICE("timestamp")},
                          &info);
    assert_int_equal(info.len, 535);
    assert_non_null(strstr(buf_string(&info), ">bG2Uz9vKC+5bFi+epbqY1x0UNKg=<"));
    put_stamped(arena, DSIG_HMAC_SHA1, &text);
    assert_non_null(strstr(buf_string(&text), ">ZjsarG5bt6r91tHweiYJxiffHfc=<"));
}

static void test_hmac_verify(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct slice key = vector_key(arena);
    struct fault fault;
    for (int i = 0; i < 2; i++) {
        scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
        put_stamped(arena, i ? DSIG_HMAC_SHA256 : DSIG_HMAC_SHA1, &text);
        assert_int_equal(judge_hmac(buf_slice(&text), key, &fault), 0);
        replace(buf_slice(&text), "</SignedInfo>", "</SignedInfo> \n", &changed);
        assert_int_equal(judge_hmac(buf_slice(&changed), key, &fault), 0);

        assert_int_equal(judge_hmac(buf_slice(&text), slice_head(key, 31), &fault), -ERR_FORGED);
        assert_int_equal(fault.finding, FINDING_SIGNATURE_INVALID);
        assert_int_equal(judge_hmac(buf_slice(&text), SLICE(""), &fault), -ERR_FORGED);
        replace(buf_slice(&text), "T08:00", "T09:00", &changed);
        assert_int_equal(judge_hmac(buf_slice(&changed), key, &fault), -ERR_FORGED);
        assert_int_equal(fault.finding, FINDING_SIGNATURE_INVALID);
    }
}

static void test_hmac_form(void **state)
{
    (void)state;
    const char *const changes[][2] = {
        {"URI=\"#timestamp\"", "URI=\"#other\""},
        {"wsu:Id=\"timestamp\"", "Id=\"timestamp\""},
        {"<wsu:Created>", "<wsu:Created wsu:Id=\"timestamp\">"},
        {"hmac-sha1\">", "hmac-sha1\"><HMACOutputLength>8</HMACOutputLength>"},
        {"xmldsig#hmac-sha1", "xmldsig#rsa-sha1"},
        {"<Transforms>", "<Transforms><Transform Algorithm=\"" ALG_ENVELOPED "\"/>"},
    };
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
    struct fault fault;
    put_stamped(arena, DSIG_HMAC_SHA1, &text);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        replace(buf_slice(&text), changes[i][0], changes[i][1], &changed);
        int err = judge_hmac(buf_slice(&changed), vector_key(arena), &fault);
        if (err != -ERR_FORGED || fault.finding != FINDING_SIGNATURE_WRAPPED)
            fail_msg("%s: %s", changes[i][1], fault.detail);
    }
    assert_int_equal(dsig_verify_hmac(NULL, NULL, SLICE("k"), &fault), -ERR_FORGED);
}

static void test_hmac_xmlsec1_accepts(void **state)
{
    (void)state;
    if (!have_xmlsec1()) {
        print_message("xmlsec1 is not installed\n");
        skip();
    }
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT, doc_path = BUF_INIT, key_path = BUF_INIT;
    char dir[] = "/tmp/lychgate-dsig-XXXXXX";
    assert_non_null(mkdtemp(dir));
    buf_print(&doc_path, "%s/doc.xml", dir);
    buf_print(&key_path, "%s/key.bin", dir);
    put_stamped(arena, DSIG_HMAC_SHA1, &text);
    write_file(buf_string(&doc_path), buf_slice(&text));
    write_file(buf_string(&key_path), vector_key(arena));
    assert_int_equal(xmlsec1(dir, "--verify --id-attr:Id " NS_WSU ":Timestamp --hmackey key.bin"),
                     0);
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_vector),
        cmocka_unit_test(test_hmac_verify),
        cmocka_unit_test(test_hmac_form),
        cmocka_unit_test(test_hmac_xmlsec1_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
