#include "push/exchange_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 64 * 1024 /* bytes of an answer, headers and body */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- what curl asks and hands over ------------------------------------------------------- */

/* The one place where the address is the one that is connected to, whatever name server
 * said what before (DNS rebinding). */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct exchange *exchange = arg;
    char text[INET6_ADDRSTRLEN] = "?";
    if (purpose != CURLSOCKTYPE_IPCXN)
        return CURL_SOCKET_BAD;
    if (push_address_allowed(&exchange->guard, &to->addr))
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    const void *address = to->family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)&to->addr)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)&to->addr)->sin_addr;
    inet_ntop(to->family, address, text, sizeof text);
    snprintf(exchange->refused, sizeof exchange->refused, "%s", text);
    return CURL_SOCKET_BAD;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    (void)bytes;
    struct exchange *exchange = arg;
    exchange->received += size * count;
    return exchange->received > ANSWER_MAX ? 0 : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    struct slice line = slice_make(bytes, size * count), name, value;
    if (slice_cut(line, ':', &name, &value) && slice_eq_nocase(name, SLICE("Retry-After"))) {
        value = slice_trim(value);
        snprintf(exchange->retry_after, sizeof exchange->retry_after, "%.*s",
                 SLICE_ARG(slice_head(value, sizeof exchange->retry_after - 1)));
    }
    return take_body(bytes, size, count, arg);
}

/* ---- one exchange ---------------------------------------------------------------------------- */

static void set_manners(struct exchange *exchange, unsigned timeout_ms)
{
    CURL *c = exchange->curl;
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
                     exchange->guard.allow_private ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms / 2);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, exchange->error);
    curl_easy_setopt(c, CURLOPT_PRIVATE, exchange);
}

static void add_header(struct exchange *exchange, const char *line)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, line);
    if (!longer)
        memory_exhausted(strlen(line));
    exchange->headers = longer;
}

struct exchange *exchange_new(const struct push_guard *guard, const struct push_post *post,
                              struct arena *arena, unsigned timeout_ms)
{
    pthread_once(&curl_once, curl_start);
    CURL *curl = curl_easy_init();
    if (!curl)
        return NULL;
    struct exchange *exchange = must_calloc(1, sizeof *exchange);
    exchange->curl = curl;
    exchange->guard = *guard;
    exchange->arena = arena;
    exchange->post = *post;
    set_manners(exchange, timeout_ms);
    for (size_t i = 0; i < post->header_count; i++)
        add_header(exchange, post->headers[i].at);
    add_header(exchange, "Expect:"); /* no waiting for 100 */
    curl_easy_setopt(curl, CURLOPT_URL, arena_string(arena, post->url));
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body.at);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    curl_easy_cleanup(exchange->curl);
    curl_slist_free_all(exchange->headers);
    arena_free(exchange->arena);
    free(exchange);
}

void exchange_result(const struct exchange *exchange, CURLcode code, int64_t now,
                     struct push_result *out)
{
    long status = 0;
    *out = (struct push_result){0};
    curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    /* An answer that is too long has been cut off, but its status is known. */
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && exchange->received > ANSWER_MAX)) {
        out->status = (int)status;
        out->retry_after_ms = push_retry_after(slice_of(exchange->retry_after), now);
    }
    if (out->status)
        return;
    if (exchange->refused[0])
        fault_set(&out->fault, ERR_DENIED, FINDING_PUSH_ENDPOINT_REFUSED,
                  "the endpoint leads to %s, which is not public", exchange->refused);
    else
        fault_set(&out->fault, ERR_IO, FINDING_PUSH_ROUTE_DOWN, "%s",
                  exchange->error[0] ? exchange->error : curl_easy_strerror(code));
}
