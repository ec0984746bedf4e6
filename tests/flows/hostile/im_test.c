/* Messages between endpoints, abused: to nobody, in another's name, in floods, with guessed
 * answers; and an endpoint that never reads what it is sent. */
#include "town.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    struct town *town = town_new(NULL, 0, true);
    assert_int_equal(lab_server_user(town->lab, "carol@" LAB_DOMAIN, "correct horse"), 0);
    *state = town;
    return 0;
}

static void come(struct town *town, struct wire *wire, struct sip_client *client)
{
    sip_client_init(client, wire, &town->alice);
    assert_int_equal(sip_client_sign_in(client), 200);
}

/* ---- one at a time ------------------------------------------------------------------------ */

static const struct {
    struct sip_client_ask ask;
    int status;
    const char *finding;
} wrongs[] = {
    {{.method = SIP_MESSAGE, .to = "nobody@contoso.test"}, 404, "no-such-user"},
    {{.method = SIP_INVITE, .to = "nobody@contoso.test"}, 404, "no-such-user"},
    {{.method = SIP_MESSAGE, .to = "carol@contoso.test"}, 480, "not-signed-in"},
    {{.method = SIP_INVITE, .to = "carol@contoso.test"}, 480, "not-signed-in"},
    {{.method = SIP_BYE, .to = "carol@contoso.test", .to_tag = "1"}, 480, "not-signed-in"},
    {{.method = SIP_MESSAGE, .to = "bob@fabrikam.test"}, 404, "no-such-address"},
    {{.method = SIP_INVITE, .uri = "tel:+15550100", .to = BOB}, 404, "no-such-address"},
    {{.method = SIP_INVITE, .uri = "sip:contoso.test", .to = BOB}, 404, "no-such-address"},
    {{.method = SIP_MESSAGE, .uri = "sip:" BOB ";gruu;opaque=user:epid:AAAA", .to = BOB},
     404,
     "no-such-address"},
    {{.method = SIP_MESSAGE, .from = BOB, .to = ALICE}, 403, "claim-mismatch"},
    {{.method = SIP_INVITE, .from = BOB, .to = BOB}, 403, "claim-mismatch"},
    {{.method = SIP_NOTIFY,
      .to = BOB,
      .lines = "Event: registration-notify\nSubscription-State: terminated\n",
      .content_type = {"text/registration-event", 23},
      .body = {"deregistered;event=rejected", 27}},
     489,
     "notification-not-passed-on"},
    {{.method = SIP_NOTIFY, .to = BOB, .lines = "Event: presence\n"},
     489,
     "notification-not-passed-on"},
    {{.method = SIP_CANCEL, .to = BOB}, 481, "nothing-to-cancel"},
    {{.method = SIP_CANCEL, .to = BOB, .call_id = "another's"}, 481, "nothing-to-cancel"},
};

/* Nothing of it reaches bob, whose next message is to be the answer to his own. */
static void wrong_messages_are_refused_by_name(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    scoped(wire) struct wire *wire = town_sip(town);
    come(town, wire, &client);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        int status = sip_client_ask(&client, &wrongs[i].ask);
        if (status != wrongs[i].status)
            fail_msg("row %zu: %d", i, status);
        assert_true(sip_client_trusts(&client));
        assert_true(lab_server_logged(town->lab, mark, wrongs[i].finding, NULL));
    }
    sip_client_fini(&client);
}

/* ---- floods -------------------------------------------------------------------------------------
 */

enum {
    OPEN = 200, /* docs/im.md */
    FLOOD = OPEN + 60
};

/* To oneself, without answering; how many were refused. One of the others is left. */
static int flood(struct sip_client *client, enum sip_method method, struct slice *one)
{
    scoped(buf) struct buf all = BUF_INIT;
    int refused = 0, came = 0;
    for (int i = 0; i < FLOOD; i++) {
        struct sip_client_ask ask = {.method = method,
                                     .to = ALICE,
                                     .call_id = arena_print(client->arena, "flood-%d", i).at,
                                     .content_type = SLICE("text/plain"),
                                     .body = SLICE("hello")};
        buf_add(&all, sip_client_signed(client, &ask));
    }
    assert_true(sip_client_send(client, buf_slice(&all)));
    while (refused + came < FLOOD) {
        int status = sip_client_receive(client);
        assert_true(status == 0 || status == 100 || status == 503);
        refused += status == 503;
        came += status == 0;
        if (status == 0)
            *one = client->message.bytes;
    }
    return refused;
}

static void floods_of_messages_to_oneself(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    struct fault fault;
    struct slice one;
    scoped(wire) struct wire *wire = town_sip(town);
    come(town, wire, &client);
    assert_int_equal(flood(&client, SIP_MESSAGE, &one), FLOOD - OPEN);
    assert_logged(town, "too-many-calls", "method=MESSAGE");
    /* One is answered: its 200 comes, and there is room for one. */
    assert_int_equal(sip_parse(&client.message, one, &fault), 0);
    assert_int_equal(sip_client_exchange(&client, sip_client_reply(&client, 200)), 200);
    assert_true(slice_starts(client.message.call_id, SLICE("flood-")));
    assert_int_equal(
        sip_client_exchange(
            &client, sip_client_signed(&client, &(struct sip_client_ask){.method = SIP_MESSAGE,
                                                                         .to = ALICE,
                                                                         .call_id = "again"})),
        0);
    assert_int_equal(sip_client_ask(&client, &(struct sip_client_ask){.method = SIP_MESSAGE,
                                                                      .to = ALICE,
                                                                      .call_id = "beyond"}),
                     503);
    sip_client_fini(&client);
}

static void floods_of_calls_to_oneself(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    struct slice one;
    struct wire *wire = town_sip(town);
    come(town, wire, &client);
    assert_int_equal(flood(&client, SIP_INVITE, &one), FLOOD - OPEN);
    assert_logged(town, "too-many-calls", "method=INVITE");
    sip_client_fini(&client);
    /* All ends with the connection. */
    off_t mark = lab_server_log_mark(town->lab);
    wire_close(wire);
    assert_false(slice_absent(
        lab_server_log_line(town->lab, town->arena, &mark, "registrar.lost", NULL, NULL)));
    scoped(wire) struct wire *again = town_sip(town);
    come(town, again, &client);
    assert_int_equal(flood(&client, SIP_INVITE, &one), FLOOD - OPEN);
    sip_client_fini(&client);
}

/* ---- answers to questions that nobody asked ----------------------------------------------------
 */

static void guessed_branches_are_dropped(void **state)
{
    struct town *town = *state;
    struct sip_client client;
    struct fault fault;
    scoped(wire) struct wire *wire = town_sip(town);
    come(town, wire, &client);
    for (int i = 0; i < 1000; i++) {
        static const char *const homes[] = {"0", "1", "ffffffff", "fffffffff", "", "x"};
        struct slice text = arena_print(
            client.arena,
            "INVITE sip:" ALICE " SIP/2.0\r\nVia: SIP/2.0/TLS sip.contoso.test:5061;"
            "branch=z9hG4bKim%s.%032x\r\nFrom: <sip:" BOB ">;tag=1;epid=1\r\nTo: <sip:" ALICE
            ">;epid=%.*s\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
            homes[i % 6], i, SLICE_ARG(client.epid));
        assert_int_equal(sip_parse(&client.message, text, &fault), 0);
        static const int statuses[] = {100, 180, 200, 401, 480, 603};
        assert_true(sip_client_send(&client, sip_client_reply(&client, statuses[i % 6])));
    }
    /* None of them is answered or passed on. */
    assert_int_equal(sip_client_exchange(&client, sip_client_signed(&client, NULL)), 200);
    sip_client_fini(&client);
}

/* ---- an endpoint that does not read --------------------------------------------------------- */

enum {
    NEWS = 700, /* more than 40 MB in all: 16 MiB wait at most, the kernel has some */
    GROWTH_KIB = (LAB_SANITIZED ? 1024 : 64) * 1024, /* of the server meanwhile, at most */
};

static int64_t memory_kib(const struct town *town)
{
    char name[64], line[256];
    long long kib = -1;
    snprintf(name, sizeof name, "/proc/%d/status", (int)town->lab->pid);
    FILE *file = fopen(name, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static struct slice big_note(struct arena *arena, int version)
{
    scoped(buf) struct buf body = BUF_INIT;
    buf_add_string(&body, "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/"
                          "rich-presence\"><publications uri=\"sip:" ALICE "\">");
    for (int container = 100; container <= 400; container += 100) {
        buf_print(&body,
                  "<publication categoryName=\"note\" instance=\"0\" container=\"%d\" "
                  "version=\"%d\" expireType=\"user\"><note xmlns=\"urn:n\">",
                  container, version);
        for (int i = 0; i < 1000; i++)
            buf_add_string(&body, "fifteen bytes. ");
        buf_add_string(&body, "</note></publication>");
    }
    buf_add_string(&body, "</publications></publish>");
    return arena_copy(arena, buf_slice(&body));
}

static void a_client_that_never_reads(void **state)
{
    struct town *town = *state;
    struct sip_client deaf, client;
    scoped(wire) struct wire *closed = town_sip(town), *wire = town_sip(town);
    come(town, closed, &deaf);
    come(town, wire, &client);
    struct sip_client_ask subscribe = {
        .method = SIP_SUBSCRIBE,
        .lines = "Event: vnd-microsoft-roaming-self\nSupported: ms-benotify\n",
        .content_type = SLICE("application/vnd-microsoft-roaming-self+xml"),
        .body = SLICE("<roamingList "
                      "xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\">"
                      "<roaming type=\"categories\"/></roamingList>")};
    assert_int_equal(sip_client_ask(&deaf, &subscribe), 200);
    int64_t before = memory_kib(town);
    for (int i = 0; i < NEWS; i++) {
        struct sip_client_ask publish = {.method = SIP_SERVICE,
                                         .content_type =
                                             SLICE("application/msrtc-category-publish+xml"),
                                         .body = big_note(town->arena, i)};
        assert_int_equal(sip_client_ask(&client, &publish), 200);
        arena_reset(town->arena);
    }
    assert_logged(town, "slow-peer", "bytes would wait to be taken");
    assert_true(memory_kib(town) - before < GROWTH_KIB);
    assert_true(wire_ends(closed));
    assert_int_equal(sip_client_ask(&client, NULL), 200);
    sip_client_fini(&deaf);
    sip_client_fini(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(wrong_messages_are_refused_by_name), HOSTILE(floods_of_messages_to_oneself),
        HOSTILE(floods_of_calls_to_oneself),         HOSTILE(guessed_branches_are_dropped),
        HOSTILE(a_client_that_never_reads),
    };
    return cmocka_run_group_tests_name("hostile/im", tests, setup, town_close);
}
