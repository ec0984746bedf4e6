/* What administrators change while the server runs, as those see it who are signed in:
 * contact lists, cards, photos, policies, dial plans, accounts. All is done with the
 * command line, and told within its second or at the next request. */
#include "town.h"

#include "judge.h"

#include <stdio.h>
#include <string.h>

#define CAROL          "carol@contoso.test"
#define CAROL_PASSWORD "correct horse"

static struct identity carol;

static int setup(void **state)
{
    struct town *town = town_new(NULL, 0, true);
    assert_int_equal(lab_server_user(town->lab, CAROL, CAROL_PASSWORD), 0);
    carol = town_identity(town, CAROL, CAROL_PASSWORD);
    *state = town;
    return 0;
}

static int teardown(void **state)
{
    identity_fini(&carol);
    return town_close(state);
}

/* ---- people ------------------------------------------------------------------------------ */

/* Alice, who has carol on her list and watches her. */
struct watcher {
    struct wire *wire;
    struct sip_client client;
};

static int subscribe(struct sip_client *client, const char *event, const char *type,
                     const char *body)
{
    struct sip_client_ask ask = {
        .method = SIP_SUBSCRIBE,
        .call_id = event,
        .lines = arena_print(client->arena,
                             "Event: %s\nSupported: ms-benotify\nSupported: eventlist\n"
                             "Supported: ms-piggyback-first-notify\n",
                             event)
                     .at,
        .content_type = slice_of(type),
        .body = slice_of(body)};
    return sip_client_ask(client, &ask);
}

static void sign_in(struct town *town, struct watcher *watcher, const struct identity *who)
{
    watcher->wire = town_sip(town);
    sip_client_init(&watcher->client, watcher->wire, who);
    assert_int_equal(sip_client_sign_in(&watcher->client), 200);
}

static void sign_out(struct watcher *watcher)
{
    sip_client_fini(&watcher->client);
    wire_close(take(&watcher->wire));
}

static void watch(struct town *town, struct watcher *watcher)
{
    sign_in(town, watcher, &town->alice);
    assert_int_equal(
        subscribe(&watcher->client, "presence", "application/msrtc-adrl-categorylist+xml",
                  "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\" "
                  "uri=\"sip:" ALICE
                  "\" name=\"\"><action name=\"subscribe\" id=\"1\"><adhocList><resource "
                  "uri=\"sip:" CAROL "\"/></adhocList><categoryList "
                  "xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\"><category "
                  "name=\"state\"/><category name=\"contactCard\"/></categoryList></action>"
                  "</batchSub>"),
        200);
}

#define verb(town, ...)                                                                            \
    assert_int_equal(lab_server_verb((town)->lab, NULL, (const char *const[]){__VA_ARGS__, NULL}), \
                     0)

static bool shows(const struct sip_client *client, const char *text)
{
    return slice_find(client->message.body, slice_of(text)) >= 0;
}

static const char *file_of(struct town *town, const char *name, struct slice bytes)
{
    const char *path = arena_print(town->arena, "%s/%s", town->lab->dir, name).at;
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    fclose(file);
    return path;
}

/* ---- contacts, cards, photos ----------------------------------------------------------------- */

static void an_imported_list_is_told(void **state)
{
    struct town *town = *state;
    struct watcher alice;
    sign_in(town, &alice, &town->alice);
    assert_int_equal(subscribe(&alice.client, "vnd-microsoft-roaming-contacts", "text/plain", ""),
                     200);
    assert_true(shows(&alice.client, "deltaNum=\"1\""));
    const char *list =
        file_of(town, "list.csv", SLICE("address,name,groups\n" CAROL ",Carol C.,Team\n"));
    verb(town, "contacts", "import", ALICE, list);
    assert_true(sip_client_hears(&alice.client, "<contactList"));
    assert_true(shows(&alice.client, "uri=\"" CAROL "\" name=\"Carol C.\""));
    assert_true(shows(&alice.client, "name=\"Team\""));
    assert_false(shows(&alice.client, "deltaNum=\"1\""));
    sign_out(&alice);
}

static void a_new_card_is_told(void **state)
{
    struct town *town = *state;
    struct watcher alice;
    watch(town, &alice);
    assert_false(shows(&alice.client, "<title>"));
    verb(town, "user", "card", CAROL, "title=Captain & Cook");
    assert_true(sip_client_hears(&alice.client, "<title>Captain &amp; Cook</title>"));
    sign_out(&alice);
}

/* The text between two others. */
static struct slice between(struct slice text, const char *before, const char *after)
{
    ptrdiff_t at = slice_find(text, slice_of(before));
    assert_true(at >= 0);
    text = slice_from(text, (size_t)at + strlen(before));
    at = slice_find(text, slice_of(after));
    assert_true(at >= 0);
    return slice_head(text, (size_t)at);
}

/* The smallest JPEG that says what it is: start, a comment, end. */
#define PHOTO "\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xFF\xFE\0\6face\xFF\xD9"

static void fetch_with_curl(struct town *town, const char *url, struct slice photo)
{
    const char *to = arena_print(town->arena, "%s/fetched", town->lab->dir).at;
    const char *connect = arena_print(town->arena, "::127.0.0.1:%u", town->lab->https).at;
    scoped(buf) struct buf said = BUF_INIT, got = BUF_INIT;
    const char *const curl[] = {"curl",  "-sS", "--fail", "--cacert", town->lab->ca, "--connect-to",
                                connect, "-o",  to,       url,        NULL};
    if (!judge_there("curl"))
        return;
    if (judge_run(&said, curl) != 0)
        fail_msg("%s", buf_string(&said));
    FILE *file = fopen(to, "re");
    assert_non_null(file);
    buf_added(&got, fread(buf_reserve(&got, 4096), 1, 4096, file));
    fclose(file);
    assert_true(slice_eq(buf_slice(&got), photo));
}

static void a_new_photo_is_told_and_served(void **state)
{
    struct town *town = *state;
    struct watcher alice;
    struct wire_response response;
    const struct slice photo = SLICE(PHOTO);
    watch(town, &alice);
    assert_false(shows(&alice.client, "<photo"));
    verb(town, "user", "photo", CAROL, file_of(town, "carol.jpg", photo));
    assert_true(sip_client_hears(&alice.client, "<photo type=\"enterprise\">"));
    struct slice card = alice.client.message.body;
    const char *url = arena_string(town->arena, between(card, "<uri>https://", "</uri>"));
    struct slice hash = between(card, "<hash>", "</hash>");
    assert_true(hash.len > 0);
    assert_non_null(strstr(url, arena_string(town->arena, hash)));
    assert_true(web_ask(town->web, town->lab, "GET", strchr(url, '/'), "", (struct slice){0},
                        town->arena, &response));
    assert_int_equal(response.status, 200);
    assert_true(slice_eq(wire_header(&response, "Content-Type"), SLICE("image/jpeg")));
    assert_true(slice_eq(response.body, photo));
    fetch_with_curl(town, arena_print(town->arena, "https://%s", url).at, photo);
    /* It goes as it came. */
    verb(town, "user", "photo", CAROL, "--remove");
    assert_true(sip_client_hears(&alice.client, "contactCard"));
    assert_false(shows(&alice.client, "<photo"));
    assert_true(web_ask(town->web, town->lab, "GET", strchr(url, '/'), "", (struct slice){0},
                        town->arena, &response));
    assert_int_equal(response.status, 404);
    sign_out(&alice);
}

/* ---- policies -----------------------------------------------------------------------------------
 */

static int ask_agent(struct sip_client *client, const char *agent)
{
    struct sip_client_ask ask = {.lines = arena_print(client->arena, "User-Agent: %s\n", agent).at};
    assert_int_equal(sip_client_associate(client), 0);
    return sip_client_ask(client, &ask);
}

static void a_client_is_turned_away(void **state)
{
    struct town *town = *state;
    struct watcher alice;
    alice.wire = town_sip(town);
    sip_client_init(&alice.client, alice.wire, &town->alice);
    assert_int_equal(ask_agent(&alice.client, "UCCAPI/4.0.7577.0 OC/4.0.7577.0"), 200);
    verb(town, "client-version", "rule", "Global", "1", "--agent", "OC", "--if", "LSS", "--version",
         "15.0.0.0", "--action", "BlockWithUrl", "--url", "https://get.contoso.test");
    verb(town, "policy", "set", "client-version", "Global", "Enabled=true");
    /* Who is in stays; who comes is asked. */
    assert_int_equal(sip_client_ask(&alice.client, NULL), 200);
    sign_out(&alice);
    alice.wire = town_sip(town);
    sip_client_init(&alice.client, alice.wire, &town->alice);
    assert_int_equal(ask_agent(&alice.client, "UCCAPI/4.0.7577.0 OC/4.0.7577.0"), 403);
    assert_true(slice_find(alice.client.message.bytes, SLICE("https://get.contoso.test")) >= 0);
    assert_logged(town, "client-blocked", "agent=\"UCCAPI/4.0.7577.0 OC/4.0.7577.0\"");
    sign_out(&alice);
    alice.wire = town_sip(town);
    sip_client_init(&alice.client, alice.wire, &town->alice);
    assert_int_equal(ask_agent(&alice.client, "UCCAPI/16.0.0.0 OC/16.0.0.0"), 200);
    sign_out(&alice);
    verb(town, "policy", "set", "client-version", "Global", "Enabled=false");
}

static struct slice provisioned(struct sip_client *client)
{
    assert_int_equal(subscribe(client, "vnd-microsoft-provisioning-v2",
                               "application/vnd-microsoft-roaming-provisioning-v2+xml",
                               "<provisioningGroupList "
                               "xmlns=\"http://schemas.microsoft.com/2006/09/sip/"
                               "provisioninggrouplist\"><provisioningGroup name=\"ucPolicy\"/>"
                               "</provisioningGroupList>"),
                     200);
    return client->message.body;
}

static struct slice dial_plan(struct sip_client *client)
{
    struct sip_client_ask ask = {
        .method = SIP_SERVICE, .uri = "sip:" ALICE ";gruu;opaque=app:locationprofile:get;default"};
    assert_int_equal(sip_client_ask(client, &ask), 200);
    return client->message.body;
}

static void policies_and_dial_plans_hold_at_once(void **state)
{
    struct town *town = *state;
    struct watcher alice;
    const struct slice allowed = SLICE("\"AllowCallForwarding\">true<"),
                       forbidden = SLICE("\"AllowCallForwarding\">false<");
    sign_in(town, &alice, &town->alice);
    assert_true(slice_find(provisioned(&alice.client), allowed) >= 0);
    verb(town, "policy", "set", "voice", "Global", "AllowCallForwarding=false");
    assert_true(slice_find(provisioned(&alice.client), forbidden) >= 0);
    verb(town, "policy", "set", "voice", "Tag:Boss", "AllowCallForwarding=true");
    assert_true(slice_find(provisioned(&alice.client), forbidden) >= 0);
    verb(town, "policy", "grant", "voice", ALICE, "Boss");
    assert_true(slice_find(provisioned(&alice.client), allowed) >= 0);
    /* The rules by which she dials. */
    assert_true(slice_find(dial_plan(&alice.client), SLICE("+4930")) < 0);
    verb(town, "dialplan", "set", "Tag:Berlin", "SimpleName=Berlin");
    verb(town, "dialplan", "rule", "Tag:Berlin", "1", "^(\\d{6})$", "+4930$1");
    verb(town, "policy", "grant", "dial-plan", ALICE, "Berlin");
    assert_true(slice_find(dial_plan(&alice.client), SLICE("+4930$1")) >= 0);
    sign_out(&alice);
}

/* ---- accounts
 * ------------------------------------------------------------------------------------ */

static void appear(struct town *town, struct watcher *her, struct watcher *alice)
{
    sign_in(town, her, &carol);
    struct sip_client_ask publish = {
        .method = SIP_SERVICE,
        .content_type = SLICE("application/msrtc-category-publish+xml"),
        .body = SLICE("<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\">"
                      "<publications uri=\"sip:" CAROL
                      "\"><publication categoryName=\"state\" instance=\"805306369\" "
                      "container=\"2\" version=\"0\" expireType=\"endpoint\"><state "
                      "xmlns=\"http://schemas.microsoft.com/2006/09/sip/state\" "
                      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                      "xsi:type=\"machineState\"><availability>3500</availability></state>"
                      "</publication></publications></publish>")};
    assert_int_equal(sip_client_ask(&her->client, &publish), 200);
    assert_true(sip_client_hears(&alice->client, "<availability>3500</availability>"));
}

static void is_signed_out(struct watcher *her)
{
    assert_true(sip_client_hears(&her->client, "deregistered;event="));
    assert_true(wire_ends(her->wire));
    sign_out(her);
}

static void who_is_disabled_or_removed_goes_offline(void **state)
{
    struct town *town = *state;
    struct watcher alice, her;
    watch(town, &alice);
    appear(town, &her, &alice);
    verb(town, "user", "disable", CAROL);
    assert_true(sip_client_hears(&alice.client, "<availability>18500</availability>"));
    is_signed_out(&her);
    struct sip_client_ask message = {.method = SIP_MESSAGE, .to = CAROL};
    assert_int_equal(sip_client_ask(&alice.client, &message), 404);
    sign_out(&alice);
    /* Back again; then for good. */
    verb(town, "user", "enable", CAROL);
    watch(town, &alice);
    appear(town, &her, &alice);
    verb(town, "user", "remove", CAROL);
    assert_true(sip_client_hears(&alice.client, "<availability>18500</availability>"));
    is_signed_out(&her);
    assert_int_equal(sip_client_ask(&alice.client, &message), 404);
    sign_out(&alice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(an_imported_list_is_told),
        HOSTILE(a_new_card_is_told),
        HOSTILE(a_new_photo_is_told_and_served),
        HOSTILE(a_client_is_turned_away),
        HOSTILE(policies_and_dial_plans_hold_at_once),
        HOSTILE(who_is_disabled_or_removed_goes_offline),
    };
    return cmocka_run_group_tests_name("live", tests, setup, teardown);
}
