#include "presence/test_world_priv.h"

#include "accounts/account.h"
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- publishing ----------------------------------------------------------------------------- */

static void test_publish(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") USER("0", "6500")), 0);
    has(f->answer, "Content-Type: application/vnd-microsoft-roaming-self+xml\r\n");
    has(f->answer,
        "<category container=\"2\" expireType=\"endpoint\" instance=\"9\" name=\"state\" "
        "publishTime=\"2027-01-15T08:00:00.000\" version=\"1\"><state ");
    has(f->answer, "xsi:type=\"aggregateState\"><availability>6500</availability>");
    has(f->answer, "<category container=\"32000\" expireType=\"user\" instance=\"1\"");
    has_not(f->answer, "contactCard");
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "1", "5000")), 0);
    has(f->answer, "instance=\"9\" name=\"state\" publishTime=\"2027-01-15T08:00:00.000\" "
                   "version=\"2\"");
    has(f->answer, "<availability>7500</availability>"); /* busy and idle */
    has(f->answer, "lastActive=\"2027-01-15T08:00:00Z\"");
}

/* SIPE sends again with curVersion, at once and for ever: it must then be taken. */
static void test_conflict(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "a")), 0);
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") NOTE("0", "", "b")), 0);
    has(f->answer, "SIP/2.0 409 ");
    has(f->answer, "ms-diagnostics: 2141;");
    has(f->answer, "Content-Type: application/msrtc-fault+xml\r\n");
    has(f->answer, "<Faultcode>Client.BadCall.WrongDelta</Faultcode><details>"
                   "<operation index=\"3\" version=\"0\" curVersion=\"1\"/>");
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") NOTE("1", "", "b")), 0);
    has(f->answer, "SIP/2.0 200 "); /* and nothing of the refused one was kept */
    assert_int_equal(publish(f, "bo", "01", NOTE("7", "", "b")), 0);
    has(f->answer, "version=\"7\" curVersion=\"2\"");
    assert_int_equal(publish(f, "bo", "01", NOTE("0", " expires=\"0\"", "")), 0);
    has(f->answer, "<category container=\"200\" name=\"note\"></category>");
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "c")), 0);
    has(f->answer, "SIP/2.0 200 ");
}

static void refused(struct fixture *f, const char *type, const char *body, enum finding finding)
{
    assert_true(service(f, "bo", "01", type, body) < 0);
    if (f->fault.finding != finding)
        fail_msg("%s: %s", finding_id(f->fault.finding), f->fault.detail);
    assert_string_equal(f->sent, "");
}

#define PUBLISH(who, list)                                                                         \
    "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\"><publications "     \
    "uri=\"sip:" who "@a.test\">" list "</publications></publish>"

static void test_refused(void **state)
{
    struct fixture *f = *state;
    scoped(buf) struct buf many = BUF_INIT;
    refused(f, SERVICE_PUBLISH, "<publish", FINDING_XML_MALFORMED);
    refused(f, SERVICE_PUBLISH, "<publish/>", FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_PUBLISH, PUBLISH("al", ""), FINDING_PRESENCE_NOT_OWN);
    refused(f, SERVICE_PUBLISH, PUBLISH("bo", STATE("x", "1", "200", "1", "static", "3500")),
            FINDING_PRESENCE_NOT_OWN);
    refused(f, SERVICE_PUBLISH, PUBLISH("bo", NOTE("0", "", "<x xmlns=\"relative\"/>")),
            FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_PUBLISH, PUBLISH("bo", NOTE("0", "", "") NOTE("0", "", "")),
            FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_PUBLISH, PUBLISH("bo", STATE("x", "-1", "2", "0", "static", "1")),
            FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_PUBLISH, PUBLISH("bo", STATE("x", "9", "32768", "0", "static", "1")),
            FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_PUBLISH, PUBLISH("bo", STATE("x", "9", "2", "0", "never", "1")),
            FINDING_PRESENCE_MALFORMED);
    for (int i = 0; i < 21; i++)
        buf_print(&many,
                  "<publication categoryName=\"c\" instance=\"%d\" container=\"2\" "
                  "version=\"0\" expireType=\"user\"/>",
                  i);
    assert_int_equal(publish(f, "bo", "01", buf_string(&many)), -ERR_LIMIT);
    buf_clear(&many);
    for (int i = 0; i < 17000; i++)
        buf_add_byte(&many, 'x');
    assert_int_equal(
        publish(f, "bo", "01", arena_print(f->arena, NOTE("0", "", "%s"), buf_string(&many)).at),
        -ERR_LIMIT);
    refused(f, SERVICE_MEMBERS, MEMBER("add", "0", "0", "user", "al@a.test"),
            FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_MEMBERS, MEMBER("add", "400", "0", "friend", "al@a.test"),
            FINDING_PRESENCE_MALFORMED);
    refused(f, SERVICE_MEMBERS, MEMBER("add", "400", "0", "user", ""), FINDING_PRESENCE_MALFORMED);
    assert_int_equal(service(f, "no", "01", SERVICE_PUBLISH, PUBLISH("no", "")), -ERR_UNKNOWN);
}

/* ---- self ------------------------------------------------------------------------------------ */

static void test_self(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(self(f, "bo", "01", OFFERS), 0);
    has(f->answer, "ms-piggyback-cseq: 1\r\n");
    has(f->answer, "<displayName>Bo &amp; Co</displayName>");
    has(f->answer, "<container id=\"200\" version=\"0\"><member type=\"sameEnterprise\">");
    assert_int_equal(self(f, "bo", "02", ""), 0);
    has(f->sent, "NOTIFY sip:bo@a.test;opaque=02;gruu SIP/2.0\r\n");
    assert_int_equal(publish(f, "bo", "02", NOTE("0", "", "hi")), 0);
    has(f->sent, "BENOTIFY sip:bo@a.test;opaque=01;gruu SIP/2.0\r\n");
    has(f->sent, ">hi</note>");
    has_not(f->sent, "opaque=02"); /* has it in its 200 */
    has_not(f->sent, "containers");
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "400", "0", "user", "AL@a.test")), 0);
    has(f->sent, "<container id=\"400\" version=\"1\"><member type=\"user\" value=\"al@a.test\">");
    has(f->sent, "opaque=01;gruu SIP/2.0");
    has_not(f->sent, "id=\"200\"");
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "400", "0", "user", "x@a.test")), 0);
    has(f->answer, "SIP/2.0 409 ");
    lose(f, "bo", "01", false);
    assert_int_equal(publish(f, "bo", "02", NOTE("1", "", "ho")), 0);
    assert_string_equal(f->sent, "");
}

/* ---- what may come between plan and apply ------------------------------------------------------
 */

static void between(struct fixture *f, const char *list, bool last, struct presence_change **change)
{
    begin(f);
    const char *body = arena_print(f->arena, PUBLISH("bo", "%s"), list).at;
    const struct sip_message *request = parse(f, "SERVICE", "bo", "01", SERVICE_PUBLISH, "", body);
    struct registrar_caller caller = caller_of(f, "bo", "01");
    struct guid instance = endpoint_instance_of_epid(SLICE("01"));
    assert_int_equal(
        presence_plan(f->home[1], request, &caller, f->now, f->arena, change, &f->reply, &f->fault),
        0);
    presence_endpoint_lost(f->home[1], SLICE("bo@a.test"), &instance, last, f->now, &f->out,
                           &f->posts);
    f->now += 1000;
    assert_true(presence_expire(f->home[1], f->now, &f->out, &f->posts) > f->now);
}

static void test_between(void **state)
{
    struct fixture *f = *state;
    struct presence_change *change;
    between(f, MACHINE("9", "0", "3500") NOTE("0", "", "hi"), false, &change);
    presence_apply(f->home[1], change, f->now, &f->reply, &f->out, &f->posts);
    has(f->reply.body.at, ">hi</note>");
    has_not(f->reply.body.at, "machineState"); /* nobody would ever take it away */
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500")), 0);
    has(f->answer, "<availability>3500</availability>");
    between(f, STATE("x", "7", "400", "0", "user", "1") NOTE("1", "", "ho"), true, &change);
    presence_apply(f->home[1], change, f->now, &f->reply, &f->out, &f->posts);
    has(f->reply.body.at, ">ho</note>");
    has_not(f->reply.body.at, "instance=\"7\"");
    between(f, NOTE("2", "", "hu"), true, &change);
    presence_remove(f->home[1], SLICE("bo@a.test"), f->now, &f->posts);
    presence_apply(f->home[1], change, f->now, &f->reply, &f->out, &f->posts);
    assert_false(presence_knows(f->home[1], SLICE("bo@a.test")));
}

/* ---- on disk -----------------------------------------------------------------------------------
 */

static void commit(struct fixture *f, struct store *store, const char *type, const char *body)
{
    begin(f);
    const struct sip_message *request = parse(f, "SERVICE", "bo", "01", type, "", body);
    struct registrar_caller caller = caller_of(f, "bo", "01");
    struct presence_change *change;
    assert_int_equal(presence_plan(f->home[1], request, &caller, f->now, f->arena, &change,
                                   &f->reply, &f->fault),
                     0);
    assert_non_null(change);
    assert_true(change->durable);
    assert_int_equal(presence_commit(store, change, &f->fault), 0);
    presence_apply(f->home[1], change, f->now, &f->reply, &f->out, &f->posts);
}

static void keep_and_load(struct fixture *f, struct store *store)
{
    scoped(store_reader) struct store_reader *reader = NULL;
    struct presence_record *record;
    commit(f, store, SERVICE_PUBLISH,
           PUBLISH("bo", MACHINE("11", "0", "3500") USER("0", "6500") NOTE("0", "", "kept")));
    commit(f, store, SERVICE_PUBLISH, PUBLISH("bo", NOTE("1", "", "kept2")));
    commit(f, store, SERVICE_MEMBERS, MEMBER("add", "32000", "0", "user", "al@a.test"));
    commit(f, store, SERVICE_MEMBERS, MEMBER("add", "300", "0", "user", "x@a.test"));
    commit(f, store, SERVICE_MEMBERS, MEMBER("remove", "300", "1", "user", "x@a.test"));
    assert_int_equal(store_reader_open(store, &reader, &f->fault), 0);
    assert_int_equal(presence_load(reader, SLICE("bo@a.test"), f->arena, &record, &f->fault), 0);
    presence_free(f->home[1]);
    f->home[1] = presence_new(&(struct presence_options){
        .domain = SLICE("a.test"), .terms = {1200000, 28800000, 43200000, "<sip:fe>"}});
    assert_false(presence_knows(f->home[1], SLICE("bo@a.test")));
    presence_adopt(f->home[1], SLICE("bo@a.test"), &(struct presence_identity){0}, record, f->now);
    assert_int_equal(self(f, "bo", "01", OFFERS), 0);
    has(f->answer, ">kept2</note>");
    has(f->answer, "<availability>6500</availability>");
    has_not(f->answer, "expireType=\"endpoint\"");
    has(f->answer,
        "<container id=\"32000\" version=\"1\"><member type=\"user\" value=\"al@a.test\">");
    has_not(f->answer, "x@a.test");
    has(f->answer, "<container id=\"300\" version=\"2\">"); /* though nobody is in it */
    assert_int_equal(publish(f, "bo", "01", NOTE("2", "", "next")), 0);
    has(f->answer, "SIP/2.0 200 ");
}

static int add_account(struct store_db *db, void *arg, struct fault *fault)
{
    (void)arg;
    return store_exec(db, fault,
                      "insert into account (address, login, enabled, created)"
                      " values ('bo@a.test', 'bo', 1, 0)",
                      STORE_END);
}

static void test_durable(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/lychgate-presence-XXXXXX", path[64], command[96];
    const struct store_schema *const schemas[] = {&accounts_schema, &presence_schema};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/db", dir);
    {
        scoped(store) struct store *store = NULL;
        assert_int_equal(
            store_open(&(struct store_options){.path = path, .schemas = schemas, .schema_count = 2},
                       &store, &f->fault),
            0);
        assert_int_equal(store_write(store, add_account, NULL, &f->fault) < 0, 0);
        keep_and_load(f, store);
    }
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(command, sizeof command, "%s%s", path, endings[i]);
        unlink(command);
    }
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_publish), TEST(test_conflict), TEST(test_refused),
                                       TEST(test_self),    TEST(test_between),  TEST(test_durable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
