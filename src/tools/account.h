/* Commands that sign in: their options, the password, signals, and how they end. */
#ifndef LYCHGATE_TOOLS_ACCOUNT_H
#define LYCHGATE_TOOLS_ACCOUNT_H

#include "lychgate/session.h"
#include "tools/verb.h"

#include <signal.h>

/* How to get at a server; part of the options of every command that does. */
#define ACCOUNT_NETWORK_OPTIONS                                                                    \
    {"dns", "HOST[:PORT]", "the name server to ask (an address)", false},                          \
        {"ca", "FILE", "trust these CAs (PEM) instead of the system's", false},                    \
        {"connect-to", "H:P:H:P", "connect there instead, as in curl; may be repeated", true},     \
        {"cache", "FOLDER", "where key and certificate are kept", false},                          \
        {"no-cache", NULL, "keep nothing, and use nothing that was kept", false},                  \
        {"trace", "FILE", "keep every message, secrets redacted, for `lychgate trace`", false},    \
        {"user-agent", "TEXT", "what to call ourselves", false},                                   \
    {                                                                                              \
        "timeout", "SECONDS", "how long to wait for each answer (default 20)", false               \
    }

/* How to sign in; part of the options of every such command. */
#define ACCOUNT_OPTIONS                                                                            \
    {"login", "LOGIN", "the name to sign in with, when it is not the address", false},             \
        {"password-file", "FILE", "where the password is (first line; - is standard input)",       \
         false},                                                                                   \
        {"auth", "METHOD", "how to get a ticket: any, orgid, basic or auth", false},               \
        {"server", "HOST[:PORT]", "the SIP server, instead of looking for it", false},             \
        ACCOUNT_NETWORK_OPTIONS

/* And whose, where the operands are about somebody else. */
#define ACCOUNT_AS_OPTIONS                                                                         \
    {"as", "ADDRESS", "who signs in (default: $LYCHGATE_ADDRESS)", false}, ACCOUNT_OPTIONS

struct account {
    struct invocation *invocation;
    const char *address;
    bool stays; /* keep the password: it may be needed again */
    struct secret password;
    struct lychgate *gate; /* after account_begin() */
    struct sigaction before[2];
};

/* Options for lychgate_new(), but for its event function. False: told on stderr. */
bool account_options(struct account *account, struct lychgate_options *out);

/* The same for ACCOUNT_NETWORK_OPTIONS alone. */
bool account_network_options(struct account *account, struct lychgate_options *out);

/* Make the gate; SIGINT and SIGTERM become lychgate_stop(). And undo both. */
void account_begin(struct account *account, const struct lychgate_options *options);
void account_end(struct account *account);

/* What an error of the library is for the shell. */
enum tool_exit account_exit(int err, const struct lychgate_problem *problem);

/* The same, and print the problem as tool_fail() does; TOOL_FINE for 0. */
enum tool_exit account_fail(struct account *account, int err);

/* A whole command: sign in as --as says, open the session, work, sign out. */
typedef enum tool_exit account_work_fn(struct account *account, void *arg);
enum tool_exit account_run(struct invocation *invocation,
                           const struct lychgate_session_options *session, account_work_fn *work,
                           void *arg);

#endif
