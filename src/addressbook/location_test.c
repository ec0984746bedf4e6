/* Locations and groups: kept, asked for over the routes, read from files. */
#include "addressbook/group.h"
#include "addressbook/location.h"
#include "addressbook/test_world_priv.h"
#include "xml/names.h"

#include <string.h>

#define NOBODY ((struct slice){0})

static struct store_reader *reader(void)
{
    return accounts_reader(world.desk.accounts);
}

/* ---- groups --------------------------------------------------------------------------------- */

static void test_groups(void **state)
{
    (void)state;
    struct group group, *list;
    size_t count;
    assert_int_equal(group_set(world.store, SLICE("Sales@Contoso.test"), SLICE("Sales"), NULL), 0);
    assert_int_equal(group_set(world.store, SLICE("all@contoso.test"), NOBODY, NULL), 0);
    static const char *const members[] = {"bob@contoso.test",   "sip:Alice@contoso.test",
                                          "alice@contoso.test", "carol@contoso.test",
                                          "all@contoso.test",   "zoe@fabrikam.test"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_int_equal(group_member_set(world.store, SLICE("sales@contoso.test"),
                                          slice_of(members[i]), true, &world.fault),
                         0);
    assert_int_equal(
        group_find(reader(), SLICE("mailto:SALES@contoso.test"), world.arena, &group, NULL), 0);
    assert_true(slice_eq(group.name, SLICE("Sales")));
    assert_int_equal(group.member_count, 5);
    assert_true(slice_eq(group.members[0], SLICE("alice@contoso.test")));
    assert_int_equal(group_list(reader(), world.arena, &list, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_true(slice_eq(list[0].name, SLICE("all@contoso.test")));
    assert_int_equal(list[1].member_count, 5);
    assert_int_equal(group_member_set(world.store, SLICE("sales@contoso.test"),
                                      SLICE("sales@contoso.test"), true, &world.fault),
                     -ERR_MALFORMED);
    assert_int_equal(group_member_set(world.store, SLICE("x@y.test"), SLICE("bob@contoso.test"),
                                      true, &world.fault),
                     -ERR_UNKNOWN);
    assert_int_equal(world.fault.finding, FINDING_GROUP_UNKNOWN);
    static const char *const bad[] = {"", "sales", "@contoso.test", "a b@c", "a\x01@c", "sales@"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(group_set(world.store, slice_of(bad[i]), NOBODY, &world.fault),
                         -ERR_MALFORMED);
}

static struct http_reply post(const char *url, const char *body)
{
    return fetch(url, message(NOBODY, body), ticket_header("alice@contoso.test", url));
}

static void test_expansion(void **state)
{
    (void)state;
    struct http_reply reply = post(QUERY, "<QueryDLMembers xmlns=\"" NS_DLX
                                          "\"><dl>sales@contoso.test</dl></QueryDLMembers>");
    assert_int_equal(reply.status, 200);
    const struct xml_node *member =
        xml_path(document(&reply), "Body/QueryDLMembersResponse/QueryDLMembersResult/Group/Member");
    static const char *const kinds[] = {"user", "group", "user", "contact", "contact"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds;
         i++, member = xml_next_of(member, NULL, "Member"))
        assert_true(slice_eq(xml_attr(member, "kind"), slice_of(kinds[i])));
    assert_null(member);
    assert_true(contains(reply.body, "<l:Uri>sip:alice@contoso.test</l:Uri>"));
    assert_false(contains(reply.body, "Carol Alder"));
    reply = post(QUERY, "<QueryDLMembers xmlns=\"" NS_DLX "\"><dl>no@contoso.test</dl>"
                        "</QueryDLMembers>");
    assert_refused(&reply, 404, FINDING_GROUP_UNKNOWN);
    reply = post(QUERY, "<QueryDLMembers xmlns=\"" NS_DLX "\"/>");
    assert_refused(&reply, 400, FINDING_ADDRESSBOOK_MALFORMED);
}

/* ---- locations ------------------------------------------------------------------------------- */

static const char csv[] = "kind,key,country,state,city,street,house-number,location,company,zip\r\n"
                          "subnet,192.0.2.0,GB,,Oxford,\"High Street\",12,,Contoso,OX1\r\n"
                          "chassis,00:11:22:aa:bb:cc,GB,,Oxford,High Street,12,\"2nd floor, "
                          "\"\"north\"\"\",,\r\n"
                          "\r\n"
                          "port,001122aabbcc/G1/0/30,GB,,Oxford,High Street,12,Room 5,,\n"
                          "bssid,00-11-22-33-44-*,GB,,Oxford,High Street,12,Hall,,\n"
                          "bssid,00-11-22-33-44-55,GB,,Oxford,High Street,12,Library,,\n"
                          "mac,00-11-22-00-00-01,US,WA,Redmond,163rd,3910,,Contoso,98052\n";

static void fill(void)
{
    struct location *rows;
    size_t count;
    if (location_parse_csv(slice_of(csv), world.arena, &rows, &count, &world.fault) ||
        location_set(world.store, rows, count, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_int_equal(count, 6);
}

static struct slice where(const char *asked)
{
    struct http_reply reply =
        post(LOCATION, arena_print(world.arena,
                                   "<GetLocationsRequest xmlns=\"" NS_LIS
                                   "\"><Entity>sip:alice@contoso.test</Entity>%s"
                                   "</GetLocationsRequest>",
                                   asked)
                           .at);
    if (reply.status != 200)
        fail_msg("%d %s", reply.status, reply.fault.detail);
    const struct xml_node *answer = xml_path(document(&reply), "Body/GetLocationsResponse");
    const struct xml_node *address =
        xml_path(answer, "presenceList/presence/tuple/status/geopriv/location-info/civicAddress");
    bool found = slice_eq(xml_text(xml_child(answer, NULL, "ReturnCode")), SLICE("200"));
    assert_true(found == (address != NULL));
    if (!address)
        return SLICE("nowhere");
    assert_true(slice_eq(xml_attr(xml_path(answer, "presenceList/presence"), "entity"),
                         SLICE("sip:alice@contoso.test")));
    return arena_print(world.arena, "%.*s %.*s %.*s",
                       SLICE_ARG(xml_text(xml_child(address, NS_CIVIC, "A3"))),
                       SLICE_ARG(xml_text(xml_child(address, NS_CIVIC, "HNO"))),
                       SLICE_ARG(xml_text(xml_child(address, NS_CIVIC, "LOC"))));
}

static void test_locations(void **state)
{
    (void)state;
    fill();
    /* BAARIqq7zA== is 04 00 11 22 aa bb cc; BUcxLzAvMzA= is 05 "G1/0/30". */
    static const char *const cases[][2] = {
        {"<SubnetID>192.0.2.0</SubnetID>", "Oxford 12 "},
        {"<SubnetID>192.0.3.0</SubnetID>", "nowhere"},
        {"<SubnetID>no address</SubnetID>", "nowhere"},
        {"<RSSI>0</RSSI><MAC>00-11-22-00-00-01</MAC><IP>192.0.2.7</IP>", "Redmond 3910 "},
        {"<ChassisID>BAARIqq7zA==</ChassisID><SubnetID>192.0.2.0</SubnetID>",
         "Oxford 12 2nd floor, \"north\""},
        {"<ChassisID>BAARIqq7zA==</ChassisID><PortID>BUcxLzAvMzA=</PortID>", "Oxford 12 Room 5"},
        {"<ChassisID>00-11-22-AA-BB-CC</ChassisID><PortID>other</PortID>",
         "Oxford 12 2nd floor, \"north\""},
        {"<WAPBSSID>00-11-22-33-44-55</WAPBSSID><SubnetID>192.0.2.0</SubnetID>",
         "Oxford 12 Library"},
        {"<WAPBSSID>001122334466</WAPBSSID>", "Oxford 12 Hall"},
        {"", "nowhere"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!slice_eq(where(cases[i][0]), slice_of(cases[i][1])))
            fail_msg("%s: %.*s", cases[i][0], SLICE_ARG(where(cases[i][0])));
}

static void test_in_city(void **state)
{
    (void)state;
    fill();
    struct http_reply reply = post(LOCATION, "<GetLocationsInCityRequest xmlns=\"" NS_LIS
                                             "\"><City>OXFORD</City><Country>gb</Country>"
                                             "</GetLocationsInCityRequest>");
    assert_int_equal(reply.status, 200);
    const struct xml_node *tuple =
        xml_path(document(&reply), "Body/GetLocationsInCityResponse/presenceList/presence/tuple");
    size_t count = 0;
    for (; tuple; tuple = xml_next_of(tuple, NULL, "tuple"))
        count++;
    assert_int_equal(count, 5);
    reply = post(LOCATION, "<GetLocationsInCityRequest xmlns=\"" NS_LIS
                           "\"><City>Oxford</City><Country>US</Country>"
                           "</GetLocationsInCityRequest>");
    assert_true(contains(reply.body, "<ReturnCode>404</ReturnCode>"));
    reply = post(LOCATION, "<GetLocationsInCityRequest xmlns=\"" NS_LIS "\"/>");
    assert_refused(&reply, 400, FINDING_ADDRESSBOOK_MALFORMED);
}

static void test_whose_location(void **state)
{
    (void)state;
    struct http_reply reply = post(LOCATION, "<GetLocationsRequest xmlns=\"" NS_LIS
                                             "\"><Entity>sip:bob@contoso.test</Entity>"
                                             "</GetLocationsRequest>");
    assert_refused(&reply, 403, FINDING_CLAIM_MISMATCH);
    reply = post(LOCATION, "<GetLocationsRequest xmlns=\"" NS_LIS "\"/>");
    assert_refused(&reply, 400, FINDING_ADDRESSBOOK_MALFORMED);
    reply = fetch(LOCATION, message(NOBODY, "<GetLocationsRequest xmlns=\"" NS_LIS "\"/>"), NOBODY);
    assert_refused(&reply, 500, FINDING_TICKET_MISSING);
}

static void test_editing(void **state)
{
    (void)state;
    struct location found, *list;
    size_t count;
    fill();
    assert_int_equal(
        location_remove(world.store, LOCATION_SUBNET, SLICE(" 192.0.2.0"), &world.fault), 0);
    assert_int_equal(
        location_remove(world.store, LOCATION_SUBNET, SLICE("192.0.2.0"), &world.fault),
        -ERR_UNKNOWN);
    assert_int_equal(world.fault.finding, FINDING_LOCATION_UNKNOWN);
    assert_int_equal(location_find(reader(), LOCATION_SUBNET, SLICE("192.0.2.0"), world.arena,
                                   &found, &world.fault),
                     -ERR_UNKNOWN);
    assert_int_equal(
        location_list(reader(), NOBODY, NOBODY, NOBODY, 100, world.arena, &list, &count, NULL), 0);
    assert_int_equal(count, 5);
    /* All or none. */
    struct location rows[2] = {
        {.kind = LOCATION_SUBNET,
         .key = SLICE("198.51.100.0"),
         .part = {[LOCATION_COUNTRY] = SLICE("GB"), [LOCATION_CITY] = SLICE("Bath")}},
        {.kind = LOCATION_MAC,
         .key = SLICE("xx"),
         .part = {[LOCATION_COUNTRY] = SLICE("GB"), [LOCATION_CITY] = SLICE("Bath")}}};
    assert_int_equal(location_set(world.store, rows, 2, &world.fault), -ERR_MALFORMED);
    assert_non_null(strstr(world.fault.detail, "row 2"));
    assert_int_equal(location_set(world.store, rows, 1, &world.fault), 0);
    rows[0].part[LOCATION_CITY] = SLICE("");
    assert_int_equal(location_set(world.store, rows, 1, &world.fault), -ERR_MALFORMED);
}

static void test_what_is_no_table(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "kind,city\n",
        "kind,key,shoe\n",
        "kind,key\nplanet,earth\n",
        "kind,key\nsubnet,\"1.2.3.4\n",
        "kind,key\nsubnet,\"1.2.3.4\"x\n",
        "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7,8,9\n",
    };
    struct location *rows;
    size_t count;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int err = location_parse_csv(slice_of(bad[i]), world.arena, &rows, &count, &world.fault);
        assert_true(err == -ERR_MALFORMED || err == -ERR_LIMIT);
        assert_int_equal(world.fault.finding, FINDING_LOCATION_INVALID);
        assert_non_null(strstr(world.fault.detail, "line "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),           cmocka_unit_test(test_expansion),
        cmocka_unit_test(test_locations),        cmocka_unit_test(test_in_city),
        cmocka_unit_test(test_whose_location),   cmocka_unit_test(test_editing),
        cmocka_unit_test(test_what_is_no_table),
    };
    return cmocka_run_group_tests_name("addressbook/location", tests, setup_group, teardown_group);
}
