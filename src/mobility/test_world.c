#include "mobility/test_world_priv.h"

#define CONTACTS                                                                                   \
    "<contactList deltaNum=\"2\"><group id=\"1\" name=\"~\" externalURI=\"\"/>"                    \
    "<contact uri=\"bob@contoso.test\" name=\"\" groups=\"1\" subscribed=\"true\" "                \
    "externalURI=\"\"/></contactList>"

static int64_t now_of(void *arg)
{
    return ((struct world *)arg)->now;
}

static void stir(void *arg)
{
    ((struct world *)arg)->stirred = true;
}

static void wake(void *arg, const struct push_news *news, uint64_t tag)
{
    struct world *w = arg;
    buf_print(&w->wishes, "%d %.*s %.*s #%llu ", (int)news->kind, SLICE_ARG(news->from),
              SLICE_ARG(news->conversation), (unsigned long long)tag);
}

static void settle(void *arg)
{
    ((struct world *)arg)->settled = true;
}

static void tell(void *arg, const struct phone_news *news)
{
    static const char *const names[PHONE_NEWS_KINDS] = {"in",       "mode",   "out",   "settings",
                                                        "contacts", "person", "self",  "chat",
                                                        "message",  "typing", "found", "done"};
    struct world *w = arg;
    assert_int_equal(news->priority, phone_news_priority(news->kind));
    buf_print(&w->heard, "%s", names[news->kind]);
    if (news->chat) {
        w->chat = news->chat->id;
        buf_print(&w->heard, "%d", (int)news->chat->state);
    }
    if (!slice_absent(news->text))
        buf_print(&w->heard, "(%.*s)", SLICE_ARG(news->text));
    if (news->kind == PHONE_DONE)
        buf_print(&w->heard, "%llu", (unsigned long long)news->tag);
    if (news->fault->finding != FINDING_NONE) {
        buf_print(&w->heard, "!");
        w->fault = *news->fault;
    }
    buf_print(&w->heard, " ");
}

int set_up(void **state)
{
    struct world *w = must_calloc(1, sizeof *w);
    w->arena = arena_new();
    w->now = 1000000;
    struct phone_world around = {.domain = SLICE("contoso.test"),
                                 .pool = SLICE("sip.contoso.test"),
                                 .port = 5087,
                                 .now = now_of,
                                 .stir = stir,
                                 .wake = wake,
                                 .arg = w};
    struct phone_options options = {.account = SLICE("SIP:Alice@Contoso.test"),
                                    .endpoint = SLICE("ep1"),
                                    .user_agent = SLICE("Test/1"),
                                    .face = {tell, settle, w}};
    assert_int_equal(phone_new(&around, &options, &w->phone, NULL), 0);
    *state = w;
    return 0;
}

int tear_down(void **state)
{
    struct world *w = *state;
    phone_free(w->phone);
    arena_free(w->arena);
    buf_free(&w->heard);
    buf_free(&w->wishes);
    free(w);
    return 0;
}

void heard(struct world *w, const char *expected)
{
    assert_string_equal(buf_string(&w->heard), expected);
    buf_clear(&w->heard);
}

void wished(struct world *w, const char *expected)
{
    assert_string_equal(w->wishes.len ? buf_string(&w->wishes) : "", expected);
    buf_clear(&w->wishes);
}

/* The next message of the phone's; it must begin so. */
void sent(struct world *w, const char *start)
{
    struct slice bytes;
    struct fault fault;
    assert_true(phone_next(w->phone, w->arena, &bytes));
    if (!slice_starts(bytes, slice_of(start)))
        fail_msg("sent %.*s", (int)(bytes.len < 200 ? bytes.len : 200), bytes.at);
    assert_int_equal(sip_parse(&w->request, bytes, &fault), 0);
}

void sent_nothing(struct world *w)
{
    struct slice bytes;
    assert_false(phone_next(w->phone, w->arena, &bytes));
}

void take_text(struct world *w, struct slice bytes)
{
    struct sip_message *message = arena_new_of(w->arena, struct sip_message);
    struct fault fault;
    assert_int_equal(sip_parse(message, arena_copy(w->arena, bytes), &fault), 0);
    phone_take(w->phone, message);
}

/* Answer w->request. */
void answer(struct world *w, int status, const char *header, const char *value, const char *type,
            const char *body)
{
    struct sip_reply reply;
    struct sip_out out;
    scoped(buf) struct buf bytes = BUF_INIT;
    sip_reply_init(&reply, w->arena, status);
    if (header)
        sip_reply_header(&reply, header, "%s", value);
    if (body)
        sip_reply_body(&reply, slice_of(type), slice_of(body));
    sip_out_reply(&out, w->arena, &w->request, &reply, &(struct sip_out_options){0});
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    take_text(w, buf_slice(&bytes));
}

void admit(struct world *w, int64_t lifetime)
{
    struct phone_admission admission = {
        .arena = arena_new(), .push = lifetime > HOUR_MS, .lifetime = lifetime};
    policy_effective_default(POLICY_LYNC_2013, &admission.policy);
    phone_admit(w->phone, &admission, NULL);
}

void sign_in(struct world *w, int64_t lifetime)
{
    admit(w, lifetime);
    sent(w, "REGISTER sip:contoso.test SIP/2.0\r\n");
    assert_true(slice_find(sip_value(&w->request, SIP_HEADER_CONTACT),
                           SLICE("<sip:sip.contoso.test:5087;transport=tls")) >= 0);
    answer(w, 200, "Expires", "600", NULL, NULL);
    heard(w, "in ");
    sent(w, "SUBSCRIBE");
    answer(w, 489, NULL, NULL, NULL, NULL);
    sent(w, "SUBSCRIBE");
    answer(w, 200, "Supported", "ms-piggyback-first-notify",
           "application/vnd-microsoft-roaming-contacts+xml", CONTACTS);
    heard(w, "contacts ");
    sent(w, "SUBSCRIBE");
    answer(w, 489, NULL, NULL, NULL, NULL);
    sent_nothing(w);
    assert_true(phone_is_signed_in(w->phone));
}

/* A request of bob's in the dialog of w->request, our 200. */
void bob_says(struct world *w, const char *method, const char *type, const char *body)
{
    scoped(buf) struct buf text = BUF_INIT;
    static unsigned number = 2;
    buf_print(&text,
              "%s sip:alice@contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS s:5061;branch=z9hG4bKb%u\r\n"
              "From: <sip:bob@contoso.test>;tag=b1\r\nTo: %.*s\r\nCall-ID: call1\r\n"
              "CSeq: %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
              method, number, SLICE_ARG(w->request.to.text), number, method, type, strlen(body),
              body);
    number++;
    take_text(w, buf_slice(&text));
}
