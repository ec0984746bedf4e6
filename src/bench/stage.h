/* A stage for measurements: a site in a temporary folder with a server of its own
 * on ports that the kernel chooses, and users who have their certificates already.
 * Nothing of it outlives stage_close(). */
#ifndef LYCHGATE_BENCH_STAGE_H
#define LYCHGATE_BENCH_STAGE_H

#include "base/fault.h"
#include "base/memory.h"
#include "bench/usage.h"
#include "net/address.h"

#include <openssl/types.h>

#define BENCH_DOMAIN   "bench.test"
#define BENCH_PASSWORD "correct horse"

enum {
    STAGE_PASSWORD_COST = 1 /* of the hashes: passwords are slow on purpose elsewhere */
};

struct stage_options {
    const char *lychgated; /* the program; NULL: what stage_find_program() finds */
    unsigned users;        /* how many accounts: user0@bench.test, user1@... */
    bool certificates;     /* issue and publish one for each, all for one key */
    bool passwords;        /* set BENCH_PASSWORD for each; */
    bool web;              /* switch the web roles on */
    unsigned loops;        /* [limits] loops; 0: one for each core */
    unsigned contacts;     /* on each list: those who come next in the ring of users; and */
    unsigned lists;        /* how many of the first users have such a list; 0: all */
};

struct stage_user {
    char address[48]; /* "user17@bench.test" */
    X509 *certificate;
};

/* Read-only for others. */
struct stage {
    char dir[64];
    char *ca_file; /* what clients trust */
    struct stage_user *users;
    size_t user_count;
    EVP_PKEY *key; /* of all users: making one costs a tenth of a second */
    pid_t server;
    struct address sip, https;
    const char *sip_host, *web_host; /* the names in the certificates */
    bool kept;                       /* leave the folder (the server could not start) */
};

/* Set it all up and wait until the server takes connections. Forks: call before
 * this process has threads. On failure nothing runs any more; the server's log
 * is left in the folder that the fault names. */
int stage_open(const struct stage_options *options, struct stage **stage_out, struct fault *fault);

/* End the server, wait for it, remove the folder. */
void stage_close(struct stage *stage);
SCOPED_FREE(stage, struct stage, stage_close)

/* What server and vault have used. */
int stage_usage(const struct stage *stage, struct bench_usage *usage_out, struct fault *fault);

/* The path of a program of ours: beside the running one, or where `places` (relative
 * to its folder, ends with NULL) say. False when it is not there. */
bool stage_find_program(const char *name, const char *const *places, char *path_out, size_t room);

/* Let this process (and so the server it starts) have as many descriptors as the
 * system allows; returns how many that is. */
size_t stage_raise_descriptors(void);

#endif
