/* [MS-OCAUTHWS] section 3.1. */
#include "certprov/certprov.h"

#include "accounts/account.h"
#include "accounts/certificate.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"
#include "certprov/client.h"
#include "certprov/csr.h"
#include "certprov/wire_priv.h"
#include "event/event.h"
#include "webticket/mex.h"
#include "webticket/ticket.h"
#include "webticket/webticket.h"
#include "xml/names.h"
#include "xml/soap.h"

#include <openssl/sha.h>
#include <stdlib.h>

enum {
    SERIAL_LEN = 16
};

struct certprov {
    struct certprov_options options;
    struct arena *arena; /* holds what the metadata and the routes point to */
    struct mex_port port;
    struct mex_service service;
};

/* ---- metadata ------------------------------------------------------------------------- */

/* The names are Microsoft's, the policy behind the port is what SIPE reads to find out
 * whom to ask for a ticket (signin.md section 3.3). */
static void describe(struct certprov *certprov)
{
    const struct site *site = certprov->options.site;
    certprov->port = (struct mex_port){
        .name = SLICE(CERTPROV_PORT),
        .location = site_web_url(certprov->arena, site, SITE_PATH_CERTPROV "/WebTicket_Proof"),
        .auth = MEX_AUTH_TICKET_PROOF,
        .issuer = site_web_url(certprov->arena, site, SITE_PATH_WEBTICKET),
    };
    certprov->service = (struct mex_service){
        .name = SLICE("CertProvisioningService"),
        .ns = NS_OCS_CERT,
        .port_type = SLICE("ICertProvisioningService"),
        .operation = SLICE("GetAndPublishCert"),
        .action = SLICE(CERTPROV_ACTION),
        .ports = &certprov->port,
        .port_count = 1,
    };
}

static void answer_mex(void *role, const struct http_request *request, struct http_reply *reply,
                       struct arena *arena, int64_t now)
{
    const struct certprov *certprov = role;
    (void)now;
    mex_answer(&certprov->service, request, reply, arena);
}

/* ---- one certificate -------------------------------------------------------------------- */

/* What is decided about one message. */
struct job {
    const struct certprov *certprov;
    const struct desk *desk;
    struct arena *arena;
    int64_t now;
    struct webticket_claims claims;
    struct certprov_request request;
    struct account account;
    struct slice certificate;
};

/* Nobody asks for somebody else. */
static int check_account(struct job *job, struct fault *fault)
{
    const struct webticket_claims *claims = &job->claims;
    if (!slice_eq_nocase(job->request.entity, claims->address))
        return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH,
                         "Entity \"%.*s\" asked for with the ticket of %.*s",
                         SLICE_ARG(slice_head(job->request.entity, 100)),
                         SLICE_ARG(slice_head(claims->address, 100)));
    return webticket_holder(claims, job->desk->accounts, job->arena, &job->account, fault);
}

/* Positive, always of the same length ([RFC 5280] section 4.1.2.2). */
static struct slice new_serial(struct arena *arena)
{
    unsigned char *serial = arena_alloc(arena, SERIAL_LEN);
    random_fill(serial, SERIAL_LEN);
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
    return slice_make(serial, SERIAL_LEN);
}

/* Certificates know whole seconds, and the record must say what the certificate says. */
static int64_t whole_seconds(int64_t ms)
{
    return ms / 1000 * 1000;
}

static int issue(struct job *job, struct slice public_key, struct certificate_record *record,
                 struct fault *fault)
{
    unsigned char *fingerprint = arena_alloc(job->arena, SHA256_DIGEST_LENGTH);
    *record = (struct certificate_record){
        .fingerprint = slice_make(fingerprint, SHA256_DIGEST_LENGTH),
        .serial = new_serial(job->arena),
        .account_id = job->account.id,
        .device_id = job->request.device_id,
        .not_before = whole_seconds(job->now) - CERTPROV_BACKDATE_MS,
        .not_after = whole_seconds(job->now + job->certprov->options.lifetime_ms),
        .issued_at = job->now,
    };
    const struct vault_certificate wanted = {
        .public_key = public_key,
        .common_name = job->account.address,
        .sip_uri = arena_print(job->arena, "sip:%.*s", SLICE_ARG(job->account.address)),
        .serial = record->serial,
        .not_before = record->not_before,
        .not_after = record->not_after,
    };
    int err =
        vault_certificate_issue(job->desk->vault, &wanted, job->arena, &job->certificate, fault);
    if (!err)
        SHA256((const unsigned char *)job->certificate.at, job->certificate.len, fingerprint);
    return err;
}

static void tell(const struct job *job, const struct certificate_record *record, struct slice peer)
{
    event_emit(EVENT_NOTICE, "certprov.issued", FINDING_NONE,
               EVENT_SLICE("user", job->account.address),
               EVENT_SLICE("serial", hex_print(job->arena, record->serial)),
               EVENT_SLICE("device", record->device_id),
               EVENT_SLICE("until", clock_print_iso(job->arena, record->not_after)),
               EVENT_SLICE("from", peer), EVENT_END);
}

/* Everything behind a good ticket. */
static int decide(struct job *job, const struct soap_message *message, struct slice peer,
                  struct fault *fault)
{
    struct certprov_csr csr;
    struct certificate_record record;
    int err = certprov_request_parse(message->payload, job->arena, &job->request, fault);
    if (err || (err = check_account(job, fault)) ||
        (err = certprov_csr_parse(job->request.csr, job->arena, &csr, fault)) ||
        (err = issue(job, csr.public_key, &record, fault)) ||
        (err = certificates_publish(job->desk->accounts, &record, fault)))
        return err;
    tell(job, &record, peer);
    return 0;
}

/* ---- the resource --------------------------------------------------------------------------- */

static int check_ticket(struct job *job, const struct soap_message *message, struct fault *fault)
{
    if (message->version != SOAP_1_1)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SOAP_MALFORMED, "SOAP 1.2, not 1.1");
    return webticket_verify_soap(
        job->certprov->options.webticket,
        &(struct webticket_use){.message = message, .proof_needed = true, .once = true}, job->now,
        job->arena, &job->claims, fault);
}

static void refuse(const struct job *job, struct http_reply *reply, const struct fault *fault)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct slice source = job->certprov->options.site->web_host;
    certprov_error_print(&job->request, fault->finding, &out);
    http_reply_header(reply, job->arena, "X-Ms-diagnostics", "%.*s",
                      SLICE_ARG(soap_diagnostics_print(job->arena, fault->finding, source)));
    http_reply_set(reply, 200, CERTPROV_CONTENT_TYPE, arena_copy(job->arena, buf_slice(&out)));
    reply->fault = *fault;
}

static void answer_cert(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct certprov *certprov = role;
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf out = BUF_INIT;
    struct soap_message message;
    struct fault fault = {0};
    struct job job = {.certprov = certprov, .arena = arena, .now = now};
    job.desk = certprov->options.desk(certprov->options.desk_arg);
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    if (xml_read(request->body, NULL, &doc, &fault) || soap_read(doc, &message, &fault) ||
        check_ticket(&job, &message, &fault)) {
        webticket_refuse(certprov->options.site, reply, arena, &fault);
        return;
    }
    if (decide(&job, &message, request->peer, &fault)) {
        if (fault.finding ==
            FINDING_SOAP_MALFORMED) /* another operation: no response of its name */
            webticket_refuse(certprov->options.site, reply, arena, &fault);
        else
            refuse(&job, reply, &fault);
        return;
    }
    certprov_response_print(&job.request, job.certificate, &out);
    http_reply_set(reply, 200, CERTPROV_CONTENT_TYPE, arena_copy(arena, buf_slice(&out)));
}

/* ---- the object -------------------------------------------------------------------------------
 */

struct certprov *certprov_new(const struct certprov_options *options)
{
    struct certprov *certprov = must_calloc(1, sizeof *certprov);
    certprov->options = *options;
    if (certprov->options.lifetime_ms <= 0)
        certprov->options.lifetime_ms = CERTPROV_LIFETIME_MS;
    certprov->arena = arena_new();
    describe(certprov);
    return certprov;
}

void certprov_free(struct certprov *certprov)
{
    if (!certprov)
        return;
    arena_free(certprov->arena);
    free(certprov);
}

void certprov_add_routes(struct certprov *certprov, struct http_routes *routes)
{
    const char *host = arena_string(certprov->arena, certprov->options.site->web_host);
    const struct http_route rows[] = {
        {host, SITE_PATH_CERTPROV "/mex", HTTP_GET | HTTP_POST, 0, answer_mex, NULL},
        {host, SITE_PATH_CERTPROV "/WebTicket_Proof", HTTP_POST, ROUTE_WORK, answer_cert, NULL},
        {host, SITE_PATH_CERTPROV "/WebTicket_Proof_SHA1", HTTP_POST, ROUTE_WORK, answer_cert,
         NULL},
    };
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, certprov);
}
