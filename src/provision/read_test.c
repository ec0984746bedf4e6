#include "provision/provision.h"
#include "provision/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOT                                                                                       \
    "<provisionGroupList xmlns=\"http://schemas.microsoft.com/2006/09/sip/"                        \
    "provisiongrouplist-notification\">"

static void assert_value(const struct provision_values *values, const char *group, const char *name,
                         const char *expected)
{
    struct slice value = provision_value(values, group, name);
    assert_int_equal(slice_absent(value), expected == NULL);
    assert_true(slice_eq(value, slice_of(expected)));
}

static void all_three_shapes_are_read(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct provision_values values;
    assert_int_equal(
        provision_read(SLICE(ROOT "<provisionGroup name=\"ServerConfiguration\">"
                                  "<voiceMailUri> sip:a@b;opaque=app:voicemail </voiceMailUri>"
                                  "<empty/><deep><x>1</x></deep></provisionGroup>"
                                  "<provisionGroup name=\"ucPolicy\"><instance>"
                                  "<property name=\"AllowCallForwarding\">true</property>"
                                  "<property>nameless</property></instance></provisionGroup>"
                                  "<other/><provisionGroup name=\"endpointConfiguration\">"
                                  "<propertyEntryList><property name=\"PhotoUsage\">AllPhotos"
                                  "</property></propertyEntryList></provisionGroup>"
                                  "</provisionGroupList>"),
                       arena, &values, NULL),
        0);
    assert_int_equal(values.count, 4);
    assert_value(&values, "ServerConfiguration", "voiceMailUri", "sip:a@b;opaque=app:voicemail");
    assert_value(&values, "ServerConfiguration", "empty", "");
    assert_value(&values, "ServerConfiguration", "deep", NULL);
    assert_value(&values, "ucpolicy", "allowCallForwarding", "true");
    assert_value(&values, "endpointConfiguration", "PhotoUsage", "AllPhotos");
    assert_value(&values, "ucPolicy", "PhotoUsage", NULL);
}

/* What our own server says of a user is what the client understands. */
static void our_own_document_is_read(void **state)
{
    (void)state;
    static const struct site site = {.domain = {"contoso.test", 12},
                                     .web_host = {"webdir.contoso.test", 19},
                                     .sip_host = {"sip.contoso.test", 16},
                                     .https_port = 443,
                                     .sip_port = 5061};
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf body = BUF_INIT;
    struct policy_effective policy;
    struct provision_settings settings = {.voicemail = SLICE("sip:vm@contoso.test")};
    struct provision_values values;
    struct fault fault;
    policy_effective_default(POLICY_LYNC_2010, &policy);
    assert_true(
        provision_print(&(struct provision_options){.site = &site},
                        &(struct provision_user){SLICE("alice@contoso.test"), &settings, &policy},
                        (struct slice){0}, &body));
    assert_int_equal(provision_read(buf_slice(&body), arena, &values, &fault), 0);
    assert_value(&values, "ServerConfiguration", "voiceMailUri", "sip:vm@contoso.test");
    assert_false(slice_absent(provision_value(&values, "ucPolicy", "AllowCallForwarding")));
    assert_false(slice_absent(provision_value(&values, "endpointConfiguration", "PhotoUsage")));
}

static void wrong_documents_are_refused(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf many = BUF_INIT;
    struct provision_values values;
    struct fault fault;
    assert_int_equal(provision_read(SLICE("<contactList/>"), arena, &values, &fault),
                     -ERR_MALFORMED);
    assert_int_equal(fault.finding, FINDING_PROVISION_MALFORMED);
    assert_int_equal(provision_read(SLICE(ROOT), arena, &values, &fault), -ERR_MALFORMED);
    assert_int_equal(fault.finding, FINDING_XML_MALFORMED);
    buf_add_string(&many, ROOT "<provisionGroup name=\"g\">");
    for (int i = 0; i <= PROVISION_VALUES_MAX; i++)
        buf_add_string(&many, "<a/>");
    buf_add_string(&many, "</provisionGroup></provisionGroupList>");
    assert_int_equal(provision_read(buf_slice(&many), arena, &values, &fault), -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_PROVISION_MALFORMED);
    assert_int_equal(values.count, 0);
}

static void groups_are_asked_for(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    provision_ask((const char *const[]){"ServerConfiguration", "ucPolicy", NULL}, &out);
    assert_string_equal(buf_string(&out),
                        "<provisioningGroupList xmlns=\"http://schemas.microsoft.com/2006/09/sip/"
                        "provisioninggrouplist\"><provisioningGroup name=\"ServerConfiguration\"/>"
                        "<provisioningGroup name=\"ucPolicy\"/></provisioningGroupList>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_shapes_are_read),
        cmocka_unit_test(our_own_document_is_read),
        cmocka_unit_test(wrong_documents_are_refused),
        cmocka_unit_test(groups_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
