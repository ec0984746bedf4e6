#include "sip/subscription.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MS = 1000
};

static int wrong(struct fault *fault, enum err err, const char *what)
{
    return fault_set(fault, err, FINDING_SUBSCRIPTION_WRONG, "SUBSCRIBE: %s", what);
}

static char *put(char *at, struct slice *field, struct slice value)
{
    *field = slice_make(at, value.len);
    memcpy(at, value.at ? value.at : "", value.len);
    at[value.len] = '\0';
    return at + value.len + 1;
}

/* Copy what a dialog is made of into one allocation; *from may point into the old one. */
static int keep(struct subscription *s, const struct subscription *from, struct fault *fault)
{
    const struct slice values[] = {from->event,  from->call_id,    from->local, from->local_tag,
                                   from->remote, from->remote_tag, from->target};
    size_t total = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        total += values[i].len + 1;
    if (total > SUBSCRIPTION_TEXT_MAX)
        return wrong(fault, ERR_LIMIT, "From, To, Call-ID and Contact are too long");
    char *text = must_alloc(total), *at = text;
    struct subscription made = *from;
    at = put(at, &made.event, values[0]);
    at = put(at, &made.call_id, values[1]);
    at = put(at, &made.local, values[2]);
    at = put(at, &made.local_tag, values[3]);
    at = put(at, &made.remote, values[4]);
    at = put(at, &made.remote_tag, values[5]);
    put(at, &made.target, values[6]);
    for (size_t i = 0; i < made.event.len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
    free(s->text);
    made.text = text;
    *s = made;
    return 0;
}

/* What every SUBSCRIBE of the dialog may change. */
static int read_wishes(struct subscription *s, const struct sip_message *request,
                       const struct subscription_terms *terms, int64_t now, struct fault *fault)
{
    const struct slice benotify = SLICE("ms-benotify");
    struct sip_contacts it = {0};
    struct sip_contact contact;
    if (!sip_contact_next(request, &it, &contact) || contact.star)
        return wrong(fault, ERR_MALFORMED, "no Contact");
    s->target = contact.address.uri.text;
    s->benotify = sip_has_tag(request, SIP_HEADER_SUPPORTED, benotify) ||
                  sip_has_tag(request, SIP_HEADER_PROXY_REQUIRE, benotify);
    s->piggyback = sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("ms-piggyback-first-notify"));
    s->autoextend = sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("com.microsoft.autoextend"));
    s->remote_cseq = request->cseq;
    s->lifetime = terms->usual;
    if (request->expires == 0)
        s->lifetime = 0;
    else if (request->expires > terms->longest / MS)
        s->lifetime = terms->longest;
    else if (request->expires > 0)
        s->lifetime = request->expires * MS;
    if (s->lifetime && s->lifetime < terms->shortest)
        s->lifetime = terms->shortest;
    s->expires = now + s->lifetime;
    return 0;
}

/* [MS-SIPREGE] section 2.2.2.2, section 4.2.2: each on its own line, as SIPE wants
 * Supported; Event is the client's own spelling in lower case. */
static void fill_reply(const struct subscription *s, const struct subscription_terms *terms,
                       struct sip_reply *reply)
{
    int64_t seconds = s->lifetime / MS;
    sip_reply_header(reply, "Contact", "%s", terms->contact);
    sip_reply_header(reply, "Expires", "%" PRId64, seconds);
    sip_reply_header(reply, "Event", "%.*s", SLICE_ARG(s->event));
    sip_reply_header(reply, "subscription-state", "%s;expires=%" PRId64,
                     seconds ? "active" : "terminated", seconds);
    if (s->autoextend)
        sip_reply_header(reply, "Supported", "com.microsoft.autoextend");
    if (s->piggyback)
        sip_reply_header(reply, "Supported", "ms-piggyback-first-notify");
    if (s->benotify)
        sip_reply_header(reply, "Supported", "ms-benotify");
    reply->to_tag = arena_copy(reply->arena, s->local_tag);
}

int subscription_open(struct subscription *s, const struct sip_message *request,
                      const struct subscription_terms *terms, int64_t now, struct sip_reply *reply,
                      struct fault *fault)
{
    struct subscription made = {.event = sip_value_word(request, SIP_HEADER_EVENT),
                                .call_id = request->call_id,
                                .local_tag = sip_tag_new(reply->arena),
                                .remote = request->from.text,
                                .remote_tag = request->from.tag};
    *s = (struct subscription){0};
    if (slice_empty(made.event))
        return wrong(fault, ERR_MALFORMED, "no Event");
    if (slice_empty(made.remote_tag))
        return wrong(fault, ERR_MALFORMED, "no tag in From");
    made.local = arena_print(reply->arena, "<%.*s>;tag=%.*s", SLICE_ARG(request->to.uri.text),
                             SLICE_ARG(made.local_tag));
    int err = read_wishes(&made, request, terms, now, fault);
    if (err == 0)
        err = keep(s, &made, fault);
    if (err == 0)
        fill_reply(s, terms, reply);
    return err;
}

bool subscription_is_of(const struct subscription *s, const struct sip_message *request)
{
    return slice_eq(s->call_id, request->call_id) && slice_eq(s->local_tag, request->to.tag) &&
           slice_eq(s->remote_tag, request->from.tag);
}

int subscription_refresh(struct subscription *s, const struct sip_message *request,
                         const struct subscription_terms *terms, int64_t now,
                         struct sip_reply *reply, struct fault *fault)
{
    struct subscription made = *s;
    if (request->cseq <= s->remote_cseq)
        return wrong(fault, ERR_MALFORMED, "CSeq does not go up within the dialog");
    if (!slice_eq_nocase(sip_value_word(request, SIP_HEADER_EVENT), s->event))
        return wrong(fault, ERR_MALFORMED, "Event is not that of the dialog");
    int err = read_wishes(&made, request, terms, now, fault);
    if (err == 0)
        err = keep(s, &made, fault);
    if (err == 0)
        fill_reply(s, terms, reply);
    return err;
}

int subscription_unknown(const struct sip_message *request, struct fault *fault)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_SUBSCRIPTION_UNKNOWN,
                     "no dialog with Call-ID %.*s and these tags",
                     (int)(request->call_id.len < 80 ? request->call_id.len : 80),
                     request->call_id.at);
}

bool subscription_piggyback(struct subscription *s, struct sip_reply *reply,
                            struct slice content_type, struct slice body)
{
    if (!s->piggyback)
        return false;
    sip_reply_header(reply, "ms-piggyback-cseq", "%" PRIu32, ++s->cseq);
    sip_reply_body(reply, content_type, body);
    return true;
}

static void write(struct subscription *s, const char *state, struct slice content_type,
                  struct slice body, struct sip_request *request)
{
    struct arena *arena = request->arena;
    request->method = s->benotify ? SIP_BENOTIFY : SIP_NOTIFY;
    request->uri = arena_copy(arena, s->target);
    request->from = arena_copy(arena, s->local);
    request->to = arena_copy(arena, s->remote);
    request->call_id = arena_copy(arena, s->call_id);
    request->cseq = ++s->cseq;
    sip_request_header(request, "Event", "%.*s", SLICE_ARG(s->event));
    sip_request_header(request, "subscription-state", "%s", state);
    if (body.len) {
        request->content_type = content_type;
        request->body = body;
    }
}

void subscription_notify(struct subscription *s, int64_t now, struct slice content_type,
                         struct slice body, struct sip_request *request)
{
    if (s->autoextend && !subscription_over(s, now))
        s->expires = now + s->lifetime;
    int64_t left = subscription_over(s, now) ? 0 : (s->expires - now) / MS;
    struct slice state =
        arena_print(request->arena, "%s;expires=%" PRId64, left ? "active" : "terminated", left);
    write(s, state.at, content_type, body, request);
}

void subscription_terminate(struct subscription *s, const char *reason, struct slice content_type,
                            struct slice body, struct sip_request *request)
{
    struct slice state = arena_print(request->arena, "terminated;expires=0%s%s",
                                     reason ? ";reason=" : "", reason ? reason : "");
    write(s, state.at, content_type, body, request);
}

void subscription_fini(struct subscription *s)
{
    free(s->text);
    *s = (struct subscription){0};
}
