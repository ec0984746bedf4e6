#include "server/front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum front_kind kind;
    } rows[] = {
        {"", FRONT_UNDECIDED},
        {"GET", FRONT_UNDECIDED},
        {"GET ", FRONT_UNDECIDED},
        {"GET /", FRONT_HTTP},
        {"GET / HTTP/1.1\r\n", FRONT_HTTP},
        {"OPTIONS * HTTP/1.1", FRONT_HTTP},
        {"OPTIONS sip:c SIP/2.0", FRONT_SIP},
        {"REGISTER si", FRONT_UNDECIDED},
        {"REGISTER sip:contoso.test SIP/2.0", FRONT_SIP},
        {"REGISTER SIPS:contoso.test SIP/2.0", FRONT_SIP},
        {"SIP/2.0 200 OK", FRONT_SIP},
        {"\r\n\r\n", FRONT_SIP},
        {"GARBAGE", FRONT_UNDECIDED},
        {"GARBAGE\r\n", FRONT_HTTP},
        {"GET x\n", FRONT_HTTP},
        {"AVERYVERYLONGWORDTHATISNOMETHODATALLINANYPROTOCOL", FRONT_HTTP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (front_tell(slice_of(rows[i].bytes)) != rows[i].kind)
            fail_msg("`%s` was taken for %d", rows[i].bytes, front_tell(slice_of(rows[i].bytes)));
}

/* However the first line is cut, a decision once made is never another one later. */
static void test_decisions_stand(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "GET /?sipuri=alice@contoso.test HTTP/1.1\r\n",
        "OPTIONS sip:contoso.test SIP/2.0\r\n",
        "REGISTER sip:contoso.test SIP/2.0\r\n",
        "GARBAGE\r\n",
        "GET x\r\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct slice line = slice_of(lines[i]);
        enum front_kind last = front_tell(line);
        assert_int_not_equal(last, FRONT_UNDECIDED);
        for (size_t cut = 0; cut < line.len; cut++) {
            enum front_kind early = front_tell(slice_head(line, cut));
            assert_true(early == FRONT_UNDECIDED || early == last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_bytes),
        cmocka_unit_test(test_decisions_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
