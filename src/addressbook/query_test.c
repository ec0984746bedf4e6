/* The address book web query and the files, over the routes, with real tickets. */
#include "addressbook/test_world_priv.h"
#include "webticket/mex.h"
#include "xml/reader.h"

#include <string.h>

#define NOBODY ((struct slice){0})

/* ---- asking ------------------------------------------------------------------------------- */

/* As SIPE writes them. */
static const char *basic(const char *value, const char *rest)
{
    return arena_print(world.arena,
                       "<SearchAbEntry xmlns=\"DistributionListExpander\"><AbEntryRequest>"
                       "<BasicSearch><SearchList>c,company,displayName,givenName,mail,mailNickname,"
                       "msRTCSIP-PrimaryUserAddress,sn</SearchList><Value>%s</Value>"
                       "<Verb>BeginsWith</Verb></BasicSearch><Metadata>%s</Metadata>"
                       "</AbEntryRequest></SearchAbEntry>",
                       value, rest)
        .at;
}

static const char *change(const char *rows, const char *rest)
{
    return arena_print(
               world.arena,
               "<SearchAbEntry xmlns=\"DistributionListExpander\""
               " xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\"><AbEntryRequest>"
               "<ChangeSearch xmlns:q1=\"DistributionListExpander\""
               " soapenc:arrayType=\"q1:AbEntryRequest.ChangeSearchQuery[1]\">%s</ChangeSearch>"
               "<Metadata>%s</Metadata></AbEntryRequest></SearchAbEntry>",
               rows, rest)
        .at;
}

#define ROW(name, value)                                                                           \
    "<AbEntryRequest.ChangeSearchQuery><SearchOn>" name "</SearchOn><Value>" value                 \
    "</Value></AbEntryRequest.ChangeSearchQuery>"

static struct slice security(void)
{
    static struct slice kept;
    if (slice_absent(kept))
        kept = ticket_security("bob@contoso.test", QUERY "/WebTicket_Bearer");
    return kept;
}

static struct http_reply ask(const char *body)
{
    return fetch(QUERY "/WebTicket_Bearer", message(security(), body), NOBODY);
}

/* The entries of an answer. */
static const struct xml_node *entries(const struct http_reply *reply)
{
    if (reply->status != 200)
        fail_msg("%d: %s", reply->status, reply->fault.detail);
    const struct xml_node *items =
        xml_path(document(reply), "Body/SearchAbEntryResponse/SearchAbEntryResult/Items");
    assert_non_null(items);
    return xml_first(items);
}

static size_t count(const struct xml_node *entry)
{
    size_t n = 0;
    for (; entry; entry = xml_next(entry))
        n++;
    return n;
}

/* The value of an attribute of an entry, as SIPE looks for it; absent: none. */
static struct slice value_of(const struct xml_node *entry, const char *name)
{
    xml_each (attribute, xml_child(entry, NULL, "Attributes"))
        if (slice_eq_nocase(xml_text(xml_child(attribute, NULL, "Name")), slice_of(name))) {
            const struct xml_node *value = xml_child(attribute, NULL, "Value");
            return xml_text(value ? value : xml_path(attribute, "Values/string"));
        }
    return (struct slice){0};
}

/* ---- metadata ------------------------------------------------------------------------------- */

static void test_mex(void **state)
{
    (void)state;
    struct mex_service service;
    struct http_reply reply = fetch(QUERY "/mex", NOBODY, NOBODY);
    assert_int_equal(reply.status, 200);
    document(&reply);
    assert_int_equal(mex_parse(reply.body, world.arena, &service, &world.fault), 0);
    const struct mex_port *port = mex_find(&service, "AddressBookWebTicketBearer");
    assert_non_null(port);
    assert_int_equal(port->auth, MEX_AUTH_TICKET_BEARER);
    assert_true(slice_eq(port->location, SLICE(QUERY "/WebTicket_Bearer")));
    assert_true(contains(reply.body, "Id=\"AddressBookWebTicketBearer_policy\""));
}

/* ---- searching --------------------------------------------------------------------------------
 */

static void test_basic_search(void **state)
{
    (void)state;
    struct http_reply reply = ask(basic("Lid", ""));
    const struct xml_node *alice = entries(&reply);
    assert_int_equal(count(alice), 1);
    static const char *const values[][2] = {
        {"msRTCSIP-PrimaryUserAddress", "sip:alice@contoso.test"},
        {"displayName", "Alice Liddell"},
        {"givenname", "Alice"},
        {"sn", "Liddell"},
        {"mail", "alice@contoso.test"},
        {"mailNickname", "alice"},
        {"title", "Explorer & <Lead>"},
        {"company", "Contoso"},
        {"telephoneNumber", "+44 (1865) 276-150"},
        {"mobile", "+44 7700 900123"},
        {"l", "Oxford"},
        {"c", "GB"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!slice_eq(value_of(alice, values[i][0]), slice_of(values[i][1])))
            fail_msg("%s is %.*s", values[i][0], SLICE_ARG(value_of(alice, values[i][0])));
    assert_true(slice_absent(value_of(alice, "homePhone")));
    assert_true(slice_eq(value_of(alice, "PhotoHash"), photo_hash()));
    assert_true(slice_eq(value_of(alice, "PhotoRelPath"),
                         arena_print(world.arena, "photo/%.*s", SLICE_ARG(photo_hash()))));
    assert_true(slice_eq(value_of(alice, "PhotoSize"), arena_print(world.arena, "%zu", photo.len)));
    /* Telephone numbers are lists on the wire. */
    assert_true(contains(reply.body, "<Name>mobile</Name><Values><string>"));
}

static void test_several_and_none(void **state)
{
    (void)state;
    struct http_reply reply = ask(basic("al", ""));
    const struct xml_node *first = entries(&reply);
    /* Carol Alder is disabled. */
    assert_int_equal(count(first), 2);
    assert_true(slice_eq(value_of(first, "displayName"), SLICE("Alice Liddell")));
    assert_true(slice_eq(value_of(xml_next(first), "displayName"), SLICE("Bob Almond")));
    reply = ask(basic("al contoso", ""));
    assert_int_equal(count(entries(&reply)), 2);
    reply = ask(basic("al bob", ""));
    assert_int_equal(count(entries(&reply)), 1);
    reply = ask(basic("zoe", ""));
    assert_int_equal(count(entries(&reply)), 0);
    reply = ask(basic("", ""));
    assert_int_equal(count(entries(&reply)), 0);
    /* Title is not in the search list. */
    reply = ask(basic("explorer", ""));
    assert_int_equal(count(entries(&reply)), 0);
    reply = ask(basic("al", "<MaxResultNum>1</MaxResultNum>"));
    assert_int_equal(count(entries(&reply)), 1);
    reply = ask(basic("al", "<MaxResultNum>99999999999</MaxResultNum>"));
    assert_int_equal(count(entries(&reply)), 2);
}

static void test_return_list(void **state)
{
    (void)state;
    struct http_reply reply =
        ask(basic("alice", "<ReturnList>title,DISPLAYNAME,shoeSize</ReturnList>"));
    const struct xml_node *alice = entries(&reply);
    assert_true(slice_eq(value_of(alice, "displayName"), SLICE("Alice Liddell")));
    assert_true(slice_eq(value_of(alice, "title"), SLICE("Explorer & <Lead>")));
    assert_true(slice_absent(value_of(alice, "msRTCSIP-PrimaryUserAddress")));
}

static void test_change_search(void **state)
{
    (void)state;
    struct http_reply reply =
        ask(change(ROW("msRTCSIP-PrimaryUserAddress", "sip:alice@contoso.test"), ""));
    assert_int_equal(count(entries(&reply)), 1);
    /* One person: what only begins so is another. */
    reply = ask(change(ROW("msRTCSIP-PrimaryUserAddress", "sip:alice@contoso.tes"), ""));
    assert_int_equal(count(entries(&reply)), 0);
    reply = ask(change(ROW("givenName", "ali") ROW("sn", "lid") ROW("company", ""), ""));
    assert_int_equal(count(entries(&reply)), 1);
    reply = ask(change(ROW("givenName", "ali") ROW("sn", "alm"), ""));
    assert_int_equal(count(entries(&reply)), 0);
    reply = ask(change(ROW("telephoneNumber", "tel:+441865276150"), ""));
    assert_int_equal(count(entries(&reply)), 1);
    /* 254 spells Ali. */
    reply = ask(change(ROW("displayName", "254"), "<FromDialPad>true</FromDialPad>"));
    assert_int_equal(count(entries(&reply)), 1);
    reply = ask(change(ROW("displayName", "254"), "<FromDialPad>false</FromDialPad>"));
    assert_int_equal(count(entries(&reply)), 0);
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

static void test_nothing_without_a_ticket(void **state)
{
    (void)state;
    const char *body = basic("alice", "");
    struct http_reply reply = fetch(QUERY, message(NOBODY, body), NOBODY);
    assert_refused(&reply, 500, FINDING_TICKET_MISSING);
    document(&reply);
    assert_false(contains(reply.body, "alice"));
    reply = fetch(QUERY, message(NOBODY, body), SLICE("opaque=AAAA"));
    assert_refused(&reply, 500, FINDING_TICKET_MALFORMED);
    ptrdiff_t at = slice_find(security(), SLICE("bob@"));
    assert_true(at > 0);
    struct slice forged =
        arena_print(world.arena, "%.*srob@%.*s", SLICE_ARG(slice_head(security(), (size_t)at)),
                    SLICE_ARG(slice_from(security(), (size_t)at + 4)));
    reply = fetch(QUERY, message(forged, body), NOBODY);
    assert_refused(&reply, 500, FINDING_SIGNATURE_INVALID);
    /* The same one unspoiled, and in the header. */
    reply = fetch(QUERY, message(security(), body), NOBODY);
    assert_int_equal(count(entries(&reply)), 1);
    reply = fetch(QUERY, message(NOBODY, body), ticket_header("bob@contoso.test", QUERY));
    assert_int_equal(count(entries(&reply)), 1);
}

static void test_who_may_not_any_more(void **state)
{
    (void)state;
    struct slice header = ticket_header("bob@contoso.test", QUERY);
    assert_int_equal(accounts_enable(world.desk.accounts, world.bob.id, false, NULL), 0);
    struct http_reply reply = fetch(QUERY, message(NOBODY, basic("alice", "")), header);
    assert_refused(&reply, 403, FINDING_USER_DISABLED);
    reply = fetch(FILES "/F-0A10.lsabs", NOBODY, header);
    assert_refused(&reply, 401, FINDING_USER_DISABLED);
    assert_int_equal(accounts_enable(world.desk.accounts, world.bob.id, true, NULL), 0);
}

static void test_what_is_no_query(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        enum finding finding;
    } bad[] = {
        {"", 400, FINDING_SOAP_MALFORMED},
        {"<Search xmlns=\"DistributionListExpander\"/>", 400, FINDING_SOAP_MALFORMED},
        {"<SearchAbEntry xmlns=\"urn:other\"/>", 400, FINDING_SOAP_MALFORMED},
        {"<SearchAbEntry xmlns=\"DistributionListExpander\"/>", 400, FINDING_ADDRESSBOOK_MALFORMED},
        {"<SearchAbEntry xmlns=\"DistributionListExpander\"><AbEntryRequest><BasicSearch/>"
         "<ChangeSearch/></AbEntryRequest></SearchAbEntry>",
         400, FINDING_ADDRESSBOOK_MALFORMED},
        {"<SearchAbEntry xmlns=\"DistributionListExpander\"><AbEntryRequest><BasicSearch>"
         "<Value>a</Value><Verb>Contains</Verb></BasicSearch></AbEntryRequest></SearchAbEntry>",
         400, FINDING_ADDRESSBOOK_MALFORMED},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_reply reply = ask(bad[i].body);
        assert_refused(&reply, bad[i].status, bad[i].finding);
        document(&reply);
    }
    struct http_reply reply = ask(change(ROW("objectSid", "S-1-5"), ""));
    assert_refused(&reply, 400, FINDING_ADDRESSBOOK_MALFORMED);
    char huge[ADDRESSBOOK_VALUE_MAX + 2];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    reply = ask(basic(huge, ""));
    assert_refused(&reply, 400, FINDING_ADDRESSBOOK_MALFORMED);
    reply = fetch(QUERY, SLICE("<a/>"), NOBODY);
    assert_refused(&reply, 400, FINDING_SOAP_MALFORMED);
    reply = fetch(QUERY, SLICE("<!DOCTYPE a><a/>"), NOBODY);
    assert_refused(&reply, 400, FINDING_XML_FORBIDDEN);
    char *large = arena_calloc(world.arena, 70000, 1);
    memset(large, ' ', 70000);
    reply = fetch(QUERY, slice_make(large, 70000), NOBODY);
    assert_true(reply.status >= 400);
}

/* ---- files --------------------------------------------------------------------------------------
 */

static void test_photo(void **state)
{
    (void)state;
    struct slice hash = photo_hash();
    struct slice url = addressbook_photo_url(
        world.arena, &(struct site){.web_host = SLICE("webdir.contoso.test"), .https_port = 443},
        hash);
    struct http_reply reply = fetch(arena_string(world.arena, url), NOBODY, NOBODY);
    assert_int_equal(reply.status, 200);
    assert_true(slice_eq(reply.body, photo));
    assert_true(slice_eq(reply.content_type, SLICE("image/jpeg")));
    assert_true(contains(http_reply_get(&reply, "ETag"), hash.at));
    static const char *const absent[] = {"/photo/",
                                         "/photo/0123456789012345678901234567890123456789",
                                         "/photo/1", "/photo/'%20or%201=1"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        reply = fetch(arena_print(world.arena, FILES "%s", absent[i]).at, NOBODY, NOBODY);
        assert_refused(&reply, 404, FINDING_ADDRESSBOOK_FILE);
    }
    assert_true(slice_absent(addressbook_photo_url(world.arena, NULL, NOBODY)));
}

static void test_files_need_a_ticket_and_are_not_made(void **state)
{
    (void)state;
    static const char *const names[] = {"/F-0A10.lsabs", "/D-0A10-0A11.lsabs", "/F-0A10.dabs",
                                        "/C-0A10-0A11.lsabs", "/"};
    struct slice header = ticket_header("bob@contoso.test", FILES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *url = arena_print(world.arena, FILES "%s", names[i]).at;
        struct http_reply reply = fetch(url, NOBODY, NOBODY);
        assert_refused(&reply, 401, FINDING_TICKET_MISSING);
        assert_true(
            slice_eq(http_reply_get(&reply, "X-MS-WebTicketURL"), SLICE(WEB SITE_PATH_WEBTICKET)));
        reply = fetch(url, NOBODY, header);
        assert_refused(&reply, 404, FINDING_ADDRESSBOOK_FILE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mex),
        cmocka_unit_test(test_basic_search),
        cmocka_unit_test(test_several_and_none),
        cmocka_unit_test(test_return_list),
        cmocka_unit_test(test_change_search),
        cmocka_unit_test(test_nothing_without_a_ticket),
        cmocka_unit_test(test_who_may_not_any_more),
        cmocka_unit_test(test_what_is_no_query),
        cmocka_unit_test(test_photo),
        cmocka_unit_test(test_files_need_a_ticket_and_are_not_made),
    };
    return cmocka_run_group_tests_name("addressbook/query", tests, setup_group, teardown_group);
}
