/* Any message, read as a request and as an answer to each operation: what is taken can be printed
 * and read again. A request is put to a session, too, and must be answered at the latest when
 * the service ends. */
#include "mcx/fake_phone_priv.h"
#include "xml/soap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mcx *service;

/* At once, as the fake cannot fail. */
static void subscribe(void *arg, struct slice account, struct slice device, struct slice json,
                      struct slice session, uint64_t number)
{
    (void)arg, (void)account, (void)device, (void)json;
    fake_called("subscribe", number, session, 0);
}

static void check(const struct asked *asked)
{
    struct mcx_response response;
    struct fault fault;
    scoped(arena) struct arena *arena = arena_new();
    if (asked->sent != 1)
        abort();
    int err =
        mcx_response_parse(asked->reply.body, asked->request.operation, arena, &response, &fault);
    if (err != 0 && err != -ERR_DENIED)
        abort();
}

/* What a phone would do in time. */
static void live(void)
{
    fake_done();
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    fake.settled = true;
    fake_tell((struct phone_news){.kind = PHONE_SETTINGS});
    fake_done();
    fake_tell((struct phone_news){.kind = PHONE_PERSON, .person = &fake.person});
}

static void put(const struct mcx_request *request, struct arena *arena)
{
    static const struct site site = {.web_host = FAKE_TEXT("web")};
    static const struct mcx_request initiate = {
        .operation = MCX_INITIATE_SESSION,
        .initiate = {.endpoint = FAKE_TEXT("ep"), .user_agent = FAKE_TEXT("Fuzz/1")}};
    struct slice account = SLICE("alice@contoso.test");
    struct asked begin, asked;
    fake_reset();
    service =
        mcx_new(&(struct mcx_options){.site = &site, .phones = &fake_host, .subscribe = subscribe});
    asked_init(&begin, arena, initiate);
    mcx_answer(service, account, 0, &begin.request, &begin.later, 1);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = 3600000});
    struct mcx_response response;
    if (mcx_response_parse(begin.reply.body, MCX_INITIATE_SESSION, arena, &response, NULL))
        abort();
    asked_init(&asked, arena, *request);
    asked.request.session = response.initiate.session;
    mcx_answer(service, account, 0, &asked.request, &asked.later, 2);
    live();
    mcx_tick(service, 5000);
    mcx_free(service);
    check(&begin);
    check(&asked);
}

static bool take_request(struct slice body, struct arena *arena, struct mcx_request *request)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    return xml_read(body, NULL, &doc, NULL) == 0 && soap_read(doc, &message, NULL) == 0 &&
           mcx_request_parse(message.payload, arena, request, NULL) == 0;
}

static void as_server(struct slice body, struct arena *arena)
{
    scoped(buf) struct buf once = BUF_INIT, twice = BUF_INIT;
    struct mcx_request request, again;
    if (!take_request(body, arena, &request))
        return;
    mcx_request_print(&request, (struct slice){0}, &once);
    if (!take_request(buf_slice(&once), arena, &again))
        abort();
    mcx_request_print(&again, (struct slice){0}, &twice);
    if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
        abort();
    put(&request, arena);
}

static void as_client(struct slice body, struct arena *arena)
{
    for (int i = 0; i < MCX_OPERATIONS; i++) {
        scoped(buf) struct buf once = BUF_INIT, twice = BUF_INIT;
        struct mcx_response response;
        if (mcx_response_parse(body, (enum mcx_operation)i, arena, &response, NULL))
            continue;
        mcx_response_print(&response, &once);
        if (mcx_response_parse(buf_slice(&once), (enum mcx_operation)i, arena, &response, NULL))
            abort();
        mcx_response_print(&response, &twice);
        if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_make(data, size);
    struct arena *arena = arena_new();
    as_server(body, arena);
    as_client(body, arena);
    arena_free(arena);
    return 0;
}
