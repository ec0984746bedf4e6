#include "autodiscover/autodiscover.h"

#include "accounts/account.h"
#include "autodiscover/document.h"
#include "autodiscover/xframe.h"
#include "http/values.h"
#include "webticket/compact.h"
#include "webticket/ticket.h"
#include "xml/soap.h"

#include <stdlib.h>

#define PATH_DOMAIN SITE_PATH_AUTODISCOVER "/domain"

/* What links found by an inside name carry, so that the next answer knows. */
#define MARK_NAME  "location"
#define MARK_VALUE "internal"

/* A document in both forms. */
struct bodies {
    struct slice xml, json;
};

/* All documents for clients at one location. */
struct edition {
    struct bodies redirect, root, domain;
    struct bodies user[2];   /* without External/Mcx, and with it */
    struct slice oauth_user; /* JSON */
};

struct autodiscover {
    struct autodiscover_options options;
    struct arena *arena; /* of the editions and the URL */
    struct edition internal, external;
    struct slice ticket_url;
    struct xframe frame;
};

/* ---- the documents ---------------------------------------------------------------------- */

static struct slice service_url(struct arena *arena, const struct site *site, const char *path,
                                enum autodiscover_location location)
{
    struct slice url = site_web_url(arena, site, path);
    return arena_print(arena, "%.*s%s", SLICE_ARG(url),
                       location == AUTODISCOVER_INTERNAL ? "?" MARK_NAME "=" MARK_VALUE : "");
}

static struct bodies print_bodies(struct arena *arena, const struct autodiscover_document *document)
{
    scoped(buf) struct buf xml = BUF_INIT, json = BUF_INIT;
    autodiscover_print_xml(document, &xml);
    autodiscover_print_json(document, &json);
    return (struct bodies){arena_copy(arena, buf_slice(&xml)), arena_copy(arena, buf_slice(&json))};
}

static struct bodies make_redirect(struct arena *arena, enum autodiscover_kind kind,
                                   enum autodiscover_location location, struct slice href)
{
    struct autodiscover_document document = {.kind = kind, .location = location};
    autodiscover_add_link(&document, SLICE("Redirect"), href);
    return print_bodies(arena, &document);
}

static void add_frame_link(struct autodiscover_document *document, struct arena *arena,
                           const struct autodiscover_options *options)
{
    if (!slice_empty(slice_trim(options->origins)))
        autodiscover_add_link(document, SLICE("XFrame"),
                              site_web_url(arena, options->site, SITE_PATH_XFRAME));
}

static struct bodies make_root(struct arena *arena, const struct autodiscover_options *options,
                               enum autodiscover_location location)
{
    const struct site *site = options->site;
    struct autodiscover_document document = {.location = location};
    autodiscover_add_link(&document, SLICE("Domain"),
                          service_url(arena, site, PATH_DOMAIN, location));
    autodiscover_add_link(&document, SLICE("User"),
                          service_url(arena, site, SITE_PATH_AUTODISCOVER_USER, location));
    struct bodies bodies = print_bodies(arena, &document);
    /* JSON is for UCWA's clients: with a link to the resource itself, which XML does not
     * know, and to the user resource that takes their kind of ticket. */
    document.link_count = 0;
    autodiscover_add_link(&document, SLICE("Self"),
                          service_url(arena, site, SITE_PATH_AUTODISCOVER, location));
    autodiscover_add_link(&document, SLICE("Domain"),
                          service_url(arena, site, PATH_DOMAIN, location));
    autodiscover_add_link(&document, SLICE("User"),
                          service_url(arena, site, SITE_PATH_AUTODISCOVER_OAUTH, location));
    add_frame_link(&document, arena, options);
    bodies.json = print_bodies(arena, &document).json;
    return bodies;
}

static struct slice make_oauth_user(struct arena *arena, const struct autodiscover_options *options,
                                    enum autodiscover_location location)
{
    struct autodiscover_document document = {.kind = AUTODISCOVER_USER, .location = location};
    autodiscover_add_link(
        &document, SLICE("Self"),
        service_url(arena, options->site, SITE_PATH_AUTODISCOVER_OAUTH, location));
    if (options->ucwa)
        autodiscover_add_link(&document, SLICE("Applications"),
                              site_web_url(arena, options->site, SITE_PATH_UCWA));
    add_frame_link(&document, arena, options);
    return print_bodies(arena, &document).json;
}

static void add_autodiscover_links(struct autodiscover_document *document, struct arena *arena,
                                   const struct site *site)
{
    autodiscover_add_link(document, SLICE("Internal/Autodiscover"),
                          service_url(arena, site, SITE_PATH_AUTODISCOVER, AUTODISCOVER_INTERNAL));
    autodiscover_add_link(document, SLICE("External/Autodiscover"),
                          service_url(arena, site, SITE_PATH_AUTODISCOVER, AUTODISCOVER_EXTERNAL));
}

static struct bodies make_domain(struct arena *arena, const struct site *site,
                                 enum autodiscover_location location)
{
    struct autodiscover_document document = {.kind = AUTODISCOVER_DOMAIN, .location = location};
    add_autodiscover_links(&document, arena, site);
    return print_bodies(arena, &document);
}

/* Lync 2010 Mobile goes to the link of the side where it thinks it is, by the external web
 * name on both; here there is but one. ExposedWebURL = Internal leaves the outside nothing. */
static void add_mcx_links(struct autodiscover_document *document, struct arena *arena,
                          const struct site *site, bool outside)
{
    struct slice href = site_web_url(arena, site, SITE_PATH_MCX);
    autodiscover_add_link(document, SLICE("Internal/Mcx"), href);
    if (outside)
        autodiscover_add_link(document, SLICE("External/Mcx"), href);
}

/* A pool of Lync 2010 names none: its phones look for Mcx alone. */
static void add_ucwa_links(struct autodiscover_document *document, struct arena *arena,
                           const struct site *site)
{
    struct slice href = site_web_url(arena, site, SITE_PATH_UCWA_PLAIN);
    autodiscover_add_link(document, SLICE("Internal/Ucwa"), href);
    autodiscover_add_link(document, SLICE("External/Ucwa"), href);
}

/* The same for every user who is at home here: all that differs lies behind SIP. */
static struct bodies make_user(struct arena *arena, const struct autodiscover_options *options,
                               enum autodiscover_location location, bool outside)
{
    const struct site *site = options->site;
    const struct autodiscover_access inner = {site->sip_host, site->sip_port};
    const struct autodiscover_access outer = {site->sip_external_host, site->sip_external_port};
    struct autodiscover_document document = {.kind = AUTODISCOVER_USER,
                                             .location = location,
                                             .server_internal = inner,
                                             .client_internal = inner,
                                             .server_external = outer,
                                             .client_external = outer};
    add_autodiscover_links(&document, arena, site);
    if (options->mcx)
        add_mcx_links(&document, arena, site, outside);
    if (options->ucwa)
        add_ucwa_links(&document, arena, site);
    autodiscover_add_link(&document, SLICE("Self"),
                          service_url(arena, site, SITE_PATH_AUTODISCOVER_USER, location));
    return print_bodies(arena, &document);
}

static struct edition make_edition(struct arena *arena, const struct autodiscover_options *options,
                                   enum autodiscover_location location)
{
    const struct site *site = options->site;
    struct slice root = service_url(arena, site, SITE_PATH_AUTODISCOVER, location);
    return (struct edition){
        .redirect = make_redirect(arena, AUTODISCOVER_ROOT, location, root),
        .root = make_root(arena, options, location),
        .domain = make_domain(arena, site, location),
        .user = {make_user(arena, options, location, false),
                 make_user(arena, options, location, true)},
        .oauth_user = make_oauth_user(arena, options, location),
    };
}

/* ---- what is asked ------------------------------------------------------------------------- */

static enum autodiscover_location location_of(const struct http_request *request,
                                              struct arena *arena)
{
    bool inside = slice_starts_nocase(request->host, SLICE("lyncdiscoverinternal.")) ||
                  slice_eq_nocase(http_query(request, arena, MARK_NAME), SLICE(MARK_VALUE));
    return inside ? AUTODISCOVER_INTERNAL : AUTODISCOVER_EXTERNAL;
}

static const struct edition *edition_for(const struct autodiscover *ad,
                                         const struct http_request *request, struct arena *arena)
{
    return location_of(request, arena) == AUTODISCOVER_INTERNAL ? &ad->internal : &ad->external;
}

/* [MS-OCDISCWS] section 2.2.3.1 makes sipuri mandatory, but SIPE leaves it away from
 * the links it follows and administrators from what they type into a browser; the
 * answer does not depend on it. What is there must be an address. */
static int check_sipuri(const struct http_request *request, struct arena *arena,
                        struct fault *fault)
{
    struct slice query = request->query, item;
    bool given = false;
    while (slice_next(&query, '&', &item))
        given |= slice_starts_nocase(item, SLICE("sipuri="));
    if (!given)
        return 0;
    struct slice address = http_query(request, arena, "sipuri"), user, domain;
    if (slice_starts_nocase(address, SLICE("sip:")))
        address = slice_from(address, sizeof "sip:" - 1);
    bool good = slice_cut(address, '@', &user, &domain) && user.len > 0 && domain.len > 0 &&
                address.len <= ACCOUNT_NAME_MAX && slice_index(domain, '@') < 0;
    for (size_t i = 0; good && i < address.len; i++)
        good = (unsigned char)address.at[i] >= ' ' && address.at[i] != 127;
    return good ? 0
                : fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                            "sipuri is no address: %.*s", SLICE_ARG(slice_head(address, 80)));
}

/* ---- answers --------------------------------------------------------------------------------- */

static void add_headers(const struct autodiscover *ad, struct http_reply *reply,
                        struct arena *arena)
{
    http_reply_header(reply, arena, "Cache-Control", "no-cache");
    http_reply_header(reply, arena, "Expires", "-1");
    http_reply_header(reply, arena, "X-MS-Server-Fqdn", "%.*s",
                      SLICE_ARG(ad->options.site->web_host));
}

/* XML only for who asks for it; everything else gets JSON, as from Lync. */
static void give(const struct http_request *request, struct http_reply *reply,
                 const struct bodies *bodies)
{
    static const char *const offers[] = {"application/json", AUTODISCOVER_ACCEPT};
    if (http_accepts(request, offers, sizeof offers / sizeof *offers) == 1)
        http_reply_set(reply, 200, AUTODISCOVER_TYPE_XML, bodies->xml);
    else
        http_reply_set(reply, 200, "application/json", bodies->json);
}

/* Over http the answer is where https is, and nothing else ([MS-OCDISCWS] 3.1.5.2). */
static void answer_root(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct autodiscover *ad = role;
    const struct edition *edition = edition_for(ad, request, arena);
    struct fault fault;
    (void)now;
    add_headers(ad, reply, arena);
    if (check_sipuri(request, arena, &fault) < 0)
        http_reply_fault(reply, arena, &fault);
    else
        give(request, reply, request->secure ? &edition->root : &edition->redirect);
}

static void answer_domain(void *role, const struct http_request *request, struct http_reply *reply,
                          struct arena *arena, int64_t now)
{
    const struct autodiscover *ad = role;
    (void)now;
    add_headers(ad, reply, arena);
    give(request, reply, &edition_for(ad, request, arena)->domain);
}

/* No WWW-Authenticate: SIPE would answer that and not look at the ticket's URL. */
static void challenge(const struct autodiscover *ad, struct http_reply *reply, struct arena *arena,
                      const struct fault *fault)
{
    http_reply_header(reply, arena, "X-MS-WebTicketURL", "%.*s", SLICE_ARG(ad->ticket_url));
    http_reply_header(reply, arena, "X-MS-WebTicketSupported", "saml");
    http_reply_set(reply, 401, NULL, SLICE(""));
    reply->fault = *fault;
}

static void refuse_ticket(const struct autodiscover *ad, struct http_reply *reply,
                          struct arena *arena, const struct fault *fault)
{
    struct slice diagnostics =
        soap_diagnostics_print(arena, fault->finding, ad->options.site->web_host);
    http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s", SLICE_ARG(diagnostics));
    challenge(ad, reply, arena, fault);
}

/* The account that a good ticket stands for, if it is still the same one. */
static int find_home(const struct autodiscover *ad, const struct webticket_claims *claims,
                     struct arena *arena, struct account *account, struct fault *fault)
{
    struct desk *desk = ad->options.desk(ad->options.desk_arg);
    int err = accounts_find(desk->accounts, claims->address, arena, account, fault);
    if (err < 0 && err != -ERR_UNKNOWN)
        return err;
    if (err < 0 || !account->enabled || account->id != claims->account_id)
        return fault_set(fault, ERR_UNKNOWN, FINDING_HOME_UNKNOWN, "%.*s: %s",
                         SLICE_ARG(claims->address),
                         err < 0             ? "no such account"
                         : !account->enabled ? "the account is disabled"
                                             : "the ticket is of an older account");
    return 0;
}

static bool is_here(const struct site *site, struct slice pool)
{
    return slice_empty(pool) || slice_eq_nocase(pool, site->web_host) ||
           slice_eq_nocase(pool, site->sip_host);
}

static void give_user(const struct autodiscover *ad, const struct http_request *request,
                      const struct account *account, struct http_reply *reply, struct arena *arena)
{
    if (is_here(ad->options.site, account->pool)) {
        bool outside = !ad->options.mcx_outside || ad->options.mcx_outside(ad->options.mcx_arg);
        give(request, reply, &edition_for(ad, request, arena)->user[outside]);
        return;
    }
    struct slice href = site_url(arena, ad->options.site, account->pool, SITE_PATH_AUTODISCOVER);
    struct bodies bodies =
        make_redirect(arena, AUTODISCOVER_USER, location_of(request, arena), href);
    give(request, reply, &bodies);
}

/* Who is asked about is who the ticket speaks of: SIPE sends no sipuri here, and that
 * of another user gets nobody more. */
static void answer_user(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct autodiscover *ad = role;
    struct slice ticket = http_header(request, "X-MS-WebTicket");
    struct webticket_claims claims;
    struct account account;
    struct fault fault;
    if (request->on_loop && !slice_absent(ticket))
        return; /* again on a worker */
    add_headers(ad, reply, arena);
    if (check_sipuri(request, arena, &fault) < 0) {
        http_reply_fault(reply, arena, &fault);
        return;
    }
    if (slice_absent(ticket)) {
        fault_set(&fault, ERR_DENIED, FINDING_AUTH_NEEDED, "no web ticket");
        challenge(ad, reply, arena, &fault);
        return;
    }
    if (webticket_verify_opaque(ad->options.webticket, ticket, now, arena, &claims, &fault) < 0) {
        refuse_ticket(ad, reply, arena, &fault);
        return;
    }
    int err = find_home(ad, &claims, arena, &account, &fault);
    if (err == 0) {
        give_user(ad, request, &account, reply, arena);
    } else if (err == -ERR_UNKNOWN) {
        http_reply_set(reply, 404, NULL, SLICE("")); /* [MS-OCDISCWS] 3.1.5.3: empty */
        reply->fault = fault;
    } else {
        http_reply_fault(reply, arena, &fault);
    }
}

/* The same for UCWA's clients: their ticket, their challenge, JSON. */
static void answer_oauth_user(void *role, const struct http_request *request,
                              struct http_reply *reply, struct arena *arena, int64_t now)
{
    const struct autodiscover *ad = role;
    const struct site *site = ad->options.site;
    struct slice ticket = http_header(request, "Authorization");
    struct webticket_claims claims;
    struct account account;
    struct fault fault;
    if (request->on_loop && !slice_absent(ticket))
        return; /* again on a worker */
    add_headers(ad, reply, arena);
    if (webticket_verify_compact(ad->options.webticket, ticket, now, arena, &claims, &fault) < 0) {
        struct slice diagnostics = soap_diagnostics_print(arena, fault.finding, site->web_host);
        http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s", SLICE_ARG(diagnostics));
        webticket_challenge_oauth(site, reply, arena);
        http_reply_set(reply, 401, NULL, SLICE(""));
        reply->fault = fault;
        return;
    }
    int err = find_home(ad, &claims, arena, &account, &fault);
    if (err < 0)
        http_reply_fault(reply, arena, &fault);
    else if (is_here(site, account.pool))
        http_reply_set(reply, 200, "application/json", edition_for(ad, request, arena)->oauth_user);
    else
        http_reply_set(
            reply, 200, "application/json",
            make_redirect(arena, AUTODISCOVER_USER, location_of(request, arena),
                          site_url(arena, site, account.pool, SITE_PATH_AUTODISCOVER_OAUTH))
                .json);
}

static void answer_frame(void *role, const struct http_request *request, struct http_reply *reply,
                         struct arena *arena, int64_t now)
{
    const struct autodiscover *ad = role;
    (void)request;
    (void)now;
    xframe_answer(&ad->frame, reply, arena);
}

/* ---- the object --------------------------------------------------------------------------------
 */

static const struct http_route rows[] = {
    {.host = "lyncdiscover.*",
     .path = "/",
     .methods = HTTP_GET,
     .flags = ROUTE_PLAIN | ROUTE_SHARED,
     .answer = answer_root},
    {.host = "lyncdiscoverinternal.*",
     .path = "/",
     .methods = HTTP_GET,
     .flags = ROUTE_PLAIN | ROUTE_SHARED,
     .answer = answer_root},
    {.path = SITE_PATH_AUTODISCOVER,
     .methods = HTTP_GET,
     .flags = ROUTE_PLAIN | ROUTE_SHARED,
     .answer = answer_root},
    {.path = PATH_DOMAIN, .methods = HTTP_GET, .answer = answer_domain},
    {.path = SITE_PATH_AUTODISCOVER_USER,
     .methods = HTTP_GET,
     .flags = ROUTE_WORK | ROUTE_QUICK,
     .answer = answer_user},
    {.path = SITE_PATH_AUTODISCOVER_OAUTH,
     .methods = HTTP_GET,
     .flags = ROUTE_WORK | ROUTE_QUICK | ROUTE_SHARED,
     .answer = answer_oauth_user},
};

/* Only where there is somebody who may use it. */
static const struct http_route frame_rows[] = {
    {.path = SITE_PATH_XFRAME, .methods = HTTP_GET, .answer = answer_frame},
    {.path = "/xframe", .methods = HTTP_GET, .answer = answer_frame},
};

struct autodiscover *autodiscover_new(const struct autodiscover_options *options)
{
    struct autodiscover *ad = must_calloc(1, sizeof *ad);
    ad->options = *options;
    ad->arena = arena_new();
    ad->internal = make_edition(ad->arena, options, AUTODISCOVER_INTERNAL);
    ad->external = make_edition(ad->arena, options, AUTODISCOVER_EXTERNAL);
    ad->ticket_url = site_web_url(ad->arena, options->site, SITE_PATH_WEBTICKET);
    ad->frame = xframe_make(ad->arena, options->origins);
    return ad;
}

void autodiscover_free(struct autodiscover *autodiscover)
{
    if (!autodiscover)
        return;
    arena_free(autodiscover->arena);
    free(autodiscover);
}

void autodiscover_add_routes(struct autodiscover *autodiscover, struct http_routes *routes)
{
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, autodiscover);
    if (autodiscover->frame.origin_count > 0)
        http_routes_add(routes, frame_rows, sizeof frame_rows / sizeof *frame_rows, autodiscover);
}
