/* Steps 1 to 9 of the mobile sign-in: names, autodiscover by the web, tickets and the
 * certificate. */
#include "base/clock.h"
#include "client/mobile_priv.h"
#include "site/site.h"

/* ---- 1: credentials --------------------------------------------------------------------- */

int mobile_credentials(struct lychgate *gate, struct fault *fault)
{
    struct fault odd = {0};
    const char *folder = gate->mobile->cache_folder;
    report_begin(&gate->report, "credentials", "%.*s, signing in as %.*s",
                 SLICE_ARG(gate->set.address), SLICE_ARG(gate->set.login));
    if (folder)
        gate->kept = kept_load(folder, gate->set.address, &odd);
    gate->kept_serves = gate->kept && kept_fresh(gate->kept, clock_now());
    if (gate->kept_serves) {
        report_good(&gate->report, "no password needed, the kept certificate is good until %.*s",
                    SLICE_ARG(clock_print_iso(gate->arena, gate->kept->until)));
        return 0;
    }
    int err = signin_password(gate, fault);
    if (err)
        return err;
    if (odd.finding != FINDING_NONE)
        report_noted(&gate->report, &odd, "password given; what is kept cannot be used");
    else
        report_good(&gate->report, "password given");
    return 0;
}

/* ---- 2 to 4: names ------------------------------------------------------------------------ */

static int find_name(struct lychgate *gate, const char *prefix, struct fault *fault)
{
    struct reach reach;
    struct slice name = arena_print(gate->arena, "%s.%.*s", prefix, SLICE_ARG(gate->set.domain));
    int err = reaches_find(gate->reaches, name, 443, &reach, fault);
    if (err == 0)
        gate->mobile->name = name;
    return err;
}

/* --connect-to with an address leaves nothing to be asked: say so, for the step is due. */
static void tell_unasked(struct lychgate *gate, struct slice name, const char *why)
{
    report_tell(&gate->report,
                &(struct report_told){
                    .step = "dns", .asked = name, .outcome = LYCHGATE_GOOD, .answer = why});
}

static bool is_aimed(struct lychgate *gate, struct slice host)
{
    struct dns_address literal;
    uint16_t port = 443;
    connect_to_apply(gate->connect_to, &host, &port);
    return dns_address_parse(host, &literal) == 0;
}

/* Outside, this name does not exist: that is no failure, it is how a phone learns where it is. */
int mobile_inside(struct lychgate *gate, struct fault *fault)
{
    int err = find_name(gate, "lyncdiscoverinternal", fault);
    gate->mobile->internal = err == 0;
    if (err == 0 && is_aimed(gate, gate->mobile->name))
        tell_unasked(gate, gate->mobile->name, "--connect-to says where");
    if (err == 0 || reaches_silent(gate->reaches))
        return err;
    report_bad(&gate->report, "dns", LYCHGATE_PASSED, fault);
    return 0;
}

int mobile_outside(struct lychgate *gate, struct fault *fault)
{
    if (gate->mobile->internal) {
        struct slice name =
            arena_print(gate->arena, "A lyncdiscover.%.*s", SLICE_ARG(gate->set.domain));
        tell_unasked(gate, name, "not asked: lyncdiscoverinternal leads on");
        return 0;
    }
    int err = find_name(gate, "lyncdiscover", fault);
    if (err == 0 && is_aimed(gate, gate->mobile->name))
        tell_unasked(gate, gate->mobile->name, "--connect-to says where");
    return err;
}

/* Behind the CNAME are the external web services. */
int mobile_web_name(struct lychgate *gate, struct fault *fault)
{
    struct reach reach;
    struct slice name = reaches_alias(gate->reaches, gate->mobile->name);
    if (slice_absent(name) || is_aimed(gate, gate->mobile->name)) {
        tell_unasked(gate, gate->mobile->name, "no CNAME: it is the web services' own name");
        return 0;
    }
    return reaches_find(gate->reaches, name, 443, &reach, fault);
}

/* ---- 5 and 6: connecting -------------------------------------------------------------------- */

static int connect_by(struct lychgate *gate, const char *scheme, struct fault *fault)
{
    struct web_response response;
    struct web_request request = {
        .connect_only = true,
        .url = arena_print(gate->arena, "%s://%.*s/", scheme, SLICE_ARG(gate->mobile->name))};
    int err = signin_ask(gate, "connect", &request, &response, fault);
    if (err == 0)
        report_good(&gate->report, "connected by %s", scheme);
    return err;
}

/* Either will do: a reverse proxy may serve https alone, and a CNAME into another domain, whose
 * certificate has not our name, http alone. */
int mobile_connect(struct lychgate *gate, struct fault *fault)
{
    struct fault plain_fault;
    int plain = connect_by(gate, "http", &plain_fault);
    if (plain)
        report_bad(&gate->report, "connect", LYCHGATE_PASSED, &plain_fault);
    int secure = connect_by(gate, "https", fault);
    gate->mobile->by_http = secure != 0;
    if (secure == 0 || plain)
        return secure;
    report_bad(&gate->report, "connect", LYCHGATE_PASSED, fault);
    return 0;
}

static struct slice root_url(struct lychgate *gate, const char *scheme)
{
    return autodiscover_with_sipuri(
        gate->arena, arena_print(gate->arena, "%s://%.*s/", scheme, SLICE_ARG(gate->mobile->name)),
        gate->set.address);
}

/* A reverse proxy switches with a redirect of HTTP's, the server itself with one in a document. */
static struct slice switched_to(struct lychgate *gate, const struct web_response *response)
{
    struct fault ignored;
    struct autodiscover_document *document =
        arena_new_of(gate->arena, struct autodiscover_document);
    if (response->status / 100 == 3)
        return web_header(response, "Location");
    if (response->status != 200 ||
        autodiscover_parse(response->body, gate->arena, document, &ignored) < 0)
        return (struct slice){0};
    return autodiscover_href(document, "Redirect");
}

int mobile_http(struct lychgate *gate, struct fault *fault)
{
    struct web_response response;
    struct web_request request = {.url = root_url(gate, "http")};
    web_request_header(&request, "Accept", SLICE(AUTODISCOVER_ACCEPT));
    int err = signin_ask(gate, "http", &request, &response, fault);
    if (err) { /* nothing at port 80 is told in step 5 already */
        bool needed = gate->mobile->by_http;
        if (!needed)
            report_bad(&gate->report, "http", LYCHGATE_PASSED, fault);
        return needed ? err : 0;
    }
    struct slice to = switched_to(gate, &response);
    if (slice_starts_nocase(to, SLICE("https://")))
        report_good(&gate->report, "%d, switched to %.*s", response.status, SLICE_ARG(to));
    else
        report_good(&gate->report, "%d, not switched to https", response.status);
    return 0;
}

/* ---- 7 and 8: autodiscover ---------------------------------------------------------------------
 */

static int walk_once(struct lychgate *gate, enum autodiscover_step *step, struct fault *fault)
{
    struct autodiscover_answer answer = {0};
    int err = signin_fetch(gate, &answer, fault);
    if (err == 0)
        err = autodiscover_take(&gate->walk, &answer, step, fault);
    if (err == 0 && *step == AUTODISCOVER_GET)
        report_good(&gate->report, "%d, go on to %.*s", answer.status, SLICE_ARG(gate->walk.url));
    return err;
}

/* Redirects, up to the User link of Root; or to the User document itself, where a pool in the
 * cloud answers with that at once. */
int mobile_root(struct lychgate *gate, struct fault *fault)
{
    enum autodiscover_step step;
    const char *scheme = gate->mobile->by_http ? "http" : "https";
    gate->found_name = gate->mobile->name;
    autodiscover_begin(
        &gate->walk, gate->arena,
        arena_print(gate->arena, "%s://%.*s/", scheme, SLICE_ARG(gate->mobile->name)),
        gate->set.address);
    for (;;) {
        int err = walk_once(gate, &step, fault);
        if (err)
            return err;
        const struct autodiscover_document *document = &gate->walk.document;
        if (step != AUTODISCOVER_GET ||
            (document->link_count > 0 && slice_absent(autodiscover_href(document, "Redirect"))))
            break;
    }
    return step == AUTODISCOVER_GET
               ? 0
               : fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                           "a ticket is asked for before there was a User link");
}

/* A ticket of whichever kind we can get: the kept certificate's, else the password's. */
static int get_ticket(struct lychgate *gate, struct slice applies_to, struct fault *fault)
{
    if (gate->kept_serves) {
        int err = signin_ticket_by_certificate(gate, gate->mobile->tickets, applies_to, fault);
        if (err == 0 || err == -ERR_IO)
            return err;
        report_bad(&gate->report, "ticket", LYCHGATE_PASSED, fault);
        gate->kept_serves = false;
    }
    return signin_get_ticket(gate, gate->mobile->tickets, applies_to, fault);
}

/* The token for where we are; a server that does not say has told the server's opinion of the
 * others by the order of its links. */
static struct slice mobility_service(const struct autodiscover_document *document)
{
    bool inside = document->location == AUTODISCOVER_INTERNAL;
    struct slice first = autodiscover_href(document, inside ? "Internal/Mcx" : "External/Mcx");
    return !slice_empty(first)
               ? first
               : autodiscover_href(document, inside ? "External/Mcx" : "Internal/Mcx");
}

static int take_services(struct lychgate *gate, struct fault *fault)
{
    struct slice url = mobility_service(&gate->walk.document);
    if (!slice_starts_nocase(url, SLICE("https://")))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_MOBILITY_NOT_OFFERED,
                         "the User document has no Mcx link%s",
                         slice_empty(url) ? "" : " by https");
    gate->mobile->service = url;
    report_good(&gate->report, "200, web services at %.*s", SLICE_ARG(url));
    return 0;
}

int mobile_user(struct lychgate *gate, struct fault *fault)
{
    for (;;) {
        enum autodiscover_step step;
        int err = walk_once(gate, &step, fault);
        if (err)
            return err;
        if (step == AUTODISCOVER_FOUND)
            return take_services(gate, fault);
        if (step == AUTODISCOVER_GET)
            continue;
        if ((err = signin_trust(gate, gate->walk.ticket_url, gate->walk.unprotected, fault)))
            return err;
        report_good(&gate->report, "401, web tickets from %.*s", SLICE_ARG(gate->walk.ticket_url));
        gate->mobile->tickets = gate->walk.ticket_url;
        if (++gate->tickets > 2)
            return fault_set(fault, ERR_DENIED, FINDING_AUTODISCOVER_LOOP,
                             "every answer asks for another ticket");
        if ((err = get_ticket(gate, gate->walk.url, fault)))
            return err;
    }
}

/* ---- 9: web ticket and certificate
 * --------------------------------------------------------------- */

/* Nothing names the certificate service to a phone, but it is where the tickets are. */
static struct slice certificate_service(struct lychgate *gate)
{
    struct slice url = gate->mobile->tickets, rest = slice_from(url, sizeof "https://" - 1);
    struct slice authority, path;
    slice_cut(rest, '/', &authority, &path);
    return arena_print(gate->arena, "https://%.*s" SITE_PATH_CERTPROV, SLICE_ARG(authority));
}

/* A certificate of our own if the kept one does not serve; then the ticket that it gets. */
int mobile_authenticate(struct lychgate *gate, struct fault *fault)
{
    struct mobile *mobile = gate->mobile;
    if (!gate->kept_serves) {
        gate->challenge.sts_uri = certificate_service(gate);
        webticket_grant_fini(&gate->ticket);
        gate->ticket = (struct webticket_grant){0}; /* the one of step 8 was for another service */
        int err = signin_ask_certificate(gate, fault);
        if (err)
            return err;
        signin_keep_certificate(gate, mobile->cache_folder, mobile->tickets, mobile->service);
    }
    return signin_ticket_by_certificate(gate, mobile->tickets, mobile->service, fault);
}
