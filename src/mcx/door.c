/* The door: the page, the metadata, and what a POST must show. */
#include "mcx/mcx.h"
#include "webticket/mex.h"
#include "xml/soap.h"

/* ---- reading a request ----------------------------------------------------------------------- */

static int check_ticket(struct webticket *webticket, const struct soap_message *message,
                        int64_t now, struct arena *arena, struct webticket_claims *claims,
                        struct fault *fault)
{
    if (message->version != SOAP_1_1)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SOAP_MALFORMED, "SOAP 1.2, not 1.1");
    int err = webticket_verify_soap(
        webticket, &(struct webticket_use){.message = message, .proof_needed = true, .once = true},
        now, arena, claims, fault);
    if (err == 0 && !claims->by_certificate)
        err = fault_set(fault, ERR_DENIED, FINDING_MCX_NO_CERTIFICATE, "the ticket of %.*s",
                        SLICE_ARG(slice_head(claims->address, 160)));
    return err;
}

int mcx_read(struct webticket *webticket, const struct http_request *request, int64_t now,
             struct arena *arena, struct webticket_claims *claims_out,
             struct mcx_request *request_out, struct fault *fault)
{
    static const struct xml_limits limits = {.bytes = MCX_REQUEST_MAX};
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    int err = xml_read(request->body, &limits, &doc, fault);
    if (err == 0)
        err = soap_read(doc, &message, fault);
    if (err == 0)
        err = check_ticket(webticket, &message, now, arena, claims_out, fault);
    if (err == 0)
        err = mcx_request_parse(message.payload, arena, request_out, fault);
    return err;
}

/* ---- page and metadata -------------------------------------------------------------------------
 */

#define DISCLAIMER                                                                                 \
    "This is Lychgate's own contract, namespace " NS_MCX ". It is not wire-compatible with Lync "  \
    "2010 phones: Microsoft never published what they say here. docs/mcx.md describes it."

static const char page[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>McxService</title></head><body>\n"
    "<h1>McxService</h1>\n"
    "<p>The mobility service of Lychgate is running.</p>\n"
    "<p>" DISCLAIMER "</p>\n"
    "<p>Metadata: <a href=\"" SITE_PATH_MCX "/mex\">mex</a>. Phones of today use UCWA.</p>\n"
    "</body></html>\n";

static void answer_page(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    (void)role, (void)request, (void)arena, (void)now;
    http_reply_set(reply, 200, "text/html; charset=utf-8", slice_of(page));
}

static void answer_mex(void *role, const struct http_request *request, struct http_reply *reply,
                       struct arena *arena, int64_t now)
{
    (void)now;
    mex_answer(role, request, reply, arena);
}

static struct mex_service *describe(const struct site *site, struct arena *arena)
{
    struct mex_service *service = arena_new_of(arena, struct mex_service);
    struct mex_port *port = arena_new_of(arena, struct mex_port);
    struct mex_operation *operations = arena_array(arena, struct mex_operation, MCX_OPERATIONS);
    for (int i = 0; i < MCX_OPERATIONS; i++) {
        struct slice action = slice_of(mcx_action((enum mcx_operation)i));
        operations[i] = (struct mex_operation){
            .name = slice_of(mcx_operation_name((enum mcx_operation)i)),
            .action = slice_head(slice_from(action, 1), action.len - 2), /* without quotes */
        };
    }
    *port = (struct mex_port){.name = SLICE(MCX_PORT),
                              .location = site_web_url(arena, site, SITE_PATH_MCX),
                              .auth = MEX_AUTH_TICKET_PROOF,
                              .issuer = site_web_url(arena, site, SITE_PATH_WEBTICKET "/Cert")};
    *service = (struct mex_service){.name = SLICE("McxService"),
                                    .ns = NS_MCX,
                                    .port_type = SLICE("IMcxService"),
                                    .operations = operations,
                                    .operation_count = MCX_OPERATIONS,
                                    .documentation = SLICE(DISCLAIMER),
                                    .ports = port,
                                    .port_count = 1};
    return service;
}

void mcx_add_routes(const struct site *site, struct arena *arena, struct http_routes *routes)
{
    const char *host = arena_string(arena, site->web_host);
    const struct http_route rows[] = {
        {host, SITE_PATH_MCX, HTTP_GET, 0, answer_page, NULL},
        {host, SITE_PATH_MCX "/mex", HTTP_GET | HTTP_POST, 0, answer_mex, NULL},
    };
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, describe(site, arena));
}
