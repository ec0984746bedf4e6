/* The measurements of `lychgate bench`. Each starts a server of its own on a stage
 * (stage.h), loads it from this process, and fills a report; nothing is left behind. */
#ifndef LYCHGATE_BENCH_RUNS_H
#define LYCHGATE_BENCH_RUNS_H

#include "base/fault.h"
#include "bench/report.h"

#include <stdint.h>

struct bench_options {
    const char *lychgated; /* the server's program; NULL: beside this one */
    size_t users;          /* signin: how many sign in; register, idle: endpoints */
    size_t concurrency;    /* how many sign in at once */
    int64_t seconds;       /* register: how long; idle: how long nothing happens */
    unsigned loops;        /* [limits] loops of the server; 0: one for each core */
    bool kept;             /* signin: with a certificate kept from an earlier sign-in */
    size_t contacts;       /* contacts: on each list; idle: 0, they only register */
    size_t rounds;         /* presence, contacts, growth: how often, for medians */
    size_t messages;       /* messages: in each conversation */
    size_t watchers;       /* polls: how many are woken at once */
};

/* Call each before this process has threads. They return 0, or a negative enum err
 * when the measurement could not be made or an endpoint failed in it; the report
 * holds what was measured until then in either case. */

/* Refreshes on long-lived TLS connections, one request under way on each. */
int bench_register(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault);

/* Memory and wake-ups of a server that holds so many registered endpoints (with
 * options->contacts: each of whom has published, and watches so many of the others); at the
 * end each refreshes once and must still be known. */
int bench_idle(const struct bench_options *options, struct bench_report *report,
               struct fault *fault);

/* One who publishes, and options->users who watch him: how long until the last knows. */
int bench_presence(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault);

/* What is behind a sign-in with so many contacts, all of them there: the list, and the
 * subscription to their presence. The first time nobody is there yet, and the server has
 * to read each of them from disk. */
int bench_contacts(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault);

/* Conversations between options->users pairs of endpoints: INVITE, ACK, MESSAGEs, BYE. */
int bench_messages(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault);

/* What an operation costs at a home among 1,000 people and among options->users; without
 * sockets and server: the rooms are driven directly. */
int bench_growth(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault);

/* Sign-ins from nothing (or from a kept certificate), beside what their cryptography
 * costs by itself (floor.h). */
int bench_signin(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault);

/* Sign-ins of mobile clients by UCWA: autodiscover's 401, password for ticket, the
 * application, makeMeAvailable; beside what their cryptography costs by itself. */
int bench_mobile(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault);

/* So many UCWA applications (options->users), each with its poll held: what a connection, an
 * application and a poll take, and how long until one poll, and options->watchers of them at
 * once, have heard of an event. */
int bench_polls(const struct bench_options *options, struct bench_report *report,
                struct fault *fault);

#endif
