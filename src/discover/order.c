/* Where clients look, in order: docs/dns.md; RFC 2782 for SRV. */
#include "discover/order.h"

/* The fallback hosts in the order of Skype for Business; SIPE asks for sip.D on
 * 443 only, Microsoft's clients on 5061 inside and 443 outside. */
const struct discover_row discover_table[] = {
    {DISCOVER_AUTODISCOVER, "lyncdiscoverinternal", "https", 443, true},
    {DISCOVER_AUTODISCOVER, "lyncdiscoverinternal", "http", 80, true},
    {DISCOVER_AUTODISCOVER, "lyncdiscover", "https", 443, false},
    {DISCOVER_AUTODISCOVER, "lyncdiscover", "http", 80, false},
    {DISCOVER_SRV, "_sipinternaltls._tcp", "tls", 0, true},
    {DISCOVER_SRV, "_sip._tls", "tls", 0, false},
    {DISCOVER_HOST, "sipinternal", "tls", 5061, true},
    {DISCOVER_HOST, "sipexternal", "tls", 443, false},
    {DISCOVER_HOST, "sip", "tls", 5061, true},
    {DISCOVER_HOST, "sip", "tls", 443, false},
    {DISCOVER_HOST, NULL, NULL, 0, false},
};

bool discover_next(struct discover_state *state, struct arena *arena, struct discover_attempt *out)
{
    const struct discover_row *row = &discover_table[state->next];
    if (!row->prefix)
        return false;
    *out = (struct discover_attempt){
        .kind = row->kind,
        .name = arena_print(arena, "%s.%.*s", row->prefix, SLICE_ARG(state->domain)),
        .scheme = row->scheme,
        .port = row->port,
        .internal = row->internal,
    };
    state->next++;
    return true;
}

void discover_skip_name(struct discover_state *state)
{
    if (state->next == 0)
        return;
    struct slice tried = slice_of(discover_table[state->next - 1].prefix);
    while (discover_table[state->next].prefix &&
           slice_eq(slice_of(discover_table[state->next].prefix), tried))
        state->next++;
}

void discover_skip_autodiscover(struct discover_state *state)
{
    while (discover_table[state->next].prefix &&
           discover_table[state->next].kind == DISCOVER_AUTODISCOVER)
        state->next++;
}

/* Draw one of the `count` targets, which share a priority, by weight: RFC 2782
 * lists weight 0 first and lets it win only when the draw is 0. */
static size_t draw(const struct dns_srv *targets, size_t count, uint32_t (*below)(uint32_t))
{
    uint32_t total = 0, sum = 0;
    for (size_t i = 0; i < count; i++)
        total += targets[i].weight;
    uint32_t drawn = below(total + 1);
    for (size_t i = 0; i < count; i++) {
        if (targets[i].weight == 0 && drawn == 0)
            return i;
    }
    for (size_t i = 0; i < count; i++) {
        sum += targets[i].weight;
        if (targets[i].weight > 0 && sum >= drawn)
            return i;
    }
    return 0; /* all weights are 0 */
}

/* Move target `from` up to place `to`; the others keep their order. */
static void move_up(struct dns_srv *targets, size_t from, size_t to)
{
    struct dns_srv moved = targets[from];
    for (; from > to; from--)
        targets[from] = targets[from - 1];
    targets[to] = moved;
}

size_t discover_rank(struct dns_srv *targets, size_t count, uint32_t (*below)(uint32_t))
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!slice_empty(targets[i].target) && !slice_eq(targets[i].target, SLICE(".")))
            targets[kept++] = targets[i];
    }
    for (size_t i = 1; i < kept; i++) { /* insertion: few, and equal ones stay in order */
        size_t to = i;
        while (to > 0 && targets[to - 1].priority > targets[i].priority)
            to--;
        move_up(targets, i, to);
    }
    for (size_t i = 0; i < kept; i++) {
        size_t same = 1;
        while (i + same < kept && targets[i + same].priority == targets[i].priority)
            same++;
        if (same > 1)
            move_up(targets, i + draw(targets + i, same, below), i);
    }
    return kept;
}

int discover_check_target(struct slice domain, struct slice target, struct fault *fault)
{
    if (dns_name_within(target, domain))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_DNS_STRICT_NAMING,
                     "target %.*s is not in the domain %.*s", SLICE_ARG(slice_head(target, 100)),
                     SLICE_ARG(slice_head(domain, 80)));
}
