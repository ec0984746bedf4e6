/* The routes: who may ask, and which operation he asks for. */
#include "addressbook/addressbook_priv.h"
#include "addressbook/book.h"
#include "addressbook/vcard.h"
#include "webticket/mex.h"
#include "webticket/webticket.h"
#include "xml/names.h"

#include <stdlib.h>

#define CONTENT_TYPE "text/xml; charset=utf-8"
#define PATH_BEARER  "/WebTicket_Bearer"
#define PATH_BOOK    SITE_PATH_ADDRESS_BOOK "/addressbook.vcf"
#define PATH_PHOTO   SITE_PATH_ADDRESS_BOOK "/photo/"

enum {
    PHOTO_HASH_LEN = 40,
    PHOTO_DAY = 24 * 60 * 60 /* seconds that a photo may be kept by who fetched it */
};

const struct xml_limits addressbook_limits = {
    .bytes = 64 * 1024, .depth = 32, .nodes = 3000, .attributes = 32};

struct addressbook {
    struct addressbook_options options;
    struct arena *arena; /* holds what the metadata and the routes point to */
    struct mex_port query_port, location_port;
    struct mex_service query_service, location_service;
    struct slice ticket_url;
    struct book *book;
};

/* ---- metadata
 * ------------------------------------------------------------------------------------ */

static struct mex_port port_at(struct addressbook *addressbook, const char *name, const char *path)
{
    const struct site *site = addressbook->options.site;
    return (struct mex_port){
        .name = slice_of(name),
        .location = site_web_url(addressbook->arena, site, path),
        .auth = MEX_AUTH_TICKET_BEARER,
        .issuer = addressbook->ticket_url,
    };
}

/* SIPE looks for a port of this name, and sends its ticket unsigned for the policy. */
static void describe(struct addressbook *addressbook)
{
    addressbook->ticket_url =
        site_web_url(addressbook->arena, addressbook->options.site, SITE_PATH_WEBTICKET);
    addressbook->query_port =
        port_at(addressbook, "AddressBookWebTicketBearer", SITE_PATH_GROUP_EXPANSION PATH_BEARER);
    addressbook->query_service = (struct mex_service){
        .name = SLICE("DistributionListExpander"),
        .ns = NS_DLX,
        .port_type = SLICE("IAddressBook"),
        .operation = SLICE("SearchAbEntry"),
        .action = SLICE(DLX_SEARCH),
        .ports = &addressbook->query_port,
        .port_count = 1,
    };
    addressbook->location_port =
        port_at(addressbook, "LIServiceWebTicketBearer", SITE_PATH_LOCATION PATH_BEARER);
    addressbook->location_service = (struct mex_service){
        .name = SLICE("LIService"),
        .ns = NS_LIS,
        .port_type = SLICE("ILIService"),
        .operation = SLICE("GetLocations"),
        .action = SLICE(LIS_GET),
        .ports = &addressbook->location_port,
        .port_count = 1,
    };
}

static void answer_query_mex(void *role, const struct http_request *request,
                             struct http_reply *reply, struct arena *arena, int64_t now)
{
    const struct addressbook *addressbook = role;
    (void)now;
    mex_answer(&addressbook->query_service, request, reply, arena);
}

static void answer_location_mex(void *role, const struct http_request *request,
                                struct http_reply *reply, struct arena *arena, int64_t now)
{
    const struct addressbook *addressbook = role;
    (void)now;
    mex_answer(&addressbook->location_service, request, reply, arena);
}

/* ---- who asks
 * -------------------------------------------------------------------------------------- */

static int check_account(struct addressbook_job *job, const struct webticket_claims *claims,
                         struct fault *fault)
{
    return webticket_holder(claims, job->accounts, job->arena, &job->caller, fault);
}

static int check_header(struct addressbook_job *job, struct slice ticket, int64_t now,
                        struct fault *fault)
{
    struct webticket_claims claims;
    int err = webticket_verify_opaque(job->addressbook->options.webticket, ticket, now, job->arena,
                                      &claims, fault);
    return err < 0 ? err : check_account(job, &claims, fault);
}

/* In the message, or beside it: nobody needs to write WS-Security by hand to ask by curl. */
static int check_ticket(struct addressbook_job *job, const struct http_request *request,
                        const struct soap_message *message, int64_t now, struct fault *fault)
{
    struct webticket_claims claims;
    struct slice header = http_header(request, "X-MS-WebTicket");
    if (!message->security && !slice_absent(header))
        return check_header(job, header, now, fault);
    int err = webticket_verify_soap(job->addressbook->options.webticket,
                                    &(struct webticket_use){.message = message}, now, job->arena,
                                    &claims, fault);
    return err < 0 ? err : check_account(job, &claims, fault);
}

/* ---- the SOAP services
 * -------------------------------------------------------------------------------- */

struct operation {
    const char *ns, *name;
    addressbook_operation_fn *answer;
};

static const struct operation query_operations[] = {
    {NS_DLX, "SearchAbEntry", addressbook_query_answer},
    {NS_DLX, "QueryDLMembers", addressbook_expand_answer},
    {0},
};

static const struct operation location_operations[] = {
    {NS_LIS, "GetLocationsRequest", addressbook_locations_answer},
    {NS_LIS, "GetLocationsInCityRequest", addressbook_city_answer},
    {0},
};

static int answer_operation(struct addressbook_job *job, const struct operation *operations,
                            struct buf *out, struct fault *fault)
{
    for (const struct operation *o = operations; o->name; o++)
        if (xml_is_loosely(job->payload, o->ns, o->name))
            return o->answer(job, out, fault);
    return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED, "the body is no %s of %s",
                     operations->name, operations->ns);
}

static void answer_soap(const struct addressbook *addressbook, const struct operation *operations,
                        const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf out = BUF_INIT;
    struct soap_message message;
    struct fault fault = {0};
    struct desk *desk = addressbook->options.desk(addressbook->options.desk_arg);
    struct addressbook_job job = {
        .addressbook = addressbook, .accounts = desk->accounts, .arena = arena};
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    int err = xml_read(request->body, &addressbook_limits, &doc, &fault);
    if (err == 0)
        err = soap_read(doc, &message, &fault);
    if (err == 0)
        err = check_ticket(&job, request, &message, now, &fault);
    if (err == 0) {
        job.payload = message.payload;
        err = answer_operation(&job, operations, &out, &fault);
    }
    if (err < 0)
        webticket_refuse(addressbook->options.site, reply, arena, &fault);
    else
        http_reply_set(reply, 200, CONTENT_TYPE, arena_copy(arena, buf_slice(&out)));
}

static void answer_query(void *role, const struct http_request *request, struct http_reply *reply,
                         struct arena *arena, int64_t now)
{
    answer_soap(role, query_operations, request, reply, arena, now);
}

static void answer_location(void *role, const struct http_request *request,
                            struct http_reply *reply, struct arena *arena, int64_t now)
{
    answer_soap(role, location_operations, request, reply, arena, now);
}

/* ---- files
 * -------------------------------------------------------------------------------------------- */

static void send_photo(struct accounts *accounts, struct slice hash,
                       const struct http_request *request, struct http_reply *reply,
                       struct arena *arena)
{
    struct slice bytes, etag = arena_print(arena, "\"%.*s\"", SLICE_ARG(slice_head(hash, 40)));
    const char *type;
    struct fault fault;
    int err = hash.len == PHOTO_HASH_LEN
                  ? card_photo_find(accounts_reader(accounts), hash, arena, &bytes, &type, &fault)
                  : fault_set(&fault, ERR_UNKNOWN, FINDING_ADDRESSBOOK_FILE, "no hash of a photo");
    if (err < 0) {
        if (err == -ERR_UNKNOWN)
            fault.finding = FINDING_ADDRESSBOOK_FILE;
        http_reply_fault(reply, arena, &fault);
        return;
    }
    http_reply_header(reply, arena, "Cache-Control", "private, max-age=%d", PHOTO_DAY);
    http_reply_header(reply, arena, "ETag", "%.*s", SLICE_ARG(etag));
    http_reply_header(reply, arena, "X-Content-Type-Options", "nosniff");
    if (slice_eq(http_header(request, "If-None-Match"), etag))
        http_reply_set(reply, 304, NULL, SLICE(""));
    else
        http_reply_set(reply, 200, type, bytes);
}

/* A photo's name is the hash of its bytes, which only the people know who were shown the
 * contact card it is in: that is its ticket, for clients that fetch it without one. */
static void answer_photo(void *role, const struct http_request *request, struct http_reply *reply,
                         struct arena *arena, int64_t now)
{
    const struct addressbook *addressbook = role;
    struct desk *desk = addressbook->options.desk(addressbook->options.desk_arg);
    (void)now;
    send_photo(desk->accounts, slice_from(request->path, sizeof PATH_PHOTO - 1), request, reply,
               arena);
}

/* As autodiscover does: no WWW-Authenticate, SIPE would answer that. */
static void challenge(const struct addressbook *addressbook, struct http_reply *reply,
                      struct arena *arena, const struct fault *fault)
{
    const struct site *site = addressbook->options.site;
    http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s",
                      SLICE_ARG(soap_diagnostics_print(arena, fault->finding, site->web_host)));
    http_reply_header(reply, arena, "X-MS-WebTicketURL", "%.*s",
                      SLICE_ARG(addressbook->ticket_url));
    http_reply_header(reply, arena, "X-MS-WebTicketSupported", "saml");
    http_reply_set(reply, 401, NULL, SLICE(""));
    reply->fault = *fault;
}

/* Who asks for a file, by his ticket beside it; false: he has been answered. */
static bool admits(struct addressbook_job *job, const struct http_request *request,
                   struct http_reply *reply, int64_t now)
{
    struct fault fault;
    int err = check_header(job, http_header(request, "X-MS-WebTicket"), now, &fault);
    if (err == 0)
        return true;
    if (finding_row(fault.finding)->http >= 500)
        http_reply_fault(reply, job->arena, &fault);
    else
        challenge(job->addressbook, reply, job->arena, &fault);
    return false;
}

static struct addressbook_job begin(const struct addressbook *addressbook, struct arena *arena)
{
    struct desk *desk = addressbook->options.desk(addressbook->options.desk_arg);
    return (struct addressbook_job){
        .addressbook = addressbook, .accounts = desk->accounts, .arena = arena};
}

/* The whole book, in a form that everybody can read. */
static void answer_book(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    struct addressbook_job job = begin(role, arena);
    struct slice bytes, etag;
    struct fault fault;
    if (!admits(&job, request, reply, now))
        return;
    if (book_get(job.addressbook->book, job.accounts, now, arena, &bytes, &etag, &fault) < 0) {
        http_reply_fault(reply, arena, &fault);
        return;
    }
    http_reply_header(reply, arena, "Cache-Control", "private, no-cache");
    http_reply_header(reply, arena, "ETag", "%.*s", SLICE_ARG(etag));
    http_reply_header(reply, arena, "X-Content-Type-Options", "nosniff");
    if (slice_eq(http_header(request, "If-None-Match"), etag))
        http_reply_set(reply, 304, NULL, SLICE(""));
    else
        http_reply_set(reply, 200, VCARD_TYPE, bytes);
}

/* Microsoft's own files are not made: their format could not be read in full
 * (docs/addressbook.md), and clients are told to search by the web query only. */
static void answer_file(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    struct addressbook_job job = begin(role, arena);
    struct fault fault;
    if (!admits(&job, request, reply, now))
        return;
    fault_set(&fault, ERR_UNKNOWN, FINDING_ADDRESSBOOK_FILE, "%.*s",
              SLICE_ARG(slice_head(request->path, 160)));
    http_reply_fault(reply, arena, &fault);
}

struct slice addressbook_photo_url(struct arena *arena, const struct site *site, struct slice hash)
{
    if (slice_empty(hash))
        return (struct slice){0};
    return arena_print(arena, "%.*s%.*s", SLICE_ARG(site_web_url(arena, site, PATH_PHOTO)),
                       SLICE_ARG(hash));
}

/* ---- the object
 * --------------------------------------------------------------------------------------- */

struct addressbook *addressbook_new(const struct addressbook_options *options)
{
    struct addressbook *addressbook = must_calloc(1, sizeof *addressbook);
    addressbook->options = *options;
    addressbook->arena = arena_new();
    addressbook->book = book_new(options->site);
    describe(addressbook);
    return addressbook;
}

void addressbook_free(struct addressbook *addressbook)
{
    if (!addressbook)
        return;
    book_free(addressbook->book);
    arena_free(addressbook->arena);
    free(addressbook);
}

void addressbook_add_routes(struct addressbook *addressbook, struct http_routes *routes)
{
    const char *host = arena_string(addressbook->arena, addressbook->options.site->web_host);
    const struct http_route rows[] = {
        {host, SITE_PATH_GROUP_EXPANSION "/mex", HTTP_GET | HTTP_POST, 0, answer_query_mex, NULL},
        {host, SITE_PATH_GROUP_EXPANSION, HTTP_POST, ROUTE_WORK, answer_query, NULL},
        {host, SITE_PATH_GROUP_EXPANSION PATH_BEARER, HTTP_POST, ROUTE_WORK, answer_query, NULL},
        {host, SITE_PATH_LOCATION "/mex", HTTP_GET | HTTP_POST, 0, answer_location_mex, NULL},
        {host, SITE_PATH_LOCATION, HTTP_POST, ROUTE_WORK, answer_location, NULL},
        {host, SITE_PATH_LOCATION PATH_BEARER, HTTP_POST, ROUTE_WORK, answer_location, NULL},
        {host, PATH_PHOTO "*", HTTP_GET, ROUTE_WORK, answer_photo, NULL},
        {host, PATH_BOOK, HTTP_GET, ROUTE_WORK, answer_book, NULL},
        {host, SITE_PATH_ADDRESS_BOOK "/*", HTTP_GET, ROUTE_WORK, answer_file, NULL},
    };
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, addressbook);
}
