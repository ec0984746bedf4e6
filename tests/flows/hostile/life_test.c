/* The server's own life while people are signed in: new certificates, an orderly end,
 * a user who is disabled, a vault that dies. */
#include "town.h"

#include "base/clock.h"
#include "site/site.h"
#include "vault/authority.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    *state = town_new(NULL, 0, true);
    return 0;
}

static const char *in_site(struct town *town, const char *name)
{
    return arena_print(town->arena, "%s/%s", town->lab->dir, name).at;
}

/* ---- SIGHUP ----------------------------------------------------------------------- */

/* A certificate of our making in place of the server's: its number. */
static void replace_certificate(struct town *town, enum credential_key kind, const char *name)
{
    scoped(credential) struct credential *ca = NULL;
    scoped(credential) struct credential *fresh = NULL;
    struct fault fault;
    const struct slice names[] = {SLICE(LAB_SIP_HOST), SLICE(LAB_WEB_HOST)};
    assert_int_equal(credential_read(town->lab->ca, in_site(town, "ca.key"), &ca, &fault), 0);
    struct credential_options options = {.key = kind,
                                         .use = CREDENTIAL_SERVER,
                                         .common_name = SLICE("fresh." LAB_DOMAIN),
                                         .names = names,
                                         .name_count = 2,
                                         .not_before = clock_now() - 3600000,
                                         .not_after = clock_now() + 3600000};
    assert_int_equal(credential_make(&options, ca, &fresh, &fault), 0);
    const char *pem = arena_print(town->arena, "%s/tls/%s.pem", town->lab->dir, name).at;
    const char *key = arena_print(town->arena, "%s/tls/%s.key", town->lab->dir, name).at;
    assert_int_equal(credential_write(fresh, pem, key, &fault), 0);
}

static bool shows_fresh_certificate(struct wire *wire)
{
    char name[64] = "";
    X509 *shown = SSL_get1_peer_certificate(wire->ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    X509_free(shown);
    return strcmp(name, "fresh." LAB_DOMAIN) == 0;
}

static void reload(struct town *town)
{
    off_t mark = lab_server_log_mark(town->lab);
    assert_int_equal(kill(town->lab->pid, SIGHUP), 0);
    assert_false(slice_absent(
        lab_server_log_line(town->lab, town->arena, &mark, "server.reload", NULL, NULL)));
}

static void reload_with_new_certificates(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *before = town_https(town);
    assert_false(shows_fresh_certificate(before));
    replace_certificate(town, CREDENTIAL_RSA_2048, "server-rsa");
    replace_certificate(town, CREDENTIAL_ECDSA_P256, "server-ecdsa");
    reload(town);
    scoped(wire) struct wire *after = town_https(town);
    assert_true(shows_fresh_certificate(after));
    struct wire_response response; /* the old connection lives on */
    assert_true(web_ask(before, town->lab, "GET", "/nowhere", "", (struct slice){0}, town->arena,
                        &response));
}

static void reload_of_a_broken_configuration(void **state)
{
    struct town *town = *state;
    scoped(buf) struct buf kept = BUF_INIT;
    FILE *file = fopen(town->lab->config, "ae");
    assert_non_null(file);
    fputs("[nonsense]\nkey = value\n", file);
    fclose(file);
    reload(town);
    assert_logged(town, "configuration-invalid", "server.reload");
    assert_int_equal(lab_server_configure(town->lab, NULL, 0), 0);
    scoped(wire) struct wire *still = town_https(town);
    assert_true(shows_fresh_certificate(still));
}

/* ---- a user is disabled ---------------------------------------------------------------- */

static void user(struct town *town, const char *verb)
{
    const char *const words[] = {"user", verb, ALICE, NULL};
    assert_int_equal(lab_server_verb(town->lab, NULL, words), 0);
}

static void a_disabled_user_is_signed_out(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    scoped(wire) struct wire *wire = town_sip(town);
    sip_client_init(&client, wire, &town->alice);
    assert_int_equal(sip_client_sign_in(&client), 200);
    user(town, "disable");
    assert_int_equal(sip_client_receive(&client), 0);
    assert_int_equal(client.message.method, SIP_NOTIFY);
    assert_true(
        slice_eq(sip_value(&client.message, SIP_HEADER_EVENT), SLICE("registration-notify")));
    assert_true(slice_starts(client.message.body, SLICE("deregistered;event=")));
    assert_true(sip_client_trusts(&client));
    assert_true(wire_ends(wire));
    assert_logged(town, "deregistered", "user=" ALICE);
    sip_client_fini(&client);
    /* Nor can she come back, */
    scoped(wire) struct wire *again = town_sip(town);
    sip_client_init(&client, again, &town->alice);
    assert_int_equal(sip_client_associate(&client), 403);
    assert_logged(town, "user-disabled", "status=403");
    /* until she may. */
    user(town, "enable");
    assert_int_equal(sip_client_sign_in(&client), 200);
    sip_client_fini(&client);
}

/* ---- SIGTERM ---------------------------------------------------------------------------- */

/* A guess is being held back by its penalty when the server is told to end: the
 * request is in work, and is answered. */
static void the_end_waits_for_what_is_in_work(void **state)
{
    struct town *town = *state;
    struct wire_response response;
    scoped(wire) struct wire *first =
        wire_open(town->lab->https, "127.0.0.3", town->tls, LAB_WEB_HOST);
    scoped(wire) struct wire *second =
        wire_open(town->lab->https, "127.0.0.3", town->tls, LAB_WEB_HOST);
    scoped(wire) struct wire *idle = town_https(town);
    scoped(wire) struct wire *half = wire_open(town->lab->sip, NULL, NULL, NULL);
    assert_true(web_ask_ticket(first, town->lab, ALICE, "guess 1",
                               SLICE("01234567890123456789012345678901"), town->arena, &response));
    assert_int_equal(response.status, 401);
    off_t mark = lab_server_log_mark(town->lab);
    assert_true(web_send_ticket(second, town->lab, ALICE, "guess 2",
                                SLICE("01234567890123456789012345678901")));
    assert_true(lab_server_logged(town->lab, mark, "wrong-password", "delay_ms=1"));
    int64_t begun = clock_monotonic();
    assert_int_equal(lab_server_stop(town->lab, SIGTERM), 0);
    assert_true(clock_monotonic() - begun < 8000); /* idle ones do not hold it up: 10 s */
    assert_true(wire_ends(half) && wire_ends(town->web) && wire_ends(town->line));
    assert_true(wire_response(second, town->arena, &response));
    assert_int_equal(response.status, 401);
    assert_true(wire_ends(second) && wire_ends(idle));
    town_neighbour_leaves(town);
    assert_int_equal(lab_server_start(town->lab), 0);
    town_neighbour_comes(town);
}

/* ---- the vault dies ------------------------------------------------------------------------ */

static pid_t only_child_of(pid_t pid)
{
    char name[64];
    int child = 0;
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(name, "re");
    if (file) {
        if (fscanf(file, "%d", &child) != 1)
            child = 0;
        fclose(file);
    }
    return child;
}

static void without_its_vault_the_server_ends(void **state)
{
    struct town *town = *state;
    pid_t vault = only_child_of(town->lab->pid);
    if (vault <= 0)
        skip(); /* a kernel without CONFIG_PROC_CHILDREN */
    assert_int_equal(kill(vault, SIGKILL), 0);
    assert_int_equal(lab_server_stop(town->lab, 0), 1);
    assert_logged(town, "vault-failed", "server.vault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(reload_with_new_certificates),
        HOSTILE(reload_of_a_broken_configuration),
        HOSTILE(a_disabled_user_is_signed_out),
        HOSTILE(the_end_waits_for_what_is_in_work),
        cmocka_unit_test_setup(without_its_vault_the_server_ends, town_calm),
    };
    return cmocka_run_group_tests_name("hostile/life", tests, setup, town_close);
}
