#include "sip/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE "multipart/related; type=\"application/rlmi+xml\";start=resourceList; boundary=b1"

static int count_parts(const char *type, const char *body, struct sip_part *parts)
{
    struct sip_multipart it;
    struct fault fault = {0};
    int count = 0;
    int more = sip_multipart_begin(&it, slice_of(type), slice_of(body), &fault);
    if (more == 0)
        while ((more = sip_multipart_next(&it, &parts[count], &fault)) > 0)
            count++;
    if (more < 0)
        assert_int_equal(fault.finding, FINDING_SIP_MALFORMED);
    return more < 0 ? more : count;
}

static void parts_are_cut(void **state)
{
    (void)state;
    struct sip_part parts[4];
    assert_int_equal(count_parts(TYPE,
                                 "preamble\r\n--b1\r\nContent-Transfer-Encoding: binary\r\n"
                                 "Content-ID: resourceList\r\nContent-Type: a/b\r\n\r\n<list/>\r\n"
                                 "--b1 \r\ncontent-type : c/d; x=y\r\nContent-ID: <bob>\r\n\r\n"
                                 "two\r\n--b1x\r\nlines\r\n--b1--\r\nepilogue",
                                 parts),
                     2);
    assert_true(slice_eq(parts[0].type, SLICE("a/b")));
    assert_true(slice_eq(parts[0].id, SLICE("resourceList")));
    assert_true(slice_eq(parts[0].body, SLICE("<list/>")));
    assert_true(slice_eq(parts[1].type, SLICE("c/d; x=y")));
    assert_true(slice_eq(parts[1].id, SLICE("bob")));
    assert_true(slice_eq(parts[1].body, SLICE("two\r\n--b1x\r\nlines")));
}

static void odd_writers_are_understood(void **state)
{
    (void)state;
    struct sip_part parts[4];
    assert_int_equal(count_parts("multipart/related;boundary=\"q;1\"",
                                 "--q;1\n\nbody\n--q;1\nA: b\n\n\n--q;1--", parts),
                     2);
    assert_true(slice_absent(parts[0].type));
    assert_true(slice_eq(parts[0].body, SLICE("body")));
    assert_true(slice_empty(parts[1].body));
    assert_int_equal(count_parts(TYPE, "--b1--", parts), 0);
}

static void broken_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
    } rows[] = {{"multipart/related", "--b1\r\n\r\nx\r\n--b1--"},
                {"multipart/related; boundary=", "--b1\r\n\r\nx\r\n--b1--"},
                {TYPE, ""},
                {TYPE, "--b2\r\n\r\nx\r\n--b2--"},
                {TYPE, "--b1\r\n\r\nno end"},
                {TYPE, "--b1"},
                {TYPE, "--b1\r\nContent-Type: a/b\r\n--b1--"},
                {TYPE, "--b1\r\nno colon\r\n\r\nx\r\n--b1--"}};
    struct sip_part parts[4];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(count_parts(rows[i].type, rows[i].body, parts), -ERR_MALFORMED);
}

static void assert_text(const char *content_type, const char *body, const char *text,
                        const char *type)
{
    struct slice found_type;
    struct slice found = sip_find_text(slice_of(content_type), slice_of(body), &found_type);
    assert_int_equal(slice_absent(found), text == NULL);
    assert_true(!text || slice_eq(found, slice_of(text)));
    assert_true(!text || slice_eq(found_type, slice_of(type)));
}

static void test_text_that_people_read(void **state)
{
    (void)state;
    const char *both = "--b\r\nContent-Type: text/html\r\n\r\n<b>hi</b>\r\n"
                       "--b\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhi\r\n--b--\r\n";
    assert_text("text/plain; charset=UTF-8", "hi", "hi", "text/plain");
    assert_text("TEXT/HTML", "<b>hi</b>", "<b>hi</b>", "TEXT/HTML");
    assert_text("multipart/alternative; boundary=b", both, "hi", "text/plain");
    assert_text("image/gif", "GIF89a", NULL, NULL);
    assert_text("multipart/alternative; boundary=x", both, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_that_people_read),
        cmocka_unit_test(parts_are_cut),
        cmocka_unit_test(odd_writers_are_understood),
        cmocka_unit_test(broken_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
