/* Locations as CSV (RFC 4180). */
#include "addressbook/location.h"

#include "base/buf.h"

#include <string.h>

enum {
    CELLS_MAX = 32
};

struct csv {
    struct arena *arena;
    struct slice rest;
    unsigned long line;
    struct slice cell[CELLS_MAX];
    size_t count;
};

static int wrong(const struct csv *csv, int err, const char *why, struct fault *fault)
{
    return fault_set(fault, (enum err)err, FINDING_LOCATION_INVALID, "line %lu: %s", csv->line,
                     why);
}

/* A cell in quotes, which are doubled inside; lines may end in it. */
static int read_quoted(struct csv *csv, struct slice *cell_out, struct fault *fault)
{
    scoped(buf) struct buf text = BUF_INIT;
    size_t at = 1;
    for (; at < csv->rest.len; at++) {
        if (csv->rest.at[at] == '"') {
            if (at + 1 >= csv->rest.len || csv->rest.at[at + 1] != '"')
                break;
            at++;
        }
        buf_add_byte(&text, csv->rest.at[at]);
    }
    if (at >= csv->rest.len)
        return wrong(csv, ERR_MALFORMED, "a quote is not closed", fault);
    csv->rest = slice_from(csv->rest, at + 1);
    if (slice_starts(csv->rest, SLICE("\r")))
        csv->rest = slice_from(csv->rest, 1);
    if (csv->rest.len > 0 && csv->rest.at[0] != ',' && csv->rest.at[0] != '\n')
        return wrong(csv, ERR_MALFORMED, "text follows a closed quote", fault);
    *cell_out = text.len ? arena_copy(csv->arena, buf_slice(&text)) : SLICE("");
    return 0;
}

static void read_plain(struct csv *csv, struct slice *cell_out)
{
    size_t at = 0;
    while (at < csv->rest.len && csv->rest.at[at] != ',' && csv->rest.at[at] != '\n')
        at++;
    *cell_out = slice_trim(slice_head(csv->rest, at));
    csv->rest = slice_from(csv->rest, at);
}

/* The cells of the next line; false at the end, or with *err set. */
static bool next_line(struct csv *csv, int *err, struct fault *fault)
{
    *err = 0;
    if (csv->rest.len == 0)
        return false;
    csv->line++;
    csv->count = 0;
    for (bool more = true; more;) {
        struct slice cell = SLICE("");
        if (csv->count == CELLS_MAX)
            *err = wrong(csv, ERR_LIMIT, "too many columns", fault);
        else if (csv->rest.len > 0 && csv->rest.at[0] == '"')
            *err = read_quoted(csv, &cell, fault);
        else
            read_plain(csv, &cell);
        if (*err < 0)
            return false;
        csv->cell[csv->count++] = cell;
        more = csv->rest.len > 0 && csv->rest.at[0] == ',';
        csv->rest = slice_from(csv->rest, 1);
    }
    return true;
}

enum {
    COLUMN_KIND = LOCATION_PARTS,
    COLUMN_KEY,
    COLUMNS
};

/* Where the columns stand; -1: nowhere. */
static int read_header(struct csv *csv, int place[static COLUMNS], struct fault *fault)
{
    int err;
    enum location_part part;
    for (int i = 0; i < COLUMNS; i++)
        place[i] = -1;
    if (!next_line(csv, &err, fault))
        return err < 0 ? err : wrong(csv, ERR_MALFORMED, "the file is empty", fault);
    for (size_t i = 0; i < csv->count; i++) {
        if (slice_eq_nocase(csv->cell[i], SLICE("kind")))
            place[COLUMN_KIND] = (int)i;
        else if (slice_eq_nocase(csv->cell[i], SLICE("key")))
            place[COLUMN_KEY] = (int)i;
        else if (location_part_find(csv->cell[i], &part))
            place[part] = (int)i;
        else
            return wrong(csv, ERR_MALFORMED, "a column with a name that is not known", fault);
    }
    return place[COLUMN_KIND] < 0 || place[COLUMN_KEY] < 0
               ? wrong(csv, ERR_MALFORMED, "the columns kind and key are needed", fault)
               : 0;
}

static struct slice cell_at(const struct csv *csv, int place)
{
    return place >= 0 && (size_t)place < csv->count ? csv->cell[place] : (struct slice){0};
}

static int read_row(const struct csv *csv, const int place[static COLUMNS], struct location *out,
                    struct fault *fault)
{
    *out = (struct location){.key = cell_at(csv, place[COLUMN_KEY])};
    if (!location_kind_find(cell_at(csv, place[COLUMN_KIND]), &out->kind))
        return wrong(csv, ERR_MALFORMED, "kind is none of bssid, port, chassis, subnet, mac",
                     fault);
    for (int i = 0; i < LOCATION_PARTS; i++)
        out->part[i] = cell_at(csv, place[i]);
    return 0;
}

int location_parse_csv(struct slice text, struct arena *arena, struct location **rows_out,
                       size_t *count_out, struct fault *fault)
{
    struct csv csv = {.arena = arena, .rest = text};
    int place[COLUMNS], err;
    size_t room = 0;
    *rows_out = NULL;
    *count_out = 0;
    if ((err = read_header(&csv, place, fault)) < 0)
        return err;
    while (next_line(&csv, &err, fault)) {
        if (csv.count == 1 && csv.cell[0].len == 0)
            continue;
        if (*count_out == LOCATION_ROWS_MAX)
            return wrong(&csv, ERR_LIMIT, "too many rows", fault);
        if (*count_out == room) {
            room = room ? 2 * room : CELLS_MAX;
            struct location *grown = arena_array(arena, struct location, room);
            if (*count_out)
                memcpy(grown, *rows_out, *count_out * sizeof *grown);
            *rows_out = grown;
        }
        if ((err = read_row(&csv, place, &(*rows_out)[*count_out], fault)) < 0)
            return err;
        ++*count_out;
    }
    return err;
}
