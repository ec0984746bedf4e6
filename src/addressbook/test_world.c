#include "addressbook/test_world_priv.h"

#include "addressbook/group.h"
#include "base/encode.h"
#include "vault/vault_init.h"
#include "xml/reader.h"
#include "xml/soap.h"
#include "xml/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const int64_t now = INT64_C(1795298700500); /* 2026-11-21T22:05:00.5Z */

#define TEXT(s) .at = (s), .len = sizeof(s) - 1 /* SLICE is no constant for a static */

static const struct site site = {
    .domain = {TEXT("contoso.test")},
    .web_host = {TEXT("webdir.contoso.test")},
    .sip_host = {TEXT("sip.contoso.test")},
    .sip_external_host = {TEXT("sipfed.contoso.test")},
    .orgid_host = {TEXT("login.contoso.test")},
    .https_port = 443,
};

const struct slice photo = {TEXT("\xff\xd8\xff\xe0 not much of a photo")};

struct world world;
static struct xml_doc *documents[64];
static size_t document_count;

/* ---- the world ------------------------------------------------------------------------ */

static struct desk *the_desk(void *arg)
{
    struct world *w = arg;
    return &w->desk;
}

static int add(struct account *account, const char *address, const char *name, bool enabled)
{
    *account = (struct account){
        .address = slice_of(address), .display_name = slice_of(name), .enabled = enabled};
    int err = accounts_add(world.desk.accounts, account, world.arena, &world.fault);
    return err ? err
               : accounts_set_password(world.desk.accounts, world.desk.vault, account->id,
                                       SLICE("secret"), &world.fault);
}

static int fill_cards(void)
{
    static const struct {
        enum card_field field;
        const char *value;
    } alice[] = {
        {CARD_GIVEN_NAME, "Alice"},
        {CARD_SURNAME, "Liddell"},
        {CARD_TITLE, "Explorer & <Lead>"},
        {CARD_COMPANY, "Contoso"},
        {CARD_PHONE_WORK, "+44 (1865) 276-150"},
        {CARD_PHONE_MOBILE, "+44 7700 900123"},
        {CARD_CITY, "Oxford"},
        {CARD_COUNTRY, "GB"},
    };
    for (size_t i = 0; i < sizeof alice / sizeof *alice; i++)
        if (card_set(world.store, world.alice.id, alice[i].field, slice_of(alice[i].value),
                     &world.fault))
            return -1;
    return card_set(world.store, world.bob.id, CARD_COMPANY, SLICE("Contoso"), &world.fault) ||
           card_photo_set(world.store, world.alice.id, photo, &world.fault);
}

static int open_accounts(void)
{
    static const struct store_schema *const schemas[] = {&accounts_schema, &card_schema,
                                                         &addressbook_schema};
    if (store_open(&(struct store_options){.path = world.store_path,
                                           .schemas = schemas,
                                           .schema_count = sizeof schemas / sizeof *schemas},
                   &world.store, &world.fault) ||
        accounts_open(
            &(struct accounts_options){.store = world.store, .default_domain = site.domain},
            &world.desk.accounts, &world.fault))
        return -1;
    return add(&world.alice, "alice@contoso.test", "Alice Liddell", true) ||
           add(&world.bob, "bob@contoso.test", "Bob Almond", true) ||
           add(&world.carol, "carol@contoso.test", "Carol Alder", false) || fill_cards();
}

static int open_roles(void)
{
    world.penalty = penalty_new(NULL);
    world.webticket = webticket_new(&(struct webticket_options){.site = &site,
                                                                .desk = the_desk,
                                                                .desk_arg = &world,
                                                                .penalty = world.penalty,
                                                                .keys = &world.keys},
                                    &world.fault);
    world.addressbook = addressbook_new(&(struct addressbook_options){
        .site = &site, .desk = the_desk, .desk_arg = &world, .webticket = world.webticket});
    world.routes = http_routes_new(443);
    if (!world.webticket)
        return -1;
    webticket_add_routes(world.webticket, world.routes);
    addressbook_add_routes(world.addressbook, world.routes);
    return 0;
}

int setup_group(void **state)
{
    (void)state;
    snprintf(world.dir, sizeof world.dir, "/tmp/lychgate-addressbook-XXXXXX");
    if (!mkdtemp(world.dir))
        return -1;
    snprintf(world.vault_dir, sizeof world.vault_dir, "%s/vault", world.dir);
    snprintf(world.store_path, sizeof world.store_path, "%s/store.db", world.dir);
    world.arena = arena_new();
    if (vault_init(world.vault_dir,
                   &(struct vault_init_options){.site = "contoso.test", .now = now},
                   &world.fault) ||
        vault_start(&(struct vault_options){.dir = world.vault_dir, .clients = 1, .hash_cost = 1},
                    &world.vault, &world.fault))
        return -1;
    world.desk.vault = vault_client(world.vault, 0);
    return vault_public(world.desk.vault, world.arena, &world.keys, &world.fault) ||
           open_accounts() || open_roles();
}

int teardown_group(void **state)
{
    char command[128];
    (void)state;
    while (document_count > 0)
        xml_doc_free(documents[--document_count]);
    http_routes_free(world.routes);
    addressbook_free(world.addressbook);
    webticket_free(world.webticket);
    penalty_free(world.penalty);
    accounts_free(world.desk.accounts);
    store_free(world.store);
    vault_free(world.vault);
    arena_free(world.arena);
    snprintf(command, sizeof command, "rm -rf %s", world.dir);
    return system(command);
}

struct slice photo_hash(void)
{
    struct card card;
    assert_int_equal(card_load(accounts_reader(world.desk.accounts), world.alice.id, world.arena,
                               &card, &world.fault),
                     0);
    return card.photo_hash;
}

/* ---- on the wire -------------------------------------------------------------------------- */

struct http_reply fetch(const char *url, struct slice body, struct slice ticket)
{
    struct http_reply reply = {0};
    struct slice host, path;
    slice_cut(slice_from(slice_of(url), strlen("https://")), '/', &host, &path);
    struct http_field header = {SLICE("X-MS-WebTicket"), ticket};
    struct http_request request = {
        .method = slice_absent(body) ? HTTP_GET : HTTP_POST,
        .method_name = slice_absent(body) ? SLICE("GET") : SLICE("POST"),
        .path = arena_print(world.arena, "/%.*s", SLICE_ARG(path)),
        .host = host,
        .minor = 1,
        .headers = &header,
        .header_count = slice_absent(ticket) ? 0 : 1,
        .body = body,
        .peer = SLICE("192.0.2.7"),
        .secure = true,
    };
    http_routes_answer(world.routes, &request, &reply, world.arena, now);
    return reply;
}

static struct webticket_grant ticket(const char *address, const char *url, struct slice entropy)
{
    scoped(buf) struct buf rst = BUF_INIT;
    struct webticket_grant grant;
    webticket_rst_print(
        &(struct webticket_ask){
            .method = WEBTICKET_USERNAME,
            .to = SLICE(WEB SITE_PATH_WEBTICKET "/Auth"),
            .applies_to = slice_of(url),
            .sip_uri = arena_print(world.arena, "sip:%s", address),
            .user = slice_of(address),
            .password = SLICE("secret"),
            .entropy = entropy,
            .message_id = SLICE("uuid:1"),
            .now = now,
        },
        &rst);
    struct http_reply reply =
        fetch(WEB SITE_PATH_WEBTICKET "/Auth", buf_slice(&rst), (struct slice){0});
    if (reply.status != 200)
        fail_msg("%d: %s", reply.status, reply.fault.detail);
    if (webticket_rstr_parse(reply.body, entropy, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    return grant;
}

struct slice ticket_header(const char *address, const char *url)
{
    struct webticket_grant grant = ticket(address, url, SLICE("thirty-two bytes, not so random."));
    struct slice text = arena_print(world.arena, "opaque=%.*s",
                                    SLICE_ARG(base64_print(world.arena, grant.assertion)));
    webticket_grant_fini(&grant);
    return text;
}

struct slice ticket_security(const char *address, const char *url)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct webticket_grant grant = ticket(address, url, SLICE("thirty-two bytes, not so random."));
    webticket_security_print(&grant, now, &out);
    webticket_grant_fini(&grant);
    return arena_copy(world.arena, buf_slice(&out));
}

struct slice message(struct slice security, const char *body)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    soap_open_envelope(&w,
                       &(struct soap_envelope_options){.version = SOAP_1_1, .security = security});
    xml_put_raw(&w, slice_of(body));
    soap_close_envelope(&w);
    xml_end(&w);
    return arena_copy(world.arena, buf_slice(&out));
}

/* ---- judging ------------------------------------------------------------------------------- */

const struct xml_node *document(const struct http_reply *reply)
{
    assert_true(document_count < sizeof documents / sizeof *documents);
    if (xml_read(reply->body, NULL, &documents[document_count], &world.fault))
        fail_msg("%s: %.*s", world.fault.detail, SLICE_ARG(reply->body));
    return xml_root(documents[document_count++]);
}

bool contains(struct slice text, const char *what)
{
    return slice_find(text, slice_of(what)) >= 0;
}

void assert_refused(const struct http_reply *reply, int status, enum finding finding)
{
    if (reply->status != status || reply->fault.finding != finding)
        fail_msg("%d %s (%s), not %d %s", reply->status, finding_id(reply->fault.finding),
                 reply->fault.detail, status, finding_id(finding));
}
