/* Prints each kind of document that the rooms presence, contacts and provision send into
 * the folder given, one a file, named NUMBER-SCHEMA.xml; documents.sh judges them. */
#include "contacts/contacts.h"
#include "presence/test_world_priv.h"
#include "provision/provision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *folder;

static const struct {
    const char *type, *schema;
} kinds[] = {
    {"application/vnd-microsoft-roaming-self+xml", "roaming-self"},
    {"application/msrtc-event-categories+xml", "categories"},
    {"application/rlmi+xml", "rlmi"},
    {"application/msrtc-fault+xml", "fault"},
    {"text/xml+msrtc.pidf", "presentity"},
    {"text/xml+msrtc.wpending", "wpending"},
    {"application/vnd-microsoft-roaming-contacts+xml", "contacts"},
    {"application/vnd-microsoft-roaming-provisioning-v2+xml", "provision"},
};

static void keep(struct slice type, struct slice body);

/* What comes before and after the first `mark`; false: it is not there. */
static bool cut(struct slice text, const char *mark, struct slice *before, struct slice *after)
{
    ptrdiff_t at = slice_find(text, slice_of(mark));
    if (at < 0)
        return false;
    *before = slice_head(text, (size_t)at);
    *after = slice_from(text, (size_t)at + strlen(mark));
    return true;
}

/* Each part of a multipart/related body, as its own line of Content-Type says. */
static void keep_parts(struct slice body)
{
    struct slice before, type, part, rest = body;
    while (cut(rest, "Content-Type: ", &before, &rest)) {
        assert_true(cut(rest, "\r\n\r\n", &type, &rest));
        assert_true(cut(rest, "\r\n--", &part, &rest));
        keep(type, part);
    }
}

static void keep(struct slice type, struct slice body)
{
    static unsigned number;
    char path[512];
    size_t i = 0;
    if (slice_empty(body))
        return;
    if (slice_starts(type, SLICE("multipart/"))) {
        keep_parts(body);
        return;
    }
    while (i < sizeof kinds / sizeof *kinds && !slice_eq(type, slice_of(kinds[i].type)))
        i++;
    if (i == sizeof kinds / sizeof *kinds)
        fail_msg("no schema for %.*s", SLICE_ARG(type));
    snprintf(path, sizeof path, "%s/%03u-%s.xml", folder, ++number, kinds[i].schema);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(body.at, 1, body.len, file), body.len);
    assert_int_equal(fclose(file), 0);
}

static void keep_all(const struct sip_reply *reply, const struct outgoing_list *out)
{
    keep(reply->content_type, reply->body);
    for (const struct outgoing *o = out->first; o; o = o->next)
        keep(o->request.content_type, o->request.body);
}

/* ---- presence ---------------------------------------------------------------------------- */

#define ROAMING                                                                                    \
    "<roamingList xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\"><roaming "       \
    "type=\"categories\"/><roaming type=\"containers\"/><roaming type=\"subscribers\"/>"           \
    "<roamingEx xmlns=\"http://schemas.microsoft.com/2007/09/sip/roaming-self-ex\" "               \
    "type=\"delegates\"/></roamingList>"
#define ALL                                                                                        \
    "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\"><action "        \
    "name=\"subscribe\" id=\"1\"><adhocList><resource uri=\"sip:bo@a.test\"><context/>"            \
    "</resource><resource uri=\"sip:nobody@a.test\"/></adhocList><categoryList "                   \
    "xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\"><category "                   \
    "name=\"contactCard\"/><category name=\"state\"/><category name=\"note\"/><category "          \
    "name=\"services\"/><category name=\"legacyInterop\"/></categoryList></action></batchSub>"
#define DEVICE                                                                                     \
    "<publication categoryName=\"device\" instance=\"1\" container=\"2\" version=\"0\" "           \
    "expireType=\"endpoint\"><device xmlns=\"http://schemas.microsoft.com/2006/09/sip/device\" "   \
    "endpointId=\"x\"><capabilities><text capture=\"true\" render=\"true\"/><voice/>"              \
    "</capabilities></device></publication>"
#define PHONE                                                                                      \
    "<publication categoryName=\"state\" instance=\"7\" container=\"2\" version=\"0\" "            \
    "expireType=\"user\"><state xmlns=\"http://schemas.microsoft.com/2006/09/sip/state\" "         \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"phoneState\">"             \
    "<availability>6500</availability><activity token=\"on-the-phone\"/></state></publication>"

static void change_card(struct fixture *f)
{
    struct card card = {.photo_hash = SLICE("0123456789abcdef0123456789abcdef01234567")};
    for (int i = 0; i < CARD_FIELDS; i++)
        card.field[i] = SLICE("<&\"1 555 0100\x01\xff");
    begin(f);
    presence_card_changed(f->home[1], SLICE("bo@a.test"),
                          &(struct presence_identity){.display_name = SLICE("Bo ]]>"),
                                                      .card = &card,
                                                      .photo_url = SLICE("https://fe/bo?a=1&b=2")},
                          f->now, &f->out, &f->posts);
    finish(f);
    keep_all(&f->reply, &f->out);
}

static void test_presence(void **state)
{
    struct fixture *f = *state;
    const char *self = "Event: vnd-microsoft-roaming-self\r\n" OFFERS,
               *pending = "Event: presence.wpending\r\n" OFFERS;
    assert_int_equal(self_event(f, "bo", "01", self, ROAMING), 0);
    keep_all(&f->reply, &f->out);
    assert_int_equal(self_event(f, "bo", "01", pending, ""), 0);
    keep_all(&f->reply, &f->out);
    assert_int_equal(watch(f, OFFERS "Supported: eventlist\r\n", "", ALL), 0);
    keep_all(&f->reply, &f->out);
    f->addressee = "bo";
    assert_int_equal(watch(f, OFFERS, "", ""), 0);
    keep_all(&f->reply, &f->out);
    f->addressee = NULL;
    assert_int_equal(publish(f, "bo", "02", MACHINE("9", "0", "3500") DEVICE NOTE("0", "", "n")),
                     0);
    keep_all(&f->reply, &f->out);
    assert_int_equal(publish(f, "bo", "02", PHONE), 0);
    keep_all(&f->reply, &f->out);
    assert_int_equal(publish(f, "bo", "02", NOTE("7", "", "n")), 0);
    keep_all(&f->reply, &f->out);
    change_card(f);
    static const char *const containers[] = {"300", "400", "32000"};
    for (size_t i = 0; i < 3; i++) {
        const char *body =
            arena_print(f->arena, MEMBER("add", "%s", "0", "user", "al@a.test"), containers[i]).at;
        assert_int_equal(service(f, "bo", "01", SERVICE_MEMBERS, body), 0);
        keep_all(&f->reply, &f->out);
    }
    lose(f, "bo", "02", false);
    keep_all(&f->reply, &f->out);
    begin(f);
    presence_remove(f->home[1], SLICE("bo@a.test"), f->now, &f->posts);
    finish(f);
    keep_all(&f->reply, &f->out);
}

/* ---- contacts ---------------------------------------------------------------------------- */

static const struct sip_message *contacts_request(struct fixture *f, const char *method,
                                                  const char *more, const char *body)
{
    sip_reply_init(&f->reply, f->arena, 200);
    outgoing_init(&f->out, f->arena);
    return parse(f, method, "al", "01", more, "", body);
}

static void edit(struct fixture *f, struct contacts *contacts, const char *method,
                 const char *content)
{
    struct registrar_caller caller = caller_of(f, "al", "02");
    struct contacts_change change;
    const char *body =
        arena_print(f->arena,
                    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>"
                    "<m:%s xmlns:m=\"http://schemas.microsoft.com/winrtc/2002/11/sip\">%s</m:%s>"
                    "</e:Body></e:Envelope>",
                    method, content, method)
            .at;
    const struct sip_message *request =
        contacts_request(f, "SERVICE", "Content-Type: application/SOAP+xml\r\n", body);
    if (contacts_plan(contacts, request, &caller, NOW, &change, &f->out, &f->fault) < 0)
        fail_msg("%s: %s", method, f->fault.detail);
    contacts_apply(contacts, &change, &caller, NOW, &f->reply, &f->out);
    for (const struct outgoing *o = f->out.first; o; o = o->next)
        keep(o->request.content_type, o->request.body);
}

#define DELTA(number) "<m:deltaNum>" number "</m:deltaNum>"
#define CONTACT(name, delta)                                                                       \
    "<m:displayName>" name "</m:displayName><m:groups>1 2</m:groups><m:subscribed>true"            \
    "</m:subscribed><m:URI>sip:bo@a.test</m:URI><m:externalURI/>" DELTA(delta)

static void test_contacts(void **state)
{
    struct fixture *f = *state;
    struct registrar_caller caller = caller_of(f, "al", "01");
    struct contacts *contacts =
        contacts_new(&(struct contacts_options){.terms = {1200000, 28800000, 43200000, "<sip:fe>"},
                                                .contacts_max = 9,
                                                .subscriptions_max = 9});
    outgoing_init(&f->out, f->arena);
    contacts_adopt(contacts, SLICE("al@a.test"), 7, contacts_list_new(f->arena), NOW, &f->out);
    const char *lines = "Event: " CONTACTS_EVENT "\r\n" OFFERS;
    for (int i = 0; i < 2; i++) {
        const struct sip_message *request = contacts_request(f, "SUBSCRIBE", lines, "");
        assert_int_equal(
            contacts_subscribe(contacts, request, &caller, NOW, &f->reply, &f->out, &f->fault), 0);
        keep_all(&f->reply, &f->out);
        if (i > 0)
            break;
        edit(f, contacts, "addGroup", "<m:name>R&amp;D</m:name><m:externalURI/>" DELTA("1"));
        edit(f, contacts, "modifyGroup",
             "<m:groupID>2</m:groupID><m:name>&lt;&quot;</m:name><m:externalURI/>" DELTA("2"));
        edit(f, contacts, "setContact", CONTACT("B&lt;o", "3"));
        edit(f, contacts, "setContact",
             CONTACT("", "4") "<m:contactExtension><x:y xmlns:x=\"urn:x\"/></m:contactExtension>");
    }
    edit(f, contacts, "deleteContact", "<m:URI>sip:bo@a.test</m:URI>" DELTA("5"));
    edit(f, contacts, "deleteGroup", "<m:groupID>2</m:groupID>" DELTA("6"));
    contacts_free(contacts);
}

/* ---- provisioning ---------------------------------------------------------------------------- */

static void test_provision(void **state)
{
    static const struct site site = {.domain = {"a.test", 6},
                                     .web_host = {"webdir.a.test", 13},
                                     .sip_host = {"sip.a.test", 10},
                                     .https_port = 443,
                                     .sip_port = 5061};
    struct fixture *f = *state;
    struct provision_options options = {.site = &site,
                                        .services = UINT32_MAX,
                                        .organization = SLICE("A & <B>"),
                                        .helpdesk_url = SLICE("https://h/?a&b")};
    struct provision_settings settings = {0};
    struct policy_effective policy;
    policy_effective_default(POLICY_LYNC_2010, &policy);
    struct provision_user user = {SLICE("al@a.test"), &settings, &policy};
    for (unsigned i = 0;; i++) {
        scoped(buf) struct buf body = BUF_INIT;
        const char *name = provision_group_name(i);
        assert_true(provision_print(&options, &user, slice_of(name), &body));
        keep(SLICE("application/vnd-microsoft-roaming-provisioning-v2+xml"), buf_slice(&body));
        if (!name) /* all of them in one, at last */
            break;
    }
    (void)f;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {TEST(test_presence), TEST(test_contacts),
                                       TEST(test_provision)};
    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
