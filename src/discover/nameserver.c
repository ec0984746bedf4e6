/* RFC 1034 section 4.3.2 for a server that is only authoritative; RFC 2308 for
 * what is not there, RFC 8482 for ANY, RFC 6891 for EDNS0. */
#include "discover/nameserver.h"

#include <string.h>

enum {
    META_TYPES = 249,
    META_TYPES_END = 254
}; /* TKEY to MAILA: transfers and the like */
enum {
    ANSWERS_MAX = 64,
    ADDITIONAL_MAX = 64
};

/* A section that is being filled; what goes beyond its place is left out (the
 * zones here are small by construction, see ZONE_ADDRESSES_MAX). */
struct pile {
    struct dns_record *records;
    size_t count, max;
};

struct chase {
    const struct zone *zone;
    struct pile answer, authority, additional;
};

static void put(struct pile *pile, const struct dns_record *record, struct slice owner)
{
    if (pile->count == pile->max)
        return;
    pile->records[pile->count] = *record;
    pile->records[pile->count++].name = owner;
}

static struct pile pile_new(struct arena *arena, size_t max)
{
    return (struct pile){.records = arena_array(arena, struct dns_record, max), .max = max};
}

static const struct zone *find_zone(const struct nameserver *server, struct slice name)
{
    const struct zone *best = NULL;
    for (size_t i = 0; i < server->zone_count; i++) {
        const struct zone *z = &server->zones[i];
        if (dns_name_within(name, z->domain) && (!best || z->domain.len > best->domain.len))
            best = z;
    }
    return best;
}

static const struct dns_record *find_record(const struct zone *zone, struct slice name,
                                            uint16_t type)
{
    for (size_t i = 0; i < zone->record_count; i++) {
        const struct dns_record *r = &zone->records[i];
        if (dns_name_eq(r->name, name) && (type == DNS_ANY || r->type == type))
            return r;
    }
    return NULL;
}

/* A name exists also when only something below it does (_tcp.D below which
 * _sipinternaltls._tcp.D lies): RFC 8020. */
static bool exists(const struct zone *zone, struct slice name)
{
    for (size_t i = 0; i < zone->record_count; i++) {
        if (dns_name_within(zone->records[i].name, name))
            return true;
    }
    return false;
}

/* All records of that name and type, their owner spelled as it was asked for. */
static void put_all(const struct zone *zone, struct pile *pile, struct slice name, uint16_t type)
{
    for (size_t i = 0; i < zone->record_count; i++) {
        const struct dns_record *r = &zone->records[i];
        if (dns_name_eq(r->name, name) && r->type == type)
            put(pile, r, name);
    }
}

static void put_soa(struct chase *c)
{
    const struct dns_record *soa = find_record(c->zone, c->zone->domain, DNS_SOA);
    if (!soa)
        return;
    put(&c->authority, soa, soa->name);
    struct dns_record *last = &c->authority.records[c->authority.count - 1];
    if (last->ttl > last->data.soa.minimum) /* RFC 2308 section 3 */
        last->ttl = last->data.soa.minimum;
}

/* Follow the name through the zone. Returns the rcode. */
static uint16_t chase(struct chase *c, struct slice name, uint16_t type)
{
    for (int links = 0; links <= NAMESERVER_CNAMES_MAX; links++) {
        if (!dns_name_within(name, c->zone->domain))
            return DNS_NOERROR; /* the alias leads elsewhere: the asker goes on there */
        const struct dns_record *hit = find_record(c->zone, name, type);
        if (hit) { /* for ANY, one kind of record is answer enough */
            put_all(c->zone, &c->answer, name, hit->type);
            return DNS_NOERROR;
        }
        const struct dns_record *alias = find_record(c->zone, name, DNS_CNAME);
        if (!alias) {
            put_soa(c);
            return exists(c->zone, name) ? DNS_NOERROR : DNS_NXDOMAIN;
        }
        put(&c->answer, alias, name);
        name = alias->data.target;
    }
    return DNS_NOERROR;
}

/* Addresses of the hosts that the answer points at: saves the next question. */
static void put_additional(struct chase *c)
{
    for (size_t i = 0; i < c->answer.count; i++) {
        const struct dns_record *r = &c->answer.records[i];
        if (r->type != DNS_SRV && r->type != DNS_NS)
            continue;
        struct slice host = r->type == DNS_SRV ? r->data.srv.target : r->data.target;
        put_all(c->zone, &c->additional, host, DNS_A);
        put_all(c->zone, &c->additional, host, DNS_AAAA);
    }
}

/* What stands in the way of answering this question, or DNS_NOERROR. */
static uint16_t objection(const struct dns_message *query)
{
    if (query->edns && query->edns_version > 0)
        return DNS_BADVERS;
    if (query->opcode != 0)
        return DNS_NOTIMP;
    if (query->question_count != 1)
        return DNS_FORMERR;
    const struct dns_question *q = &query->questions[0];
    bool meta = q->type >= META_TYPES && q->type <= META_TYPES_END;
    return q->klass != DNS_CLASS_IN || meta ? DNS_REFUSED : DNS_NOERROR;
}

static void answer_question(const struct nameserver *server, const struct dns_message *query,
                            struct arena *arena, struct dns_message *reply)
{
    const struct dns_question *q = &query->questions[0];
    const struct zone *zone = find_zone(server, q->name);
    if (!zone) {
        reply->rcode = DNS_REFUSED;
        return;
    }
    struct chase c = {
        .zone = zone,
        .answer = pile_new(arena, ANSWERS_MAX),
        .authority = pile_new(arena, 1),
        .additional = pile_new(arena, ADDITIONAL_MAX),
    };
    reply->authoritative = true;
    reply->rcode = chase(&c, q->name, q->type);
    put_additional(&c);
    reply->answer = (struct dns_section){c.answer.records, c.answer.count};
    reply->authority = (struct dns_section){c.authority.records, c.authority.count};
    reply->additional = (struct dns_section){c.additional.records, c.additional.count};
}

static size_t size_limit(const struct dns_message *query, enum nameserver_transport transport)
{
    if (transport == NAMESERVER_TCP)
        return DNS_MESSAGE_MAX;
    if (!query->edns || query->edns_udp_size < DNS_UDP_PLAIN)
        return DNS_UDP_PLAIN;
    return query->edns_udp_size < NAMESERVER_UDP_MAX ? query->edns_udp_size : NAMESERVER_UDP_MAX;
}

static void take_note(struct nameserver_note *note, const struct dns_message *reply,
                      const struct buf *answer)
{
    *note = (struct nameserver_note){
        .rcode = reply->rcode,
        .answers = reply->answer.count,
        .truncated = answer->len > 2 && (answer->at[2] & 0x02),
    };
    if (reply->question_count > 0) {
        note->name = reply->questions[0].name;
        note->type = reply->questions[0].type;
    }
}

int nameserver_step(const struct nameserver *server, enum nameserver_transport transport,
                    struct slice query_bytes, struct arena *arena, struct buf *answer,
                    struct nameserver_note *note)
{
    struct dns_message query;
    int err = dns_parse(arena, query_bytes, &query, NULL);
    buf_clear(answer);
    if (query_bytes.len < DNS_HEADER || query.response)
        return -ERR_MALFORMED;
    struct dns_message reply = {
        .id = query.id,
        .opcode = query.opcode,
        .response = true,
        .recursion_desired = query.recursion_desired,
        .edns = query.edns,
        .edns_udp_size = NAMESERVER_UDP_MAX,
    };
    reply.rcode = err ? DNS_FORMERR : objection(&query);
    if (!err) {
        reply.questions = query.questions;
        reply.question_count = query.question_count;
    }
    if (reply.rcode == DNS_NOERROR)
        answer_question(server, &query, arena, &reply);
    err = dns_print(answer, &reply, size_limit(&query, transport), NULL);
    if (!err && note)
        take_note(note, &reply, answer);
    return err;
}
