/* A throwaway site with its own lychgated, for tests that talk to a running server:
 * contoso.test in a temporary folder, an ordinary process, no root, every port on
 * loopback and chosen by the kernel. The programs are those that $LYCHGATED and
 * $LYCHGATE name. Functions that can fail say why on stderr and return -1. */
#ifndef LYCHGATE_TESTS_LAB_SERVER_H
#define LYCHGATE_TESTS_LAB_SERVER_H

#include "base/arena.h"

#include <stdint.h>
#include <sys/types.h>

#define LAB_DOMAIN   "contoso.test"
#define LAB_SIP_HOST "sip." LAB_DOMAIN
#define LAB_WEB_HOST "webdir." LAB_DOMAIN

/* Was this built with a sanitizer that keeps freed memory and takes its time? */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAB_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LAB_SANITIZED 1
#endif
#ifndef LAB_SANITIZED
#define LAB_SANITIZED 0
#endif

/* Read-only for others. */
struct lab_server {
    struct arena *arena;
    const char *dir;               /* the site */
    const char *config, *log, *ca; /* files in it: lychgated.conf, log, ca.pem */
    pid_t pid;                     /* 0: not running */
    uint16_t http, https, sip;     /* where it listens; 0: not */
    int failed;                    /* a verb or start failed: keep the log for whoever looks */
};

/* One line of the configuration. */
struct lab_setting {
    const char *section, *key, *value;
};

/* Make the site (`lychgate init`). NULL on failure. */
struct lab_server *lab_server_new(void);

/* End the server if it runs, and remove the folder; NULL is fine. */
void lab_server_free(struct lab_server *lab);

/* Write the configuration: what init made, with these rows on top. It holds for the
 * next start, or for SIGHUP. */
int lab_server_configure(struct lab_server *lab, const struct lab_setting *rows, size_t count);

/* Run `lychgate --config FILE VERB...` (at most 16 words, ended by NULL) with `input`
 * on its standard input; 0 when it exits with 0. Its output goes to the log. */
int lab_server_verb(struct lab_server *lab, const char *input, const char *const *verb);

/* `user add`. */
int lab_server_user(struct lab_server *lab, const char *address, const char *password);

/* Start it and wait until it is ready. The configuration is left as it is. */
int lab_server_start(struct lab_server *lab);

/* SIGTERM unless `signo` says otherwise (0: send nothing); wait for its end. Returns
 * its exit code, or -1 when it had to be killed, was ended by a signal, or a sanitizer
 * has left a word in the log. */
int lab_server_stop(struct lab_server *lab, int signo);

/* ---- the log ---- */

/* How far the log has come. */
off_t lab_server_log_mark(const struct lab_server *lab);

/* Wait (at most 10 s) for a line behind *since that has all these texts, NULL being
 * none, and set *since behind it. The line is the arena's; absent: it did not come. */
struct slice lab_server_log_line(const struct lab_server *lab, struct arena *arena, off_t *since,
                                 const char *one, const char *other, const char *third);

/* The same, yes or no: the finding by its id, and a text of the same line (or NULL). */
bool lab_server_logged(const struct lab_server *lab, off_t since, const char *finding,
                       const char *also);

/* The number behind `name=` in a line; -1 if there is none. */
int64_t lab_log_number(struct slice line, const char *name);

#endif
