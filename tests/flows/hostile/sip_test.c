/* Bad SIP: framing and grammar, messages nobody serves, and crowds. */
#include "town.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    *state = town_new(NULL, 0, true);
    return 0;
}

/* ---- messages that end the connection ------------------------------------------------ */

#define FROM_TO                                                                                    \
    "Via: SIP/2.0/TLS 127.0.0.1:5000;branch=z9hG4bK1\r\nFrom: <sip:alice@contoso.test>;tag=1\r\n"  \
    "To: <sip:alice@contoso.test>\r\nCall-ID: 1\r\n"
#define START "REGISTER sip:contoso.test SIP/2.0\r\n"

static const struct {
    const char *message;
    int status; /* 0: too broken for an answer */
    const char *finding;
} bad[] = {
    {"GARBAGE GARBAGE GARBAGE\r\n\r\n", 0, "sip-malformed"},
    {"REGISTER sip:contoso.test SIP/9.0\r\n\r\n", 0, "sip-malformed"},
    {START "this line has no colon\r\n\r\n", 0, "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nContent-Length: -1\r\n\r\n", 0, "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 0,
     "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nContent-Length: 99999999999\r\n\r\n", 0, "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nContent-Length: 2000000\r\n\r\n", 0, "sip-too-large"},
    {START FROM_TO "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", 400, "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nContact: <sip:unclosed\r\nContent-Length: 0\r\n\r\n", 400,
     "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nExpires: soon\r\nContent-Length: 0\r\n\r\n", 400,
     "sip-malformed"},
    {START FROM_TO "CSeq: 1 REGISTER\r\nFrom: <sip:bob@contoso.test>\r\nContent-Length: 0\r\n\r\n",
     400, "sip-malformed"},
};

static void bad_messages_end_their_connection(void **state)
{
    struct town *town = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scoped(wire) struct wire *wire = town_sip(town);
        struct sip_client client;
        off_t mark = lab_server_log_mark(town->lab);
        sip_client_init(&client, wire, &town->alice);
        int status = sip_client_exchange(&client, slice_of(bad[i].message));
        if (status != (bad[i].status ? bad[i].status : -1))
            fail_msg("%s: %d", bad[i].message, status);
        assert_true(wire_ends(wire));
        assert_true(lab_server_logged(town->lab, mark, bad[i].finding, NULL));
        sip_client_fini(&client);
    }
}

static void a_head_without_end(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town), *lines = town_sip(town);
    scoped(buf) struct buf head = BUF_INIT;
    buf_add_string(&head, START "Subject: ");
    while (head.len < 40000)
        buf_add_string(&head, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    wire_write(wire, buf_slice(&head));
    assert_true(wire_ends(wire));
    assert_logged(town, "sip-too-large", NULL);
    /* More headers than are taken, though within the bytes: that much can be answered. */
    struct sip_client client;
    buf_clear(&head);
    buf_add_string(&head, START FROM_TO "CSeq: 1 REGISTER\r\n");
    for (int i = 0; i < 200; i++)
        buf_add_string(&head, "A: b\r\n");
    buf_add_string(&head, "Content-Length: 0\r\n\r\n");
    sip_client_init(&client, lines, &town->alice);
    assert_int_equal(sip_client_exchange(&client, buf_slice(&head)), 513);
    sip_client_fini(&client);
}

/* ---- slow but right ---------------------------------------------------------------------- */

static void a_byte_at_a_time(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town);
    struct sip_client client;
    sip_client_init(&client, wire, &town->alice);
    struct slice message = sip_client_plain(&client, NULL);
    for (size_t i = 0; i < message.len; i++)
        assert_true(wire_write(wire, slice_make(message.at + i, 1)));
    assert_int_equal(sip_client_receive(&client), 401);
    sip_client_fini(&client);
}

static void several_at_once(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town);
    scoped(buf) struct buf all = BUF_INIT;
    struct sip_client client;
    sip_client_init(&client, wire, &town->alice);
    for (int i = 0; i < 5; i++) {
        buf_add(&all, sip_client_plain(&client, NULL));
        buf_add_string(&all, "\r\n\r\n"); /* and keep-alives between them */
    }
    assert_true(wire_write(wire, buf_slice(&all)));
    for (uint32_t i = 1; i <= 5; i++) {
        assert_int_equal(sip_client_receive(&client), 401);
        assert_int_equal(client.message.cseq, i);
    }
    sip_client_fini(&client);
}

static void keepalives_alone(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town);
    struct sip_client client;
    sip_client_init(&client, wire, &town->alice);
    for (int i = 0; i < 1000; i++)
        assert_true(wire_write(wire, SLICE("\r\n\r\n")));
    assert_int_equal(sip_client_sign_in(&client), 200);
    assert_true(wire_write(wire, SLICE("\r\n\r\n")));
    assert_int_equal(sip_client_exchange(&client, sip_client_signed(&client, NULL)), 200);
    sip_client_fini(&client);
}

/* ---- requests that are refused ------------------------------------------------------------ */

static void requests_before_signing_in(void **state)
{
    struct town *town = *state;
    static const enum sip_method methods[] = {SIP_SUBSCRIBE, SIP_SERVICE, SIP_INVITE, SIP_MESSAGE,
                                              SIP_OPTIONS,   SIP_BYE,     SIP_PUBLISH};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        scoped(wire) struct wire *wire = town_sip(town);
        struct sip_client client;
        off_t mark = lab_server_log_mark(town->lab);
        sip_client_init(&client, wire, &town->alice);
        struct sip_client_ask ask = {.method = methods[i]};
        assert_int_equal(sip_client_exchange(&client, sip_client_plain(&client, &ask)), -1);
        assert_true(wire->ended);
        assert_true(lab_server_logged(town->lab, mark, "authentication-needed", "sip.disconnect"));
        sip_client_fini(&client);
    }
}

static void negotiate_is_405(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town);
    struct sip_client client;
    struct sip_client_ask ask = {.method = SIP_NEGOTIATE};
    sip_client_init(&client, wire, &town->alice);
    assert_int_equal(sip_client_exchange(&client, sip_client_plain(&client, &ask)), 405);
    assert_logged(town, "sip-method-not-served", "status=405");
    assert_int_equal(sip_client_sign_in(&client), 200);
    sip_client_fini(&client);
}

static const struct {
    enum sip_method method;
    const char *event;
    int status;
    const char *finding;
} unserved[] = {
    {SIP_SUBSCRIBE, "dialog", 489, "event-package-not-served"},
    {SIP_SERVICE, NULL, 501, "service-not-served"},
    {SIP_PUBLISH, NULL, 405, "sip-method-not-served"},
    {SIP_OPTIONS, NULL, 200, NULL},
};

static void signed_requests_get_signed_refusals(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_sip(town);
    struct sip_client client;
    sip_client_init(&client, wire, &town->alice);
    assert_int_equal(sip_client_sign_in(&client), 200);
    for (size_t i = 0; i < sizeof unserved / sizeof *unserved; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        struct sip_client_ask ask = {.method = unserved[i].method,
                                     .content_type = SLICE("text/plain"),
                                     .body = SLICE("hello")};
        if (unserved[i].event) {
            ask.name = SLICE("Event");
            ask.value = slice_of(unserved[i].event);
        }
        int status = sip_client_exchange(&client, sip_client_signed(&client, &ask));
        if (status != unserved[i].status)
            fail_msg("row %zu: %d", i, status);
        assert_true(sip_client_trusts(&client));
        if (unserved[i].finding)
            assert_true(lab_server_logged(town->lab, mark, unserved[i].finding, "user=sip:" ALICE));
    }
    /* All that did not shake the registration. */
    assert_int_equal(sip_client_exchange(&client, sip_client_signed(&client, NULL)), 200);
    sip_client_fini(&client);
}

/* ---- crowds ------------------------------------------------------------------------------------
 */

static void thousands_of_registers_without_credentials(void **state)
{
    struct town *town = *state;
    enum {
        BATCH = 50,
        BATCHES = 60
    };
    scoped(wire) struct wire *wire = town_sip(town);
    struct sip_client client;
    sip_client_init(&client, wire, &town->alice);
    for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < BATCH; i++)
            assert_true(wire_write(wire, sip_client_plain(&client, NULL)));
        for (int i = 0; i < BATCH; i++)
            assert_int_equal(sip_client_receive(&client), 401);
    }
    assert_int_equal(sip_client_sign_in(&client), 200);
    sip_client_fini(&client);
}

static void half_open_connections(void **state)
{
    struct town *town = *state;
    enum {
        CROWD = 200
    };
    struct wire *crowd[CROWD];
    struct sip_client client;
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = wire_open(i % 2 ? town->lab->sip : town->lab->https, NULL, NULL, NULL);
        assert_non_null(crowd[i]);
        if (i % 3 == 0)
            wire_write(crowd[i], SLICE("\x16\x03\x01")); /* the beginning of a handshake */
    }
    scoped(wire) struct wire *wire = town_sip(town);
    sip_client_init(&client, wire, &town->alice);
    assert_int_equal(sip_client_sign_in(&client), 200);
    sip_client_fini(&client);
    for (int i = 0; i < CROWD; i++)
        wire_close(crowd[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(bad_messages_end_their_connection),
        HOSTILE(a_head_without_end),
        HOSTILE(a_byte_at_a_time),
        HOSTILE(several_at_once),
        HOSTILE(keepalives_alone),
        HOSTILE(requests_before_signing_in),
        HOSTILE(negotiate_is_405),
        HOSTILE(signed_requests_get_signed_refusals),
        HOSTILE(thousands_of_registers_without_credentials),
        HOSTILE(half_open_connections),
    };
    return cmocka_run_group_tests_name("hostile/sip", tests, setup, town_close);
}
