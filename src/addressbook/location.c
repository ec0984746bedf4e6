#include "addressbook/location.h"

#include "accounts/words.h"

#include <string.h>

enum {
    MAC_DIGITS = 12,
    LIST_FIRST = 64
};

static const char *const kind_names[LOCATION_KINDS] = {"bssid", "port", "chassis", "subnet", "mac"};

static const struct {
    const char *name, *element;
} parts[LOCATION_PARTS] = {
    [LOCATION_COUNTRY] = {"country", "country"},
    [LOCATION_STATE] = {"state", "A1"},
    [LOCATION_CITY] = {"city", "A3"},
    [LOCATION_PRE] = {"pre-directional", "PRD"},
    [LOCATION_STREET] = {"street", "RD"},
    [LOCATION_SUFFIX] = {"street-suffix", "STS"},
    [LOCATION_POST] = {"post-directional", "POD"},
    [LOCATION_NUMBER] = {"house-number", "HNO"},
    [LOCATION_ADDITION] = {"house-number-suffix", "HNS"},
    [LOCATION_PLACE] = {"location", "LOC"},
    [LOCATION_COMPANY] = {"company", "NAM"},
    [LOCATION_ZIP] = {"zip", "PC"},
};

const char *location_kind_name(enum location_kind kind)
{
    return kind_names[kind];
}

const char *location_part_name(enum location_part part)
{
    return parts[part].name;
}

const char *location_part_element(enum location_part part)
{
    return parts[part].element;
}

bool location_kind_find(struct slice word, enum location_kind *kind_out)
{
    for (int i = 0; i < LOCATION_KINDS; i++)
        if (slice_eq_nocase(word, slice_of(kind_names[i]))) {
            *kind_out = (enum location_kind)i;
            return true;
        }
    return false;
}

bool location_part_find(struct slice word, enum location_part *part_out)
{
    for (int i = 0; i < LOCATION_PARTS; i++)
        if (slice_eq_nocase(word, slice_of(parts[i].name))) {
            *part_out = (enum location_part)i;
            return true;
        }
    return false;
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static int invalid(struct fault *fault, const char *what, struct slice value, const char *why)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_LOCATION_INVALID, "%s \"%.*s\": %s", what,
                     (int)(value.len < 80 ? value.len : 80), value.at ? value.at : "", why);
}

/* Twelve hexadecimal digits in any of the usual spellings; with `star` the last two may be
 * one star. Absent: it is none. */
static struct slice mac(struct arena *arena, struct slice text, bool star)
{
    char *to = arena_alloc(arena, MAC_DIGITS / 2 * 3);
    size_t digits = 0, len = 0;
    bool starred = star && slice_ends(text, SLICE("*"));
    if (starred)
        text = slice_head(text, text.len - 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '-' || c == ':' || c == '.')
            continue;
        if (c >= 'a' && c <= 'f')
            c = (char)(c - 'a' + 'A');
        if (digits == MAC_DIGITS || !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
            return (struct slice){0};
        if (digits > 0 && digits % 2 == 0)
            to[len++] = '-';
        to[len++] = c;
        digits++;
    }
    if (digits != (starred ? MAC_DIGITS - 2 : MAC_DIGITS))
        return (struct slice){0};
    struct slice plain = slice_make(to, len);
    return starred ? arena_print(arena, "%.*s-*", SLICE_ARG(plain)) : plain;
}

static bool is_address(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("0123456789abcdefABCDEF.:", text.at[i]) || text.at[i] == '\0')
            return false;
    return slice_index(text, '.') >= 0 || slice_index(text, ':') >= 0;
}

int location_key(struct arena *arena, enum location_kind kind, struct slice text,
                 struct slice *key_out, struct fault *fault)
{
    struct slice chassis, port;
    text = slice_trim(text);
    *key_out = (struct slice){0};
    if (text.len > LOCATION_VALUE_MAX)
        return invalid(fault, kind_names[kind], text, "is too long");
    switch (kind) {
    case LOCATION_SUBNET:
        if (is_address(text))
            *key_out = words_fold(arena, text);
        break;
    case LOCATION_PORT:
        slice_cut(text, '/', &chassis, &port);
        chassis = mac(arena, chassis, false);
        if (!slice_absent(chassis) && !slice_empty(port))
            *key_out = arena_print(arena, "%.*s/%.*s", SLICE_ARG(chassis), SLICE_ARG(port));
        break;
    default:
        *key_out = mac(arena, text, kind == LOCATION_BSSID);
        break;
    }
    return slice_absent(*key_out) ? invalid(fault, kind_names[kind], text,
                                            kind == LOCATION_SUBNET ? "is no IP address"
                                            : kind == LOCATION_PORT ? "is not of the form MAC/PORT"
                                                                    : "is no MAC address")
                                  : 0;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

struct writing {
    const struct location *rows;
    size_t count;
    enum location_kind kind;
    struct slice key;
};

static int check(const struct location *row, struct fault *fault)
{
    for (int i = 0; i < LOCATION_PARTS; i++) {
        struct slice value = row->part[i];
        bool text = value.len <= LOCATION_VALUE_MAX;
        for (size_t k = 0; k < value.len && text; k++)
            text = (unsigned char)value.at[k] >= 0x20 && value.at[k] != 0x7f;
        if (!text)
            return invalid(fault, parts[i].name, value, "too long, or no text");
    }
    if (slice_empty(row->part[LOCATION_COUNTRY]) || slice_empty(row->part[LOCATION_CITY]))
        return invalid(fault, kind_names[row->kind], row->key, "country and city are needed");
    return 0;
}

static int write_row(struct store_db *db, const struct location *row, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct store_value values[LOCATION_PARTS + 4];
    struct slice key;
    int result = check(row, fault);
    if (result == 0)
        result = location_key(arena, row->kind, row->key, &key, fault);
    if (result < 0)
        return result;
    values[0] = STORE_TEXT(slice_of(kind_names[row->kind]));
    values[1] = STORE_TEXT(key);
    values[2] = STORE_TEXT(words_fold(arena, row->part[LOCATION_CITY]));
    for (int i = 0; i < LOCATION_PARTS; i++)
        values[i + 3] = STORE_TEXT(slice_empty(row->part[i]) ? (struct slice){0} : row->part[i]);
    values[LOCATION_PARTS + 3] = STORE_END;
    result = store_exec(db, fault, "delete from location where kind = ?1 and net = ?2", values[0],
                        values[1], STORE_END);
    return result < 0 ? result
                      : store_exec_values(db,
                                          "insert into location values (?1, ?2, ?3, ?4, ?5, ?6,"
                                          " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                                          values, fault);
}

static int write_rows(struct store_db *db, void *arg, struct fault *fault)
{
    const struct writing *w = arg;
    for (size_t i = 0; i < w->count; i++) {
        struct fault why = {0};
        int result = write_row(db, &w->rows[i], &why);
        if (result < 0)
            return fault_set(fault, (enum err) - why.err, why.finding, "row %zu: %s", i + 1,
                             why.detail);
    }
    return 0;
}

int location_set(struct store *store, const struct location *rows, size_t count,
                 struct fault *fault)
{
    int result = store_write(store, write_rows, &(struct writing){rows, count, 0, {0}}, fault);
    return result < 0 ? result : 0;
}

static int unknown(struct fault *fault, enum location_kind kind, struct slice key)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_LOCATION_UNKNOWN, "%s %.*s", kind_names[kind],
                     (int)(key.len < 80 ? key.len : 80), key.at ? key.at : "");
}

static int delete_row(struct store_db *db, void *arg, struct fault *fault)
{
    const struct writing *w = arg;
    int result =
        store_exec(db, fault, "delete from location where kind = ?1 and net = ?2",
                   STORE_TEXT(slice_of(kind_names[w->kind])), STORE_TEXT(w->key), STORE_END);
    return result == 0 ? unknown(fault, w->kind, w->key) : result;
}

int location_remove(struct store *store, enum location_kind kind, struct slice key,
                    struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct writing w = {NULL, 0, kind, {0}};
    int result = location_key(arena, kind, key, &w.key, fault);
    if (result == 0)
        result = store_write(store, delete_row, &w, fault);
    return result < 0 ? result : 0;
}

/* ---- reading
 * -------------------------------------------------------------------------------------- */

#define COLUMNS "kind, net, country, a1, a3, prd, rd, sts, pod, hno, hns, loc, nam, pc"

struct listing {
    struct arena *arena;
    struct location *at;
    size_t count, room;
};

static int see_row(const struct store_row *row, void *arg)
{
    struct listing *l = arg;
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : LIST_FIRST;
        struct location *grown = arena_array(l->arena, struct location, room);
        if (l->count)
            memcpy(grown, l->at, l->count * sizeof *grown);
        l->at = grown;
        l->room = room;
    }
    struct location *location = &l->at[l->count];
    *location = (struct location){.key = store_row_text(row, 1, l->arena)};
    if (!location_kind_find(store_row_text(row, 0, l->arena), &location->kind))
        return 0; /* of a later version */
    for (int i = 0; i < LOCATION_PARTS; i++)
        location->part[i] = store_row_text(row, i + 2, l->arena);
    l->count++;
    return 0;
}

int location_find(struct store_reader *reader, enum location_kind kind, struct slice key,
                  struct arena *arena, struct location *out, struct fault *fault)
{
    struct listing one = {.arena = arena, .at = out, .room = 1};
    struct slice normal, star = {0};
    int result = location_key(arena, kind, key, &normal, fault);
    if (result < 0)
        return result;
    if (kind == LOCATION_BSSID && normal.len > 2)
        star = arena_print(arena, "%.*s*", SLICE_ARG(slice_head(normal, normal.len - 2)));
    result = store_query(store_reader_db(reader), fault, see_row, &one,
                         "select " COLUMNS " from location where kind = ?1 and net in (?2, ?3)"
                         " order by net desc limit 1",
                         STORE_TEXT(slice_of(kind_names[kind])), STORE_TEXT(normal),
                         STORE_TEXT(star), STORE_END);
    if (result < 0)
        return result;
    return one.count == 1 ? 0 : unknown(fault, kind, key);
}

int location_list(struct store_reader *reader, struct slice country, struct slice state,
                  struct slice city, size_t limit, struct arena *arena, struct location **list_out,
                  size_t *count_out, struct fault *fault)
{
    struct listing l = {.arena = arena};
    struct store_db *db = store_reader_db(reader);
    int result =
        slice_empty(city)
            ? store_query(db, fault, see_row, &l,
                          "select " COLUMNS " from location order by kind, net limit ?1",
                          STORE_INT(limit), STORE_END)
            : store_query(db, fault, see_row, &l,
                          "select " COLUMNS " from location where folded_city = ?1"
                          " and (?2 = '' or lower(country) = ?2)"
                          " and (?3 = '' or lower(a1) = ?3) order by rd, hno, loc limit ?4",
                          STORE_TEXT(words_fold(arena, city)),
                          STORE_TEXT(words_fold(arena, country)),
                          STORE_TEXT(words_fold(arena, state)), STORE_INT(limit), STORE_END);
    *list_out = l.at;
    *count_out = l.count;
    return result < 0 ? result : 0;
}
