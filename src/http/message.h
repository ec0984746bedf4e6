/* An HTTP request and its reply as structs (RFC 9110, RFC 9112). Handlers turn
 * the one into the other and never see a connection.
 *
 * All slices of a request point into the received bytes or into the arena of
 * the message; both live until the reply has been queued. (A connection's input
 * does not: the server copies a whole message into the arena, then parses.) */
#ifndef LYCHGATE_HTTP_MESSAGE_H
#define LYCHGATE_HTTP_MESSAGE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "http/frame.h"

#include <stdatomic.h>
#include <stdint.h>

/* Methods are bits, so that a route can name several. */
enum http_method {
    HTTP_OTHER = 0, /* a method with no bit; method_name has it */
    HTTP_GET = 1 << 0,
    HTTP_HEAD = 1 << 1,
    HTTP_POST = 1 << 2,
    HTTP_PUT = 1 << 3,
    HTTP_DELETE = 1 << 4,
    HTTP_OPTIONS = 1 << 5,
    HTTP_PATCH = 1 << 6,
};

struct http_field {
    struct slice name;
    struct slice value; /* without blanks around it */
};

struct http_request {
    enum http_method method;
    struct slice method_name;
    struct slice target; /* as sent */
    struct slice path;   /* percent-decoded, begins with '/', no dot segments; "*" for OPTIONS * */
    struct slice query;  /* behind the '?', as sent; absent without one */
    struct slice host;   /* without port, in the client's spelling; absent: HTTP/1.0 without Host */
    unsigned minor;      /* 0 or 1: HTTP/1.0, HTTP/1.1 */
    bool keep_alive;     /* the client lets the connection stay */
    struct http_field *headers;
    size_t header_count;
    struct slice body;        /* without chunk framing; empty when there is none */
    struct slice head_raw;    /* request line and headers as received (for traces) */
    struct slice peer;        /* the client's address as text; see http/forwarded.h */
    bool secure;              /* the client speaks TLS, to us or to a trusted proxy */
    bool on_loop;             /* tried on the network loop (ROUTE_QUICK): nothing may block */
    struct http_later *later; /* ROUTE_LATER: see http_later_take() */
};

/* Read the message that `frame` found whole at the start of `bytes`. The
 * request comes from the arena; peer and secure are left for the server to set.
 * Returns 0, or with *fault filled -ERR_MALFORMED or -ERR_UNSUPPORTED; then
 * *request_out is NULL, and the connection ends after the answer. */
int http_request_parse(const struct http_frame *frame, struct slice bytes, struct arena *arena,
                       struct http_request **request_out, struct fault *fault);

/* The first header of that name (ASCII case is ignored); absent if there is none. */
struct slice http_header(const struct http_request *request, const char *name);

/* The headers of that name one by one: start with *at == 0; false at the end. */
bool http_header_next(const struct http_request *request, const char *name, size_t *at,
                      struct slice *value_out);

struct http_reply {
    int status;                 /* 0 until it is filled */
    struct http_field *headers; /* added with http_reply_header */
    size_t header_count;
    size_t header_cap;
    struct slice content_type; /* absent when there is no body */
    struct slice body;
    int64_t delay_ms;   /* send it so much later: a penalty (auth/) */
    bool close;         /* end the connection behind it */
    struct fault fault; /* what the log says; fault.finding is FINDING_NONE when all is well */
};

/* A reply that comes later: of a request that waits for something to happen (a long poll),
 * or for an answer from another loop. No thread waits meanwhile. */
struct http_later {
    struct http_request *request;
    struct http_reply *reply;               /* to be filled before it is sent */
    struct arena *arena;                    /* of both */
    atomic_bool gone;                       /* the client has left; send it all the same */
    bool taken;                             /* by http_later_take() */
    void (*send)(struct http_later *later); /* the server's */
};

/* Take the reply upon oneself, in the handler of a ROUTE_LATER row, which then returns
 * without filling its reply. From here on request, reply and arena are the taker's, one
 * thread at a time, until it calls http_later_send(). Never NULL in such a handler, once. */
struct http_later *http_later_take(const struct http_request *request);

/* The reply is filled: exactly once, from any thread; `later` is gone with the call. */
void http_later_send(struct http_later *later);

/* Status and body in one. The bytes must live as long as the arena. */
void http_reply_set(struct http_reply *reply, int status, const char *content_type,
                    struct slice body);

/* Add one header; a second one of the same name is a second line (one
 * WWW-Authenticate line a scheme, as clients want it). Control characters in
 * the value become blanks, so nothing that a peer chose can start a new header.
 * Content-Type, Content-Length, Transfer-Encoding, Connection, Date and Server
 * belong to the printer and are passed over, as are names that are no token. */
void http_reply_header(struct http_reply *reply, struct arena *arena, const char *name,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The value of the first such header of the reply; absent if there is none. */
struct slice http_reply_get(const struct http_reply *reply, const char *name);

/* Refuse: status and a line of text from the finding's row, the fault for the
 * log. Findings that only administrators may see do not show their id. Headers
 * added before stay. */
void http_reply_fault(struct http_reply *reply, struct arena *arena, const struct fault *fault);

#endif
