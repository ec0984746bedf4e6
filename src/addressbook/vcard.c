#include "addressbook/vcard.h"

enum {
    LINE_MAX_BYTES = 75 /* without its end; what is longer is folded ([RFC 2426] section 2.6) */
};

/* ---- text ------------------------------------------------------------------------------- */

/* A value in the one form of escape that vCard has ([RFC 2426] section 5). */
static void add_escaped(struct buf *line, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c == '\\' || c == ',' || c == ';')
            buf_add_byte(line, '\\');
        if (c == '\n')
            buf_add_string(line, "\\n");
        else if (c != '\r')
            buf_add_byte(line, c);
    }
}

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Folded between characters, not within: readers that unfold too late would see half of one. */
static void add_line(struct buf *out, struct slice line)
{
    size_t room = LINE_MAX_BYTES;
    while (line.len > room) {
        size_t cut = room;
        while (cut > 1 && continues_character(line.at[cut]))
            cut--;
        buf_add(out, slice_head(line, cut));
        buf_add_string(out, "\r\n ");
        line = slice_from(line, cut);
        room = LINE_MAX_BYTES - 1;
    }
    buf_add(out, line);
    buf_add_string(out, "\r\n");
}

/* "NAME:a;b;c": fields of the card, in order; nothing when none of them is known. -1: empty. */
static void add_fields(struct buf *out, const char *name, const struct card *card,
                       const int *fields, size_t count)
{
    scoped(buf) struct buf line = BUF_INIT;
    bool any = false;
    buf_print(&line, "%s:", name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_byte(&line, ';');
        if (fields[i] >= 0 && !slice_empty(card->field[fields[i]])) {
            add_escaped(&line, card->field[fields[i]]);
            any = true;
        }
    }
    if (any)
        add_line(out, buf_slice(&line));
}

static void add_value(struct buf *out, const char *name, struct slice value)
{
    scoped(buf) struct buf line = BUF_INIT;
    if (slice_empty(value))
        return;
    buf_add_string(&line, name);
    add_escaped(&line, value);
    add_line(out, buf_slice(&line));
}

/* ---- the card ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    int fields[7];
    size_t count;
} rows[] = {
    {"TITLE", {CARD_TITLE}, 1},
    {"ORG", {CARD_COMPANY, CARD_DEPARTMENT, CARD_OFFICE}, 3},
    {"TEL;TYPE=WORK,VOICE", {CARD_PHONE_WORK}, 1},
    {"TEL;TYPE=CELL", {CARD_PHONE_MOBILE}, 1},
    {"TEL;TYPE=HOME,VOICE", {CARD_PHONE_HOME}, 1},
    {"TEL;TYPE=VOICE", {CARD_PHONE_OTHER}, 1},
    {"ADR;TYPE=WORK", {-1, -1, CARD_STREET, CARD_CITY, CARD_STATE, CARD_ZIP, CARD_COUNTRY}, 7},
};

/* N and FN must be there; who has no surname is known by what is displayed. */
static void add_names(struct buf *out, const struct account *account, const struct card *card)
{
    struct slice shown =
        slice_empty(account->display_name) ? account->address : account->display_name;
    add_value(out, "FN:", shown);
    if (slice_empty(card->field[CARD_SURNAME]) && slice_empty(card->field[CARD_GIVEN_NAME])) {
        scoped(buf) struct buf line = BUF_INIT;
        buf_add_string(&line, "N:");
        add_escaped(&line, shown);
        buf_add_string(&line, ";;;;");
        add_line(out, buf_slice(&line));
        return;
    }
    add_fields(out, "N", card, (const int[]){CARD_SURNAME, CARD_GIVEN_NAME, -1, -1, -1}, 5);
}

void vcard_print(const struct account *account, const struct card *card, struct slice photo_url,
                 struct buf *out)
{
    struct slice mail = card->field[CARD_MAIL];
    buf_add_string(out, "BEGIN:VCARD\r\nVERSION:3.0\r\n");
    add_names(out, account, card);
    add_value(out, "UID:sip:", account->address);
    add_value(out, "IMPP:sip:", account->address);
    add_value(out, "EMAIL;TYPE=INTERNET:", slice_empty(mail) ? account->address : mail);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_fields(out, rows[i].name, card, rows[i].fields, rows[i].count);
    add_value(out, "URL:", card->field[CARD_URL]);
    add_value(out, "PHOTO;VALUE=URI:", photo_url);
    buf_add_string(out, "END:VCARD\r\n");
}
