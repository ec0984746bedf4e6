/* publicationGrammar: which containers there are, who may be put where
 * (http://schemas.microsoft.com/2008/09/sip/ContainerManifest), and what a client publishes
 * at first (categoryPublicationManifest). The presence room has the same containers. */
#include "provision/group_priv.h"

#define CONTAINER_NS "http://schemas.microsoft.com/2008/09/sip/ContainerManifest"
#define CATEGORY_NS  "http://schemas.microsoft.com/2008/09/sip/categoryPublicationManifest"
#define STATE_NS     "http://schemas.microsoft.com/2006/09/sip/state"
#define XSI_NS       "http://www.w3.org/2001/XMLSchema-instance"
#define OLDEST       "2.0.0.0"

static const struct {
    const char *id;
    bool visible, single, blocked;
} containers[] = {
    {"0", false, false, false}, {"100", true, true, false}, {"200", true, true, false},
    {"300", true, true, false}, {"400", true, true, false}, {"32000", true, false, true},
};

static const struct {
    const char *attribute, *value; /* role or type */
    const char *only;              /* the one container allowed; NULL: all visible ones */
    const char *home;              /* default container, NULL: none */
    const char *occurrence;
} members[] = {
    {"type", "sameEnterprise", NULL, "200", "one"},
    {"type", "federated", NULL, "100", "one"},
    {"type", "publicCloud", NULL, NULL, "zeroOrOne"},
    {"role", "delegate", "300", "300", "one"},
};

static void put_attr(struct xml_writer *w, const char *element, const char *name, const char *value)
{
    xml_open(w, element);
    xml_put_attr_string(w, name, value);
    xml_close(w);
}

static void put_containers(struct xml_writer *w)
{
    xml_open(w, "containers");
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        xml_open(w, "container");
        xml_put_attr_string(w, "id", containers[i].id);
        xml_element_string(w, "visible", containers[i].visible ? "true" : "false");
        xml_element_string(w, "avoidRedundantMembers", containers[i].single ? "true" : "false");
        if (containers[i].blocked)
            xml_element_string(w, "blocked", "true");
        xml_close(w);
    }
    xml_close(w);
}

static void put_members(struct xml_writer *w)
{
    xml_open(w, "members");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        xml_open(w, "member");
        xml_put_attr_string(w, members[i].attribute, members[i].value);
        xml_open(w, "allowedContainers");
        xml_put_attr_string(w, "type", members[i].only ? "custom" : "visibleContainers");
        if (members[i].only)
            put_attr(w, "container", "id", members[i].only);
        xml_close(w);
        if (members[i].home)
            put_attr(w, "defaultContainer", "id", members[i].home);
        put_attr(w, "occurrenceConstraint", "type", members[i].occurrence);
        xml_close(w);
    }
    xml_close(w);
}

/* Those in the block container see nobody: the one thing a client publishes by itself. */
static void put_bootstrap(struct xml_writer *w)
{
    xml_open(w, "publicationRule");
    xml_put_attr_string(w, "categoryName", "state");
    xml_put_attr_string(w, "containerId", "32000");
    xml_put_attr_string(w, "ruleType", "bootstrap");
    xml_open(w, "instanceId");
    xml_put_attr_string(w, "type", "constant");
    xml_put_attr_string(w, "value", "0");
    xml_close(w);
    put_attr(w, "expireType", "type", "static");
    xml_open(w, "categoryData");
    xml_open(w, "state");
    xml_put_ns(w, "", STATE_NS);
    xml_put_ns(w, "xsi", XSI_NS);
    xml_put_attr_string(w, "manual", "false");
    xml_put_attr_string(w, "xsi:type", "aggregateState");
    xml_element_string(w, "availability", "18500");
    xml_close(w);
    xml_close(w);
    xml_close(w);
}

void provision_grammar_print(struct xml_writer *w)
{
    xml_open(w, "containerManifestList");
    xml_put_ns(w, "", CONTAINER_NS);
    xml_put_attr_string(w, "minSupportedClientVersion", OLDEST);
    xml_open(w, "containerManifest");
    put_containers(w);
    put_members(w);
    xml_close(w);
    xml_close(w);
    xml_open(w, "categoryPublicationManifest");
    xml_put_ns(w, "", CATEGORY_NS);
    xml_put_attr_string(w, "minSupportedClientVersion", OLDEST);
    xml_open(w, "publicationList");
    put_bootstrap(w);
    xml_close(w);
    xml_close(w);
}
