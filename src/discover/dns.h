/* DNS messages, bytes to structs and back: RFC 1035 sections 3 and 4, RFC 2782
 * (SRV), RFC 3596 (AAAA), RFC 6891 (EDNS0). Only what a sign-in meets.
 *
 * Names are slices of text without the final dot; the root is ".". Bytes that
 * a master file would escape (dots in labels, blanks, unprintables) are written
 * as \. or \DDD, so equal text means equal name, ASCII case apart. */
#ifndef LYCHGATE_DISCOVER_DNS_H
#define LYCHGATE_DISCOVER_DNS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum {
    DNS_HEADER = 12,         /* bytes before the first question */
    DNS_NAME_MAX = 255,      /* a name on the wire, RFC 1035 section 2.3.4 */
    DNS_LABEL_MAX = 63,      /* one label of it */
    DNS_MESSAGE_MAX = 65535, /* what the length prefix of TCP can say */
    DNS_UDP_PLAIN = 512,     /* an answer over UDP to a query without EDNS0 */
    DNS_QUESTIONS_MAX = 4,   /* nobody sends more than one */
    DNS_RECORDS_MAX = 512,   /* in all sections together */
    DNS_CLASS_IN = 1,
};

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_OPT = 41, /* never among the records of a parsed message, see edns */
    DNS_AXFR = 252,
    DNS_ANY = 255,
};

enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16, /* needs EDNS0 to be said */
};

/* An IPv4 or IPv6 address. */
struct dns_address {
    uint8_t len; /* 4 or 16 */
    uint8_t bytes[16];
};

struct dns_srv {
    uint16_t priority;
    uint16_t weight;
    uint16_t port;
    struct slice target; /* "." says: decidedly no such service here */
};

struct dns_soa {
    struct slice mname, rname;
    uint32_t serial, refresh, retry, expire, minimum;
};

struct dns_question {
    struct slice name;
    uint16_t type, klass; /* enum dns_type as far as known */
};

struct dns_record {
    struct slice name;
    uint16_t type, klass;
    uint32_t ttl; /* seconds */
    union {
        struct dns_address address; /* A, AAAA */
        struct slice target;        /* CNAME, NS, PTR */
        struct dns_srv srv;
        struct dns_soa soa;
        struct slice raw; /* TXT (length-prefixed strings) and all other types: the bytes */
    } data;
};

struct dns_section {
    struct dns_record *records;
    size_t count;
};

struct dns_message {
    uint16_t id;
    uint8_t opcode; /* 0: QUERY */
    uint16_t rcode; /* enum dns_rcode, with the upper bits of EDNS0 */
    bool response, authoritative, truncated, recursion_desired, recursion_available;
    struct dns_question *questions;
    size_t question_count;
    struct dns_section answer, authority, additional;
    bool edns; /* an OPT record is there (parse) or shall be (print) */
    uint8_t edns_version;
    uint16_t edns_udp_size;
};

/* Read a message; slices point into `arena` (names) and into `bytes` (raw).
 * Compression pointers must point backwards, so no input makes it loop. Returns
 * 0, -ERR_MALFORMED or -ERR_LIMIT (DNS_RECORDS_MAX); finding DNS_MALFORMED. */
int dns_parse(struct arena *arena, struct slice bytes, struct dns_message *out,
              struct fault *fault);

/* Append the message to `out` in at most `limit` bytes, names compressed without
 * change of case. Answer or authority records that do not fit are left out and
 * TC is set, additional ones silently (RFC 2181 section 9). Returns 0,
 * -ERR_LIMIT when not even the question fits, -ERR_MALFORMED for a bad name. */
int dns_print(struct buf *out, const struct dns_message *message, size_t limit,
              struct fault *fault);

/* A record as a line of a master file, with final dots and newline. */
void dns_record_print(struct buf *out, const struct dns_record *record);

/* "A", "SRV", ..., or "TYPE65" (RFC 3597); "NXDOMAIN", or "RCODE9". */
struct slice dns_type_name(struct arena *arena, uint16_t type);
struct slice dns_rcode_name(struct arena *arena, uint16_t rcode);

/* Can the text be a name on the wire? Returns 0 or -ERR_MALFORMED. */
int dns_name_check(struct slice name, struct fault *fault);

/* Could it be a host's name (letters, digits, hyphens; RFC 1123 section 2.1)? */
bool dns_host_valid(struct slice name);

/* Same name? Is `name` equal to `domain` or below it? Case does not matter. */
bool dns_name_eq(struct slice a, struct slice b);
bool dns_name_within(struct slice name, struct slice domain);

/* "192.0.2.1", "2001:db8::1"; parse returns 0 or -ERR_MALFORMED. */
struct slice dns_address_print(struct arena *arena, const struct dns_address *address);
int dns_address_parse(struct slice text, struct dns_address *out);

#endif
