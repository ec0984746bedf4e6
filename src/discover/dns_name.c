/* Domain names: RFC 1035 sections 2.3.4 (sizes), 3.1 (labels), 4.1.4
 * (compression) and 5.1 (escapes); RFC 4343 (case). */
#include "discover/dns_priv.h"

#include <string.h>

/* A sane name has at most 127 labels, so more pointers than that are an attack
 * (each pointer could otherwise be followed for every other name again). */
enum {
    POINTERS_MAX = 127,
    POINTER = 0xc0,
    TEXT_MAX = 4 * DNS_NAME_MAX
};

static size_t escape(char *to, uint8_t byte)
{
    if (byte == '.' || byte == '\\' || byte == '"' || byte == ';' || byte == '@' || byte == '$' ||
        byte == '(' || byte == ')') {
        to[0] = '\\';
        to[1] = (char)byte;
        return 2;
    }
    if (byte > ' ' && byte < 0x7f) {
        to[0] = (char)byte;
        return 1;
    }
    to[0] = '\\';
    to[1] = (char)('0' + byte / 100);
    to[2] = (char)('0' + byte / 10 % 10);
    to[3] = (char)('0' + byte % 10);
    return 4;
}

/* Follow the pointer at `at`. The target must lie before everything that was
 * read of this name so far: that alone makes loops impossible. */
static int follow(struct slice message, size_t at, size_t *lowest, struct fault *fault)
{
    const uint8_t *bytes = (const uint8_t *)message.at;
    if (at + 1 >= message.len)
        return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                         "byte %zu: compression pointer cut off", at);
    size_t target = (size_t)(bytes[at] & 0x3f) << 8 | bytes[at + 1];
    if (target >= *lowest || target < DNS_HEADER)
        return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                         "byte %zu: compression pointer to byte %zu does not lead backwards", at,
                         target);
    *lowest = target;
    return 0;
}

int dns_name_parse(struct arena *arena, struct slice message, size_t *at, struct slice *name_out,
                   struct fault *fault)
{
    const uint8_t *bytes = (const uint8_t *)message.at;
    char text[TEXT_MAX];
    size_t len = 0, wire = 1, place = *at, lowest = *at, behind = 0;
    for (int pointers = 0;;) {
        if (place >= message.len)
            return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED, "byte %zu: name cut off",
                             place);
        uint8_t head = bytes[place];
        if (head == 0)
            break;
        if ((head & POINTER) == POINTER) {
            int err = follow(message, place, &lowest, fault);
            if (err)
                return err;
            if (pointers == 0)
                behind = place + 2;
            if (++pointers > POINTERS_MAX)
                return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                                 "byte %zu: more than %d compression pointers", *at, POINTERS_MAX);
            place = lowest;
            continue;
        }
        if ((head & POINTER) != 0 || place + 1 + head > message.len)
            return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                             "byte %zu: label of kind 0x%02x, or cut off", place, head);
        wire += 1U + head;
        if (wire > DNS_NAME_MAX)
            return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                             "byte %zu: name longer than %d bytes", *at, DNS_NAME_MAX);
        for (size_t i = 1; i <= head; i++)
            len += escape(text + len, bytes[place + i]);
        text[len++] = '.';
        place += 1U + head;
    }
    *at = behind ? behind : place + 1;
    *name_out = len == 0 ? SLICE(".") : arena_copy(arena, slice_make(text, len - 1));
    return 0;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One byte of a label, escapes undone. Returns how much text it took, 0: none. */
static size_t unescape(struct slice s, uint8_t *byte_out)
{
    if (s.at[0] != '\\') {
        *byte_out = (uint8_t)s.at[0];
        return 1;
    }
    if (s.len >= 4 && digit(s.at[1]) && digit(s.at[2]) && digit(s.at[3])) {
        int value = (s.at[1] - '0') * 100 + (s.at[2] - '0') * 10 + (s.at[3] - '0');
        *byte_out = (uint8_t)value;
        return value <= 255 ? 4 : 0;
    }
    if (s.len < 2 || digit(s.at[1]))
        return 0;
    *byte_out = (uint8_t)s.at[1];
    return 2;
}

int dns_label_next(struct slice *rest, uint8_t label[DNS_LABEL_MAX])
{
    int len = 0;
    while (!slice_empty(*rest) && rest->at[0] != '.') {
        uint8_t byte = 0;
        size_t used = unescape(*rest, &byte);
        if (used == 0 || len == DNS_LABEL_MAX)
            return -ERR_MALFORMED;
        label[len++] = byte;
        *rest = slice_from(*rest, used);
    }
    if (len == 0)
        return -ERR_MALFORMED;
    if (!slice_empty(*rest)) {
        *rest = slice_from(*rest, 1);
        if (slice_empty(*rest)) /* a final dot would be an empty label */
            return -ERR_MALFORMED;
    }
    return len;
}

int dns_name_check(struct slice name, struct fault *fault)
{
    uint8_t label[DNS_LABEL_MAX];
    if (slice_eq(name, SLICE(".")))
        return 0;
    size_t wire = 1;
    struct slice rest = name;
    do {
        int len = dns_label_next(&rest, label);
        if (len < 0)
            return fault_set(
                fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                "name \"%.*s\": a label is empty, longer than %d bytes or escaped wrongly",
                SLICE_ARG(slice_head(name, 100)), DNS_LABEL_MAX);
        wire += 1U + (size_t)len;
    } while (!slice_empty(rest));
    if (wire > DNS_NAME_MAX)
        return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                         "name \"%.*s...\": longer than %d bytes", SLICE_ARG(slice_head(name, 60)),
                         DNS_NAME_MAX);
    return 0;
}

static bool host_byte(char c)
{
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool dns_host_valid(struct slice name)
{
    struct slice label, rest = name;
    for (bool more = true; more;) {
        more = slice_cut(rest, '.', &label, &rest);
        if (slice_empty(label) || label.at[0] == '-' || label.at[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++) {
            if (!host_byte(label.at[i]))
                return false;
        }
    }
    return dns_name_check(name, NULL) == 0;
}

bool dns_name_eq(struct slice a, struct slice b)
{
    return slice_eq_nocase(a, b);
}

bool dns_name_within(struct slice name, struct slice domain)
{
    if (slice_eq(domain, SLICE(".")) || dns_name_eq(name, domain))
        return true;
    if (name.len <= domain.len + 1 || !slice_ends_nocase(name, domain))
        return false;
    size_t dot = name.len - domain.len - 1, slashes = 0;
    while (slashes < dot && name.at[dot - 1 - slashes] == '\\')
        slashes++;
    return name.at[dot] == '.' && slashes % 2 == 0; /* "a\.b" is one label */
}
