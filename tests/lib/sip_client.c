#include "sip_client.h"

#include "base/clock.h"
#include "base/random.h"
#include "lab_server.h"
#include "registrar/endpoint.h"
#include "sip/print.h"

#include <string.h>

void sip_client_init(struct sip_client *client, struct wire *wire, const struct identity *who)
{
    *client = (struct sip_client){.wire = wire, .who = who, .arena = arena_new()};
    client->epid = random_hex(client->arena, 12);
    client->tag = random_hex(client->arena, 10);
    client->call_id = random_hex(client->arena, 32);
}

void sip_client_fini(struct sip_client *client)
{
    tlsdsk_free(client->tlsdsk);
    association_free(client->association);
    arena_free(client->arena);
    memset(client, 0, sizeof *client);
}

/* ---- going out ------------------------------------------------------------------- */

static void add_register_headers(const struct sip_client *client, struct sip_request *request,
                                 int expires)
{
    struct guid instance = endpoint_instance_of_epid(client->epid);
    sip_request_header(request, "Contact",
                       "<sip:127.0.0.1:5000;transport=tls;ms-opaque=d3470f2e1d>;proxy=replace;"
                       "+sip.instance=\"<urn:uuid:%.*s>\"",
                       SLICE_ARG(guid_print(client->arena, &instance)));
    sip_request_header(request, "Supported", "gruu-10, adhoclist, msrtc-event-categories");
    sip_request_header(request, "Supported", "ms-forking");
    sip_request_header(request, "ms-keep-alive", "UAC;hop-hop=yes");
    sip_request_header(request, "Event", "registration");
    if (expires != 0)
        sip_request_header(request, "Expires", "%d", expires < 0 ? 0 : expires);
}

static void add_lines(struct sip_request *request, struct slice text)
{
    struct slice line, name, value;
    while (slice_cut(text, '\n', &line, &text))
        if (slice_cut(line, ':', &name, &value))
            sip_line_add(&request->headers, request->arena, name, slice_trim(value));
}

static struct slice uri_of(const struct sip_client *client, const struct sip_client_ask *ask,
                           enum sip_method method)
{
    if (ask->uri)
        return slice_of(ask->uri);
    return method == SIP_REGISTER
               ? SLICE("sip:" LAB_DOMAIN)
               : arena_print(client->arena, "sip:%s", ask->to ? ask->to : client->who->address);
}

static void make(struct sip_client *client, const struct sip_client_ask *ask, struct sip_out *out)
{
    static const struct sip_client_ask usual = {0};
    const struct sip_client_ask *a = ask ? ask : &usual;
    struct arena *arena = client->arena;
    const char *from = a->from ? a->from : client->who->address;
    const char *to = a->to ? a->to : from;
    enum sip_method method = a->method ? a->method : SIP_REGISTER;
    struct sip_request request = {
        .arena = arena,
        .method = method,
        .uri = uri_of(client, a, method),
        .via_host = SLICE("127.0.0.1:5000"),
        .branch = sip_branch_new(arena),
        .from = arena_print(arena, "<sip:%s>;tag=%.*s;epid=%.*s", from, SLICE_ARG(client->tag),
                            SLICE_ARG(client->epid)),
        .to = arena_print(arena, "<sip:%s>%s%s", to, a->to_tag ? ";tag=" : "",
                          a->to_tag ? a->to_tag : ""),
        .call_id = a->call_id ? slice_of(a->call_id) : client->call_id,
        .cseq = ++client->cseq,
        .content_type = a->content_type,
        .body = a->body,
    };
    if (method == SIP_REGISTER)
        add_register_headers(client, &request, a->expires);
    else if (method == SIP_SUBSCRIBE || method == SIP_INVITE)
        sip_request_header(&request, "Contact", "<sip:127.0.0.1:5000;transport=tls>");
    if (!slice_empty(a->name))
        sip_line_add(&request.headers, arena, a->name, a->value);
    if (a->lines)
        add_lines(&request, slice_of(a->lines));
    sip_out_request(out, &request);
}

static struct slice print(struct sip_client *client, const struct sip_out *out, struct slice value)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    struct slice name = slice_absent(value) ? (struct slice){0}
                                            : slice_of(challenge_answer_header(&client->challenge));
    sip_print(out, name, value, &bytes);
    return arena_copy(client->arena, buf_slice(&bytes));
}

struct slice sip_client_plain(struct sip_client *client, const struct sip_client_ask *ask)
{
    struct sip_out out;
    make(client, ask, &out);
    return print(client, &out, (struct slice){0});
}

struct slice sip_client_token(struct sip_client *client, const struct sip_client_ask *ask,
                              struct slice token)
{
    struct sip_out out;
    make(client, ask, &out);
    return print(client, &out, challenge_answer(client->arena, &client->challenge, token));
}

struct slice sip_client_signed(struct sip_client *client, const struct sip_client_ask *ask)
{
    struct sip_out out;
    struct sip_signature_fields fields;
    make(client, ask, &out);
    sip_out_signature(&out, &fields);
    return print(client, &out,
                 association_authorization(client->association, client->arena, &fields));
}

bool sip_client_send(struct sip_client *client, struct slice bytes)
{
    return wire_write(client->wire, bytes);
}

/* ---- coming in --------------------------------------------------------------------- */

static void note_challenge(struct sip_client *client)
{
    struct challenge_list list;
    struct fault fault;
    if (challenge_parse(client->arena, &client->message, &list, &fault) < 0)
        return;
    const struct challenge *offer = challenge_find(&list, AUTH_TLS_DSK);
    if (offer)
        client->challenge = *offer;
}

int sip_client_receive(struct sip_client *client)
{
    struct sip_framer framer;
    struct sip_frame frame;
    struct fault fault;
    sip_framer_init(&framer, NULL);
    for (;;) {
        if (sip_frame(&framer, buf_slice(&client->wire->in), &frame, &fault) < 0)
            return -1;
        if (frame.kind == SIP_FRAME_MESSAGE)
            break;
        buf_drop(&client->wire->in, frame.len);
        if (frame.kind == SIP_FRAME_MORE && wire_read(client->wire, WIRE_PATIENCE_MS) <= 0)
            return -1;
    }
    int err = sip_parse(&client->message, arena_copy(client->arena, frame.bytes), &fault);
    buf_drop(&client->wire->in, frame.len);
    if (err < 0)
        return -1;
    if (client->message.status == 401)
        note_challenge(client);
    return client->message.status;
}

int sip_client_exchange(struct sip_client *client, struct slice bytes)
{
    return sip_client_send(client, bytes) ? sip_client_receive(client) : -1;
}

int sip_client_answer(struct sip_client *client)
{
    int status;
    do
        status = sip_client_receive(client);
    while (status >= 0 && (status < 200 || client->message.cseq != client->cseq));
    return status;
}

int sip_client_ask(struct sip_client *client, const struct sip_client_ask *ask)
{
    return sip_client_send(client, sip_client_signed(client, ask)) ? sip_client_answer(client) : -1;
}

bool sip_client_hears(struct sip_client *client, const char *text)
{
    int status;
    do
        status = sip_client_receive(client);
    while (status > 0 || (status == 0 && slice_find(client->message.bytes, slice_of(text)) < 0));
    return status == 0;
}

struct slice sip_client_reply(struct sip_client *client, int status)
{
    struct sip_reply reply;
    struct sip_out out;
    struct sip_signature_fields fields;
    sip_reply_init(&reply, client->arena, status);
    sip_out_reply(&out, client->arena, &client->message, &reply,
                  &(struct sip_out_options){.to_tag = client->tag});
    sip_out_signature(&out, &fields);
    return print(client, &out,
                 association_authorization(client->association, client->arena, &fields));
}

bool sip_client_trusts(struct sip_client *client)
{
    struct fault fault;
    return client->association &&
           association_verify_info(client->association, &client->message, clock_now(), &fault) == 0;
}

/* ---- signing in ---------------------------------------------------------------------- */

static int begin_handshake(struct sip_client *client)
{
    struct fault fault;
    struct tlsdsk_context *context = tlsdsk_context_new(
        &(struct tlsdsk_options){.key = client->who->key, .certificate = client->who->certificate},
        &fault);
    if (!context)
        return fault.err;
    client->tlsdsk = tlsdsk_new(context);
    tlsdsk_context_free(context);
    return 0;
}

static void agree(struct sip_client *client)
{
    struct tlsdsk_keys keys;
    tlsdsk_keys(client->tlsdsk, &keys);
    association_free(client->association);
    client->association =
        association_new(&(struct association_options){.scheme = AUTH_TLS_DSK,
                                                      .version = client->challenge.version,
                                                      .opaque = client->challenge.opaque,
                                                      .realm = client->challenge.realm,
                                                      .targetname = client->challenge.targetname,
                                                      .keys = &keys,
                                                      .ends = INT64_MAX});
    tlsdsk_keys_wipe(&keys);
    tlsdsk_free(take(&client->tlsdsk));
}

int sip_client_shake(struct sip_client *client, struct slice *token_out)
{
    scoped(buf) struct buf token = BUF_INIT;
    struct fault fault;
    if (!client->tlsdsk && begin_handshake(client) < 0)
        return -1;
    int state = tlsdsk_step(client->tlsdsk, client->challenge.token, &token, &fault);
    *token_out = arena_copy(client->arena, buf_slice(&token));
    if (state == TLSDSK_DONE)
        agree(client);
    return state;
}

int sip_client_associate(struct sip_client *client)
{
    struct slice token;
    int status = sip_client_exchange(client, sip_client_plain(client, NULL));
    tlsdsk_free(take(&client->tlsdsk));
    while (status == 401) {
        int state = sip_client_shake(client, &token);
        if (state == TLSDSK_DONE)
            return 0;
        if (state < 0)
            return 401; /* offered anew: the server did not like it */
        status = sip_client_exchange(client, sip_client_token(client, NULL, token));
    }
    return status;
}

int sip_client_sign_in(struct sip_client *client)
{
    int status = sip_client_associate(client);
    return status == 0 ? sip_client_exchange(client, sip_client_signed(client, NULL)) : status;
}
