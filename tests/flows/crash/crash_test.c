/* kill -9: a server with people who change what is durable, without a pause, is killed at
 * any moment, again and again. After each restart all that a 200 has confirmed is there;
 * what was asked and not confirmed is there wholly or not at all; nothing else is. */
#include "model.h"

#include "base/clock.h"
#include "base/random.h"
#include "lab_server.h"
#include "presence/own.h"
#include "web_client.h"

#include <openssl/rsa.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    KILLS = LAB_SANITIZED ? 12 : 100,
    PEOPLE = 3,
    ANSWERS = 24,  /* the most that a life is waited for, */
    DELAY_MS = 12, /* and how long it goes on after them at most */
};

struct person {
    char address[32];
    struct identity identity;
    struct wire *wire;
    struct sip_client client;
    struct model now, next; /* as confirmed; as asked for */
    bool asked;             /* and not yet answered */
};

struct world {
    struct lab_server *lab;
    struct tls *tls;
    struct arena *arena; /* of one life */
    struct person people[PEOPLE];
    unsigned number, confirmed, found, lost;
};

static int setup(void **state)
{
    struct world *world = must_calloc(1, sizeof *world);
    struct fault fault;
    signal(SIGPIPE, SIG_IGN);
    world->arena = arena_new();
    world->lab = lab_server_new();
    assert_non_null(world->lab);
    world->tls = tls_client_new(&(struct tls_client_options){.ca_file = world->lab->ca}, &fault);
    assert_non_null(world->tls);
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &world->people[i];
        snprintf(person->address, sizeof person->address, "p%zu@" LAB_DOMAIN, i);
        assert_int_equal(lab_server_user(world->lab, person->address, "correct horse"), 0);
        model_init(&person->now);
    }
    assert_int_equal(lab_server_start(world->lab), 0);
    for (size_t i = 0; i < PEOPLE; i++) {
        struct identity *who = &world->people[i].identity;
        *who = (struct identity){.address = world->people[i].address, .key = EVP_RSA_gen(2048)};
        who->certificate =
            web_certificate(world->lab, world->tls, who->address, "correct horse", who->key);
        assert_non_null(who->certificate);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; world && i < PEOPLE; i++) {
        EVP_PKEY_free(world->people[i].identity.key);
        X509_free(world->people[i].identity.certificate);
    }
    if (world) {
        tls_unref(world->tls);
        lab_server_free(world->lab);
        arena_free(world->arena);
    }
    free(world);
    return 0;
}

/* ---- what the server knows ---------------------------------------------------------------- */

static struct slice poll_event(struct person *person, const char *lines, struct slice type,
                               struct slice body)
{
    struct sip_client_ask ask = {
        .method = SIP_SUBSCRIBE, .lines = lines, .content_type = type, .body = body};
    int status = sip_client_ask(&person->client, &ask);
    if (status != 200)
        fail_msg("%s: %d to %s", person->address, status, lines);
    return person->client.message.body;
}

static struct slice served(struct world *world, struct person *person)
{
    scoped(buf) struct buf wishes = BUF_INIT;
    presence_self_ask(&wishes);
    struct slice list = poll_event(person,
                                   "Event: vnd-microsoft-roaming-contacts\nExpires: 0\n"
                                   "Supported: ms-piggyback-first-notify\n",
                                   (struct slice){0}, (struct slice){0});
    struct slice self = poll_event(person,
                                   "Event: vnd-microsoft-roaming-self\nExpires: 0\n"
                                   "Supported: ms-piggyback-first-notify\n",
                                   SLICE("application/vnd-microsoft-roaming-self+xml"),
                                   arena_copy(world->arena, buf_slice(&wishes)));
    return model_print_served(list, self, world->arena);
}

static void check(struct world *world, struct person *person)
{
    struct slice now = model_print(&person->now, world->arena);
    struct slice next = model_print(&person->next, world->arena);
    struct slice there = served(world, person);
    if (person->asked && slice_eq(there, next)) {
        person->now = person->next;
        world->found++;
    } else if (!slice_eq(there, now)) {
        world->lab->failed = 1;
        fprintf(stderr, "%s\nconfirmed:\n%.*sasked for (%d):\n%.*sthere:\n%.*s", person->address,
                SLICE_ARG(now), person->asked, SLICE_ARG(next), SLICE_ARG(there));
        fail();
    } else {
        world->lost += person->asked;
    }
    person->asked = false;
}

/* ---- one life -------------------------------------------------------------------------------- */

static void come(struct world *world, struct person *person)
{
    person->wire = wire_open(world->lab->sip, NULL, world->tls, LAB_SIP_HOST);
    assert_non_null(person->wire);
    sip_client_init(&person->client, person->wire, &person->identity);
    assert_int_equal(sip_client_sign_in(&person->client), 200);
    check(world, person);
}

static void leave(struct person *person)
{
    sip_client_fini(&person->client);
    wire_close(take(&person->wire));
}

static void ask(struct world *world, struct person *person)
{
    struct sip_client_ask change;
    model_choose(&person->now, ++world->number, person->address, person->client.arena,
                 &person->next, &change);
    person->asked = sip_client_send(&person->client, sip_client_signed(&person->client, &change));
}

static void confirm(struct world *world, struct person *person, int status)
{
    if (status != 200)
        fail_msg("%s: %d %.*s", person->address, status, SLICE_ARG(person->client.message.bytes));
    person->now = person->next;
    person->asked = false;
    world->confirmed++;
}

/* Answers come until so many are there, and then for so long. */
static void live(struct world *world, unsigned answers, int64_t more_ms)
{
    struct pollfd fds[PEOPLE];
    int64_t until = INT64_MAX;
    for (size_t i = 0; i < PEOPLE; i++) {
        fds[i] = (struct pollfd){.fd = world->people[i].wire->fd, .events = POLLIN};
        ask(world, &world->people[i]);
    }
    for (;;) {
        if (answers == 0 && until == INT64_MAX)
            until = clock_monotonic() + more_ms;
        int64_t left = until == INT64_MAX ? WIRE_PATIENCE_MS : until - clock_monotonic();
        int ready = left > 0 ? poll(fds, PEOPLE, (int)left) : 0;
        if (ready == 0 && until != INT64_MAX)
            return;
        assert_true(ready > 0);
        for (size_t i = 0; i < PEOPLE; i++) {
            if (!fds[i].revents)
                continue;
            confirm(world, &world->people[i], sip_client_answer(&world->people[i].client));
            ask(world, &world->people[i]);
            answers -= answers > 0;
        }
    }
}

/* What the server had sent before it died counts. */
static void hear_last_words(struct world *world)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &world->people[i];
        int status = sip_client_answer(&person->client);
        if (status >= 0)
            confirm(world, person, status);
        leave(person);
    }
}

static void what_was_confirmed_survives(void **state)
{
    struct world *world = *state;
    int64_t begun = clock_monotonic();
    for (unsigned i = 0; i <= KILLS; i++) {
        if (i > 0)
            assert_int_equal(lab_server_start(world->lab), 0);
        arena_reset(world->arena);
        for (size_t j = 0; j < PEOPLE; j++)
            come(world, &world->people[j]);
        if (i == KILLS)
            break;
        live(world, random_below(ANSWERS), random_below(DELAY_MS));
        lab_server_stop(world->lab, SIGKILL);
        hear_last_words(world);
    }
    for (size_t j = 0; j < PEOPLE; j++)
        leave(&world->people[j]);
    assert_int_equal(lab_server_stop(world->lab, SIGTERM), 0);
    print_message(
        "# %d kills%s in %d s: %u changes confirmed, none lost; of %u that were under way "
        "%u were whole, %u not begun\n",
        KILLS, KILLS < 100 ? " (sanitizers: not 100)" : "",
        (int)((clock_monotonic() - begun) / 1000), world->confirmed, world->found + world->lost,
        world->found, world->lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_confirmed_survives, setup, teardown),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
