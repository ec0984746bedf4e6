/* From the question whether he may to the last REGISTER. */
#include "mobility/phone_priv.h"

#include "base/encode.h"
#include "base/random.h"
#include "registrar/endpoint.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_MS = 60 * 1000,
    IDLE_MS = 5 * MINUTE_MS,
    DAY_MS = 24 * 60 * MINUTE_MS,
    TRANSACTIONS_MAX = 128
};

int64_t phone_now(const struct phone *phone)
{
    return phone->world.now(phone->world.arg);
}

void phone_stir(struct phone *phone)
{
    if (phone->face.tell) /* not while it is freed */
        phone->world.stir(phone->world.arg);
}

int phone_fault(struct fault *fault, enum err err, enum finding finding, const char *what)
{
    return fault_set(fault, err, finding, "%s", what);
}

/* ---- telling ------------------------------------------------------------------------------- */

void phone_tell(struct phone *phone, struct phone_news *news)
{
    static const struct fault none = {.finding = FINDING_NONE};
    if (!phone->face.tell)
        return;
    news->priority = phone_news_priority(news->kind);
    if (!news->fault)
        news->fault = &none;
    phone->told = true;
    phone->face.tell(phone->face.arg, news);
    phone_stir(phone);
}

void phone_done(struct phone *phone, uint64_t tag, const struct fault *fault)
{
    phone_tell(phone, &(struct phone_news){.kind = PHONE_DONE, .tag = tag, .fault = fault});
}

bool phone_ready(struct phone *phone, uint64_t tag)
{
    struct fault fault;
    if (phone->state == PHONE_IN)
        return true;
    phone_fault(&fault, ERR_CONFLICT, FINDING_MOBILITY_NOT_READY, "not signed in");
    phone_done(phone, tag, &fault);
    return false;
}

void phone_settle(struct phone *phone)
{
    bool told = phone->told;
    phone->told = false;
    if (told && phone->face.settle)
        phone->face.settle(phone->face.arg);
}

int phone_address(struct arena *arena, struct slice text, struct slice *account_out,
                  struct fault *fault)
{
    struct sip_uri uri;
    text = slice_trim(text);
    if (!slice_starts_nocase(text, SLICE("sip:")))
        text = arena_print(arena, "sip:%.*s", SLICE_ARG(text));
    if (text.len > CONTACTS_URI_MAX || sip_uri_parse(text, &uri, NULL) < 0 ||
        slice_empty(uri.user) || sip_uri_aor(arena, &uri, account_out, NULL) < 0)
        return phone_fault(fault, ERR_MALFORMED, FINDING_MOBILITY_INVALID, "no SIP address");
    *account_out = slice_from(*account_out, 4);
    return 0;
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* The same device has the same epid and instance whenever it comes, so that its registration
 * is refreshed and not doubled; a device's own name tells nobody else anything. */
static void name_endpoint(struct phone *phone)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct slice text = arena_print(phone->arena, "%.*s\n%.*s", SLICE_ARG(phone->account),
                                    SLICE_ARG(phone->endpoint));
    SHA256((const unsigned char *)text.at, text.len, hash);
    phone->epid = hex_print_lower(phone->arena, slice_make(hash, 6));
    struct guid instance = endpoint_instance_of_epid(phone->epid);
    phone->instance = guid_print(phone->arena, &instance);
    phone->contact = arena_print(phone->arena, "sip:%.*s:%u;transport=tls;ms-opaque=%.*s",
                                 SLICE_ARG(phone->world.pool), phone->world.port,
                                 SLICE_ARG(slice_head(phone->epid, 10)));
}

/* Header text: neither control bytes nor more than a line. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            return false;
    return text.len <= PHONE_ENDPOINT_MAX;
}

int phone_new(const struct phone_world *world, const struct phone_options *options,
              struct phone **phone_out, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct slice account;
    int err = phone_address(arena, options->account, &account, fault);
    if (err == 0 && (slice_empty(options->endpoint) || !is_plain(options->endpoint) ||
                     !is_plain(options->user_agent) || !is_plain(options->device)))
        err = phone_fault(fault, ERR_MALFORMED, FINDING_MOBILITY_INVALID,
                          "endpoint id or user agent is empty, too long, or has control bytes");
    if (err) {
        arena_free(arena);
        return err;
    }
    struct phone *phone = must_calloc(1, sizeof *phone);
    phone->world = *world;
    phone->face = options->face;
    phone->arena = arena;
    phone->account = account;
    phone->uri = arena_print(arena, "sip:%.*s", SLICE_ARG(account));
    phone->endpoint = arena_copy(arena, options->endpoint);
    phone->user_agent = arena_copy(arena, options->user_agent);
    phone->device = arena_copy(arena, options->device);
    name_endpoint(phone);
    phone->call_id = random_hex(arena, 32);
    phone->from_tag = slice_head(sip_tag_new(arena), 10);
    phone->idle_after = IDLE_MS;
    phone->refresh_at = INT64_MAX;
    phone->transactions = sip_transactions_new(TRANSACTIONS_MAX);
    phone->versions = presence_versions_new();
    phone->last = &phone->first;
    phone->editions_last = &phone->editions;
    for (size_t i = 0; i < FOLLOW_COUNT; i++)
        phone->follow[i].refresh_at = INT64_MAX;
    *phone_out = phone;
    return 0;
}

void phone_free(struct phone *phone)
{
    if (!phone)
        return;
    phone->state = PHONE_OVER;
    phone->face.tell = NULL;
    phone_publish_end(phone);
    phone_follow_end(phone);
    phone_chat_end_all(phone, false);
    phone_people_free(phone);
    phone_talk_end(phone);
    sip_transactions_free(phone->transactions);
    presence_versions_free(phone->versions);
    while (phone->first) {
        struct parting *next = phone->first->next;
        free(phone->first);
        phone->first = next;
    }
    arena_free(phone->settings_arena);
    arena_free(phone->contacts_arena);
    arena_free(phone->admission_arena);
    arena_free(phone->arena);
    free(phone);
}

bool phone_next(struct phone *phone, struct arena *arena, struct slice *bytes_out)
{
    struct parting *parting = phone->first;
    if (!parting)
        return false;
    *bytes_out = arena_copy(arena, slice_make(parting->bytes, parting->len));
    phone->first = parting->next;
    if (!phone->first)
        phone->last = &phone->first;
    free(parting);
    return true;
}

/* ---- registering ----------------------------------------------------------------------------- */

static void registered(struct phone *phone, const struct ask *ask,
                       const struct sip_message *answer);

static void send_register(struct phone *phone, ask_fn *fn)
{
    scoped(arena) struct arena *arena = arena_new();
    struct fault fault;
    bool leave = phone->state == PHONE_LEAVING;
    struct sip_request request = phone_talk_request(
        phone, arena, SIP_REGISTER, arena_print(arena, "sip:%.*s", SLICE_ARG(phone->world.domain)));
    request.from = arena_print(arena, "<%.*s>;tag=%.*s;epid=%.*s", SLICE_ARG(phone->uri),
                               SLICE_ARG(phone->from_tag), SLICE_ARG(phone->epid));
    request.to = arena_print(arena, "<%.*s>", SLICE_ARG(phone->uri));
    request.call_id = phone->call_id;
    request.cseq = ++phone->cseq;
    sip_request_header(&request, "Contact",
                       "<%.*s>;methods=\"INVITE, MESSAGE, INFO, OPTIONS, "
                       "BYE, CANCEL, NOTIFY, ACK, BENOTIFY\";+sip.instance=\"<urn:uuid:%.*s>\"",
                       SLICE_ARG(phone->contact), SLICE_ARG(phone->instance));
    sip_request_header(&request, "Supported", "gruu-10, adhoclist, msrtc-event-categories");
    sip_request_header(&request, "Supported", "ms-forking");
    sip_request_header(&request, "Event", "registration");
    if (leave)
        sip_request_header(&request, "Expires", "0");
    if (phone_talk_ask(phone, &request, &(struct ask){.fn = fn}, 0, &fault) < 0)
        phone_over(phone, &fault);
}

static void take_gruu(struct phone *phone, const struct sip_message *answer)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    while (sip_contact_next(answer, &it, &contact))
        if (slice_ends_nocase(contact.instance, phone->instance) && !slice_empty(contact.gruu) &&
            contact.gruu.len < sizeof phone->gruu) {
            memcpy(phone->gruu, contact.gruu.at, contact.gruu.len);
            phone->gruu[contact.gruu.len] = '\0';
        }
}

static void registered(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    struct fault fault;
    (void)ask;
    if (phone->state != PHONE_REGISTERING && phone->state != PHONE_IN)
        return;
    if (!answer || answer->status > 299) {
        phone_talk_refusal(answer, &fault);
        phone_over(phone, &fault);
        return;
    }
    int64_t expires = answer->expires > 0 ? answer->expires * 1000 : 10 * MINUTE_MS;
    phone->refresh_at = phone_now(phone) + expires / 2;
    take_gruu(phone, answer);
    if (phone->state == PHONE_IN)
        return;
    phone->state = PHONE_IN;
    phone_tell(phone, &(struct phone_news){.kind = PHONE_SIGNED_IN, .expires = phone->lifetime});
    phone_follow_ask(phone, FOLLOW_SETTINGS);
    phone_follow_ask(phone, FOLLOW_CONTACTS);
    phone_follow_ask(phone, FOLLOW_SELF);
}

void phone_admit(struct phone *phone, const struct phone_admission *admission,
                 const struct fault *fault)
{
    struct fault denied;
    arena_free(phone->admission_arena);
    phone->admission_arena = admission->arena;
    if (phone->state != PHONE_ASKING)
        return;
    if (fault) {
        phone_over(phone, fault);
        return;
    }
    phone->policy = admission->policy;
    phone->push = admission->push;
    phone->lifetime = admission->lifetime;
    phone->heard = phone_now(phone);
    if (!policy_bool(&phone->policy.of[POLICY_MOBILITY], "EnableMobility")) {
        fault_set(&denied, ERR_DENIED, FINDING_MOBILITY_DISABLED, "%.*s, by policy %.*s",
                  SLICE_ARG(phone->account), SLICE_ARG(phone->policy.of[POLICY_MOBILITY].scope));
        phone_over(phone, &denied);
        return;
    }
    phone->state = PHONE_REGISTERING;
    send_register(phone, registered);
}

/* ---- ending -----------------------------------------------------------------------------------
 */

void phone_over(struct phone *phone, const struct fault *fault)
{
    if (phone->state == PHONE_OVER)
        return;
    phone->state = PHONE_OVER;
    phone_chat_end_all(phone, false);
    phone_publish_end(phone);
    phone_follow_end(phone);
    phone_talk_end(phone);
    phone_tell(phone, &(struct phone_news){.kind = PHONE_SIGNED_OUT, .fault = fault});
}

void phone_end(struct phone *phone, const struct fault *fault)
{
    phone_over(phone, fault);
}

static void left(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    (void)ask;
    (void)answer;
    if (phone->state == PHONE_OVER)
        return;
    phone_done(phone, phone->leave_tag, NULL);
    phone_over(phone, NULL);
}

void phone_sign_out(struct phone *phone, uint64_t tag)
{
    if (!phone_ready(phone, tag))
        return;
    phone_chat_end_all(phone, true);
    phone->state = PHONE_LEAVING;
    phone->leave_tag = tag;
    send_register(phone, left);
}

/* ---- coming in ----------------------------------------------------------------------------------
 */

static bool ends_registration(const struct sip_message *request)
{
    return (request->method == SIP_NOTIFY || request->method == SIP_BENOTIFY) &&
           slice_eq_nocase(sip_value_word(request, SIP_HEADER_EVENT),
                           SLICE("registration-notify")) &&
           slice_starts_nocase(slice_trim(request->body), SLICE("deregistered"));
}

static void take_request(struct phone *phone, const struct sip_message *request)
{
    struct fault fault;
    if (ends_registration(request)) {
        phone_talk_answer(phone, request, 200);
        fault_set(&fault, ERR_DENIED, FINDING_DEREGISTERED, "%.*s",
                  SLICE_ARG(slice_head(slice_trim(request->body), 80)));
        phone_over(phone, &fault);
    } else if (!phone_follow_notified(phone, request) && !phone_chat_request(phone, request)) {
        phone_talk_answer(phone, request,
                          request->method == SIP_OPTIONS  ? 200
                          : request->method == SIP_INVITE ? 480
                                                          : 481);
    }
}

void phone_take(struct phone *phone, const struct sip_message *message)
{
    if (phone->state == PHONE_OVER)
        return;
    if (sip_is_request(message))
        take_request(phone, message);
    else
        phone_talk_response(phone, message);
}

/* ---- time
 * ---------------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void look_at_silence(struct phone *phone, int64_t now)
{
    struct fault fault;
    if (now - phone->heard >= phone->lifetime) {
        fault_set(&fault, ERR_EXPIRED, FINDING_MOBILITY_IDLE, "%.*s, endpoint %.*s, %lld s",
                  SLICE_ARG(phone->account), SLICE_ARG(slice_head(phone->endpoint, 40)),
                  (long long)(phone->lifetime / 1000));
        phone_over(phone, &fault);
    } else if (phone->appeared && !phone->away && now - phone->heard >= phone->idle_after) {
        phone->away = true;
        phone_publish_machine(phone, 15500);
    }
}

int64_t phone_tick(struct phone *phone)
{
    int64_t now = phone_now(phone);
    if (phone->state == PHONE_OVER)
        return INT64_MAX;
    phone_talk_expire(phone, now);
    if (phone->state == PHONE_IN)
        look_at_silence(phone, now);
    if (phone->state == PHONE_IN && now >= phone->refresh_at) {
        phone->refresh_at = INT64_MAX; /* the answer sets it */
        send_register(phone, registered);
    }
    if (phone->state == PHONE_OVER)
        return INT64_MAX;
    int64_t next = sooner(sip_transactions_deadline(phone->transactions), phone->refresh_at);
    if (phone->state == PHONE_IN) {
        next = sooner(next, sooner(phone_follow_tick(phone, now), phone_chat_tick(phone, now)));
        next = sooner(next, phone_sleep_tick(phone, now));
        next = sooner(next, phone->heard + phone->lifetime);
        if (phone->appeared && !phone->away)
            next = sooner(next, phone->heard + phone->idle_after);
    }
    return next;
}

void phone_active(struct phone *phone)
{
    phone->heard = phone_now(phone);
    if (!phone->away || phone->state != PHONE_IN)
        return;
    phone->away = false;
    phone_publish_machine(phone, 3500);
}

void phone_set_idle(struct phone *phone, int64_t ms)
{
    phone->idle_after = ms < MINUTE_MS ? MINUTE_MS : ms > DAY_MS ? DAY_MS : ms;
    phone_stir(phone);
}

/* ---- looking at it
 * --------------------------------------------------------------------------------- */

bool phone_is_signed_in(const struct phone *phone)
{
    return phone->state == PHONE_IN;
}

bool phone_has_appeared(const struct phone *phone)
{
    return phone->appeared;
}

bool phone_pushes(const struct phone *phone)
{
    return phone->push;
}

int64_t phone_lifetime(const struct phone *phone)
{
    return phone->lifetime;
}

struct slice phone_account(const struct phone *phone)
{
    return phone->account;
}

struct slice phone_endpoint(const struct phone *phone)
{
    return phone->endpoint;
}

struct slice phone_contact(const struct phone *phone)
{
    return phone->contact;
}

struct slice phone_epid(const struct phone *phone)
{
    return phone->epid;
}

struct slice phone_instance(const struct phone *phone)
{
    return phone->instance;
}

struct slice phone_device(const struct phone *phone)
{
    return phone->device;
}
