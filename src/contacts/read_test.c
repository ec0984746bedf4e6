/* The client's half; what it writes is read by the server's half, and the other way round. */
#include "contacts/read.h"

#include "contacts/contacts_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct contacts_list *read_good(const char *body, const struct contacts_list *before)
{
    struct contacts_list *list = NULL;
    struct fault fault = {0};
    int err = contacts_read(slice_of(body), before, arena, &list, &fault);
    if (err)
        print_message("%s: %s\n", finding_id(fault.finding), fault.detail);
    assert_int_equal(err, 0);
    return list;
}

static void refused(const char *body, const struct contacts_list *before, int err,
                    enum finding finding)
{
    struct contacts_list *list = NULL;
    struct fault fault = {0};
    assert_int_equal(contacts_read(slice_of(body), before, arena, &list, &fault), err);
    assert_string_equal(finding_id(fault.finding), finding_id(finding));
    assert_null(list);
}

#define LIST                                                                                       \
    "<contactList deltaNum=\"685\"><group id=\"1\" name=\"~\" externalURI=\"\"/>"                  \
    "<group id=\"2\" name=\"Team\" externalURI=\"\"/>"                                             \
    "<contact uri=\"Bob@contoso.test\" name=\"\" groups=\"1 2 \" subscribed=\"true\" "             \
    "externalURI=\"\"><contactExtension><x a=\"1\"/></contactExtension></contact>"                 \
    "<contact uri=\"sip:carol@contoso.test\" name=\"Carol\" groups=\"7\" subscribed=\"false\"/>"   \
    "<contact uri=\"tel:+1\" groups=\"1\"/><surprise/></contactList>"

static void a_list_is_read(void **state)
{
    (void)state;
    struct contacts_list *list = read_good(LIST, NULL);
    assert_int_equal(list->delta, 685);
    assert_int_equal(list->group_count, 2);
    assert_int_equal(list->contact_count, 2);
    const struct contacts_contact *bob = contacts_list_find(list, SLICE("bob@contoso.test"));
    assert_non_null(bob);
    assert_true(bob->subscribed);
    assert_int_equal(bob->groups, contacts_bit(1) | contacts_bit(2));
    assert_true(slice_eq(bob->extension, SLICE("<x a=\"1\"></x>")));
    const struct contacts_contact *carol = contacts_list_find(list, SLICE("carol@contoso.test"));
    assert_non_null(carol); /* with sip:, in a group that is not there */
    assert_int_equal(carol->groups, contacts_bit(CONTACTS_EVERYBODY));
    assert_false(carol->subscribed);
}

static void changes_are_made(void **state)
{
    (void)state;
    struct contacts_list *one = read_good(LIST, NULL);
    struct contacts_list *two = read_good(
        "<contactDelta deltaNum=\"686\" prevDeltaNum=\"685\"><addedGroup id=\"3\" name=\"New\"/>"
        "<modifiedContact uri=\"sip:bob@contoso.test\" name=\"B\" groups=\"2 3\" "
        "subscribed=\"1\"/><addedContact uri=\"dave@contoso.test\" groups=\"1\"/>"
        "<deletedContact uri=\"sip:carol@contoso.test\"/><deletedContact uri=\"who@x.test\"/>"
        "</contactDelta>",
        one);
    assert_int_equal(two->delta, 686);
    assert_int_equal(two->contact_count, 2);
    assert_int_equal(one->contact_count, 2); /* as it was */
    assert_non_null(contacts_list_find(one, SLICE("carol@contoso.test")));
    struct contacts_list *three = read_good(
        "<contactDelta deltaNum=\"690\" prevDeltaNum=\"686\"><deletedGroup id=\"2\"/>"
        "<deletedGroup id=\"1\"/><modifiedGroup id=\"3\" name=\"Renamed\"/></contactDelta>",
        two);
    assert_int_equal(three->group_count, 2);
    assert_true(slice_eq(contacts_list_group(three, 3)->name, SLICE("Renamed")));
    assert_int_equal(contacts_list_find(three, SLICE("bob@contoso.test"))->groups, contacts_bit(3));
    assert_int_equal(contacts_list_find(two, SLICE("bob@contoso.test"))->groups,
                     contacts_bit(2) | contacts_bit(3));
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct contacts_list *list = read_good(LIST, NULL);
    const char *delta = "<contactDelta deltaNum=\"9\" prevDeltaNum=\"684\"/>";
    refused(delta, list, -ERR_CONFLICT, FINDING_CONTACTS_STALE);
    refused(delta, NULL, -ERR_CONFLICT, FINDING_CONTACTS_STALE);
    refused("<contactList/>", NULL, -ERR_MALFORMED, FINDING_CONTACTS_MALFORMED);
    refused("<contactList deltaNum=\"-1\"/>", NULL, -ERR_MALFORMED, FINDING_CONTACTS_MALFORMED);
    refused("<contactDelta deltaNum=\"1\"/>", list, -ERR_MALFORMED, FINDING_CONTACTS_MALFORMED);
    refused("<list/>", NULL, -ERR_MALFORMED, FINDING_CONTACTS_MALFORMED);
    refused("<contactList deltaNum=\"1\">", NULL, -ERR_MALFORMED, FINDING_XML_MALFORMED);
    refused("", NULL, -ERR_MALFORMED, FINDING_XML_MALFORMED);
}

static void too_many_contacts_are_refused(void **state)
{
    (void)state;
    scoped(buf) struct buf body = BUF_INIT;
    buf_add_string(&body, "<contactList deltaNum=\"1\">");
    for (int i = 0; i <= CONTACTS_READ_MAX; i++)
        buf_print(&body, "<contact uri=\"u%d@contoso.test\"/>", i);
    buf_add_string(&body, "</contactList>");
    refused(buf_string(&body), NULL, -ERR_LIMIT, FINDING_CONTACTS_FULL);
}

/* The server's own documents. */
static void our_server_is_understood(void **state)
{
    (void)state;
    struct contacts_list *list = read_good(LIST, NULL);
    struct contacts_list *same = read_good(contacts_document(arena, list).at, NULL);
    assert_int_equal(same->delta, list->delta);
    assert_int_equal(same->contact_count, list->contact_count);
    struct contacts_change change = {.edit = CONTACTS_SET_CONTACT,
                                     .added = true,
                                     .before = 685,
                                     .after = 686,
                                     .contact = {.uri = SLICE("erin@contoso.test"),
                                                 .name = SLICE("<Erin>"),
                                                 .groups = contacts_bit(2),
                                                 .external = SLICE(""),
                                                 .extension = SLICE("")}};
    struct contacts_list *next = read_good(contacts_delta_document(arena, &change).at, same);
    assert_true(
        slice_eq(contacts_list_find(next, SLICE("erin@contoso.test"))->name, SLICE("<Erin>")));
    unsigned id = 0;
    assert_int_equal(contacts_read_group_id(contacts_group_answer(arena, 17), &id, NULL), 0);
    assert_int_equal(id, 17);
    struct fault fault;
    assert_int_equal(contacts_read_group_id(SLICE("<a/>"), &id, &fault), -ERR_MALFORMED);
}

/* The client's edits, read by the server. */
static void our_edits_are_understood(void **state)
{
    (void)state;
    static const enum contacts_edit edits[] = {CONTACTS_SET_CONTACT, CONTACTS_DELETE_CONTACT,
                                               CONTACTS_ADD_GROUP, CONTACTS_MODIFY_GROUP,
                                               CONTACTS_DELETE_GROUP};
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        scoped(buf) struct buf body = BUF_INIT;
        struct contacts_wish wish = {0};
        struct fault fault = {0};
        struct contacts_change change = {.edit = edits[i],
                                         .before = 77,
                                         .contact = {.uri = SLICE("bob@contoso.test"),
                                                     .name = SLICE("B & b"),
                                                     .groups = contacts_bit(1) | contacts_bit(64),
                                                     .subscribed = true,
                                                     .extension = SLICE("<x></x>")},
                                         .group = {.id = 5, .name = SLICE("Team \"5\"")}};
        contacts_ask(&change, &body);
        assert_int_equal(contacts_wish_parse(buf_slice(&body), arena, &wish, &fault), 0);
        assert_int_equal(wish.edit, edits[i]);
        assert_int_equal(wish.delta, 77);
        if (edits[i] == CONTACTS_SET_CONTACT) {
            assert_true(slice_eq(wish.contact.name, change.contact.name));
            assert_true(wish.contact.groups == change.contact.groups);
            assert_true(wish.contact.subscribed);
            assert_true(slice_eq(wish.contact.extension, change.contact.extension));
        }
        if (edits[i] <= CONTACTS_DELETE_CONTACT)
            assert_true(slice_eq(wish.contact.uri, change.contact.uri));
        if (edits[i] == CONTACTS_ADD_GROUP || edits[i] == CONTACTS_MODIFY_GROUP)
            assert_true(slice_eq(wish.group.name, change.group.name));
        if (edits[i] == CONTACTS_DELETE_GROUP)
            assert_int_equal(wish.group.id, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_contacts_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(our_server_is_understood, setup, teardown),
        cmocka_unit_test_setup_teardown(our_edits_are_understood, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
