#include "accounts/account_priv.h"
#include "accounts/notice.h"
#include "accounts/words_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    CERTIFICATES_PER_ACCOUNT = 16,
    LIST_FIRST = 64
};

/* All names of an account, whatever their kind, are keys of one table: so no login
 * can be another's address. Numbers are never used again (autoincrement): a hash
 * that stayed behind in the vault must not become a new account's. */
static const char *const steps[] = {
    "create table account ("
    "  id integer primary key autoincrement,"
    "  address text not null unique,"
    "  login text not null,"
    "  sam text,"
    "  display_name text,"
    "  pool text,"
    "  enabled integer not null,"
    "  created integer not null);"
    "create table account_name ("
    "  name text primary key,"
    "  account_id integer not null references account (id) on delete cascade);"
    "create index account_name_account on account_name (account_id);"
    "create table certificate ("
    "  fingerprint blob primary key,"
    "  serial blob not null,"
    "  account_id integer not null references account (id) on delete cascade,"
    "  device_id text,"
    "  epid text,"
    "  not_before integer not null,"
    "  not_after integer not null,"
    "  issued_at integer not null,"
    "  revoked_at integer not null default 0);"
    "create index certificate_account on certificate (account_id, issued_at);",
    words_step,
    notice_step,
};
const struct store_schema accounts_schema = {"accounts", steps, 3};

int accounts_open(const struct accounts_options *options, struct accounts **accounts_out,
                  struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(accounts) struct accounts *accounts = must_calloc(1, sizeof *accounts);
    accounts->store = options->store;
    accounts->default_domain =
        must_strdup(arena_string(arena, account_lower(arena, options->default_domain)));
    accounts->certificates_per_account = options->certificates_per_account
                                             ? options->certificates_per_account
                                             : CERTIFICATES_PER_ACCOUNT;
    int result = store_reader_open(options->store, &accounts->reader, fault);
    if (result == 0)
        result = words_catch_up(options->store, accounts->reader, fault);
    if (result == 0)
        *accounts_out = take(&accounts);
    return result;
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    store_reader_free(accounts->reader);
    free(accounts->default_domain);
    free(accounts);
}

bool accounts_changed(struct accounts *accounts)
{
    return store_changed(accounts->reader);
}

struct store_reader *accounts_reader(struct accounts *accounts)
{
    return accounts->reader;
}

int account_unknown(struct fault *fault, struct slice name)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no such account: %.*s",
                     (int)(name.len < 80 ? name.len : 80), name.at ? name.at : "");
}

static int unknown_id(struct fault *fault, int64_t id)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                     (long long)id);
}

/* The vault's key for an account: its number. No account has number 0. */
static struct slice vault_key(struct arena *arena, int64_t id)
{
    return arena_print(arena, "%lld", (long long)id);
}

/* ---- writing ------------------------------------------------------------------------- */

struct change {
    struct account *account;
    struct arena *arena;
};

static int write_name(struct store_db *db, struct slice name, int64_t id, struct fault *fault)
{
    int result =
        store_exec(db, fault, "insert into account_name (name, account_id) values (?1, ?2)",
                   STORE_TEXT(name), STORE_INT(id), STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_CONFLICT, FINDING_ACCOUNT_INVALID,
                         "%.*s is the name of another account", SLICE_ARG(name));
    return result;
}

static int write_names(struct store_db *db, const struct change *change, struct fault *fault)
{
    const struct account *account = change->account;
    int result = write_name(db, account->address, account->id, fault);
    if (result >= 0 && !slice_eq(account->login, account->address))
        result = write_name(db, account->login, account->id, fault);
    if (result >= 0 && !slice_absent(account->sam))
        result = write_name(db, account_lower(change->arena, account->sam), account->id, fault);
    if (result >= 0)
        result = words_put(db, account->id, WORDS_FIELD_ADDRESS, WORDS_KIND_ADDRESS,
                           account->address, fault);
    if (result >= 0)
        result = words_put(db, account->id, WORDS_FIELD_DISPLAY_NAME, WORDS_KIND_NAME,
                           account->display_name, fault);
    return result;
}

static int insert_account(struct store_db *db, void *arg, struct fault *fault)
{
    struct change *change = arg;
    struct account *account = change->account;
    int result = store_exec(db, fault,
                            "insert into account"
                            " (address, login, sam, display_name, pool, enabled, created)"
                            " values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                            STORE_TEXT(account->address), STORE_TEXT(account->login),
                            STORE_TEXT(account->sam), STORE_TEXT(account->display_name),
                            STORE_TEXT(account->pool), STORE_INT(account->enabled),
                            STORE_INT(account->created), STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_CONFLICT, FINDING_ACCOUNT_INVALID, "there is an account %.*s",
                         SLICE_ARG(account->address));
    if (result < 0)
        return result;
    account->id = store_last_id(db);
    return write_names(db, change, fault);
}

static int update_account(struct store_db *db, void *arg, struct fault *fault)
{
    struct change *change = arg;
    struct account *account = change->account;
    int result =
        store_exec(db, fault,
                   "update account set address = ?2, login = ?3, sam = ?4,"
                   " display_name = ?5, pool = ?6, enabled = ?7 where id = ?1",
                   STORE_INT(account->id), STORE_TEXT(account->address), STORE_TEXT(account->login),
                   STORE_TEXT(account->sam), STORE_TEXT(account->display_name),
                   STORE_TEXT(account->pool), STORE_INT(account->enabled), STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_CONFLICT, FINDING_ACCOUNT_INVALID, "there is an account %.*s",
                         SLICE_ARG(account->address));
    if (result == 0)
        return unknown_id(fault, account->id);
    if (result > 0)
        result = store_exec(db, fault, "delete from account_name where account_id = ?1",
                            STORE_INT(account->id), STORE_END);
    if (result >= 0)
        result = write_names(db, change, fault);
    return result < 0 ? result : notice_put(db, account->id, fault);
}

int accounts_add(struct accounts *accounts, struct account *account, struct arena *arena,
                 struct fault *fault)
{
    int result = account_check(account, arena, fault);
    if (result == 0)
        result =
            store_write(accounts->store, insert_account, &(struct change){account, arena}, fault);
    if (result < 0)
        account->id = 0;
    return result < 0 ? result : 0;
}

int accounts_set(struct accounts *accounts, struct account *account, struct arena *arena,
                 struct fault *fault)
{
    int result = account_check(account, arena, fault);
    if (result == 0)
        result =
            store_write(accounts->store, update_account, &(struct change){account, arena}, fault);
    return result < 0 ? result : 0;
}

static int update_enabled(struct store_db *db, void *arg, struct fault *fault)
{
    const struct account *account = arg;
    int result = store_exec(db, fault, "update account set enabled = ?2 where id = ?1",
                            STORE_INT(account->id), STORE_INT(account->enabled), STORE_END);
    if (result <= 0)
        return result == 0 ? unknown_id(fault, account->id) : result;
    return notice_put(db, account->id, fault);
}

int accounts_enable(struct accounts *accounts, int64_t id, bool enabled, struct fault *fault)
{
    int result = store_write(accounts->store, update_enabled,
                             &(struct account){.id = id, .enabled = enabled}, fault);
    return result < 0 ? result : 0;
}

static int delete_account(struct store_db *db, void *arg, struct fault *fault)
{
    const struct account *account = arg;
    int result = notice_put(db, account->id, fault);
    if (result < 0)
        return result;
    result = store_exec(db, fault, "delete from account where id = ?1", STORE_INT(account->id),
                        STORE_END);
    return result == 0 ? unknown_id(fault, account->id) : result;
}

int accounts_remove(struct accounts *accounts, struct vault_client *vault, int64_t id,
                    struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    int result = store_write(accounts->store, delete_account, &(struct account){.id = id}, fault);
    if (result < 0)
        return result;
    return vault_password_remove(vault, vault_key(arena, id), fault);
}

/* ---- reading ------------------------------------------------------------------------- */

#define COLUMNS "a.id, a.address, a.login, a.sam, a.display_name, a.pool, a.enabled, a.created"

struct listing {
    struct arena *arena;
    struct account *at;
    size_t count, room;
};

static int see_account(const struct store_row *row, void *arg)
{
    struct listing *listing = arg;
    if (listing->count == listing->room) {
        size_t room = listing->room ? 2 * listing->room : LIST_FIRST;
        struct account *grown = arena_array(listing->arena, struct account, room);
        if (listing->count)
            memcpy(grown, listing->at, listing->count * sizeof *grown);
        listing->at = grown;
        listing->room = room;
    }
    listing->at[listing->count++] = (struct account){
        .id = store_row_int(row, 0),
        .address = store_row_text(row, 1, listing->arena),
        .login = store_row_text(row, 2, listing->arena),
        .sam = store_row_text(row, 3, listing->arena),
        .display_name = store_row_text(row, 4, listing->arena),
        .pool = store_row_text(row, 5, listing->arena),
        .enabled = store_row_int(row, 6) != 0,
        .created = store_row_int(row, 7),
    };
    return 0;
}

int accounts_get(struct accounts *accounts, int64_t id, struct arena *arena,
                 struct account *account_out, struct fault *fault)
{
    struct listing one = {.arena = arena, .at = account_out, .room = 1};
    int result =
        store_query(store_reader_db(accounts->reader), fault, see_account, &one,
                    "select " COLUMNS " from account a where a.id = ?1", STORE_INT(id), STORE_END);
    if (result == 0)
        return unknown_id(fault, id);
    return result < 0 ? result : 0;
}

int accounts_find(struct accounts *accounts, struct slice address, struct arena *arena,
                  struct account *account_out, struct fault *fault)
{
    struct listing one = {.arena = arena, .at = account_out, .room = 1};
    address = slice_trim(address);
    if (slice_starts_nocase(address, SLICE("sip:")))
        address = slice_from(address, 4);
    if (address.len == 0 || address.len > ACCOUNT_NAME_MAX)
        return account_unknown(fault, address);
    int result = store_query(store_reader_db(accounts->reader), fault, see_account, &one,
                             "select " COLUMNS " from account a where a.address = ?1",
                             STORE_TEXT(account_lower(arena, address)), STORE_END);
    if (result == 0)
        return account_unknown(fault, address);
    return result < 0 ? result : 0;
}

int accounts_find_login(struct accounts *accounts, struct slice login, struct arena *arena,
                        struct account *account_out, struct fault *fault)
{
    struct listing one = {.arena = arena, .at = account_out, .room = 1};
    struct slice name = slice_trim(login);
    if (slice_starts_nocase(name, SLICE("sip:")))
        name = slice_from(name, 4);
    if (name.len == 0 || name.len > ACCOUNT_NAME_MAX)
        return account_unknown(fault, login);
    if (slice_index(name, '\\') < 0 && slice_index(name, '@') < 0)
        name = arena_print(arena, "%.*s@%s", SLICE_ARG(name), accounts->default_domain);
    int result = store_query(store_reader_db(accounts->reader), fault, see_account, &one,
                             "select " COLUMNS " from account a"
                             " join account_name n on n.account_id = a.id where n.name = ?1",
                             STORE_TEXT(account_lower(arena, name)), STORE_END);
    if (result == 0)
        return account_unknown(fault, login);
    return result < 0 ? result : 0;
}

int accounts_list(struct accounts *accounts, struct slice after, size_t limit, struct arena *arena,
                  struct account **list_out, size_t *count_out, struct fault *fault)
{
    struct listing listing = {.arena = arena};
    int result = store_query(store_reader_db(accounts->reader), fault, see_account, &listing,
                             "select " COLUMNS
                             " from account a where a.address > ?1 order by a.address limit ?2",
                             STORE_TEXT(slice_absent(after) ? SLICE("") : after),
                             STORE_INT(limit < INT32_MAX ? limit : INT32_MAX), STORE_END);
    *list_out = listing.at;
    *count_out = listing.count;
    return result < 0 ? result : 0;
}

/* ---- passwords ------------------------------------------------------------------------- */

int accounts_set_password(struct accounts *accounts, struct vault_client *vault, int64_t id,
                          struct slice password, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct account account;
    int result = accounts_get(accounts, id, arena, &account, fault);
    if (result == 0)
        result = vault_password_set(vault, vault_key(arena, id), password, fault);
    return result;
}

static int denied(struct fault *fault, enum finding finding, struct slice login, const char *why)
{
    return fault_set(fault, ERR_DENIED, finding, "%.*s: %s", (int)(login.len < 80 ? login.len : 80),
                     login.at ? login.at : "", why);
}

int accounts_check_password(struct accounts *accounts, struct vault_client *vault,
                            struct slice login, struct slice password, struct arena *arena,
                            struct account *account_out, struct fault *fault)
{
    struct account account = {0};
    enum vault_verdict verdict;
    int found = accounts_find_login(accounts, login, arena, &account, fault);
    if (found < 0 && found != -ERR_UNKNOWN)
        return found;
    /* One way for all: also for a login that does not exist the vault computes a hash. */
    int result =
        vault_password_check(vault, vault_key(arena, account.id), password, &verdict, fault);
    if (result != 0)
        return result;
    if (found != 0)
        return denied(fault, FINDING_UNKNOWN_USER, login, "no such login");
    if (verdict == VAULT_UNKNOWN)
        return denied(fault, FINDING_UNKNOWN_USER, login, "the account has no password");
    if (verdict != VAULT_RIGHT)
        return denied(fault, FINDING_WRONG_PASSWORD, login, "wrong password");
    if (!account.enabled)
        return denied(fault, FINDING_USER_DISABLED, login, "right password, disabled account");
    *account_out = account;
    return 0;
}
