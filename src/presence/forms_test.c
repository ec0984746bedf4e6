/* The other forms of presence: subscribers, clients of 2003 and 2005, what the server
 * computes, and people who are forgotten. */
#include "presence/test_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SERVICE_SUBSCRIBER "Content-Type: application/msrtc-presence-setsubscriber+xml\r\n"
#define SUBSCRIBER(attributes)                                                                     \
    "<setSubscribers xmlns=\"http://schemas.microsoft.com/2006/09/sip/presence-subscribers\">"     \
    "<subscriber " attributes "/></setSubscribers>"
#define EVERYTHING                                                                                 \
    "<roamingList xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\"><roaming "       \
    "type=\"categories\"/><roaming type=\"containers\"/><roaming type=\"subscribers\"/>"           \
    "<roamingEx xmlns=\"http://schemas.microsoft.com/2007/09/sip/roaming-self-ex\" "               \
    "type=\"delegates\"/></roamingList>"
#define LISTED  "<resource uri=\"sip:bo@a.test\"><context/></resource>"
#define BO      "<resource uri=\"sip:bo@a.test\"/>"
#define ROAMING "Event: vnd-microsoft-roaming-self\r\n"
#define WPENDING                                                                                   \
    "Event: presence.wpending\r\nAccept: text/xml+msrtc.wpending\r\n"                              \
    "Supported: ms-benotify, ms-piggyback-first-notify\r\n"

static void test_subscribers(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(self_event(f, "bo", "01", ROAMING OFFERS, EVERYTHING), 0);
    has(f->answer, "<subscribers xmlns=\"http://schemas.microsoft.com/2006/09/sip/"
                   "presence-subscribers\"></subscribers>");
    has(f->answer, "<delegates xmlns=\"http://schemas.microsoft.com/2007/09/sip/delegates\" "
                   "version=\"0\"></delegates>");
    assert_int_equal(self_event(f, "bo", "02", WPENDING, ""), 0);
    has(f->answer, "Content-Type: text/xml+msrtc.wpending\r\n");
    has(f->answer, "<watchers uri=\"sip:bo@a.test\"></watchers>");
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO)), 0);
    assert_string_equal(f->sent, ""); /* he only looks */
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", LISTED)), 0);
    has(f->sent, "BENOTIFY sip:bo@a.test;opaque=01;gruu SIP/2.0\r\n");
    has(f->sent, "<subscriber acknowledged=\"false\" displayName=\"Al\" type=\"sameEnterprise\" "
                 "user=\"al@a.test\">");
    has(f->sent, "BENOTIFY sip:bo@a.test;opaque=02;gruu SIP/2.0\r\n");
    has(f->sent, "<watcher displayName=\"Al\" uri=\"sip:al@a.test\">");
    lose(f, "al", "01", true);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", LISTED)), 0);
    assert_string_equal(f->sent, ""); /* is there already */
    const char *acknowledge = SUBSCRIBER("user=\"AL@a.test\" acknowledged=\"true\"");
    assert_int_equal(service(f, "bo", "01", SERVICE_SUBSCRIBER, acknowledge), 0);
    has(f->sent, "presence-subscribers\"></subscribers>");
    has(f->sent, "<watchers uri=\"sip:bo@a.test\"></watchers>");
    has_not(f->answer, "Content-Type");
    assert_int_equal(service(f, "bo", "01", SERVICE_SUBSCRIBER, acknowledge), 0);
    assert_string_equal(f->sent, "");
    lose(f, "al", "01", true);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", LISTED)), 0);
    assert_string_equal(f->sent, ""); /* the user knows of him */
}

static void refuse(struct fixture *f, const char *body)
{
    assert_int_equal(service(f, "bo", "01", SERVICE_SUBSCRIBER, body), -ERR_MALFORMED);
    assert_int_equal(f->fault.finding, FINDING_PRESENCE_MALFORMED);
}

static void test_subscribers_refused(void **state)
{
    struct fixture *f = *state;
    refuse(f, SUBSCRIBER("user=\"al@a.test\" acknowledged=\"false\""));
    refuse(f, SUBSCRIBER("user=\"\" acknowledged=\"true\""));
    refuse(f, SUBSCRIBER("user=\"a@x\" acknowledged=\"true\"/><x"));
    refuse(f, "<setSubscribers/>");
    assert_int_equal(service(f, "bo", "01", SERVICE_SUBSCRIBER, "<setSubscribers"), -ERR_MALFORMED);
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "300", "0", "user", "al@a.test")), 0);
    assert_int_equal(self_event(f, "bo", "01", ROAMING OFFERS, EVERYTHING), 0);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", LISTED)), 0);
    assert_string_equal(f->sent, ""); /* who has a level needs no more asking */
}

/* No more wait than the limit, 2 here, says; they watch all the same. */
static void test_subscribers_many(void **state)
{
    struct fixture *f = *state;
    struct presence_contact contact = {.account = SLICE("cy@b.test"), .listed = true};
    struct presence_batch batch = {.arena = f->arena,
                                   .contacts = &contact,
                                   .contact_count = 1,
                                   .categories = {SLICE("state")},
                                   .category_count = 1,
                                   .poll = true};
    begin(f);
    for (int i = 0; i < 5; i++) {
        batch.watcher = arena_print(f->arena, "w%d@a.test", i);
        batch.watcher_name = SLICE("<&\">");
        presence_visit(f->home[1], &batch, f->now, &f->out);
        assert_non_null(contact.document.at);
    }
    struct registrar_caller caller = caller_of(f, "cy", "01");
    caller.account = SLICE("cy@b.test");
    const struct sip_message *request = parse(f, "SUBSCRIBE", "cy", "01", WPENDING, "", "");
    assert_int_equal(
        presence_self(f->home[1], request, &caller, f->now, &f->reply, &f->out, &f->fault), 0);
    has(f->reply.body.at, "w0@a.test");
    has(f->reply.body.at, "w1@a.test");
    has(f->reply.body.at, "displayName=\"&lt;&amp;&quot;");
    has_not(f->reply.body.at, "w2@a.test");
}

static void test_legacy(void **state)
{
    struct fixture *f = *state;
    f->addressee = "bo";
    const char *old = "Accept: text/xml+msrtc.pidf\r\n" OFFERS;
    assert_int_equal(watch(f, old, "", ""), 0);
    has(f->answer, "Content-Type: text/xml+msrtc.pidf\r\n");
    has_not(f->answer, "eventlist");
    has(f->answer, "uri=\"bo@a.test\"><availability aggregate=\"0\" description=\"offline\">");
    has(f->answer, "<displayName displayName=\"Bo &amp; Co\">");
    const char *tag = arena_string(f->arena, f->reply.to_tag);
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500")), 0);
    has(f->sent, "Content-Type: text/xml+msrtc.pidf\r\n");
    has(f->sent, "<availability aggregate=\"300\" description=\"online\">");
    has(f->sent, "<activity aggregate=\"400\" ");
    assert_int_equal(publish(f, "bo", "01", USER("0", "6500")), 0);
    has(f->sent, "<activity aggregate=\"600\" ");
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "unseen")), 0);
    assert_string_equal(f->sent, "");
    assert_int_equal(watch(f, old, tag, ""), 0); /* a refresh */
    has(f->answer, "aggregate=\"600\"");
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "32000", "0", "user", "al@a.test")),
        0);
    has(f->sent, "<availability aggregate=\"0\"");
    begin(f);
    presence_remove(f->home[1], SLICE("bo@a.test"), f->now, &f->posts);
    finish(f);
    has(f->sent, "Content-Type: text/xml+msrtc.pidf\r\n");
    has(f->sent, "<availability aggregate=\"0\"");
    assert_int_equal(watch(f, old, "", ""), 0);
    has(f->answer, "SIP/2.0 404 ");
    assert_string_equal(f->sent, "");
}

static void test_single(void **state)
{
    struct fixture *f = *state;
    f->addressee = "bo";
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500")), 0);
    assert_int_equal(watch(f, "", "", BATCH("subscribe", BO)), 0); /* knows no lists */
    has_not(f->answer, "Content-Type");
    has(f->sent, "NOTIFY sip:al@a.test;opaque=01;gruu SIP/2.0\r\n");
    has(f->sent, "Content-Type: application/msrtc-event-categories+xml\r\n");
    has_not(f->sent, "eventlist");
    lose(f, "al", "01", true);
    assert_int_equal(watch(f, "Supported: eventlist\r\n" OFFERS, "", BATCH("subscribe", BO)), 0);
    has(f->answer, "Content-Type: multipart/related;");
    assert_int_equal(
        watch(f, OFFERS, "",
              "<categoryList xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\">"
              "<category name=\"state\"/></categoryList>"),
        0);
    has(f->answer, "Content-Type: application/msrtc-event-categories+xml\r\n");
    has(f->answer, "<availability>3500</availability>");
    lose(f, "al", "01", true);
    assert_int_equal(watch(f, "Accept: application/msrtc-event-categories+xml\r\n" OFFERS, "", ""),
                     0);
    has(f->answer, "Content-Type: application/msrtc-event-categories+xml\r\n");
    has(f->answer, "<displayName>Bo &amp; Co</displayName>");
    has(f->answer, "<category name=\"services\"></category>");
    assert_int_equal(watch(f, OFFERS "Expires: 0\r\n", "", ""), 0); /* a poll */
    has(f->answer, "Content-Type: text/xml+msrtc.pidf\r\n");
    f->addressee = "nobody";
    assert_int_equal(watch(f, OFFERS, "", ""), 0);
    has(f->answer, "SIP/2.0 404 ");
}

#define DEVICE(instance, id, what)                                                                 \
    "<publication categoryName=\"device\" instance=\"" instance "\" container=\"2\" version=\"0\"" \
    " expireType=\"endpoint\"><device xmlns=\"http://schemas.microsoft.com/2006/09/sip/device\" "  \
    "endpointId=\"" id "\"><capabilities>" what "</capabilities></device></publication>"

static void test_services(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(self(f, "bo", "01", OFFERS), 0);
    has_not(f->answer, "<services");
    assert_int_equal(
        publish(f, "bo", "01",
                DEVICE("1", "x1", "<text capture=\"true\" render=\"true\" publish=\"false\"/>")),
        0);
    assert_int_equal(publish(f, "bo", "02",
                             DEVICE("2", "x2",
                                    "<text publish=\"true\"/><voice render=\"true\"/>"
                                    "<o.dd xmlns=\"urn:o\" render=\"true\"/>")),
                     0);
    has(f->answer, "<service uri=\"sip:bo@a.test\"><capabilities>");
    has(f->answer, "<text capture=\"true\" preferredEndpointId=");
    has(f->answer, "publish=\"true\" render=\"true\"></text>");
    has(f->answer, "<voice capture=\"false\" preferredEndpointId=\"x2\" publish=\"false\" "
                   "render=\"true\"></voice>");
    has(f->answer, "container=\"200\"");
    has_not(f->answer, "<o.dd capture");
    lose(f, "bo", "02", false);
    has(f->sent, "<services");
    has_not(f->sent, "<voice");
    lose(f, "bo", "01", true);
    assert_int_equal(self(f, "bo", "01", OFFERS), 0);
    has_not(f->answer, "<services");
}

#define HISTORY(instance)                                                                          \
    "<publication categoryName=\"noteHistory\" instance=\"" instance                               \
    "\" container=\"2\" version=\"0\" expireType=\"static\"><note>n" instance                      \
    "</note></publication>"

static void test_history(void **state)
{
    struct fixture *f = *state;
    static const char *const notes[] = {HISTORY("1"), HISTORY("2"), HISTORY("3"), HISTORY("4")};
    for (size_t i = 0; i < 4; i++) {
        f->now += 1000;
        assert_int_equal(publish(f, "bo", "01", notes[i]), 0);
        has(f->answer, "SIP/2.0 200 ");
    }
    has_not(f->answer, ">n1<");
    has(f->answer, ">n2<");
    has(f->answer, ">n4<");
}

/* Who has nothing live is forgotten; who has is not. */
static void test_forgotten(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO)), 0);
    int64_t due = presence_expire(f->home[1], f->now, &f->out, &f->posts);
    assert_true(due > f->now && due <= f->now + 600000);
    due = presence_expire(f->home[1], f->now += 601000, &f->out, &f->posts);
    assert_true(due > f->now && due < INT64_MAX);
    assert_true(presence_knows(f->home[1], SLICE("bo@a.test"))); /* al watches him */
    assert_false(presence_knows(f->home[1], SLICE("cy@b.test")));
    lose(f, "al", "01", true);
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500")), 0);
    presence_expire(f->home[1], f->now += 601000, &f->out, &f->posts);
    assert_true(presence_knows(f->home[1], SLICE("bo@a.test"))); /* his endpoint lives */
    lose(f, "bo", "01", true);
    presence_expire(f->home[1], f->now += 1201000, &f->out, &f->posts);
    assert_false(presence_knows(f->home[1], SLICE("bo@a.test")));
    assert_int_equal(presence_expire(f->home[1], f->now, &f->out, &f->posts), INT64_MAX);
}

/* Many are due at once: a turn does some of them, and all are done after some turns. */
static void test_many_due(void **state)
{
    struct fixture *f = *state;
    unsigned turns = 0;
    for (int i = 0; i < 1000; i++)
        presence_adopt(f->home[1], arena_print(f->arena, "p%d@a.test", i),
                       &(struct presence_identity){0}, NULL, f->now + (i * 7919) % 1000);
    f->now += 700000;
    begin(f);
    while (presence_expire(f->home[1], f->now, &f->out, &f->posts) == f->now)
        turns++;
    assert_in_range(turns, 3, 4);
    for (int i = 0; i < 1000; i++)
        assert_false(presence_knows(f->home[1], arena_print(f->arena, "p%d@a.test", i)));
}

/* XML that is none is refused wherever XML is taken, and a container that cannot be. */
static void test_malformed(void **state)
{
    struct fixture *f = *state;
    static const char *const types[] = {SERVICE_PUBLISH, SERVICE_MEMBERS, SERVICE_SUBSCRIBER};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_int_equal(service(f, "bo", "01", types[i], "<a><b></a>"), -ERR_MALFORMED);
        assert_int_equal(f->fault.finding, FINDING_XML_MALFORMED);
        assert_int_equal(service(f, "bo", "01", types[i], "<other/>"), -ERR_MALFORMED);
        assert_int_equal(f->fault.finding, FINDING_PRESENCE_MALFORMED);
    }
    assert_int_equal(watch(f, OFFERS, "", "<batchSub"), -ERR_MALFORMED);
    assert_int_equal(self_event(f, "bo", "01", ROAMING, "<roamingList"), -ERR_MALFORMED);
    assert_int_equal(self_event(f, "bo", "01", ROAMING, "<other/>"), -ERR_MALFORMED);
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "32768", "0", "user", "al@a.test")),
        -ERR_MALFORMED);
    for (int i = 0; i < 57; i++) { /* 64 containers with the seven that are there at first */
        const char *body =
            arena_print(f->arena, MEMBER("remove", "%d", "0", "user", "al@a.test"), 1000 + i).at;
        assert_int_equal(service(f, "bo", "01", SERVICE_MEMBERS, body), 0);
    }
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("remove", "999", "0", "user", "al@a.test")),
        -ERR_LIMIT);
    assert_int_equal(f->fault.finding, FINDING_PRESENCE_LIMIT);
}

/* However often an endpoint subscribes to its user, one dialog is told. */
static void test_self_again(void **state)
{
    struct fixture *f = *state;
    unsigned told = 0;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(self(f, "bo", "01", OFFERS), 0);
    assert_int_equal(publish(f, "bo", "02", NOTE("0", "", "once")), 0);
    for (const struct outgoing *o = f->out.first; o; o = o->next)
        told++;
    assert_int_equal(told, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_subscribers),      TEST(test_subscribers_refused),
                                       TEST(test_subscribers_many), TEST(test_legacy),
                                       TEST(test_single),           TEST(test_services),
                                       TEST(test_history),          TEST(test_forgotten),
                                       TEST(test_many_due),         TEST(test_malformed),
                                       TEST(test_self_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
