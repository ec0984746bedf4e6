/* What many people have in common and is kept once: accounts, names of categories,
 * what a watcher asks for, the values of publications. */
#include "presence/presence_priv.h"

#include <stdlib.h>
#include <string.h>

struct atom *atom_find(const struct presence *presence, struct slice text)
{
    struct atom *atom;
    HASH_FIND(hh, presence->atoms, text.at, text.len, atom);
    return atom;
}

struct atom *atom_take(struct presence *presence, struct slice text)
{
    struct atom *atom = atom_find(presence, text);
    if (!atom) {
        atom = must_calloc(1, sizeof *atom + text.len + 1);
        memcpy(atom->bytes, text.at, text.len);
        atom->text = slice_make(atom->bytes, text.len);
        HASH_ADD_KEYPTR(hh, presence->atoms, atom->bytes, text.len, atom);
    }
    atom->uses++;
    return atom;
}

void atom_release(struct presence *presence, struct atom *atom)
{
    if (--atom->uses)
        return;
    HASH_DEL(presence->atoms, atom);
    free(atom);
}

/* Names of categories hold no blank, so they can be told apart in one text. */
struct wish *wish_take(struct presence *presence, const struct slice *categories, size_t count,
                       bool legacy)
{
    scoped(buf) struct buf key = BUF_INIT;
    struct wish *wish;
    buf_add_string(&key, legacy ? "legacy" : "");
    for (size_t i = 0; i < count; i++) {
        buf_add_byte(&key, ' ');
        buf_add(&key, categories[i]);
    }
    HASH_FIND(hh, presence->wishes, buf_slice(&key).at, key.len, wish);
    if (!wish) {
        wish = must_calloc(1, sizeof *wish + key.len + 1);
        memcpy(wish->bytes, buf_slice(&key).at, key.len);
        char *at = wish->bytes + (legacy ? sizeof "legacy" - 1 : 0);
        for (size_t i = 0; i < count; i++) {
            wish->categories[i] = slice_make(++at, categories[i].len);
            at += categories[i].len;
        }
        wish->count = count;
        wish->legacy = legacy;
        HASH_ADD_KEYPTR(hh, presence->wishes, wish->bytes, key.len, wish);
    }
    wish->uses++;
    return wish;
}

void wish_release(struct presence *presence, struct wish *wish)
{
    if (--wish->uses)
        return;
    HASH_DEL(presence->wishes, wish);
    free(wish);
}

/* The same value is often in several containers of one person. */
struct value *value_take(const struct person *person, struct slice text)
{
    for (const struct publication *p = person->publications; p; p = p->next)
        if (slice_eq(value_text(p->value), text)) {
            p->value->uses++;
            return p->value;
        }
    struct value *value = must_alloc(sizeof *value + text.len + 1);
    value->uses = 1;
    value->len = text.len;
    if (text.len)
        memcpy(value->bytes, text.at, text.len);
    return value;
}

void value_release(struct value *value)
{
    if (--value->uses == 0)
        free(value);
}
