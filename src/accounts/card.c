/* Cards and photos. Values are rows, so that a field that nobody has costs nothing. */
#include "accounts/card.h"

#include "accounts/account_priv.h"
#include "accounts/notice.h"
#include "accounts/words_priv.h"
#include "base/encode.h"

#include <openssl/evp.h>

static const char *const steps[] = {
    "create table card ("
    "  account_id integer not null references account (id) on delete cascade,"
    "  field text not null,"
    "  value text not null,"
    "  primary key (account_id, field));"
    "create table card_photo ("
    "  account_id integer primary key references account (id) on delete cascade,"
    "  hash text not null,"
    "  type text not null,"
    "  bytes blob not null);",
    "create index card_photo_hash on card_photo (hash);",
};
const struct store_schema card_schema = {"card", steps, 2};

/* `number` is that of the index of words and never changes, wherever a row stands. */
static const struct row {
    const char *name, *ldap;
    int number;
    enum words_kind kind;
} rows[CARD_FIELDS] = {
    [CARD_GIVEN_NAME] = {"given-name", "givenName", 0, WORDS_KIND_NAME},
    [CARD_SURNAME] = {"surname", "sn", 1, WORDS_KIND_NAME},
    [CARD_MAIL] = {"mail", "mail", 2, WORDS_KIND_ADDRESS},
    [CARD_TITLE] = {"title", "title", 3, WORDS_KIND_TEXT},
    [CARD_COMPANY] = {"company", "company", 4, WORDS_KIND_TEXT},
    [CARD_DEPARTMENT] = {"department", "department", 5, WORDS_KIND_TEXT},
    [CARD_OFFICE] = {"office", "physicalDeliveryOfficeName", 6, WORDS_KIND_TEXT},
    [CARD_PHONE_WORK] = {"phone-work", "telephoneNumber", 7, WORDS_KIND_PHONE},
    [CARD_PHONE_MOBILE] = {"phone-mobile", "mobile", 8, WORDS_KIND_PHONE},
    [CARD_PHONE_HOME] = {"phone-home", "homePhone", 9, WORDS_KIND_PHONE},
    [CARD_PHONE_OTHER] = {"phone-other", "otherTelephone", 10, WORDS_KIND_PHONE},
    [CARD_STREET] = {"street", "streetAddress", 11, WORDS_KIND_TEXT},
    [CARD_CITY] = {"city", "l", 12, WORDS_KIND_TEXT},
    [CARD_STATE] = {"state", "st", 13, WORDS_KIND_TEXT},
    [CARD_ZIP] = {"zip", "postalCode", 14, WORDS_KIND_TEXT},
    [CARD_COUNTRY] = {"country", "c", 15, WORDS_KIND_TEXT},
    [CARD_URL] = {"url", "wWWHomePage", 16, WORDS_KIND_TEXT},
};

static const struct {
    const char *type;
    struct slice magic;
} photo_types[] = {
    {"image/jpeg", {"\xff\xd8\xff", 3}},
    {"image/png", {"\x89PNG\r\n\x1a\n", 8}},
};

const char *card_field_name(enum card_field field)
{
    return rows[field].name;
}

const char *card_field_ldap(enum card_field field)
{
    return rows[field].ldap;
}

bool card_field_find(struct slice word, enum card_field *field_out)
{
    for (int i = 0; i < CARD_FIELDS; i++)
        if (slice_eq_nocase(word, slice_of(rows[i].name)) ||
            slice_eq_nocase(word, slice_of(rows[i].ldap))) {
            *field_out = (enum card_field)i;
            return true;
        }
    return false;
}

uint64_t words_of_card(enum card_field field)
{
    return (uint64_t)1 << (WORDS_FIELD_CARD + rows[field].number);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct loading {
    struct arena *arena;
    struct card *card;
};

static int see_value(const struct store_row *row, void *arg)
{
    struct loading *loading = arg;
    enum card_field field;
    struct slice word = store_row_text(row, 0, loading->arena);
    struct slice value = store_row_text(row, 1, loading->arena);
    /* The photo's hash comes with the fields, as the one without a name. */
    if (slice_empty(word)) {
        loading->card->photo_hash = value;
        loading->card->photo_size = (size_t)store_row_int(row, 2);
    } else if (card_field_find(word, &field)) {
        loading->card->field[field] = value;
    }
    return 0;
}

int card_load(struct store_reader *reader, int64_t account, struct arena *arena,
              struct card *card_out, struct fault *fault)
{
    *card_out = (struct card){0};
    struct loading loading = {arena, card_out};
    int result = store_query(store_reader_db(reader), fault, see_value, &loading,
                             "select field, value, 0 from card where account_id = ?1"
                             " union all select '', hash, length(bytes) from card_photo"
                             " where account_id = ?1",
                             STORE_INT(account), STORE_END);
    return result < 0 ? result : 0;
}

struct photo {
    struct arena *arena;
    struct slice bytes;
    const char *type;
};

static int see_photo(const struct store_row *row, void *arg)
{
    struct photo *photo = arg;
    struct slice type = store_row_text(row, 0, photo->arena);
    photo->bytes = store_row_text(row, 1, photo->arena);
    photo->type = arena_string(photo->arena, type);
    return 1;
}

int card_photo_load(struct store_reader *reader, int64_t account, struct arena *arena,
                    struct slice *bytes_out, const char **type_out, struct fault *fault)
{
    struct photo photo = {.arena = arena};
    int result = store_query(store_reader_db(reader), fault, see_photo, &photo,
                             "select type, bytes from card_photo where account_id = ?1",
                             STORE_INT(account), STORE_END);
    if (result == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "account %lld has no photo",
                         (long long)account);
    *bytes_out = photo.bytes;
    *type_out = photo.type;
    return result < 0 ? result : 0;
}

int card_photo_find(struct store_reader *reader, struct slice hash, struct arena *arena,
                    struct slice *bytes_out, const char **type_out, struct fault *fault)
{
    struct photo photo = {.arena = arena};
    int result = store_query(store_reader_db(reader), fault, see_photo, &photo,
                             "select p.type, p.bytes from card_photo p"
                             " join account a on a.id = p.account_id"
                             " where p.hash = ?1 and a.enabled = 1 limit 1",
                             STORE_TEXT(account_lower(arena, hash)), STORE_END);
    if (result == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no photo has the hash %.*s",
                         (int)(hash.len < 40 ? hash.len : 40), hash.at ? hash.at : "");
    *bytes_out = photo.bytes;
    *type_out = photo.type;
    return result < 0 ? result : 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

struct change {
    int64_t account;
    enum card_field field;
    struct slice value, hash;
    const char *type;
};

/* A foreign key that leads nowhere is the only conflict there can be. */
static int written(int result, const struct change *change, struct fault *fault)
{
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                         (long long)change->account);
    return result < 0 ? result : 0;
}

static int write_value(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *change = arg;
    const struct row *row = &rows[change->field];
    int result =
        slice_absent(change->value)
            ? store_exec(db, fault, "delete from card where account_id = ?1 and field = ?2",
                         STORE_INT(change->account), STORE_TEXT(slice_of(row->name)), STORE_END)
            : store_exec(db, fault,
                         "insert into card (account_id, field, value) values (?1, ?2, ?3)"
                         " on conflict (account_id, field) do update set value = excluded.value",
                         STORE_INT(change->account), STORE_TEXT(slice_of(row->name)),
                         STORE_TEXT(change->value), STORE_END);
    if (result >= 0)
        result = words_put(db, change->account, WORDS_FIELD_CARD + row->number, row->kind,
                           change->value, fault);
    if (result >= 0)
        result = notice_put(db, change->account, fault);
    return written(result, change, fault);
}

int card_set(struct store *store, int64_t account, enum card_field field, struct slice value,
             struct fault *fault)
{
    struct change change = {.account = account, .field = field, .value = value};
    if (slice_empty(value))
        change.value = (struct slice){0};
    const char *why = slice_absent(change.value) ? NULL : account_text_trouble(change.value);
    if (why)
        return fault_set(fault, ERR_MALFORMED, FINDING_ACCOUNT_INVALID, "%s \"%.*s\": %s",
                         rows[field].name, (int)(value.len < 80 ? value.len : 80), value.at, why);
    int result = store_write(store, write_value, &change, fault);
    return result < 0 ? result : 0;
}

static int write_photo(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *change = arg;
    int result =
        slice_absent(change->value)
            ? store_exec(db, fault, "delete from card_photo where account_id = ?1",
                         STORE_INT(change->account), STORE_END)
            : store_exec(db, fault,
                         "insert into card_photo (account_id, hash, type, bytes)"
                         " values (?1, ?2, ?3, ?4) on conflict (account_id) do update set"
                         " hash = excluded.hash, type = excluded.type, bytes = excluded.bytes",
                         STORE_INT(change->account), STORE_TEXT(change->hash),
                         STORE_TEXT(slice_of(change->type)), STORE_BLOB(change->value), STORE_END);
    if (result >= 0)
        result = notice_put(db, change->account, fault);
    return written(result, change, fault);
}

static const char *photo_type(struct slice bytes)
{
    for (size_t i = 0; i < sizeof photo_types / sizeof *photo_types; i++)
        if (slice_starts(bytes, photo_types[i].magic))
            return photo_types[i].type;
    return NULL;
}

int card_photo_set(struct store *store, int64_t account, struct slice bytes, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.account = account, .value = bytes};
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    if (!slice_absent(bytes)) {
        if (bytes.len > CARD_PHOTO_MAX)
            return fault_set(fault, ERR_LIMIT, FINDING_ACCOUNT_INVALID,
                             "the photo has %zu bytes, a photo may have %d", bytes.len,
                             CARD_PHOTO_MAX);
        change.type = photo_type(bytes);
        if (!change.type)
            return fault_set(fault, ERR_MALFORMED, FINDING_ACCOUNT_INVALID,
                             "the photo is neither JPEG nor PNG");
        if (!EVP_Digest(bytes.at, bytes.len, hash, &hash_len, EVP_sha1(), NULL))
            return fault_set(fault, ERR_IO, FINDING_INTERNAL, "SHA-1 of a photo failed");
        change.hash = hex_print_lower(arena, slice_make(hash, hash_len));
    }
    int result = store_write(store, write_photo, &change, fault);
    return result < 0 ? result : 0;
}
