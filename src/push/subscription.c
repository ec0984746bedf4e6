#include "push/subscription.h"

#include "base/encode.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const char *const steps[] = {
    "create table push_subscription ("
    "  id integer primary key,"
    "  account_id integer not null references account (id) on delete cascade,"
    "  device text not null,"
    "  endpoint text not null,"
    "  p256dh blob not null,"
    "  auth blob not null,"
    "  created integer not null,"
    "  expires integer not null,"
    "  unique (account_id, device),"
    "  unique (account_id, endpoint));"
    "create index push_subscription_expires on push_subscription (expires);",
};
const struct store_schema push_schema = {"push", steps, 1};

static int invalid(struct fault *fault, const char *why)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID, "%s", why);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static bool text_of(const json_t *object, const char *name, struct arena *arena,
                    struct slice *text_out)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return false;
    *text_out = arena_copy(arena, slice_make(json_string_value(value), json_string_length(value)));
    return true;
}

static bool bytes_of(const json_t *object, const char *name, struct arena *arena,
                     struct slice *bytes_out)
{
    struct slice text;
    return text_of(object, name, arena, &text) && base64url_parse(arena, text, bytes_out) == 0;
}

/* A DOMHighResTimeStamp or null; 2^53 is the last whole number that JSON is sure of. */
static bool expiry_of(const json_t *root, int64_t *ms_out)
{
    const json_t *value = json_object_get(root, "expirationTime");
    *ms_out = 0;
    if (!value || json_is_null(value))
        return true;
    if (!json_is_number(value))
        return false;
    double ms = floor(json_number_value(value));
    if (!(ms >= 1 && ms <= 9007199254740992.0))
        return false;
    *ms_out = (int64_t)ms;
    return true;
}

static int read_members(const json_t *root, struct arena *arena, struct push_subscription *out,
                        struct fault *fault)
{
    const json_t *keys = json_object_get(root, "keys");
    if (!json_is_object(root))
        return invalid(fault, "it is no JSON object");
    if (!text_of(root, "endpoint", arena, &out->endpoint))
        return invalid(fault, "endpoint is missing or no text");
    if (!json_is_object(keys))
        return invalid(fault, "keys is missing or no object");
    if (!bytes_of(keys, "p256dh", arena, &out->keys.p256dh))
        return invalid(fault, "keys.p256dh is missing or no base64url");
    if (!bytes_of(keys, "auth", arena, &out->keys.auth))
        return invalid(fault, "keys.auth is missing or no base64url");
    if (!expiry_of(root, &out->expires))
        return invalid(fault, "expirationTime is neither null nor a time");
    return 0;
}

int push_subscription_parse(struct slice json, const struct push_guard *guard, int64_t now,
                            struct arena *arena, struct push_subscription *out, struct fault *fault)
{
    json_error_t error;
    *out = (struct push_subscription){0};
    if (json.len > PUSH_JSON_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_SUBSCRIPTION_INVALID,
                         "%zu bytes, %d are allowed", json.len, PUSH_JSON_MAX);
    json_t *root = json_loadb(json.at ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return fault_set(fault, ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID,
                         "no JSON at byte %d: %s", error.position, error.text);
    int err = read_members(root, arena, out, fault);
    json_decref(root);
    if (err == 0)
        err = push_endpoint_check(guard, out->endpoint, fault);
    if (err == 0)
        err = push_keys_check(&out->keys, fault);
    if (err == 0 && out->expires && out->expires <= now)
        err = fault_set(fault, ERR_EXPIRED, FINDING_PUSH_SUBSCRIPTION_INVALID,
                        "it has ended already");
    return err;
}

struct slice push_subscription_print(const struct push_subscription *subscription,
                                     struct arena *arena)
{
    struct slice p256dh = base64url_print(arena, subscription->keys.p256dh);
    struct slice auth = base64url_print(arena, subscription->keys.auth);
    json_t *expires = subscription->expires ? json_integer(subscription->expires) : json_null();
    json_t *root =
        json_pack("{s:o,s:o,s:{s:s,s:s}}", "endpoint",
                  json_stringn(subscription->endpoint.at, subscription->endpoint.len),
                  "expirationTime", expires, "keys", "p256dh", p256dh.at, "auth", auth.at);
    char *text = json_dumps(root, JSON_COMPACT);
    struct slice copy = arena_copy(arena, slice_of(text));
    free(text);
    json_decref(root);
    return copy;
}

/* ---- writing ------------------------------------------------------------------------------ */

struct adding {
    struct push_subscription *subscription;
    unsigned most;
};

static int take_number(const struct store_row *row, void *arg)
{
    *(int64_t *)arg = store_row_int(row, 0);
    return 0;
}

/* Ended ones make room, and so does what this one takes the place of. */
static int make_room(struct store_db *db, const struct adding *adding, struct fault *fault)
{
    const struct push_subscription *s = adding->subscription;
    int64_t count = 0;
    int result = store_exec(db, fault,
                            "delete from push_subscription where account_id = ?1 and"
                            " (device = ?2 or endpoint = ?3 or (expires <> 0 and expires <= ?4))",
                            STORE_INT(s->account), STORE_TEXT(s->device), STORE_TEXT(s->endpoint),
                            STORE_INT(s->created), STORE_END);
    if (result >= 0)
        result = store_query(db, fault, take_number, &count,
                             "select count(*) from push_subscription where account_id = ?1",
                             STORE_INT(s->account), STORE_END);
    if (result >= 0 && count >= adding->most)
        result = fault_set(fault, ERR_LIMIT, FINDING_PUSH_SUBSCRIPTIONS_FULL,
                           "%lld subscriptions, %u are allowed", (long long)count, adding->most);
    return result < 0 ? result : 0;
}

static int write_add(struct store_db *db, void *arg, struct fault *fault)
{
    const struct adding *adding = arg;
    struct push_subscription *s = adding->subscription;
    int result = make_room(db, adding, fault);
    if (result < 0)
        return result;
    result = store_exec(db, fault,
                        "insert into push_subscription"
                        " (account_id, device, endpoint, p256dh, auth, created, expires)"
                        " values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        STORE_INT(s->account), STORE_TEXT(s->device), STORE_TEXT(s->endpoint),
                        STORE_BLOB(s->keys.p256dh), STORE_BLOB(s->keys.auth), STORE_INT(s->created),
                        STORE_INT(s->expires), STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                         (long long)s->account);
    s->id = result < 0 ? 0 : store_last_id(db);
    return result < 0 ? result : 0;
}

static bool device_name(struct slice device)
{
    for (size_t i = 0; i < device.len; i++)
        if ((unsigned char)device.at[i] <= ' ' || (unsigned char)device.at[i] >= 0x7f)
            return false;
    return device.len > 0 && device.len <= PUSH_DEVICE_MAX;
}

int push_subscription_add(struct store *store, struct push_subscription *subscription,
                          unsigned most, struct fault *fault)
{
    struct adding adding = {subscription, most ? most : PUSH_PER_ACCOUNT_MAX};
    if (!device_name(subscription->device))
        return invalid(fault, "a device's name has 1 to 100 letters, digits or signs, no blanks");
    return store_write(store, write_add, &adding, fault);
}

struct removal {
    const char *sql;
    struct store_value values[3];
};

static int write_removal(struct store_db *db, void *arg, struct fault *fault)
{
    const struct removal *removal = arg;
    return store_exec_values(db, removal->sql, removal->values, fault);
}

/* store_write() yields 0 for what its function did, whatever it returned. */
struct counted {
    struct removal removal;
    int count;
};

static int write_counted(struct store_db *db, void *arg, struct fault *fault)
{
    struct counted *counted = arg;
    counted->count = write_removal(db, &counted->removal, fault);
    return counted->count < 0 ? counted->count : 0;
}

static int removed(struct store *store, struct removal removal, struct fault *fault)
{
    struct counted counted = {.removal = removal};
    int err = store_write(store, write_counted, &counted, fault);
    return err < 0 ? err : counted.count;
}

int push_subscription_remove(struct store *store, int64_t account, struct slice device,
                             struct fault *fault)
{
    if (slice_absent(device))
        return removed(store,
                       (struct removal){"delete from push_subscription where account_id = ?1",
                                        {STORE_INT(account), STORE_END}},
                       fault);
    return removed(
        store,
        (struct removal){"delete from push_subscription where account_id = ?1 and device = ?2",
                         {STORE_INT(account), STORE_TEXT(device), STORE_END}},
        fault);
}

int push_subscription_drop(struct store *store, int64_t id, struct fault *fault)
{
    int result = removed(
        store,
        (struct removal){"delete from push_subscription where id = ?1", {STORE_INT(id), STORE_END}},
        fault);
    return result < 0 ? result : 0;
}

int push_subscription_sweep(struct store *store, int64_t now, struct fault *fault)
{
    return removed(store,
                   (struct removal){"delete from push_subscription"
                                    " where expires <> 0 and expires <= ?1",
                                    {STORE_INT(now), STORE_END}},
                   fault);
}

/* ---- reading --------------------------------------------------------------------------------- */

#define COLUMNS "id, account_id, device, endpoint, p256dh, auth, created, expires"

static struct push_subscription of_row(const struct store_row *row, struct arena *arena)
{
    return (struct push_subscription){
        .id = store_row_int(row, 0),
        .account = store_row_int(row, 1),
        .device = store_row_text(row, 2, arena),
        .endpoint = store_row_text(row, 3, arena),
        .keys = {store_row_text(row, 4, arena), store_row_text(row, 5, arena)},
        .created = store_row_int(row, 6),
        .expires = store_row_int(row, 7),
    };
}

struct listing {
    struct arena *arena;
    struct push_subscription *at;
    size_t count, room;
};

static int take_row(const struct store_row *row, void *arg)
{
    struct listing *listing = arg;
    if (listing->count == listing->room) {
        size_t room = listing->room ? 2 * listing->room : 8;
        struct push_subscription *more =
            arena_array(listing->arena, struct push_subscription, room);
        if (listing->count)
            memcpy(more, listing->at, listing->count * sizeof *more);
        listing->at = more;
        listing->room = room;
    }
    listing->at[listing->count++] = of_row(row, listing->arena);
    return 0;
}

int push_subscription_find(struct store_reader *reader, int64_t account, struct slice device,
                           int64_t now, struct arena *arena, struct push_subscription *out,
                           struct fault *fault)
{
    struct listing listing = {.arena = arena};
    int result = store_query(store_reader_db(reader), fault, take_row, &listing,
                             "select " COLUMNS " from push_subscription where account_id = ?1"
                             " and device = ?2 and (expires = 0 or expires > ?3)",
                             STORE_INT(account), STORE_TEXT(device), STORE_INT(now), STORE_END);
    if (result < 0)
        return result;
    if (listing.count == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_PUSH_NO_SUBSCRIPTION, "device %.*s has none",
                         SLICE_ARG(slice_head(device, 100)));
    *out = listing.at[0];
    return 0;
}

int push_subscription_list(struct store_reader *reader, int64_t account, struct arena *arena,
                           struct push_subscription **list_out, size_t *count_out,
                           struct fault *fault)
{
    struct listing listing = {.arena = arena};
    int result = store_query(store_reader_db(reader), fault, take_row, &listing,
                             "select " COLUMNS " from push_subscription"
                             " where ?1 = 0 or account_id = ?1 order by account_id, device",
                             STORE_INT(account), STORE_END);
    *list_out = listing.at;
    *count_out = listing.count;
    return result < 0 ? result : 0;
}
