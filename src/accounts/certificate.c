#include "accounts/certificate.h"

#include "accounts/account_priv.h"

#include <string.h>

enum {
    LIST_FIRST = 16
};

/* ---- publishing ------------------------------------------------------------------------ */

struct publication {
    const struct certificate_record *record;
    unsigned limit;
};

static int check_account(struct store_db *db, int64_t id, struct fault *fault)
{
    int found = store_query(db, fault, NULL, NULL, "select id from account where id = ?1",
                            STORE_INT(id), STORE_END);
    if (found == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                         (long long)id);
    return found < 0 ? found : 0;
}

static int insert_certificate(struct store_db *db, void *arg, struct fault *fault)
{
    const struct publication *publication = arg;
    const struct certificate_record *record = publication->record;
    int result = check_account(db, record->account_id, fault);
    if (result == 0)
        result = store_exec(db, fault,
                            "insert into certificate (fingerprint, serial, account_id, device_id,"
                            " epid, not_before, not_after, issued_at)"
                            " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                            STORE_BLOB(record->fingerprint), STORE_BLOB(record->serial),
                            STORE_INT(record->account_id), STORE_TEXT(record->device_id),
                            STORE_TEXT(record->epid), STORE_INT(record->not_before),
                            STORE_INT(record->not_after), STORE_INT(record->issued_at), STORE_END);
    if (result < 0)
        return result;
    /* The new one stays, even if a clock that was set back makes it look oldest. */
    return store_exec(db, fault,
                      "delete from certificate where account_id = ?1 and fingerprint not in"
                      " (select fingerprint from certificate where account_id = ?1"
                      "  order by fingerprint = ?2 desc, issued_at desc, fingerprint limit ?3)",
                      STORE_INT(record->account_id), STORE_BLOB(record->fingerprint),
                      STORE_INT(publication->limit), STORE_END);
}

int certificates_publish(struct accounts *accounts, const struct certificate_record *record,
                         struct fault *fault)
{
    struct publication publication = {record, accounts->certificates_per_account};
    int result = store_write(accounts->store, insert_certificate, &publication, fault);
    return result < 0 ? result : 0;
}

/* ---- finding ----------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "fingerprint, serial, account_id, device_id, epid, not_before, not_after, issued_at, "         \
    "revoked_at"

struct listing {
    struct arena *arena;
    struct certificate_record *at;
    size_t count, room;
};

static int see_certificate(const struct store_row *row, void *arg)
{
    struct listing *listing = arg;
    if (listing->count == listing->room) {
        size_t room = listing->room ? 2 * listing->room : LIST_FIRST;
        struct certificate_record *grown =
            arena_array(listing->arena, struct certificate_record, room);
        if (listing->count)
            memcpy(grown, listing->at, listing->count * sizeof *grown);
        listing->at = grown;
        listing->room = room;
    }
    listing->at[listing->count++] = (struct certificate_record){
        .fingerprint = store_row_text(row, 0, listing->arena),
        .serial = store_row_text(row, 1, listing->arena),
        .account_id = store_row_int(row, 2),
        .device_id = store_row_text(row, 3, listing->arena),
        .epid = store_row_text(row, 4, listing->arena),
        .not_before = store_row_int(row, 5),
        .not_after = store_row_int(row, 6),
        .issued_at = store_row_int(row, 7),
        .revoked_at = store_row_int(row, 8),
    };
    return 0;
}

static int not_there(struct fault *fault)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_CERT_UNKNOWN,
                     "the certificate is not among the published ones");
}

int certificates_find(struct accounts *accounts, struct slice fingerprint, struct arena *arena,
                      struct certificate_record *record_out, struct fault *fault)
{
    struct listing one = {.arena = arena, .at = record_out, .room = 1};
    int result = store_query(store_reader_db(accounts->reader), fault, see_certificate, &one,
                             "select " COLUMNS " from certificate where fingerprint = ?1",
                             STORE_BLOB(fingerprint), STORE_END);
    if (result == 0)
        return not_there(fault);
    return result < 0 ? result : 0;
}

int certificates_check(struct accounts *accounts, struct slice fingerprint, int64_t now,
                       struct arena *arena, struct certificate_record *record_out,
                       struct account *account_out, struct fault *fault)
{
    int result = certificates_find(accounts, fingerprint, arena, record_out, fault);
    if (result == 0)
        result = accounts_get(accounts, record_out->account_id, arena, account_out, fault);
    if (result != 0)
        return result;
    if (record_out->revoked_at != 0)
        return fault_set(fault, ERR_DENIED, FINDING_CERT_UNKNOWN,
                         "the certificate of %.*s was revoked", SLICE_ARG(account_out->address));
    if (now < record_out->not_before || now >= record_out->not_after)
        return fault_set(fault, ERR_EXPIRED, FINDING_CERT_EXPIRED,
                         "the certificate of %.*s is not good at this time",
                         SLICE_ARG(account_out->address));
    if (!account_out->enabled)
        return fault_set(fault, ERR_DENIED, FINDING_USER_DISABLED,
                         "%.*s: good certificate, disabled account",
                         SLICE_ARG(account_out->address));
    return 0;
}

int certificates_list(struct accounts *accounts, int64_t account_id, struct arena *arena,
                      struct certificate_record **list_out, size_t *count_out, struct fault *fault)
{
    struct listing listing = {.arena = arena};
    int result = store_query(store_reader_db(accounts->reader), fault, see_certificate, &listing,
                             "select " COLUMNS " from certificate where account_id = ?1"
                             " order by issued_at desc, fingerprint",
                             STORE_INT(account_id), STORE_END);
    *list_out = listing.at;
    *count_out = listing.count;
    return result < 0 ? result : 0;
}

/* ---- revoking, pruning --------------------------------------------------------------------- */

struct selection {
    struct slice fingerprint;
    int64_t account_id;
    int64_t now;
};

static int revoke_one(struct store_db *db, void *arg, struct fault *fault)
{
    const struct selection *selection = arg;
    int result =
        store_exec(db, fault,
                   "update certificate set revoked_at ="
                   " case when revoked_at = 0 then ?2 else revoked_at end"
                   " where fingerprint = ?1",
                   STORE_BLOB(selection->fingerprint), STORE_INT(selection->now), STORE_END);
    return result == 0 ? not_there(fault) : result;
}

static int revoke_all(struct store_db *db, void *arg, struct fault *fault)
{
    const struct selection *selection = arg;
    return store_exec(db, fault,
                      "update certificate set revoked_at = ?2"
                      " where account_id = ?1 and revoked_at = 0 and not_after > ?2",
                      STORE_INT(selection->account_id), STORE_INT(selection->now), STORE_END);
}

static int prune(struct store_db *db, void *arg, struct fault *fault)
{
    const struct selection *selection = arg;
    return store_exec(db, fault, "delete from certificate where not_after <= ?1",
                      STORE_INT(selection->now), STORE_END);
}

int certificates_revoke(struct accounts *accounts, struct slice fingerprint, int64_t now,
                        struct fault *fault)
{
    struct selection selection = {.fingerprint = fingerprint, .now = now};
    int result = store_write(accounts->store, revoke_one, &selection, fault);
    return result < 0 ? result : 0;
}

int certificates_revoke_all(struct accounts *accounts, int64_t account_id, int64_t now,
                            struct fault *fault)
{
    struct selection selection = {.account_id = account_id, .now = now};
    return store_write(accounts->store, revoke_all, &selection, fault);
}

int certificates_prune(struct accounts *accounts, int64_t now, struct fault *fault)
{
    return store_write(accounts->store, prune, &(struct selection){.now = now}, fault);
}
