#include "addressbook/group.h"

#include "accounts/words.h"

#include <string.h>

static const char *const steps[] = {
    "create table distribution_group ("
    "  address text primary key,"
    "  name text not null);"
    "create table distribution_member ("
    "  address text not null references distribution_group (address) on delete cascade,"
    "  member text not null,"
    "  primary key (address, member));"
    "create table location ("
    "  kind text not null,"
    "  net text not null,"
    "  folded_city text not null,"
    "  country text, a1 text, a3 text, prd text, rd text, sts text, pod text,"
    "  hno text, hns text, loc text, nam text, pc text,"
    "  primary key (kind, net));"
    "create index location_city on location (folded_city);",
};
const struct store_schema addressbook_schema = {"addressbook", steps, 1};

enum {
    ADDRESS_MAX = 254,
    LIST_FIRST = 16
};

/* ---- names -------------------------------------------------------------------------------- */

static bool is_text(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return true;
}

static int invalid(struct fault *fault, int err, struct slice what, const char *why)
{
    return fault_set(fault, (enum err)err, FINDING_GROUP_INVALID, "\"%.*s\": %s",
                     (int)(what.len < 80 ? what.len : 80), what.at ? what.at : "", why);
}

/* An address in the form it is stored in. */
static int normal(struct arena *arena, struct slice text, struct slice *out, struct fault *fault)
{
    struct slice user, domain;
    text = slice_trim(text);
    if (slice_starts_nocase(text, SLICE("sip:")))
        text = slice_from(text, 4);
    else if (slice_starts_nocase(text, SLICE("mailto:")))
        text = slice_from(text, 7);
    if (text.len > ADDRESS_MAX || !is_text(text) || slice_index(text, ' ') >= 0 ||
        !slice_cut(text, '@', &user, &domain) || user.len == 0 || domain.len == 0)
        return invalid(fault, ERR_MALFORMED, text, "is no address of the form name@domain");
    *out = words_fold(arena, text);
    return 0;
}

static int unknown(struct fault *fault, struct slice address)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_GROUP_UNKNOWN, "no such group: %.*s",
                     (int)(address.len < 80 ? address.len : 80), address.at ? address.at : "");
}

/* ---- writing ------------------------------------------------------------------------------ */

struct change {
    struct slice address, name, member;
    bool in;
};

static int see_count(const struct store_row *row, void *arg)
{
    *(int64_t *)arg = store_row_int(row, 0);
    return 1;
}

static int write_group(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *change = arg;
    return store_exec(db, fault,
                      "insert into distribution_group (address, name) values (?1, ?2)"
                      " on conflict (address) do update set name = excluded.name",
                      STORE_TEXT(change->address), STORE_TEXT(change->name), STORE_END);
}

int group_set(struct store *store, struct slice address, struct slice name, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.name = slice_trim(name)};
    int err = normal(arena, address, &change.address, fault);
    if (err < 0)
        return err;
    if (slice_empty(change.name))
        change.name = change.address;
    if (change.name.len > GROUP_NAME_MAX || !is_text(change.name))
        return invalid(fault, ERR_MALFORMED, change.name,
                       "is longer than 256 bytes or has control characters");
    err = store_write(store, write_group, &change, fault);
    return err < 0 ? err : 0;
}

static int delete_group(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *change = arg;
    int result = store_exec(db, fault, "delete from distribution_group where address = ?1",
                            STORE_TEXT(change->address), STORE_END);
    return result == 0 ? unknown(fault, change->address) : result;
}

int group_remove(struct store *store, struct slice address, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {0};
    int err = normal(arena, address, &change.address, fault);
    if (err == 0)
        err = store_write(store, delete_group, &change, fault);
    return err < 0 ? err : 0;
}

static int write_member(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *change = arg;
    int64_t there = 0, members = 0;
    int result = store_query(db, fault, see_count, &there,
                             "select count(*) from distribution_group where address = ?1",
                             STORE_TEXT(change->address), STORE_END);
    if (result >= 0 && there == 0)
        return unknown(fault, change->address);
    if (result >= 0 && !change->in)
        return store_exec(db, fault,
                          "delete from distribution_member where address = ?1 and member = ?2",
                          STORE_TEXT(change->address), STORE_TEXT(change->member), STORE_END);
    if (result >= 0)
        result = store_query(db, fault, see_count, &members,
                             "select count(*) from distribution_member where address = ?1",
                             STORE_TEXT(change->address), STORE_END);
    if (result >= 0 && members >= GROUP_MEMBERS_MAX)
        return invalid(fault, ERR_LIMIT, change->address, "has as many members as a group may");
    return result < 0
               ? result
               : store_exec(db, fault,
                            "insert into distribution_member (address, member)"
                            " values (?1, ?2) on conflict do nothing",
                            STORE_TEXT(change->address), STORE_TEXT(change->member), STORE_END);
}

int group_member_set(struct store *store, struct slice address, struct slice member, bool in,
                     struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.in = in};
    int err = normal(arena, address, &change.address, fault);
    if (err == 0)
        err = normal(arena, member, &change.member, fault);
    if (err == 0 && slice_eq(change.address, change.member))
        err = invalid(fault, ERR_MALFORMED, change.member, "is the group itself");
    if (err == 0)
        err = store_write(store, write_member, &change, fault);
    return err < 0 ? err : 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reading {
    struct arena *arena;
    struct group *groups;
    size_t count, room;
};

static int see_group(const struct store_row *row, void *arg)
{
    struct reading *r = arg;
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : LIST_FIRST;
        struct group *grown = arena_array(r->arena, struct group, room);
        if (r->count)
            memcpy(grown, r->groups, r->count * sizeof *grown);
        r->groups = grown;
        r->room = room;
    }
    r->groups[r->count++] = (struct group){
        .address = store_row_text(row, 0, r->arena),
        .name = store_row_text(row, 1, r->arena),
        .member_count = (size_t)store_row_int(row, 2),
    };
    return 0;
}

struct members {
    struct arena *arena;
    struct group *group;
};

static int see_member(const struct store_row *row, void *arg)
{
    struct members *m = arg;
    if (m->group->member_count < GROUP_MEMBERS_MAX)
        m->group->members[m->group->member_count++] = store_row_text(row, 0, m->arena);
    return 0;
}

#define COLUMNS                                                                                    \
    "select g.address, g.name, (select count(*) from distribution_member m"                        \
    " where m.address = g.address) from distribution_group g"

int group_find(struct store_reader *reader, struct slice address, struct arena *arena,
               struct group *group_out, struct fault *fault)
{
    struct reading r = {.arena = arena, .groups = group_out, .room = 1};
    struct members members = {arena, group_out};
    struct slice key;
    int result = normal(arena, address, &key, NULL);
    if (result < 0)
        return unknown(fault, address);
    result = store_query(store_reader_db(reader), fault, see_group, &r,
                         COLUMNS " where g.address = ?1", STORE_TEXT(key), STORE_END);
    if (result <= 0)
        return result < 0 ? result : unknown(fault, address);
    group_out->member_count = 0;
    group_out->members = arena_array(arena, struct slice, GROUP_MEMBERS_MAX);
    result =
        store_query(store_reader_db(reader), fault, see_member, &members,
                    "select member from distribution_member where address = ?1 order by member",
                    STORE_TEXT(key), STORE_END);
    return result < 0 ? result : 0;
}

int group_list(struct store_reader *reader, struct arena *arena, struct group **list_out,
               size_t *count_out, struct fault *fault)
{
    struct reading r = {.arena = arena};
    int result = store_query(store_reader_db(reader), fault, see_group, &r,
                             COLUMNS " order by g.address", STORE_END);
    *list_out = r.groups;
    *count_out = r.count;
    return result < 0 ? result : 0;
}
