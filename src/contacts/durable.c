/* Contact lists on disk. One row a list holds its number; what changes it also moves
 * that number, so that of two writers who saw the same list one fails. */
#include "accounts/notice.h"
#include "contacts/contacts_priv.h"

/* A contact's groups are a bit set: the row of a group is told to nobody else. */
static const char *const steps[] = {
    "create table contact_list ("
    "  account_id integer primary key references account (id) on delete cascade,"
    "  delta integer not null);"
    "create table contact_group ("
    "  account_id integer not null references contact_list (account_id) on delete cascade,"
    "  id integer not null,"
    "  name text not null,"
    "  external text not null,"
    "  primary key (account_id, id));"
    "create table contact ("
    "  account_id integer not null references contact_list (account_id) on delete cascade,"
    "  uri text not null,"
    "  name text not null,"
    "  member_of bigint not null,"
    "  subscribed integer not null,"
    "  external text not null,"
    "  extension text not null,"
    "  primary key (account_id, uri));",
};
const struct store_schema contacts_schema = {"contacts", steps, 1};

uint32_t contacts_delta_after(uint32_t delta)
{
    return delta >= INT32_MAX ? 1 : delta + 1;
}

/* ---- reading ---------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct contacts_list *list;
};

enum kind {
    KIND_LIST,
    KIND_GROUP,
    KIND_CONTACT
};

static struct slice text_of(const struct store_row *row, int column, struct arena *arena)
{
    struct slice text = store_row_text(row, column, arena);
    return slice_absent(text) ? SLICE("") : text;
}

static int read_row(const struct store_row *row, void *arg)
{
    struct reading *reading = arg;
    struct arena *arena = reading->arena;
    int64_t kind = store_row_int(row, 0), number = store_row_int(row, 1);
    if (kind == KIND_LIST) {
        reading->list->delta = (uint32_t)number;
    } else if (kind == KIND_GROUP) {
        contacts_list_put_group(reading->list, arena,
                                &(struct contacts_group){.id = (unsigned)number,
                                                         .name = text_of(row, 3, arena),
                                                         .external = text_of(row, 4, arena)});
    } else {
        struct contacts_contact *contact = arena_new_of(arena, struct contacts_contact);
        *contact = (struct contacts_contact){.uri = text_of(row, 2, arena),
                                             .name = text_of(row, 3, arena),
                                             .groups = (uint64_t)number,
                                             .subscribed = store_row_int(row, 6) != 0,
                                             .external = text_of(row, 4, arena),
                                             .extension = text_of(row, 5, arena)};
        contacts_list_put(reading->list, arena, contact);
    }
    return 0;
}

/* One statement, so that number and content are of one moment. */
int contacts_load(struct store_reader *reader, int64_t account_id, struct arena *arena,
                  struct contacts_list **list_out, struct fault *fault)
{
    struct reading reading = {arena, contacts_list_new(arena)};
    int result = store_query(
        store_reader_db(reader), fault, read_row, &reading,
        "select 0, delta, '', '', '', '', 0 from contact_list where account_id = ?1"
        " union all select 1, id, '', name, external, '', 0 from contact_group"
        "  where account_id = ?1"
        " union all select 2, member_of, uri, name, external, extension, subscribed from contact"
        "  where account_id = ?1",
        STORE_INT(account_id), STORE_END);
    if (result < 0)
        return result;
    *list_out = reading.list;
    return 0;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* A list that was never changed has no row yet; it is at 1. */
static int make_list(struct store_db *db, int64_t account_id, struct fault *fault)
{
    int result = store_exec(db, fault,
                            "insert into contact_list (account_id, delta) values (?1, 1)"
                            " on conflict (account_id) do nothing",
                            STORE_INT(account_id), STORE_END);
    if (result > 0)
        result = store_exec(db, fault,
                            "insert into contact_group (account_id, id, name, external)"
                            " values (?1, ?2, '~', '')",
                            STORE_INT(account_id), STORE_INT(CONTACTS_EVERYBODY), STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                         (long long)account_id);
    return result;
}

static int write_contact(struct store_db *db, int64_t account_id,
                         const struct contacts_contact *contact, struct fault *fault)
{
    return store_exec(
        db, fault,
        "insert into contact (account_id, uri, name, member_of, subscribed, external, extension)"
        " values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (account_id, uri) do update set"
        " name = excluded.name, member_of = excluded.member_of, subscribed = excluded.subscribed,"
        " external = excluded.external, extension = excluded.extension",
        STORE_INT(account_id), STORE_TEXT(contact->uri), STORE_TEXT(contact->name),
        STORE_INT(contact->groups), STORE_INT(contact->subscribed), STORE_TEXT(contact->external),
        STORE_TEXT(contact->extension), STORE_END);
}

static int write_group(struct store_db *db, int64_t account_id, const struct contacts_group *group,
                       struct fault *fault)
{
    return store_exec(db, fault,
                      "insert into contact_group (account_id, id, name, external)"
                      " values (?1, ?2, ?3, ?4) on conflict (account_id, id) do update set"
                      " name = excluded.name, external = excluded.external",
                      STORE_INT(account_id), STORE_INT(group->id), STORE_TEXT(group->name),
                      STORE_TEXT(group->external), STORE_END);
}

static int write_edit(struct store_db *db, const struct contacts_change *change,
                      struct fault *fault)
{
    switch (change->edit) {
    case CONTACTS_SET_CONTACT:
        return write_contact(db, change->account_id, &change->contact, fault);
    case CONTACTS_DELETE_CONTACT:
        return store_exec(db, fault, "delete from contact where account_id = ?1 and uri = ?2",
                          STORE_INT(change->account_id), STORE_TEXT(change->contact.uri),
                          STORE_END);
    case CONTACTS_ADD_GROUP:
    case CONTACTS_MODIFY_GROUP:
        return write_group(db, change->account_id, &change->group, fault);
    case CONTACTS_DELETE_GROUP:
        return store_exec(db, fault, "delete from contact_group where account_id = ?1 and id = ?2",
                          STORE_INT(change->account_id), STORE_INT(change->group.id), STORE_END);
    }
    return -ERR_INTERNAL;
}

static int write_change(struct store_db *db, void *arg, struct fault *fault)
{
    const struct contacts_change *change = arg;
    int result = make_list(db, change->account_id, fault);
    if (result >= 0)
        result = store_exec(
            db, fault, "update contact_list set delta = ?3 where account_id = ?1 and delta = ?2",
            STORE_INT(change->account_id), STORE_INT(change->before), STORE_INT(change->after),
            STORE_END);
    if (result == 0)
        return fault_set(fault, ERR_CONFLICT, FINDING_CONTACTS_STALE,
                         "the stored list is not at %u", (unsigned)change->before);
    if (result > 0)
        result = write_edit(db, change, fault);
    return result < 0 ? result : 0;
}

int contacts_commit(struct store *store, const struct contacts_change *change, struct fault *fault)
{
    struct contacts_change copy = *change;
    return store_write(store, write_change, &copy, fault);
}

/* ---- replacing ----------------------------------------------------------------------------- */

struct replacement {
    int64_t account_id;
    const struct contacts_list *list;
};

static int clear(struct store_db *db, int64_t account_id, struct fault *fault)
{
    int result = make_list(db, account_id, fault);
    if (result >= 0)
        result = store_exec(db, fault, "delete from contact where account_id = ?1",
                            STORE_INT(account_id), STORE_END);
    if (result >= 0)
        result = store_exec(db, fault, "delete from contact_group where account_id = ?1",
                            STORE_INT(account_id), STORE_END);
    if (result >= 0)
        result = store_exec(db, fault,
                            "update contact_list set delta ="
                            " case when delta >= ?2 then 1 else delta + 1 end"
                            " where account_id = ?1",
                            STORE_INT(account_id), STORE_INT(INT32_MAX), STORE_END);
    return result;
}

static int write_list(struct store_db *db, void *arg, struct fault *fault)
{
    const struct replacement *replacement = arg;
    const struct contacts_list *list = replacement->list;
    int result = clear(db, replacement->account_id, fault);
    for (size_t i = 0; i < list->group_count && result >= 0; i++)
        result = write_group(db, replacement->account_id, &list->groups[i], fault);
    for (size_t i = 0; i < list->contact_count && result >= 0; i++)
        result = write_contact(db, replacement->account_id, list->contacts[i], fault);
    return result < 0 ? result : notice_put(db, replacement->account_id, fault);
}

int contacts_replace(struct store *store, int64_t account_id, const struct contacts_list *list,
                     struct fault *fault)
{
    struct replacement replacement = {account_id, list};
    return store_write(store, write_list, &replacement, fault);
}
