#include "autodiscover/walk.h"

#include "base/encode.h"
#include "webticket/client.h"

/* ---- URLs ----------------------------------------------------------------------------- */

static bool is_secure(struct slice url)
{
    return slice_starts_nocase(url, SLICE("https://"));
}

static bool has_sipuri(struct slice url)
{
    struct slice path, query, item;
    if (!slice_cut(url, '?', &path, &query))
        return false;
    while (slice_next(&query, '&', &item))
        if (slice_starts_nocase(item, SLICE("sipuri=")))
            return true;
    return false;
}

struct slice autodiscover_with_sipuri(struct arena *arena, struct slice url, struct slice address)
{
    if (has_sipuri(url))
        return arena_copy(arena, url);
    return arena_print(arena, "%.*s%csipuri=%.*s", SLICE_ARG(url),
                       slice_index(url, '?') < 0 ? '?' : '&',
                       SLICE_ARG(percent_print(arena, address)));
}

/* ---- steps ------------------------------------------------------------------------------ */

void autodiscover_begin(struct autodiscover_walk *walk, struct arena *arena, struct slice url,
                        struct slice address)
{
    *walk = (struct autodiscover_walk){.arena = arena, .address = arena_copy(arena, address)};
    walk->url = autodiscover_with_sipuri(arena, url, address);
    walk->visited[walk->visited_count++] = walk->url;
}

static int malformed(struct fault *fault, const struct autodiscover_walk *walk, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED, "%.*s: %s",
                     SLICE_ARG(slice_head(walk->url, 120)), what);
}

/* Go on to another URL, once. Tickets are not carried along: the next server says
 * which it wants. */
static int go_to(struct autodiscover_walk *walk, struct slice url, enum autodiscover_step *step_out,
                 struct fault *fault)
{
    url = autodiscover_with_sipuri(walk->arena, url, walk->address);
    for (size_t i = 0; i < walk->visited_count; i++)
        if (slice_eq_nocase(walk->visited[i], url))
            return fault_set(fault, ERR_CONFLICT, FINDING_AUTODISCOVER_LOOP,
                             "a second time to %.*s", SLICE_ARG(slice_head(url, 160)));
    if (walk->visited_count > AUTODISCOVER_REDIRECTS_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_AUTODISCOVER_LOOP,
                         "more than %d redirects, the last to %.*s", AUTODISCOVER_REDIRECTS_MAX,
                         SLICE_ARG(slice_head(url, 120)));
    walk->visited[walk->visited_count++] = url;
    walk->unprotected |= !is_secure(walk->url);
    walk->url = url;
    walk->with_ticket = false;
    *step_out = AUTODISCOVER_GET;
    return 0;
}

/* Of Redirect and User the one that comes first counts, as SIPE has it; the others
 * are not for us. */
static int take_root(struct autodiscover_walk *walk, enum autodiscover_step *step_out,
                     struct fault *fault)
{
    const struct autodiscover_document *document = &walk->document;
    for (size_t i = 0; i < document->link_count; i++) {
        const struct autodiscover_link *link = &document->links[i];
        if (slice_eq_nocase(link->token, SLICE("Redirect")))
            return go_to(walk, link->href, step_out, fault);
        if (!slice_eq_nocase(link->token, SLICE("User")))
            continue;
        if (!is_secure(link->href))
            return malformed(fault, walk, "the User link leads to plain http");
        return go_to(walk, link->href, step_out, fault);
    }
    return malformed(fault, walk, "Root has neither a Redirect nor a User link");
}

static int take_user(struct autodiscover_walk *walk, enum autodiscover_step *step_out,
                     struct fault *fault)
{
    struct autodiscover_access points[2];
    struct slice redirect = autodiscover_href(&walk->document, "Redirect");
    if (!slice_absent(redirect))
        return go_to(walk, redirect, step_out, fault);
    if (autodiscover_access_points(&walk->document, points) == 0)
        return malformed(fault, walk, "User has no SIP access point for this AccessLocation");
    *step_out = AUTODISCOVER_FOUND;
    return 0;
}

static int take_document(struct autodiscover_walk *walk, const struct autodiscover_answer *answer,
                         enum autodiscover_step *step_out, struct fault *fault)
{
    int err = autodiscover_parse(answer->body, walk->arena, &walk->document, fault);
    if (err < 0)
        return err;
    switch (walk->document.kind) {
    case AUTODISCOVER_ROOT:
        return take_root(walk, step_out, fault);
    case AUTODISCOVER_USER:
        return take_user(walk, step_out, fault);
    case AUTODISCOVER_DOMAIN:
        break;
    }
    return malformed(fault, walk, "a Domain document where Root or User was asked for");
}

static int take_challenge(struct autodiscover_walk *walk, const struct autodiscover_answer *answer,
                          enum autodiscover_step *step_out, struct fault *fault)
{
    if (walk->with_ticket)
        return webticket_refusal(answer->status, answer->diagnostics, answer->body,
                                 FINDING_SIGNATURE_INVALID, fault);
    struct slice url = slice_trim(answer->ticket_url);
    if (slice_empty(url))
        return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_NO_TICKET_URL, "%.*s%s",
                         SLICE_ARG(slice_head(walk->url, 120)),
                         slice_absent(answer->server)
                             ? ": a 401 without X-MS-Server-Fqdn, so not from the server itself"
                             : "");
    if (!is_secure(url) || url.len > AUTODISCOVER_HREF_MAX)
        return malformed(fault, walk, "X-MS-WebTicketURL is no https URL");
    if (!is_secure(walk->url))
        return malformed(fault, walk, "asks for a ticket over plain http");
    walk->ticket_url = arena_copy(walk->arena, url);
    walk->with_ticket = true;
    *step_out = AUTODISCOVER_TICKET;
    return 0;
}

static int take_other(struct autodiscover_walk *walk, const struct autodiscover_answer *answer,
                      struct fault *fault)
{
    if (answer->status == 404 && walk->with_ticket)
        return fault_set(fault, ERR_UNKNOWN, FINDING_HOME_UNKNOWN, "404 for %.*s",
                         SLICE_ARG(walk->address));
    return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED, "%.*s: status %d%s",
                     SLICE_ARG(slice_head(walk->url, 120)), answer->status,
                     slice_absent(answer->server)
                         ? " without X-MS-Server-Fqdn, so not from the server itself"
                         : "");
}

int autodiscover_take(struct autodiscover_walk *walk, const struct autodiscover_answer *answer,
                      enum autodiscover_step *step_out, struct fault *fault)
{
    walk->server = arena_copy(walk->arena, answer->server);
    switch (answer->status) {
    case 200:
        return take_document(walk, answer, step_out, fault);
    case 301: /* not of the protocol, but what proxies do to plain http */
    case 302:
    case 307:
    case 308:
        if (is_secure(slice_trim(answer->location)) &&
            answer->location.len <= AUTODISCOVER_HREF_MAX)
            return go_to(walk, slice_trim(answer->location), step_out, fault);
        return malformed(fault, walk, "an HTTP redirect to no https URL");
    case 401:
        return take_challenge(walk, answer, step_out, fault);
    default:
        return take_other(walk, answer, fault);
    }
}
