/* REGISTER: [MS-SIPREGE] sections 2.2.1, 3.1.2.5.1 and 3.2.2.5; RFC 3261 section 10.3. */
#include "event/event.h"
#include "registrar/registrar_priv.h"

#include <string.h>

/* More than any client sends; what is kept of an endpoint stays below a KiB. */
enum {
    CONTACT_MAX = 512,
    CALL_ID_MAX = 256,
    TAG_MAX = 128,
    USER_AGENT_KEPT = 128
};

/* A REGISTER as the registrar sees it. */
struct wish {
    const struct sip_message *request;
    const struct registrar_caller *caller;
    struct slice epid; /* absent when there is none */
    struct guid instance;
    struct sip_contact contact;
    bool has_contact;
    int64_t expires; /* seconds asked for, -1: not said */
};

/* ---- what it says, and whether it may --------------------------------------------------- */

static int check_party(struct arena *arena, const char *what, const struct sip_address *party,
                       struct slice account, struct fault *fault)
{
    struct slice aor;
    int err = sip_uri_aor(arena, &party->uri, &aor, fault);
    if (err < 0)
        return err;
    if (!slice_eq_nocase(slice_from(aor, sizeof "sip:" - 1), account))
        return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH, "%s %.*s, signed in as %.*s",
                         what, SLICE_ARG(slice_head(aor, 80)), SLICE_ARG(slice_head(account, 80)));
    return 0;
}

/* One Contact at most: an endpoint has one, and third parties are not registered.
 * "*" is all there is of an endpoint here: its signature speaks for no other. */
static int read_contact(struct wish *wish, struct fault *fault)
{
    struct sip_contacts it = {0};
    struct sip_contact second;
    wish->has_contact = sip_contact_next(wish->request, &it, &wish->contact);
    wish->expires = wish->request->expires;
    if (!wish->has_contact)
        return 0;
    if (sip_contact_next(wish->request, &it, &second))
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "REGISTER has more than one Contact");
    if (wish->expires < 0)
        wish->expires = wish->contact.expires;
    if (wish->contact.star && wish->expires != 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "Contact: * without Expires: 0");
    enum sip_scheme scheme = wish->contact.address.uri.scheme;
    if (!wish->contact.star && scheme != SIP_SCHEME_SIP && scheme != SIP_SCHEME_SIPS)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "Contact is no SIP URI");
    if (wish->contact.address.uri.text.len > CONTACT_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_SIP_MALFORMED, "the Contact URI is too long");
    return 0;
}

/* Epids and tags go into headers of ours: nothing that needs quotes (RFC 3261 token). */
static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c <= ' ' || c >= 127 || strchr("()<>@,;:\\\"/[]?={}", c))
            return false;
    }
    return true;
}

/* Epid and instance name the same thing; either may stand alone. */
static int read_identity(struct wish *wish, struct fault *fault)
{
    struct slice epid = wish->request->from.epid;
    struct slice instance = wish->has_contact ? wish->contact.instance : (struct slice){0};
    if (slice_empty(epid) && slice_empty(instance))
        return fault_set(fault, ERR_MALFORMED, FINDING_ENDPOINT_ID_MISSING,
                         "From has no epid, Contact no +sip.instance");
    if (epid.len > ENDPOINT_EPID_MAX || !is_token(epid))
        return fault_set(fault, ERR_MALFORMED, FINDING_ENDPOINT_ID_WRONG,
                         "an epid of %zu characters: %.*s", epid.len,
                         SLICE_ARG(slice_head(epid, 32)));
    if (!slice_empty(instance) && endpoint_instance_parse(instance, &wish->instance) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_ENDPOINT_ID_WRONG,
                         "+sip.instance is no urn:uuid");
    if (slice_empty(epid))
        return 0;
    struct guid derived = endpoint_instance_of_epid(epid);
    if (!slice_empty(instance) && !guid_eq(&derived, &wish->instance))
        return fault_set(fault, ERR_MALFORMED, FINDING_ENDPOINT_ID_WRONG,
                         "+sip.instance is not the one of epid %.*s", SLICE_ARG(epid));
    wish->epid = epid;
    wish->instance = derived;
    return 0;
}

/* The association was made for one endpoint; it speaks for no other of the same user. */
static int check_caller(const struct wish *wish, struct fault *fault)
{
    const struct registrar_caller *caller = wish->caller;
    struct guid bound = wish->instance;
    bool fits =
        slice_empty(caller->epid) || slice_empty(wish->epid) || slice_eq(caller->epid, wish->epid);
    if (!slice_empty(caller->epid))
        bound = endpoint_instance_of_epid(caller->epid);
    fits = fits && guid_eq(&bound, &wish->instance);
    if (!slice_empty(caller->instance))
        fits = fits && endpoint_instance_parse(caller->instance, &bound) == 0 &&
               guid_eq(&bound, &wish->instance);
    if (fits)
        return 0;
    return fault_set(
        fault, ERR_DENIED, FINDING_ENDPOINT_ID_WRONG,
        "epid %.*s, but the association is that of %.*s", SLICE_ARG(wish->epid),
        SLICE_ARG(slice_head(slice_empty(caller->epid) ? caller->instance : caller->epid, 64)));
}

static int check_headers(const struct sip_message *request, struct fault *fault)
{
    struct slice event = sip_value_word(request, SIP_HEADER_EVENT);
    if (!slice_absent(event) && !slice_eq_nocase(event, SLICE("registration")))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_EVENT_WRONG, "Event: %.*s",
                         SLICE_ARG(slice_head(event, 64)));
    if (sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("msrtc-event-categories")) &&
        !sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("gruu-10")))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_GRUU_REQUIRED,
                         "msrtc-event-categories without gruu-10");
    if (request->call_id.len > CALL_ID_MAX || request->from.tag.len > TAG_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_SIP_MALFORMED, "Call-ID or tag is too long");
    if (!is_token(request->from.tag))
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "From: the tag is no token");
    return 0;
}

static int read_wish(struct wish *wish, struct arena *arena, struct fault *fault)
{
    const struct sip_message *request = wish->request;
    int err = check_party(arena, "From", &request->from, wish->caller->account, fault);
    if (err == 0)
        err = check_party(arena, "To", &request->to, wish->caller->account, fault);
    if (err == 0)
        err = check_headers(request, fault);
    if (err == 0)
        err = read_contact(wish, fault);
    if (err == 0)
        err = read_identity(wish, fault);
    return err < 0 ? err : check_caller(wish, fault);
}

/* ---- bind ----------------------------------------------------------------------------------- */

/* proxy=replace: the client knows only its own side of an address translation, so
 * the address it is seen under takes the place of the one it gave. */
static struct slice contact_of(const struct wish *wish, struct arena *arena)
{
    const struct sip_uri *uri = &wish->contact.address.uri;
    struct slice received = wish->caller->received;
    if (slice_empty(received) || uri->scheme != SIP_SCHEME_SIP ||
        !slice_eq_nocase(wish->contact.proxy, SLICE("replace")))
        return uri->text;
    return arena_print(arena, "sip:%.*s%s%.*s%.*s;ms-received-cid=%llX", SLICE_ARG(uri->user),
                       slice_absent(uri->user) ? "" : "@", SLICE_ARG(received),
                       SLICE_ARG(uri->params), (unsigned long long)wish->caller->flow.conn);
}

static struct place *bind(struct registrar *registrar, const struct wish *wish, struct place *known,
                          int64_t now, struct arena *arena)
{
    const struct sip_message *request = wish->request;
    int64_t ms = registrar->options.expires_ms;
    if (wish->expires > 0 && wish->expires < ms / 1000)
        ms = wish->expires * 1000;
    struct endpoint as = {
        .account = wish->caller->account,
        .epid = wish->epid,
        .instance = wish->instance,
        .gruu = endpoint_gruu(arena, wish->caller->account, &wish->instance),
        .contact = contact_of(wish, arena),
        .user_agent = slice_head(sip_value(request, SIP_HEADER_USER_AGENT), USER_AGENT_KEPT),
        .call_id = request->call_id,
        .from_tag = request->from.tag,
        .notified = sip_header(request, SIP_HEADER_EVENT) != NULL,
        .flow = wish->caller->flow,
        .since = now,
        .expires = now + ms,
    };
    bool same_dialog = known && slice_eq(known->endpoint.call_id, request->call_id);
    as.to_tag = same_dialog ? known->endpoint.to_tag : sip_tag_new(arena);
    as.cseq = same_dialog ? known->endpoint.cseq : 0;
    if (known)
        as.since = known->endpoint.since;
    if (known && slice_absent(as.epid))
        as.epid = known->endpoint.epid;
    return places_put(&registrar->places, known, &as);
}

/* One place more than a user may have: the oldest goes. */
static void keep_quota(struct registrar *registrar, struct user *user, struct outgoing_list *out)
{
    while (registrar->options.endpoints_max > 0 && user->count > registrar->options.endpoints_max) {
        const struct endpoint *oldest = &user->oldest->endpoint;
        event_emit(EVENT_NOTICE, "registrar.quota", FINDING_ENDPOINT_QUOTA,
                   EVENT_SLICE("user", oldest->account), EVENT_SLICE("epid", oldest->epid),
                   EVENT_END);
        registrar_put_out(registrar, user->oldest, "unregistered", FINDING_ENDPOINT_QUOTA, out);
    }
}

/* ---- the 200 -----------------------------------------------------------------------------------
 */

static long long seconds_left(const struct endpoint *endpoint, int64_t now)
{
    return endpoint->expires > now ? (long long)((endpoint->expires - now) / 1000) : 0;
}

/* A line of its own for each binding, the instance in lower case, the gruu behind it:
 * SIPE looks in its own line for its uuid and takes the first gruu after that. */
static void add_contacts(struct sip_reply *reply, const struct user *user, int64_t now)
{
    for (const struct place *place = user ? user->oldest : NULL; place; place = place->newer) {
        const struct endpoint *endpoint = &place->endpoint;
        sip_reply_header(
            reply, "Contact", "<%.*s>;expires=%lld;+sip.instance=\"<urn:uuid:%.*s>\";gruu=\"%.*s\"",
            SLICE_ARG(endpoint->contact), seconds_left(endpoint, now),
            SLICE_ARG(guid_print(reply->arena, &endpoint->instance)), SLICE_ARG(endpoint->gruu));
    }
}

/* What the server can do. One tag a line: SIPE does not find them in a list. It takes
 * a server without msrtc-event-categories for one of 2005. Endpoints do end when
 * their connection falls silent, which ms-keepalive-deregister promises. */
static void add_abilities(struct sip_reply *reply, const struct registrar_options *options,
                          const struct wish *wish)
{
    static const char *const supported[] = {"gruu-10", "adhoclist", "msrtc-event-categories",
                                            "ms-keepalive-deregister"};
    for (size_t i = 0; i < sizeof supported / sizeof *supported; i++)
        sip_reply_header(reply, "Supported", "%s", supported[i]);
    if (options->allow_events && options->allow_events[0])
        sip_reply_header(reply, "Allow-Events", "%s", options->allow_events);
    sip_reply_header(reply, "ms-keep-alive", "UAS; tcp=no; hop-hop=yes; end-end=no; timeout=%lld",
                     (long long)(options->keepalive_ms / 1000));
    if (wish->caller->external)
        sip_reply_header(reply, "ms-user-logon-data", "RemoteUser");
}

static void answer_bound(struct sip_reply *reply, const struct registrar *registrar,
                         const struct wish *wish, const struct place *place, bool fresh,
                         int64_t now)
{
    sip_reply_header(reply, "Expires", "%lld", seconds_left(&place->endpoint, now));
    add_contacts(reply, place->user, now);
    add_abilities(reply, &registrar->options, wish);
    /* "added" where the client thinks it refreshes tells it that its state was lost. */
    sip_reply_header(reply, "presence-state", "register-action=\"%s\"",
                     fresh ? "added" : "refreshed");
    reply->to_tag = arena_copy(reply->arena, place->endpoint.to_tag);
}

int registrar_register(struct registrar *registrar, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                       struct outgoing_list *out, struct fault *fault)
{
    struct wish wish = {.request = request, .caller = caller};
    int err = read_wish(&wish, reply->arena, fault);
    if (err < 0)
        return err;
    registrar_expire(registrar, now); /* so that a late refresh reads as what it is: added */
    struct user *user = places_user(&registrar->places, caller->account);
    struct place *known = places_find(user, &wish.instance);
    if (wish.expires == 0 && known) {
        reply->to_tag = arena_copy(reply->arena, known->endpoint.to_tag);
        registrar_drop(registrar, known);
    } else if (wish.has_contact && wish.expires != 0) {
        struct place *place = bind(registrar, &wish, known, now, reply->arena);
        keep_quota(registrar, place->user, out);
        answer_bound(reply, registrar, &wish, place, !known, now);
        return 0;
    }
    /* Signed out, or only asked: the bindings there are. */
    if (wish.expires == 0)
        sip_reply_header(reply, "Expires", "0");
    else if (known)
        sip_reply_header(reply, "Expires", "%lld", seconds_left(&known->endpoint, now));
    add_contacts(reply, places_user(&registrar->places, caller->account), now);
    return 0;
}
