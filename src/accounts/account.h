/* Users, and how a password is checked. An account has one SIP address, by which
 * it is known everywhere, and a login, which may be another name (a UPN). Its
 * number never changes; the vault keeps the password under that number, so that
 * an account can be renamed. */
#ifndef LYCHGATE_ACCOUNTS_ACCOUNT_H
#define LYCHGATE_ACCOUNTS_ACCOUNT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"
#include "vault/vault.h"

struct accounts; /* access to the accounts; one thread at a time, one for each worker */

struct account {
    int64_t id;                /* 0: not stored yet */
    struct slice address;      /* "alice@contoso.test", lower case, no "sip:" */
    struct slice login;        /* "alice@contoso.test" or a UPN, lower case */
    struct slice sam;          /* "CONTOSO\alice" or absent; compared without case */
    struct slice display_name; /* UTF-8; may be absent */
    struct slice pool;         /* FQDN of the pool the user is at home on; absent: this one */
    bool enabled;
    int64_t created; /* ms since the epoch */
};

enum {
    ACCOUNT_NAME_MAX = 254,   /* bytes of an address or login ([RFC 5321] 4.5.3.1) */
    ACCOUNT_DISPLAY_MAX = 256 /* bytes of a display name */
};

/* The tables of this room, for store_options.schemas. */
extern const struct store_schema accounts_schema;

struct accounts_options {
    struct store *store;               /* borrowed */
    struct slice default_domain;       /* completes a bare "alice"; copied */
    unsigned certificates_per_account; /* older ones go; 0: 16 */
};

int accounts_open(const struct accounts_options *options, struct accounts **accounts_out,
                  struct fault *fault);
void accounts_free(struct accounts *accounts);
SCOPED_FREE(accounts, struct accounts, accounts_free)

/* Did anybody change accounts or certificates since the last call (the command line
 * does while the server runs)? True the first time. */
bool accounts_changed(struct accounts *accounts);

/* Their read connection, for the tables of other rooms: the same thread's. */
struct store_reader *accounts_reader(struct accounts *accounts);

/* ---- administration ------------------------------------------------------------------ */

/* Check and normalise (lower case, "sip:" off, login from address when absent), in
 * place; new text comes from the arena. -ERR_MALFORMED, FINDING_ACCOUNT_INVALID, and a
 * detail that names the field and what is wrong with it. */
int account_check(struct account *account, struct arena *arena, struct fault *fault);

/* Store a new account (checked first); fills account->id, `created` is the caller's.
 * -ERR_CONFLICT when its address, login or SAM name is one of another account's. */
int accounts_add(struct accounts *accounts, struct account *account, struct arena *arena,
                 struct fault *fault);

/* Store all fields of the account with this id anew. -ERR_UNKNOWN when there is none. */
int accounts_set(struct accounts *accounts, struct account *account, struct arena *arena,
                 struct fault *fault);

/* Let an account sign in, or not. Its certificates are not good while it may not. */
int accounts_enable(struct accounts *accounts, int64_t id, bool enabled, struct fault *fault);

/* Remove the account, its certificates, and its password from the vault. */
int accounts_remove(struct accounts *accounts, struct vault_client *vault, int64_t id,
                    struct fault *fault);

int accounts_set_password(struct accounts *accounts, struct vault_client *vault, int64_t id,
                          struct slice password, struct fault *fault);

/* ---- finding -------------------------------------------------------------------------- */

/* By number. -ERR_UNKNOWN, FINDING_UNKNOWN_USER, as the following. */
int accounts_get(struct accounts *accounts, int64_t id, struct arena *arena,
                 struct account *account_out, struct fault *fault);

/* By SIP address, with or without "sip:", any case. -ERR_UNKNOWN, FINDING_UNKNOWN_USER. */
int accounts_find(struct accounts *accounts, struct slice address, struct arena *arena,
                  struct account *account_out, struct fault *fault);

/* By what people type: an address or login ("alice@d", "sip:alice@d"), "DOMAIN\alice",
 * or "alice" with the default domain. */
int accounts_find_login(struct accounts *accounts, struct slice login, struct arena *arena,
                        struct account *account_out, struct fault *fault);

/* All accounts in order of address, from the first after `after` (empty: from the
 * start), at most `limit`; the number goes to *count_out, the array is the arena's. */
int accounts_list(struct accounts *accounts, struct slice after, size_t limit, struct arena *arena,
                  struct account **list_out, size_t *count_out, struct fault *fault);

/* ---- signing in ------------------------------------------------------------------------ */

/* Is this the password of that login? 0 and the account, or -ERR_DENIED with
 * FINDING_WRONG_PASSWORD, FINDING_UNKNOWN_USER (no such login, or it has no
 * password; one hash is computed all the same) or FINDING_USER_DISABLED (only when
 * the password is right). Takes the time of one password hash: worker threads. */
int accounts_check_password(struct accounts *accounts, struct vault_client *vault,
                            struct slice login, struct slice password, struct arena *arena,
                            struct account *account_out, struct fault *fault);

#endif
