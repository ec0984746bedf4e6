/* Bad XML, forged, stale, stolen and repeated tickets, and certificate requests that
 * must be refused: docs/webticket.md and docs/certificates.md say how. */
#include "town.h"

#include "base/clock.h"
#include "base/encode.h"
#include "certprov/csr.h"
#include "site/site.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

/* One ticket of alice's for all: every test spoils a copy. */
static struct webticket_grant alice_ticket;
static struct arena *ticket_arena;
static struct slice alice_csr;
/* Each request needs a time stamp of its own, or it would be a replay. */
static int64_t stamp;

static int setup(void **state)
{
    struct town *town = town_new(NULL, 0, true);
    struct fault fault;
    scoped(wire) struct wire *wire = town_https(town);
    ticket_arena = arena_new();
    assert_int_equal(
        web_ticket(wire, town->lab, ALICE, ALICE_PASSWORD, ticket_arena, &alice_ticket), 0);
    assert_int_equal(
        certprov_csr_new(town->alice.key, SLICE(ALICE), ticket_arena, &alice_csr, &fault), 0);
    stamp = clock_now();
    *state = town;
    return 0;
}

static int teardown(void **state)
{
    webticket_grant_fini(&alice_ticket);
    arena_free(ticket_arena);
    return town_close(state);
}

/* All occurrences of one text by another; at least one must be there. */
static struct slice replaced(struct arena *arena, struct slice text, const char *from,
                             const char *to)
{
    scoped(buf) struct buf out = BUF_INIT;
    ptrdiff_t at = slice_find(text, slice_of(from));
    assert_true(at >= 0);
    for (; at >= 0; at = slice_find(text, slice_of(from))) {
        buf_add(&out, slice_head(text, (size_t)at));
        buf_add_string(&out, to);
        text = slice_from(text, (size_t)at + strlen(from));
    }
    buf_add(&out, text);
    return arena_copy(arena, buf_slice(&out));
}

static struct slice good_request(struct town *town)
{
    stamp += 1000;
    return web_cert_request(&alice_ticket, stamp, ALICE, alice_csr, town->arena);
}

/* POST it to the certificate service: the status and the finding in the log must be
 * these, and no certificate may come of it. */
static void refused(struct town *town, struct slice body, int status, const char *finding)
{
    scoped(wire) struct wire *wire = town_https(town);
    off_t mark = lab_server_log_mark(town->lab);
    struct wire_response response;
    assert_true(web_post(wire, town->lab, WEB_CERT, "", body, town->arena, &response));
    if (response.status != status)
        fail_msg("%s: %d\n%.*s", finding, response.status, SLICE_ARG(response.body));
    assert_true(lab_server_logged(town->lab, mark, finding, "path=" WEB_CERT));
    assert_true(slice_find(response.body, SLICE("X509v3\">MII")) < 0);
}

/* ---- documents --------------------------------------------------------------------- */

static void dangerous_xml_is_refused(void **state)
{
    struct town *town = *state;
    scoped(buf) struct buf deep = BUF_INIT;
    refused(town, SLICE("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"), 400,
            "xml-forbidden");
    refused(town,
            SLICE("<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">"
                  "<!ENTITY d \"&c;&c;&c;&c;&c;&c;\">]><a>&d;&d;&d;&d;</a>"),
            400, "xml-forbidden");
    refused(town, SLICE("<?xml version=\"1.0\"?><?xml-stylesheet href=\"a\"?><a/>"), 400,
            "xml-forbidden");
    refused(town, SLICE("<a>&undefined;</a>"), 400, "xml-forbidden");
    refused(town, SLICE("<a><b></a></b>"), 400, "xml-malformed");
    refused(town, SLICE("<a x='1' x='2'/>"), 400, "xml-malformed");
    for (int i = 0; i < 10000; i++)
        buf_add_string(&deep, "<a>");
    refused(town, buf_slice(&deep), 413, "xml-limit");
    buf_clear(&deep);
    buf_add_string(&deep, "<a>");
    for (int i = 0; i < 60000; i++)
        buf_add_string(&deep, "<b/>");
    buf_add_string(&deep, "</a>");
    refused(town, buf_slice(&deep), 413, "xml-limit");
}

static void documents_that_are_no_request(void **state)
{
    struct town *town = *state;
    refused(town, SLICE("<a/>"), 400, "soap-malformed");
    refused(town, replaced(town->arena, good_request(town), "<GetAndPublishCert", "<Something"),
            400, "xml-malformed");
    struct slice request = good_request(town);
    ptrdiff_t middle = (ptrdiff_t)request.len / 2;
    refused(town, slice_head(request, (size_t)middle), 400, "xml-malformed");
}

/* ---- tickets -------------------------------------------------------------------------- */

static void a_request_without_ticket(void **state)
{
    struct town *town = *state;
    const struct webticket_grant nothing = {.assertion = SLICE("")};
    refused(town, web_cert_request(&nothing, clock_now(), ALICE, alice_csr, town->arena), 500,
            "ticket-missing");
}

static void an_altered_ticket(void **state)
{
    struct town *town = *state;
    refused(town, replaced(town->arena, good_request(town), ">sip:" ALICE "<", ">sip:" BOB "<"),
            500, "signature-invalid");
}

static void a_ticket_without_its_key(void **state)
{
    struct town *town = *state;
    struct webticket_grant stolen = alice_ticket;
    stolen.proof_key[0] ^= 1;
    refused(town, web_cert_request(&stolen, clock_now(), ALICE, alice_csr, town->arena), 500,
            "ticket-no-proof");
    stolen.has_proof_key = false;
    refused(town, web_cert_request(&stolen, clock_now(), ALICE, alice_csr, town->arena), 500,
            "ticket-no-proof");
    webticket_grant_fini(&stolen);
}

static void stale_and_early_messages(void **state)
{
    struct town *town = *state;
    int64_t now = clock_now();
    refused(town, web_cert_request(&alice_ticket, now - 20 * 60000, ALICE, alice_csr, town->arena),
            500, "clock-skew");
    refused(town, web_cert_request(&alice_ticket, now + 20 * 60000, ALICE, alice_csr, town->arena),
            500, "clock-skew");
}

/* The signed assertion is still there, whole, but another one stands where it is used. */
static void a_wrapped_signature(void **state)
{
    struct town *town = *state;
    struct slice signed_one = alice_ticket.assertion;
    const char *id = arena_string(town->arena, alice_ticket.assertion_id);
    struct slice forged = replaced(town->arena, signed_one, ">sip:" ALICE "<", ">sip:" BOB "<");
    struct slice renamed = arena_print(town->arena, "AssertionID=\"%s\"", id);
    forged = replaced(town->arena, forged, renamed.at, "AssertionID=\"forged\"");
    struct slice advice =
        arena_print(town->arena, "<saml:Advice>%.*s</saml:Advice>", SLICE_ARG(signed_one));
    ptrdiff_t at = slice_find(forged, SLICE("<saml:AuthenticationStatement"));
    assert_true(at > 0);
    struct webticket_grant wrapped = alice_ticket;
    wrapped.assertion = arena_print(town->arena, "%.*s%.*s%.*s", (int)at, forged.at,
                                    SLICE_ARG(advice), SLICE_ARG(slice_from(forged, (size_t)at)));
    refused(town, web_cert_request(&wrapped, clock_now(), BOB, alice_csr, town->arena), 500,
            "signature-wrapped");
    /* The two side by side. */
    wrapped.assertion =
        arena_print(town->arena, "%.*s%.*s", SLICE_ARG(forged), SLICE_ARG(signed_one));
    refused(town, web_cert_request(&wrapped, clock_now(), BOB, alice_csr, town->arena), 500,
            "ticket-missing");
    webticket_grant_fini(&wrapped);
}

static void somebody_elses_certificate(void **state)
{
    struct town *town = *state;
    refused(town, web_cert_request(&alice_ticket, stamp += 1000, BOB, alice_csr, town->arena), 200,
            "claim-mismatch");
}

static void the_same_request_twice(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_https(town);
    struct slice body = good_request(town);
    struct wire_response response;
    assert_true(web_post(wire, town->lab, WEB_CERT, "", body, town->arena, &response));
    assert_int_equal(response.status, 200);
    refused(town, body, 500, "ticket-replayed");
}

/* ---- bearers -------------------------------------------------------------------------------- */

static void bearer(struct town *town, struct slice assertion, int status, const char *finding)
{
    scoped(wire) struct wire *wire = town_https(town);
    struct webticket_grant grant = {.assertion = assertion};
    struct wire_response response;
    off_t mark = lab_server_log_mark(town->lab);
    struct slice header = arena_print(town->arena, "X-MS-WebTicket: %.*s\r\n",
                                      SLICE_ARG(webticket_opaque_header(town->arena, &grant)));
    assert_true(web_ask(wire, town->lab, "GET", SITE_PATH_AUTODISCOVER_USER, header.at,
                        (struct slice){0}, town->arena, &response));
    if (response.status != status)
        fail_msg("%s: %d\n%.*s", finding, response.status, SLICE_ARG(response.body));
    if (finding)
        assert_true(lab_server_logged(town->lab, mark, finding, SITE_PATH_AUTODISCOVER_USER));
}

static void bearer_tickets(void **state)
{
    struct town *town = *state;
    struct slice good = alice_ticket.assertion;
    bearer(town, good, 200, NULL);
    bearer(town, SLICE("garbage"), 401, "ticket-malformed");
    bearer(town, SLICE("<!DOCTYPE a><a/>"), 401, "ticket-malformed");
    bearer(town, replaced(town->arena, good, ">sip:" ALICE "<", ">sip:" BOB "<"), 401,
           "signature-invalid");
    bearer(town, slice_head(good, good.len / 2), 401, "ticket-malformed");
}

/* A server whose clock is ahead (behind) sees the same ticket as expired (to come). */
static void tickets_out_of_time(void **state)
{
    struct town *town = *state;
    static const struct {
        const char *offset;
        int64_t ms;
        const char *finding;
    } rows[] = {{"9h", 9 * 3600000, "ticket-expired"}, {"-1h", -3600000, "ticket-not-yet-valid"}};
    char port[24];
    snprintf(port, sizeof port, "127.0.0.1:%u", town->lab->https);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        /* The same port: the ticket names it. */
        const struct lab_setting settings[] = {{"lab", "clock-offset", rows[i].offset},
                                               {"listen", "https", port}};
        town_neighbour_leaves(town);
        assert_int_equal(lab_server_stop(town->lab, SIGTERM), 0);
        assert_int_equal(lab_server_configure(town->lab, settings, 2), 0);
        assert_int_equal(lab_server_start(town->lab), 0);
        bearer(town, alice_ticket.assertion, 401, rows[i].finding);
        refused(town,
                web_cert_request(&alice_ticket, clock_now() + rows[i].ms, ALICE, alice_csr,
                                 town->arena),
                500, rows[i].finding);
        if (i == 0) { /* and the certificate of alice has expired as well */
            struct sip_client client;
            scoped(wire) struct wire *wire = town_sip(town);
            sip_client_init(&client, wire, &town->alice);
            assert_int_equal(sip_client_associate(&client), 401);
            assert_true(slice_absent(client.challenge.opaque)); /* offered from the start again */
            assert_logged(town, "certificate-expired", "status=401");
            sip_client_fini(&client);
        }
    }
    const struct lab_setting again = {"listen", "https", port};
    assert_int_equal(lab_server_stop(town->lab, SIGTERM), 0);
    assert_int_equal(lab_server_configure(town->lab, &again, 1), 0);
    assert_int_equal(lab_server_start(town->lab), 0);
    town_neighbour_comes(town);
}

/* ---- certificate requests ---------------------------------------------------------------------
 */

static void with_csr(struct town *town, struct slice csr, const char *finding)
{
    refused(town, web_cert_request(&alice_ticket, stamp += 1000, ALICE, csr, town->arena), 200,
            finding);
}

static void bad_certificate_requests(void **state)
{
    struct town *town = *state;
    struct fault fault;
    struct slice weak, der = arena_copy(town->arena, alice_csr);
    EVP_PKEY *key = EVP_RSA_gen(1024);
    assert_int_equal(certprov_csr_new(key, SLICE(ALICE), town->arena, &weak, &fault), 0);
    EVP_PKEY_free(key);
    with_csr(town, weak, "csr-weak-key");
    with_csr(town, SLICE("this is no DER at all"), "csr-malformed");
    with_csr(town, slice_head(der, der.len - 1), "csr-malformed");
    char *bytes = arena_string(town->arena, der); /* a copy again */
    bytes[der.len - 1] ^= 1;                      /* in the signature */
    with_csr(town, slice_make(bytes, der.len), "csr-malformed");
    struct slice request = good_request(town);
    struct slice text = base64_print_lines(town->arena, alice_csr);
    ptrdiff_t at = slice_find(request, slice_head(text, 40));
    assert_true(at > 0);
    memcpy((char *)(uintptr_t)request.at + at, "!!!!", 4);
    refused(town, request, 200, "csr-malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(dangerous_xml_is_refused), HOSTILE(documents_that_are_no_request),
        HOSTILE(a_request_without_ticket), HOSTILE(an_altered_ticket),
        HOSTILE(a_ticket_without_its_key), HOSTILE(stale_and_early_messages),
        HOSTILE(a_wrapped_signature),      HOSTILE(somebody_elses_certificate),
        HOSTILE(the_same_request_twice),   HOSTILE(bearer_tickets),
        HOSTILE(bad_certificate_requests), HOSTILE(tickets_out_of_time),
    };
    return cmocka_run_group_tests_name("hostile/tickets", tests, setup, teardown);
}
