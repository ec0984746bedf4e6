/* The certificate that signs in: the kept one, or a new one from the certificate
 * service ([MS-OCAUTHWS] section 3.1, signin.md section 5). */
#include "client/signin_priv.h"

#include "base/clock.h"
#include "base/guid.h"
#include "certprov/client.h"
#include "certprov/csr.h"

/* ---- what is kept --------------------------------------------------------------------- */

/* "host:port" as pool_name has it. */
static bool split_pool(struct slice pool, struct slice *host, uint16_t *port)
{
    uint64_t number;
    size_t colon = pool.len;
    while (colon > 0 && pool.at[colon - 1] != ':')
        colon--;
    if (colon < 2 || slice_number(slice_from(pool, colon), UINT16_MAX, &number) < 0 || number == 0)
        return false;
    *host = slice_head(pool, colon - 1);
    if (slice_starts(*host, SLICE("[")) && slice_ends(*host, SLICE("]")))
        *host = slice_make(host->at + 1, host->len - 2);
    *port = (uint16_t)number;
    return true;
}

static void load_kept(struct lychgate *gate)
{
    struct fault odd = {0};
    if (!gate->set.cache_folder)
        return;
    report_begin(&gate->report, "recall", "a kept certificate for %.*s",
                 SLICE_ARG(gate->set.address));
    gate->kept = kept_load(gate->set.cache_folder, gate->set.address, &odd);
    gate->kept_serves = gate->kept && kept_fresh(gate->kept, clock_now());
    if (odd.finding != FINDING_NONE)
        report_noted(&gate->report, &odd, "none that can be used");
    else if (gate->kept_serves)
        report_good(&gate->report, "until %.*s, pool %.*s",
                    SLICE_ARG(clock_print_iso(gate->arena, gate->kept->until)),
                    SLICE_ARG(gate->kept->pool));
    else
        report_good(&gate->report, gate->kept ? "none that is still good" : "none");
}

int signin_recall(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    struct slice host;
    uint16_t port;
    (void)fault;
    load_kept(gate);
    *next = STEP_POOL;
    if (!slice_empty(gate->set.server_host)) {
        pools_add(gate, gate->set.server_host, gate->set.server_port);
    } else if (gate->kept_serves && split_pool(gate->kept->pool, &host, &port)) {
        pools_add(gate, host, port);
        gate->recalled = true;
    } else {
        *next = STEP_DISCOVER;
    }
    return 0;
}

/* ---- a new one --------------------------------------------------------------------------- */

static int make_key(struct lychgate *gate, struct fault *fault)
{
    if (gate->kept)
        return 0;
    report_begin(&gate->report, "key", "a new RSA key");
    EVP_PKEY *key = certprov_key_new(fault);
    if (!key)
        return fault->err;
    gate->kept = kept_new(gate->set.address, key);
    report_good(&gate->report, "2048 bits");
    return 0;
}

static int post_request(struct lychgate *gate, const struct mex_port *port, struct slice csr,
                        struct web_response *response, struct fault *fault)
{
    scoped(buf) struct buf security = BUF_INIT, body = BUF_INIT;
    struct guid id = guid_new();
    webticket_security_print(&gate->ticket, clock_now(), &security);
    certprov_request_print(&(struct certprov_ask){.security = buf_slice(&security),
                                                  .device_id = gate->instance,
                                                  .address = gate->set.address,
                                                  .csr = csr,
                                                  .request_id = guid_print(gate->arena, &id)},
                           &body);
    struct web_request request = {.url = port->location, .post = true, .body = buf_slice(&body)};
    web_request_header(&request, "Content-Type", SLICE(CERTPROV_CONTENT_TYPE));
    web_request_header(&request, "SOAPAction", SLICE(CERTPROV_SOAP_ACTION));
    int err = signin_ask(gate, "certificate", &request, response, fault);
    secret_wipe(body.at, body.cap);
    secret_wipe(security.at, security.cap);
    return err;
}

static int publish(struct lychgate *gate, const struct mex_port *port, struct slice csr,
                   struct fault *fault)
{
    struct web_response response;
    struct certprov_grant grant;
    int err = post_request(gate, port, csr, &response, fault);
    if (err)
        return err;
    if (response.status != 200)
        return webticket_refusal(response.status, web_header(&response, "X-Ms-diagnostics"),
                                 response.body, FINDING_SIGNATURE_INVALID, fault);
    err = certprov_response_parse(response.body, gate->arena, &grant, fault);
    if (err == 0)
        err = certprov_grant_check(&grant, csr, fault);
    if (err == 0)
        err = kept_set_certificate(gate->kept, grant.certificate, fault);
    if (err == 0)
        report_good(&gate->report, "200, a certificate for %.*s until %.*s",
                    SLICE_ARG(grant.subject),
                    SLICE_ARG(clock_print_iso(gate->arena, grant.not_after)));
    return err;
}

/* Does another ticket help? The cloud's clients show one ticket everywhere; Lync 2010
 * wants one whose audience is the certificate service. */
static bool about_ticket(enum finding finding)
{
    switch (finding) {
    case FINDING_TICKET_AUDIENCE:
    case FINDING_TICKET_EXPIRED:
    case FINDING_TICKET_MISSING:
    case FINDING_TICKET_MALFORMED:
    case FINDING_TICKET_PROOF:
    case FINDING_SIGNATURE_INVALID:
    case FINDING_SIGNIN_REFUSED:
        return true;
    default:
        return false;
    }
}

static int get_own_ticket(struct lychgate *gate, const struct mex_port *port, struct fault *fault)
{
    struct slice service = slice_empty(port->issuer) ? gate->walk.ticket_url : port->issuer;
    int err = signin_trust(gate, service, gate->by_dns, fault);
    return err ? err : signin_get_ticket(gate, service, port->location, fault);
}

int signin_ask_certificate(struct lychgate *gate, struct fault *fault)
{
    struct mex_service service;
    struct slice csr;
    bool reused = !slice_empty(gate->ticket.assertion);
    if (slice_empty(gate->challenge.sts_uri))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_CHALLENGE_UNUSABLE,
                         "TLS-DSK is offered without sts-uri: nowhere to get a certificate");
    int err = signin_metadata(gate, gate->challenge.sts_uri, &service, fault);
    if (err)
        return err;
    const struct mex_port *port = mex_find(&service, CERTPROV_PORT);
    if (!port)
        port = mex_find_auth(&service, MEX_AUTH_TICKET_PROOF);
    if (!port)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_TICKET_NO_METHOD,
                         "the certificate service takes no web ticket");
    if (!reused)
        err = get_own_ticket(gate, port, fault);
    if (err == 0)
        err = make_key(gate, fault);
    if (err == 0)
        err = certprov_csr_new(gate->kept->key, gate->set.address, gate->arena, &csr, fault);
    if (err)
        return err;
    err = publish(gate, port, csr, fault);
    if (err == 0 || !reused || !about_ticket(fault->finding))
        return err;
    report_bad(&gate->report, "certificate", LYCHGATE_PASSED, fault);
    err = get_own_ticket(gate, port, fault);
    return err ? err : publish(gate, port, csr, fault);
}

void signin_keep_certificate(struct lychgate *gate, const char *folder, struct slice pool,
                             struct slice target)
{
    struct fault odd;
    gate->kept->pool = arena_copy(gate->kept->arena, pool);
    gate->kept->target = arena_copy(gate->kept->arena, target);
    if (!folder)
        return;
    report_begin(&gate->report, "keep", "key and certificate in %s", folder);
    if (kept_store(gate->kept, folder, &odd) < 0)
        report_noted(&gate->report, &odd, "not kept");
    else
        report_good(&gate->report, "kept");
}

int signin_certificate(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    *next = STEP_HANDSHAKE;
    if (gate->kept_serves && slice_eq_nocase(gate->kept->target, gate->challenge.targetname))
        return 0;
    gate->kept_serves = false;
    int err = signin_ask_certificate(gate, fault);
    if (err == 0)
        signin_keep_certificate(gate, gate->set.cache_folder, gate->pool_name,
                                gate->challenge.targetname);
    return err;
}
