#include "town.h"

#include "site/site.h"

#include <openssl/rsa.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- people ---------------------------------------------------------------------- */

struct identity town_identity(struct town *town, const char *address, const char *password)
{
    struct identity who = {.address = address, .key = EVP_RSA_gen(2048)};
    who.certificate = web_certificate(town->lab, town->tls, address, password, who.key);
    assert_non_null(who.certificate);
    return who;
}

void identity_fini(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    *identity = (struct identity){0};
}

struct identity town_forger(const char *address, EVP_PKEY *key)
{
    struct identity who = {.address = address, .key = key, .certificate = X509_new()};
    X509 *x = who.certificate;
    EVP_PKEY_up_ref(key);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)address, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return who;
}

/* ---- connections -------------------------------------------------------------------- */

struct wire *town_http(struct town *town)
{
    struct wire *wire = wire_open(town->lab->http, NULL, NULL, NULL);
    assert_non_null(wire);
    return wire;
}

struct wire *town_https(struct town *town)
{
    struct wire *wire = wire_open(town->lab->https, NULL, town->tls, LAB_WEB_HOST);
    assert_non_null(wire);
    return wire;
}

struct wire *town_sip(struct town *town)
{
    struct wire *wire = wire_open(town->lab->sip, NULL, town->tls, LAB_SIP_HOST);
    assert_non_null(wire);
    return wire;
}

/* ---- the neighbour ---------------------------------------------------------------------- */

static void check_web(struct town *town)
{
    struct wire_response response;
    assert_true(web_ask(town->web, town->lab, "GET", SITE_PATH_AUTODISCOVER "?sipuri=" BOB, "",
                        (struct slice){0}, town->arena, &response));
    assert_int_equal(response.status, 200);
}

void town_neighbour_comes(struct town *town)
{
    town->web = town_https(town);
    check_web(town);
    if (!town->bob.certificate)
        return;
    town->line = town_sip(town);
    sip_client_init(&town->neighbour, town->line, &town->bob);
    assert_int_equal(sip_client_sign_in(&town->neighbour), 200);
}

void town_neighbour_leaves(struct town *town)
{
    if (town->line)
        sip_client_fini(&town->neighbour);
    wire_close(take(&town->line));
    wire_close(take(&town->web));
}

static void check_neighbour(struct town *town)
{
    check_web(town);
    if (!town->line)
        return;
    assert_int_equal(
        sip_client_exchange(&town->neighbour, sip_client_signed(&town->neighbour, NULL)), 200);
    assert_true(sip_client_trusts(&town->neighbour));
    const struct sip_header *state =
        sip_header_named(&town->neighbour.message, SLICE("presence-state"), NULL);
    assert_non_null(state);
    assert_true(slice_eq(state->value, SLICE("register-action=\"refreshed\"")));
}

/* ---- life ---------------------------------------------------------------------------------- */

struct town *town_new(const struct lab_setting *settings, size_t count, bool certificates)
{
    struct town *town = must_calloc(1, sizeof *town);
    struct fault fault;
    signal(SIGPIPE, SIG_IGN); /* servers that hang up are what this is about */
    town->arena = arena_new();
    town->lab = lab_server_new();
    assert_non_null(town->lab);
    assert_int_equal(lab_server_configure(town->lab, settings, count), 0);
    assert_int_equal(lab_server_user(town->lab, ALICE, ALICE_PASSWORD), 0);
    assert_int_equal(lab_server_user(town->lab, BOB, BOB_PASSWORD), 0);
    town->tls = tls_client_new(&(struct tls_client_options){.ca_file = town->lab->ca}, &fault);
    assert_non_null(town->tls);
    assert_int_equal(lab_server_start(town->lab), 0);
    if (certificates) {
        town->alice = town_identity(town, ALICE, ALICE_PASSWORD);
        town->bob = town_identity(town, BOB, BOB_PASSWORD);
    }
    town_neighbour_comes(town);
    return town;
}

void town_free(struct town *town)
{
    town_neighbour_leaves(town);
    identity_fini(&town->alice);
    identity_fini(&town->bob);
    tls_unref(town->tls);
    lab_server_free(town->lab);
    arena_free(town->arena);
    free(town);
}

int town_close(void **state)
{
    struct town *town = *state;
    if (!town)
        return 0; /* the set-up failed */
    town_neighbour_leaves(town);
    int code = town->lab->pid > 0 ? lab_server_stop(town->lab, SIGTERM) : 0;
    if (code != 0) {
        town->lab->failed = 1;
        print_error("lychgated ended with %d\n", code);
    }
    town_free(town);
    return code;
}

int town_calm(void **state)
{
    struct town *town = *state;
    arena_reset(town->arena);
    town->mark = lab_server_log_mark(town->lab);
    return 0;
}

int town_unharmed(void **state)
{
    check_neighbour(*state);
    return 0;
}
