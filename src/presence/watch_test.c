#include "presence/test_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- watching ----------------------------------------------------------------------------------
 */

#define BO  "<resource uri=\"sip:Bo@a.test\"/>"
#define CY  "<resource uri=\"sip:cy@b.test\"><context/></resource>"
#define NOB "<resource uri=\"sip:nobody@a.test\"/>"

static void test_watch(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500")), 0);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO CY NOB BO)), 0);
    has(f->answer, "Require: eventlist\r\n");
    has(f->answer, "ms-piggyback-cseq: 1\r\n");
    has(f->answer, "Content-Type: multipart/related; type=\"application/rlmi+xml\";"
                   "start=resourceList;boundary=");
    has(f->answer, "<resource uri=\"sip:nobody@a.test\"><instance id=\"0\" reason=\"noresource\" "
                   "state=\"terminated\">");
    has(f->answer, "uri=\"sip:bo@a.test\"><category container=\"200\"");
    has(f->answer, "<availability>3500</availability>");
    has(f->answer, "<category name=\"note\"></category>");
    has(f->answer, "uri=\"sip:cy@b.test\"");
    const char *tag = arena_string(f->arena, f->reply.to_tag);
    assert_int_equal(publish(f, "bo", "01", USER("0", "6500")), 0);
    has(f->sent, "BENOTIFY sip:al@a.test;opaque=01;gruu SIP/2.0\r\n");
    has(f->sent, "Content-Type: application/msrtc-event-categories+xml\r\n");
    has(f->sent, "<availability>6500</availability>");
    has(f->sent, "CSeq: 2 BENOTIFY\r\n");
    has_not(f->sent, "container=\"2\"");
    assert_int_equal(publish(f, "bo", "01", STATE("x", "8", "400", "0", "user", "1")), 0);
    assert_string_equal(f->sent, ""); /* not his container */
    assert_int_equal(watch(f, OFFERS, tag, ""), 0);
    has(f->answer, "uri=\"sip:bo@a.test\"><category container=\"200\"");
    assert_int_equal(watch(f, OFFERS, tag, BATCH("unsubscribe", BO)), 0);
    assert_int_equal(publish(f, "bo", "01", USER("1", "3500")), 0);
    assert_string_equal(f->sent, "");
    assert_int_equal(watch(f, OFFERS, "nosuchtag", ""), -ERR_UNKNOWN);
}

static void test_blocked(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") NOTE("0", "", "hi")), 0);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO)), 0);
    has(f->answer, ">hi</note>");
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "32000", "0", "user", "al@a.test")),
        0);
    has(f->sent, "<availability>18500</availability>");
    has(f->sent, "<category name=\"note\"></category>");
    has_not(f->sent, "3500");
    assert_int_equal(publish(f, "bo", "01", USER("0", "6500") NOTE("1", "", "ho")), 0);
    assert_string_equal(f->sent, "");
    assert_int_equal(watch(f, "", "", BATCH("subscribe", BO)), 0);
    has_not(f->sent, "6500");
    has_not(f->sent, ">ho<");
    assert_int_equal(service(f, "bo", "01", SERVICE_MEMBERS,
                             MEMBER("remove", "32000", "1", "user", "al@a.test")),
                     0);
    has(f->sent, ">ho</note>");
    has(f->sent, "\r\nCSeq: 2 NOTIFY\r\n"); /* the second dialog took no BENOTIFY */
}

static void test_watch_limits(void **state)
{
    struct fixture *f = *state;
    const char *six = "<resource uri=\"sip:1@x\"/><resource uri=\"sip:2@x\"/><resource "
                      "uri=\"sip:3@x\"/><resource uri=\"sip:4@x\"/><resource uri=\"sip:5@x\"/>";
    const char *more = arena_print(f->arena, BATCH("subscribe", "%s" BO), six).at;
    assert_int_equal(watch(f, OFFERS, "", more), -ERR_LIMIT);
    assert_int_equal(watch(f, OFFERS, "", "<batchSub/>"), -ERR_MALFORMED);
    assert_int_equal(watch(f, OFFERS, "", BATCH("eat", BO)), -ERR_MALFORMED);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", "<resource uri=\"bo\"/>")),
                     -ERR_MALFORMED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO)), 0);
    for (int i = 0; i < 1000; i++) { /* to himself, too */
        assert_int_equal(
            watch(f, OFFERS, "", BATCH("subscribe", "<resource uri=\"sip:al@a.test\"/>")),
            -ERR_LIMIT);
        assert_int_equal(f->fault.finding, FINDING_PRESENCE_LIMIT);
    }
    lose(f, "al", "01", true);
    for (int i = 0; i < 10; i++) /* a poll leaves nothing behind */
        assert_int_equal(watch(f, OFFERS "Expires: 0\r\n", "", BATCH("subscribe", BO)), 0);
    has(f->answer, "uri=\"sip:bo@a.test\"");
    has(f->answer, "subscription-state: terminated;expires=0\r\n");
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "x")), 0);
    assert_string_equal(f->sent, "");
}

/* News that come while the 200 is being made follow it. */
static void test_news_wait(void **state)
{
    struct fixture *f = *state;
    struct registrar_caller caller = caller_of(f, "al", "01");
    struct presence_batch *batch;
    begin(f);
    const struct sip_message *request =
        parse(f, "SUBSCRIBE", "al", "01", "Event: presence\r\n" OFFERS, "", BATCH("subscribe", BO));
    assert_int_equal(presence_subscribe(f->home[0], request, &caller, f->now, f->arena, &batch,
                                        &f->reply, &f->posts, &f->fault),
                     0);
    presence_visit(f->home[1], batch, f->now, &f->out);
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "late")), 0);
    assert_string_equal(f->sent, "");
    presence_subscribed(f->home[0], batch, f->now, &f->reply, &f->out);
    finish(f);
    has(f->sent, ">late</note>");
    has(f->sent, "CSeq: 2 BENOTIFY\r\n");
}

/* ---- endpoints, time ---------------------------------------------------------------------------
 */

static void test_endpoint_lost(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(publish(f, "bo", "01", MACHINE("11", "0", "3500") USER("0", "6500")), 0);
    assert_int_equal(publish(f, "bo", "02",
                             MACHINE("12", "0", "5000")
                                 STATE("phoneState", "7", "2", "0", "user", "7000")),
                     0);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO)), 0);
    has(f->answer, "<availability>7000</availability>");
    lose(f, "bo", "01", false);
    has(f->sent, "<availability>7500</availability>");
    lose(f, "bo", "02", true);
    has(f->sent, "<availability>18500</availability>");
    assert_int_equal(publish(f, "bo", "01", MACHINE("11", "0", "3500")), 0); /* anew from 0 */
    has(f->sent, "<availability>6500</availability>"); /* what he set is kept */
    lose(f, "al", "01", true);
    assert_int_equal(publish(f, "bo", "01", USER("1", "3500")), 0);
    assert_string_equal(f->sent, "");
}

static void test_expire(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        publish(f, "bo", "01",
                MACHINE("11", "0",
                        "3500") "<publication categoryName=\"state\" instance=\"603979776\" "
                                "container=\"2\" version=\"0\" expireType=\"time\" expires=\"60\">"
                                "<state xmlns=\"http://schemas.microsoft.com/2006/09/sip/state\" "
                                "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                                "xsi:type=\"userState\"><availability>9500</availability></state>"
                                "</publication>"),
        0);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO)), 0);
    has(f->answer, "<availability>9500</availability>");
    begin(f);
    assert_int_equal(presence_expire(f->home[1], f->now + 59999, &f->out, &f->posts), NOW + 60000);
    assert_null(f->posts.first);
    assert_true(presence_expire(f->home[1], f->now + 60000, &f->out, &f->posts) > f->now + 60000);
    finish(f);
    has(f->sent, "<availability>3500</availability>");
    begin(f);
    f->now += 28800000;
    assert_int_equal(presence_expire(f->home[0], f->now, &f->out, &f->posts), INT64_MAX);
    finish(f);
    assert_int_equal(publish(f, "bo", "01", NOTE("0", "", "x")), 0);
    assert_string_equal(f->sent, "");
}

static void test_gone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(publish(f, "bo", "01", MACHINE("9", "0", "3500") NOTE("0", "", "hi")), 0);
    assert_int_equal(watch(f, OFFERS, "", BATCH("subscribe", BO CY)), 0);
    const char *tag = arena_string(f->arena, f->reply.to_tag);
    begin(f);
    presence_remove(f->home[1], SLICE("bo@a.test"), f->now, &f->posts);
    finish(f);
    assert_false(presence_knows(f->home[1], SLICE("bo@a.test")));
    has(f->sent, "BENOTIFY ");
    has(f->sent, "<resource uri=\"sip:bo@a.test\"><instance id=\"0\" reason=\"noresource\" "
                 "state=\"terminated\">");
    has(f->sent, "<availability>18500</availability>");
    has(f->sent, "<category name=\"note\"></category>");
    assert_int_equal(watch(f, OFFERS, tag, ""), 0);
    has(f->answer, "uri=\"sip:cy@b.test\"");
    has_not(f->answer, "bo@a.test");
    begin(f);
    presence_remove(f->home[0], SLICE("al@a.test"), f->now, &f->posts);
    assert_non_null(f->posts.first);
    finish(f);
    assert_string_equal(f->sent, "");
    begin(f);
    presence_remove(f->home[0], SLICE("al@a.test"), f->now, &f->posts);
    assert_null(f->posts.first);
}

static void test_card(void **state)
{
    struct fixture *f = *state;
    struct card card = {.photo_hash = SLICE("0123456789012345678901234567890123456789")};
    card.field[CARD_TITLE] = SLICE("Boss & more");
    card.field[CARD_PHONE_WORK] = SLICE("+1 (555) 0100");
    card.field[CARD_PHONE_MOBILE] = SLICE("555-0101");
    card.field[CARD_CITY] = SLICE("Bern");
    const char *cards =
        "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\">"
        "<action name=\"subscribe\" id=\"1\"><adhocList>" BO "</adhocList>"
        "<categoryList xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\">"
        "<category name=\"contactCard\"/></categoryList></action></batchSub>";
    assert_int_equal(watch(f, OFFERS, "", cards), 0);
    begin(f);
    presence_card_changed(
        f->home[1], SLICE("bo@a.test"),
        &(struct presence_identity){.display_name = SLICE("Bo"),
                                    .card = &card,
                                    .photo_url = SLICE("https://fe/photo/bo?a=1&b=2")},
        f->now, &f->out, &f->posts);
    finish(f);
    has(f->sent, "<displayName>Bo</displayName>");
    has(f->sent, "<title>Boss &amp; more</title>");
    has(f->sent, "<photo type=\"enterprise\"><uri>https://fe/photo/bo?a=1&amp;b=2</uri><hash>0123");
    has(f->sent, "<phone type=\"work\"><uri>tel:+15550100</uri><displayString>+1 (555) 0100<");
    has(f->sent, "<address type=\"work\"><city>Bern</city></address>");
    has_not(f->sent, "0101"); /* a colleague's colleague does not see the mobile */
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "300", "0", "user", "al@a.test")), 0);
    has(f->sent, "tel:5550101");
    begin(f);
    presence_card_changed(f->home[1], SLICE("bo@a.test"),
                          &(struct presence_identity){.display_name = SLICE("Bo")}, f->now, &f->out,
                          &f->posts);
    finish(f);
    has_not(f->sent, "<title>");
    has(f->sent, "<email>bo@a.test</email>");
    assert_false(presence_blocks(f->home[1], SLICE("bo@a.test"), SLICE("al@a.test")));
    assert_int_equal(
        service(f, "bo", "01", SERVICE_MEMBERS, MEMBER("add", "32000", "0", "domain", "a.test")),
        0);
    assert_true(presence_blocks(f->home[1], SLICE("bo@a.test"), SLICE("al@a.test")));
    assert_false(presence_blocks(f->home[1], SLICE("bo@a.test"), SLICE("cy@b.test")));
    assert_false(presence_blocks(f->home[1], SLICE("nobody@a.test"), SLICE("al@a.test")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gone),         TEST(test_card),      TEST(test_watch),         TEST(test_blocked),
        TEST(test_watch_limits), TEST(test_news_wait), TEST(test_endpoint_lost), TEST(test_expire)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
