#include "accounts/test_world_priv.h"

#include "accounts/card.h"
#include "accounts/words.h"

#include <string.h>

struct cards {
    struct arena *arena;
    struct store *store;
    struct store_reader *reader;
    struct accounts *accounts;
    struct fault fault;
    int64_t anna, bob;
};

static int open_cards(struct cards *c)
{
    static const struct store_schema *const schemas[] = {&accounts_schema, &card_schema};
    if (store_open(
            &(struct store_options){.path = store_path, .schemas = schemas, .schema_count = 2},
            &c->store, NULL) != 0)
        return -1;
    return store_reader_open(c->store, &c->reader, NULL) != 0 ||
           accounts_open(&(struct accounts_options){.store = c->store}, &c->accounts, NULL) != 0;
}

static int64_t add_user(struct cards *c, const char *address, const char *name, bool enabled)
{
    struct account account = {.address = slice_of(address),
                              .display_name = slice_of(name),
                              .enabled = enabled,
                              .created = now};
    if (accounts_add(c->accounts, &account, c->arena, &c->fault) != 0)
        fail_msg("%s", c->fault.detail);
    return account.id;
}

static int setup_cards(void **state)
{
    struct cards *c = must_calloc(1, sizeof *c);
    *state = c;
    c->arena = arena_new();
    if (open_cards(c) != 0)
        return -1;
    c->anna = add_user(c, "anna-maria@contoso.test", "Anna-Maria M\xc3\xbcller", true);
    c->bob = add_user(c, "bob@contoso.test", "Bob Anders", true);
    return 0;
}

static int teardown_cards(void **state)
{
    struct cards *c = *state;
    accounts_free(c->accounts);
    store_reader_free(c->reader);
    store_free(c->store);
    arena_free(c->arena);
    free(c);
    return unlink(store_path);
}

static void set(struct cards *c, int64_t account, enum card_field field, const char *value)
{
    if (card_set(c->store, account, field, slice_of(value), &c->fault) != 0)
        fail_msg("%s", c->fault.detail);
}

/* ---- cards --------------------------------------------------------------------------------- */

static void test_card_comes_back(void **state)
{
    struct cards *c = *state;
    struct card card;
    assert_int_equal(card_load(c->reader, c->anna, c->arena, &card, NULL), 0);
    for (int i = 0; i < CARD_FIELDS; i++)
        assert_true(slice_absent(card.field[i]));
    assert_true(slice_absent(card.photo_hash));
    for (int i = 0; i < CARD_FIELDS; i++)
        set(c, c->anna, (enum card_field)i, card_field_ldap((enum card_field)i));
    set(c, c->anna, CARD_TITLE,
        "Gesch\xc3\xa4"
        "ftsf\xc3\xbchrerin");
    set(c, c->anna, CARD_ZIP, "");
    assert_int_equal(card_load(c->reader, c->anna, c->arena, &card, NULL), 0);
    assert_true(slice_eq(card.field[CARD_TITLE], SLICE("Gesch\xc3\xa4"
                                                       "ftsf\xc3\xbchrerin")));
    assert_true(slice_eq(card.field[CARD_CITY], SLICE("l")));
    assert_true(slice_absent(card.field[CARD_ZIP]));
    assert_int_equal(card_load(c->reader, c->bob, c->arena, &card, NULL), 0);
    assert_true(slice_absent(card.field[CARD_CITY]));
}

static void test_fields_have_two_words(void **state)
{
    enum card_field field;
    (void)state;
    for (int i = 0; i < CARD_FIELDS; i++) {
        assert_true(card_field_find(slice_of(card_field_name((enum card_field)i)), &field));
        assert_int_equal(field, i);
        assert_true(card_field_find(slice_of(card_field_ldap((enum card_field)i)), &field));
        assert_int_equal(field, i);
        for (int k = 0; k < i; k++)
            assert_true(words_of_card((enum card_field)k) != words_of_card(field));
    }
    assert_true(card_field_find(SLICE("TELEPHONEnumber"), &field) && field == CARD_PHONE_WORK);
    assert_false(card_field_find(SLICE("shoe-size"), &field));
    assert_false(card_field_find(SLICE(""), &field));
}

static void test_what_cannot_be_a_value(void **state)
{
    struct cards *c = *state;
    char huge[CARD_VALUE_MAX + 1];
    memset(huge, 'a', sizeof huge);
    const struct slice bad[] = {slice_make(huge, sizeof huge), SLICE("a\nb"), SLICE("\xff"),
                                SLICE("a\0b"), SLICE("\xed\xa0\x80")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(card_set(c->store, c->anna, CARD_TITLE, bad[i], &c->fault),
                         -ERR_MALFORMED);
        assert_int_equal(c->fault.finding, FINDING_ACCOUNT_INVALID);
        assert_non_null(strstr(c->fault.detail, "title"));
    }
    assert_int_equal(
        card_set(c->store, c->anna, CARD_TITLE, slice_make(huge, CARD_VALUE_MAX), NULL), 0);
    assert_int_equal(card_set(c->store, 4711, CARD_TITLE, SLICE("x"), &c->fault), -ERR_UNKNOWN);
    assert_int_equal(c->fault.finding, FINDING_UNKNOWN_USER);
}

static void test_photo(void **state)
{
    struct cards *c = *state;
    struct card card;
    struct slice bytes;
    const char *type;
    assert_int_equal(card_photo_load(c->reader, c->anna, c->arena, &bytes, &type, &c->fault),
                     -ERR_UNKNOWN);
    struct slice jpeg = {"\xff\xd8\xff\xe0\0\x10JFIF", 10}, png = {"\x89PNG\r\n\x1a\n\0\0", 10};
    assert_int_equal(card_photo_set(c->store, c->anna, jpeg, &c->fault), 0);
    assert_int_equal(card_photo_load(c->reader, c->anna, c->arena, &bytes, &type, &c->fault), 0);
    assert_true(slice_eq(bytes, jpeg));
    assert_string_equal(type, "image/jpeg");
    assert_int_equal(card_load(c->reader, c->anna, c->arena, &card, NULL), 0);
    /* printf '\377\330\377\340\0\020JFIF' | sha1sum */
    assert_int_equal(card.photo_hash.len, 40);
    assert_int_equal(card.photo_size, jpeg.len);
    assert_int_equal(
        card_photo_find(c->reader, card.photo_hash, c->arena, &bytes, &type, &c->fault), 0);
    assert_true(slice_eq(bytes, jpeg));
    assert_int_equal(accounts_enable(c->accounts, c->anna, false, NULL), 0);
    assert_int_equal(
        card_photo_find(c->reader, card.photo_hash, c->arena, &bytes, &type, &c->fault),
        -ERR_UNKNOWN);
    assert_int_equal(card_photo_find(c->reader, SLICE("%"), c->arena, &bytes, &type, &c->fault),
                     -ERR_UNKNOWN);
    struct slice first = card.photo_hash;
    assert_int_equal(card_photo_set(c->store, c->anna, png, &c->fault), 0);
    assert_int_equal(card_photo_load(c->reader, c->anna, c->arena, &bytes, &type, &c->fault), 0);
    assert_string_equal(type, "image/png");
    assert_int_equal(card_load(c->reader, c->anna, c->arena, &card, NULL), 0);
    assert_false(slice_eq(card.photo_hash, first));
    assert_int_equal(card_photo_set(c->store, c->anna, (struct slice){0}, &c->fault), 0);
    assert_int_equal(card_photo_load(c->reader, c->anna, c->arena, &bytes, &type, &c->fault),
                     -ERR_UNKNOWN);
}

static void test_what_cannot_be_a_photo(void **state)
{
    struct cards *c = *state;
    struct slice gif = SLICE("GIF89a"), empty = SLICE(""), part = SLICE("\xff\xd8");
    assert_int_equal(card_photo_set(c->store, c->anna, gif, &c->fault), -ERR_MALFORMED);
    assert_int_equal(card_photo_set(c->store, c->anna, empty, &c->fault), -ERR_MALFORMED);
    assert_int_equal(card_photo_set(c->store, c->anna, part, &c->fault), -ERR_MALFORMED);
    char *big = arena_calloc(c->arena, CARD_PHOTO_MAX + 1, 1);
    memcpy(big, "\xff\xd8\xff", 3);
    assert_int_equal(
        card_photo_set(c->store, c->anna, slice_make(big, CARD_PHOTO_MAX + 1), &c->fault),
        -ERR_LIMIT);
    assert_int_equal(c->fault.finding, FINDING_ACCOUNT_INVALID);
    assert_int_equal(card_photo_set(c->store, c->anna, slice_make(big, CARD_PHOTO_MAX), &c->fault),
                     0);
    assert_int_equal(card_photo_set(c->store, 4711, slice_make(big, CARD_PHOTO_MAX), &c->fault),
                     -ERR_UNKNOWN);
}

/* ---- words ------------------------------------------------------------------------------------
 */

static const uint64_t everywhere = UINT32_MAX;

static bool is_found(struct cards *c, int64_t account, const struct words_term *terms, size_t count)
{
    int64_t *found;
    size_t n;
    if (words_search(c->reader, terms, count, 100, c->arena, &found, &n, &c->fault) != 0)
        fail_msg("%s", c->fault.detail);
    for (size_t i = 0; i < n; i++)
        if (found[i] == account)
            return true;
    return false;
}

static bool one(struct cards *c, int64_t account, const char *text, uint64_t fields)
{
    return is_found(c, account, &(struct words_term){.text = slice_of(text), .fields = fields}, 1);
}

static void test_folding(void **state)
{
    struct cards *c = *state;
    static const char *const rows[][2] = {
        {"M\xc3\x9cLLER", "muller"},
        {"\xc5\xbb\xc3\xb3\xc5\x82w", "zolw"},
        {"\xce\x91\xce\xa9", "\xce\xb1\xcf\x89"},
        {"\xd0\x96\xd0\xaf\xd0\x81", "\xd0\xb6\xd1\x8f\xd1\x91"},
        {"Gro\xc3\x9f", "gros"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
        {"\xc3", "\xc3"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(words_fold(c->arena, slice_of(rows[i][0])).at, rows[i][1]);
}

static void test_people_are_found(void **state)
{
    struct cards *c = *state;
    static const char *const right[] = {
        "anna",    "ANNA-M", "maria", "m\xc3\xbcl", "Muller", "MU", "anna-maria@contoso.t",
        "  anna ", "-anna"};
    static const char *const wrong[] = {"nna", "contoso", "test",       "mullers", "%",
                                        "_",   "a%",      "anna maria", "\xc3",    "\xff"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if (!one(c, c->anna, right[i], everywhere))
            fail_msg("not found by %s", right[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (one(c, c->anna, wrong[i], everywhere))
            fail_msg("found by %s", wrong[i]);
    /* Where a word is from counts. */
    assert_true(one(c, c->anna, "anna", WORDS_OF_ADDRESS));
    assert_false(one(c, c->anna, "muller", WORDS_OF_ADDRESS));
    assert_false(one(c, c->anna, "muller", words_of_card(CARD_SURNAME)));
    set(c, c->anna, CARD_SURNAME, "M\xc3\xbcller");
    assert_true(one(c, c->anna, "muller", words_of_card(CARD_SURNAME)));
    set(c, c->anna, CARD_SURNAME, "Schmidt");
    assert_false(one(c, c->anna, "muller", words_of_card(CARD_SURNAME)));
    assert_true(one(c, c->anna, "sch", words_of_card(CARD_SURNAME)));
    /* All terms must match. */
    const struct words_term both[] = {{.text = SLICE("an"), .fields = everywhere},
                                      {.text = SLICE("bob"), .fields = everywhere}};
    assert_true(is_found(c, c->bob, both, 2));
    assert_false(is_found(c, c->anna, both, 2));
    struct words_term whole = {.text = SLICE("bob"), .fields = everywhere, .whole = true};
    assert_true(is_found(c, c->bob, &whole, 1));
    whole.text = SLICE("bo");
    assert_false(is_found(c, c->bob, &whole, 1));
}

static void test_numbers_are_found(void **state)
{
    struct cards *c = *state;
    set(c, c->anna, CARD_PHONE_WORK, "+49 (30) 901-820");
    assert_true(one(c, c->anna, "+49 30 90", everywhere));
    assert_true(one(c, c->anna, "4930901820", words_of_card(CARD_PHONE_WORK)));
    assert_false(one(c, c->anna, "4930901820", words_of_card(CARD_PHONE_HOME)));
    assert_false(one(c, c->anna, "30901820", everywhere));
    /* 2662 spells Anna. */
    struct words_term keys = {
        .text = SLICE("2662"), .fields = WORDS_OF_DISPLAY_NAME, .dial_pad = true};
    assert_false(is_found(c, c->bob, &keys, 1));
    keys.text = SLICE("262");
    assert_true(is_found(c, c->bob, &keys, 1));
    keys.dial_pad = false;
    assert_false(is_found(c, c->bob, &keys, 1));
    keys = (struct words_term){
        .text = SLICE("685537"), .fields = WORDS_OF_DISPLAY_NAME, .dial_pad = true};
    assert_true(is_found(c, c->anna, &keys, 1));
}

static void test_who_is_not_found(void **state)
{
    struct cards *c = *state;
    int64_t *found;
    size_t n;
    int64_t carol = add_user(c, "carol@contoso.test", "Carol", false);
    assert_false(one(c, carol, "carol", everywhere));
    assert_int_equal(accounts_enable(c->accounts, carol, true, NULL), 0);
    assert_true(one(c, carol, "carol", everywhere));
    struct account account;
    assert_int_equal(accounts_get(c->accounts, carol, c->arena, &account, NULL), 0);
    account.display_name = SLICE("Caroline");
    account.address = SLICE("cc@contoso.test");
    assert_int_equal(accounts_set(c->accounts, &account, c->arena, NULL), 0);
    assert_true(one(c, carol, "cc@contoso.test", everywhere));
    assert_false(one(c, carol, "carol@", everywhere));
    struct words_term terms[WORDS_TERMS_MAX + 1] = {{.text = SLICE("c"), .fields = everywhere}};
    assert_int_equal(
        words_search(c->reader, terms, WORDS_TERMS_MAX + 1, 9, c->arena, &found, &n, &c->fault),
        -ERR_LIMIT);
    for (size_t i = 1; i < WORDS_TERMS_MAX; i++)
        terms[i] = terms[0];
    assert_true(is_found(c, carol, terms, WORDS_TERMS_MAX));
    assert_int_equal(words_search(c->reader, terms, 0, 9, c->arena, &found, &n, NULL), 0);
    assert_int_equal(n, 0);
}

static void test_limit(void **state)
{
    struct cards *c = *state;
    int64_t *found;
    size_t n;
    for (int i = 0; i < 30; i++) {
        struct slice address = arena_print(c->arena, "zoe%d@contoso.test", i);
        add_user(c, address.at, "Zoe Zorn", true);
    }
    struct words_term term = {.text = SLICE("zo"), .fields = everywhere};
    assert_int_equal(words_search(c->reader, &term, 1, 20, c->arena, &found, &n, NULL), 0);
    assert_int_equal(n, 20);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(found[i] != found[k]);
    assert_int_equal(words_search(c->reader, &term, 1, 100, c->arena, &found, &n, NULL), 0);
    assert_int_equal(n, 30);
}

static int forget(struct store_db *db, void *arg, struct fault *fault)
{
    (void)arg;
    int result = store_exec(db, fault, "delete from account_word", STORE_END);
    return result < 0 ? result
                      : store_exec(db, fault,
                                   "insert into account_unindexed (account_id)"
                                   " select id from account",
                                   STORE_END);
}

static void test_accounts_from_before_are_indexed(void **state)
{
    struct cards *c = *state;
    assert_true(store_write(c->store, forget, NULL, NULL) >= 0);
    assert_false(one(c, c->anna, "anna", everywhere));
    accounts_free(c->accounts);
    assert_int_equal(
        accounts_open(&(struct accounts_options){.store = c->store}, &c->accounts, NULL), 0);
    assert_true(one(c, c->anna, "anna", everywhere));
    assert_true(one(c, c->bob, "bob", WORDS_OF_ADDRESS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_card_comes_back, setup_cards, teardown_cards),
        cmocka_unit_test(test_fields_have_two_words),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_a_value, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_photo, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_a_photo, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_folding, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_people_are_found, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_numbers_are_found, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_who_is_not_found, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_limit, setup_cards, teardown_cards),
        cmocka_unit_test_setup_teardown(test_accounts_from_before_are_indexed, setup_cards,
                                        teardown_cards),
    };
    snprintf(dir, sizeof dir, "/tmp/lychgate-cards-XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    snprintf(store_path, sizeof store_path, "%s/store.db", dir);
    int failed = cmocka_run_group_tests_name("accounts/card", tests, NULL, NULL);
    return rmdir(dir) != 0 || failed;
}
