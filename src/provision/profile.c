#include "provision/provision.h"

#include "base/buf.h"
#include "xml/writer.h"

#define PROFILE_NS   "http://schemas.microsoft.com/2007/03/LocationProfileDescription"
#define PROFILE_TYPE "application/ms-location-profile-definition+xml"

/* [MS-SIPRE] section 2.2.3: location-profile-gruu. */
bool provision_is_profile(const struct sip_message *request)
{
    return request->method == SIP_SERVICE &&
           slice_eq_nocase(sip_uri_param(&request->uri, SLICE("opaque")),
                           SLICE("app:locationprofile:get"));
}

int provision_profile_name(const struct sip_message *request, struct slice *name_out,
                           struct fault *fault)
{
    *name_out = (struct slice){0};
    if (!slice_absent(sip_uri_param(&request->uri, SLICE("default"))))
        return 0;
    struct slice name = sip_uri_param(&request->uri, SLICE("phone-context"));
    if (slice_empty(name))
        return fault_set(fault, ERR_MALFORMED, FINDING_DIALPLAN_UNNAMED,
                         "SERVICE for a location profile without default and phone-context");
    *name_out = name;
    return 0;
}

static void print_bool(struct xml_writer *w, const char *name, bool value)
{
    xml_element_string(w, name, value ? "true" : "false");
}

/* Elements in the order of appendix B; the optional ones only when they say something. */
static void print_plan(struct xml_writer *w, const struct dialplan *plan)
{
    xml_open(w, "LocationProfileDescription");
    xml_put_ns(w, "", PROFILE_NS);
    xml_element(w, "Name", plan->name);
    for (size_t i = 0; i < plan->count; i++) {
        const struct dialplan_rule *rule = &plan->rule[i];
        xml_open(w, "Rule");
        xml_element(w, "Pattern", rule->pattern);
        xml_element(w, "Translation", rule->translation);
        print_bool(w, "InternalEnterpriseExtension", rule->internal);
        print_bool(w, "ApplicableForDeviceDialing", rule->device);
        xml_close(w);
    }
    if (!slice_empty(plan->prefix))
        xml_element(w, "ExternalAccessPrefix", plan->prefix);
    print_bool(w, "OptimizeDeviceDialing", plan->optimize);
    xml_close(w);
}

void provision_profile_answer(const struct dialplan *plan, struct sip_reply *reply)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct xml_writer w = XML_WRITER(&body);
    print_plan(&w, plan);
    xml_end(&w);
    sip_reply_body(reply, SLICE(PROFILE_TYPE), arena_copy(reply->arena, buf_slice(&body)));
}
