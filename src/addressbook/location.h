/* Where networks are ([MS-E911WS]): a small table from what a client knows of its network
 * to a civic address ([RFC 5139]). All functions but the last two block: worker threads,
 * command line. */
#ifndef LYCHGATE_ADDRESSBOOK_LOCATION_H
#define LYCHGATE_ADDRESSBOOK_LOCATION_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"

/* In the order in which they are tried: the most exact first ([MS-E911WS] section 3.1.4.1). */
enum location_kind {
    LOCATION_BSSID,   /* "12-34-56-78-9A-BC" of an access point, or "12-34-56-78-9A-*" */
    LOCATION_PORT,    /* "12-34-56-78-9A-BC/G1/0/30": a switch and one of its ports */
    LOCATION_CHASSIS, /* "12-34-56-78-9A-BC": a switch */
    LOCATION_SUBNET,  /* "192.0.2.0", as the client computes it: no prefix length */
    LOCATION_MAC,     /* of the client's own network card */
    LOCATION_KINDS
};

/* The parts of an address, in the order of civicAddress. */
enum location_part {
    LOCATION_COUNTRY,  /* country, two letters */
    LOCATION_STATE,    /* A1 */
    LOCATION_CITY,     /* A3 */
    LOCATION_PRE,      /* PRD: "N" of "N Main St" */
    LOCATION_STREET,   /* RD */
    LOCATION_SUFFIX,   /* STS: "Ave" */
    LOCATION_POST,     /* POD */
    LOCATION_NUMBER,   /* HNO */
    LOCATION_ADDITION, /* HNS */
    LOCATION_PLACE,    /* LOC: floor, room */
    LOCATION_COMPANY,  /* NAM */
    LOCATION_ZIP,      /* PC */
    LOCATION_PARTS
};

enum {
    LOCATION_VALUE_MAX = 128, /* bytes of a part, or of a key */
    LOCATION_ROWS_MAX = 50000 /* of a file */
};

struct location {
    enum location_kind kind;
    struct slice key;
    struct slice part[LOCATION_PARTS]; /* absent: none */
};

const char *location_kind_name(enum location_kind kind);    /* "subnet" */
const char *location_part_name(enum location_part part);    /* "house-number" */
const char *location_part_element(enum location_part part); /* "HNO" */
bool location_kind_find(struct slice word, enum location_kind *kind_out);
bool location_part_find(struct slice word, enum location_part *part_out);

/* Store, each in place of the one of its kind and key; all or none. Country and city are
 * needed. -ERR_MALFORMED, LOCATION_INVALID; the detail says which row. */
int location_set(struct store *store, const struct location *rows, size_t count,
                 struct fault *fault);

/* -ERR_UNKNOWN, LOCATION_UNKNOWN, as the next. */
int location_remove(struct store *store, enum location_kind kind, struct slice key,
                    struct fault *fault);
int location_find(struct store_reader *reader, enum location_kind kind, struct slice key,
                  struct arena *arena, struct location *out, struct fault *fault);

/* All, or those of a city (any case; country and state when given must fit too), at most
 * `limit`; the array is the arena's. */
int location_list(struct store_reader *reader, struct slice country, struct slice state,
                  struct slice city, size_t limit, struct arena *arena, struct location **list_out,
                  size_t *count_out, struct fault *fault);

/* The key in the form it is stored in: MAC addresses with hyphens in upper case.
 * -ERR_MALFORMED, LOCATION_INVALID. */
int location_key(struct arena *arena, enum location_kind kind, struct slice text,
                 struct slice *key_out, struct fault *fault);

/* Read a table as CSV (RFC 4180) whose first line names the columns: kind, key, and parts.
 * -ERR_MALFORMED, -ERR_LIMIT: LOCATION_INVALID; the detail names the line. */
int location_parse_csv(struct slice text, struct arena *arena, struct location **rows_out,
                       size_t *count_out, struct fault *fault);

#endif
