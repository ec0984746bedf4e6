#include "server/methods.h"

#include "event/event.h"
#include "sip/dispatch.h"

static int answer_options(void *context, const struct sip_message *request, struct sip_reply *reply,
                          struct fault *fault)
{
    (void)context;
    (void)request;
    (void)fault;
    sip_reply_header(reply, "Allow", "REGISTER, OPTIONS");
    return 0;
}

/* No event package is served yet: 489 says so in the protocol's own word. */
static int refuse_subscription(void *context, const struct sip_message *request,
                               struct sip_reply *reply, struct fault *fault)
{
    (void)context;
    (void)reply;
    struct slice event = sip_value_word(request, SIP_HEADER_EVENT);
    return fault_set(fault, ERR_UNSUPPORTED, FINDING_EVENT_PACKAGE, "Event: %.*s",
                     SLICE_ARG(event));
}

/* Nobody can be reached yet: sessions are refused as for somebody absent. */
static int refuse_session(void *context, const struct sip_message *request, struct sip_reply *reply,
                          struct fault *fault)
{
    (void)context;
    (void)reply;
    return fault_set(fault, ERR_UNSUPPORTED, FINDING_SESSIONS_NOT_SERVED, "to %.*s",
                     SLICE_ARG(request->to.uri.text));
}

static int refuse_service(void *context, const struct sip_message *request, struct sip_reply *reply,
                          struct fault *fault)
{
    (void)context;
    (void)reply;
    struct slice type = sip_value_word(request, SIP_HEADER_CONTENT_TYPE);
    return fault_set(fault, ERR_UNSUPPORTED, FINDING_SERVICE_NOT_SERVED, "%.*s", SLICE_ARG(type));
}

static int ignore(void *context, const struct sip_message *request, struct sip_reply *reply,
                  struct fault *fault)
{
    (void)context;
    (void)request;
    (void)fault;
    reply->no_answer = true;
    return 0;
}

static const struct sip_method_row rows[] = {
    {.method = SIP_OPTIONS, .answer = answer_options},
    {.method = SIP_SUBSCRIBE, .answer = refuse_subscription},
    {.method = SIP_SERVICE, .answer = refuse_service},
    {.method = SIP_INVITE, .answer = refuse_session},
    {.method = SIP_MESSAGE, .answer = refuse_session},
    {.method = SIP_ACK, .answer = ignore},
};

void methods_answer(struct errand *e)
{
    const struct sip_dispatch table = {
        .rows = rows,
        .count = sizeof rows / sizeof *rows,
        .source = e->server->site.sip_host,
    };
    sip_reply_init(&e->reply, e->arena, 200);
    sip_dispatch(&table, e, e->request, e->arena, &e->reply);
}
