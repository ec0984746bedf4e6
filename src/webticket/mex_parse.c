/* Reading metadata: ours, and that of real servers, where WCF spreads a service
 * over several MetadataSections and leaves half the policies out. */
#include "webticket/mex.h"

#include "xml/names.h"
#include "xml/soap.h"

enum {
    DEFINITIONS_MAX = 8
};

/* All WSDL documents of one answer; policies and ports may lie in different ones. */
struct sources {
    const struct xml_node *at[DEFINITIONS_MAX];
    size_t count;
};

static void add_source(struct sources *sources, const struct xml_node *node)
{
    if (xml_is(node, NS_WSDL, "definitions") && sources->count < DEFINITIONS_MAX)
        sources->at[sources->count++] = node;
}

static int find_sources(const struct xml_doc *doc, struct sources *sources, struct fault *fault)
{
    struct soap_message message;
    add_source(sources, xml_root(doc));
    if (sources->count == 0) {
        int err = soap_read_with(doc, NS_WSA, &message, fault);
        if (err)
            return err;
        if (xml_is(message.payload, NS_MEX, "Metadata"))
            xml_each (section, message.payload)
                xml_each (content, section)
                    add_source(sources, content);
    }
    return sources->count
               ? 0
               : fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED, "no WSDL in the metadata");
}

/* ---- what a policy asks for --------------------------------------------------------------- */

static const struct xml_node *find_below(const struct xml_node *node, const char *name)
{
    xml_each (child, node) {
        const struct xml_node *found = xml_is(child, NULL, name) ? child : find_below(child, name);
        if (found)
            return found;
    }
    return NULL;
}

static const struct {
    const char *tokens; /* NULL: anywhere in the policy */
    const char *token;
    enum mex_auth auth;
} policy_rows[] = {
    {"EndorsingSupportingTokens", "IssuedToken", MEX_AUTH_TICKET_PROOF},
    {"SignedEndorsingSupportingTokens", "IssuedToken", MEX_AUTH_TICKET_PROOF},
    {"SignedSupportingTokens", "IssuedToken", MEX_AUTH_TICKET_BEARER},
    {"SupportingTokens", "IssuedToken", MEX_AUTH_TICKET_BEARER},
    {"EndorsingSupportingTokens", "X509Token", MEX_AUTH_CERTIFICATE},
    {"SignedEndorsingSupportingTokens", "X509Token", MEX_AUTH_CERTIFICATE},
    {NULL, "UsernameToken", MEX_AUTH_USERNAME},
    {NULL, "NegotiateAuthentication", MEX_AUTH_HTTP_WINDOWS},
    {NULL, "NtlmAuthentication", MEX_AUTH_HTTP_WINDOWS},
    {NULL, "BasicAuthentication", MEX_AUTH_HTTP_BASIC},
};

static const struct {
    const char *port;
    enum mex_auth auth;
} name_rows[] = {
    {"WebTicketServiceWinNegotiate", MEX_AUTH_HTTP_WINDOWS},
    {"WebTicketServiceWinNtlm", MEX_AUTH_HTTP_WINDOWS},
    {"WebTicketServiceAuth", MEX_AUTH_USERNAME},
    {"WebTicketServiceCert", MEX_AUTH_CERTIFICATE},
    {"WsFedBearer", MEX_AUTH_TICKET_BEARER},
    {"CertProvisioningServiceWebTicketBearer", MEX_AUTH_TICKET_BEARER},
    {"CertProvisioningServiceWebTicketProof_SHA1", MEX_AUTH_TICKET_PROOF},
};

static void read_policy(const struct xml_node *policy, struct arena *arena, struct mex_port *port)
{
    for (size_t i = 0; i < sizeof policy_rows / sizeof *policy_rows; i++) {
        const struct xml_node *in =
            policy_rows[i].tokens ? find_below(policy, policy_rows[i].tokens) : policy;
        const struct xml_node *token = find_below(in, policy_rows[i].token);
        if (!token)
            continue;
        struct slice issuer = xml_text(xml_path(token, "Issuer/Address"));
        port->auth = policy_rows[i].auth;
        if (!slice_empty(issuer))
            port->issuer = arena_copy(arena, issuer);
        return;
    }
}

static const struct xml_node *find_policy(const struct sources *sources, struct slice id)
{
    for (size_t i = 0; i < sources->count; i++)
        xml_each (policy, sources->at[i])
            if (xml_is(policy, NULL, "Policy") && slice_eq(xml_attr_ns(policy, NS_WSU, "Id"), id))
                return policy;
    return NULL;
}

/* ---- ports ------------------------------------------------------------------------------- */

static struct slice local_part(struct slice qname)
{
    struct slice prefix, local;
    return slice_cut(qname, ':', &prefix, &local) ? local : qname;
}

/* The policy that the port's binding refers to, else the one named after the port. */
static const struct xml_node *policy_of(const struct sources *sources, const struct xml_node *port,
                                        struct arena *arena)
{
    struct slice binding = local_part(xml_attr(port, "binding"));
    for (size_t i = 0; i < sources->count && !slice_empty(binding); i++)
        xml_each (node, sources->at[i]) {
            if (!xml_is(node, NS_WSDL, "binding") || !slice_eq(xml_attr(node, "name"), binding))
                continue;
            struct slice uri = xml_attr(xml_child(node, NULL, "PolicyReference"), "URI");
            if (slice_starts(uri, SLICE("#")))
                return find_policy(sources, slice_from(uri, 1));
        }
    return find_policy(sources,
                       arena_print(arena, "%.*s_policy", SLICE_ARG(xml_attr(port, "name"))));
}

static void read_port(const struct sources *sources, const struct xml_node *node,
                      struct arena *arena, struct mex_port *port)
{
    *port = (struct mex_port){
        .name = arena_copy(arena, xml_attr(node, "name")),
        .location = arena_copy(arena, xml_attr(xml_child(node, NULL, "address"), "location")),
    };
    for (size_t i = 0; i < sizeof name_rows / sizeof *name_rows; i++)
        if (slice_eq_nocase(port->name, slice_of(name_rows[i].port)))
            port->auth = name_rows[i].auth;
    read_policy(policy_of(sources, node, arena), arena, port);
}

static int read_service(const struct sources *sources, const struct xml_node *service,
                        struct arena *arena, struct mex_service *out, struct mex_port *ports,
                        struct fault *fault)
{
    if (slice_absent(out->name))
        out->name = arena_copy(arena, xml_attr(service, "name"));
    xml_each (node, service) {
        if (!xml_is(node, NS_WSDL, "port") ||
            slice_empty(xml_attr(xml_child(node, NULL, "address"), "location")))
            continue;
        if (out->port_count == MEX_PORTS_MAX)
            return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                             "more than %d ports in the metadata", MEX_PORTS_MAX);
        read_port(sources, node, arena, &ports[out->port_count++]);
    }
    return 0;
}

int mex_parse(struct slice body, struct arena *arena, struct mex_service *out, struct fault *fault)
{
    *out = (struct mex_service){0};
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct sources sources = {0};
    int err = xml_read(body, NULL, &doc, fault);
    if (err || (err = find_sources(doc, &sources, fault)))
        return err;
    struct mex_port *ports = arena_array(arena, struct mex_port, MEX_PORTS_MAX);
    out->ports = ports;
    for (size_t i = 0; i < sources.count; i++)
        xml_each (node, sources.at[i])
            if (xml_is(node, NS_WSDL, "service") &&
                (err = read_service(&sources, node, arena, out, ports, fault)))
                return err;
    return 0;
}

const struct mex_port *mex_find(const struct mex_service *service, const char *name)
{
    for (size_t i = 0; i < service->port_count; i++)
        if (slice_eq_nocase(service->ports[i].name, slice_of(name)))
            return &service->ports[i];
    return NULL;
}

const struct mex_port *mex_find_auth(const struct mex_service *service, enum mex_auth auth)
{
    for (size_t i = 0; i < service->port_count; i++)
        if (service->ports[i].auth == auth)
            return &service->ports[i];
    return NULL;
}
