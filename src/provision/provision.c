#include "provision/group_priv.h"

#include "xml/reader.h"

/* The older event has the same document under its own type. */
static const struct provision_event {
    struct slice name, type;
} events[] = {
    {{"vnd-microsoft-provisioning-v2", 29},
     {"application/vnd-microsoft-roaming-provisioning-v2+xml", 53}},
    {{"vnd-microsoft-provisioning", 26},
     {"application/vnd-microsoft-roaming-provisioning+xml", 50}},
};

static const struct provision_event *event_find(struct slice name)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (slice_eq_nocase(name, events[i].name))
            return &events[i];
    return NULL;
}

bool provision_is_event(struct slice event)
{
    return event_find(event) != NULL;
}

/* ---- reading the request ----------------------------------------------------------------------
 */

static bool is_account(struct arena *arena, const struct sip_uri *uri, struct slice account)
{
    struct slice aor;
    return sip_uri_aor(arena, uri, &aor, NULL) == 0 &&
           slice_eq(slice_from(aor, sizeof "sip:" - 1), account);
}

static bool accepts(const struct sip_message *request, struct slice type)
{
    const struct sip_header *line = sip_header(request, SIP_HEADER_ACCEPT);
    bool any = line == NULL; /* RFC 6665 section 8.2.1: absent means the package's own type */
    for (; line && !any; line = sip_header_next(request, line)) {
        struct slice list = line->value, item, word, rest;
        while (!any && sip_list_next(&list, &item) > 0) {
            slice_cut(item, ';', &word, &rest);
            any = slice_eq_nocase(slice_trim(word), type);
        }
    }
    return any;
}

static int check(const struct sip_message *request, const struct registrar_caller *caller,
                 const struct provision_event *event, struct arena *arena, struct fault *fault)
{
    if (!event)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_EVENT_PACKAGE,
                         "not an event of provisioning");
    if (!is_account(arena, &request->from.uri, caller->account) ||
        !is_account(arena, &request->to.uri, caller->account))
        return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH,
                         "provisioning of another user than %.*s", SLICE_ARG(caller->account));
    if (!accepts(request, event->type))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_PROVISION_ACCEPT, "Accept lacks %.*s",
                         SLICE_ARG(event->type));
    return 0;
}

static int malformed(struct fault *fault, enum err err, const char *what)
{
    return fault_set(fault, err, FINDING_PROVISION_MALFORMED, "provisioning request: %s", what);
}

static int read_groups(const struct xml_doc *doc, uint32_t *wanted, struct fault *fault)
{
    unsigned count = 0;
    *wanted = 0;
    if (!xml_is(xml_root(doc), NULL, "provisioningGroupList"))
        return malformed(fault, ERR_MALFORMED, "the root is no provisioningGroupList");
    xml_each (node, xml_root(doc)) {
        if (!xml_is(node, NULL, "provisioningGroup"))
            continue;
        if (++count > PROVISION_GROUPS_MAX)
            return malformed(fault, ERR_LIMIT, "too many groups");
        if (slice_absent(xml_attr(node, "name")))
            return malformed(fault, ERR_MALFORMED, "a group without a name");
        int group = provision_group_find(xml_attr(node, "name"));
        if (group >= 0)
            *wanted |= 1u << group;
    }
    return 0;
}

static int read_wanted(struct slice body, uint32_t *wanted, struct fault *fault)
{
    static const struct xml_limits limits = {
        .bytes = PROVISION_BODY_MAX, .depth = 8, .nodes = 1000};
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct fault why;
    *wanted = (1u << provision_group_count()) - 1;
    if (slice_empty(slice_trim(body)))
        return 0;
    int err = xml_read(body, &limits, &doc, &why);
    if (err < 0)
        return malformed(fault, (enum err) - err, why.detail);
    return read_groups(doc, wanted, fault);
}

/* ---- answering ---------------------------------------------------------------------------------
 */

#define TERMINATED "terminated;expires=0"

static struct slice print_document(const struct provision_view *view, uint32_t wanted)
{
    scoped(buf) struct buf body = BUF_INIT;
    provision_groups_print(view, wanted, &body);
    return arena_copy(view->arena, buf_slice(&body));
}

/* As in [MS-SIPREGE] section 4.2.2. */
static void fill_reply(const struct provision_view *view, const struct provision_event *event,
                       struct sip_reply *reply)
{
    const struct site *site = view->options->site;
    sip_reply_header(reply, "Contact", "<sip:%.*s:%u;transport=tls>", SLICE_ARG(site->sip_host),
                     site->sip_port);
    sip_reply_header(reply, "Expires", "0");
    sip_reply_header(reply, "Event", "%.*s", SLICE_ARG(event->name));
    sip_reply_header(reply, "subscription-state", TERMINATED);
    sip_reply_header(reply, "Supported", "ms-benotify, ms-piggyback-first-notify");
}

static int notify(const struct sip_message *request, const struct registrar_caller *caller,
                  const struct provision_event *event, struct slice body, struct sip_reply *reply,
                  struct outgoing_list *out, struct fault *fault)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    if (!sip_contact_next(request, &it, &contact) || contact.star)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "SUBSCRIBE without a Contact to notify");
    struct outgoing *message = outgoing_add(out);
    struct sip_request *to = &message->request;
    bool best_effort = sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("ms-benotify"));
    reply->to_tag = sip_tag_new(reply->arena);
    message->flow = caller->flow;
    message->account = arena_copy(out->arena, caller->account);
    message->epid = arena_copy(out->arena, caller->epid);
    message->instance = arena_copy(out->arena, caller->instance);
    to->method = best_effort ? SIP_BENOTIFY : SIP_NOTIFY;
    to->uri = arena_copy(out->arena, contact.address.uri.text);
    to->from = arena_print(out->arena, "<%.*s>;tag=%.*s", SLICE_ARG(request->to.uri.text),
                           SLICE_ARG(reply->to_tag));
    to->to = arena_copy(out->arena, request->from.text);
    to->call_id = arena_copy(out->arena, request->call_id);
    to->cseq = 1;
    sip_request_header(to, "Event", "%.*s", SLICE_ARG(event->name));
    sip_request_header(to, "subscription-state", TERMINATED);
    to->content_type = event->type;
    to->body = arena_copy(out->arena, body);
    return 0;
}

int provision_subscribe(const struct provision_options *options, const struct sip_message *request,
                        const struct registrar_caller *caller, const struct provision_user *user,
                        struct sip_reply *reply, struct outgoing_list *out, struct fault *fault)
{
    const struct provision_event *event = event_find(sip_value_word(request, SIP_HEADER_EVENT));
    const struct provision_view view = {reply->arena, options, user};
    uint32_t wanted = 0;
    int err = check(request, caller, event, reply->arena, fault);
    if (err == 0)
        err = read_wanted(request->body, &wanted, fault);
    if (err < 0)
        return err;
    struct slice body = print_document(&view, wanted);
    if (!sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("ms-piggyback-first-notify"))) {
        err = notify(request, caller, event, body, reply, out, fault);
        if (err == 0)
            fill_reply(&view, event, reply);
        return err;
    }
    fill_reply(&view, event, reply);
    sip_reply_header(reply, "ms-piggyback-cseq", "1");
    sip_reply_body(reply, event->type, body);
    return 0;
}

bool provision_print(const struct provision_options *options, const struct provision_user *user,
                     struct slice group, struct buf *out)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct provision_view view = {arena, options, user};
    int found = provision_group_find(group);
    if (!slice_absent(group) && found < 0)
        return false;
    provision_groups_print(
        &view, slice_absent(group) ? (1u << provision_group_count()) - 1 : 1u << found, out);
    return true;
}
