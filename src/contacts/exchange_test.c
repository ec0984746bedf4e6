#include "contacts/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct contacts_list *sample(struct arena *arena)
{
    static const struct contacts_contact contacts[] = {
        {{"bob@contoso.test", 16}, {"Bob \"B\", the", 12}, 6, true, {"", 0}, {"", 0}},
        {{"ann@contoso.test", 16}, {"", 0}, 1, false, {"x:y", 3}, {"<a b=\"c\"></a>", 13}},
    };
    struct contacts_list *list = contacts_list_new(arena);
    contacts_list_put_group(list, arena, &(struct contacts_group){3, SLICE("a;b\\c"), SLICE("")});
    contacts_list_put_group(list, arena,
                            &(struct contacts_group){2, SLICE("Team, all"), SLICE("")});
    contacts_list_put_group(list, arena, &(struct contacts_group){4, SLICE("nobody"), SLICE("")});
    contacts_list_put(list, arena, &contacts[0]);
    contacts_list_put(list, arena, &contacts[1]);
    return list;
}

static void assert_same(const struct contacts_list *a, const struct contacts_list *b)
{
    assert_int_equal(a->group_count, b->group_count);
    for (size_t i = 0; i < a->group_count; i++) {
        assert_int_equal(a->groups[i].id, b->groups[i].id);
        assert_true(slice_eq(a->groups[i].name, b->groups[i].name));
    }
    assert_int_equal(a->contact_count, b->contact_count);
    for (size_t i = 0; i < a->contact_count; i++) {
        const struct contacts_contact *x = a->contacts[i], *y = b->contacts[i];
        assert_true(slice_eq(x->uri, y->uri) && slice_eq(x->name, y->name));
        assert_int_equal(x->groups, y->groups);
        assert_int_equal(x->subscribed, y->subscribed);
        assert_true(slice_eq(x->external, y->external) && slice_eq(x->extension, y->extension));
    }
}

static void test_csv_there_and_back(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct contacts_list *list = sample(arena), *back;
    struct fault fault = {0};
    contacts_print_csv(list, &text);
    if (contacts_parse_csv(buf_slice(&text), 10, arena, &back, &fault) < 0)
        fail_msg("%s", fault.detail);
    assert_same(list, back);
}

static void test_json_there_and_back(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct contacts_list *list = sample(arena), *back;
    struct fault fault = {0};
    contacts_print_json(list, &text);
    if (contacts_parse_json(buf_slice(&text), 10, arena, &back, &fault) < 0)
        fail_msg("%s", fault.detail);
    assert_same(list, back);
}

static void test_csv_of_others(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct contacts_list *list;
    struct slice text =
        SLICE("\xef\xbb\xbfPhone,Name,Address\n1,\"Bob \"\"B\"\"\", SIP:Bob@Contoso.Test "
              "\r\n\r\n2,,ann@contoso.test");
    assert_int_equal(contacts_parse_csv(text, 10, arena, &list, NULL), 0);
    assert_int_equal(list->contact_count, 2);
    assert_true(slice_eq(list->contacts[1]->uri, SLICE("bob@contoso.test")));
    assert_true(slice_eq(list->contacts[1]->name, SLICE("Bob \"B\"")));
    assert_true(list->contacts[0]->subscribed);
    assert_int_equal(list->contacts[0]->groups, 1);
}

static void wrong(struct slice text, bool json, enum finding finding, const char *part)
{
    scoped(arena) struct arena *arena = arena_new();
    struct contacts_list *list;
    struct fault fault = {0};
    int err = json ? contacts_parse_json(text, 1, arena, &list, &fault)
                   : contacts_parse_csv(text, 1, arena, &list, &fault);
    assert_true(err < 0);
    if (fault.finding != finding || !strstr(fault.detail, part))
        fail_msg("%.*s: %s: %s", SLICE_ARG(text), finding_id(fault.finding), fault.detail);
}

static void test_csv_wrong(void **state)
{
    (void)state;
    wrong(SLICE(""), false, FINDING_CONTACTS_FILE, "line 1: no column `address`");
    wrong(SLICE("address\n\"a@b.test"), false, FINDING_CONTACTS_FILE, "line 2: a quote");
    wrong(SLICE("address\n\"a\"b"), false, FINDING_CONTACTS_FILE, "line 2: text follows");
    wrong(SLICE("address\na@b.test\nA@b.test"), false, FINDING_CONTACTS_FILE, "line 3: a@b.test");
    wrong(SLICE("address\na@b.test\nb@b.test"), false, FINDING_CONTACTS_FULL, "line 3");
    wrong(SLICE("address\nnobody"), false, FINDING_CONTACTS_MALFORMED, "line 2");
    wrong(SLICE("address\nb\xfc@b.test"), false, FINDING_CONTACTS_MALFORMED, "an address");
    wrong(SLICE("address,subscribed\na@b.test,yes"), false, FINDING_CONTACTS_FILE, "subscribed");
    wrong(SLICE("address,name\na@b.test,\xff"), false, FINDING_CONTACTS_MALFORMED, "line 2");
    wrong(SLICE("address,name\na@b.test,\"x\ny\""), false, FINDING_CONTACTS_MALFORMED, "name");
    wrong(SLICE("address,extension\na@b.test,</a>"), false, FINDING_XML_MALFORMED, "line 2");
    wrong(SLICE("address,extension\na@b.test,x\0y"), false, FINDING_XML_MALFORMED, "line 2");
    wrong(SLICE(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"), false, FINDING_CONTACTS_FILE,
          "columns");
}

static void test_json_wrong(void **state)
{
    (void)state;
    wrong(SLICE(""), true, FINDING_CONTACTS_FILE, "");
    wrong(SLICE("{"), true, FINDING_CONTACTS_FILE, "line 1");
    wrong(SLICE("[]"), true, FINDING_CONTACTS_FILE, "`contacts`");
    wrong(SLICE("{\"contacts\":[7]}"), true, FINDING_CONTACTS_FILE, "contacts[0]");
    wrong(SLICE("{\"contacts\":[{}]}"), true, FINDING_CONTACTS_MALFORMED, "");
    wrong(SLICE("{\"contacts\":[{\"address\":\"a@b.test\",\"groups\":[1]}]}"), true,
          FINDING_CONTACTS_FILE, "a group is no name");
    wrong(SLICE("{\"contacts\":[],\"groups\":[{\"name\":\"a\"},{\"name\":\"a\"}]}"), true,
          FINDING_CONTACTS_FILE, "groups[1]");
    wrong(SLICE("{\"contacts\":[],\"groups\":[{\"name\":\"\"}]}"), true, FINDING_CONTACTS_MALFORMED,
          "without name");
}

static void test_too_many_groups(void **state)
{
    (void)state;
    scoped(buf) struct buf text = BUF_INIT;
    buf_add_string(&text, "address,groups\n");
    for (int i = 0; i < CONTACTS_GROUPS_MAX; i++)
        buf_print(&text, ",group %d\n", i);
    wrong(buf_slice(&text), false, FINDING_CONTACTS_GROUPS_FULL, "line 65");
}

static struct contacts_list *parsed(struct arena *arena, const char *csv)
{
    struct contacts_list *list;
    struct fault fault = {0};
    if (contacts_parse_csv(slice_of(csv), 10, arena, &list, &fault) < 0)
        fail_msg("%s", fault.detail);
    return list;
}

static void test_merge(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct fault fault = {0};
    struct contacts_list *list = parsed(
        arena, "address,name,groups\nann@x.test,Ann,Team\nbob@x.test,Bob,Friends\n,,Empty\n");
    struct contacts_list *more =
        parsed(arena, "address,name,groups\nbob@x.test,Robert,New\ncid@x.test,Cid,Team\n");
    assert_int_equal(contacts_list_merge(list, more, 10, arena, &fault), 0);
    contacts_print_csv(list, &text);
    struct slice csv = buf_slice(&text), contacts = SLICE("ann@x.test,Ann,Team,true,,\r\n"
                                                          "bob@x.test,Robert,Friends;New,true,,\r\n"
                                                          "cid@x.test,Cid,Team,true,,\r\n");
    assert_true(slice_ends(csv, contacts));
    assert_true(slice_find(csv, SLICE(",,Empty,,,")) > 0);
    assert_int_equal(contacts_list_merge(list, more, 3, arena, &fault), 0);
    more = parsed(arena, "address\ndan@x.test\n");
    assert_int_equal(contacts_list_merge(list, more, 3, arena, &fault), -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_CONTACTS_FULL);
}

static void test_merge_groups_full(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct contacts_list *list = contacts_list_new(arena),
                         *more = parsed(arena, "address,groups\n,New\n");
    struct fault fault = {0};
    for (unsigned id = 2; id <= CONTACTS_GROUPS_MAX; id++)
        contacts_list_put_group(
            list, arena, &(struct contacts_group){id, arena_print(arena, "%u", id), SLICE("")});
    assert_int_equal(contacts_list_merge(list, more, 10, arena, &fault), -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_CONTACTS_GROUPS_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_there_and_back),
        cmocka_unit_test(test_json_there_and_back),
        cmocka_unit_test(test_csv_of_others),
        cmocka_unit_test(test_csv_wrong),
        cmocka_unit_test(test_json_wrong),
        cmocka_unit_test(test_too_many_groups),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_groups_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
