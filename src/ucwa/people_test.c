/* people: the list, presence, subscriptions. */
#include "ucwa/test_world_priv.h"

static void test_people(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/people/contacts", "");
    expect(&got, 200, "\"uri\":\"sip:bob@contoso.test\"");
    got = ask(HTTP_GET, "/people/groups", "");
    expect(&got, 200, "\"name\":\"Friends\"");
    got = ask(HTTP_GET, "/people/groups/2/contacts", "");
    expect(&got, 200, "bob@contoso.test");
    got = ask(HTTP_GET, "/people/groups/1/contacts", "");
    assert_false(holds(&got, "bob@contoso.test"));
    got = ask(HTTP_GET, "/people/groups/9", "");
    expect(&got, 404, "NotFound");
    got = ask(HTTP_GET, "/people/bob@contoso.test/presence", "");
    expect(&got, 200, "\"availability\":\"Busy\"");
    got = ask(HTTP_GET, "/people/bob@contoso.test/note", "");
    expect(&got, 200, "Personal");
    got = ask(HTTP_GET, "/people/nobody", "");
    expect(&got, 404, "NotFound");
    got = ask(HTTP_GET, "/people/search?query=b&limit=101", "");
    expect(&got, 400, "ParameterValidationFailure");
    hold(HTTP_GET, "/people/search?query=bo&limit=2", JSON, "");
    assert_int_equal(fake.number, 2);
    fake_tell((struct phone_news){
        .kind = PHONE_FOUND, .tag = fake.tag, .found = &fake.bob, .found_count = 1});
    expect_done(200);
    assert_true(holds(&held, "sip:bob@contoso.test"));
}

static void test_presence_subscriptions(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_POST, "/people/presenceSubscriptions",
                           "{\"duration\":11,\"uris\":[\"sip:bob@contoso.test\"]}");
    expect(&got, 201, "\"id\":\"1\"");
    assert_string_equal(fake.called, "watch");
    assert_string_equal(fake.text, "bob@contoso.test");
    ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"bob@contoso.test\"]}");
    /* Who is in another subscription stays watched. */
    fake.called[0] = '\0';
    got = ask(HTTP_DELETE, "/people/presenceSubscriptions/2", "");
    assert_int_equal(got.reply.status, 204);
    assert_string_equal(fake.called, "");
    got = ask(HTTP_POST, "/people/presenceSubscriptions/1", "{\"duration\":30}");
    expect(&got, 200, "presenceSubscription");
    now += 29 * MINUTE;
    ucwa_tick(ucwa, now);
    assert_string_equal(fake.called, "");
    now += MINUTE;
    ucwa_tick(ucwa, now);
    assert_string_equal(fake.called, "unwatch");
    static const char *const bad[] = {"{}",
                                      "{\"uris\":[]}",
                                      "{\"uris\":[7]}",
                                      "{\"uris\":[\"bob\"]}",
                                      "{\"duration\":5,\"uris\":[\"sip:b@c.test\"]}",
                                      "{\"duration\":-1,\"uris\":[\"b@c.test\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        got = ask(HTTP_POST, "/people/presenceSubscriptions", bad[i]);
        expect(&got, 400, "ParameterValidationFailure");
    }
    for (int i = 0; i < UCWA_SUBSCRIPTIONS_MAX; i++)
        ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"b@c.test\"]}");
    got = ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"b@c.test\"]}");
    expect(&got, 403, "LimitExceeded");
}

static void test_links_of_people(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/people/contacts?expand=false", "");
    expect(&got, 200, "/people/bob@contoso.test\"}]");
    assert_false(holds(&got, "_embedded"));
    got = ask(HTTP_GET, "/people/bob@contoso.test", "");
    expect(&got, 200, "\"contactPhoto\":{\"href\":\"");
    assert_true(holds(&got, "/photos/bob@contoso.test"));
    assert_false(holds(&got, "contactPrivacyRelationship"));
}

/* What was said of the end comes in time, and prolonging adds to what is left. */
static void test_subscription_warns(void **state)
{
    (void)state;
    ask(HTTP_POST, "/people/presenceSubscriptions?duration=10&uris=sip:bob@contoso.test", "");
    now += 8 * MINUTE;
    ucwa_tick(ucwa, now);
    struct asked got;
    ask_as(ALICE, &held, HTTP_GET, arena_print(arena, "%.*s/events?ack=1", SLICE_ARG(base)), JSON,
           "");
    now += 5000;
    ucwa_tick(ucwa, now);
    expect(&held, 200, "\"type\":\"updated\"");
    assert_true(holds(&held, "presenceSubscription"));
    got = ask(HTTP_POST, "/people/presenceSubscriptions/1?duration=20", "");
    expect(&got, 200, "presenceSubscription");
    fake.called[0] = '\0';
    now += 21 * MINUTE;
    ucwa_tick(ucwa, now);
    assert_string_equal(fake.called, "");
    now += MINUTE;
    ucwa_tick(ucwa, now);
    assert_string_equal(fake.called, "unwatch");
}

static void test_memberships(void **state)
{
    (void)state;
    struct asked got =
        ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"sip:bob@contoso.test\"]}");
    expect(&got, 201, "\"addToPresenceSubscription\":{\"href\":\"");
    got = ask(HTTP_POST, "/people/presenceSubscriptions/1/memberships",
              "{\"contactUris\":[\"sip:carol@contoso.test\",\"sip:bob@contoso.test\"]}");
    expect(&got, 201, "/memberships/carol@contoso.test\"");
    assert_int_equal(fake.people, 1);
    assert_string_equal(fake.text, "carol@contoso.test");
    got = ask(HTTP_GET, "/people/presenceSubscriptionMemberships", "");
    expect(&got, 200, "/memberships/bob@contoso.test\"");
    got = ask(HTTP_GET, "/people/subscribedContacts", "");
    expect(&got, 200, "sip:bob@contoso.test");
    got = ask(HTTP_GET, "/people/presenceSubscriptions/1/memberships/carol@contoso.test", "");
    expect(&got, 200, "\"rel\":\"presenceSubscriptionMembership\"");
    got = ask(HTTP_DELETE, "/people/presenceSubscriptions/1/memberships/carol@contoso.test", "");
    assert_int_equal(got.reply.status, 204);
    assert_string_equal(fake.called, "unwatch");
    got = ask(HTTP_DELETE, "/people/presenceSubscriptions/1/memberships/carol@contoso.test", "");
    expect(&got, 404, "NotFound");
    got = ask(HTTP_POST, "/people/presenceSubscriptions/1/memberships", "{\"contactUris\":[7]}");
    expect(&got, 400, "ParameterValidationFailure");
    got = ask(HTTP_POST, "/people/presenceSubscriptions/9/memberships", "{}");
    expect(&got, 404, "NotFound");
}

static void test_group_presence(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/people/groups/2", "");
    expect(&got, 200, "\"subscribeToGroupPresence\":{\"href\":\"");
    got = ask(HTTP_POST, "/people/groups/2/presence?duration=10", "");
    expect(&got, 201, "presenceSubscription");
    assert_string_equal(fake.text, "bob@contoso.test");
    got = ask(HTTP_POST, "/people/groups/1/presence?duration=10", "");
    expect(&got, 400, "ParameterValidationFailure");
    got = ask(HTTP_POST, "/people/groups/7/presence?duration=10", "");
    expect(&got, 404, "NotFound");
}

#define SUBSCRIPTION "/people/myContactsAndGroupsSubscription"
#define START        SUBSCRIPTION "/startOrRefreshSubscriptionToContactsAndGroups"

static void test_contacts_and_groups(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, SUBSCRIPTION, "");
    expect(&got, 200, "\"state\":\"Disconnected\"");
    assert_false(holds(&got, "stopSubscription"));
    got = ask(HTTP_POST, START "?duration=9", "");
    expect(&got, 400, "ParameterValidationFailure");
    got = ask(HTTP_POST, START, "{\"duration\":61}");
    expect(&got, 400, "ParameterValidationFailure");
    got = ask(HTTP_POST, START, "{\"duration\":9223372036854775807}");
    expect(&got, 400, "ParameterValidationFailure");
    got = ask(HTTP_POST, START, "{\"duration\":60}");
    expect(&got, 201, "\"state\":\"Connected\"");
    /* Bob moves, Carol comes, a group comes and one gets another name. */
    fake.contacts[0].groups = 4;
    fake.contacts[fake.contact_count++] =
        (struct phone_contact){SLICE("carol@contoso.test"), SLICE(""), 1};
    fake.groups[1].name = SLICE("Chums");
    fake.groups[fake.group_count++] = (struct phone_group){3, SLICE("Work")};
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    got = ask(HTTP_GET, "/events?ack=1", "");
    static const char *const events[][4] = {
        {"group", "/people/groups/3", "myGroups", "added"},
        {"group", "/people/groups/2", "myGroups", "updated"},
        {"contact", "/people/bob@contoso.test", "group", "deleted"},
        {"contact", "/people/bob@contoso.test", "group", "added"},
        {"contact", "/people/carol@contoso.test", "defaultGroup", "added"},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct slice head =
            arena_print(arena,
                        "{\"link\":{\"rel\":\"%s\",\"href\":\"%.*s%s\"},\"type\":\"%s\","
                        "\"in\":{\"rel\":\"%s\"",
                        events[i][0], SLICE_ARG(base), events[i][1], events[i][3], events[i][2]);
        expect(&got, 200, head.at);
    }
    /* Carol goes; nothing else is told. */
    fake.contact_count--;
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    got = ask(HTTP_GET, "/events?ack=2", "");
    expect(&got, 200, "carol@contoso.test\"},\"type\":\"deleted\"");
    assert_false(holds(&got, "bob@contoso.test"));
    got = ask(HTTP_POST, SUBSCRIPTION "/stopSubscriptionToContactsAndGroups", "");
    assert_int_equal(got.reply.status, 204);
    fake.group_count--;
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    got = ask(HTTP_GET, "/events?ack=3", "");
    assert_false(holds(&got, "/people/groups/3"));
}

static void test_contacts_and_groups_end(void **state)
{
    (void)state;
    ask(HTTP_POST, START "?duration=10", "");
    now += 8 * MINUTE;
    ucwa_tick(ucwa, now);
    struct asked got = ask(HTTP_GET, SUBSCRIPTION, "");
    expect(&got, 200, "\"state\":\"Connected\"");
    hold(HTTP_GET, "/events?ack=1", JSON, "");
    now += 5000;
    ucwa_tick(ucwa, now);
    expect(&held, 200, "myContactsAndGroupsSubscription");
    now += 2 * MINUTE;
    ucwa_tick(ucwa, now);
    got = ask(HTTP_GET, SUBSCRIPTION, "");
    expect(&got, 200, "\"state\":\"Disconnected\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_people),
        TEST(test_presence_subscriptions),
        TEST(test_links_of_people),
        TEST(test_subscription_warns),
        TEST(test_memberships),
        TEST(test_group_presence),
        TEST(test_contacts_and_groups),
        TEST(test_contacts_and_groups_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
