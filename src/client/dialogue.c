/* SIP as a registered client speaks it: REGISTER and its answers, and the server's
 * requests that come in between ([MS-SIPREGE], signin.md section 7). */
#include "client/signin_priv.h"

#include "base/clock.h"
#include "client/session_priv.h"
#include "sip/reply.h"

#include <stdlib.h>

/* ---- out -------------------------------------------------------------------------------- */

/* Print, sign if there is something to sign with, send. */
static int send_out(struct lychgate *gate, const struct sip_out *out, struct slice authorization,
                    struct fault *fault)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    struct slice name = slice_empty(authorization)
                            ? (struct slice){0}
                            : slice_of(challenge_answer_header(&gate->challenge));
    sip_print(out, name, authorization, &bytes);
    return wire_send(gate->wire, buf_slice(&bytes), fault);
}

static struct slice sign(struct lychgate *gate, const struct sip_out *out)
{
    struct sip_signature_fields fields;
    sip_out_signature(out, &fields);
    return association_authorization(gate->association, out->arena, &fields);
}

int dialogue_send(struct lychgate *gate, const struct sip_out *out, struct fault *fault)
{
    struct slice authorization = {0};
    if (gate->association) {
        authorization = sign(gate, out);
        if (slice_absent(authorization))
            return fault_set(fault, ERR_EXPIRED, FINDING_ASSOCIATION_ENDED, "no numbers are left");
    }
    return send_out(gate, out, authorization, fault);
}

static void fill_register(struct lychgate *gate, bool leave, struct sip_request *request)
{
    struct arena *arena = request->arena;
    struct slice local = wire_local(gate->wire);
    request->method = SIP_REGISTER;
    request->uri = arena_print(arena, "sip:%.*s", SLICE_ARG(gate->set.domain));
    request->via_host = local;
    request->branch = sip_branch_new(arena);
    request->from =
        arena_print(arena, "<%.*s>;tag=%.*s;epid=%.*s", SLICE_ARG(gate->set.sip_uri),
                    SLICE_ARG(slice_head(sip_tag_new(arena), 10)), SLICE_ARG(gate->epid));
    request->to = arena_print(arena, "<%.*s>", SLICE_ARG(gate->set.sip_uri));
    request->call_id = gate->call_id;
    request->cseq = ++gate->cseq;
    sip_request_header(request, "User-Agent", "%s", gate->set.user_agent);
    sip_request_header(
        request, "Contact",
        "<sip:%.*s;transport=tls;ms-opaque=%.*s>;methods=\"INVITE, MESSAGE, INFO, OPTIONS, BYE, "
        "CANCEL, NOTIFY, ACK, BENOTIFY\";proxy=replace;+sip.instance=\"<urn:uuid:%.*s>\"",
        SLICE_ARG(local), SLICE_ARG(slice_head(gate->epid, 10)), SLICE_ARG(gate->instance));
    sip_request_header(request, "Supported", "gruu-10, adhoclist, msrtc-event-categories");
    sip_request_header(request, "Supported", "ms-forking");
    sip_request_header(request, "Event", "registration");
    sip_request_header(request, "Allow-Events", "presence");
    sip_request_header(request, "ms-keep-alive", "UAC;hop-hop=yes");
    if (leave)
        sip_request_header(request, "Expires", "0");
}

int dialogue_send_register(struct lychgate *gate, const struct dialogue_register *options,
                           struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_request request = {.arena = arena};
    struct sip_out out;
    fill_register(gate, options->leave, &request);
    sip_out_request(&out, &request);
    struct slice authorization = options->authorization;
    if (options->sign) {
        authorization = sign(gate, &out);
        if (slice_absent(authorization))
            return fault_set(fault, ERR_EXPIRED, FINDING_ASSOCIATION_ENDED, "no numbers are left");
    }
    return send_out(gate, &out, authorization, fault);
}

/* ---- in ------------------------------------------------------------------------------------ */

int dialogue_receive(struct lychgate *gate, int64_t until, struct sip_message *message,
                     struct fault *fault)
{
    struct slice bytes;
    int64_t date;
    int err = wire_receive(gate->wire, until, &bytes, fault);
    if (err)
        return err;
    report_received(&gate->report, bytes);
    err = sip_parse(message, bytes, fault);
    if (err == 0 && clock_parse_http(sip_value(message, SIP_HEADER_DATE), &date) == 0)
        report_date(&gate->report, date, clock_now());
    return err;
}

/* The final answer to our last REGISTER. Once the association is there, everything but
 * 401 must be signed by the server ([MS-SIPAE] 3.2.5.2). */
static int await_answer(struct lychgate *gate, struct sip_message *answer, struct fault *fault)
{
    int64_t until = clock_monotonic() + gate->set.timeout_ms;
    for (;;) {
        int err = dialogue_receive(gate, until, answer, fault);
        if (err == -ERR_AGAIN)
            return fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "no answer to REGISTER");
        if (err == -ERR_CONFLICT)
            return fault_set(fault, ERR_CONFLICT, FINDING_STOPPED, "while waiting for an answer");
        if (err)
            return err;
        if (!sip_is_request(answer) && answer->method == SIP_REGISTER) {
            if (answer->status >= 200 && answer->cseq == gate->cseq &&
                slice_eq(answer->call_id, gate->call_id))
                return 0;
            continue;
        }
        err = talk_take(gate, answer, fault);
        if (err)
            return err;
    }
}

int dialogue_register(struct lychgate *gate, const struct dialogue_register *options,
                      struct sip_message *answer, struct fault *fault)
{
    int err = dialogue_send_register(gate, options, fault);
    if (err == 0)
        err = await_answer(gate, answer, fault);
    if (err || !gate->association || answer->status == 401 || answer->status == 407)
        return err;
    return association_verify_info(gate->association, answer, clock_now(), fault);
}

/* ---- the server's requests ------------------------------------------------------------------ */

/* [MS-SIPREGE] 3.2: the body is one line, "deregistered;event=rejected". */
static bool ends_registration(const struct sip_message *request)
{
    return (request->method == SIP_NOTIFY || request->method == SIP_BENOTIFY) &&
           slice_eq_nocase(sip_value_word(request, SIP_HEADER_EVENT),
                           SLICE("registration-notify")) &&
           slice_starts_nocase(slice_trim(request->body), SLICE("deregistered"));
}

static int answer_request(struct lychgate *gate, const struct sip_message *request, int status,
                          struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_reply reply;
    sip_reply_init(&reply, arena, status);
    if (status == 405)
        sip_reply_header(&reply, "Allow",
                         "INVITE, ACK, BYE, CANCEL, MESSAGE, INFO, NOTIFY, BENOTIFY, OPTIONS");
    return talk_reply(gate, request, &reply, fault);
}

/* The rest is answered here: whoever asks for more than we know. */
static int answer_other(struct lychgate *gate, const struct sip_message *request,
                        struct fault *fault)
{
    switch (request->method) {
    case SIP_BENOTIFY:
    case SIP_ACK:
        return 0;
    case SIP_OPTIONS:
        return answer_request(gate, request, 200, fault);
    case SIP_NOTIFY:
    case SIP_BYE:
    case SIP_INFO:
    case SIP_MESSAGE:
    case SIP_CANCEL:
        return answer_request(gate, request, 481, fault);
    case SIP_INVITE:
        return answer_request(gate, request, 480, fault);
    case SIP_METHOD_OTHER:
    case SIP_NEGOTIATE:
        return answer_request(gate, request, 501, fault);
    default:
        return answer_request(gate, request, 405, fault);
    }
}

static int deregistered(struct lychgate *gate, const struct sip_message *request,
                        struct fault *fault)
{
    struct slice why = sip_value(request, SIP_HEADER_MS_DIAGNOSTICS_PUBLIC);
    int err = request->method == SIP_NOTIFY ? answer_request(gate, request, 200, fault) : 0;
    if (err)
        return err;
    return fault_set(fault, ERR_DENIED, FINDING_DEREGISTERED, "%.*s%s%.*s",
                     SLICE_ARG(slice_head(slice_trim(request->body), 80)),
                     slice_empty(why) ? "" : "; ", SLICE_ARG(slice_head(why, 120)));
}

int dialogue_request(struct lychgate *gate, const struct sip_message *request, struct fault *fault)
{
    /* What is not signed by the server did not come from it, whoever sent it. */
    if (!talk_is_genuine(gate, request))
        return 0;
    if (ends_registration(request))
        return deregistered(gate, request, fault);
    int taken = session_request(gate, request, fault);
    return taken < 0 ? taken : taken > 0 ? 0 : answer_other(gate, request, fault);
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* What stands between the quotes behind `name` ("reason=\""); absent if that is not there. */
static struct slice quoted(struct slice value, struct slice name)
{
    struct slice params = value, head, rest;
    slice_cut(value, ';', &head, &params);
    ptrdiff_t at = slice_find(params, name);
    if (at < 0)
        return (struct slice){0};
    slice_cut(slice_from(params, (size_t)at + name.len), '"', &head, &rest);
    return head;
}

/* Our own servers, and Microsoft's, number their reasons ([MS-OCER] section 6). Several
 * findings may share a number; ours begin the reason with the row's sentence. What push says
 * has its number and reason from Lync, and the sentence behind that (push/wake.c). */
static enum finding finding_of(const struct sip_message *response, uint64_t number,
                               struct slice value)
{
    struct slice reason = quoted(value, SLICE("reason=\"")), info = quoted(value, SLICE("info=\""));
    enum finding best = FINDING_NONE;
    for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        if (!slice_empty(info) && slice_eq(info, slice_of(row->user)))
            return (enum finding)i;
        if ((uint64_t)row->ms_diagnostics != number || row->sip == 0)
            continue;
        if (slice_starts(reason, slice_of(row->user)))
            return (enum finding)i;
        if (best == FINDING_NONE && row->sip == response->status)
            best = (enum finding)i;
    }
    return best;
}

static int refusal(const struct sip_message *response, enum finding otherwise, struct fault *fault)
{
    static const enum sip_header_id places[] = {SIP_HEADER_MS_DIAGNOSTICS,
                                                SIP_HEADER_MS_DIAGNOSTICS_PUBLIC};
    enum finding finding = FINDING_NONE;
    struct slice shown = {0};
    for (size_t i = 0; i < sizeof places / sizeof *places && finding == FINDING_NONE; i++) {
        struct slice value = sip_value(response, places[i]), number_text = value, rest;
        uint64_t number;
        if (slice_absent(value))
            continue;
        slice_cut(value, ';', &number_text, &rest);
        shown = value;
        if (slice_number(slice_trim(number_text), UINT32_MAX, &number) == 0)
            finding = finding_of(response, number, value);
    }
    if (finding == FINDING_NONE)
        finding = otherwise;
    if (slice_absent(shown))
        shown = sip_value(response, SIP_HEADER_WARNING);
    return fault_set(fault, ERR_DENIED, finding, "%d %.*s%s%.*s", response->status,
                     SLICE_ARG(slice_head(response->reason, 60)), slice_empty(shown) ? "" : "; ",
                     SLICE_ARG(slice_head(shown, 160)));
}

int dialogue_refusal(const struct sip_message *response, struct fault *fault)
{
    return refusal(response,
                   response->status == 503   ? FINDING_SERVER_BUSY
                   : response->status == 404 ? FINDING_HOME_UNKNOWN
                                             : FINDING_SIGNIN_REFUSED,
                   fault);
}

int dialogue_refusal_of_request(const struct sip_message *response, struct fault *fault)
{
    static const struct {
        int status;
        enum finding finding;
    } rows[] = {
        {404, FINDING_IM_NO_SUCH_USER}, {408, FINDING_IM_TIMEOUT},
        {480, FINDING_IM_NOT_THERE},    {481, FINDING_SUBSCRIPTION_UNKNOWN},
        {489, FINDING_EVENT_PACKAGE},   {501, FINDING_SERVICE_NOT_SERVED},
        {503, FINDING_SERVER_BUSY},
    };
    enum finding otherwise = FINDING_REQUEST_REFUSED;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == response->status)
            otherwise = rows[i].finding;
    return refusal(response, otherwise, fault);
}

/* ---- what a 200 says ------------------------------------------------------------------------ */

static struct slice own_gruu(const struct lychgate *gate, const struct sip_message *answer)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    while (sip_contact_next(answer, &it, &contact))
        if (slice_ends_nocase(contact.instance, gate->instance) && !slice_empty(contact.gruu))
            return contact.gruu;
    return (struct slice){0};
}

/* ms-keep-alive: "UAS; tcp=no; hop-hop=yes; end-end=no; timeout=300". */
static int64_t keepalive_ms(const struct sip_message *answer)
{
    enum {
        UNTOLD_MS = 60 * 1000 /* what SIPE takes until it is told */
    };
    struct slice value = sip_value(answer, SIP_HEADER_MS_KEEP_ALIVE), item, name, number;
    uint64_t seconds;
    while (slice_next(&value, ';', &item))
        if (slice_cut(item, '=', &name, &number) && slice_eq_nocase(name, SLICE("timeout")) &&
            slice_number(number, 86400, &seconds) == 0 && seconds > 0)
            return (int64_t)seconds * 1000;
    return UNTOLD_MS;
}

/* Refreshes say the same for days: only what is new takes memory. */
static void set_text(struct lychgate *gate, const char **to, struct slice text)
{
    if (!*to || !slice_eq(slice_of(*to), text))
        *to = arena_string(gate->result_arena, text);
}

void dialogue_take_registration(struct lychgate *gate, const struct sip_message *answer)
{
    enum {
        UNTOLD_S = 600
    };
    struct lychgate_summary *summary = &gate->summary;
    int64_t seconds = answer->expires > 0 ? answer->expires : UNTOLD_S;
    gate->expires_ms = seconds * 1000;
    summary->registered_until = clock_now() + gate->expires_ms;
    summary->keepalive_ms = keepalive_ms(answer);
    set_text(gate, &summary->gruu, own_gruu(gate, answer));
    set_text(gate, &summary->server, sip_value(answer, SIP_HEADER_SERVER));
}
