/* A headless Pidgin: libpurple with Debian's SIPE plugin, told what to do by
 * lines on stdin, telling what happens by lines of JSON on stdout. */
#ifndef LYCHGATE_TESTS_SIPE_CLIENT_H
#define LYCHGATE_TESTS_SIPE_CLIENT_H

#include <stdbool.h>

#include <purple.h>

/* Exit codes. */
enum outcome {
    OUTCOME_SIGNED_ON = 0, /* registered, and left on our own wish */
    OUTCOME_REFUSED = 1,   /* refused, thrown out, or out of time */
    OUTCOME_USAGE = 2,
    OUTCOME_COULD_NOT_RUN = 3, /* no plugin, no CA, no profile directory */
};

struct client {
    GMainLoop *loop;
    PurpleAccount *account;
    const char *address;
    enum outcome outcome;
    bool signed_on;
    bool quitting;
};

/* The one client of this process: libpurple's callbacks take no argument of ours. */
extern struct client client;

/* Print one line `{"event":NAME,"ms":...,members}`; `members` is a format of
 * jansson's json_pack() for the inside of an object ("s:s, s:i", "" for none). */
void say(const char *event, const char *members, ...);

/* The address in a buddy's or sender's name, pointing into it. */
const char *bare_address(const char *name);

/* Sign out (when signed in) and leave the main loop. */
void client_quit(enum outcome outcome);

/* Give libpurple our callbacks; called by it once its core is up. */
void watch_install(void);

/* Hear what happens to buddies and messages; once, after purple_core_init(). */
void watch_signals(void);

/* Start reading commands from stdin; once, when signed on. */
void commands_start(void);

#endif
