#include "client/session_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the wire --------------------------------------------------------------------------- */

struct world w;

void push(const char *format, ...)
{
    scoped(buf) struct buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_printv(&text, format, args);
    va_end(args);
    struct line *line = must_alloc(sizeof *line + text.len);
    line->next = NULL;
    line->len = text.len;
    memcpy(line->text, text.at, text.len);
    *(w.first ? &w.last->next : &w.first) = line;
    w.last = line;
}

static void serve(const struct sip_message *message);

int wire_send(struct wire *wire, struct slice bytes, struct fault *fault)
{
    struct sip_message message;
    (void)wire;
    size_t used = strlen(w.sent);
    snprintf(w.sent + used, sizeof w.sent - used, "%.*s\n", SLICE_ARG(bytes));
    assert_int_equal(sip_parse(&message, bytes, fault), 0);
    serve(&message);
    return 0;
}

int wire_receive(struct wire *wire, int64_t until, struct slice *message_out, struct fault *fault)
{
    (void)wire;
    (void)until;
    (void)fault;
    free(w.taken);
    w.taken = w.first;
    if (!w.first)
        return -ERR_AGAIN;
    w.first = w.first->next;
    *message_out = slice_make(w.taken->text, w.taken->len);
    return 0;
}

struct wire *wire_open(const struct wire_options *options, struct fault *fault)
{
    (void)options;
    (void)fault;
    return NULL;
}

void wire_close(struct wire *wire)
{
    (void)wire;
}

int wire_keepalive(struct wire *wire, struct fault *fault)
{
    (void)wire;
    (void)fault;
    return 0;
}

int wire_fd(const struct wire *wire)
{
    (void)wire;
    return 7;
}

struct slice wire_local(const struct wire *wire)
{
    (void)wire;
    return SLICE("127.0.0.1:40000");
}

struct slice wire_peer(const struct wire *wire)
{
    (void)wire;
    return SLICE("127.0.0.1:5061");
}

struct slice wire_security(const struct wire *wire)
{
    (void)wire;
    return SLICE("none");
}

/* ---- the server ------------------------------------------------------------------------------ */

static void reply(const struct sip_message *m, const char *status, const char *headers,
                  const char *type, const char *body)
{
    const char *tag = slice_absent(m->to.tag) ? ";tag=server" : "";
    push("SIP/2.0 %s\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s%s\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\n"
         "Contact: <sip:sip.contoso.test:5061;transport=tls>\r\n%s%s%s%sContent-Length: %zu\r\n"
         "\r\n%s",
         status, SLICE_ARG(m->via.text), SLICE_ARG(m->from.text), SLICE_ARG(m->to.text), tag,
         SLICE_ARG(m->call_id), SLICE_ARG(m->cseq_text), headers, body[0] ? "Content-Type: " : "",
         body[0] ? type : "", body[0] ? "\r\n" : "", strlen(body), body);
}

void notify(const struct sip_message *m, const char *method, const char *tag, unsigned cseq,
            const char *type, const char *body)
{
    push("%s sip:client SIP/2.0\r\nVia: SIP/2.0/TLS s:5061;branch=z9hG4bKs%u\r\n"
         "From: %.*s%s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n"
         "Event: x\r\nsubscription-state: active;expires=3600\r\nContent-Type: %s\r\n"
         "Content-Length: %zu\r\n\r\n%s",
         method, cseq, SLICE_ARG(m->to.text), tag, SLICE_ARG(m->from.text), SLICE_ARG(m->call_id),
         cseq, method, type, strlen(body), body);
}

static const char *body_for(const struct sip_message *m, const char **type)
{
    static char list[2000];
    struct slice event = sip_value_word(m, SIP_HEADER_EVENT);
    if (slice_eq(event, SLICE(CONTACTS_EVENT))) {
        *type = CONTACTS_TYPE;
        snprintf(list, sizeof list,
                 "<contactList deltaNum=\"%u\"><group id=\"1\" name=\"~\"/>"
                 "<group id=\"2\" name=\"Team\"/><contact uri=\"bob@contoso.test\" name=\"\" "
                 "groups=\"2\" subscribed=\"true\"/></contactList>",
                 w.delta);
        return list;
    }
    if (slice_eq(event, SLICE(PROVISION_EVENT))) {
        *type = PROVISION_TYPE;
        return "<provisionGroupList><provisionGroup name=\"ServerConfiguration\"><voiceMailUri>"
               "sip:vm</voiceMailUri></provisionGroup></provisionGroupList>";
    }
    if (slice_eq(event, SLICE(PRESENCE_SELF_EVENT))) {
        *type = PRESENCE_SELF_TYPE;
        return "<roamingData><categories><category name=\"state\" instance=\"536870912\" "
               "container=\"2\" version=\"3\"/></categories></roamingData>";
    }
    *type = PRESENCE_CATEGORY_TYPE;
    return CARD("bob@contoso.test", "Bob", "3500");
}

static void serve_subscribe(const struct sip_message *m)
{
    const char *type, *body = body_for(m, &type);
    bool once = m->expires == 0;
    const char *expires = once ? "Expires: 0\r\n" : "Expires: 3600\r\n";
    if (w.subscribe_status) {
        reply(m, w.subscribe_status, "", "", "");
    } else if (w.later) {
        reply(m, "200 OK", expires, "", "");
        notify(m, "NOTIFY", ";tag=server", 1, type, body);
    } else {
        scoped(arena) struct arena *arena = arena_new();
        reply(
            m, "200 OK",
            arena_print(arena, "%sms-piggyback-cseq: 1\r\nSupported: ms-benotify\r\n", expires).at,
            type, body);
    }
}

static void serve_service(const struct sip_message *m)
{
    bool soap =
        slice_eq_nocase(sip_value_word(m, SIP_HEADER_CONTENT_TYPE), SLICE("application/SOAP+xml"));
    if (soap && w.stale) {
        w.stale = false;
        w.delta += 5;
        reply(m, "409 Conflict", "", "", "");
    } else if (soap) {
        w.edits++;
        w.delta++;
        reply(m, "200 OK", "", "", "");
    } else if (w.conflicts > 0) {
        w.conflicts--;
        reply(m, "409 Conflict", "", PRESENCE_CONFLICT_TYPE,
              "<Fault><Faultcode>Client.BadCall.WrongDelta</Faultcode><details><operation "
              "index=\"2\" version=\"0\" curVersion=\"7\"/></details></Fault>");
    } else {
        reply(m, "200 OK", "", "", "");
    }
}

static void serve(const struct sip_message *m)
{
    char status[40];
    if (!sip_is_request(m))
        return;
    switch (m->method) {
    case SIP_SUBSCRIBE:
        serve_subscribe(m);
        break;
    case SIP_SERVICE:
        serve_service(m);
        break;
    case SIP_INVITE:
    case SIP_MESSAGE:
        snprintf(status, sizeof status, "%d Whatever",
                 m->method == SIP_INVITE ? w.invite_status : w.message_status);
        reply(m, status, "", "", "");
        break;
    case SIP_BYE:
        reply(m, "200 OK", "", "", "");
        break;
    default:
        break;
    }
}

void clear_world(void)
{
    while (w.first) {
        struct line *next = w.first->next;
        free(w.first);
        w.first = next;
    }
    free(w.taken);
    w.taken = NULL;
}
