/* Steps 10 to 14 of the mobile sign-in, and how the mobility service is asked. */
#include "base/clock.h"
#include "client/mobile_priv.h"

#include <string.h>

enum {
    TICKET_MARGIN_MS = 5 * 60 * 1000
};

/* ---- one call --------------------------------------------------------------------------- */

/* No answer of MCX's: a reverse proxy's error page, or the ticket check before it. */
static int read_answer(const struct web_response *response, const struct mobile_call *call,
                       struct mcx_response *out, struct fault *fault)
{
    int err = mcx_response_parse(response->body, call->request->operation, call->arena, out, fault);
    if (err == 0 && response->status != 200)
        err = fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED, "status %d with an answer",
                        response->status);
    if (err < 0 && err != -ERR_DENIED && response->status != 200)
        err = webticket_refusal(response->status, web_header(response, "X-Ms-diagnostics"),
                                response->body, FINDING_SIGNATURE_INVALID, fault);
    return err;
}

/* The service takes a signed Timestamp once, and two calls may fall into one millisecond. */
static int64_t new_stamp(struct mobile *mobile)
{
    int64_t now = clock_now();
    mobile->stamp = now > mobile->stamp ? now : mobile->stamp + 1;
    return mobile->stamp;
}

static int post(struct lychgate *gate, const struct mobile_call *call, struct mcx_response *out,
                struct fault *fault)
{
    struct arena *whole = gate->arena;
    scoped(buf) struct buf security = BUF_INIT, body = BUF_INIT;
    struct web_response response;
    const char *name = mcx_operation_name(call->request->operation);
    call->request->session = gate->mobile->session;
    webticket_security_print(&gate->ticket, new_stamp(gate->mobile), &security);
    mcx_request_print(call->request, buf_slice(&security), &body);
    struct web_request request = {.url = gate->mobile->service,
                                  .post = true,
                                  .body = buf_slice(&body),
                                  .wait_ms = call->wait_ms,
                                  .stoppable = call->stoppable};
    web_request_header(&request, "Content-Type", SLICE(MCX_CONTENT_TYPE));
    web_request_header(&request, "SOAPAction", slice_of(mcx_action(call->request->operation)));
    gate->arena = call->arena; /* a session of days must not keep every answer */
    int err = signin_ask(gate, call->step ? call->step : name, &request, &response, fault);
    gate->arena = whole;
    secret_wipe(body.at, body.cap);
    secret_wipe(security.at, security.cap);
    if (err == 0)
        err = read_answer(&response, call, out, fault);
    return err;
}

static int renew_ticket(struct lychgate *gate, struct fault *fault)
{
    return signin_ticket_by_certificate(gate, gate->mobile->tickets, gate->mobile->service, fault);
}

int mobile_call(struct lychgate *gate, const struct mobile_call *call, struct mcx_response *out,
                struct fault *fault)
{
    int err = 0;
    if (gate->ticket.expires < clock_now() + TICKET_MARGIN_MS)
        err = renew_ticket(gate, fault);
    if (err == 0)
        err = post(gate, call, out, fault);
    if (err == 0 || fault->finding != FINDING_TICKET_EXPIRED)
        return err;
    /* By the server's clock, which is the one that counts. */
    err = renew_ticket(gate, fault);
    return err ? err : post(gate, call, out, fault);
}

/* ---- 10 and 11: the phone is registered, if the policy lets it --------------------------------
 */

int mobile_initiate(struct lychgate *gate, struct fault *fault)
{
    struct mobile *mobile = gate->mobile;
    struct mcx_response response;
    struct mcx_request request = {
        .operation = MCX_INITIATE_SESSION,
        .initiate = {.endpoint = mobile->endpoint, .user_agent = mobile->user_agent}};
    const struct mobile_call call = {"initiate", &request, gate->arena, 0, false};
    int err = mobile_call(gate, &call, &response, fault);
    if (err) {
        /* The verdict comes before the REGISTER, and there is none when it is No. */
        if (fault->finding == FINDING_MOBILITY_DISABLED)
            gate->report.number = "11";
        return err;
    }
    mobile->session = response.initiate.session;
    mobile->summary.contact = arena_string(mobile->result, response.initiate.contact);
    mobile->summary.push = response.initiate.mode == MCX_PUSH;
    mobile->summary.lifetime_s = response.initiate.lifetime;
    mobile->ack = 1;
    mobile->signed_in = true;
    if (response.initiate.enabled)
        report_good(&gate->report, "200, registered by Contact <%.*s>",
                    SLICE_ARG(response.initiate.contact));
    return response.initiate.enabled ? 0
                                     : fault_set(fault, ERR_DENIED, FINDING_MOBILITY_DISABLED,
                                                 "%.*s", SLICE_ARG(gate->set.address));
}

int mobile_verdict(struct lychgate *gate, struct fault *fault)
{
    (void)fault;
    report_begin(&gate->report, "policy", "%.*s", SLICE_ARG(gate->set.sip_uri));
    report_good(&gate->report, "enabled for mobility: True");
    return 0;
}

/* ---- 12: provisioning ---------------------------------------------------------------------------
 */

static const char *yes_no(bool yes)
{
    return yes ? "True" : "False";
}

static void add_setting(struct mobile *mobile, const char *group, const char *name,
                        const char *value)
{
    mobile->settings[mobile->setting_count++] = (struct lychgate_setting){group, name, value};
}

enum {
    SETTINGS_MAX = 16
};

static void take_settings(struct mobile *mobile, const struct phone_settings *s)
{
    struct arena *arena = mobile->result;
    mobile->settings = arena_array(arena, struct lychgate_setting, SETTINGS_MAX);
    mobile->setting_count = 0;
    add_setting(mobile, "12.1", "voicemail", arena_string(arena, s->voicemail_uri));
    add_setting(mobile, "12.2", "simultaneous-ring", yes_no(s->sim_ring));
    add_setting(mobile, "12.2", "call-forwarding", yes_no(s->call_forwarding));
    add_setting(mobile, "12.2", "delegation", yes_no(s->delegation));
    add_setting(mobile, "12.2", "team-call", yes_no(s->team_call));
    add_setting(mobile, "12.3", "address-book", arena_string(arena, s->address_book_url));
    add_setting(mobile, "12.3", "group-expansion", arena_string(arena, s->group_url));
    add_setting(mobile, "12.3", "location", arena_string(arena, s->location_url));
    add_setting(mobile, "12.4", "photos", yes_no(s->show_photos));
    add_setting(mobile, "12.4", "photo-source", arena_string(arena, s->photo_source));
    add_setting(mobile, "12.4", "card-organization", yes_no(s->card_organization));
    add_setting(mobile, "12.5", "outside-voice", yes_no(s->outside_voice));
    add_setting(mobile, "12.5", "push-notifications", yes_no(s->push));
    add_setting(mobile, "12.6", "dial-plan", arena_string(arena, s->dial_plan));
    add_setting(mobile, "12.6", "dial-rules", arena_print(arena, "%zu", s->dial_rules).at);
}

/* The sub-steps took no time of their own: what they tell came in one answer. */
static void tell_settings(struct lychgate *gate)
{
    static const struct {
        const char *number, *about;
    } parts[] = {
        {"12.1", "voicemail URI"},
        {"12.2", "simultaneous ring, call forwarding, delegation, team call"},
        {"12.3", "address book, group expansion, location information"},
        {"12.4", "contact and photo display"},
        {"12.5", "mobility policy"},
        {"12.6", "dial plan"},
    };
    const struct mobile *mobile = gate->mobile;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        scoped(buf) struct buf answer = BUF_INIT;
        for (size_t k = 0; k < mobile->setting_count; k++) {
            const struct lychgate_setting *s = &mobile->settings[k];
            if (strcmp(s->group, parts[i].number) == 0)
                buf_print(&answer, "%s%s %s", answer.len ? ", " : "", s->name,
                          s->value[0] ? s->value : "-");
        }
        gate->report.number = parts[i].number;
        report_tell(&gate->report, &(struct report_told){.step = "setting",
                                                         .asked = slice_of(parts[i].about),
                                                         .outcome = LYCHGATE_GOOD,
                                                         .answer = buf_string(&answer)});
    }
    gate->report.number = "12";
}

int mobile_provision(struct lychgate *gate, struct fault *fault)
{
    struct mcx_response response;
    struct mcx_request request = {.operation = MCX_GET_PROVISIONING};
    const struct mobile_call call = {"provisioning", &request, gate->arena, 0, false};
    int err = mobile_call(gate, &call, &response, fault);
    if (err)
        return err;
    take_settings(gate->mobile, &response.settings);
    report_good(&gate->report, "200, %zu settings", gate->mobile->setting_count);
    tell_settings(gate);
    return 0;
}

/* ---- 13: push or pull ---------------------------------------------------------------------------
 */

static int subscribe(struct lychgate *gate, struct fault *fault)
{
    struct mobile *mobile = gate->mobile;
    struct mcx_response response;
    struct mcx_request request = {.operation = MCX_SUBSCRIBE_TO_PUSH,
                                  .subscription = slice_of(mobile->with.push_subscription)};
    const struct mobile_call call = {"push", &request, gate->arena, 0, false};
    int err = mobile_call(gate, &call, &response, fault);
    if (err)
        return err;
    mobile->summary.push = response.push.mode == MCX_PUSH;
    mobile->summary.lifetime_s = response.push.lifetime;
    report_good(&gate->report, "200, %s, may be silent for %lld s",
                mobile->summary.push ? "push" : "pull: the server does not push",
                (long long)response.push.lifetime);
    return 0;
}

/* Pull begins with a poll that is not held: whatever is there already. */
int mobile_push_or_pull(struct lychgate *gate, struct fault *fault)
{
    if (gate->mobile->with.push_subscription)
        return subscribe(gate, fault);
    int told = mobile_poll(gate, "pull", 0, fault);
    return told < 0 ? told : 0;
}

/* ---- 14: people
 * ------------------------------------------------------------------------------------ */

int mobile_contacts(struct lychgate *gate, struct fault *fault)
{
    return mobile_read_contacts(gate, "contacts", fault);
}
