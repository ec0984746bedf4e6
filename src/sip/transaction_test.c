#include "sip/transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[512];

/* A message with just what transactions look at. */
static struct sip_message *message(const char *start, const char *via, const char *cseq)
{
    static struct sip_message m;
    struct fault fault;
    snprintf(text, sizeof text,
             "%s\r\nVia: SIP/2.0/TLS %s\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\n"
             "CSeq: %s\r\n\r\n",
             start, via, cseq);
    if (sip_parse(&m, slice_of(text), &fault) != 0)
        fail_msg("%s", fault.detail);
    return &m;
}

struct fixture {
    struct sip_transactions *table;
    int expired;
    void *user;
};

static void on_expired(void *arg, enum sip_method method, void *user)
{
    struct fixture *f = arg;
    (void)method;
    f->expired++;
    f->user = user;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.table = sip_transactions_new(4)};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sip_transactions_free(f->table);
    return 0;
}

static void test_client(void **state)
{
    struct fixture *f = *state;
    int me;
    struct slice branch = SLICE("z9hG4bKb"), method = SLICE("REGISTER");
    assert_int_equal(sip_client_sent(f->table, branch, method, 0, 0, &me, NULL), 0);
    assert_int_equal(sip_client_sent(f->table, branch, method, 0, 0, &me, NULL), -ERR_CONFLICT);
    struct sip_answer a = sip_client_received(
        f->table, message("SIP/2.0 200 OK", "h;branch=z9hG4bKb", "1 NOTIFY"), 0);
    assert_false(a.known);
    a = sip_client_received(f->table, message("SIP/2.0 200 OK", "h;branch=other", "1 REGISTER"), 0);
    assert_false(a.known);
    a = sip_client_received(f->table, message("SIP/2.0 100 T", "h;branch=z9hG4bKb", "1 REGISTER"),
                            0);
    assert_true(a.known && !a.final && a.user == &me);
    a = sip_client_received(f->table, message("SIP/2.0 401 U", "h;branch=z9hG4bKb", "1 REGISTER"),
                            0);
    assert_true(a.known && a.final && !a.send_ack && a.user == &me);
    a = sip_client_received(f->table, message("SIP/2.0 401 U", "h;branch=z9hG4bKb", "1 REGISTER"),
                            0);
    assert_false(a.known);
    assert_int_equal(sip_transactions_count(f->table), 0);
}

static void test_client_timeout(void **state)
{
    struct fixture *f = *state;
    int me;
    assert_int_equal(sip_transactions_deadline(f->table), INT64_MAX);
    sip_client_sent(f->table, SLICE("b1"), SLICE("REGISTER"), 1000, 60000, &me, NULL);
    sip_client_sent(f->table, SLICE("b2"), SLICE("INVITE"), 1000, 0, NULL, NULL);
    assert_int_equal(sip_transactions_deadline(f->table), 33000);
    /* A phone that rings has all the time it wants. */
    sip_client_received(f->table, message("SIP/2.0 180 R", "h;branch=b2", "1 INVITE"), 2000);
    sip_transactions_expire(f->table, 60999, on_expired, f);
    assert_int_equal(f->expired, 0);
    sip_transactions_expire(f->table, 61000, on_expired, f);
    assert_int_equal(f->expired, 1);
    assert_ptr_equal(f->user, &me);
    assert_int_equal(sip_transactions_count(f->table), 1);
}

static void test_client_invite(void **state)
{
    struct fixture *f = *state;
    struct sip_answer a;
    sip_client_sent(f->table, SLICE("b1"), SLICE("INVITE"), 0, 0, NULL, NULL);
    a = sip_client_received(f->table, message("SIP/2.0 486 B", "h;branch=b1", "1 INVITE"), 0);
    assert_true(a.final && a.send_ack);
    sip_client_sent(f->table, SLICE("b2"), SLICE("INVITE"), 0, 0, NULL, NULL);
    a = sip_client_received(f->table, message("SIP/2.0 200 OK", "h;branch=b2", "1 INVITE"), 5);
    assert_true(a.final && !a.repeated && !a.send_ack);
    a = sip_client_received(f->table, message("SIP/2.0 200 OK", "h;branch=b2", "1 INVITE"), 6);
    assert_true(a.known && a.repeated);
    a = sip_client_received(f->table, message("SIP/2.0 180 R", "h;branch=b2", "1 INVITE"), 6);
    assert_false(a.known);
    sip_transactions_expire(f->table, SIP_TIMEOUT_MS + 5, on_expired, f);
    assert_int_equal(f->expired, 0);
    assert_int_equal(sip_transactions_count(f->table), 0);
}

static void test_server(void **state)
{
    struct fixture *f = *state;
    struct sip_transaction *tx, *again;
    const char *start = "REGISTER sip:b SIP/2.0", *via = "h:1;branch=z9hG4bK7";
    assert_int_equal(sip_server_received(f->table, message(start, via, "1 REGISTER"), 0, &tx),
                     SIP_ARRIVAL_NEW);
    assert_int_equal(sip_transaction_state(tx), SIP_TX_PROCEEDING);
    assert_int_equal(sip_server_received(f->table, message(start, via, "1 REGISTER"), 0, &again),
                     SIP_ARRIVAL_REPEATED);
    assert_ptr_equal(tx, again);
    sip_transaction_set_user(tx, f);
    assert_int_equal(
        sip_server_received(f->table, message("CANCEL sip:b SIP/2.0", via, "1 CANCEL"), 0, &again),
        SIP_ARRIVAL_CANCEL);
    assert_ptr_equal(sip_transaction_user(again), f);
    sip_server_replied(f->table, tx, 100, 0);
    sip_server_replied(f->table, tx, 200, 0);
    assert_int_equal(sip_transactions_count(f->table), 0);
    assert_int_equal(
        sip_server_received(f->table, message("CANCEL sip:b SIP/2.0", via, "1 CANCEL"), 0, &again),
        SIP_ARRIVAL_CANCEL_UNKNOWN);
}

/* Lync's Via has no branch. */
static void test_server_without_branch(void **state)
{
    struct fixture *f = *state;
    struct sip_transaction *tx;
    const char *start = "REGISTER sip:b SIP/2.0";
    assert_int_equal(sip_server_received(f->table, message(start, "h:1", "1 REGISTER"), 0, &tx),
                     SIP_ARRIVAL_NEW);
    assert_int_equal(sip_server_received(f->table, message(start, "h:1", "1 REGISTER"), 0, &tx),
                     SIP_ARRIVAL_REPEATED);
    assert_int_equal(sip_server_received(f->table, message(start, "h:1", "2 REGISTER"), 0, &tx),
                     SIP_ARRIVAL_NEW);
}

static void test_server_invite(void **state)
{
    struct fixture *f = *state;
    struct sip_transaction *tx;
    const char *invite = "INVITE sip:b SIP/2.0", *ack = "ACK sip:b SIP/2.0";
    const char *via = "h;branch=z9hG4bK8";
    sip_server_received(f->table, message(invite, via, "1 INVITE"), 0, &tx);
    sip_server_replied(f->table, tx, 480, 0);
    assert_int_equal(sip_transactions_deadline(f->table), SIP_TIMEOUT_MS);
    assert_int_equal(sip_server_received(f->table, message(ack, via, "1 ACK"), 1, &tx),
                     SIP_ARRIVAL_ACK);
    assert_int_equal(sip_transactions_count(f->table), 0);
    sip_server_received(f->table, message(invite, via, "1 INVITE"), 0, &tx);
    sip_server_replied(f->table, tx, 200, 0);
    assert_int_equal(sip_server_received(f->table, message(ack, via, "1 ACK"), 1, &tx),
                     SIP_ARRIVAL_ACK_2XX);
    assert_int_equal(sip_server_received(f->table, message(invite, via, "1 INVITE"), 0, &tx),
                     SIP_ARRIVAL_REPEATED);
    sip_transactions_expire(f->table, SIP_TIMEOUT_MS, on_expired, f);
    assert_int_equal(f->expired, 0);
    assert_int_equal(sip_transactions_count(f->table), 0);
}

static void test_limit(void **state)
{
    struct fixture *f = *state;
    struct sip_transaction *tx;
    char cseq[32];
    for (int i = 0; i < 4; i++) {
        snprintf(cseq, sizeof cseq, "%d INFO", i);
        assert_int_equal(
            sip_server_received(f->table, message("INFO sip:b SIP/2.0", "h", cseq), 0, &tx),
            SIP_ARRIVAL_NEW);
    }
    assert_int_equal(
        sip_server_received(f->table, message("INFO sip:b SIP/2.0", "h", "9 INFO"), 0, &tx),
        SIP_ARRIVAL_FULL);
    assert_int_equal(sip_client_sent(f->table, SLICE("b"), SLICE("BYE"), 0, 0, NULL, NULL),
                     -ERR_LIMIT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_client), TEST(test_client_timeout),        TEST(test_client_invite),
        TEST(test_server), TEST(test_server_without_branch), TEST(test_server_invite),
        TEST(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
