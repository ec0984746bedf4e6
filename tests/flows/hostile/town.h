/* What the hostile tests share: a server, alice who suffers, and bob, who is signed in
 * all the time and must notice nothing. Every test begins with a mark in the log and
 * ends with bob: his SIP connection still takes a signed refresh, and his web
 * connection, open since the start, still answers. */
#ifndef LYCHGATE_TESTS_HOSTILE_TOWN_H
#define LYCHGATE_TESTS_HOSTILE_TOWN_H

#include "lab_server.h"

#include "sip_client.h"
#include "web_client.h"
#include "wire.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define ALICE          "alice@contoso.test"
#define ALICE_PASSWORD "correct horse"
#define BOB            "bob@contoso.test"
#define BOB_PASSWORD   "battery staple"

struct town {
    struct lab_server *lab;
    struct tls *tls; /* trusts the site's CA */
    struct identity alice, bob;
    struct sip_client neighbour; /* bob, signed in */
    struct wire *line, *web;     /* bob's connections */
    struct arena *arena;         /* of one test */
    off_t mark;                  /* in the log, where the test began */
};

/* Make it all, with these settings. `certificates`: alice gets hers, bob is signed in;
 * without, only bob's web connection is watched. */
struct town *town_new(const struct lab_setting *settings, size_t count, bool certificates);
void town_free(struct town *town);

/* Group teardown: the server must have ended well. */
int town_close(void **state);

/* Around each test. */
int town_calm(void **state);
int town_unharmed(void **state);

/* Bob's connections, anew (after a restart). */
void town_neighbour_comes(struct town *town);
void town_neighbour_leaves(struct town *town);

/* One of the site, by its password. */
struct identity town_identity(struct town *town, const char *address, const char *password);
void identity_fini(struct identity *identity);

/* A self-signed certificate for that address, made by whoever likes to: keys are RSA. */
struct identity town_forger(const char *address, EVP_PKEY *key);

/* New connections. */
struct wire *town_http(struct town *town);
struct wire *town_https(struct town *town);
struct wire *town_sip(struct town *town);

#define HOSTILE(test) cmocka_unit_test_setup_teardown(test, town_calm, town_unharmed)

#define assert_logged(town, finding, also)                                                         \
    assert_true(lab_server_logged((town)->lab, (town)->mark, finding, also))

#endif
