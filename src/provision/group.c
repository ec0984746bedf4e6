/* Three inner shapes ([MS-SIPREGE] sections 2.2.2.5.1 to .11): elements, properties in one
 * `instance`, properties in one `propertyEntryList`. SIPE compares all names with case. */
#include "provision/group_priv.h"

#define PROVISION_NS "http://schemas.microsoft.com/2006/09/sip/provisiongrouplist-notification"

/* ---- ServerConfiguration: a table with a predicate ------------------------------------------ */

typedef struct slice item_fn(const struct provision_view *view);

static struct slice voicemail(const struct provision_view *view)
{
    return view->user->settings->voicemail;
}

static struct slice address_book(const struct provision_view *view)
{
    return site_web_url(view->arena, view->options->site, SITE_PATH_ADDRESS_BOOK);
}

static struct slice group_expansion(const struct provision_view *view)
{
    return site_web_url(view->arena, view->options->site, SITE_PATH_GROUP_EXPANSION);
}

static struct slice location(const struct provision_view *view)
{
    return site_web_url(view->arena, view->options->site, SITE_PATH_LOCATION);
}

static struct slice focus_factory(const struct provision_view *view)
{
    return arena_print(view->arena, "sip:%.*s;gruu;opaque=app:conf:focusfactory",
                       SLICE_ARG(view->user->account));
}

static struct slice media_relay(const struct provision_view *view)
{
    const struct site *site = view->options->site;
    return arena_print(view->arena, "sip:%.*s@%.*s;gruu;opaque=srvr:MRAS",
                       SLICE_ARG(site->sip_host), SLICE_ARG(site->domain));
}

static struct slice pool(const struct provision_view *view)
{
    const struct site *site = view->options->site;
    return arena_print(view->arena, "sip:%.*s@%.*s;gruu;opaque=srvr:HomeServer",
                       SLICE_ARG(site->sip_host), SLICE_ARG(site->domain));
}

static struct slice plan_name(const struct provision_view *view)
{
    return view->user->policy->dialplan.name;
}

static struct slice organization(const struct provision_view *view)
{
    return view->options->organization;
}

static struct slice helpdesk(const struct provision_view *view)
{
    return view->options->helpdesk_url;
}

static struct slice yes(const struct provision_view *view)
{
    (void)view;
    return SLICE("true");
}

static struct slice is_query_served(const struct provision_view *view)
{
    return view->options->services & PROVISION_GROUP_EXPANSION ? SLICE("true") : SLICE("false");
}

/* SIPE takes anything else, and nothing, as a demand (session.md section 2.3). */
static struct slice encryption(const struct provision_view *view)
{
    (void)view;
    return SLICE("SupportEncryption");
}

static bool has_ports(const struct provision_view *view)
{
    return view->options->media_port_min > 0 &&
           view->options->media_port_max >= view->options->media_port_min;
}

static struct slice ports_enabled(const struct provision_view *view)
{
    return has_ports(view) ? SLICE("true") : SLICE("false");
}

static struct slice port_min(const struct provision_view *view)
{
    return has_ports(view) ? arena_print(view->arena, "%u", view->options->media_port_min)
                           : (struct slice){0};
}

static struct slice port_max(const struct provision_view *view)
{
    return has_ports(view) ? arena_print(view->arena, "%u", view->options->media_port_max)
                           : (struct slice){0};
}

/* `served`: the services without which the row is left out, 0: none is needed. A row
 * whose value is empty is left out, too. One web name serves those inside and outside. */
static const struct {
    const char *name;
    unsigned served;
    item_fn *value;
} server_items[] = {
    {"absInternalServerUrl", PROVISION_ADDRESS_BOOK, address_book},
    {"absExternalServerUrl", PROVISION_ADDRESS_BOOK, address_book},
    {"absWebServiceEnabled", 0, is_query_served},
    {"abwqInternalUrl", PROVISION_GROUP_EXPANSION, group_expansion},
    {"abwqExternalUrl", PROVISION_GROUP_EXPANSION, group_expansion},
    {"dlxInternalUrl", PROVISION_GROUP_EXPANSION, group_expansion},
    {"dlxExternalUrl", PROVISION_GROUP_EXPANSION, group_expansion},
    {"dlxEnabled", PROVISION_GROUP_EXPANSION, yes},
    {"lisInternalUrl", PROVISION_LOCATION, location},
    {"lisExternalUrl", PROVISION_LOCATION, location},
    {"focusFactoryUri", PROVISION_CONFERENCES, focus_factory},
    {"mrasUri", PROVISION_MEDIA_RELAY, media_relay},
    {"poolUri", 0, pool},
    {"voiceMailUri", 0, voicemail},
    {"ucLocationProfile", 0, plan_name},
    {"organization", 0, organization},
    {"helpdeskInternalUrl", 0, helpdesk},
    {"helpdeskExternalUrl", 0, helpdesk},
    {"ucPC2PCAVEncryption", 0, encryption},
    {"ucPortRangeEnabled", 0, ports_enabled},
    {"ucMinMediaPort", 0, port_min},
    {"ucMaxMediaPort", 0, port_max},
};

static void print_server(struct xml_writer *w, const struct provision_view *view)
{
    for (size_t i = 0; i < sizeof server_items / sizeof *server_items; i++) {
        if (server_items[i].served & ~view->options->services)
            continue;
        struct slice value = server_items[i].value(view);
        if (!slice_empty(value))
            xml_element(w, server_items[i].name, value);
    }
}

/* ---- policies -------------------------------------------------------------------------------- */

static void put_property(struct xml_writer *w, const char *name, struct slice value)
{
    xml_open(w, "property");
    xml_put_attr_string(w, "name", name);
    xml_put_text(w, value);
    xml_close(w);
}

static void put_policy(struct xml_writer *w, const struct provision_view *view,
                       enum policy_kind kind)
{
    const struct policy *policy = &view->user->policy->of[kind];
    const struct policy_kind_row *row = policy_kind_row(kind);
    for (size_t i = 0; i < row->count; i++) {
        struct slice value = policy_value(policy, i);
        if (row->attribute[i].since <= view->user->policy->level && !slice_empty(value))
            put_property(w, row->attribute[i].name, value);
    }
}

static void put_instance(struct xml_writer *w, const struct provision_view *view,
                         enum policy_kind kind)
{
    xml_open(w, "instance");
    put_property(w, "Name", view->user->policy->of[kind].scope);
    put_policy(w, view, kind);
    xml_close(w);
}

static void put_entries(struct xml_writer *w, const struct provision_view *view,
                        enum policy_kind kind)
{
    xml_open(w, "propertyEntryList");
    put_policy(w, view, kind);
    xml_close(w);
}

static void print_voice(struct xml_writer *w, const struct provision_view *view)
{
    put_instance(w, view, POLICY_VOICE);
}

static void print_meeting(struct xml_writer *w, const struct provision_view *view)
{
    put_instance(w, view, POLICY_CONFERENCING);
}

static void print_mobility(struct xml_writer *w, const struct provision_view *view)
{
    put_instance(w, view, POLICY_MOBILITY);
}

static void print_client(struct xml_writer *w, const struct provision_view *view)
{
    put_entries(w, view, POLICY_CLIENT);
}

static void print_location(struct xml_writer *w, const struct provision_view *view)
{
    put_entries(w, view, POLICY_LOCATION);
}

static void print_presence(struct xml_writer *w, const struct provision_view *view)
{
    put_entries(w, view, POLICY_PRESENCE);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void print_user(struct xml_writer *w, const struct provision_view *view)
{
    const struct provision_settings *settings = view->user->settings;
    xml_element_string(w, "disableFileTransfer", settings->no_file_transfer ? "true" : "false");
    xml_element(w, "ucUserLocationProfile", plan_name(view));
    xml_element_string(w, "commonAreaPhone", settings->common_area_phone ? "true" : "false");
}

/* There is no gateway that media could pass by. */
static void print_media(struct xml_writer *w, const struct provision_view *view)
{
    (void)view;
    xml_open(w, "propertyEntryList");
    put_property(w, "bypassEnabled", SLICE("false"));
    put_property(w, "internalBypassMode", SLICE("Off"));
    put_property(w, "externalBypassMode", SLICE("Off"));
    xml_close(w);
}

static void print_chat(struct xml_writer *w, const struct provision_view *view)
{
    (void)view;
    xml_open(w, "propertyEntryList");
    put_property(w, "EnablePersistentChat", SLICE("false"));
    xml_close(w);
}

static void print_grammar(struct xml_writer *w, const struct provision_view *view)
{
    (void)view;
    provision_grammar_print(w);
}

static void print_nothing(struct xml_writer *w, const struct provision_view *view)
{
    (void)w;
    (void)view;
}

static const struct {
    const char *name;
    void (*print)(struct xml_writer *w, const struct provision_view *view);
} groups[] = {
    {"ServerConfiguration", print_server},
    {"meetingPolicy", print_meeting},
    {"ucPolicy", print_voice},
    {"publicationGrammar", print_grammar},
    {"userSetting", print_user},
    {"endpointConfiguration", print_client},
    {"locationPolicy", print_location},
    {"mediaConfiguration", print_media},
    {"presencePolicyV2", print_presence},
    {"publicProviders", print_nothing}, /* none is federated with */
    {"persistentChatConfiguration", print_chat},
    {"mobilityPolicy", print_mobility},
};

unsigned provision_group_count(void)
{
    return sizeof groups / sizeof *groups;
}

const char *provision_group_name(unsigned index)
{
    return index < provision_group_count() ? groups[index].name : NULL;
}

int provision_group_find(struct slice name)
{
    for (unsigned i = 0; i < provision_group_count(); i++)
        if (slice_eq(name, slice_of(groups[i].name)))
            return (int)i;
    return -1;
}

void provision_groups_print(const struct provision_view *view, uint32_t wanted, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "provisionGroupList");
    xml_put_ns(&w, "", PROVISION_NS);
    for (unsigned i = 0; i < provision_group_count(); i++) {
        if (!(wanted & 1u << i))
            continue;
        xml_open(&w, "provisionGroup");
        xml_put_attr_string(&w, "name", groups[i].name);
        groups[i].print(&w, view);
        xml_close(&w);
    }
    xml_close(&w);
    xml_end(&w);
}
