#include "xml/names.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct xml_doc *read_ok(const char *text)
{
    struct xml_doc *doc;
    struct fault fault;
    int err = xml_read(slice_of(text), NULL, &doc, &fault);
    if (err)
        fail_msg("%s: %s", text, fault.detail);
    return doc;
}

static void assert_slice(struct slice s, const char *expected)
{
    assert_non_null(s.at);
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(s), expected);
}

static void test_walk(void **state)
{
    (void)state;
    scoped(xml_doc) struct xml_doc *doc =
        read_ok("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                "<s:Envelope xmlns:s=\"" NS_SOAP11 "\" xmlns:u=\"urn:u\">\n"
                "  <s:Body><a x=\"1 &amp; 2\" u:x=\"two\" e=\"\"> t&lt;<!-- gone -->ext "
                "&#65;<![CDATA[<b>]]> "
                "</a><a/><c><d/>mixed</c></s:Body>\n</s:Envelope>\n");
    const struct xml_node *root = xml_root(doc);
    assert_true(xml_is(root, NS_SOAP11, "Envelope") && xml_is(root, NULL, "Envelope"));
    assert_false(xml_is(root, NS_SOAP12, "Envelope") || xml_is(root, NS_SOAP11, "envelope"));
    const struct xml_node *a = xml_path(root, "Body/a");
    assert_true(xml_is(a, "", "a"));
    assert_slice(xml_text(a), "t<ext A<b>");
    assert_slice(xml_text_exact(a), " t<ext A<b> ");
    assert_slice(xml_attr(a, "x"), "1 & 2");
    assert_slice(xml_attr_ns(a, "urn:u", "x"), "two");
    assert_slice(xml_attr(a, "e"), "");
    assert_null(xml_attr(a, "y").at);
    assert_slice(xml_text(xml_next(a)), "");
    assert_ptr_equal(xml_next_of(a, NULL, "a"), xml_next(a));
    assert_null(xml_next_of(xml_next(a), NULL, "a"));
    assert_null(xml_text(xml_path(root, "Body/c")).at);
    assert_null(xml_path(root, "Body/x/d"));
    assert_ptr_equal(xml_parent(xml_parent(a)), root);
    assert_null(xml_parent(root));
    assert_int_equal(xml_line(a), 3);
    int children = 0;
    xml_each (child, xml_first(root))
        children++;
    assert_int_equal(children, 3);
    /* Nothing asked of nothing is nothing. */
    assert_true(!xml_first(NULL) && !xml_next(NULL) && !xml_child(NULL, NULL, "a") &&
                !xml_text(NULL).at && !xml_attr(NULL, "a").at && !xml_is(NULL, NULL, "a"));
}

static void test_loose_namespace(void **state)
{
    (void)state;
    scoped(xml_doc) struct xml_doc *doc = read_ok("<t:R xmlns:t=\"" NS_WST "/\"/>");
    assert_false(xml_is(xml_root(doc), NS_WST, "R"));
    assert_true(xml_is_loosely(xml_root(doc), NS_WST, "R"));
    assert_false(xml_is_loosely(xml_root(doc), NS_WST_2005, "R"));
}

static void assert_refused(struct slice text, const struct xml_limits *limits, enum err err,
                           enum finding finding, const char *where)
{
    struct xml_doc *doc;
    struct fault fault;
    int got = xml_read(text, limits, &doc, &fault);
    assert_null(doc);
    if (got != -(int)err || fault.finding != finding || !strstr(fault.detail, where))
        fail_msg("%.*s: %s %s %s", (int)(text.len < 80 ? text.len : 80), text.at, err_name(got),
                 finding_id(fault.finding), fault.detail);
}

static void test_forbidden(void **state)
{
    (void)state;
    const struct {
        struct slice text;
        const char *where;
    } cases[] = {
        {SLICE("<!DOCTYPE a><a/>"), "line 1, column 1"},
        {SLICE("<?xml version=\"1.0\"?>\n <!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
         "line 2, column 2"},
        {SLICE("<!DOCTYPE l [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">"
               "<!ENTITY c \"&b;&b;&b;&b;&b;\">]><l>&c;</l>"),
         "document type"},
        {SLICE("<!DOCTYPE a [<!ENTITY x SYSTEM \"http://127.0.0.1/\">]><a>&x;</a>"), "type"},
        {SLICE("<a>&x;</a>"), "line 1, column"},
        {SLICE("<a b=\"&x;\"/>"), "line 1, column"},
        {SLICE("<?php x?><a/>"), "processing instruction"},
        {SLICE("<a>\n<b/><?xml-stylesheet href=\"x\"?></a>"), "line 2, column 5"},
        {SLICE("<a/><?x?>"), "processing instruction"},
        {SLICE("<a/> <?xml version=\"1.0\"?>"), "processing instruction"},
        {SLICE("<a><!ELEMENT a></a>"), "column 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, NULL, ERR_DENIED, FINDING_XML_FORBIDDEN, cases[i].where);
}

static void test_malformed(void **state)
{
    (void)state;
    const struct slice cases[] = {
        SLICE(""),
        SLICE(" "),
        SLICE("x"),
        SLICE("<"),
        SLICE("<a"),
        SLICE("<a>"),
        SLICE("<a></b>"),
        SLICE("<a/><b/>"),
        SLICE("<a b=1/>"),
        SLICE("<a b='1' b='2'/>"),
        SLICE("<a>]]></a>"),
        SLICE("<p:a/>"),
        SLICE("<a p:b=\"1\"/>"),
        SLICE("<a><![CDATA[</a>"),
        SLICE("<a><!-- </a>"),
        SLICE("<a>\x01</a>"),
        SLICE("<a>\xff</a>"),
        SLICE("<a>&#0;</a>"),
        SLICE("<a\0/>"),
        SLICE("<a xmlns:p=\"\"/>"),
        SLICE("<a b=\"<\"/>"),
        SLICE("\xff\xfe<\0a\0/\0>\0"), /* UTF-16 */
        SLICE("<a u:x='1' v:x='2' xmlns:u='urn:u' xmlns:v='urn:u'/>"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i], NULL, ERR_MALFORMED, FINDING_XML_MALFORMED, "");
    assert_refused(SLICE("<a>\n<b></c>\n</a>"), NULL, ERR_MALFORMED, FINDING_XML_MALFORMED,
                   "line 2, column");
}

static void test_truncated(void **state)
{
    (void)state;
    struct slice whole =
        SLICE("<?xml version=\"1.0\"?><a b=\"c\"><!-- x --><d>e&amp;<![CDATA[x]]></d></a>");
    /* A cut "<?xml " or "<!--" looks like something forbidden; refused it is. */
    for (size_t len = 0; len < whole.len; len++) {
        struct xml_doc *doc;
        struct fault fault;
        assert_true(xml_read(slice_head(whole, len), NULL, &doc, &fault) < 0);
        assert_null(doc);
        assert_true(fault.detail[0]);
    }
}

static void add_times(struct buf *out, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        buf_add_string(out, text);
}

static void test_limits(void **state)
{
    (void)state;
    scoped(buf) struct buf text = BUF_INIT;
    add_times(&text, "<a>", 64);
    add_times(&text, "</a>", 64);
    struct xml_doc *doc;
    assert_int_equal(xml_read(buf_slice(&text), NULL, &doc, NULL), 0);
    xml_doc_free(doc);
    buf_clear(&text);
    add_times(&text, "<a>", 65);
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "line 1, column 193: ");
    buf_clear(&text);
    add_times(&text, "<a>", 100000);
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "deep");
    buf_clear(&text);
    buf_add_string(&text, "<a>");
    add_times(&text, "<b/>", 20000);
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "nodes");
    buf_clear(&text);
    buf_add_string(&text, "<a");
    for (int i = 0; i < 101; i++)
        buf_print(&text, " a%d='>'", i);
    buf_add_string(&text, "/>");
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "attributes");
    buf_clear(&text);
    buf_add_string(&text, "<a xmlns:p='");
    add_times(&text, "x", 2049);
    buf_add_string(&text, "'/>");
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "long");
    /* Declared one after the other they do not add up, one in the other they do. */
    buf_clear(&text);
    buf_add_string(&text, "<a>");
    add_times(&text, "<b xmlns:p='urn:p' xmlns:q = 'urn:q'><c/></b>", 100);
    buf_add_string(&text, "</a>");
    assert_int_equal(xml_read(buf_slice(&text), NULL, &doc, NULL), 0);
    xml_doc_free(doc);
    buf_clear(&text);
    for (int i = 0; i < 33; i++)
        buf_print(&text, "<a xmlns:p%d='urn:p' xmlns:q%d = 'urn:q'>", i, i);
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "scope");
    buf_clear(&text);
    add_times(&text, " ", (1 << 20) + 1);
    assert_refused(buf_slice(&text), NULL, ERR_LIMIT, FINDING_XML_LIMIT, "1048577 bytes");
    struct xml_limits small = {.bytes = 20, .depth = 2, .nodes = 5, .attributes = 1, .value = 3};
    assert_refused(SLICE("<a><b><c/></b></a>"), &small, ERR_LIMIT, FINDING_XML_LIMIT, "deep");
    assert_refused(SLICE("<a b='1234'/>"), &small, ERR_LIMIT, FINDING_XML_LIMIT, "long");
    assert_refused(SLICE("<a b='' c=''/>"), &small, ERR_LIMIT, FINDING_XML_LIMIT, "attributes");
}

static void test_raw_and_c14n(void **state)
{
    (void)state;
    scoped(xml_doc) struct xml_doc *doc =
        read_ok("<r xmlns='urn:d' xmlns:q='urn:q' xmlns:p='urn:p'><p:x b='2' a=\"&quot;1\">t"
                "<y/></p:x><z/></r>");
    scoped(buf) struct buf out = BUF_INIT;
    const struct xml_node *x = xml_path(xml_root(doc), "x");
    xml_c14n(x, &out);
    assert_string_equal(buf_string(&out), "<p:x xmlns:p=\"urn:p\" a=\"&quot;1\" b=\"2\">t"
                                          "<y xmlns=\"urn:d\"></y></p:x>");
    buf_clear(&out);
    xml_raw(x, &out);
    assert_string_equal(buf_string(&out),
                        "<p:x xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" "
                        "a=\"&quot;1\" b=\"2\">t<y></y></p:x>");
    /* A text that stands by itself reads back the same. */
    scoped(xml_doc) struct xml_doc *again = read_ok(buf_string(&out));
    assert_true(xml_is(xml_path(xml_root(again), "y"), "urn:d", "y"));
    assert_false(buf_failed(&out));
    /* What is in scope for it comes along: the nearest of each, but not what was ended. */
    scoped(xml_doc) struct xml_doc *deep = read_ok(
        "<r xmlns='urn:d' xmlns:p='urn:1' xml:lang='de' xml:space='preserve'>"
        "<m xmlns='' xmlns:p='urn:2' xml:lang='fr'><x xml:lang='' p:a='b'><y/></x></m></r>");
    buf_clear(&out);
    xml_raw(xml_path(xml_root(deep), "m/x"), &out);
    assert_string_equal(buf_string(&out), "<x xmlns:p=\"urn:2\" xml:lang=\"\" "
                                          "xml:space=\"preserve\" p:a=\"b\"><y></y></x>");
    /* Without a canonical form there is no text to be trusted. */
    scoped(xml_doc) struct xml_doc *relative = read_ok("<r xmlns='relative'/>");
    xml_c14n(xml_root(relative), &out);
    assert_true(buf_failed(&out));
}

static void test_writer_is_canonical(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    xml_open(&w, "s:Envelope");
    xml_put_ns(&w, "", "urn:d");
    xml_put_ns(&w, "s", NS_SOAP11);
    xml_put_attr(&w, "a", SLICE("<\"&'\t\r\n>"));
    xml_open(&w, "empty");
    xml_close(&w);
    xml_element_string(&w, "s:text", "<&>\"'\r\n\t ]]>");
    xml_open(&w, "n");
    xml_put_number(&w, -5);
    xml_put_base64(&w, SLICE("abc"));
    xml_put_raw(&w, SLICE("<raw></raw>"));
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
    assert_string_equal(
        buf_string(&out),
        "<s:Envelope xmlns=\"urn:d\" xmlns:s=\"" NS_SOAP11 "\" "
        "a=\"&lt;&quot;&amp;'&#x9;&#xD;&#xA;>\"><empty></empty><s:text>&lt;&amp;&gt;\"'&#xD;\n\t "
        "]]&gt;</s:text><n>-5YWJj<raw></raw></n></s:Envelope>");
    scoped(xml_doc) struct xml_doc *doc = read_ok(buf_string(&out));
    assert_slice(xml_attr(xml_root(doc), "a"), "<\"&'\t\r\n>");
    scoped(buf) struct buf canonical = BUF_INIT;
    xml_raw(xml_root(doc), &canonical);
    assert_string_equal(buf_string(&canonical), buf_string(&out));
}

static void test_writer_empty_tag(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    xml_open(&w, "Link");
    xml_put_attr_string(&w, "token", "User");
    xml_close_empty(&w);
    xml_end(&w);
    assert_string_equal(buf_string(&out), "<Link token=\"User\"/>");
}

static void test_writer_bad_characters(void **state)
{
    (void)state;
#define FFFD "\xef\xbf\xbd"
    const struct {
        struct slice in;
        const char *out;
    } cases[] = {
        {SLICE("a\0b\x1f\x7f"), "a" FFFD "b" FFFD "\x7f"},
        {SLICE("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {SLICE("\xc3"), FFFD},
        {SLICE("\xe2\x82"), FFFD FFFD},
        {SLICE("\xc0\x80"), FFFD FFFD},                   /* overlong */
        {SLICE("\xed\xa0\x80"), FFFD FFFD FFFD},          /* surrogate */
        {SLICE("\xef\xbf\xbf"), FFFD FFFD FFFD},          /* U+FFFF */
        {SLICE("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD}, /* above U+10FFFF */
        {SLICE("\xff<"), FFFD "&lt;"},
        {{0}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(buf) struct buf out = BUF_INIT;
        xml_escape_text(&out, cases[i].in);
        assert_string_equal(buf_string(&out), cases[i].out);
    }
}

static void *read_many(void *arg)
{
    for (int i = 0; i < 50; i++) {
        scoped(xml_doc) struct xml_doc *doc = NULL;
        scoped(buf) struct buf out = BUF_INIT;
        if (xml_read(SLICE("<a xmlns='urn:x'><b>c</b></a>"), NULL, &doc, NULL))
            return NULL;
        xml_c14n(xml_first(xml_root(doc)), &out);
        if (strcmp(buf_string(&out), "<b xmlns=\"urn:x\">c</b>") != 0)
            return NULL;
    }
    return arg;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, state), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_loose_namespace),
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_raw_and_c14n),
        cmocka_unit_test(test_writer_is_canonical),
        cmocka_unit_test(test_writer_empty_tag),
        cmocka_unit_test(test_writer_bad_characters),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
