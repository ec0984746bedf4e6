/* Contact lists as CSV (RFC 4180). */
#include "contacts/exchange_priv.h"

/* The columns, in the order in which we write them. */
enum column {
    ADDRESS,
    NAME,
    GROUPS,
    SUBSCRIBED,
    EXTERNAL,
    EXTENSION,
    COLUMNS
};

static const char *const column_names[COLUMNS] = {
    "address", "name", "groups", "subscribed", "external_uri", "extension",
};

/* ---- writing -------------------------------------------------------------------------- */

static void put_cell(struct buf *out, struct slice text)
{
    bool plain = slice_index(text, ',') < 0 && slice_index(text, '"') < 0 &&
                 slice_index(text, '\n') < 0 && slice_index(text, '\r') < 0 &&
                 text.len == slice_trim(text).len;
    if (plain) {
        buf_add(out, text);
        return;
    }
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            buf_add_byte(out, '"');
        buf_add_byte(out, text.at[i]);
    }
    buf_add_byte(out, '"');
}

static void add_name(struct buf *cell, struct slice name)
{
    if (cell->len)
        buf_add_byte(cell, ';');
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == ';' || name.at[i] == '\\')
            buf_add_byte(cell, '\\');
        buf_add_byte(cell, name.at[i]);
    }
}

static void put_groups(struct buf *out, const struct contacts_list *list, uint64_t groups)
{
    scoped(buf) struct buf cell = BUF_INIT;
    for (size_t i = 0; i < list->group_count; i++)
        if (groups & contacts_bit(list->groups[i].id))
            add_name(&cell, list->groups[i].name);
    put_cell(out, buf_slice(&cell));
}

static void put_contact(struct buf *out, const struct contacts_list *list,
                        const struct contacts_contact *contact)
{
    put_cell(out, contact->uri);
    buf_add_byte(out, ',');
    put_cell(out, contact->name);
    buf_add_byte(out, ',');
    put_groups(out, list, contact->groups);
    buf_add_string(out, contact->subscribed ? ",true," : ",false,");
    put_cell(out, contact->external);
    buf_add_byte(out, ',');
    put_cell(out, contact->extension);
    buf_add_string(out, "\r\n");
}

/* Groups first, each on a line without address, so that empty ones and their order
 * are kept. */
void contacts_print_csv(const struct contacts_list *list, struct buf *out)
{
    for (unsigned i = 0; i < COLUMNS; i++)
        buf_print(out, "%s%s", i ? "," : "", column_names[i]);
    buf_add_string(out, "\r\n");
    for (size_t i = 0; i < list->group_count; i++) {
        if (list->groups[i].id == CONTACTS_EVERYBODY)
            continue;
        buf_add_string(out, ",,");
        put_groups(out, list, contacts_bit(list->groups[i].id));
        buf_add_string(out, ",,,\r\n");
    }
    for (size_t i = 0; i < list->contact_count; i++)
        put_contact(out, list, list->contacts[i]);
}

/* ---- reading --------------------------------------------------------------------------- */

struct csv {
    struct exchange exchange;
    struct slice rest;
    long line;          /* the one that is being read */
    int place[COLUMNS]; /* where a column stands, -1: nowhere */
};

/* The next cell, with its quotes undone. *more_out: another follows on this line. */
static int next_cell(struct csv *csv, struct slice *cell_out, bool *more_out, struct fault *fault)
{
    scoped(buf) struct buf cell = BUF_INIT;
    struct slice *rest = &csv->rest;
    bool quoted = rest->len && rest->at[0] == '"';
    size_t at = quoted ? 1 : 0;
    for (; at < rest->len; at++) {
        char c = rest->at[at];
        if (quoted && c == '"') {
            if (at + 1 >= rest->len || rest->at[at + 1] != '"')
                break;
            at++;
        } else if (!quoted && (c == ',' || c == '\n')) {
            break;
        } else if (c == '\n') {
            csv->line++;
        }
        buf_add_byte(&cell, c);
    }
    if (quoted && at >= rest->len)
        return exchange_wrong(fault, ERR_MALFORMED, csv->line, "a quote is not closed");
    struct slice text = buf_slice(&cell), end = slice_from(*rest, at + (quoted ? 1 : 0));
    if (quoted && slice_starts(end, SLICE("\r")))
        end = slice_from(end, 1);
    if (end.len && end.at[0] != ',' && end.at[0] != '\n')
        return exchange_wrong(fault, ERR_MALFORMED, csv->line, "text follows a closed quote");
    *more_out = end.len && end.at[0] == ',';
    *rest = slice_from(end, 1);
    *cell_out = SLICE("");
    if (text.len)
        *cell_out = arena_copy(csv->exchange.arena, quoted ? text : slice_trim(text));
    return 0;
}

enum {
    CELLS_MAX = 32
};

/* The cells of a line; a blank line has one, which is empty. */
static int next_line(struct csv *csv, struct slice cells[CELLS_MAX], size_t *count_out,
                     struct fault *fault)
{
    bool more = true;
    csv->line++;
    for (*count_out = 0; more; ++*count_out) {
        if (*count_out == CELLS_MAX)
            return exchange_wrong(fault, ERR_LIMIT, csv->line, "too many columns");
        int err = next_cell(csv, &cells[*count_out], &more, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

static int read_header(struct csv *csv, struct fault *fault)
{
    struct slice cells[CELLS_MAX];
    size_t count;
    int err = next_line(csv, cells, &count, fault);
    if (err < 0)
        return err;
    for (unsigned column = 0; column < COLUMNS; column++) {
        csv->place[column] = -1;
        for (size_t i = 0; i < count && csv->place[column] < 0; i++)
            if (slice_eq_nocase(cells[i], slice_of(column_names[column])))
                csv->place[column] = (int)i;
    }
    if (csv->place[ADDRESS] < 0)
        return exchange_wrong(fault, ERR_MALFORMED, csv->line, "no column `address`");
    return 0;
}

/* Names split at ';', a backslash hiding ; and \ ; each group is made when first named. */
static int read_groups(struct csv *csv, struct slice text, uint64_t *groups_out,
                       struct fault *fault)
{
    scoped(buf) struct buf name = BUF_INIT;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.at[i] != ';') {
            if (text.at[i] == '\\' && i + 1 < text.len)
                i++;
            buf_add_byte(&name, text.at[i]);
            continue;
        }
        struct slice trimmed = slice_trim(buf_slice(&name));
        if (trimmed.len) {
            struct contacts_group group = {.name = arena_copy(csv->exchange.arena, trimmed),
                                           .external = SLICE("")};
            int err = exchange_group(&csv->exchange, &group, csv->line, groups_out, fault);
            if (err < 0)
                return err;
        }
        buf_clear(&name);
    }
    return 0;
}

static int read_subscribed(struct slice text, long line, bool *subscribed_out, struct fault *fault)
{
    *subscribed_out = slice_empty(text) || slice_eq_nocase(text, SLICE("true"));
    if (*subscribed_out || slice_eq_nocase(text, SLICE("false")))
        return 0;
    return exchange_wrong(fault, ERR_MALFORMED, line, "subscribed is neither true nor false");
}

static int read_contact(struct csv *csv, const struct slice cell[COLUMNS], struct fault *fault)
{
    struct contacts_contact contact = {
        .uri = cell[ADDRESS],
        .name = cell[NAME],
        .external = cell[EXTERNAL],
        .extension = cell[EXTENSION],
    };
    int err = read_groups(csv, cell[GROUPS], &contact.groups, fault);
    if (err < 0 || slice_empty(cell[ADDRESS]))
        return err;
    err = read_subscribed(cell[SUBSCRIBED], csv->line, &contact.subscribed, fault);
    return err < 0 ? err : exchange_contact(&csv->exchange, &contact, csv->line, fault);
}

int contacts_parse_csv(struct slice text, size_t contacts_max, struct arena *arena,
                       struct contacts_list **list_out, struct fault *fault)
{
    const struct slice mark = SLICE("\xef\xbb\xbf");
    struct csv csv = {.rest = slice_starts(text, mark) ? slice_from(text, mark.len) : text};
    int err = exchange_begin(&csv.exchange, text, contacts_max, arena, fault);
    if (err == 0)
        err = read_header(&csv, fault);
    while (err == 0 && csv.rest.len) {
        struct slice cells[CELLS_MAX], cell[COLUMNS];
        size_t count = 0;
        err = next_line(&csv, cells, &count, fault);
        for (unsigned i = 0; i < COLUMNS && err == 0; i++)
            cell[i] =
                csv.place[i] >= 0 && (size_t)csv.place[i] < count ? cells[csv.place[i]] : SLICE("");
        if (err == 0)
            err = read_contact(&csv, cell, fault);
    }
    *list_out = csv.exchange.list;
    return err;
}
