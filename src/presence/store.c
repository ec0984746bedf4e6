/* What of presence is on disk: static publications, who the user has put into or taken out
 * of containers, and which subscribers he has acknowledged. What is bound to endpoints ends with
 * them, and they all end with the server, so it is not kept. */
#include "presence/presence_priv.h"

static const char *const steps[] = {
    "create table presence_publication ("
    "  address text not null references account (address) on delete cascade on update cascade,"
    "  category text not null,"
    "  instance integer not null,"
    "  container integer not null,"
    "  version integer not null,"
    "  value text not null,"
    "  published integer not null," /* ms since the epoch */
    "  primary key (address, category, instance, container));"
    "create table presence_member ("
    "  address text not null references account (address) on delete cascade on update cascade,"
    "  container integer not null,"
    "  type text not null,"
    "  value text not null,"
    "  present integer not null," /* 0: taken out of a container that has it by default */
    "  version integer not null,"
    "  primary key (address, container, type, value));"
    "create table presence_subscriber (" /* whom the user has acknowledged */
    "  address text not null references account (address) on delete cascade on update cascade,"
    "  value text not null,"
    "  primary key (address, value));",
    /* A container's version may not go back when its latest member goes. */
    "create table presence_container ("
    "  address text not null references account (address) on delete cascade on update cascade,"
    "  container integer not null,"
    "  version integer not null,"
    "  primary key (address, container));"
    "insert into presence_container select address, container, max(version)"
    "  from presence_member group by address, container;"
    "alter table presence_member drop column version;",
};
const struct store_schema presence_schema = {"presence", steps, sizeof steps / sizeof *steps};

static int write_publication(struct store_db *db, struct slice account,
                             const struct presence_op *op, struct fault *fault)
{
    if (op->remove || op->expire != EXPIRE_STATIC)
        return store_exec(db, fault,
                          "delete from presence_publication where address = ?1 and category = ?2"
                          " and instance = ?3 and container = ?4",
                          STORE_TEXT(account), STORE_TEXT(op->category), STORE_INT(op->instance),
                          STORE_INT(op->container), STORE_END);
    struct slice value = slice_absent(op->value) ? SLICE("") : op->value;
    return store_exec(db, fault,
                      "insert into presence_publication"
                      " (address, category, instance, container, version, value, published)"
                      " values (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                      " on conflict (address, category, instance, container)"
                      " do update set version = excluded.version, value = excluded.value,"
                      " published = excluded.published",
                      STORE_TEXT(account), STORE_TEXT(op->category), STORE_INT(op->instance),
                      STORE_INT(op->container), STORE_INT(op->version), STORE_TEXT(value),
                      STORE_INT(op->published), STORE_END);
}

/* Kinds of people are in containers by default, so that one was taken out is kept; that
 * a single person was, needs no row. */
static int write_member(struct store_db *db, struct slice account, const struct presence_op *op,
                        struct fault *fault)
{
    struct slice type = slice_of(member_names[op->type]);
    int result = store_exec(db, fault,
                            "insert into presence_container (address, container, version)"
                            " values (?1, ?2, ?3) on conflict (address, container)"
                            " do update set version = excluded.version",
                            STORE_TEXT(account), STORE_INT(op->container), STORE_INT(op->version),
                            STORE_END);
    if (result < 0)
        return result;
    if (op->remove && op->type <= MEMBER_DOMAIN)
        return store_exec(db, fault,
                          "delete from presence_member where address = ?1 and container = ?2"
                          " and type = ?3 and value = ?4",
                          STORE_TEXT(account), STORE_INT(op->container), STORE_TEXT(type),
                          STORE_TEXT(op->value), STORE_END);
    return store_exec(db, fault,
                      "insert into presence_member"
                      " (address, container, type, value, present)"
                      " values (?1, ?2, ?3, ?4, ?5)"
                      " on conflict (address, container, type, value)"
                      " do update set present = excluded.present",
                      STORE_TEXT(account), STORE_INT(op->container), STORE_TEXT(type),
                      STORE_TEXT(op->value), STORE_INT(!op->remove), STORE_END);
}

static int write_subscriber(struct store_db *db, struct slice account, const struct presence_op *op,
                            struct fault *fault)
{
    return store_exec(db, fault,
                      "insert or ignore into presence_subscriber (address, value) values (?1, ?2)",
                      STORE_TEXT(account), STORE_TEXT(op->value), STORE_END);
}

static int write_change(struct store_db *db, void *arg, struct fault *fault)
{
    static int (*const write[])(struct store_db * db, struct slice account,
                                const struct presence_op *op,
                                struct fault *fault) = {[OP_PUBLICATION] = write_publication,
                                                        [OP_MEMBER] = write_member,
                                                        [OP_SUBSCRIBER] = write_subscriber};
    const struct presence_change *change = arg;
    int result = 0;
    for (const struct presence_op *op = change->first; op && result >= 0; op = op->next)
        if (op->durable)
            result = write[op->kind](db, change->account, op, fault);
    return result < 0 ? result : 0;
}

int presence_commit(struct store *store, const struct presence_change *change, struct fault *fault)
{
    struct presence_change copy = *change; /* store_write's argument is not const */
    return store_write(store, write_change, &copy, fault);
}

struct loading {
    struct arena *arena;
    struct presence_op **last;
};

static void add(struct loading *loading, const struct presence_op *op)
{
    struct presence_op *made = arena_new_of(loading->arena, struct presence_op);
    *made = *op;
    *loading->last = made;
    loading->last = &made->next;
}

static int load_publication(const struct store_row *row, void *arg)
{
    struct loading *loading = arg;
    add(loading, &(struct presence_op){.category = store_row_text(row, 0, loading->arena),
                                       .instance = (uint32_t)store_row_int(row, 1),
                                       .container = (uint32_t)store_row_int(row, 2),
                                       .version = (uint32_t)store_row_int(row, 3),
                                       .value = store_row_text(row, 4, loading->arena),
                                       .published = store_row_int(row, 5)});
    return 0;
}

static int load_subscriber(const struct store_row *row, void *arg)
{
    struct loading *loading = arg;
    add(loading, &(struct presence_op){.kind = OP_SUBSCRIBER,
                                       .value = store_row_text(row, 0, loading->arena)});
    return 0;
}

static int load_member(const struct store_row *row, void *arg)
{
    struct loading *loading = arg;
    int type = name_index(member_names, MEMBER_TYPES, store_row_text(row, 1, loading->arena));
    if (type >= 0)
        add(loading, &(struct presence_op){.kind = OP_MEMBER,
                                           .container = (uint32_t)store_row_int(row, 0),
                                           .type = (enum member_type)type,
                                           .value = store_row_text(row, 2, loading->arena),
                                           .remove = store_row_int(row, 3) == 0});
    return 0;
}

/* Nobody is taken out of it, but its version is said. */
static int load_container(const struct store_row *row, void *arg)
{
    add(arg, &(struct presence_op){.kind = OP_MEMBER,
                                   .container = (uint32_t)store_row_int(row, 0),
                                   .type = MEMBER_USER,
                                   .remove = true,
                                   .version = (uint32_t)store_row_int(row, 1)});
    return 0;
}

int presence_load(struct store_reader *reader, struct slice account, struct arena *arena,
                  struct presence_record **record_out, struct fault *fault)
{
    struct presence_record *record = arena_new_of(arena, struct presence_record);
    struct loading loading = {arena, &record->first};
    struct store_db *db = store_reader_db(reader);
    int result = store_query(db, fault, load_publication, &loading,
                             "select category, instance, container, version, value, published"
                             " from presence_publication where address = ?1",
                             STORE_TEXT(account), STORE_END);
    if (result >= 0)
        result = store_query(db, fault, load_member, &loading,
                             "select container, type, value, present"
                             " from presence_member where address = ?1",
                             STORE_TEXT(account), STORE_END);
    if (result >= 0) /* behind their members */
        result = store_query(db, fault, load_container, &loading,
                             "select container, version from presence_container where address = ?1",
                             STORE_TEXT(account), STORE_END);
    if (result >= 0)
        result = store_query(db, fault, load_subscriber, &loading,
                             "select value from presence_subscriber where address = ?1",
                             STORE_TEXT(account), STORE_END);
    *record_out = result < 0 ? NULL : record;
    return result < 0 ? result : 0;
}
