#include "server/methods.h"

#include "addressbook/directory.h"
#include "provision/provision.h"
#include "server/admit.h"
#include "server/session.h"
#include "server/visit.h"

/* ---- which request is it? --------------------------------------------------------------- */

static bool is_event(const struct sip_message *request, const char *event)
{
    return slice_eq_nocase(sip_value_word(request, SIP_HEADER_EVENT), slice_of(event));
}

static bool is_provisioning(const struct sip_message *request)
{
    return provision_is_event(sip_value_word(request, SIP_HEADER_EVENT));
}

static bool is_contacts(const struct sip_message *request)
{
    return is_event(request, CONTACTS_EVENT);
}

static bool is_self(const struct sip_message *request)
{
    return is_event(request, "vnd-microsoft-roaming-self") ||
           is_event(request, "presence.wpending");
}

static bool is_presence(const struct sip_message *request)
{
    return is_event(request, "presence");
}

/* ---- answers on the spot ------------------------------------------------------------------- */

static void refuse_subscription(struct errand *e)
{
    struct slice event = sip_value_word(e->request, SIP_HEADER_EVENT);
    struct fault fault;
    fault_set(&fault, ERR_UNSUPPORTED, FINDING_EVENT_PACKAGE, "Event: %.*s", SLICE_ARG(event));
    line_errand_refuse(e, &fault);
}

static void refuse_service(struct errand *e)
{
    struct slice type = sip_value_word(e->request, SIP_HEADER_CONTENT_TYPE);
    struct fault fault;
    fault_set(&fault, ERR_UNSUPPORTED, FINDING_SERVICE_NOT_SERVED, "%.*s", SLICE_ARG(type));
    line_errand_refuse(e, &fault);
}

/* What needs an admission first has its own start. */
static void start_register(struct errand *e)
{
    if (e->established && e->request->expires != 0)
        admit_send(e);
    else
        home_send(e);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* The first row that fits. */
static const struct method_way ways[] = {
    {.method = SIP_REGISTER, .start = start_register, .home = home_register},

    {.method = SIP_SUBSCRIBE, .fits = is_provisioning, .inquire = inquire_provisioning},
    {.method = SIP_SUBSCRIBE, .fits = is_contacts, .home = home_subscribe_contacts},
    {.method = SIP_SUBSCRIBE, .fits = is_self, .home = home_subscribe_self},
    {.method = SIP_SUBSCRIBE, .fits = is_presence, .home = home_subscribe_presence},
    {.method = SIP_SUBSCRIBE, .start = refuse_subscription},

    {.method = SIP_SERVICE, .fits = presence_serves, .home = home_publish},
    {.method = SIP_SERVICE, .fits = contacts_is_edit, .home = home_edit_contacts},
    {.method = SIP_SERVICE, .fits = provision_is_profile, .inquire = inquire_dialplan},
    {.method = SIP_SERVICE, .fits = addressbook_is_directory_search, .inquire = inquire_directory},
    {.method = SIP_SERVICE, .start = refuse_service},

    {.method = SIP_INVITE, .start = session_send},
    {.method = SIP_ACK, .start = session_send},
    {.method = SIP_CANCEL, .start = session_send},
    {.method = SIP_BYE, .start = session_send},
    {.method = SIP_MESSAGE, .start = session_send},
    {.method = SIP_INFO, .start = session_send},
    {.method = SIP_REFER, .start = session_send},
    {.method = SIP_NOTIFY, .start = session_send},
    {.method = SIP_UPDATE, .start = session_send},
};

static const struct method_way *way_of(const struct sip_message *request)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].method == request->method && (!ways[i].fits || ways[i].fits(request)))
            return &ways[i];
    return NULL;
}

/* OPTIONS, and methods that nobody serves: 405 with what is served. */
static void answer_others(struct errand *e)
{
    scoped(buf) struct buf allow = BUF_INIT;
    buf_print(&allow, "OPTIONS");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (i == 0 || ways[i].method != ways[i - 1].method)
            buf_print(&allow, ", %.*s", SLICE_ARG(sip_method_name(ways[i].method)));
    if (e->request->method != SIP_OPTIONS) {
        struct fault fault;
        fault_set(&fault, ERR_UNSUPPORTED, FINDING_SIP_METHOD, "%.*s",
                  SLICE_ARG(e->request->method_text));
        sip_reply_fault(&e->reply, &fault, e->server->site.sip_host);
    }
    sip_reply_header(&e->reply, "Allow", "%.*s", SLICE_ARG(buf_slice(&allow)));
    e->reply.no_answer = e->request->method == SIP_BENOTIFY;
    line_errand_finish(e);
}

void methods_take(struct errand *e)
{
    if (!sip_is_request(e->request)) {
        session_response(e);
        return;
    }
    e->way = way_of(e->request);
    if (!e->way)
        answer_others(e);
    else if (e->way->start)
        e->way->start(e);
    else if (e->way->home)
        home_send(e);
    else
        inquire_send(e);
}
