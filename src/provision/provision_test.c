#include "provision/provision.h"

#include "accounts/account.h"
#include "sip/print.h"
#include "xml/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define V2      "vnd-microsoft-provisioning-v2"
#define V2_TYPE "application/vnd-microsoft-roaming-provisioning-v2+xml"
#define NS      "http://schemas.microsoft.com/2006/09/sip/provisiongrouplist-notification"

/* What pidgin-sipe 1.25.0 asks for (session.md section 2.1). */
#define SIPE_BODY                                                                                  \
    "<provisioningGroupList xmlns=\"http://schemas.microsoft.com/2006/09/sip/"                     \
    "provisioninggrouplist\"><provisioningGroup name=\"ServerConfiguration\"/>"                    \
    "<provisioningGroup name=\"meetingPolicy\"/>"                                                  \
    "<provisioningGroup name=\"persistentChatConfiguration\"/>"                                    \
    "<provisioningGroup name=\"ucPolicy\"/></provisioningGroupList>"

static const struct site site = {.domain = {"contoso.test", 12},
                                 .web_host = {"webdir.contoso.test", 19},
                                 .sip_host = {"sip.contoso.test", 16},
                                 .https_port = 443,
                                 .sip_port = 5061};

struct fixture {
    struct arena *arena;
    struct provision_options options;
    struct provision_settings settings;
    struct policy_effective policy;
    struct provision_user user;
    struct registrar_caller caller;
    struct sip_reply reply;
    struct outgoing_list out;
    struct fault fault;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new(), .options = {.site = &site}};
    policy_effective_default(POLICY_LYNC_2010, &f.policy);
    f.user = (struct provision_user){SLICE("alice@contoso.test"), &f.settings, &f.policy};
    f.caller = (struct registrar_caller){.account = SLICE("alice@contoso.test"),
                                         .epid = SLICE("01010101"),
                                         .flow = {.conn = 7, .loop = 1}};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_free(f->arena);
    return 0;
}

static struct sip_message *parse(struct fixture *f, const char *start, const char *headers,
                                 const char *body)
{
    struct sip_message *request = arena_new_of(f->arena, struct sip_message);
    const char *method = strncmp(start, "SERVICE", 7) == 0 ? "SERVICE" : "SUBSCRIBE";
    struct slice bytes =
        arena_print(f->arena,
                    "%s SIP/2.0\r\nVia: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1\r\n"
                    "From: <sip:alice@contoso.test>;tag=36012947;epid=01010101\r\n"
                    "To: <sip:alice@contoso.test>\r\nCSeq: 1 %s\r\nCall-ID: AC53g12E6a748\r\n%s"
                    "Content-Type: text/xml\r\nContent-Length: %zu\r\n\r\n%s",
                    start, method, headers, strlen(body), body);
    assert_int_equal(sip_parse(request, bytes, NULL), 0);
    return request;
}

static int subscribe(struct fixture *f, const char *headers, const char *body)
{
    sip_reply_init(&f->reply, f->arena, 200);
    outgoing_init(&f->out, f->arena);
    f->fault = (struct fault){0};
    return provision_subscribe(&f->options,
                               parse(f, "SUBSCRIBE sip:alice@contoso.test", headers, body),
                               &f->caller, &f->user, &f->reply, &f->out, &f->fault);
}

#define SIPE_HEADERS                                                                               \
    "Event: " V2 "\r\nAccept: " V2_TYPE "\r\nSupported: com.microsoft.autoextend\r\n"              \
    "Supported: ms-benotify\r\nProxy-Require: ms-benotify\r\n"                                     \
    "Supported: ms-piggyback-first-notify\r\nExpires: 0\r\n"                                       \
    "Contact: <sip:alice@contoso.test;opaque=user:epid:x;gruu>\r\n"

/* The group of that name in a document, which must be well-formed and of the right root. */
static const struct xml_node *group_of(const struct xml_doc *doc, const char *name)
{
    assert_true(xml_is(xml_root(doc), NS, "provisionGroupList"));
    xml_each (node, xml_root(doc)) {
        assert_true(xml_is(node, NS, "provisionGroup"));
        if (slice_eq(xml_attr(node, "name"), slice_of(name)))
            return node;
    }
    return NULL;
}

static struct xml_doc *print(struct fixture *f, const char *group)
{
    struct xml_doc *doc;
    scoped(buf) struct buf out = BUF_INIT;
    assert_true(provision_print(&f->options, &f->user, slice_of(group), &out));
    struct slice kept = arena_copy(f->arena, buf_slice(&out));
    assert_int_equal(xml_read(kept, NULL, &doc, &f->fault), 0);
    return doc;
}

static void assert_text(struct slice got, const char *expected)
{
    if (!slice_eq(got, slice_of(expected)))
        fail_msg("%.*s, expected %s", SLICE_ARG(got), expected);
}

/* A property below `list` ("instance", "propertyEntryList"); absent: none. */
static struct slice property(const struct xml_node *group, const char *list, const char *name)
{
    xml_each (node, xml_child(group, NS, list)) {
        assert_true(xml_is(node, NS, "property"));
        if (slice_eq(xml_attr(node, "name"), slice_of(name)))
            return xml_text(node);
    }
    return (struct slice){0};
}

static void test_sipe(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f, SIPE_HEADERS, SIPE_BODY), 0);
    assert_int_equal(f->reply.status, 200);
    assert_null(f->out.first);
    assert_text(f->reply.content_type, V2_TYPE);
    static const char *const lines[][2] = {
        {"Event", V2},
        {"Expires", "0"},
        {"ms-piggyback-cseq", "1"},
        {"subscription-state", "terminated;expires=0"},
        {"Contact", "<sip:sip.contoso.test:5061;transport=tls>"},
        {"Supported", "ms-benotify, ms-piggyback-first-notify"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct sip_line *line = f->reply.headers.first;
        while (line && !slice_eq(line->name, slice_of(lines[i][0])))
            line = line->next;
        assert_non_null(line);
        assert_text(line->value, lines[i][1]);
    }
    scoped(xml_doc) struct xml_doc *doc = NULL;
    assert_int_equal(xml_read(f->reply.body, NULL, &doc, NULL), 0);
    assert_non_null(group_of(doc, "ServerConfiguration"));
    assert_non_null(group_of(doc, "meetingPolicy"));
    assert_null(group_of(doc, "endpointConfiguration")); /* not asked for */
    const struct xml_node *chat = group_of(doc, "persistentChatConfiguration");
    assert_text(property(chat, "propertyEntryList", "EnablePersistentChat"), "false");
    const struct xml_node *voice = group_of(doc, "ucPolicy");
    assert_text(property(voice, "instance", "Name"), "Global");
    assert_text(property(voice, "instance", "AllowSimultaneousRinging"), "true");
    assert_text(property(voice, "instance", "EnableTeamCall"), "true");
}

/* A URL is there exactly when its service is on. */
static void test_only_what_is_served(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned service;
        const char *name, *value;
    } rows[] = {
        {PROVISION_ADDRESS_BOOK, "absInternalServerUrl", "https://webdir.contoso.test/abs/handler"},
        {PROVISION_ADDRESS_BOOK, "absExternalServerUrl", "https://webdir.contoso.test/abs/handler"},
        {PROVISION_GROUP_EXPANSION, "dlxInternalUrl",
         "https://webdir.contoso.test/groupexpansion/service.svc"},
        {PROVISION_GROUP_EXPANSION, "abwqExternalUrl",
         "https://webdir.contoso.test/groupexpansion/service.svc"},
        {PROVISION_GROUP_EXPANSION, "dlxEnabled", "true"},
        {PROVISION_LOCATION, "lisInternalUrl",
         "https://webdir.contoso.test/locationinformation/liservice.svc"},
        {PROVISION_CONFERENCES, "focusFactoryUri",
         "sip:alice@contoso.test;gruu;opaque=app:conf:focusfactory"},
        {PROVISION_MEDIA_RELAY, "mrasUri",
         "sip:sip.contoso.test@contoso.test;gruu;opaque=srvr:MRAS"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->options.services = rows[i].service;
        scoped(xml_doc) struct xml_doc *on = print(f, "ServerConfiguration");
        assert_text(xml_text(xml_child(group_of(on, "ServerConfiguration"), NS, rows[i].name)),
                    rows[i].value);
        f->options.services = ~rows[i].service;
        scoped(xml_doc) struct xml_doc *off = print(f, "ServerConfiguration");
        assert_null(xml_child(group_of(off, "ServerConfiguration"), NS, rows[i].name));
    }
}

static void test_server_configuration(void **state)
{
    struct fixture *f = *state;
    f->settings.voicemail = SLICE("sip:alice@contoso.test;opaque=app:voicemail");
    f->options.organization = SLICE("A & B <C>");
    f->options.media_port_min = 50000;
    f->options.media_port_max = 50038;
    scoped(xml_doc) struct xml_doc *doc = print(f, "ServerConfiguration");
    const struct xml_node *group = group_of(doc, "ServerConfiguration");
    assert_text(xml_text(xml_child(group, NS, "voiceMailUri")),
                "sip:alice@contoso.test;opaque=app:voicemail");
    assert_text(xml_text(xml_child(group, NS, "organization")), "A & B <C>");
    assert_text(xml_text(xml_child(group, NS, "ucPC2PCAVEncryption")), "SupportEncryption");
    assert_text(xml_text(xml_child(group, NS, "ucPortRangeEnabled")), "true");
    assert_text(xml_text(xml_child(group, NS, "ucMaxMediaPort")), "50038");
    assert_text(xml_text(xml_child(group, NS, "ucLocationProfile")), "Global");
    xml_each (a, group) /* all elements single ([MS-SIPREGE] section 2.2.2.5.1) */
        for (const struct xml_node *b = xml_next(a); b; b = xml_next(b))
            assert_false(slice_eq(xml_name(a), xml_name(b)));
}

static void test_policies(void **state)
{
    struct fixture *f = *state;
    static const struct policy_setting no_mobility[] = {{0, {"false", 5}}};
    f->policy.of[POLICY_MOBILITY] =
        (struct policy){POLICY_MOBILITY, SLICE("Tag:None"), no_mobility, 1};
    scoped(xml_doc) struct xml_doc *doc = print(f, NULL);
    const struct xml_node *mobility = group_of(doc, "mobilityPolicy");
    assert_text(property(mobility, "instance", "Name"), "Tag:None");
    assert_text(property(mobility, "instance", "EnableMobility"), "false");
    assert_text(property(mobility, "instance", "EnableOutsideVoice"), "true");
    assert_true(slice_absent(property(mobility, "instance", "RequireWIFIForIPAudio")));
    f->policy.level = POLICY_LYNC_2013;
    scoped(xml_doc) struct xml_doc *later = print(f, "mobilityPolicy");
    assert_text(property(group_of(later, "mobilityPolicy"), "instance", "RequireWIFIForIPAudio"),
                "false");
    assert_text(property(group_of(doc, "endpointConfiguration"), "propertyEntryList", "PhotoUsage"),
                "AllPhotos");
    assert_true(slice_absent(
        property(group_of(doc, "endpointConfiguration"), "propertyEntryList", "CustomStateUrl")));
    assert_text(
        property(group_of(doc, "meetingPolicy"), "instance", "MaxConferenceVideoResolution"),
        "VGA");
    assert_text(property(group_of(doc, "locationPolicy"), "propertyEntryList",
                         "EnhancedEmergencyServicesEnabled"),
                "false");
    assert_text(
        property(group_of(doc, "presencePolicyV2"), "propertyEntryList", "EnablePrivacyMode"),
        "false");
    assert_text(property(group_of(doc, "mediaConfiguration"), "propertyEntryList", "bypassEnabled"),
                "false");
    assert_text(xml_text(xml_child(group_of(doc, "userSetting"), NS, "disableFileTransfer")),
                "false");
    assert_text(xml_text(xml_child(group_of(doc, "userSetting"), NS, "ucUserLocationProfile")),
                "Global");
    assert_non_null(group_of(doc, "publicProviders"));
}

static void test_grammar(void **state)
{
    struct fixture *f = *state;
    static const char *const ids[] = {"0", "100", "200", "300", "400", "32000"};
    scoped(xml_doc) struct xml_doc *doc = print(f, "publicationGrammar");
    const struct xml_node *list = xml_child(
        group_of(doc, "publicationGrammar"),
        "http://schemas.microsoft.com/2008/09/sip/ContainerManifest", "containerManifestList");
    const struct xml_node *container = xml_first(xml_path(list, "containerManifest/containers"));
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++, container = xml_next(container))
        assert_text(xml_attr(container, "id"), ids[i]);
    assert_null(container);
    const struct xml_node *rule =
        xml_path(group_of(doc, "publicationGrammar"), "categoryPublicationManifest/publicationList/"
                                                      "publicationRule");
    assert_text(xml_attr(rule, "ruleType"), "bootstrap");
    assert_text(xml_text(xml_path(rule, "categoryData/state/availability")), "18500");
}

static void test_without_piggyback(void **state)
{
    struct fixture *f = *state;
    static const char *const offers[] = {"", "Supported: ms-benotify\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct slice headers = arena_print(
            f->arena, "Event: " V2 "\r\nContact: <sip:10.0.0.5:40112;transport=tls>\r\n%s",
            offers[i]);
        assert_int_equal(subscribe(f, headers.at, ""), 0);
        assert_true(slice_empty(f->reply.body));
        const struct outgoing *sent = f->out.first;
        assert_non_null(sent);
        assert_null(sent->next);
        assert_int_equal(sent->request.method, i ? SIP_BENOTIFY : SIP_NOTIFY);
        assert_int_equal(sent->flow.conn, 7);
        assert_text(sent->request.uri, "sip:10.0.0.5:40112;transport=tls");
        assert_text(sent->request.to, "<sip:alice@contoso.test>;tag=36012947;epid=01010101");
        assert_true(slice_find(sent->request.from, f->reply.to_tag) > 0);
        scoped(xml_doc) struct xml_doc *doc = NULL;
        assert_int_equal(xml_read(sent->request.body, NULL, &doc, NULL), 0);
        assert_non_null(group_of(doc, "mobilityPolicy")); /* no body asks for all */
    }
    assert_int_equal(subscribe(f, "Event: " V2 "\r\n", ""), -ERR_MALFORMED);
    assert_int_equal(f->fault.finding, FINDING_SIP_MALFORMED);
    assert_null(f->out.first);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *headers, *body;
        enum finding finding;
    } rows[] = {
        {"Event: presence\r\n", "", FINDING_EVENT_PACKAGE},
        {"", "", FINDING_EVENT_PACKAGE},
        {"Event: " V2 "\r\nAccept: application/sdp\r\n", "", FINDING_PROVISION_ACCEPT},
        {SIPE_HEADERS, "<provisioningGroupList>", FINDING_PROVISION_MALFORMED},
        {SIPE_HEADERS, "<a/>", FINDING_PROVISION_MALFORMED},
        {SIPE_HEADERS, "<provisioningGroupList><provisioningGroup/></provisioningGroupList>",
         FINDING_PROVISION_MALFORMED},
        {SIPE_HEADERS, "<!DOCTYPE a [<!ENTITY b 'c'>]><provisioningGroupList/>",
         FINDING_PROVISION_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(subscribe(f, rows[i].headers, rows[i].body) < 0);
        if (f->fault.finding != rows[i].finding)
            fail_msg("row %zu: %s", i, finding_id(f->fault.finding));
        assert_null(f->out.first);
    }
    scoped(buf) struct buf many = BUF_INIT;
    buf_add_string(&many, "<provisioningGroupList>");
    for (unsigned i = 0; i <= PROVISION_GROUPS_MAX; i++)
        buf_add_string(&many, "<provisioningGroup name=\"x\"/>");
    buf_add_string(&many, "</provisioningGroupList>");
    assert_int_equal(subscribe(f, SIPE_HEADERS, buf_string(&many)), -ERR_LIMIT);
    f->caller.account = SLICE("bob@contoso.test");
    assert_int_equal(subscribe(f, SIPE_HEADERS, SIPE_BODY), -ERR_DENIED);
    assert_int_equal(f->fault.finding, FINDING_CLAIM_MISMATCH);
}

static void test_unknown_and_twice(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f,
                               "Event: vnd-microsoft-provisioning\r\n"
                               "Supported: ms-piggyback-first-notify\r\n",
                               "<provisioningGroupList><provisioningGroup name=\"userSetting\"/>"
                               "<provisioningGroup name=\"none\"/>"
                               "<provisioningGroup name=\"userSetting\"/></provisioningGroupList>"),
                     0);
    assert_text(f->reply.content_type, "application/vnd-microsoft-roaming-provisioning+xml");
    scoped(xml_doc) struct xml_doc *doc = NULL;
    assert_int_equal(xml_read(f->reply.body, NULL, &doc, NULL), 0);
    assert_non_null(group_of(doc, "userSetting"));
    assert_null(xml_next(xml_first(xml_root(doc))));
    scoped(buf) struct buf out = BUF_INIT;
    assert_false(provision_print(&f->options, &f->user, SLICE("none"), &out));
    assert_int_equal(out.len, 0);
}

#define PROFILE "SERVICE sip:alice@contoso.test;gruu;opaque=app:locationprofile:get"

static void test_profile(void **state)
{
    struct fixture *f = *state;
    static const struct dialplan_rule rule = {1,     {"x", 1}, {"^(\\d{7})$", 9}, {"+1999$1", 7},
                                              false, true};
    const struct dialplan plan = {SLICE("Site.Berlin"), SLICE("9"), true, &rule, 1};
    struct slice name;
    struct sip_message *request = parse(f, PROFILE ";default", "", "");
    assert_true(provision_is_profile(request));
    assert_int_equal(provision_profile_name(request, &name, NULL), 0);
    assert_true(slice_absent(name));
    request = parse(f, PROFILE ";phone-context=Site.Berlin", "", "");
    assert_int_equal(provision_profile_name(request, &name, NULL), 0);
    assert_text(name, "Site.Berlin");
    request = parse(f, PROFILE, "", "");
    assert_int_equal(provision_profile_name(request, &name, &f->fault), -ERR_MALFORMED);
    assert_int_equal(finding_row(f->fault.finding)->sip, 485);
    assert_false(provision_is_profile(parse(f, "SERVICE sip:alice@contoso.test", "", "")));

    sip_reply_init(&f->reply, f->arena, 200);
    provision_profile_answer(&plan, &f->reply);
    assert_text(f->reply.content_type, "application/ms-location-profile-definition+xml");
    scoped(xml_doc) struct xml_doc *doc = NULL;
    assert_int_equal(xml_read(f->reply.body, NULL, &doc, NULL), 0);
    assert_true(xml_is(xml_root(doc),
                       "http://schemas.microsoft.com/2007/03/LocationProfileDescription",
                       "LocationProfileDescription"));
    static const char *const order[] = {"Name", "Rule", "ExternalAccessPrefix",
                                        "OptimizeDeviceDialing"};
    const struct xml_node *node = xml_first(xml_root(doc));
    for (size_t i = 0; i < 4; i++, node = xml_next(node))
        assert_text(xml_name(node), order[i]);
    assert_null(node);
    assert_text(xml_text(xml_path(xml_root(doc), "Rule/Pattern")), "^(\\d{7})$");
    assert_text(xml_text(xml_path(xml_root(doc), "Rule/Translation")), "+1999$1");
    assert_text(xml_text(xml_path(xml_root(doc), "Rule/ApplicableForDeviceDialing")), "true");
}

static int set(struct store *store, int64_t account, const char *name, const char *value)
{
    return provision_setting_set(store, account, slice_of(name), slice_of(value), NULL);
}

static void test_settings(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/lychgate-provision-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/store.db", dir);
    const struct store_schema *schemas[] = {&accounts_schema, &provision_schema};
    {
        scoped(store) struct store *store = NULL;
        scoped(store_reader) struct store_reader *reader = NULL;
        scoped(accounts) struct accounts *accounts = NULL;
        struct account alice = {.address = SLICE("alice@contoso.test"), .enabled = true};
        assert_int_equal(
            store_open(&(struct store_options){.path = path, .schemas = schemas, .schema_count = 2},
                       &store, NULL),
            0);
        assert_int_equal(store_reader_open(store, &reader, NULL), 0);
        assert_int_equal(accounts_open(&(struct accounts_options){.store = store}, &accounts, NULL),
                         0);
        assert_int_equal(accounts_add(accounts, &alice, f->arena, NULL), 0);
        assert_int_equal(set(store, alice.id, "voicemailuri", "sip:vm@contoso.test"), 0);
        assert_int_equal(set(store, alice.id, "LineUri", "tel:+4930123"), 0);
        assert_int_equal(set(store, alice.id, "EnterpriseVoiceEnabled", "True"), 0);
        assert_int_equal(set(store, alice.id, "DisableFileTransfer", "true"), 0);
        assert_int_equal(set(store, alice.id, "DisableFileTransfer", NULL), 0);
        assert_int_equal(set(store, alice.id, "LineUri", "sip:x@y"), -ERR_MALFORMED);
        assert_int_equal(set(store, alice.id, "Line", "tel:1"), -ERR_UNKNOWN);
        assert_int_equal(set(store, alice.id + 1, "LineUri", "tel:1"), -ERR_UNKNOWN);
        assert_int_equal(provision_settings_load(reader, alice.id, f->arena, &f->settings, NULL),
                         0);
        assert_text(f->settings.voicemail, "sip:vm@contoso.test");
        assert_text(f->settings.line, "tel:+4930123");
        assert_true(f->settings.voice && !f->settings.no_file_transfer);
    }
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sipe),
        TEST(test_only_what_is_served),
        TEST(test_server_configuration),
        TEST(test_policies),
        TEST(test_grammar),
        TEST(test_without_piggyback),
        TEST(test_refused),
        TEST(test_unknown_and_twice),
        TEST(test_profile),
        TEST(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
