/* People as the address book tells of them: [MS-ABS] section 2.2 for the names. */
#include "addressbook/addressbook_priv.h"

#include <stdlib.h>

/* ---- attributes ------------------------------------------------------------------------------ */

static struct slice of_card(const struct addressbook_person *person, struct arena *arena, int field)
{
    (void)arena;
    return person->card.field[field];
}

/* SIPE takes an entry only when this has "sip:". */
static struct slice of_address(const struct addressbook_person *person, struct arena *arena,
                               int unused)
{
    (void)unused;
    return arena_print(arena, "sip:%.*s", SLICE_ARG(person->account.address));
}

static struct slice of_name(const struct addressbook_person *person, struct arena *arena,
                            int unused)
{
    (void)arena;
    (void)unused;
    return slice_empty(person->account.display_name) ? person->account.address
                                                     : person->account.display_name;
}

static struct slice of_mail(const struct addressbook_person *person, struct arena *arena, int field)
{
    struct slice mail = of_card(person, arena, field);
    return slice_empty(mail) ? person->account.address : mail;
}

static struct slice of_nickname(const struct addressbook_person *person, struct arena *arena,
                                int unused)
{
    struct slice user, domain;
    (void)arena;
    (void)unused;
    slice_cut(person->account.address, '@', &user, &domain);
    return user;
}

enum {
    PHOTO_PATH,
    PHOTO_HASH,
    PHOTO_SIZE
};

static struct slice of_photo(const struct addressbook_person *person, struct arena *arena, int what)
{
    const struct card *card = &person->card;
    if (slice_empty(card->photo_hash))
        return (struct slice){0};
    if (what == PHOTO_PATH)
        return arena_print(arena, "photo/%.*s", SLICE_ARG(card->photo_hash));
    return what == PHOTO_HASH ? card->photo_hash : arena_print(arena, "%zu", card->photo_size);
}

static const struct addressbook_attribute rows[] = {
    {"msRTCSIP-PrimaryUserAddress", WORDS_OF_ADDRESS, false, of_address, 0},
    {"displayName", WORDS_OF_DISPLAY_NAME, false, of_name, 0},
    {"givenName", 0, false, of_card, CARD_GIVEN_NAME},
    {"sn", 0, false, of_card, CARD_SURNAME},
    {"mail", 0, false, of_mail, CARD_MAIL},
    {"mailNickname", WORDS_OF_ADDRESS, false, of_nickname, 0},
    {"title", 0, false, of_card, CARD_TITLE},
    {"company", 0, false, of_card, CARD_COMPANY},
    {"department", 0, false, of_card, CARD_DEPARTMENT},
    {"physicalDeliveryOfficeName", 0, false, of_card, CARD_OFFICE},
    {"telephoneNumber", 0, true, of_card, CARD_PHONE_WORK},
    {"mobile", 0, true, of_card, CARD_PHONE_MOBILE},
    {"homePhone", 0, true, of_card, CARD_PHONE_HOME},
    {"otherTelephone", 0, true, of_card, CARD_PHONE_OTHER},
    {"streetAddress", 0, false, of_card, CARD_STREET},
    {"l", 0, false, of_card, CARD_CITY},
    {"st", 0, false, of_card, CARD_STATE},
    {"postalCode", 0, false, of_card, CARD_ZIP},
    {"c", 0, false, of_card, CARD_COUNTRY},
    {"country", 0, false, of_card, CARD_COUNTRY}, /* SIPE's word */
    {"wWWHomePage", 0, false, of_card, CARD_URL},
    {"PhotoRelPath", 0, false, of_photo, PHOTO_PATH},
    {"PhotoHash", 0, false, of_photo, PHOTO_HASH},
    {"PhotoSize", 0, false, of_photo, PHOTO_SIZE},
};

const struct addressbook_attribute *addressbook_attribute(size_t index)
{
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}

const struct addressbook_attribute *addressbook_attribute_find(struct slice name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_eq_nocase(name, slice_of(rows[i].name)))
            return &rows[i];
    return NULL;
}

struct slice addressbook_value(const struct addressbook_attribute *attribute,
                               const struct addressbook_person *person, struct arena *arena)
{
    return attribute->value(person, arena, attribute->arg);
}

uint64_t addressbook_fields(const struct addressbook_attribute *attribute)
{
    if (attribute->fields)
        return attribute->fields;
    if (attribute->value == of_mail) /* who has none goes by his address */
        return words_of_card(CARD_MAIL) | WORDS_OF_ADDRESS;
    return attribute->value == of_card ? words_of_card((enum card_field)attribute->arg) : 0;
}

/* ---- searching ---------------------------------------------------------------------------------
 */

int addressbook_terms_add(struct addressbook_terms *terms, struct slice typed, uint64_t fields,
                          bool whole, struct fault *fault)
{
    struct slice word;
    if (typed.len > ADDRESSBOOK_VALUE_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_ADDRESSBOOK_MALFORMED,
                         "a search for %zu bytes; %d are allowed", typed.len,
                         ADDRESSBOOK_VALUE_MAX);
    /* Addresses are typed with and without what SIP puts before them. */
    typed = slice_trim(typed);
    if (slice_starts_nocase(typed, SLICE("sip:")) || slice_starts_nocase(typed, SLICE("tel:")))
        typed = slice_from(typed, 4);
    while (slice_next(&typed, ' ', &word))
        if (terms->count < WORDS_TERMS_MAX)
            terms->term[terms->count++] =
                (struct words_term){.text = word, .fields = fields, .whole = whole};
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct addressbook_person *left = a, *right = b;
    int order = slice_cmp(of_name(left, NULL, 0), of_name(right, NULL, 0));
    return order ? order : slice_cmp(left->account.address, right->account.address);
}

/* An account that went away between two queries is passed over. */
static int load(struct accounts *accounts, const int64_t *ids, size_t count, struct arena *arena,
                struct addressbook_person *people, size_t *count_out, struct fault *fault)
{
    *count_out = 0;
    for (size_t i = 0; i < count; i++) {
        struct addressbook_person *person = &people[*count_out];
        int err = accounts_get(accounts, ids[i], arena, &person->account, fault);
        if (err == -ERR_UNKNOWN)
            continue;
        if (err == 0)
            err = card_load(accounts_reader(accounts), ids[i], arena, &person->card, fault);
        if (err < 0)
            return err;
        ++*count_out;
    }
    return 0;
}

int addressbook_search(struct accounts *accounts, const struct addressbook_terms *terms,
                       size_t limit, struct arena *arena, struct addressbook_person **people_out,
                       size_t *count_out, bool *more_out, struct fault *fault)
{
    int64_t *ids;
    size_t count;
    *people_out = NULL;
    *count_out = 0;
    *more_out = false;
    int err = words_search(accounts_reader(accounts), terms->term, terms->count, limit + 1, arena,
                           &ids, &count, fault);
    if (err < 0 || count == 0)
        return err;
    *more_out = count > limit;
    if (*more_out)
        count = limit;
    *people_out = arena_array(arena, struct addressbook_person, count);
    err = load(accounts, ids, count, arena, *people_out, count_out, fault);
    if (err == 0)
        qsort(*people_out, *count_out, sizeof **people_out, by_name);
    return err;
}

size_t addressbook_results(struct slice text)
{
    uint64_t number;
    if (slice_empty(text) || slice_number(text, INT32_MAX, &number) < 0 || number == 0)
        return ADDRESSBOOK_RESULTS;
    return number < ADDRESSBOOK_RESULTS_MAX ? (size_t)number : ADDRESSBOOK_RESULTS_MAX;
}
