/* The client's half; what the server's half answers is what it reads. */
#include "presence/own.h"
#include "presence/test_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NS_XSI_ATTR   "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
#define CATEGORY_TYPE SLICE("application/msrtc-event-categories+xml")

struct seen {
    struct presence_told told[4];
    size_t count;
};

static void see(void *arg, const struct presence_told *told)
{
    struct seen *seen = arg;
    assert_true(seen->count < 4);
    seen->told[seen->count++] = *told;
}

static struct slice body_of(const char *message)
{
    const char *at = strstr(message, "\r\n\r\n");
    return slice_of(at ? at + 4 : "");
}

static struct slice type_of(const char *message)
{
    const char *at = strstr(message, "Content-Type: ");
    struct slice line = {0}, rest;
    if (at)
        slice_cut(slice_of(at + 14), '\r', &line, &rest);
    return line;
}

static void assert_slice(struct slice got, const char *expected)
{
    if (!slice_eq(got, slice_of(expected)))
        fail_msg("`%.*s`, not `%s`", SLICE_ARG(got), expected);
}

/* ---- what servers write ---------------------------------------------------------------------- */

static void a_person_is_read(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct slice body = SLICE(
        "<categories xmlns=\"http://schemas.microsoft.com/2006/09/sip/categories\" "
        "uri=\"sip:Bob@contoso.test\"><category name=\"contactCard\" instance=\"0\"><contactCard>"
        "<identity><name><displayName>Bob B</displayName></name><email>bob@x</email></identity>"
        "</contactCard></category><category name=\"contactCard\" instance=\"6\"><contactCard>"
        "<title>Boss</title><phone type=\"work\"><uri>tel:+1</uri></phone></contactCard></category>"
        "<category name=\"state\" instance=\"2\"><state><availability>3500</availability></state>"
        "</category><category name=\"state\" instance=\"1\"><state " NS_XSI_ATTR
        "xsi:type=\"aggregateState\" lastActive=\"2027-01-15T08:00:00Z\">"
        "<availability>6500</availability><activity token=\"on-the-phone\"/>"
        "<device>Mobile</device></state></category>"
        "<category name=\"note\" publishTime=\"2010-11-02T09:14:07.050\"><note>"
        "<body type=\"personal\">new</body></note></category>"
        "<category name=\"note\" publishTime=\"2010-11-01T09:14:07.050\"><note>"
        "<body type=\"OOF\">old</body></note></category>"
        "<category name=\"calendarData\"/><category/></categories>");
    assert_int_equal(presence_read_news(CATEGORY_TYPE, body, f->arena, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 1);
    const struct presence_told *bob = &seen.told[0];
    assert_slice(bob->account, "bob@contoso.test");
    assert_true(bob->card && bob->state && bob->note && !bob->gone);
    assert_slice(bob->name, "Bob B");
    assert_slice(bob->title, "Boss");
    assert_slice(bob->phone, "tel:+1");
    assert_int_equal(bob->availability, 6500);
    assert_slice(bob->activity, "on-the-phone");
    assert_slice(bob->device, "Mobile");
    assert_true(bob->last_active == NOW);
    assert_slice(bob->note_text, "new");
    assert_false(bob->out_of_office);
}

static void empty_categories_clear(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct slice body = SLICE("<categories uri=\"bob@contoso.test\"><category name=\"note\"/>"
                              "<category name=\"state\"/></categories>");
    assert_int_equal(presence_read_news(CATEGORY_TYPE, body, f->arena, see, &seen, NULL), 0);
    assert_true(seen.told[0].note && seen.told[0].state && !seen.told[0].card);
    assert_int_equal(seen.told[0].availability, PRESENCE_UNKNOWN);
    assert_slice(seen.told[0].note_text, "");
}

static void other_documents_are_refused(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct presence_self_told self;
    struct presence_conflict *conflicts;
    struct fault fault;
    size_t count;
    assert_int_equal(
        presence_read_news(CATEGORY_TYPE, SLICE("<list/>"), f->arena, see, &seen, &fault),
        -ERR_MALFORMED);
    assert_int_equal(fault.finding, FINDING_PRESENCE_MALFORMED);
    assert_int_equal(
        presence_read_news(CATEGORY_TYPE, SLICE("<categories"), f->arena, see, &seen, &fault),
        -ERR_MALFORMED);
    assert_int_equal(presence_read_news(SLICE("multipart/related;boundary=b"), SLICE("x"), f->arena,
                                        see, &seen, &fault),
                     -ERR_MALFORMED);
    assert_int_equal(
        presence_read_news(SLICE("text/plain"), SLICE("x"), f->arena, see, &seen, NULL), 0);
    assert_int_equal(
        presence_read_news(CATEGORY_TYPE, SLICE("<categories/>"), f->arena, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 0);
    assert_int_equal(presence_read_self(SLICE("<categories/>"), f->arena, &self, &fault),
                     -ERR_MALFORMED);
    assert_int_equal(fault.finding, FINDING_PRESENCE_MALFORMED);
    static const char *const faults[] = {
        "<Fault><Faultcode>Client.Delegate.Operation.NotAuthorized</Faultcode><details/></Fault>",
        "<Fault><Faultcode>Client.BadCall.WrongDelta</Faultcode></Fault>",
        "<Fault><Faultcode>Client.BadCall.WrongDelta</Faultcode><details><operation index=\"1\"/>"
        "</details></Fault>",
        "<other/>"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_int_equal(
            presence_read_conflict(slice_of(faults[i]), f->arena, &conflicts, &count, &fault),
            -ERR_MALFORMED);
}

static void subscribers_are_read(void **state)
{
    struct fixture *f = *state;
    struct presence_self_told self;
    assert_int_equal(presence_read_self(
                         SLICE("<roamingData><subscribers><subscriber user=\"bob@contoso.test\" "
                               "displayName=\"Bob\" acknowledged=\"false\"/><subscriber user=\"\"/>"
                               "</subscribers></roamingData>"),
                         f->arena, &self, NULL),
                     0);
    assert_true(self.subscribers && !self.categories);
    assert_int_equal(self.subscriber_count, 1);
    assert_slice(self.subscriber[0].account, "bob@contoso.test");
    assert_false(self.subscriber[0].acknowledged);
}

/* ---- with our server ------------------------------------------------------------------------ */

/* Publish a list of ours, which the server must understand. */
static int publish_list(struct fixture *f, const struct presence_publication *list, size_t count)
{
    scoped(buf) struct buf body = BUF_INIT;
    presence_publish_print(SLICE("bo@a.test"), list, count, &body);
    return service(f, "bo", "01", SERVICE_PUBLISH, buf_string(&body));
}

static void versions_follow_the_server(void **state)
{
    struct fixture *f = *state;
    scoped(buf) struct buf machine = BUF_INIT;
    scoped(buf) struct buf note = BUF_INIT;
    struct presence_self_told told;
    struct presence_versions *versions = presence_versions_new();
    assert_false(presence_versions_known(versions));
    presence_state_print("machineState", false, 3500, &machine);
    presence_note_print(SLICE("Back <soon>"), &note);
    struct presence_publication list[] = {
        {"state", 0x30000009, 2, 0, "endpoint", false, buf_slice(&machine)},
        {"state", 0x30000009, 3, 0, "endpoint", false, buf_slice(&machine)},
        {"note", 0, 200, 0, "static", false, buf_slice(&note)}};
    assert_int_equal(publish_list(f, list, 3), 0);
    assert_int_equal(presence_read_self(body_of(f->answer), f->arena, &told, &f->fault), 0);
    presence_versions_take(versions, &told);
    assert_true(presence_versions_known(versions));
    assert_int_equal(presence_version(versions, "state", 0x30000009, 2), 1);
    assert_int_equal(presence_version(versions, "note", 0, 200), 1);
    assert_int_equal(presence_version(versions, "note", 0, 300), 0);
    assert_int_equal(told.own.availability, 3500);
    assert_slice(told.own.note_text, "Back <soon>");
    list[2].version = 1;
    list[2].remove = true;
    assert_int_equal(publish_list(f, &list[2], 1), 0);
    assert_int_equal(presence_read_self(body_of(f->answer), f->arena, &told, &f->fault), 0);
    presence_versions_take(versions, &told);
    assert_int_equal(presence_version(versions, "note", 0, 200), 0);
    assert_int_equal(presence_version(versions, "state", 0x30000009, 2), 1);
    presence_versions_free(versions);
}

static void a_conflict_names_the_version(void **state)
{
    struct fixture *f = *state;
    struct presence_conflict *conflicts;
    size_t count;
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "a")), 0);
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") NOTE("0", "", "b")), 0);
    assert_int_equal(
        presence_read_conflict(body_of(f->answer), f->arena, &conflicts, &count, &f->fault), 0);
    assert_int_equal(count, 1);
    assert_int_equal(conflicts[0].index, 3);
    assert_int_equal(conflicts[0].version, 0);
    assert_int_equal(conflicts[0].current, 1);
}

static void watchers_understand(void **state)
{
    struct fixture *f = *state;
    scoped(buf) struct buf ask = BUF_INIT;
    struct seen seen = {0};
    struct slice people[] = {SLICE("bo@a.test"), SLICE("nobody@a.test")};
    presence_batch_ask(SLICE("al@a.test"), people, 2, false, &ask);
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") USER("0", "6500")), 0);
    assert_int_equal(watch(f, OFFERS, "", buf_string(&ask)), 0);
    assert_int_equal(
        presence_read_news(type_of(f->answer), body_of(f->answer), f->arena, see, &seen, &f->fault),
        0);
    assert_int_equal(seen.count, 2);
    const struct presence_told *bo = &seen.told[seen.told[0].gone ? 1 : 0];
    const struct presence_told *nobody = &seen.told[seen.told[0].gone ? 0 : 1];
    assert_slice(bo->account, "bo@a.test");
    assert_int_equal(bo->availability, 6500);
    assert_true(bo->card && bo->state && bo->note);
    assert_slice(nobody->account, "nobody@a.test");
    assert_true(nobody->gone);
    assert_slice(nobody->reason, "noresource");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_person_is_read),
        TEST(empty_categories_clear),
        TEST(other_documents_are_refused),
        TEST(subscribers_are_read),
        TEST(versions_follow_the_server),
        TEST(a_conflict_names_the_version),
        TEST(watchers_understand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
