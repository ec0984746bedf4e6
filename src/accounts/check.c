/* What an account's names may be: [RFC 3261] section 25.1 for the address (less what
 * only makes trouble), [RFC 1123] section 2.1 for domains, [MS-ADA3] sAMAccountName. */
#include "accounts/account_priv.h"

#include <string.h>

enum {
    DOMAIN_MAX = 253,
    LABEL_MAX = 63,
    NETBIOS_MAX = 15,
    SAM_USER_MAX = 64
};

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct slice account_lower(struct arena *arena, struct slice text)
{
    if (slice_absent(text))
        return text;
    char *lower = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        lower[i] =
            (char)(text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] - 'A' + 'a' : text.at[i]);
    return slice_make(lower, text.len);
}

static bool only(struct slice text, const char *beside_alnum)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_alnum(text.at[i]) && (text.at[i] == '\0' || !strchr(beside_alnum, text.at[i])))
            return false;
    return true;
}

static const char *domain_trouble(struct slice domain)
{
    if (domain.len == 0 || domain.len > DOMAIN_MAX)
        return "a domain has 1 to 253 bytes";
    for (struct slice rest = domain, label; !slice_absent(rest);) {
        slice_cut(rest, '.', &label, &rest);
        if (label.len == 0 || label.len > LABEL_MAX)
            return "each part of a domain has 1 to 63 bytes";
        if (!only(label, "-"))
            return "a domain has only letters, digits and hyphens";
        if (label.at[0] == '-' || label.at[label.len - 1] == '-')
            return "no part of a domain begins or ends with a hyphen";
    }
    return NULL;
}

static const char *address_trouble(struct slice address)
{
    struct slice user, domain;
    if (address.len > ACCOUNT_NAME_MAX)
        return "it is longer than 254 bytes";
    if (!slice_cut(address, '@', &user, &domain))
        return "it is not of the form user@domain";
    if (user.len == 0)
        return "nothing stands before the @";
    if (!only(user, "-_.!~*'&=+$"))
        return "a byte before the @ is none of letters, digits and -_.!~*'&=+$";
    return domain_trouble(domain);
}

static const char *sam_trouble(struct slice sam)
{
    struct slice domain, user;
    if (!slice_cut(sam, '\\', &domain, &user) || domain.len == 0 || user.len == 0)
        return "it is not of the form DOMAIN\\user";
    if (domain.len > NETBIOS_MAX || !only(domain, "-_."))
        return "the domain is longer than 15 bytes or has strange bytes";
    if (user.len > SAM_USER_MAX || !only(user, "-_. !#$%&'(){}^~`@"))
        return "the user is longer than 64 bytes or has strange bytes";
    return NULL;
}

/* Length of the well-formed UTF-8 sequence at `at` ([RFC 3629] section 4), 0: there is none. */
static size_t utf8_length(const unsigned char *at, size_t room)
{
    static const struct {
        unsigned char first, last, second_min, second_max;
        size_t length;
    } rows[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (at[0] < rows[i].first || at[0] > rows[i].last)
            continue;
        if (rows[i].length == 1)
            return 1;
        if (room < rows[i].length || at[1] < rows[i].second_min || at[1] > rows[i].second_max)
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if (at[k] < 0x80 || at[k] > 0xbf)
                return 0;
        return rows[i].length;
    }
    return 0;
}

const char *account_text_trouble(struct slice name)
{
    if (name.len > ACCOUNT_DISPLAY_MAX)
        return "it is longer than 256 bytes";
    for (size_t i = 0; i < name.len;) {
        size_t length = utf8_length((const unsigned char *)name.at + i, name.len - i);
        if (length == 0)
            return "it has control characters or is not UTF-8";
        /* U+0080 to U+009F are control characters too. */
        if (length == 2 && (unsigned char)name.at[i] == 0xc2 &&
            (unsigned char)name.at[i + 1] < 0xa0)
            return "it has control characters or is not UTF-8";
        i += length;
    }
    return NULL;
}

int account_check(struct account *account, struct arena *arena, struct fault *fault)
{
    struct slice address = slice_trim(account->address);
    if (slice_starts_nocase(address, SLICE("sip:")))
        address = slice_from(address, 4);
    account->address = account_lower(arena, address);
    account->login = slice_empty(account->login) ? account->address
                                                 : account_lower(arena, slice_trim(account->login));
    account->pool = account_lower(arena, account->pool);
    const struct {
        const char *field;
        struct slice value;
        const char *(*trouble)(struct slice);
    } rules[] = {
        {"address", account->address, address_trouble},
        {"login", account->login, address_trouble},
        {"SAM name", account->sam, sam_trouble},
        {"display name", account->display_name, account_text_trouble},
        {"pool", account->pool, domain_trouble},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bool needed = rules[i].trouble == address_trouble;
        const char *why =
            needed || !slice_absent(rules[i].value) ? rules[i].trouble(rules[i].value) : NULL;
        if (why)
            return fault_set(fault, ERR_MALFORMED, FINDING_ACCOUNT_INVALID, "%s \"%.*s\": %s",
                             rules[i].field,
                             (int)(rules[i].value.len < 80 ? rules[i].value.len : 80),
                             rules[i].value.at ? rules[i].value.at : "", why);
    }
    return 0;
}
