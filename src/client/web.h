/* One HTTP exchange after another, by libcurl: connections are kept, cookies are
 * returned (the cloud's load balancers insist), redirects are not followed (Lync's
 * are in documents), proxies are not used. Names are resolved by the caller. */
#ifndef LYCHGATE_CLIENT_WEB_H
#define LYCHGATE_CLIENT_WEB_H

#include "client/reach.h"
#include "trace/trace.h"

struct web;

struct web_options {
    const char *ca_file; /* NULL: what the system trusts */
    const char *user_agent;
    int timeout_ms;      /* of connecting, and again of the whole exchange */
    struct trace *trace; /* may be NULL; borrowed */
    int stop_fd;         /* readable: give up a request that says so */
};

/* NULL with a fault when curl cannot start. Strings are borrowed. */
struct web *web_new(const struct web_options *options, struct fault *fault);
void web_free(struct web *web);

enum {
    WEB_HEADERS_MAX = 6,
    WEB_HEAD_MAX = 64 * 1024,
    WEB_BODY_MAX = 4 * 1024 * 1024
};

struct web_request {
    struct slice url;
    struct {
        const char *name;
        struct slice value;
    } headers[WEB_HEADERS_MAX];
    size_t header_count;
    bool post; /* else GET */
    struct slice body;
    bool connect_only;       /* and TLS, and then nothing */
    int wait_ms;             /* how much longer than others the answer may take */
    bool stoppable;          /* by web_options.stop_fd: -ERR_CONFLICT, STOPPED */
    struct slice basic_user; /* absent: no HTTP authentication */
    struct slice basic_password;
};

void web_request_header(struct web_request *request, const char *name, struct slice value);

/* All of it in the arena of the call. */
struct web_response {
    int status;
    struct slice head; /* status line and headers of the final answer, as received */
    struct slice body;
    int64_t date;      /* Date header, ms since the epoch; 0: none that can be read */
    struct slice peer; /* "192.0.2.7:443" */
};

/* Ask `reach` (where the URL's host and port are to be found). Returns 0 with any
 * status, or with *fault
 *   -ERR_IO      CONNECTION_REFUSED, _TIMEOUT, _LOST, NETWORK_UNREACHABLE
 *   -ERR_DENIED  TLS_UNTRUSTED, _EXPIRED, _NOT_YET_VALID, _WRONG_NAME, _HANDSHAKE
 *   -ERR_MALFORMED HTTP_MALFORMED (no HTTP, no URL), TLS_NOT_SPOKEN
 *   -ERR_LIMIT   HTTP_TOO_LARGE
 * In a failure *response has what was received until then. */
int web_ask(struct web *web, const struct web_request *request, const struct reach *reach,
            struct arena *arena, struct web_response *response, struct fault *fault);

/* The first header of that name, trimmed; absent if there is none. */
struct slice web_header(const struct web_response *response, const char *name);

/* Host and port of an http or https URL; false when it is none. */
bool web_url_split(struct slice url, bool *secure_out, struct slice *host_out, uint16_t *port_out);

#endif
