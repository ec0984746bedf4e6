/* A struct as XML elements and back, by a table: one row a member. */
#ifndef LYCHGATE_MCX_SHAPE_PRIV_H
#define LYCHGATE_MCX_SHAPE_PRIV_H

#include "base/arena.h"
#include "base/fault.h"
#include "xml/reader.h"
#include "xml/writer.h"

enum field_kind {
    FIELD_TEXT,   /* struct slice; white space around it does not count */
    FIELD_EXACT,  /* struct slice, as it is */
    FIELD_NUMBER, /* int, unsigned, int64_t, uint64_t, size_t */
    FIELD_BOOL,
    FIELD_WORD,   /* an enum, by its words */
    FIELD_GROUPS, /* uint64_t: numbers of the bits that are set, from 1 */
    FIELD_PART,   /* pointer to another struct */
    FIELD_LIST    /* pointer to an array of them; size_t count elsewhere */
};

enum field_need {
    FIELD_NEEDED,
    FIELD_OPTIONAL, /* missing: absent, -1, NULL */
    FIELD_BLANK     /* missing: "", 0, false; and these are not printed */
};

struct field {
    const char *name;
    enum field_kind kind;
    enum field_need need;
    size_t at, size;          /* of the member */
    int64_t most;             /* bytes of a text, value of a number, entries of a list */
    int64_t least;            /* bytes, value */
    const char *const *words; /* NULL behind the last */
    const struct shape *shape;
    size_t count_at; /* of a list: its size_t */
};

struct shape {
    const struct field *fields;
    size_t count;
    size_t size; /* of the struct */
};

#define FIELD_AT(type, member) offsetof(type, member), sizeof(((type *)NULL)->member)
#define SHAPE(type, fields_)                                                                       \
    {                                                                                              \
        (fields_), sizeof(fields_) / sizeof *(fields_), sizeof(type)                               \
    }

/* Write the members as elements, into the element that is open. */
void shape_print(const struct shape *shape, const void *object, struct xml_writer *w);

/* Read them from the element's children, which are of namespace ns. -ERR_MALFORMED with
 * `finding` and where it is: missing, twice, not of its kind, out of its range. What is not in
 * the table is passed over. Texts are copied to the arena. */
int shape_parse(const struct shape *shape, const struct xml_node *node, const char *ns,
                enum finding finding, struct arena *arena, void *object, struct fault *fault);

#endif
