/* The sign-in inside SIP, disturbed: the handshake out of order, broken or with the
 * wrong certificate, and signed messages forged, repeated or under another's name. */
#include "town.h"

#include "accounts/certificate.h"
#include "base/clock.h"

#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

/* A visitor: alice on a connection of her own, as a test may need her. */
struct visit {
    struct wire *wire;
    struct sip_client client;
};

static void arrive(struct town *town, struct visit *visit, const struct identity *who)
{
    visit->wire = town_sip(town);
    sip_client_init(&visit->client, visit->wire, who);
}

static void leave(struct visit *visit)
{
    sip_client_fini(&visit->client);
    wire_close(take(&visit->wire));
}

static int setup(void **state)
{
    *state = town_new(NULL, 0, true);
    return 0;
}

/* The answer is a fresh offer: no opaque of a handshake that goes on. */
static void assert_fresh_offer(struct sip_client *client, int status)
{
    assert_int_equal(status, 401);
    assert_true(slice_absent(client->challenge.opaque));
    assert_false(slice_absent(client->challenge.sts_uri));
}

/* ---- the handshake ---------------------------------------------------------------- */

static void garbage_tokens(void **state)
{
    struct town *town = *state;
    static const struct slice tokens[] = {
        {"garbage that is no record", 25},
        {"\x16\x03\x01\x00\x04\x01\x00\xff\xff", 9},
        {"\x15\x03\x01\x00\x02\x02\x28", 7}, /* a fatal alert */
        {"\x17\x03\x01\x00\x02\x02\x28", 7}, /* application data */
    };
    struct visit visit;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        arrive(town, &visit, &town->alice);
        struct sip_client *client = &visit.client;
        assert_int_equal(sip_client_exchange(client, sip_client_plain(client, NULL)), 401);
        struct slice message = sip_client_token(client, NULL, tokens[i]);
        assert_fresh_offer(client, sip_client_exchange(client, message));
        assert_true(lab_server_logged(town->lab, mark, "tlsdsk-handshake-failed", "status=401"));
        assert_int_equal(sip_client_sign_in(client), 200); /* no harm done */
        leave(&visit);
    }
}

static void garbage_that_is_no_base64(void **state)
{
    struct town *town = *state;
    struct visit visit;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    struct sip_client_ask ask = {
        .name = SLICE("Authorization"),
        .value = SLICE("TLS-DSK qop=\"auth\", realm=\"SIP Communications Service\", "
                       "targetname=\"" LAB_SIP_HOST "\", gssapi-data=\"!!!!\", version=4")};
    assert_fresh_offer(client, sip_client_exchange(client, sip_client_plain(client, &ask)));
    assert_logged(town, "tlsdsk-handshake-failed", "status=401");
    /* A client that goes on like this is not listened to for ever. */
    int status = 401;
    for (int i = 0; i < 20 && status == 401; i++)
        status = sip_client_exchange(client, sip_client_plain(client, &ask));
    assert_int_equal(status, -1);
    assert_logged(town, "tlsdsk-handshake-failed", "sip.disconnect");
    leave(&visit);
}

static void out_of_order(void **state)
{
    struct town *town = *state;
    struct visit visit;
    struct slice hello, flight;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    assert_int_equal(sip_client_exchange(client, sip_client_plain(client, NULL)), 401);
    assert_int_equal(sip_client_shake(client, &hello), TLSDSK_CONTINUE);
    assert_int_equal(sip_client_exchange(client, sip_client_token(client, NULL, hello)), 401);
    assert_int_equal(sip_client_shake(client, &flight), TLSDSK_CONTINUE);
    /* The second half under a name that nobody gave. */
    struct slice opaque = client->challenge.opaque;
    client->challenge.opaque = SLICE("DEADBEEF");
    struct slice message = sip_client_token(client, NULL, flight);
    assert_fresh_offer(client, sip_client_exchange(client, message));
    assert_logged(town, "tlsdsk-handshake-failed", "out of order");
    /* As the first half. */
    off_t mark = lab_server_log_mark(town->lab);
    client->challenge.opaque = (struct slice){0};
    message = sip_client_token(client, NULL, flight);
    assert_fresh_offer(client, sip_client_exchange(client, message));
    assert_true(lab_server_logged(town->lab, mark, "tlsdsk-handshake-failed", "status=401"));
    /* That handshake is gone: the same endpoint began another. */
    client->challenge.opaque = opaque;
    message = sip_client_token(client, NULL, flight);
    assert_fresh_offer(client, sip_client_exchange(client, message));
    assert_int_equal(sip_client_sign_in(client), 200);
    leave(&visit);
}

static void another_users_handshake(void **state)
{
    struct town *town = *state;
    struct visit visit;
    struct slice hello, flight;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    assert_int_equal(sip_client_exchange(client, sip_client_plain(client, NULL)), 401);
    assert_int_equal(sip_client_shake(client, &hello), TLSDSK_CONTINUE);
    assert_int_equal(sip_client_exchange(client, sip_client_token(client, NULL, hello)), 401);
    assert_int_equal(sip_client_shake(client, &flight), TLSDSK_CONTINUE);
    struct sip_client_ask as_bob = {.from = BOB};
    struct slice message = sip_client_token(client, &as_bob, flight);
    assert_fresh_offer(client, sip_client_exchange(client, message));
    assert_logged(town, "tlsdsk-handshake-failed", "begun by " ALICE);
    leave(&visit);
}

static void truncated_records(void **state)
{
    struct town *town = *state;
    struct visit visit;
    struct slice hello;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    for (size_t drop = 1; drop < 4; drop++) {
        off_t mark = lab_server_log_mark(town->lab);
        assert_int_equal(sip_client_exchange(client, sip_client_plain(client, NULL)), 401);
        assert_int_equal(sip_client_shake(client, &hello), TLSDSK_CONTINUE);
        hello = slice_head(hello, hello.len / 4 * (4 - drop));
        assert_fresh_offer(client,
                           sip_client_exchange(client, sip_client_token(client, NULL, hello)));
        assert_true(lab_server_logged(town->lab, mark, "tlsdsk-handshake-failed", "status=401"));
        tlsdsk_free(take(&client->tlsdsk));
    }
    assert_int_equal(sip_client_sign_in(client), 200);
    leave(&visit);
}

/* Close at the moment when a worker has the handshake. */
static void lost_in_the_middle(void **state)
{
    struct town *town = *state;
    for (int i = 0; i < 40; i++) {
        struct visit visit;
        struct slice token;
        arrive(town, &visit, &town->alice);
        struct sip_client *client = &visit.client;
        assert_int_equal(sip_client_exchange(client, sip_client_plain(client, NULL)), 401);
        assert_int_equal(sip_client_shake(client, &token), TLSDSK_CONTINUE);
        struct slice message = sip_client_token(client, NULL, token);
        if (i % 2 == 0) {
            assert_int_equal(sip_client_exchange(client, message), 401);
            assert_int_equal(sip_client_shake(client, &token), TLSDSK_CONTINUE);
            message = sip_client_token(client, NULL, token);
        }
        assert_true(sip_client_send(client, message));
        leave(&visit);
    }
}

/* ---- certificates ---------------------------------------------------------------------- */

static void not_let_in(struct town *town, const struct identity *who, const char *finding,
                       int status)
{
    struct visit visit;
    off_t mark = lab_server_log_mark(town->lab);
    arrive(town, &visit, who);
    int answer = sip_client_associate(&visit.client);
    assert_int_equal(answer, status);
    if (status == 401)
        assert_fresh_offer(&visit.client, answer);
    assert_true(lab_server_logged(town->lab, mark, finding, "sip.request"));
    leave(&visit);
}

/* The server's table of certificates, written behind its back. */
static void publish(struct town *town, const struct identity *who, int64_t not_after, bool revoked)
{
    static const struct store_schema *const schemas[] = {&accounts_schema};
    struct store *store;
    struct fault fault;
    struct account account;
    unsigned char fingerprint[SHA256_DIGEST_LENGTH];
    scoped(accounts) struct accounts *accounts = NULL;
    const char *path = arena_print(town->arena, "%s/state/lychgate.db", town->lab->dir).at;
    struct store_options options = {.path = path, .schemas = schemas, .schema_count = 1};
    assert_int_equal(store_open(&options, &store, &fault), 0);
    struct accounts_options named = {.store = store, .default_domain = SLICE(LAB_DOMAIN)};
    assert_int_equal(accounts_open(&named, &accounts, &fault), 0);
    assert_int_equal(accounts_find(accounts, slice_of(who->address), town->arena, &account, &fault),
                     0);
    X509_digest(who->certificate, EVP_sha256(), fingerprint, NULL);
    struct certificate_record record = {.fingerprint = slice_make(fingerprint, sizeof fingerprint),
                                        .serial = slice_make(fingerprint, 16),
                                        .account_id = account.id,
                                        .device_id = SLICE("d"),
                                        .not_before = clock_now() - 7200000,
                                        .not_after = not_after,
                                        .issued_at = clock_now()};
    assert_int_equal(certificates_publish(accounts, &record, &fault), 0);
    if (revoked)
        assert_int_equal(certificates_revoke(accounts, record.fingerprint, clock_now(), &fault), 0);
    accounts_free(take(&accounts));
    store_free(store);
}

static void certificates_that_are_no_good(void **state)
{
    struct town *town = *state;
    struct identity unknown = town_forger(ALICE, town->alice.key);
    struct identity expired = town_forger(ALICE, town->bob.key);
    struct identity stolen = {BOB, town->alice.key, town->alice.certificate};
    not_let_in(town, &unknown, "certificate-unknown", 401);
    publish(town, &expired, clock_now() - 1000, false);
    not_let_in(town, &expired, "certificate-expired", 401);
    publish(town, &unknown, clock_now() + 3600000, true);
    not_let_in(town, &unknown, "certificate-unknown", 401); /* known now, and revoked */
    not_let_in(town, &stolen, "claim-mismatch", 403);
    identity_fini(&unknown);
    identity_fini(&expired);
}

/* ---- signed messages ---------------------------------------------------------------------- */

static void a_wrong_signature(void **state)
{
    struct town *town = *state;
    struct visit visit;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    assert_int_equal(sip_client_sign_in(client), 200);
    struct slice message = sip_client_signed(client, NULL);
    ptrdiff_t at = slice_find(message, SLICE("response=\""));
    assert_true(at > 0);
    char *digit = (char *)(uintptr_t)message.at + at + sizeof "response=\"" - 1;
    *digit = *digit == '0' ? '1' : '0';
    assert_int_equal(sip_client_exchange(client, message), 401);
    assert_logged(town, "message-signature-wrong", "status=401");
    /* The signature holds, but not for this message. */
    off_t mark = lab_server_log_mark(town->lab);
    struct sip_client_ask ask = {.expires = 300};
    message = sip_client_signed(client, &ask);
    at = slice_find(message, SLICE("Expires: 300"));
    assert_true(at > 0);
    memcpy((char *)(uintptr_t)message.at + at, "Expires: 900", 12);
    assert_int_equal(sip_client_exchange(client, message), 401);
    assert_true(lab_server_logged(town->lab, mark, "message-signature-wrong", "status=401"));
    assert_int_equal(sip_client_exchange(client, sip_client_signed(client, NULL)), 200);
    leave(&visit);
}

static void a_replayed_message(void **state)
{
    struct town *town = *state;
    struct visit visit, thief;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    assert_int_equal(sip_client_sign_in(client), 200);
    struct slice message = sip_client_signed(client, NULL);
    assert_int_equal(sip_client_exchange(client, message), 200);
    assert_int_equal(sip_client_exchange(client, message), 401);
    assert_logged(town, "message-replayed", "status=401");
    /* On another connection the association does not even exist. */
    arrive(town, &thief, &town->alice);
    assert_fresh_offer(&thief.client, sip_client_exchange(&thief.client, message));
    assert_logged(town, "association-ended", "status=401");
    leave(&thief);
    assert_int_equal(sip_client_exchange(client, sip_client_signed(client, NULL)), 200);
    leave(&visit);
}

static void under_anothers_name(void **state)
{
    struct town *town = *state;
    struct visit visit;
    arrive(town, &visit, &town->alice);
    struct sip_client *client = &visit.client;
    assert_int_equal(sip_client_sign_in(client), 200);
    struct sip_client_ask ask = {.from = BOB};
    assert_int_equal(sip_client_exchange(client, sip_client_signed(client, &ask)), 403);
    assert_true(sip_client_trusts(client));
    struct slice why = sip_value(&client->message, SIP_HEADER_MS_DIAGNOSTICS);
    assert_true(slice_starts(why, SLICE("4004;")));
    assert_logged(town, "claim-mismatch", "status=403");
    leave(&visit);
}

static void two_users_on_one_connection(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town);
    struct sip_client alice, bob;
    sip_client_init(&alice, wire, &town->alice);
    sip_client_init(&bob, wire, &town->bob);
    assert_int_equal(sip_client_sign_in(&alice), 200);
    assert_int_equal(sip_client_sign_in(&bob), 200);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sip_client_exchange(&alice, sip_client_signed(&alice, NULL)), 200);
        assert_true(sip_client_trusts(&alice));
        assert_int_equal(sip_client_exchange(&bob, sip_client_signed(&bob, NULL)), 200);
        assert_true(sip_client_trusts(&bob));
    }
    /* One leaves, the other stays. */
    struct sip_client_ask out = {.expires = -1};
    assert_int_equal(sip_client_exchange(&alice, sip_client_signed(&alice, &out)), 200);
    assert_int_equal(sip_client_exchange(&bob, sip_client_signed(&bob, NULL)), 200);
    assert_int_equal(sip_client_exchange(&alice, sip_client_signed(&alice, NULL)), 401);
    sip_client_fini(&alice);
    sip_client_fini(&bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(garbage_tokens),
        HOSTILE(garbage_that_is_no_base64),
        HOSTILE(out_of_order),
        HOSTILE(another_users_handshake),
        HOSTILE(truncated_records),
        HOSTILE(lost_in_the_middle),
        HOSTILE(certificates_that_are_no_good),
        HOSTILE(a_wrong_signature),
        HOSTILE(a_replayed_message),
        HOSTILE(under_anothers_name),
        HOSTILE(two_users_on_one_connection),
    };
    return cmocka_run_group_tests_name("hostile/tlsdsk", tests, setup, town_close);
}
