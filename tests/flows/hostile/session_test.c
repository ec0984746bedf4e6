/* What a signed-in user may send wrong after the 200: every SERVICE and SUBSCRIBE spoiled,
 * stale, too large or too often. Each is refused by name, and the session goes on. */
#include "town.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    *state = town_new(NULL, 0, true);
    return 0;
}

/* ---- one request each ------------------------------------------------------------------ */

#define SOAP(method, fields)                                                                       \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><m:" method         \
    " xmlns:m=\"http://schemas.microsoft.com/winrtc/2002/11/sip\">" fields "</m:" method           \
    "></s:Body></s:Envelope>"
#define DELTA(number) "<m:deltaNum>" number "</m:deltaNum>"
#define CONTACT(name, groups, uri, delta)                                                          \
    SOAP("setContact", "<m:displayName>" name "</m:displayName><m:groups>" groups                  \
                       "</m:groups><m:subscribed>true</m:subscribed><m:URI>" uri                   \
                       "</m:URI><m:externalURI/>" DELTA(delta))
#define GROUP_ID(id) "<m:groupID>" id "</m:groupID>"
#define NAMED(name)  "<m:name>" name "</m:name><m:externalURI/>"
#define PUBLISH(who, list)                                                                         \
    "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\"><publications "     \
    "uri=\"sip:" who "\">" list "</publications></publish>"
#define NOTE(container, version, text)                                                             \
    "<publication categoryName=\"note\" instance=\"0\" container=\"" container                     \
    "\" version=\"" version "\" expireType=\"static\"><note xmlns=\"urn:n\">" text                 \
    "</note></publication>"
#define MEMBERS(list)                                                                              \
    "<setContainerMembers xmlns=\"http://schemas.microsoft.com/2006/09/sip/container-management"   \
    "\">" list "</setContainerMembers>"
#define MEMBER(id, version, type, value)                                                           \
    "<container id=\"" id "\" version=\"" version "\"><member action=\"add\" type=\"" type         \
    "\" value=\"" value "\"/></container>"
#define BATCH(list)                                                                                \
    "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\" "                \
    "uri=\"sip:" ALICE "\" name=\"\"><action name=\"subscribe\" id=\"1\"><adhocList>" list         \
    "</adhocList>"                                                                                 \
    "<categoryList xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\"><category "     \
    "name=\"state\"/></categoryList></action></batchSub>"
#define BOMB          "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><a>&c;</a>"

#define SOAP_TYPE     "application/SOAP+xml"
#define PUBLISH_TYPE  "application/msrtc-category-publish+xml"
#define MEMBERS_TYPE  "application/msrtc-setcontainermembers+xml"
#define SUBS_TYPE     "application/msrtc-presence-setsubscriber+xml"
#define BATCH_TYPE    "application/msrtc-adrl-categorylist+xml"
#define SELF_TYPE     "application/vnd-microsoft-roaming-self+xml"
#define GROUPS_TYPE   "application/vnd-microsoft-roaming-provisioning-v2+xml"
#define PROFILE(more) "sip:" ALICE ";gruu;opaque=app:locationprofile:get" more

struct wrong {
    const char *event; /* NULL: SERVICE, else SUBSCRIBE */
    const char *type, *body;
    int status;
    const char *finding;
    const char *uri, *to_tag; /* or NULL */
};

static const struct wrong wrongs[] = {
    /* contacts */
    {NULL, SOAP_TYPE, "<s:Envelope", 501, "service-not-served", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("setContact", "<m:URI>"), 400, "xml-malformed", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("setContact", "&amp;&nope;"), 400, "xml-forbidden", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("setContact", ""), 400, "contacts-malformed", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("setContact", DELTA("many")), 400, "contacts-malformed", NULL, NULL},
    {NULL, SOAP_TYPE, CONTACT("a", "1", "tel:911", "1"), 400, "contacts-malformed", NULL, NULL},
    {NULL, SOAP_TYPE, CONTACT("a", "1", "sip:c@d.test", "99"), 409, "contacts-stale", NULL, NULL},
    {NULL, SOAP_TYPE, CONTACT("a", "1", "sip:c@d.test", "0"), 409, "contacts-stale", NULL, NULL},
    {NULL, SOAP_TYPE, CONTACT("a", "63", "sip:c@d.test", "1"), 404, "contacts-unknown", NULL, NULL},
    {NULL, SOAP_TYPE, CONTACT("a", "65", "sip:c@d.test", "1"), 400, "contacts-malformed", NULL,
     NULL},
    {NULL, SOAP_TYPE, SOAP("deleteContact", "<m:URI>sip:no@d.test</m:URI>" DELTA("1")), 404,
     "contacts-unknown", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("modifyGroup", GROUP_ID("1") NAMED("mine") DELTA("1")), 403,
     "contacts-group-fixed", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("deleteGroup", GROUP_ID("1") DELTA("1")), 403, "contacts-group-fixed",
     NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("deleteGroup", GROUP_ID("9") DELTA("1")), 404, "contacts-unknown", NULL,
     NULL},
    {NULL, SOAP_TYPE, SOAP("addGroup", NAMED("~") DELTA("1")), 409, "contacts-group-named", NULL,
     NULL},
    {NULL, SOAP_TYPE, SOAP("stealContact", ""), 501, "service-not-served", NULL, NULL},
    /* presence */
    {NULL, PUBLISH_TYPE, "<publish", 400, "xml-malformed", NULL, NULL},
    {NULL, PUBLISH_TYPE, "", 400, "xml-malformed", NULL, NULL},
    {NULL, PUBLISH_TYPE, BOMB, 400, "xml-forbidden", NULL, NULL},
    {NULL, PUBLISH_TYPE, "<publish/>", 400, "presence-malformed", NULL, NULL},
    {NULL, PUBLISH_TYPE, PUBLISH(BOB, NOTE("200", "0", "I am bob")), 403, "presence-not-own", NULL,
     NULL},
    {NULL, PUBLISH_TYPE, PUBLISH(ALICE, NOTE("200", "7", "")), 409, "presence-stale", NULL, NULL},
    {NULL, PUBLISH_TYPE, PUBLISH(ALICE, NOTE("many", "0", "")), 400, "presence-malformed", NULL,
     NULL},
    {NULL, MEMBERS_TYPE, "<setContainerMembers>", 400, "xml-malformed", NULL, NULL},
    {NULL, MEMBERS_TYPE, "<setContainerMembers/>", 400, "presence-malformed", NULL, NULL},
    {NULL, MEMBERS_TYPE, MEMBERS(MEMBER("300", "8", "user", BOB)), 409, "presence-stale", NULL,
     NULL},
    {NULL, MEMBERS_TYPE, MEMBERS(MEMBER("0", "0", "user", BOB)), 400, "presence-malformed", NULL,
     NULL},
    {NULL, MEMBERS_TYPE, MEMBERS(MEMBER("4000000000", "0", "user", BOB)), 400, "presence-malformed",
     NULL, NULL},
    {NULL, MEMBERS_TYPE, MEMBERS(MEMBER("300", "0", "god", BOB)), 400, "presence-malformed", NULL,
     NULL},
    {NULL, SUBS_TYPE, "<setSubscribers", 400, "xml-malformed", NULL, NULL},
    {NULL, SUBS_TYPE, "<setSubscribers/>", 400, "presence-malformed", NULL, NULL},
    /* the directory, the dial plan, and what is not served */
    {NULL, SOAP_TYPE, SOAP("directorySearch", "<m:maxResults>"), 400, "xml-malformed", NULL, NULL},
    {NULL, SOAP_TYPE, SOAP("directorySearch", ""), 400, "address-book-malformed", NULL, NULL},
    {NULL, "text/plain", "x", 485, "dial-plan-unnamed", PROFILE(""), NULL},
    {NULL, "text/plain", "x", 404, "dial-plan-unknown", PROFILE(";phone-context=moon"), NULL},
    {NULL, "application/nonsense", "<a/>", 501, "service-not-served", NULL, NULL},
    /* subscriptions */
    {"presence", BATCH_TYPE, "<batchSub", 400, "xml-malformed", NULL, NULL},
    {"presence", BATCH_TYPE, BOMB, 400, "xml-forbidden", NULL, NULL},
    {"presence", BATCH_TYPE, "<batchSub/>", 400, "presence-malformed", NULL, NULL},
    {"presence", BATCH_TYPE, BATCH("<resource uri=\"bob\"/>"), 400, "presence-malformed", NULL,
     NULL},
    {"presence", BATCH_TYPE, BATCH("<resource uri=\"sip:" BOB "\"/>"), 481, "subscription-unknown",
     NULL, "nobody"},
    {"vnd-microsoft-roaming-self", SELF_TYPE, "<roamingList", 400, "xml-malformed", NULL, NULL},
    {"vnd-microsoft-roaming-self", SELF_TYPE, "<roamingList/>", 400, "presence-malformed", NULL,
     NULL},
    {"vnd-microsoft-roaming-self", SELF_TYPE, "", 481, "subscription-unknown", NULL, "nobody"},
    {"presence.wpending", "text/plain", "", 481, "subscription-unknown", NULL, "nobody"},
    {"vnd-microsoft-roaming-contacts", "text/plain", "", 481, "subscription-unknown", NULL,
     "nobody"},
    {"vnd-microsoft-provisioning-v2", GROUPS_TYPE, "<provisioningGroupList", 400,
     "provisioning-malformed", NULL, NULL},
    {"vnd-microsoft-provisioning-v2", GROUPS_TYPE, "<groups/>", 400, "provisioning-malformed", NULL,
     NULL},
    {"dialog", "text/plain", "", 489, "event-package-not-served", NULL, NULL},
    {"presence2", "text/plain", "", 489, "event-package-not-served", NULL, NULL},
    {"", "text/plain", "", 489, "event-package-not-served", NULL, NULL},
};

static int say(struct sip_client *client, const struct wrong *wrong)
{
    struct sip_client_ask ask = {.method = wrong->event ? SIP_SUBSCRIBE : SIP_SERVICE,
                                 .uri = wrong->uri,
                                 .to_tag = wrong->to_tag,
                                 .content_type = slice_of(wrong->type),
                                 .body = slice_of(wrong->body)};
    if (wrong->event)
        ask.lines = arena_print(client->arena, "Event: %s\n", wrong->event).at;
    return sip_client_ask(client, &ask);
}

static void come(struct town *town, struct wire *wire, struct sip_client *client)
{
    sip_client_init(client, wire, &town->alice);
    assert_int_equal(sip_client_sign_in(client), 200);
}

/* The session is as good as before: a change is still taken. */
static void still_served(struct sip_client *client)
{
    static const struct wrong right = {.type = PUBLISH_TYPE, .body = PUBLISH(ALICE, "")};
    assert_int_equal(say(client, &right), 200);
    assert_int_equal(sip_client_ask(client, NULL), 200);
}

static void wrong_requests_are_refused_by_name(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    scoped(wire) struct wire *wire = town_sip(town);
    come(town, wire, &client);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        int status = say(&client, &wrongs[i]);
        if (status != wrongs[i].status)
            fail_msg("%s %s %s: %d", wrongs[i].event, wrongs[i].type, wrongs[i].body, status);
        assert_true(sip_client_trusts(&client));
        assert_true(lab_server_logged(town->lab, mark, wrongs[i].finding, "user=sip:" ALICE));
    }
    still_served(&client);
    sip_client_fini(&client);
}

/* ---- too much in one request -------------------------------------------------------------- */

/* `before`, `count` times `item` (which may have one %zu), `after`. */
static struct slice many(struct arena *arena, const char *before, const char *item, size_t count,
                         const char *after)
{
    scoped(buf) struct buf text = BUF_INIT;
    const char *number = strstr(item, "%zu");
    buf_add_string(&text, before);
    for (size_t i = 0; i < count; i++) {
        buf_add(&text, slice_make(item, number ? (size_t)(number - item) : strlen(item)));
        if (number)
            buf_print(&text, "%zu%s", i, number + 3);
    }
    buf_add_string(&text, after);
    return arena_copy(arena, buf_slice(&text));
}

static const struct {
    const char *event, *type, *before, *item, *after;
    size_t count;
    int status;
    const char *finding;
} giants[] = {
    {NULL, SOAP_TYPE,
     "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><m:addGroup "
     "xmlns:m=\"http://schemas.microsoft.com/winrtc/2002/11/sip\"><m:name>",
     "long ", "</m:name><m:deltaNum>1</m:deltaNum></m:addGroup></s:Body></s:Envelope>", 60, 413,
     "contacts-too-long"},
    {NULL, SOAP_TYPE,
     "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><m:addGroup "
     "xmlns:m=\"http://schemas.microsoft.com/winrtc/2002/11/sip\"><m:name>",
     "long ", "</m:name><m:deltaNum>1</m:deltaNum></m:addGroup></s:Body></s:Envelope>", 8000, 413,
     "xml-limit"},
    {NULL, PUBLISH_TYPE,
     "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\"><publications "
     "uri=\"sip:" ALICE "\"><publication categoryName=\"note\" instance=\"0\" container=\"200\" "
     "version=\"0\" expireType=\"static\"><note xmlns=\"urn:n\">",
     "note ", "</note></publication></publications></publish>", 4000, 403, "presence-limit"},
    {NULL, PUBLISH_TYPE,
     "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\"><publications "
     "uri=\"sip:" ALICE "\">",
     "<publication categoryName=\"note\" container=\"200\" version=\"0\" expireType=\"endpoint\" "
     "instance=\"%zu\"><a/></publication>",
     "</publications></publish>", 450, 403, "presence-limit"},
    {NULL, MEMBERS_TYPE,
     "<setContainerMembers xmlns=\"http://schemas.microsoft.com/2006/09/sip/container-management"
     "\">",
     "<container version=\"0\" id=\"1%zu\"><member action=\"add\" type=\"user\" value=\"" BOB
     "\"/></container>",
     "</setContainerMembers>", 99, 403, "presence-limit"},
    {NULL, MEMBERS_TYPE,
     "<setContainerMembers xmlns=\"http://schemas.microsoft.com/2006/09/sip/container-management"
     "\"><container version=\"0\" id=\"400\">",
     "<member action=\"add\" type=\"user\" value=\"u%zu@contoso.test\"/>",
     "</container></setContainerMembers>", 1001, 403, "presence-limit"},
    {"presence", BATCH_TYPE,
     "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\" uri=\"sip:" ALICE
     "\" name=\"\"><action name=\"subscribe\" id=\"1\"><adhocList>",
     "<resource uri=\"sip:u%zu@contoso.test\"/>",
     "</adhocList><categoryList "
     "xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\"><category "
     "name=\"state\"/></categoryList></action></batchSub>",
     1001, 403, "presence-limit"},
    {"presence", BATCH_TYPE,
     "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\" uri=\"sip:" ALICE
     "\" name=\"\"><action name=\"subscribe\" id=\"1\"><adhocList><resource uri=\"sip:" BOB
     "\"/></adhocList><categoryList "
     "xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\">",
     "<category name=\"c%zu\"/>", "</categoryList></action></batchSub>", 17, 403, "presence-limit"},
};

static void giants_are_refused(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    scoped(wire) struct wire *wire = town_sip(town);
    come(town, wire, &client);
    for (size_t i = 0; i < sizeof giants / sizeof *giants; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        struct slice body =
            many(client.arena, giants[i].before, giants[i].item, giants[i].count, giants[i].after);
        int status = say(&client, &(struct wrong){.event = giants[i].event,
                                                  .type = giants[i].type,
                                                  .body = arena_string(client.arena, body)});
        if (status != giants[i].status)
            fail_msg("row %zu: %d", i, status);
        assert_true(lab_server_logged(town->lab, mark, giants[i].finding, "user=sip:" ALICE));
    }
    still_served(&client);
    sip_client_fini(&client);
}

/* The longest list that is served, of people whom nobody knows; then one more. */
static void a_full_list(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    scoped(wire) struct wire *wire = town_sip(town);
    struct slice lines =
        many(town->arena, "address,name,groups\n", "u%zu@contoso.test,,\n", 1000, "");
    const char *file = arena_print(town->arena, "%s/full.csv", town->lab->dir).at;
    FILE *to = fopen(file, "we");
    assert_non_null(to);
    assert_int_equal(fwrite(lines.at, 1, lines.len, to), lines.len);
    fclose(to);
    const char *const import[] = {"contacts", "import", ALICE, file, NULL};
    come(town, wire, &client);
    struct wrong subscribe = {
        .event = "vnd-microsoft-roaming-contacts", .type = "text/plain", .body = ""};
    assert_int_equal(say(&client, &subscribe), 200);
    assert_int_equal(lab_server_verb(town->lab, NULL, import), 0);
    assert_true(sip_client_hears(&client, "u999@contoso.test"));
    assert_int_equal(say(&client, &(struct wrong){.type = SOAP_TYPE,
                                                  .body = CONTACT("a", "1", "sip:c@d.test", "2")}),
                     413);
    assert_logged(town, "contacts-full", "user=sip:" ALICE);
    struct slice batch =
        many(client.arena,
             "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\" "
             "uri=\"sip:" ALICE "\" name=\"\"><action name=\"subscribe\" id=\"1\"><adhocList>",
             "<resource uri=\"sip:u%zu@contoso.test\"/>", 1000,
             "</adhocList><categoryList "
             "xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\"><category "
             "name=\"state\"/></categoryList></action></batchSub>");
    assert_int_equal(say(&client, &(struct wrong){.event = "presence",
                                                  .type = BATCH_TYPE,
                                                  .body = arena_string(client.arena, batch)}),
                     200);
    still_served(&client);
    sip_client_fini(&client);
}

/* ---- too often ---------------------------------------------------------------------------------
 */

enum {
    OFTEN = 1000,
    DIALOGS = 16 /* docs/presence.md */
};

static int subscribe_again(struct sip_client *client, const char *event, const char *type,
                           const char *body, int i)
{
    struct sip_client_ask ask = {
        .method = SIP_SUBSCRIBE,
        .call_id = arena_print(client->arena, "often-%d", i).at,
        .lines = arena_print(client->arena, "Event: %s\nSupported: ms-benotify\n", event).at,
        .content_type = slice_of(type),
        .body = slice_of(body)};
    return sip_client_ask(client, &ask);
}

static void subscribing_to_oneself_a_thousand_times(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    scoped(wire) struct wire *wire = town_sip(town);
    come(town, wire, &client);
    for (int i = 0; i < OFTEN; i++) {
        int status = subscribe_again(&client, "presence", BATCH_TYPE,
                                     BATCH("<resource uri=\"sip:" ALICE "\"/>"), i);
        if (status != (i < DIALOGS ? 200 : 403))
            fail_msg("presence %d: %d", i, status);
    }
    assert_logged(town, "presence-limit", "user=sip:" ALICE);
    static const char *const single[] = {"vnd-microsoft-roaming-self", "presence.wpending",
                                         "vnd-microsoft-roaming-contacts"};
    for (size_t kind = 0; kind < sizeof single / sizeof *single; kind++)
        for (int i = 0; i < OFTEN; i++) {
            const char *body =
                kind == 0 ? "<roamingList "
                            "xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\">"
                            "<roaming type=\"categories\"/></roamingList>"
                          : "";
            int status = subscribe_again(&client, single[kind], SELF_TYPE, body, i);
            if (status != 200)
                fail_msg("%s %d: %d", single[kind], i, status);
        }
    /* Only the latest of a kind is told anything. */
    struct sip_client other;
    scoped(wire) struct wire *more = town_sip(town);
    come(town, more, &other);
    assert_int_equal(
        say(&other, &(struct wrong){.type = SOAP_TYPE,
                                    .body = SOAP("addGroup", NAMED("often") DELTA("2"))}),
        200);
    assert_true(sip_client_hears(&client, "<addedGroup"));
    assert_true(slice_eq(client.message.call_id, SLICE("often-999")));
    assert_int_equal(say(&other, &(struct wrong){.type = PUBLISH_TYPE,
                                                 .body = PUBLISH(ALICE, NOTE("200", "0", "so"))}),
                     200);
    assert_true(sip_client_hears(&client, "<roamingData"));
    assert_true(slice_eq(client.message.call_id, SLICE("often-999")));
    still_served(&client);
    sip_client_fini(&other);
    sip_client_fini(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(wrong_requests_are_refused_by_name),
        HOSTILE(giants_are_refused),
        HOSTILE(a_full_list),
        HOSTILE(subscribing_to_oneself_a_thousand_times),
    };
    return cmocka_run_group_tests_name("hostile/session", tests, setup, town_close);
}
