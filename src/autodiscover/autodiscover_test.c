/* The server half as clients see it, with a real vault, store and ticket service
 * behind it; at the end our client half walks through it. */
#include "autodiscover/autodiscover.h"

#include "accounts/test_world_priv.h"
#include "autodiscover/walk.h"
#include "autodiscover/xframe.h"
#include "base/encode.h"
#include "http/print.h"
#include "webticket/client.h"
#include "webticket/compact.h"

#include <jansson.h>
#include <string.h>

#define WEB      "https://webdir.contoso.test"
#define ROOT     SITE_PATH_AUTODISCOVER
#define USER     SITE_PATH_AUTODISCOVER_USER
#define OAUTH    SITE_PATH_AUTODISCOVER_OAUTH
#define PASSWORD "correct horse"

static const struct site site = {
    .domain = {"contoso.test", 12},
    .web_host = {"webdir.contoso.test", 19},
    .sip_host = {"sip.contoso.test", 16},
    .sip_external_host = {"sipfed.contoso.test", 19},
    .orgid_host = {"login.contoso.test", 18},
    .https_port = 443,
    .sip_port = 5061,
    .sip_external_port = 443,
};

/* The world of accounts, and the web services over it. */
struct shop {
    struct world *world;
    struct desk desk;
    struct penalty *penalty;
    struct webticket *webticket;
    struct autodiscover *autodiscover;
    struct http_routes *routes;
    struct http_reply reply;
    struct slice printed;
    bool on_loop;
};

static struct desk *desk_of(void *arg)
{
    return arg;
}

static int open_shop(void **state)
{
    static struct shop shop;
    void *world = NULL;
    if (setup(&world) != 0)
        return -1;
    shop = (struct shop){.world = world};
    struct vault_public keys;
    shop.desk = (struct desk){.accounts = shop.world->accounts, .vault = shop.world->client};
    if (vault_public(shop.world->client, shop.world->arena, &keys, NULL) < 0)
        return -1;
    shop.penalty = penalty_new(NULL);
    shop.webticket = webticket_new(&(struct webticket_options){.site = &site,
                                                               .desk = desk_of,
                                                               .desk_arg = &shop.desk,
                                                               .penalty = shop.penalty,
                                                               .keys = &keys,
                                                               .replay_entries = 16},
                                   NULL);
    shop.autodiscover = autodiscover_new(&(struct autodiscover_options){
        .site = &site,
        .webticket = shop.webticket,
        .desk = desk_of,
        .desk_arg = &shop.desk,
        .mcx = true,
        .ucwa = true,
        .origins = SLICE("https://app.test  junk https://b.test:8443")});
    shop.routes = http_routes_new(443);
    webticket_add_routes(shop.webticket, shop.routes);
    autodiscover_add_routes(shop.autodiscover, shop.routes);
    *state = &shop;
    return shop.webticket ? 0 : -1;
}

static int close_shop(void **state)
{
    struct shop *shop = *state;
    void *world = shop->world;
    http_routes_free(shop->routes);
    autodiscover_free(shop->autodiscover);
    webticket_free(shop->webticket);
    penalty_free(shop->penalty);
    return teardown(&world);
}

/* ---- asking ------------------------------------------------------------------------------- */

/* A request through framing, parsing, routes and printing. */
static void send_bytes(struct shop *shop, struct slice bytes, bool secure)
{
    struct arena *arena = shop->world->arena;
    const struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_frame frame = {0};
    struct http_request *request;
    struct fault fault;
    scoped(buf) struct buf out = BUF_INIT;
    if (http_frame_scan(&frame, &limits, bytes, &fault) < 0 ||
        http_request_parse(&frame, bytes, arena, &request, &fault) < 0)
        fail_msg("%s", fault.detail);
    request->secure = secure;
    request->peer = SLICE("192.0.2.7");
    request->on_loop = shop->on_loop;
    shop->reply = (struct http_reply){0};
    http_routes_answer(shop->routes, request, &shop->reply, arena, now);
    if (shop->reply.status == 0)
        return;
    http_reply_print(&shop->reply, request, SLICE("Lychgate"), now, &out);
    shop->printed = arena_copy(arena, buf_slice(&out));
}

/* GET a URL with XML asked for, or what `more` says instead. */
static int get(struct shop *shop, const char *url, const char *more)
{
    struct slice rest = slice_of(url), host, path;
    bool secure = slice_starts(rest, SLICE("https://"));
    rest = slice_from(rest, secure ? 8 : 7);
    ptrdiff_t slash = slice_index(rest, '/');
    host = slice_head(rest, (size_t)slash);
    path = slice_from(rest, (size_t)slash);
    send_bytes(shop,
               arena_print(shop->world->arena, "GET %.*s HTTP/1.1\r\nHost: %.*s\r\n%s\r\n",
                           SLICE_ARG(path), SLICE_ARG(host),
                           more ? more : "Accept: " AUTODISCOVER_ACCEPT "\r\n"),
               secure);
    return shop->reply.status;
}

static void assert_has(const struct shop *shop, const char *text)
{
    if (!strstr(shop->printed.at, text))
        fail_msg("no %s in\n%s", text, shop->printed.at);
}

static void assert_has_not(const struct shop *shop, const char *text)
{
    if (strstr(shop->printed.at, text))
        fail_msg("%s in\n%s", text, shop->printed.at);
}

/* ---- what anybody may ask ------------------------------------------------------------------ */

static void test_root_https(void **state)
{
    struct shop *shop = *state;
    static const char *const spellings[] = {
        "?sipuri=alice@contoso.test", "?sipuri=sip:alice@contoso.test",
        "?sipuri=sip%3Aalice%40contoso.test", "?SipUri=a+b@contoso.test&originalDomain=x", ""};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const char *url =
            arena_print(shop->world->arena, "https://LyncDiscover.contoso.test/%s", spellings[i])
                .at;
        assert_int_equal(get(shop, url, NULL), 200);
        assert_has(shop, "HTTP/1.1 200 OK\r\n");
        assert_has(shop,
                   "\r\nContent-Type: application/vnd.microsoft.rtc.autodiscover+xml; v=1\r\n");
        assert_has(shop, "\r\nCache-Control: no-cache\r\nExpires: -1\r\n"
                         "X-MS-Server-Fqdn: webdir.contoso.test\r\n");
        assert_has(shop, "\r\n\r\n<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                         "<AutodiscoverResponse AccessLocation=\"External\"><Root>"
                         "<Link token=\"Domain\" href=\"" WEB ROOT "/domain\"/>"
                         "<Link token=\"User\" href=\"" WEB USER "\"/>"
                         "</Root></AutodiscoverResponse>");
    }
    assert_int_equal(get(shop, WEB ROOT "?sipuri=a@b", NULL), 200);
    assert_int_equal(get(shop, "https://LyncDiscoverInternal.contoso.test/?sipuri=a@b", NULL), 200);
    assert_has(shop, "AccessLocation=\"Internal\"");
    assert_has(shop, "token=\"User\" href=\"" WEB USER "?location=internal\"");
    assert_int_equal(get(shop, "https://elsewhere.test/", NULL), 404);
}

static void test_root_http(void **state)
{
    struct shop *shop = *state;
    assert_int_equal(get(shop, "http://lyncdiscover.contoso.test/?sipuri=alice@contoso.test", NULL),
                     200);
    assert_has(shop, "<Root><Link token=\"Redirect\" href=\"" WEB ROOT "\"/></Root>");
    assert_has_not(shop, "User");
    assert_int_equal(get(shop, "http://lyncdiscoverinternal.contoso.test/?sipuri=a@b", NULL), 200);
    assert_has(shop, "<Link token=\"Redirect\" href=\"" WEB ROOT "?location=internal\"/>");
    assert_int_equal(get(shop, "http://webdir.contoso.test" ROOT, NULL), 200);
    assert_has(shop, "Redirect");
    /* Everything else goes to https before it is answered. */
    assert_int_equal(get(shop, "http://webdir.contoso.test" USER, NULL), 301);
}

static void test_bad_sipuri(void **state)
{
    struct shop *shop = *state;
    static const char *const bad[] = {"alice",  "sip:",  "@contoso.test", "alice@",     "a@b@c",
                                      "a%00@b", "%zz@b", "sip:@",         "%0d%0aX:@b", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *url = arena_print(shop->world->arena, WEB ROOT "?sipuri=%s", bad[i]).at;
        if (get(shop, url, NULL) != 400)
            fail_msg("%s: %d", bad[i], shop->reply.status);
        assert_int_equal(shop->reply.fault.finding, FINDING_AUTODISCOVER_MALFORMED);
    }
    char longish[600] = WEB USER "?sipuri=";
    memset(longish + strlen(longish), 'x', 300);
    strcpy(longish + strlen(longish), "@contoso.test");
    assert_int_equal(get(shop, longish, NULL), 400);
}

static void test_domain(void **state)
{
    struct shop *shop = *state;
    assert_int_equal(get(shop, WEB ROOT "/domain", NULL), 200);
    assert_has(shop, "<Domain><Link token=\"Internal/Autodiscover\" href=\"" WEB ROOT
                     "?location=internal\"/><Link token=\"External/Autodiscover\"");
}

static void test_json(void **state)
{
    struct shop *shop = *state;
    const char *href = NULL, *location = NULL;
    assert_int_equal(get(shop, WEB ROOT, "Accept: application/json\r\n"), 200);
    assert_true(slice_eq(shop->reply.content_type, SLICE("application/json")));
    json_t *root = json_loadb(shop->reply.body.at, shop->reply.body.len, 0, NULL);
    assert_int_equal(json_unpack(root, "{s:s,s:{s:{s:s},s:{s:s}}}", "AccessLocation", &location,
                                 "_links", "self", "href", &href, "user", "href", &href),
                     0);
    assert_string_equal(href, WEB OAUTH);
    assert_string_equal(location, "External");
    assert_non_null(json_object_get(json_object_get(root, "_links"), "xframe"));
    json_decref(root);
    /* Anything but XML by name is JSON: no Accept, a browser's, text/xml. */
    assert_int_equal(get(shop, WEB ROOT, ""), 200);
    assert_has(shop, "Content-Type: application/json\r\n");
    get(shop, WEB ROOT,
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n");
    assert_has(shop, "Content-Type: application/json\r\n");
    get(shop, WEB ROOT, "Accept: text/xml\r\n");
    assert_has(shop, "Content-Type: application/json\r\n");
    assert_int_equal(get(shop, "http://lyncdiscover.contoso.test/", ""), 200);
    assert_has(shop, "{\"redirect\":{\"href\":\"https://webdir");
}

static void test_challenge(void **state)
{
    struct shop *shop = *state;
    shop->on_loop = true; /* nothing of this needs a worker */
    assert_int_equal(get(shop, WEB USER "?sipuri=alice@contoso.test", NULL), 401);
    assert_has(shop, "\r\nX-MS-WebTicketURL: " WEB "/WebTicket/WebTicketService.svc\r\n");
    assert_has(shop, "\r\nX-MS-WebTicketSupported: saml\r\n");
    assert_has(shop, "\r\nX-MS-Server-Fqdn: webdir.contoso.test\r\n");
    assert_has(shop, "\r\nContent-Length: 0\r\n");
    assert_has_not(shop, "WWW-Authenticate");
    assert_has_not(shop, "Content-Type");
    assert_int_equal(get(shop, WEB USER, "X-MS-WebTicket: opaque=AAAA\r\n"), 0);
}

/* ---- with a ticket ------------------------------------------------------------------------------
 */

/* A ticket by HTTP Basic for that URL, as the value of X-MS-WebTicket. */
static struct slice ticket_for(struct shop *shop, const char *user, struct slice applies_to)
{
    struct arena *arena = shop->world->arena;
    static const char entropy[WEBTICKET_ENTROPY_LEN + 1] = "0123456789abcdef0123456789abcdef";
    scoped(buf) struct buf body = BUF_INIT;
    struct webticket_grant grant;
    struct fault fault;
    webticket_rst_print(
        &(struct webticket_ask){
            .method = WEBTICKET_BASIC,
            .to = SLICE(WEB SITE_PATH_WEBTICKET),
            .applies_to = applies_to,
            .sip_uri = arena_print(arena, "sip:%s", user),
            .entropy = slice_make(entropy, WEBTICKET_ENTROPY_LEN),
            .message_id = SLICE("uuid:1"),
            .now = now,
        },
        &body);
    struct slice basic = base64_print(arena, arena_print(arena, "%s:" PASSWORD, user));
    send_bytes(shop,
               arena_print(arena,
                           "POST " SITE_PATH_WEBTICKET " HTTP/1.1\r\nHost: webdir.contoso.test\r\n"
                           "Authorization: Basic %.*s\r\nContent-Type: text/xml\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           SLICE_ARG(basic), body.len, buf_string(&body)),
               true);
    if (shop->reply.status != 200)
        fail_msg("%s", shop->printed.at);
    if (webticket_rstr_parse(shop->reply.body, slice_make(entropy, WEBTICKET_ENTROPY_LEN), arena,
                             &grant, &fault) < 0)
        fail_msg("%s", fault.detail);
    struct slice value = webticket_opaque_header(arena, &grant);
    webticket_grant_fini(&grant);
    return value;
}

static struct account add_bob(struct shop *shop)
{
    struct account bob = add(shop->world, (struct account){.address = SLICE("bob@contoso.test")});
    assert_int_equal(accounts_set_password(shop->world->accounts, shop->world->client, bob.id,
                                           SLICE(PASSWORD), NULL),
                     0);
    return bob;
}

static int get_with(struct shop *shop, const char *url, struct slice ticket)
{
    return get(shop, url,
               arena_print(shop->world->arena,
                           "Accept: " AUTODISCOVER_ACCEPT "\r\nX-MS-WebTicket: %.*s\r\n",
                           SLICE_ARG(ticket))
                   .at);
}

static void test_user(void **state)
{
    struct shop *shop = *state;
    add_bob(shop);
    struct slice ticket = ticket_for(shop, "bob@contoso.test", SLICE(WEB USER));
    assert_int_equal(get_with(shop, WEB USER "?sipuri=sip:bob@contoso.test", ticket), 200);
    assert_has(shop, "\r\nContent-Type: application/vnd.microsoft.rtc.autodiscover+xml; v=1\r\n");
    assert_has(shop,
               "<AutodiscoverResponse AccessLocation=\"External\"><User>"
               "<SipServerInternalAccess fqdn=\"sip.contoso.test\" port=\"5061\"/>"
               "<SipClientInternalAccess fqdn=\"sip.contoso.test\" port=\"5061\"/>"
               "<SipServerExternalAccess fqdn=\"sipfed.contoso.test\" port=\"443\"/>"
               "<SipClientExternalAccess fqdn=\"sipfed.contoso.test\" port=\"443\"/>"
               "<Link token=\"Internal/Autodiscover\" href=\"" WEB ROOT "?location=internal\"/>"
               "<Link token=\"External/Autodiscover\" href=\"" WEB ROOT "\"/>"
               "<Link token=\"Internal/Mcx\" href=\"" WEB "/Mcx/McxService.svc\"/>"
               "<Link token=\"External/Mcx\" href=\"" WEB "/Mcx/McxService.svc\"/>"
               "<Link token=\"Internal/Ucwa\" href=\"" WEB "/ucwa/v1/applications\"/>"
               "<Link token=\"External/Ucwa\" href=\"" WEB "/ucwa/v1/applications\"/>"
               "<Link token=\"Self\" href=\"" WEB USER "\"/></User></AutodiscoverResponse>");
    assert_int_equal(get_with(shop, WEB USER "?location=internal", ticket), 200);
    assert_has(shop, "AccessLocation=\"Internal\"");
    assert_int_equal(
        get(shop, WEB USER,
            arena_print(shop->world->arena, "X-MS-WebTicket: %.*s\r\n", SLICE_ARG(ticket)).at),
        200);
    assert_has(shop, "\"SipClientExternalAccess\":{\"fqdn\":\"sipfed.contoso.test\",\"port\":443}");
    /* Bob's ticket asking for alice is still bob's ticket. */
    assert_int_equal(get_with(shop, WEB USER "?sipuri=alice@contoso.test", ticket), 200);
    assert_has_not(shop, "alice");
}

static bool told_outside(void *arg)
{
    const bool *outside = arg;
    return *outside;
}

/* ExposedWebURL changes between two answers of the same server. */
static void test_user_mcx(void **state)
{
    struct shop *shop = *state;
    bool outside = true;
    add_bob(shop);
    struct slice ticket = ticket_for(shop, "bob@contoso.test", SLICE(WEB USER));
    struct autodiscover *other = autodiscover_new(&(struct autodiscover_options){
        .site = &site,
        .webticket = shop->webticket,
        .desk = desk_of,
        .desk_arg = &shop->desk,
        .mcx = true,
        .mcx_outside = told_outside,
        .mcx_arg = &outside,
    });
    struct http_routes *usual = shop->routes;
    shop->routes = http_routes_new(443);
    autodiscover_add_routes(other, shop->routes);
    assert_int_equal(get_with(shop, WEB USER, ticket), 200);
    assert_has(shop, "<Link token=\"Internal/Mcx\" href=\"" WEB SITE_PATH_MCX "\"/>"
                     "<Link token=\"External/Mcx\" href=\"" WEB SITE_PATH_MCX "\"/>");
    assert_has_not(shop, "Ucwa"); /* a pool of the year 2010 */
    outside = false;
    assert_int_equal(get_with(shop, WEB USER, ticket), 200);
    assert_has(shop, "<Link token=\"Internal/Mcx\" href=\"" WEB SITE_PATH_MCX "\"/>");
    assert_has_not(shop, "External/Mcx");
    http_routes_free(shop->routes);
    autodiscover_free(other);
    shop->routes = usual;
}

static void test_user_elsewhere(void **state)
{
    struct shop *shop = *state;
    add_alice(shop->world); /* at home on pool1 */
    struct slice ticket = ticket_for(shop, "alice@contoso.test", SLICE(WEB USER));
    assert_int_equal(get_with(shop, WEB USER, ticket), 200);
    assert_has(shop, "<User><Link token=\"Redirect\" href=\"https://pool1.contoso.test" ROOT
                     "\"/></User>");
    assert_has_not(shop, "SipClient");
}

/* ---- what UCWA's clients read ---------------------------------------------------------------- */

static void get_oauth(struct shop *shop, const struct account *account, int status)
{
    struct slice token;
    assert_int_equal(webticket_issue_compact(shop->webticket, &shop->desk, account, now,
                                             shop->world->arena, &token, NULL),
                     0);
    struct slice header =
        arena_print(shop->world->arena, "Authorization: Bearer %.*s\r\n", SLICE_ARG(token));
    assert_int_equal(get(shop, WEB OAUTH, header.at), status);
}

static void test_oauth_challenge(void **state)
{
    struct shop *shop = *state;
    shop->on_loop = true;
    assert_int_equal(get(shop, WEB OAUTH, ""), 401);
    shop->on_loop = false;
    assert_has(shop, "\r\nWWW-Authenticate: Bearer trusted_issuers=\"\", client_id=\"00000004-"
                     "0000-0ff1-ce00-000000000000\"\r\n");
    assert_has(shop, "\r\nWWW-Authenticate: MsRtcOAuth href=\"" WEB
                     "/WebTicket/oauthtoken\",grant_type=\"password\"\r\n");
    assert_int_equal(get(shop, WEB OAUTH, "Authorization: Bearer cwt=AAEB\r\n"), 401);
    assert_has(shop, "MsRtcOAuth href");
}

static void test_oauth_user(void **state)
{
    struct shop *shop = *state;
    struct account bob = add_bob(shop);
    get_oauth(shop, &bob, 200);
    assert_has(shop, "\r\nContent-Type: application/json\r\n");
    assert_has(shop, "\"applications\":{\"href\":\"" WEB "/ucwa/oauth/v1/applications\"}");
    assert_has(shop, "\"xframe\":{\"href\":\"" WEB "/Autodiscover/XFrame/XFrame.html\"}");
    bob.id++;
    get_oauth(shop, &bob, 404);
    add_alice(shop->world); /* at home on pool1 */
    struct account alice;
    assert_int_equal(accounts_find(shop->world->accounts, SLICE("alice@contoso.test"),
                                   shop->world->arena, &alice, NULL),
                     0);
    get_oauth(shop, &alice, 200);
    assert_has(shop, "{\"redirect\":{\"href\":\"https://pool1.contoso.test" OAUTH "\"}}");
}

static void test_frame(void **state)
{
    struct shop *shop = *state;
    assert_int_equal(get(shop, WEB "/Autodiscover/XFrame/XFrame.html", ""), 200);
    assert_has(shop, "frame-ancestors https://app.test https://b.test:8443\r\n");
    assert_has(shop, "var origins=[\"https://app.test\",\"https://b.test:8443\"];");
    assert_int_equal(get(shop, WEB "/xframe", ""), 200);
    /* Without an origin there is neither page nor link. */
    struct autodiscover *other = autodiscover_new(&(struct autodiscover_options){
        .site = &site, .webticket = shop->webticket, .desk = desk_of, .desk_arg = &shop->desk});
    struct http_routes *usual = shop->routes;
    shop->routes = http_routes_new(443);
    autodiscover_add_routes(other, shop->routes);
    assert_int_equal(get(shop, WEB "/xframe", ""), 404);
    assert_int_equal(get(shop, WEB ROOT, ""), 200);
    assert_has_not(shop, "xframe");
    http_routes_free(shop->routes);
    autodiscover_free(other);
    shop->routes = usual;
}

static void test_home_unknown(void **state)
{
    struct shop *shop = *state;
    struct account bob = add_bob(shop);
    struct slice ticket = ticket_for(shop, "bob@contoso.test", SLICE(WEB USER));
    accounts_enable(shop->world->accounts, bob.id, false, NULL);
    assert_int_equal(get_with(shop, WEB USER, ticket), 404);
    assert_has(shop, "\r\nContent-Length: 0\r\n");
    assert_int_equal(shop->reply.fault.finding, FINDING_HOME_UNKNOWN);
    accounts_remove(shop->world->accounts, shop->world->client, bob.id, NULL);
    assert_int_equal(get_with(shop, WEB USER, ticket), 404);
    add_alice(shop->world); /* so that the number is not given out again */
    add_bob(shop);          /* another person of that name */
    assert_int_equal(get_with(shop, WEB USER, ticket), 404);
}

static void test_bad_tickets(void **state)
{
    struct shop *shop = *state;
    add_bob(shop);
    struct slice good = ticket_for(shop, "bob@contoso.test", SLICE(WEB USER));
    char *forged = arena_string(shop->world->arena, good);
    forged[good.len / 2] = forged[good.len / 2] == 'A' ? 'B' : 'A';
    const struct slice bad[] = {SLICE(""),
                                SLICE("opaque="),
                                SLICE("opaque=%%%"),
                                SLICE("opaque=AAAA"),
                                slice_head(good, good.len / 2 / 4 * 4),
                                slice_of(forged),
                                slice_from(good, 7)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (get_with(shop, WEB USER, bad[i]) != 401)
            fail_msg("%zu: %s", i, shop->printed.at);
        assert_has(shop, "\r\nX-Ms-diagnostics: 280");
        assert_has(shop, "\r\nX-MS-WebTicketURL: ");
        assert_has_not(shop, "WWW-Authenticate");
        assert_has_not(shop, "<User>");
    }
}

/* ---- both halves
 * ----------------------------------------------------------------------------------- */

static enum autodiscover_step walk_on(struct shop *shop, struct autodiscover_walk *walk,
                                      struct slice ticket)
{
    enum autodiscover_step step;
    struct fault fault;
    if (walk->with_ticket)
        get_with(shop, walk->url.at, ticket);
    else
        get(shop, walk->url.at, NULL);
    struct autodiscover_answer answer = {
        .status = shop->reply.status,
        .content_type = shop->reply.content_type,
        .ticket_url = http_reply_get(&shop->reply, "X-MS-WebTicketURL"),
        .server = http_reply_get(&shop->reply, "X-MS-Server-Fqdn"),
        .diagnostics = http_reply_get(&shop->reply, "X-Ms-diagnostics"),
        .body = shop->reply.body,
    };
    if (autodiscover_take(walk, &answer, &step, &fault) < 0)
        fail_msg("%s: %s", finding_id(fault.finding), fault.detail);
    return step;
}

/* From each name and scheme to the access points, in few steps. */
static void test_walk(void **state)
{
    struct shop *shop = *state;
    static const struct {
        const char *start;
        int gets;
        uint16_t port;
    } rows[] = {
        {"https://lyncdiscoverinternal.contoso.test/", 3, 5061},
        {"http://lyncdiscoverinternal.contoso.test/", 4, 5061},
        {"https://lyncdiscover.contoso.test/", 3, 443},
        {"http://lyncdiscover.contoso.test/", 4, 443},
    };
    add_bob(shop);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct autodiscover_walk walk;
        enum autodiscover_step step = AUTODISCOVER_GET;
        struct autodiscover_access points[2];
        struct slice ticket = {0};
        int gets = 0;
        autodiscover_begin(&walk, shop->world->arena, slice_of(rows[i].start),
                           SLICE("bob@contoso.test"));
        for (; step != AUTODISCOVER_FOUND; gets++) {
            step = walk_on(shop, &walk, ticket);
            if (step == AUTODISCOVER_TICKET)
                ticket = ticket_for(shop, "bob@contoso.test", walk.url);
        }
        assert_int_equal(gets, rows[i].gets);
        assert_int_equal(walk.unprotected, rows[i].start[4] == ':');
        assert_int_equal(autodiscover_access_points(&walk.document, points), 1);
        assert_int_equal(points[0].port, rows[i].port);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_shop, close_shop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_root_https),
        TEST(test_root_http),
        TEST(test_bad_sipuri),
        TEST(test_domain),
        TEST(test_json),
        TEST(test_challenge),
        TEST(test_user),
        TEST(test_user_mcx),
        TEST(test_user_elsewhere),
        TEST(test_home_unknown),
        TEST(test_oauth_challenge),
        TEST(test_oauth_user),
        TEST(test_frame),
        TEST(test_bad_tickets),
        TEST(test_walk),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
