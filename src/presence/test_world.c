#include "presence/test_world_priv.h"

#include "sip/print.h"
#include "xml/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct presence *home_of(struct fixture *f, const char *who)
{
    return f->home[strcmp(who, "al") != 0];
}

int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new(), .now = NOW};
    const struct presence_options options = {
        .domain = SLICE("a.test"),
        .terms = {1200000, 28800000, 43200000, "<sip:fe.a.test:5061>"},
        .limits = {.publications = 20,
                   .members = 6,
                   .watched = 5,
                   .watchers = 2,
                   .dialogs = 2,
                   .subscribers = 2}};
    for (int i = 0; i < 2; i++)
        f.home[i] = presence_new(&options);
    presence_adopt(f.home[0], SLICE("al@a.test"),
                   &(struct presence_identity){.display_name = SLICE("Al")}, NULL, NOW);
    presence_adopt(f.home[1], SLICE("bo@a.test"),
                   &(struct presence_identity){.display_name = SLICE("Bo & Co")}, NULL, NOW);
    presence_adopt(f.home[1], SLICE("cy@b.test"),
                   &(struct presence_identity){.display_name = SLICE("Cy")}, NULL, NOW);
    *state = &f;
    return 0;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    presence_free(f->home[0]);
    presence_free(f->home[1]);
    arena_free(f->arena);
    return 0;
}

void begin(struct fixture *f)
{
    outgoing_init(&f->out, f->arena);
    presence_posts_init(&f->posts, f->arena);
    sip_reply_init(&f->reply, f->arena, 200);
    f->fault = (struct fault){0};
    f->sent[0] = f->answer[0] = '\0';
}

static void check_xml(struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct fault fault;
    if (body.len && body.at[0] == '<' && xml_read(body, NULL, &doc, &fault) < 0)
        fail_msg("%s in %.*s", fault.detail, SLICE_ARG(body));
}

static void print_to(char *to, const struct sip_out *out)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    check_xml(out->body);
    sip_print(out, (struct slice){0}, (struct slice){0}, &bytes);
    assert_true(strlen(to) + bytes.len < sizeof(((struct fixture *)0)->sent));
    strcat(to, buf_string(&bytes));
}

/* Let posts arrive, then print all that was sent. */
void finish(struct fixture *f)
{
    for (const struct presence_post *p = f->posts.first; p; p = p->next) {
        bool first = slice_starts(p->to, SLICE("al@"));
        presence_deliver(f->home[!first], p, f->now, &f->out, &f->posts);
    }
    for (struct outgoing *o = f->out.first; o; o = o->next) {
        struct sip_out out;
        o->request.branch = SLICE("z9hG4bK1");
        o->request.via_host = SLICE("fe:5061");
        sip_out_request(&out, &o->request);
        print_to(f->sent, &out);
    }
}

struct sip_message *parse(struct fixture *f, const char *method, const char *who, const char *epid,
                          const char *more, const char *to_tag, const char *body)
{
    struct sip_message *message = arena_new_of(f->arena, struct sip_message);
    struct slice bytes = arena_print(
        f->arena,
        "%s sip:%s@a.test SIP/2.0\r\nVia: SIP/2.0/tls 10.0.0.5:1;branch=z9hG4bK1\r\n"
        "From: <sip:%s@a.test>;tag=7;epid=%s\r\nTo: <sip:%s@a.test>%s%s\r\nCSeq: %u %s\r\n"
        "Call-ID: c%s%s\r\nContact: <sip:%s@a.test;opaque=%s;gruu>\r\n%sContent-Length: "
        "%zu\r\n\r\n%s",
        method, f->addressee ? f->addressee : who, who, epid, who, *to_tag ? ";tag=" : "", to_tag,
        ++f->cseq, method, who, epid, who, epid, more, strlen(body), body);
    if (sip_parse(message, bytes, &f->fault) < 0)
        fail_msg("%s", f->fault.detail);
    return message;
}

struct registrar_caller caller_of(struct fixture *f, const char *who, const char *epid)
{
    return (struct registrar_caller){.account = arena_print(f->arena, "%s@a.test", who),
                                     .epid = slice_of(epid),
                                     .flow = {.conn = 5}};
}

static int close_request(struct fixture *f, const struct sip_message *request, int err)
{
    struct sip_out out;
    if (err < 0)
        sip_reply_fault(&f->reply, &f->fault, SLICE("fe"));
    assert_int_equal(f->fault.err, err);
    sip_out_reply(&out, f->arena, request, &f->reply, NULL);
    print_to(f->answer, &out);
    finish(f);
    return err;
}

int service(struct fixture *f, const char *who, const char *epid, const char *type,
            const char *body)
{
    begin(f);
    const struct sip_message *request = parse(f, "SERVICE", who, epid, type, "", body);
    struct registrar_caller caller = caller_of(f, who, epid);
    struct presence_change *change;
    assert_true(presence_serves(request));
    int err = presence_plan(home_of(f, who), request, &caller, f->now, f->arena, &change, &f->reply,
                            &f->fault);
    if (err == 0 && change)
        presence_apply(home_of(f, who), change, f->now, &f->reply, &f->out, &f->posts);
    return close_request(f, request, err);
}

int publish(struct fixture *f, const char *who, const char *epid, const char *list)
{
    const char *body =
        arena_print(f->arena,
                    "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\">"
                    "<publications uri=\"sip:%s@a.test\">%s</publications></publish>",
                    who, list)
            .at;
    return service(f, who, epid, SERVICE_PUBLISH, body);
}

int watch(struct fixture *f, const char *more, const char *to_tag, const char *body)
{
    begin(f);
    const char *lines = arena_print(f->arena, "Event: presence\r\n%s", more).at;
    const struct sip_message *request = parse(f, "SUBSCRIBE", "al", "01", lines, to_tag, body);
    struct registrar_caller caller = caller_of(f, "al", "01");
    struct presence_batch *batch;
    int err = presence_subscribe(f->home[0], request, &caller, f->now, f->arena, &batch, &f->reply,
                                 &f->posts, &f->fault);
    if (err == 0) {
        presence_visit(f->home[0], batch, f->now, &f->out);
        presence_visit(f->home[1], batch, f->now, &f->out);
        presence_subscribed(f->home[0], batch, f->now, &f->reply, &f->out);
    }
    return close_request(f, request, err);
}

int self(struct fixture *f, const char *who, const char *epid, const char *more)
{
    begin(f);
    const char *lines = arena_print(f->arena, "Event: vnd-microsoft-roaming-self\r\n%s", more).at;
    return self_event(f, who, epid, lines, SELF);
}

int self_event(struct fixture *f, const char *who, const char *epid, const char *lines,
               const char *body)
{
    begin(f);
    const struct sip_message *request = parse(f, "SUBSCRIBE", who, epid, lines, "", body);
    struct registrar_caller caller = caller_of(f, who, epid);
    int err =
        presence_self(home_of(f, who), request, &caller, f->now, &f->reply, &f->out, &f->fault);
    return close_request(f, request, err);
}

void lose(struct fixture *f, const char *who, const char *epid, bool last)
{
    struct guid instance = endpoint_instance_of_epid(slice_of(epid));
    begin(f);
    presence_endpoint_lost(home_of(f, who), arena_print(f->arena, "%s@a.test", who), &instance,
                           last, f->now, &f->out, &f->posts);
    finish(f);
}

void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no %s in\n%s", part, text);
}

void has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("%s in\n%s", part, text);
}
