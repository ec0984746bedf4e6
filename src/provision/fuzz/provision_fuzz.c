/* One SIP request: when it is for provisioning it gets a document that can be read again,
 * or a refusal that has a finding. */
#include "provision/provision.h"
#include "xml/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_read(struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    must(xml_read(body, NULL, &doc, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct site site = {.domain = {"contoso.test", 12},
                                     .web_host = {"webdir.contoso.test", 19},
                                     .sip_host = {"sip.contoso.test", 16},
                                     .https_port = 443,
                                     .sip_port = 5061};
    static const struct provision_settings settings;
    const struct provision_options options = {.site = &site, .services = ~0u};
    const struct registrar_caller caller = {.account = SLICE("alice@contoso.test")};
    scoped(arena) struct arena *arena = arena_new();
    struct policy_effective policy;
    struct sip_message request;
    struct sip_reply reply;
    struct outgoing_list out;
    struct fault fault = {0};
    struct slice name;
    if (sip_parse(&request, slice_make(data, size), NULL) < 0 || !sip_is_request(&request))
        return 0;
    policy_effective_default(POLICY_LYNC_2013, &policy);
    const struct provision_user user = {caller.account, &settings, &policy};
    sip_reply_init(&reply, arena, 200);
    outgoing_init(&out, arena);
    if (provision_is_profile(&request) && provision_profile_name(&request, &name, &fault) == 0) {
        provision_profile_answer(&policy.dialplan, &reply);
        must_read(reply.body);
        return 0;
    }
    if (provision_subscribe(&options, &request, &caller, &user, &reply, &out, &fault) < 0)
        must(fault.finding != FINDING_NONE && !out.first);
    else
        must_read(out.first ? out.first->request.body : reply.body);
    return 0;
}
