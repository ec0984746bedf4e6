#include "client/web.h"

#include "base/clock.h"
#include "base/secret.h"
#include "net/tls.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

struct web {
    CURL *curl;
    struct web_options with;
    char error[CURL_ERROR_SIZE];
    /* The exchange that is under way. */
    struct buf sent, head, body;
    bool overflow;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- what curl hands over --------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct web *web = arg;
    buf_add(&web->body, slice_make(bytes, size * count));
    web->overflow |= buf_failed(&web->body);
    return web->overflow ? 0 : size * count;
}

/* Each header line; a new status line begins a new head (100 Continue came before). */
static size_t take_head(char *bytes, size_t size, size_t count, void *arg)
{
    struct web *web = arg;
    struct slice line = slice_make(bytes, size * count);
    if (slice_starts(line, SLICE("HTTP/")))
        buf_clear(&web->head);
    buf_add(&web->head, line);
    web->overflow |= buf_failed(&web->head);
    return web->overflow ? 0 : line.len;
}

/* What really went out, for the trace. */
static int take_sent(CURL *curl, curl_infotype type, char *bytes, size_t len, void *arg)
{
    (void)curl;
    struct web *web = arg;
    if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
        buf_add(&web->sent, slice_make(bytes, len));
    return 0;
}

/* ---- construction ------------------------------------------------------------------------- */

struct web *web_new(const struct web_options *options, struct fault *fault)
{
    pthread_once(&curl_once, curl_start);
    CURL *curl = curl_easy_init();
    if (!curl) {
        fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "libcurl does not start");
        return NULL;
    }
    struct web *web = must_calloc(1, sizeof *web);
    web->curl = curl;
    /* Switches cookies on for good; CURLOPT_COOKIEFILE "" would have to be said again
     * after each reset, and leaks its list then. */
    curl_easy_setopt(curl, CURLOPT_COOKIELIST,
                     "Set-Cookie: x=; domain=lychgate.invalid; Max-Age=0");
    web->with = *options;
    web->head.limit = WEB_HEAD_MAX;
    web->body.limit = WEB_BODY_MAX;
    return web;
}

static void wipe(struct buf *buf)
{
    if (buf->at)
        secret_wipe(buf->at, buf->cap);
    buf_clear(buf);
}

void web_free(struct web *web)
{
    if (!web)
        return;
    curl_easy_cleanup(web->curl);
    wipe(&web->sent); /* Authorization, passwords in bodies */
    wipe(&web->body); /* tickets */
    buf_free(&web->sent);
    buf_free(&web->head);
    buf_free(&web->body);
    free(web);
}

void web_request_header(struct web_request *request, const char *name, struct slice value)
{
    if (request->header_count == WEB_HEADERS_MAX)
        return;
    request->headers[request->header_count].name = name;
    request->headers[request->header_count++].value = value;
}

/* ---- URLs and headers ----------------------------------------------------------------------- */

bool web_url_split(struct slice url, bool *secure_out, struct slice *host_out, uint16_t *port_out)
{
    struct slice authority, path, port = {0};
    bool secure = slice_starts_nocase(url, SLICE("https://"));
    if (!secure && !slice_starts_nocase(url, SLICE("http://")))
        return false;
    slice_cut(slice_from(url, secure ? 8 : 7), '/', &authority, &path);
    slice_cut(authority, '?', &authority, &path);
    if (slice_index(authority, '@') >= 0) /* user:password@host is a way to mislead */
        return false;
    struct slice host = authority;
    ptrdiff_t bracket = slice_starts(authority, SLICE("[")) ? slice_index(authority, ']') : 0;
    if (bracket < 0)
        return false;
    if (bracket > 0) {
        host = slice_make(authority.at + 1, (size_t)bracket - 1);
        slice_cut(slice_from(authority, (size_t)bracket), ':', &path, &port);
    } else {
        slice_cut(authority, ':', &host, &port);
    }
    uint64_t number = secure ? 443 : 80;
    if (!slice_empty(port) && (slice_number(port, UINT16_MAX, &number) < 0 || number == 0))
        return false;
    *secure_out = secure;
    *host_out = host;
    *port_out = (uint16_t)number;
    return !slice_empty(host);
}

struct slice web_header(const struct web_response *response, const char *name)
{
    struct slice rest = response->head, line, field, value;
    while (!slice_empty(rest)) {
        slice_cut(rest, '\n', &line, &rest);
        if (slice_cut(line, ':', &field, &value) && slice_eq_nocase(field, slice_of(name)))
            return slice_trim(value);
    }
    return (struct slice){0};
}

/* ---- one exchange --------------------------------------------------------------------------- */

struct lists {
    struct curl_slist *headers, *connect, *resolve;
};

static void append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (!longer)
        memory_exhausted(strlen(text));
    *list = longer;
}

static void free_lists(struct lists *lists)
{
    for (struct curl_slist *line = lists->headers; line; line = line->next)
        secret_wipe(line->data, strlen(line->data)); /* a ticket may be in it */
    curl_slist_free_all(lists->headers);
    curl_slist_free_all(lists->connect);
    curl_slist_free_all(lists->resolve);
}

static struct slice bracketed(struct arena *arena, struct slice host)
{
    bool v6 = slice_index(host, ':') >= 0;
    return v6 ? arena_print(arena, "[%.*s]", SLICE_ARG(host)) : host;
}

/* Curl shall connect where we found the host, and ask nobody. */
static void aim(struct lists *lists, struct arena *arena, struct slice host, uint16_t port,
                const struct reach *reach)
{
    scoped(buf) struct buf pinned = BUF_INIT;
    struct dns_address literal;
    append(&lists->connect, arena_print(arena, "%.*s:%u:%.*s:%u", SLICE_ARG(bracketed(arena, host)),
                                        port, SLICE_ARG(bracketed(arena, reach->host)), reach->port)
                                .at);
    if (dns_address_parse(reach->host, &literal) == 0)
        return;
    buf_print(&pinned, "%.*s:%u:", SLICE_ARG(reach->host), reach->port);
    for (size_t i = 0; i < reach->address_count; i++) {
        struct slice address = dns_address_print(arena, &reach->addresses[i]);
        buf_print(&pinned, "%s%.*s", i ? "," : "", SLICE_ARG(bracketed(arena, address)));
    }
    append(&lists->resolve, buf_string(&pinned));
}

/* Called about once a second while curl waits. */
static int may_go_on(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct web *web = arg;
    struct pollfd stop = {.fd = web->with.stop_fd, .events = POLLIN};
    (void)a, (void)b, (void)c, (void)d;
    return poll(&stop, 1, 0) > 0;
}

static void set_request(struct web *web, const struct web_request *request, struct arena *arena,
                        struct lists *lists)
{
    CURL *c = web->curl;
    curl_easy_setopt(c, CURLOPT_URL, arena_string(arena, request->url));
    for (size_t i = 0; i < request->header_count; i++) {
        scoped(buf) struct buf line = BUF_INIT;
        buf_print(&line, "%s: %.*s", request->headers[i].name,
                  SLICE_ARG(request->headers[i].value));
        append(&lists->headers, buf_string(&line));
        secret_wipe(line.at, line.cap);
    }
    append(&lists->headers, "Expect:"); /* no waiting for 100 */
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, lists->headers);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 2L * web->with.timeout_ms + request->wait_ms);
    if (request->stoppable) {
        curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, may_go_on);
        curl_easy_setopt(c, CURLOPT_XFERINFODATA, web);
        curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    }
    if (request->connect_only) {
        curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    } else if (request->post) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->body.at);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    } else {
        curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
    }
    if (!slice_absent(request->basic_user)) {
        scoped(secret) struct secret password = SECRET_INIT;
        secret_set(&password, request->basic_password);
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(c, CURLOPT_USERNAME, arena_string(arena, request->basic_user));
        curl_easy_setopt(c, CURLOPT_PASSWORD, password.at);
    }
}

static void set_manners(struct web *web, const struct lists *lists)
{
    CURL *c = web->curl;
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_USERAGENT, web->with.user_agent);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)web->with.timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECT_TO, lists->connect);
    curl_easy_setopt(c, CURLOPT_RESOLVE, lists->resolve);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, web->error);
    if (web->with.ca_file) {
        curl_easy_setopt(c, CURLOPT_CAINFO, web->with.ca_file);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, web);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, web);
    curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, take_sent);
    curl_easy_setopt(c, CURLOPT_DEBUGDATA, web);
    curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
}

/* ---- what went wrong ------------------------------------------------------------------------ */

static int connect_fault(struct web *web, struct fault *fault)
{
    long number = 0;
    curl_easy_getinfo(web->curl, CURLINFO_OS_ERRNO, &number);
    enum finding finding = number == ENETUNREACH || number == EHOSTUNREACH
                               ? FINDING_NETWORK_UNREACHABLE
                           : number == ETIMEDOUT ? FINDING_CONNECTION_TIMEOUT
                                                 : FINDING_CONNECTION_REFUSED;
    return fault_set(fault, ERR_IO, finding, "%s",
                     number ? strerror((int)number) : "no connection");
}

static int tls_web_fault(struct web *web, struct fault *fault)
{
    long verify = X509_V_OK;
    curl_easy_getinfo(web->curl, CURLINFO_SSL_VERIFYRESULT, &verify);
    /* curl compares the name itself, after a chain that was good, and before it notes
     * OpenSSL's result: that is still what it began with. */
    if (verify == X509_V_OK || verify == X509_V_ERR_UNSPECIFIED)
        return fault_set(fault, ERR_DENIED, FINDING_TLS_WRONG_NAME, "%s", web->error);
    return fault_set(fault, ERR_DENIED, tls_verify_finding(verify), "%s",
                     X509_verify_cert_error_string(verify));
}

static int curl_fault(struct web *web, CURLcode code, struct fault *fault)
{
    if (web->overflow)
        return fault_set(fault, ERR_LIMIT, FINDING_HTTP_TOO_LARGE,
                         "the answer is larger than %d bytes", WEB_BODY_MAX);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return fault_set(fault, ERR_CONFLICT, FINDING_STOPPED, "while waiting for an answer");
    case CURLE_COULDNT_CONNECT:
        return connect_fault(web, fault);
    case CURLE_OPERATION_TIMEDOUT:
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "%s", web->error);
    case CURLE_PEER_FAILED_VERIFICATION:
        return tls_web_fault(web, fault);
    case CURLE_SSL_CONNECT_ERROR:
        if (strstr(web->error, "wrong version number"))
            return fault_set(fault, ERR_MALFORMED, FINDING_TLS_NOT_SPOKEN, "%s", web->error);
        return fault_set(fault, ERR_DENIED, FINDING_TLS_HANDSHAKE, "%s", web->error);
    case CURLE_SSL_CACERT_BADFILE:
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID, "%s", web->error);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_LOST, "%s", web->error);
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer without status line: HTTP/0.9 */
    case CURLE_BAD_CONTENT_ENCODING:
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED, "%s", web->error);
    default:
        return fault_set(fault, ERR_IO, FINDING_INTERNAL, "libcurl %d: %s", (int)code,
                         web->error[0] ? web->error : curl_easy_strerror(code));
    }
}

/* ---- keeping what was said ------------------------------------------------------------------ */

static int64_t wall_us(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

static void write_trace(struct web *web, struct slice peer, int64_t began_us, struct arena *arena)
{
    if (!web->with.trace || web->sent.len == 0)
        return;
    long connection = 0;
    curl_easy_getinfo(web->curl, CURLINFO_LOCAL_PORT, &connection);
    struct trace_record record = {
        .at_us = began_us,
        .layer = TRACE_HTTP,
        .from = SLICE("client"),
        .to = peer,
        .conversation = arena_print(arena, "http%ld", connection),
        .text = buf_slice(&web->sent),
    };
    trace_write(web->with.trace, &record);
    if (web->head.len == 0)
        return;
    scoped(buf) struct buf whole = BUF_INIT;
    buf_add(&whole, buf_slice(&web->head));
    buf_add(&whole, buf_slice(&web->body));
    record.at_us = wall_us();
    record.from = peer;
    record.to = SLICE("client");
    record.text = buf_slice(&whole);
    trace_write(web->with.trace, &record);
    wipe(&whole);
}

static struct slice peer_of(struct web *web, struct slice host, uint16_t port, struct arena *arena)
{
    char *ip = NULL;
    long number = 0;
    curl_easy_getinfo(web->curl, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(web->curl, CURLINFO_PRIMARY_PORT, &number);
    if (ip && ip[0])
        return reach_print(arena, slice_of(ip), (uint16_t)number);
    return reach_print(arena, host, port);
}

int web_ask(struct web *web, const struct web_request *request, const struct reach *reach,
            struct arena *arena, struct web_response *response, struct fault *fault)
{
    struct lists lists = {0};
    struct slice host;
    uint16_t port;
    bool secure;
    *response = (struct web_response){0};
    if (!web_url_split(request->url, &secure, &host, &port))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED, "no http or https URL: %.*s",
                         SLICE_ARG(slice_head(request->url, 150)));
    int64_t began_us = wall_us();
    web->overflow = false;
    web->error[0] = '\0';
    buf_clear(&web->head);
    aim(&lists, arena, host, port, reach);
    set_manners(web, &lists);
    set_request(web, request, arena, &lists);
    CURLcode code = curl_easy_perform(web->curl);

    long status = 0;
    curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &status);
    response->status = (int)status;
    response->peer = peer_of(web, host, port, arena);
    response->head = arena_copy(arena, buf_slice(&web->head));
    response->body = arena_copy(arena, buf_slice(&web->body));
    if (clock_parse_http(web_header(response, "Date"), &response->date) < 0)
        response->date = 0;
    write_trace(web, reach_print(arena, host, port), began_us, arena);
    int err = code == CURLE_OK ? 0 : curl_fault(web, code, fault);
    /* Forgets the options, the password among them; keeps connections and cookies. */
    curl_easy_reset(web->curl);
    free_lists(&lists);
    wipe(&web->sent);
    wipe(&web->body);
    web->head.failed = web->body.failed = false;
    return err;
}
