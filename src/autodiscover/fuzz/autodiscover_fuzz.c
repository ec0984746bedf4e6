/* First byte: which half. Odd: the rest is a document for the client half, taken as
 * the answer to each kind of request; what was read is printed and read again. Even:
 * the rest is an HTTP request for the server half, as far as it goes without a ticket. */
#include "autodiscover/autodiscover.h"
#include "autodiscover/walk.h"
#include "http/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct site site = {.domain = {"contoso.test", 12},
                                 .web_host = {"webdir.contoso.test", 19},
                                 .sip_host = {"sip.contoso.test", 16},
                                 .sip_external_host = {"sipfed.contoso.test", 19},
                                 .https_port = 443,
                                 .sip_port = 5061,
                                 .sip_external_port = 443};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_again(const struct autodiscover_document *document, struct arena *arena)
{
    scoped(buf) struct buf xml = BUF_INIT, json = BUF_INIT;
    struct autodiscover_document again;
    autodiscover_print_json(document, &json);
    autodiscover_print_xml(document, &xml);
    /* Escapes make a document longer; one near the limit may then pass it. */
    if (xml.len > AUTODISCOVER_BODY_MAX || document->location == AUTODISCOVER_ELSEWHERE)
        return;
    must(autodiscover_parse(buf_slice(&xml), arena, &again, NULL) == 0);
    must(again.kind == document->kind && again.location == document->location);
    must(again.link_count == document->link_count);
    for (size_t i = 0; i < again.link_count; i++)
        must(slice_eq(again.links[i].href, document->links[i].href));
    must(slice_eq(again.client_internal.fqdn, document->client_internal.fqdn));
    must(again.client_external.port == document->client_external.port);
}

static void client(struct slice body, struct arena *arena)
{
    static const int statuses[] = {200, 401, 301, 404};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct autodiscover_walk walk;
        enum autodiscover_step step = AUTODISCOVER_GET;
        struct fault fault = {0};
        struct autodiscover_answer answer = {.status = statuses[i],
                                             .ticket_url = body,
                                             .location = body,
                                             .diagnostics = body,
                                             .body = body};
        int err = 0, turns = 0;
        autodiscover_begin(&walk, arena, SLICE("https://lyncdiscover.contoso.test/"),
                           SLICE("a@contoso.test"));
        for (; err == 0 && step != AUTODISCOVER_FOUND; turns++) {
            err = autodiscover_take(&walk, &answer, &step, &fault);
            must(err == 0 || (fault.finding != FINDING_NONE && fault.err == err));
        }
        must(turns <= AUTODISCOVER_REDIRECTS_MAX + 3);
        if (statuses[i] == 200 && walk.document.link_count > 0)
            read_again(&walk.document, arena);
    }
}

static void server(struct slice bytes, struct arena *arena)
{
    static const struct http_limits limits = {.head_bytes = 4096, .headers = 32, .body_bytes = 64};
    scoped(http_routes) struct http_routes *routes = http_routes_new(443);
    scoped(autodiscover) struct autodiscover *autodiscover =
        autodiscover_new(&(struct autodiscover_options){.site = &site});
    struct http_frame frame = {0};
    struct http_request *request;
    struct http_reply reply = {0};
    autodiscover_add_routes(autodiscover, routes);
    if (http_frame_scan(&frame, &limits, bytes, NULL) < 0 ||
        http_request_parse(&frame, bytes, arena, &request, NULL) < 0)
        return;
    request->secure = bytes.len % 2;
    request->on_loop = true;
    http_routes_answer(routes, request, &reply, arena, 0);
    must(reply.status != 0 || !slice_absent(http_header(request, "X-MS-WebTicket")));
    must(slice_absent(http_reply_get(&reply, "WWW-Authenticate")));
    must((reply.status == 401) == !slice_absent(http_reply_get(&reply, "X-MS-WebTicketURL")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    if (size == 0)
        return 0;
    struct slice rest = slice_make(data + 1, size - 1);
    if (data[0] % 2)
        client(rest, arena);
    else
        server(rest, arena);
    return 0;
}
