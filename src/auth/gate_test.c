#include "auth/gate.h"

#include "auth/testing_wire_priv.h"
#include "sip/reply.h"

/* ---- the good way --------------------------------------------------------------------- */

static void test_sign_in(void **state)
{
    struct wire *wire = *state;
    struct fault fault = {0};
    assert_int_equal(send_plain(wire, wire->message), GATE_CHALLENGE);
    struct challenge first = offered(wire);
    assert_true(slice_eq(first.sts_uri, SLICE(TESTING_STS_URI)));
    assert_true(slice_eq(first.realm, SLICE(AUTH_REALM)));
    assert_int_equal(first.version, 4);
    assert_int_equal(wire->verdict.fault.err, 0);
    scoped(association) struct association *client = sign_in(wire);
    assert_int_equal(wire->directory.calls, 1);
    struct association *server = wire->verdict.association;
    assert_true(slice_eq(association_account(server), SLICE("alice@contoso.test")));
    assert_true(slice_eq(association_epid(server), SLICE("8c2e6f7a91bd")));
    assert_true(slice_eq(association_instance(server), SLICE(TESTING_UUID)));
    assert_int_equal(association_ends(server), TEST_NOW + 3600000);
    assert_ptr_equal(
        gate_find(wire->gate, SLICE("alice@contoso.test"), SLICE("8c2e6f7a91bd"), SLICE("")),
        server);
    assert_null(gate_find(wire->gate, SLICE("alice@contoso.test"), SLICE("other"), SLICE("")));
    assert_null(gate_find(wire->gate, SLICE("bob@contoso.test"), SLICE(""), SLICE("")));

    static const char *const methods[] = {"SUBSCRIBE", "SERVICE", "INVITE", "ACK", "BYE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct testing_message m = {.method = methods[i], .cseq = (unsigned)i + 10};
        assert_int_equal(send_message(wire, testing_signed(wire->arena, client, m)), GATE_PASS);
        assert_false(wire->verdict.established);
    }
    /* A response: From is the other side. */
    struct testing_message ok = {.method = "NOTIFY", .status = 200, .user = "bob"};
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, ok)), GATE_PASS);

    /* The server's messages satisfy the client. */
    struct testing_message answer = {.status = 200};
    struct sip_signature_fields fields = {0};
    sip_signature_fields(testing_sip(wire->arena, &answer), &fields);
    answer.header = SLICE("Authentication-Info");
    answer.value = association_authentication_info(server, wire->arena, &fields);
    assert_int_equal(
        association_verify_info(client, testing_sip(wire->arena, &answer), wire->now, &fault), 0);
}

static void test_second_sign_in_replaces_the_first(void **state)
{
    struct wire *wire = *state;
    scoped(association) struct association *first = sign_in(wire);
    scoped(association) struct association *second = sign_in(wire);
    assert_int_equal(send_message(wire, testing_signed(wire->arena, second, wire->message)),
                     GATE_PASS);
    assert_int_equal(send_message(wire, testing_signed(wire->arena, first, wire->message)),
                     GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.finding, FINDING_ASSOCIATION_ENDED);
}

static void test_endpoints_share_a_connection(void **state)
{
    struct wire *wire = *state;
    scoped(association) struct association *first = sign_in(wire);
    wire->message.epid = "other";
    wire->message.uuid = "4b1682a8-f968-5701-83fc-7c6741dc6697";
    scoped(association) struct association *second = sign_in(wire);
    assert_int_equal(send_message(wire, testing_signed(wire->arena, second, wire->message)),
                     GATE_PASS);
    struct testing_message usual = {0};
    assert_int_equal(send_message(wire, testing_signed(wire->arena, first, usual)), GATE_PASS);
    gate_forget(wire->gate, wire->verdict.association);
    assert_int_equal(send_message(wire, testing_signed(wire->arena, first, usual)), GATE_CHALLENGE);
}

/* ---- not signed ----------------------------------------------------------------------------- */

static void test_unsigned_messages(void **state)
{
    struct wire *wire = *state;
    static const struct {
        const char *method;
        int status;
        enum gate_action action;
    } cases[] = {
        {"REGISTER", 0, GATE_CHALLENGE},   {"SUBSCRIBE", 0, GATE_DISCONNECT},
        {"SERVICE", 0, GATE_DISCONNECT},   {"INVITE", 0, GATE_DISCONNECT},
        {"ACK", 0, GATE_IGNORE},           {"CANCEL", 0, GATE_IGNORE},
        {"NOTIFY", 200, GATE_IGNORE},      {"NEGOTIATE", 0, GATE_REFUSE},
        {"UNHEARDOF", 0, GATE_DISCONNECT},
    };
    for (int signed_in = 0; signed_in < 2; signed_in++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct testing_message m = {.method = cases[i].method, .status = cases[i].status};
            assert_int_equal(send_plain(wire, m), cases[i].action);
            assert_null(wire->verdict.association);
            assert_int_equal(wire->verdict.status != 0,
                             cases[i].action == GATE_CHALLENGE || cases[i].action == GATE_REFUSE);
        }
        scoped(association) struct association *client = sign_in(wire);
    }
}

static void test_other_schemes_are_offered_ours(void **state)
{
    struct wire *wire = *state;
    struct testing_message m = {.header = SLICE("Authorization"),
                                .value = SLICE("NTLM qop=\"auth\", gssapi-data=\"\", version=4")};
    assert_int_equal(send_plain(wire, m), GATE_CHALLENGE);
    m.value = SLICE("TLS-DSK qop=\"auth\", gssapi-data=\"\", version=4");
    assert_int_equal(send_plain(wire, m), GATE_CHALLENGE);
    assert_true(slice_absent(offered(wire).opaque));
}

static void test_reply(void **state)
{
    struct wire *wire = *state;
    struct sip_reply reply;
    send_plain(wire, wire->message);
    gate_reply(&wire->verdict, wire->arena, SLICE(TESTING_TARGET), &reply);
    assert_int_equal(reply.status, 401);
    assert_false(reply.no_answer);
    assert_true(slice_eq(reply.headers.first->name, SLICE("WWW-Authenticate")));
    send_plain(wire, (struct testing_message){.method = "SERVICE"});
    gate_reply(&wire->verdict, wire->arena, SLICE(TESTING_TARGET), &reply);
    assert_true(reply.no_answer);
}

/* ---- forged, replayed, late ---------------------------------------------------------------------
 */

static void test_replay_and_forgery(void **state)
{
    struct wire *wire = *state;
    scoped(association) struct association *client = sign_in(wire);
    struct testing_message service = {.method = "SERVICE", .cseq = 2};
    struct sip_message *m = testing_signed(wire->arena, client, service);
    assert_int_equal(send_message(wire, m), GATE_PASS);
    assert_int_equal(send_message(wire, m), GATE_DISCONNECT);
    assert_int_equal(wire->verdict.fault.finding, FINDING_MESSAGE_REPLAYED);

    static const struct {
        const char *method;
        int status;
        enum gate_action action;
    } cases[] = {{"REGISTER", 0, GATE_CHALLENGE},
                 {"SERVICE", 0, GATE_DISCONNECT},
                 {"ACK", 0, GATE_IGNORE},
                 {"NOTIFY", 200, GATE_IGNORE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct testing_message t = {.method = cases[i].method, .status = cases[i].status};
        struct sip_message *forged = testing_signed(wire->arena, client, t);
        forged->call_id = SLICE("another");
        assert_int_equal(send_message(wire, forged), cases[i].action);
        assert_int_equal(wire->verdict.fault.finding, FINDING_SIGNATURE_MISMATCH);
        assert_null(wire->verdict.association);
    }
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, service)), GATE_PASS);
}

static void test_last_strike_ends_the_connection(void **state)
{
    struct wire *wire = *state;
    scoped(association) struct association *client = sign_in(wire);
    for (int i = 1; i <= 8; i++) {
        struct sip_message *m = testing_signed(wire->arena, client, wire->message);
        m->call_id = SLICE("another");
        assert_int_equal(send_message(wire, m), i < 8 ? GATE_CHALLENGE : GATE_DISCONNECT);
    }
}

static void test_association_ends(void **state)
{
    struct wire *wire = *state;
    wire->directory.expires = TEST_NOW + 5000;
    scoped(association) struct association *client = sign_in(wire);
    wire->now += 4999;
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, wire->message)),
                     GATE_PASS);
    wire->now += 1;
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, wire->message)),
                     GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.finding, FINDING_ASSOCIATION_ENDED);
}

/* ---- somebody else ----------------------------------------------------------------------------
 */

static void test_one_user_cannot_speak_for_another(void **state)
{
    struct wire *wire = *state;
    scoped(association) struct association *client = sign_in(wire);
    struct testing_message m = {.method = "SERVICE", .user = "bob"};
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, m)), GATE_REFUSE);
    assert_int_equal(wire->verdict.status, 403);
    assert_int_equal(wire->verdict.fault.finding, FINDING_CLAIM_MISMATCH);
    assert_non_null(wire->verdict.association); /* the refusal is signed */
    m.method = "ACK";
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, m)), GATE_IGNORE);
    m = (struct testing_message){.epid = "000000000000"};
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, m)), GATE_REFUSE);
    assert_int_equal(wire->verdict.status, 400);
    assert_int_equal(wire->verdict.fault.finding, FINDING_ENDPOINT_ID_WRONG);
    m = (struct testing_message){.uuid = "4b1682a8-f968-5701-83fc-7c6741dc6697"};
    assert_int_equal(send_message(wire, testing_signed(wire->arena, client, m)), GATE_REFUSE);
}

static void test_association_of_another_connection(void **state)
{
    struct wire *wire = *state;
    scoped(association) struct association *client = sign_in(wire);
    scoped(gate) struct gate *other = gate_new(&wire->settings);
    gate_step(other, testing_signed(wire->arena, client, wire->message), wire->now, wire->arena,
              &wire->verdict);
    assert_int_equal(wire->verdict.action, GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.finding, FINDING_ASSOCIATION_ENDED);
}

static void test_what_the_directory_says(void **state)
{
    struct wire *wire = *state;
    static const struct {
        struct testing_directory directory;
        bool bind;
        enum gate_action action;
        int status;
        enum finding finding;
    } cases[] = {
        {{.err = ERR_UNKNOWN, .finding = FINDING_CERT_UNKNOWN},
         false,
         GATE_CHALLENGE,
         401,
         FINDING_CERT_UNKNOWN},
        {{.err = ERR_EXPIRED, .finding = FINDING_CERT_EXPIRED},
         false,
         GATE_CHALLENGE,
         401,
         FINDING_CERT_EXPIRED},
        {{.err = ERR_DENIED, .finding = FINDING_USER_DISABLED},
         false,
         GATE_REFUSE,
         403,
         FINDING_USER_DISABLED},
        {{.err = ERR_IO, .finding = FINDING_STORE_FAILED},
         false,
         GATE_REFUSE,
         503,
         FINDING_STORE_FAILED},
        {{.account = "bob@contoso.test"}, false, GATE_REFUSE, 403, FINDING_CLAIM_MISMATCH},
        {{.expires = TEST_NOW}, false, GATE_CHALLENGE, 401, FINDING_CERT_EXPIRED},
        {{.device = "4b1682a8-f968-5701-83fc-7c6741dc6697"},
         true,
         GATE_REFUSE,
         403,
         FINDING_CLAIM_MISMATCH},
        {{.device = "4b1682a8-f968-5701-83fc-7c6741dc6697"},
         false,
         GATE_CHALLENGE,
         401,
         FINDING_NONE},
        {{.account = "ALICE@Contoso.test"}, false, GATE_CHALLENGE, 401, FINDING_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct challenge challenge;
        struct slice token;
        wire->directory = cases[i].directory;
        wire->settings.bind_device = cases[i].bind;
        wire->settings.strikes_max = 100;
        scoped(tlsdsk) struct tlsdsk *client = up_to_last_token(wire, &challenge, &token);
        send_token(wire, &challenge, token);
        assert_int_equal(work(wire), cases[i].action);
        assert_int_equal(wire->verdict.status, cases[i].status);
        assert_int_equal(wire->verdict.fault.finding, cases[i].finding);
        /* A refusal begins anew, success hands over the server's Finished. */
        if (cases[i].action == GATE_CHALLENGE)
            assert_int_equal(slice_absent(offered(wire).opaque), cases[i].finding != FINDING_NONE);
    }
}

/* ---- handshakes out of order -------------------------------------------------------------------
 */

static void test_tokens_out_of_order(void **state)
{
    struct wire *wire = *state;
    struct challenge challenge;
    struct slice token;
    scoped(tlsdsk) struct tlsdsk *client = up_to_last_token(wire, &challenge, &token);
    struct challenge stranger = challenge;
    stranger.opaque = SLICE("00000000");
    assert_int_equal(send_token(wire, &stranger, token), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.err, -ERR_CONFLICT);
    stranger = challenge;
    stranger.targetname = SLICE("evil.test");
    assert_int_equal(send_token(wire, &stranger, token), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.finding, FINDING_TLSDSK_HANDSHAKE);
    wire->message.user = "bob"; /* takes over alice's handshake */
    assert_int_equal(send_token(wire, &challenge, token), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.err, -ERR_CONFLICT);
    wire->message.user = NULL;
    assert_int_equal(send_token(wire, &challenge, token), GATE_HANDSHAKE);
    struct gate_work *first = wire->verdict.work;
    assert_int_equal(send_token(wire, &challenge, token), GATE_CHALLENGE); /* while working */
    wire->verdict = (struct gate_verdict){.action = GATE_HANDSHAKE, .work = first};
    assert_int_equal(work(wire), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.err, 0);
    assert_int_equal(send_token(wire, &challenge, token), GATE_CHALLENGE); /* it is over */
    assert_int_equal(wire->verdict.fault.err, -ERR_CONFLICT);
}

static void test_garbage_tokens(void **state)
{
    struct wire *wire = *state;
    const struct challenge challenge = {.scheme = AUTH_TLS_DSK,
                                        .version = 4,
                                        .realm = SLICE(AUTH_REALM),
                                        .targetname = SLICE(TESTING_TARGET)};
    assert_int_equal(send_token(wire, &challenge, SLICE("GET / HTTP/1.1\r\n\r\n")), GATE_HANDSHAKE);
    assert_int_equal(work(wire), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.finding, FINDING_TLSDSK_HANDSHAKE);
    assert_true(slice_absent(offered(wire).opaque));
    struct testing_message m = {
        .header = SLICE("Authorization"),
        .value = SLICE("TLS-DSK qop=\"auth\", realm=\"SIP Communications Service\", "
                       "targetname=\"fe01.contoso.test\", gssapi-data=\"%%%%\", version=4")};
    assert_int_equal(send_plain(wire, m), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.err, -ERR_MALFORMED);
    wire->message.epid = "an-epid-of-more-than-sixty-four-characters-is-nothing-that-we-keep-1";
    assert_int_equal(send_token(wire, &challenge, SLICE("x")), GATE_REFUSE);
    assert_int_equal(wire->verdict.status, 400);
}

static void test_handshake_times_out(void **state)
{
    struct wire *wire = *state;
    struct challenge challenge;
    struct slice token;
    scoped(tlsdsk) struct tlsdsk *client = up_to_last_token(wire, &challenge, &token);
    wire->now += 60000;
    assert_int_equal(send_token(wire, &challenge, token), GATE_CHALLENGE);
    assert_int_equal(wire->verdict.fault.err, -ERR_CONFLICT);
}

static void test_limit_of_handshakes(void **state)
{
    struct wire *wire = *state;
    static const char *const epids[] = {"1", "2", "3", "4", "5"};
    const struct challenge challenge = {.scheme = AUTH_TLS_DSK,
                                        .version = 4,
                                        .realm = SLICE(AUTH_REALM),
                                        .targetname = SLICE(TESTING_TARGET)};
    struct gate_work *works[4];
    for (size_t i = 0; i < 5; i++) {
        wire->message.epid = epids[i];
        assert_int_equal(send_token(wire, &challenge, SLICE("x")),
                         i < 4 ? GATE_HANDSHAKE : GATE_CHALLENGE);
        if (i < 4)
            works[i] = wire->verdict.work;
    }
    assert_int_equal(wire->verdict.fault.err, -ERR_BUSY);
    for (size_t i = 0; i < 4; i++) /* as when the connection is gone */
        gate_work_free(works[i]);
}

static void test_limit_of_associations(void **state)
{
    struct wire *wire = *state;
    wire->settings.associations_max = 2;
    struct association *clients[3];
    static const char *const epids[] = {"1", "2", "3"};
    for (size_t i = 0; i < 3; i++) {
        wire->message.epid = epids[i];
        clients[i] = sign_in(wire);
    }
    for (size_t i = 0; i < 3; i++) {
        wire->message.epid = epids[i];
        assert_int_equal(send_message(wire, testing_signed(wire->arena, clients[i], wire->message)),
                         i == 0 ? GATE_CHALLENGE : GATE_PASS);
        association_free(clients[i]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sign_in),
        TEST(test_second_sign_in_replaces_the_first),
        TEST(test_endpoints_share_a_connection),
        TEST(test_unsigned_messages),
        TEST(test_other_schemes_are_offered_ours),
        TEST(test_reply),
        TEST(test_replay_and_forgery),
        TEST(test_last_strike_ends_the_connection),
        TEST(test_association_ends),
        TEST(test_one_user_cannot_speak_for_another),
        TEST(test_association_of_another_connection),
        TEST(test_what_the_directory_says),
        TEST(test_tokens_out_of_order),
        TEST(test_garbage_tokens),
        TEST(test_handshake_times_out),
        TEST(test_limit_of_handshakes),
        TEST(test_limit_of_associations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
