/* A session of requests, one a line: method letter, target below the application (or ^ and
 * a target below the base), blank, body; B is a POST of a batch, in which ~ stands for a line's
 * end; X a GET that wants XML; U a PUT with If-Match. Every request must be answered at the latest
 * when the room ends, with a status, and what is JSON must be JSON, what is XML well formed. */
#include "ucwa/asking_priv.h"
#include "ucwa/fake_phone_priv.h"
#include "xml/reader.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    REQUESTS_MAX = 64
};

static enum http_method method_of(char letter)
{
    switch (letter) {
    case 'P':
    case 'B':
        return HTTP_POST;
    case 'D':
        return HTTP_DELETE;
    case 'U':
        return HTTP_PUT;
    default:
        return HTTP_GET;
    }
}

static void check(const struct asked *asked)
{
    if (!asked->sent || asked->reply.status < 200)
        abort();
    if (asked->reply.body.len == 0)
        return;
    if (slice_eq(asked->reply.content_type, SLICE("application/json"))) {
        json_t *body = json_loadb(asked->reply.body.at, asked->reply.body.len, 0, NULL);
        if (!body)
            abort();
        json_decref(body);
    } else if (slice_eq(asked->reply.content_type, SLICE("application/xml"))) {
        struct xml_limits limits = xml_limits_default;
        struct xml_doc *doc;
        struct fault fault;
        limits.value = limits.nodes = limits.bytes = 64 * 1024 * 1024;
        if (xml_read(asked->reply.body, &limits, &doc, &fault) < 0)
            abort();
        xml_doc_free(doc);
    } else if (!slice_starts(asked->reply.content_type, SLICE("multipart/batching;"))) {
        abort();
    }
}

static struct slice target_of(struct arena *arena, struct slice base, struct slice line)
{
    if (slice_starts(line, SLICE("^")))
        return arena_print(arena, SITE_PATH_UCWA "%.*s", SLICE_ARG(slice_from(line, 1)));
    return arena_print(arena, "%.*s%.*s", SLICE_ARG(base), SLICE_ARG(line));
}

static void prepare(struct asked *asked, struct arena *arena, char letter, struct slice target,
                    struct slice body)
{
    char *text = arena_alloc(arena, body.len + 1);
    for (size_t i = 0; i < body.len; i++)
        text[i] = letter == 'B' && body.at[i] == '~' ? '\n' : body.at[i];
    const char *type = letter == 'B'                    ? "multipart/batching;boundary=b"
                       : slice_starts(body, SLICE("{")) ? "application/json"
                                                        : "text/plain";
    asking(asked, arena, method_of(letter), target, type, slice_make(text, body.len));
    if (letter == 'X')
        asked_header(asked, SLICE("Accept"), SLICE("application/xml"));
    if (letter == 'U')
        asked_header(asked, SLICE("If-Match"), SLICE("*"));
}

/* What a phone would do in time: say that it was done, connect, be called. */
static void live(void)
{
    fake_tell((struct phone_news){.kind = PHONE_DONE, .tag = fake.tag});
    if (fake.chat.id && fake.chat.state == PHONE_CHAT_CONNECTING) {
        fake.chat.state = PHONE_CHAT_CONNECTED;
        fake_tell((struct phone_news){.kind = PHONE_CHAT, .chat = &fake.chat});
        fake_tell((struct phone_news){.kind = PHONE_MESSAGE,
                                      .chat = &fake.chat,
                                      .text = SLICE("\xff hi"),
                                      .type = SLICE("text/plain")});
    }
    fake.face.settle(fake.face.arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct asked asked[REQUESTS_MAX + 1];
    scoped(arena) struct arena *arena = arena_new();
    struct slice rest = slice_make(data, size), line, target, body;
    size_t count = 1;
    int64_t now = 1000;
    fake_reset();
    struct ucwa *ucwa = ucwa_new(&(struct ucwa_options){.site = &fake_site, .phones = &fake_host});
    asking(&asked[0], arena, HTTP_POST, SLICE(SITE_PATH_UCWA), "application/json",
           SLICE("{\"UserAgent\":\"f\",\"EndpointId\":\"e\",\"Culture\":\"c\"}"));
    ucwa_answer(ucwa, SLICE("alice@contoso.test"), 0, &asked[0].later, now);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = 1000000});
    struct slice base = arena_copy(arena, http_reply_get(&asked[0].reply, "Location"));
    while (count <= REQUESTS_MAX && rest.len > 0) {
        slice_cut(rest, '\n', &line, &rest);
        if (line.len < 2)
            continue;
        slice_cut(slice_from(line, 1), ' ', &target, &body);
        prepare(&asked[count], arena, line.at[0], target_of(arena, base, target), body);
        ucwa_answer(ucwa, SLICE("alice@contoso.test"), 100000, &asked[count++].later, now += 700);
        if (ucwa_count(ucwa) == 1 && fake.opened == 1)
            live();
        ucwa_tick(ucwa, now);
    }
    ucwa_free(ucwa);
    for (size_t i = 0; i < count; i++)
        check(&asked[i]);
    return 0;
}
