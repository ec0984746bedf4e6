#include "accounts/notice.h"

const char notice_step[] = "create table account_notice ("
                           "  number integer primary key autoincrement,"
                           "  address text not null);";

int notice_put(struct store_db *db, int64_t account, struct fault *fault)
{
    int result = store_exec(db, fault,
                            "insert into account_notice (address)"
                            " select address from account where id = ?1",
                            STORE_INT(account), STORE_END);
    if (result > 0)
        result = store_exec(db, fault, "delete from account_notice where number <= ?1",
                            STORE_INT(store_last_id(db) - NOTICES_KEPT), STORE_END);
    return result < 0 ? result : 0;
}

static int see_number(const struct store_row *row, void *arg)
{
    *(int64_t *)arg = store_row_int(row, 0);
    return 0;
}

int notice_latest(struct store_reader *reader, int64_t *number_out, struct fault *fault)
{
    *number_out = 0;
    int result = store_query(store_reader_db(reader), fault, see_number, number_out,
                             "select max(number) from account_notice", STORE_END);
    return result < 0 ? result : 0;
}

struct listing {
    struct arena *arena;
    struct notice *list;
    size_t count, room;
};

static int see_notice(const struct store_row *row, void *arg)
{
    struct listing *listing = arg;
    if (listing->count == listing->room)
        return 1;
    listing->list[listing->count++] = (struct notice){
        .number = store_row_int(row, 0), .address = store_row_text(row, 1, listing->arena)};
    return 0;
}

int notice_list(struct store_reader *reader, int64_t after, struct arena *arena,
                struct notice **list_out, size_t *count_out, struct fault *fault)
{
    int64_t latest = 0;
    *list_out = NULL;
    *count_out = 0;
    int result = notice_latest(reader, &latest, fault);
    if (result < 0 || latest <= after)
        return result;
    size_t room = latest - after < NOTICES_KEPT ? (size_t)(latest - after) : NOTICES_KEPT;
    struct listing listing = {
        .arena = arena, .list = arena_array(arena, struct notice, room), .room = room};
    result = store_query(store_reader_db(reader), fault, see_notice, &listing,
                         "select number, address from account_notice where number > ?1"
                         " order by number",
                         STORE_INT(after), STORE_END);
    *list_out = listing.list;
    *count_out = listing.count;
    return result < 0 ? result : 0;
}
