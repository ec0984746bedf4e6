/* The parser, and the operations as they answer hostile packets: no process here. */
#include "base/random.h"
#include "vault/worker_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct packet {
    char bytes[WIRE_MAX];
    size_t len;
};

static struct slice packet_slice(const struct packet *packet)
{
    return slice_make(packet->bytes, packet->len);
}

static struct packet printed(const struct vault_request *request)
{
    struct packet packet;
    struct fault fault = {0};
    if (wire_print_request(request, packet.bytes, &packet.len, &fault) != 0)
        fail_msg("%s", fault.detail);
    return packet;
}

static struct packet password_packet(void)
{
    return printed(&(struct vault_request){
        .op = OP_PASSWORD_CHECK, .id = 0xdeadbeef, .password = {SLICE("12"), SLICE("secret")}});
}

static void test_round_trip(void **state)
{
    (void)state;
    struct vault_request back;
    struct packet packet = password_packet();
    assert_int_equal(wire_parse_request(packet_slice(&packet), &back, NULL), 0);
    assert_int_equal(back.op, OP_PASSWORD_CHECK);
    assert_int_equal(back.id, 0xdeadbeef);
    assert_true(slice_eq(back.password.key, SLICE("12")));
    assert_true(slice_eq(back.password.password, SLICE("secret")));

    struct vault_request issue = {.op = OP_CERTIFICATE_ISSUE,
                                  .issue = {.public_key = SLICE("key"),
                                            .common_name = SLICE("a@b"),
                                            .sip_uri = SLICE("sip:a@b"),
                                            .not_before = -1,
                                            .not_after = INT64_MAX}};
    packet = printed(&issue);
    assert_int_equal(wire_parse_request(packet_slice(&packet), &back, NULL), 0);
    assert_true(back.issue.not_before == -1 && back.issue.not_after == INT64_MAX);
    assert_int_equal(back.issue.serial.len, 0);
}

static void test_reply_round_trip(void **state)
{
    (void)state;
    struct packet packet;
    struct vault_reply back;
    struct vault_reply refusal = {.op = OP_SEAL,
                                  .id = 7,
                                  .err = -ERR_DENIED,
                                  .finding = FINDING_CSR_WEAK_KEY,
                                  .detail = SLICE("why")};
    assert_int_equal(wire_print_reply(&refusal, packet.bytes, &packet.len, NULL), 0);
    assert_int_equal(wire_parse_reply(packet_slice(&packet), &back, NULL), 0);
    assert_int_equal(back.err, -ERR_DENIED);
    assert_int_equal(back.finding, FINDING_CSR_WEAK_KEY);
    assert_true(slice_eq(back.detail, SLICE("why")));
    packet.bytes[3] = 99; /* an error that does not exist */
    assert_int_equal(wire_parse_reply(packet_slice(&packet), &back, NULL), -ERR_MALFORMED);
    packet.bytes[3] = ERR_DENIED;
    packet.bytes[8] = 99; /* a finding that does not exist */
    assert_int_equal(wire_parse_reply(packet_slice(&packet), &back, NULL), -ERR_MALFORMED);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct vault_request back;
    struct packet packet = password_packet();
    for (size_t len = 0; len < packet.len; len++)
        assert_true(wire_parse_request(slice_make(packet.bytes, len), &back, NULL) < 0);
    packet.bytes[packet.len++] = 0;
    assert_int_equal(wire_parse_request(packet_slice(&packet), &back, NULL), -ERR_MALFORMED);
}

static void test_lengths_are_limited(void **state)
{
    (void)state;
    char big[VAULT_SIGN_MAX + 1];
    memset(big, 'x', sizeof big);
    struct packet packet;
    struct vault_request back;
    struct fault fault = {0};
    assert_int_equal(
        wire_print_request(
            &(struct vault_request){.op = OP_TOKEN_SIGN, .sign = slice_make(big, sizeof big)},
            packet.bytes, &packet.len, &fault),
        -ERR_LIMIT);
    assert_int_equal(wire_print_request(
                         &(struct vault_request){
                             .op = OP_PASSWORD_SET,
                             .password = {SLICE("1"), slice_make(big, VAULT_PASSWORD_MAX + 1)}},
                         packet.bytes, &packet.len, &fault),
                     -ERR_LIMIT);
    assert_null(strstr(fault.detail, "xx")); /* no password in a fault */
    assert_int_equal(
        wire_print_request(
            &(struct vault_request){.op = OP_PASSWORD_SET, .password = {SLICE("1"), SLICE("")}},
            packet.bytes, &packet.len, NULL),
        -ERR_LIMIT);
    /* A length that claims far more than there is. */
    packet = password_packet();
    memset(packet.bytes + WIRE_HEADER, 0xff, 4);
    assert_int_equal(wire_parse_request(packet_slice(&packet), &back, NULL), -ERR_LIMIT);
    packet.bytes[1] = (char)OP_COUNT;
    assert_int_equal(wire_parse_request(packet_slice(&packet), &back, NULL), -ERR_MALFORMED);
    packet.bytes[1] = OP_PASSWORD_CHECK;
    packet.bytes[0] = WIRE_VERSION + 1;
    assert_int_equal(wire_parse_request(packet_slice(&packet), &back, NULL), -ERR_MALFORMED);
}

/* A packet that cannot be read is answered under its own id, and nothing is done. */
static void test_hostile_packets_are_answered(void **state)
{
    (void)state;
    struct vault_shared *shared = must_calloc(1, sizeof *shared);
    struct vault_worker *worker = must_calloc(1, sizeof *worker);
    worker->shared = shared;
    struct packet packet = password_packet(), answer;
    struct vault_reply reply;
    answer.len = vault_answer(worker, slice_make(packet.bytes, packet.len - 1), answer.bytes);
    assert_int_equal(wire_parse_reply(packet_slice(&answer), &reply, NULL), 0);
    assert_int_equal(reply.err, -ERR_MALFORMED);
    assert_int_equal(reply.id, 0xdeadbeef);
    assert_int_equal(atomic_load(&shared->hashes), 0);
    answer.len = vault_answer(worker, SLICE("\x01"), answer.bytes);
    assert_int_equal(wire_parse_reply(packet_slice(&answer), &reply, NULL), 0);
    assert_int_equal(reply.err, -ERR_MALFORMED);
    char *huge = must_calloc(1, WIRE_MAX + 1);
    memcpy(huge, packet.bytes, WIRE_HEADER);
    answer.len = vault_answer(worker, slice_make(huge, WIRE_MAX + 1), answer.bytes);
    assert_int_equal(wire_parse_reply(packet_slice(&answer), &reply, NULL), 0);
    assert_int_equal(reply.err, -ERR_LIMIT);
    free(huge);
    free(worker);
    free(shared);
}

static void test_answers_are_wiped(void **state)
{
    (void)state;
    struct vault_shared *shared = must_calloc(1, sizeof *shared);
    struct vault_worker *worker = must_calloc(1, sizeof *worker);
    worker->shared = shared;
    random_fill(shared->keys.seal, SEAL_KEY_LEN);
    struct packet answer;
    struct vault_reply reply;
    struct packet packet = printed(
        &(struct vault_request){.op = OP_SEAL, .seal = {SLICE("test"), SLICE("proof-key-bytes")}});
    answer.len = vault_answer(worker, packet_slice(&packet), answer.bytes);
    assert_int_equal(wire_parse_reply(packet_slice(&answer), &reply, NULL), 0);
    struct packet sealed =
        printed(&(struct vault_request){.op = OP_OPEN, .seal = {SLICE("test"), reply.bytes}});
    answer.len = vault_answer(worker, packet_slice(&sealed), answer.bytes);
    assert_int_equal(wire_parse_reply(packet_slice(&answer), &reply, NULL), 0);
    assert_true(slice_eq(reply.bytes, SLICE("proof-key-bytes")));
    /* The secret went out; inside, nothing of it is left. */
    assert_int_equal(worker->scratch.used, 0);
    assert_int_equal(
        slice_find(slice_make(worker->scratch.bytes, WIRE_MAX), SLICE("proof-key-bytes")), -1);
    free(worker);
    free(shared);
}

static void test_seal_binds_kind_and_purpose(void **state)
{
    (void)state;
    unsigned char key[SEAL_KEY_LEN] = {1};
    char sealed[64], opened[64];
    size_t len = 0;
    const struct slice bytes = SLICE("hello");
    const struct slice whole = {sealed, 5 + VAULT_SEAL_MORE};
    assert_int_equal(seal_close(key, SEAL_FOR_CLIENT, SLICE("a"), bytes, sealed, NULL), 0);
    assert_int_equal(seal_open(key, SEAL_FOR_CLIENT, SLICE("a"), whole, opened, &len, NULL), 0);
    assert_true(slice_eq(slice_make(opened, len), bytes));
    assert_int_equal(seal_open(key, SEAL_FOR_CLIENT, SLICE("b"), whole, opened, &len, NULL),
                     -ERR_FORGED);
    assert_int_equal(seal_open(key, SEAL_FOR_PASSWORD, SLICE("a"), whole, opened, &len, NULL),
                     -ERR_FORGED);
    for (size_t i = 0; i < whole.len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(seal_open(key, SEAL_FOR_CLIENT, SLICE("a"), whole, opened, &len, NULL),
                         -ERR_FORGED);
        sealed[i] ^= 1;
        assert_int_equal(
            seal_open(key, SEAL_FOR_CLIENT, SLICE("a"), slice_head(whole, i), opened, &len, NULL),
            -ERR_FORGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_reply_round_trip),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_lengths_are_limited),
        cmocka_unit_test(test_hostile_packets_are_answered),
        cmocka_unit_test(test_answers_are_wiped),
        cmocka_unit_test(test_seal_binds_kind_and_purpose),
    };
    return cmocka_run_group_tests_name("vault/wire", tests, NULL, NULL);
}
