#include "accounts/words_priv.h"

#include "base/buf.h"

#include <string.h>

/* The account's own fields are indexed when it is written (account.c), the card's when a
 * field is set (card.c). Accounts from before this step wait in account_unindexed. */
const char words_step[] = "create table account_word ("
                          "  word text not null,"
                          "  account_id integer not null references account (id) on delete cascade,"
                          "  field integer not null,"
                          "  primary key (word, account_id, field));"
                          "create index account_word_account on account_word (account_id, word);"
                          "create table account_unindexed ("
                          "  account_id integer primary key"
                          "    references account (id) on delete cascade);"
                          "insert into account_unindexed (account_id) select id from account;";

enum {
    WORD_MAX = 256,   /* bytes; an address has 254 */
    WORDS_MAX = 16,   /* of one field */
    DIAL_PAD = 32,    /* added to a field's number: its words as digits */
    CATCH_UP_AT = 500 /* accounts indexed in one transaction */
};

/* ---- folding ------------------------------------------------------------------------------ */

/* U+00C0 to U+017F without their accents, in lower case. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo*ouuuuyts"
                            "aaaaaaaceeeeiiiidnooooo/ouuuuyty"
                            "aaaaaaccccccccddddeeeeeeeeeegggg"
                            "gggghhhhiiiiiiiiiiiijjkkkllllllll"
                            "llnnnnnnnnnoooooooorrrrrrsssssss"
                            "sttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* Other scripts whose capitals lie at a fixed distance. */
static const struct {
    uint32_t first, last;
    uint32_t distance;
} capitals[] = {
    {0x0391, 0x03ab, 0x20},
    {0x0400, 0x040f, 0x50},
    {0x0410, 0x042f, 0x20},
    {0x0531, 0x0556, 0x30},
};

static uint32_t fold_point(uint32_t point)
{
    if (point >= 'A' && point <= 'Z')
        return point + ('a' - 'A');
    if (point >= 0xc0 && point <= 0x17f)
        return (uint32_t)latin[point - 0xc0];
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++)
        if (point >= capitals[i].first && point <= capitals[i].last)
            return point + capitals[i].distance;
    return point;
}

/* Two bytes of UTF-8 hold U+0080 to U+07FF: all that folding changes beside ASCII. */
struct slice words_fold(struct arena *arena, struct slice text)
{
    char *to = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        unsigned char next = i + 1 < text.len ? (unsigned char)text.at[i + 1] : 0;
        if (byte < 0xc2 || byte > 0xdf || (next & 0xc0) != 0x80) {
            to[len++] = (char)fold_point(byte < 0x80 ? byte : 0);
            if (byte >= 0x80)
                to[len - 1] = (char)byte;
            continue;
        }
        uint32_t point = fold_point((uint32_t)(byte & 0x1f) << 6 | (next & 0x3f));
        i++;
        if (point < 0x80) {
            to[len++] = (char)point;
        } else {
            to[len++] = (char)(0xc0 | point >> 6);
            to[len++] = (char)(0x80 | (point & 0x3f));
        }
    }
    to[len] = '\0';
    return slice_make(to, len);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
    return c == ' ' || c == ',' || c == ';' || c == '(' || c == ')' || c == '"' || c == '/';
}

static struct slice digits_of(struct arena *arena, struct slice text)
{
    char *to = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (is_digit(text.at[i]))
            to[len++] = text.at[i];
    to[len] = '\0';
    return slice_make(to, len);
}

/* The keys that spell a word; absent when some character is on none ([ITU-T E.161] 2.1.1). */
static struct slice dial_pad(struct arena *arena, struct slice word)
{
    static const char keys[] = "22233344455566677778889999";
    char *to = arena_alloc(arena, word.len + 1);
    for (size_t i = 0; i < word.len; i++) {
        char c = word.at[i];
        if (!is_digit(c) && (c < 'a' || c > 'z'))
            return (struct slice){0};
        to[i] = is_digit(c) ? c : keys[c - 'a'];
    }
    to[word.len] = '\0';
    return slice_make(to, word.len);
}

/* ---- writing -------------------------------------------------------------------------------- */

struct putting {
    struct store_db *db;
    struct arena *arena;
    struct fault *fault;
    int64_t account;
    int field;
    unsigned left;
};

static int put_row(struct putting *p, struct slice word, int field)
{
    if (word.len == 0 || word.len > WORD_MAX)
        return 0;
    int result = store_exec(p->db, p->fault,
                            "insert into account_word (word, account_id, field)"
                            " values (?1, ?2, ?3) on conflict do nothing",
                            STORE_TEXT(word), STORE_INT(p->account), STORE_INT(field), STORE_END);
    return result < 0 ? result : 0;
}

static int put_word(struct putting *p, struct slice word, enum words_kind kind)
{
    if (p->left == 0)
        return 0;
    p->left--;
    int err = put_row(p, word, p->field);
    struct slice keys = {0};
    if (err == 0 && kind == WORDS_KIND_NAME)
        keys = dial_pad(p->arena, word);
    return err == 0 && !slice_absent(keys) ? put_row(p, keys, p->field + DIAL_PAD) : err;
}

/* "anna-maria" is found by "anna-m" and by "maria". */
static int put_token(struct putting *p, struct slice token, enum words_kind kind)
{
    ptrdiff_t at = kind == WORDS_KIND_ADDRESS ? slice_index(token, '@') : -1;
    size_t end = at < 0 ? token.len : (size_t)at;
    for (size_t i = 0; i < end; i++)
        if (is_word(token.at[i]) && (i == 0 || !is_word(token.at[i - 1]))) {
            int err = put_word(p, slice_from(token, i), kind);
            if (err < 0)
                return err;
        }
    return 0;
}

int words_put(struct store_db *db, int64_t account, int field, enum words_kind kind,
              struct slice text, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct putting p = {db, arena, fault, account, field, WORDS_MAX};
    int err = store_exec(
        db, fault, "delete from account_word where account_id = ?1 and field in (?2, ?3)",
        STORE_INT(account), STORE_INT(field), STORE_INT(field + DIAL_PAD), STORE_END);
    if (err < 0 || slice_empty(text))
        return err < 0 ? err : 0;
    struct slice folded = words_fold(arena, text);
    if (kind == WORDS_KIND_PHONE)
        return put_row(&p, digits_of(arena, folded), field);
    err = 0;
    for (size_t i = 0; i < folded.len && err == 0;) {
        size_t start = i;
        while (i < folded.len && !is_blank(folded.at[i]))
            i++;
        err = put_token(&p, slice_make(folded.at + start, i - start), kind);
        i++;
    }
    return err;
}

/* ---- accounts from before -------------------------------------------------------------------- */

struct old_account {
    int64_t id;
    struct slice address, display_name;
};

struct catching_up {
    struct arena *arena;
    struct old_account rows[CATCH_UP_AT];
    size_t count;
};

static int see_old(const struct store_row *row, void *arg)
{
    struct catching_up *c = arg;
    c->rows[c->count++] = (struct old_account){
        store_row_int(row, 0), store_row_text(row, 1, c->arena), store_row_text(row, 2, c->arena)};
    return 0;
}

static int index_some(struct store_db *db, void *arg, struct fault *fault)
{
    struct catching_up *c = arg;
    c->count = 0;
    int result = store_query(db, fault, see_old, c,
                             "select a.id, a.address, a.display_name from account_unindexed u"
                             " join account a on a.id = u.account_id limit ?1",
                             STORE_INT(CATCH_UP_AT), STORE_END);
    for (size_t i = 0; i < c->count && result >= 0; i++) {
        const struct old_account *old = &c->rows[i];
        result =
            words_put(db, old->id, WORDS_FIELD_ADDRESS, WORDS_KIND_ADDRESS, old->address, fault);
        if (result >= 0)
            result = words_put(db, old->id, WORDS_FIELD_DISPLAY_NAME, WORDS_KIND_NAME,
                               old->display_name, fault);
        if (result >= 0)
            result = store_exec(db, fault, "delete from account_unindexed where account_id = ?1",
                                STORE_INT(old->id), STORE_END);
    }
    return result < 0 ? result : (int)c->count;
}

static int see_any(const struct store_row *row, void *arg)
{
    (void)row;
    (void)arg;
    return 1;
}

int words_catch_up(struct store *store, struct store_reader *reader, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct catching_up *c = arena_new_of(arena, struct catching_up);
    c->arena = arena;
    int result = store_query(store_reader_db(reader), fault, see_any, NULL,
                             "select 1 from account_unindexed limit 1", STORE_END);
    while (result > 0)
        result = store_write(store, index_some, c, fault);
    return result;
}

/* ---- searching ---------------------------------------------------------------------------------
 */

struct found {
    int64_t *accounts;
    size_t count, limit;
};

static int see_found(const struct store_row *row, void *arg)
{
    struct found *found = arg;
    found->accounts[found->count++] = store_row_int(row, 0);
    return found->count == found->limit ? 1 : 0;
}

/* A term as the index has words: its text, where the range of words ends, its fields. */
struct range {
    struct slice from, to;
    uint64_t fields;
};

static bool only_number(struct slice text)
{
    bool digit = false;
    for (size_t i = 0; i < text.len; i++) {
        if (is_digit(text.at[i]))
            digit = true;
        else if (!strchr("+-. ()/", text.at[i]))
            return false;
    }
    return digit;
}

static struct range range_of(struct arena *arena, const struct words_term *term)
{
    struct slice text = words_fold(arena, slice_trim(term->text));
    uint64_t fields = term->fields & 0xffffffff;
    while (text.len > 0 && text.at[0] != '+' && !is_word(text.at[0]))
        text = slice_from(text, 1);
    if (term->dial_pad)
        fields <<= DIAL_PAD;
    if (term->dial_pad || only_number(text))
        text = digits_of(arena, text);
    /* After the last word that begins so: the last character of Unicode. After the whole word:
     * a character that no word has. */
    struct slice end =
        arena_print(arena, "%.*s%s", SLICE_ARG(text), term->whole ? "\x01" : "\xf4\x8f\xbf\xbf");
    return (struct range){text, end, fields};
}

/* The statement for so many terms: each has three values, the limit comes last. The store
 * keeps prepared statements by their text, and there are eight. */
static const char *statement(struct arena *arena, size_t count)
{
    scoped(buf) struct buf sql = BUF_INIT;
    buf_add_string(&sql, "select distinct w.account_id from account_word w"
                         " join account a on a.id = w.account_id"
                         " where w.word >= ?1 and w.word < ?2 and (?3 >> w.field) & 1 = 1"
                         " and a.enabled = 1");
    for (size_t i = 1; i < count; i++)
        buf_print(&sql,
                  " and exists (select 1 from account_word x where x.account_id = w.account_id"
                  " and x.word >= ?%zu and x.word < ?%zu and (?%zu >> x.field) & 1 = 1)",
                  3 * i + 1, 3 * i + 2, 3 * i + 3);
    buf_print(&sql, " limit ?%zu", 3 * count + 1);
    return arena_string(arena, buf_slice(&sql));
}

int words_search(struct store_reader *reader, const struct words_term *terms, size_t count,
                 size_t limit, struct arena *arena, int64_t **accounts_out, size_t *count_out,
                 struct fault *fault)
{
    struct range ranges[WORDS_TERMS_MAX];
    size_t used = 0, longest = 0;
    *accounts_out = NULL;
    *count_out = 0;
    if (count > WORDS_TERMS_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_INTERNAL, "%zu terms in one search", count);
    for (size_t i = 0; i < count; i++) {
        ranges[used] = range_of(arena, &terms[i]);
        /* A term of which nothing is left ("-") says nothing. */
        if (ranges[used].from.len == 0 || ranges[used].from.len > WORD_MAX)
            continue;
        if (ranges[used].from.len > ranges[longest].from.len)
            longest = used;
        used++;
    }
    if (used == 0 || limit == 0)
        return 0;
    struct range first = ranges[longest];
    ranges[longest] = ranges[0];
    ranges[0] = first;
    struct store_value values[3 * WORDS_TERMS_MAX + 2];
    for (size_t i = 0; i < used; i++) {
        values[3 * i] = STORE_TEXT(ranges[i].from);
        values[3 * i + 1] = STORE_TEXT(ranges[i].to);
        values[3 * i + 2] = STORE_INT(ranges[i].fields);
    }
    values[3 * used] = STORE_INT(limit);
    values[3 * used + 1] = STORE_END;
    struct found found = {arena_array(arena, int64_t, limit), 0, limit};
    int result = store_query_values(store_reader_db(reader), statement(arena, used), values,
                                    see_found, &found, fault);
    *accounts_out = found.accounts;
    *count_out = found.count;
    return result < 0 ? result : 0;
}
