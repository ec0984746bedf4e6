/* What the files of this room share. */
#ifndef LYCHGATE_ADDRESSBOOK_ADDRESSBOOK_PRIV_H
#define LYCHGATE_ADDRESSBOOK_ADDRESSBOOK_PRIV_H

#include "accounts/account.h"
#include "accounts/words.h"
#include "addressbook/addressbook.h"
#include "addressbook/location.h"
#include "webticket/ticket.h"
#include "xml/soap.h"

/* Larger than any of these messages with a ticket in it. */
extern const struct xml_limits addressbook_limits;

/* One request to one of the SOAP services, behind its ticket. */
struct addressbook_job {
    const struct addressbook *addressbook;
    struct accounts *accounts;
    struct arena *arena;
    const struct xml_node *payload;
    struct account caller;
};

/* An operation: answers onto `out`, or returns a negative enum err. */
typedef int addressbook_operation_fn(struct addressbook_job *job, struct buf *out,
                                     struct fault *fault);

/* ---- attributes ---------------------------------------------------------------------------- */

struct addressbook_person {
    struct account account;
    struct card card;
};

/* An attribute by its LDAP name, as queries have them. */
struct addressbook_attribute {
    const char *name;
    uint64_t fields; /* words it is searched in beside those of its field */
    bool phone;      /* on the wire Values/string */
    struct slice (*value)(const struct addressbook_person *person, struct arena *arena, int arg);
    int arg; /* for value: mostly the card's field */
};

/* In the order in which they are answered; NULL past the last. */
const struct addressbook_attribute *addressbook_attribute(size_t index);

/* By name, any case; NULL: unknown. */
const struct addressbook_attribute *addressbook_attribute_find(struct slice name);

/* The words that a search on it looks at; 0: it cannot be searched. */
uint64_t addressbook_fields(const struct addressbook_attribute *attribute);

/* Its value of a person, absent when there is none. */
struct slice addressbook_value(const struct addressbook_attribute *attribute,
                               const struct addressbook_person *person, struct arena *arena);

/* ---- searching ------------------------------------------------------------------------------- */

struct addressbook_terms {
    struct words_term term[WORDS_TERMS_MAX];
    size_t count;
};

/* Add what was typed, a term a word; words past WORDS_TERMS_MAX say nothing new. `whole` is for
 * addresses, which are asked for to learn about one person. -ERR_LIMIT, ADDRESSBOOK_MALFORMED:
 * over ADDRESSBOOK_VALUE_MAX. */
int addressbook_terms_add(struct addressbook_terms *terms, struct slice typed, uint64_t fields,
                          bool whole, struct fault *fault);

/* People who match, in order of their names, at most `limit`; *more_out: there are others. */
int addressbook_search(struct accounts *accounts, const struct addressbook_terms *terms,
                       size_t limit, struct arena *arena, struct addressbook_person **people_out,
                       size_t *count_out, bool *more_out, struct fault *fault);

/* A number of results as a request has it; absent or nonsense is the default. */
size_t addressbook_results(struct slice text);

/* ---- SearchAbEntry ------------------------------------------------------------------------- */

enum {
    ADDRESSBOOK_RETURN_MAX = 64 /* attributes asked for */
};

struct addressbook_query {
    struct addressbook_terms terms;
    size_t limit;
    const struct addressbook_attribute *wanted[ADDRESSBOOK_RETURN_MAX];
    size_t wanted_count; /* 0: all there are */
};

/* Read the payload. -ERR_MALFORMED, -ERR_LIMIT: ADDRESSBOOK_MALFORMED. Slices point into it. */
int addressbook_query_parse(const struct xml_node *payload, struct addressbook_query *out,
                            struct fault *fault);
addressbook_operation_fn addressbook_query_answer;

/* ---- group expansion, location information ----------------------------------------------------
 */

/* The address of the group that is asked for. -ERR_MALFORMED: ADDRESSBOOK_MALFORMED. */
int addressbook_expand_parse(const struct xml_node *payload, struct slice *address_out,
                             struct fault *fault);
addressbook_operation_fn addressbook_expand_answer;

/* What a client says of its network, as keys of location.h. */
struct addressbook_whereabouts {
    struct slice entity; /* without "sip:" */
    struct slice key[LOCATION_KINDS];
};

int addressbook_whereabouts_parse(const struct xml_node *payload, struct arena *arena,
                                  struct addressbook_whereabouts *out, struct fault *fault);
addressbook_operation_fn addressbook_locations_answer, addressbook_city_answer;

/* ---- directorySearch ------------------------------------------------------------------------ */

struct addressbook_directory {
    struct addressbook_terms terms;
    size_t limit;
};

/* Read the body of a SERVICE; the document, which the terms point into, is the caller's to
 * free. */
int addressbook_directory_parse(struct slice body, struct xml_doc **doc_out,
                                struct addressbook_directory *out, struct fault *fault);

#endif
