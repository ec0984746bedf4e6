#include "bench/visit.h"

#include "base/clock.h"
#include "base/guid.h"
#include "base/random.h"
#include "bench/answer.h"
#include "certprov/client.h"
#include "site/site.h"
#include "webticket/client.h"

#include <openssl/x509.h>
#include <stdlib.h>

struct visit {
    const struct visit_cast *cast;
    const struct stage_user *who;
    void *user;
    struct conn *conn; /* NULL once it has ended */
    enum visit_step step;
    int64_t sent_us;
    bool over, freed;
    struct arena *arena; /* of the visit's life */
    struct slice entropy;
    struct webticket_grant ticket;
};

/* ---- what is asked ----------------------------------------------------------------------- */

static const char *url(const struct visit *visit, const char *path)
{
    return arena_print(visit->arena, "https://%s:%u%s", visit->cast->stage->web_host,
                       address_port(&visit->cast->stage->https), path)
        .at;
}

static struct slice new_id(const struct visit *visit)
{
    struct guid guid = guid_new();
    return guid_print(visit->arena, &guid);
}

static void body_ticket(struct visit *visit, struct buf *out)
{
    char bytes[WEBTICKET_ENTROPY_LEN];
    random_fill(bytes, sizeof bytes);
    visit->entropy = arena_copy(visit->arena, slice_make(bytes, sizeof bytes));
    webticket_rst_print(
        &(struct webticket_ask){
            .method = WEBTICKET_USERNAME,
            .to = slice_of(url(visit, SITE_PATH_WEBTICKET "/Auth")),
            .applies_to = slice_of(url(visit, SITE_PATH_CERTPROV)),
            .sip_uri = arena_print(visit->arena, "sip:%s", visit->who->address),
            .user = slice_of(visit->who->address),
            .password = SLICE(BENCH_PASSWORD),
            .entropy = visit->entropy,
            .message_id = arena_print(visit->arena, "uuid:%.*s", SLICE_ARG(new_id(visit))),
            .now = clock_now()},
        out);
}

static void body_certificate(struct visit *visit, struct buf *out)
{
    scoped(buf) struct buf security = BUF_INIT;
    webticket_security_print(&visit->ticket, clock_now(), &security);
    certprov_request_print(&(struct certprov_ask){.security = buf_slice(&security),
                                                  .device_id = new_id(visit),
                                                  .address = slice_of(visit->who->address),
                                                  .csr = visit->cast->csr,
                                                  .request_id = new_id(visit)},
                           out);
}

static const struct {
    const char *name, *path;
    int status;  /* of the right answer */
    bool ticket; /* show the web ticket in a header */
    const char *action, *content_type;
    void (*body)(struct visit *visit, struct buf *out); /* NULL: GET */
} steps[VISIT_STEPS] = {
    [VISIT_CONNECT] = {.name = "web_connect_tls"},
    [VISIT_AUTODISCOVER] = {.name = "autodiscover_401",
                            .path = SITE_PATH_AUTODISCOVER_USER,
                            .status = 401},
    [VISIT_TICKET_MEX] = {.name = "webticket_mex",
                          .path = SITE_PATH_WEBTICKET "/mex",
                          .status = 200},
    [VISIT_TICKET] = {.name = "webticket",
                      .path = SITE_PATH_WEBTICKET "/Auth",
                      .status = 200,
                      .action = WEBTICKET_SOAP_ACTION,
                      .content_type = WEBTICKET_CONTENT_TYPE,
                      .body = body_ticket},
    [VISIT_USER] = {.name = "autodiscover_user",
                    .path = SITE_PATH_AUTODISCOVER_USER,
                    .status = 200,
                    .ticket = true},
    [VISIT_CERT_MEX] = {.name = "certprov_mex", .path = SITE_PATH_CERTPROV "/mex", .status = 200},
    [VISIT_CERT] = {.name = "certificate",
                    .path = SITE_PATH_CERTPROV "/WebTicket_Proof_SHA1",
                    .status = 200,
                    .action = CERTPROV_SOAP_ACTION,
                    .content_type = CERTPROV_CONTENT_TYPE,
                    .body = body_certificate},
};

const char *visit_step_name(enum visit_step step)
{
    return steps[step].name;
}

void *visit_user(const struct visit *visit)
{
    return visit->user;
}

static void send_step(struct visit *visit, enum visit_step step)
{
    scoped(buf) struct buf body = BUF_INIT, request = BUF_INIT;
    const char *path = steps[step].path;
    if (steps[step].body)
        steps[step].body(visit, &body);
    buf_print(&request, "%s %s HTTP/1.1\r\nHost: %s:%u\r\nAccept: application/json\r\n",
              steps[step].body ? "POST" : "GET", path, visit->cast->stage->web_host,
              address_port(&visit->cast->stage->https));
    if (steps[step].ticket)
        buf_print(&request, "X-MS-WebTicket: %.*s\r\n",
                  SLICE_ARG(webticket_opaque_header(visit->arena, &visit->ticket)));
    if (steps[step].body)
        buf_print(&request, "SOAPAction: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                  steps[step].action, steps[step].content_type, body.len);
    buf_add_string(&request, "\r\n");
    buf_add(&request, buf_slice(&body));
    visit->step = step;
    visit->sent_us = clock_monotonic_us();
    conn_write(visit->conn, buf_slice(&request));
}

/* ---- what is answered -------------------------------------------------------------------- */

/* Tell once; whoever is told may free the visit, so touch nothing afterwards. */
static void fail(struct visit *visit, const struct fault *why)
{
    if (visit->over || visit->freed)
        return;
    visit->over = true;
    visit->cast->handler->on_failed(visit, why);
}

static void take_certificate(struct visit *visit, struct slice body)
{
    struct certprov_grant grant;
    struct fault fault;
    int err = certprov_response_parse(body, visit->arena, &grant, &fault);
    const unsigned char *at = err == 0 ? (const unsigned char *)grant.certificate.at : NULL;
    X509 *certificate = at ? d2i_X509(NULL, &at, (long)grant.certificate.len) : NULL;
    if (err == 0 && !certificate)
        fault_set(&fault, ERR_MALFORMED, FINDING_INTERNAL, "the certificate is none");
    if (!certificate) {
        fail(visit, &fault);
        return;
    }
    visit->over = true;
    visit->cast->handler->on_certificate(visit, certificate);
}

static void take_answer(struct visit *visit, int status, struct slice body)
{
    struct fault fault;
    struct bench_series *series = visit->cast->steps[visit->step];
    if (series)
        bench_series_add(series, (double)(clock_monotonic_us() - visit->sent_us));
    if (status != steps[visit->step].status) {
        fault_set(&fault, ERR_DENIED, FINDING_INTERNAL, "%d for %s: %.*s", status,
                  steps[visit->step].path, (int)(body.len < 160 ? body.len : 160), body.at);
        fail(visit, &fault);
    } else if (visit->step == VISIT_CERT) {
        take_certificate(visit, body);
    } else if (visit->step == VISIT_TICKET &&
               webticket_rstr_parse(body, visit->entropy, visit->arena, &visit->ticket, &fault) <
                   0) {
        fail(visit, &fault);
    } else {
        send_step(visit, visit->step + 1);
    }
}

static size_t on_bytes(struct conn *conn, struct slice bytes)
{
    struct visit *visit = conn_user(conn);
    struct bench_answer answer;
    if (visit->over)
        return bytes.len;
    int whole = bench_answer_read(bytes, &answer);
    if (whole < 0)
        conn_close(conn);
    if (whole <= 0)
        return whole < 0 ? bytes.len : 0;
    take_answer(visit, answer.status, answer.body);
    return answer.len;
}

static void on_open(struct conn *conn)
{
    struct visit *visit = conn_user(conn);
    struct bench_series *series = visit->cast->steps[VISIT_CONNECT];
    if (series)
        bench_series_add(series, (double)(clock_monotonic_us() - visit->sent_us));
    send_step(visit, VISIT_CONNECT + 1);
}

static void destroy(struct visit *visit)
{
    webticket_grant_fini(&visit->ticket);
    arena_free(visit->arena);
    free(visit);
}

static void on_closed(struct conn *conn, const struct fault *why)
{
    struct visit *visit = conn_user(conn);
    visit->conn = NULL;
    if (visit->freed)
        destroy(visit);
    else
        fail(visit, why);
}

static const struct conn_handler handler = {
    .on_open = on_open, .on_bytes = on_bytes, .on_closed = on_closed};

/* ---- life ----------------------------------------------------------------------------------- */

struct visit *visit_new(const struct visit_cast *cast, const struct stage_user *who, void *user)
{
    struct visit *visit = must_calloc(1, sizeof *visit);
    struct fault fault;
    visit->cast = cast;
    visit->who = who;
    visit->user = user;
    visit->arena = arena_new();
    visit->sent_us = clock_monotonic_us();
    struct conn_options options = {.handler = &handler, .user = visit, .tls = cast->tls};
    visit->conn =
        conn_connect(cast->loop, &cast->stage->https, cast->stage->web_host, &options, &fault);
    if (!visit->conn) {
        destroy(visit);
        return NULL;
    }
    return visit;
}

void visit_free(struct visit *visit)
{
    if (!visit)
        return;
    visit->freed = true;
    if (visit->conn)
        conn_close(visit->conn); /* on_closed destroys it */
    else
        destroy(visit);
}
