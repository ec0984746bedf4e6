/* Requests without a connection, for test and fuzz target. */
#ifndef LYCHGATE_UCWA_ASKING_PRIV_H
#define LYCHGATE_UCWA_ASKING_PRIV_H

#include "site/site.h"
#include "ucwa/ucwa.h"

static const struct site fake_site = {.web_host = {"web.test", 8}, .https_port = 443};

/* One request and what came of it. */
struct asked {
    struct http_later later;
    struct http_request request;
    struct http_reply reply;
    struct http_field fields[4]; /* Content-Type, and others */
    bool sent;
};

static inline void asked_send(struct http_later *later)
{
    ((struct asked *)later)->sent = true; /* its first member */
}

static inline void asking(struct asked *asked, struct arena *arena, enum http_method method,
                          struct slice target, const char *type, struct slice body)
{
    struct slice path, query;
    slice_cut(target, '?', &path, &query);
    *asked = (struct asked){.fields = {{SLICE("Content-Type"), slice_of(type)}}};
    asked->request = (struct http_request){.method = method,
                                           .path = path,
                                           .query = query,
                                           .headers = asked->fields,
                                           .header_count = 1,
                                           .body = body};
    asked->later.request = &asked->request;
    asked->later.reply = &asked->reply;
    asked->later.arena = arena;
    asked->later.send = asked_send;
}

/* One more header, before it is asked. */
static inline void asked_header(struct asked *asked, struct slice name, struct slice value)
{
    asked->fields[asked->request.header_count++] = (struct http_field){name, value};
}

#endif
