/* The address book as a file: what is in it, who gets it, and when it is made anew. */
#include "addressbook/book.h"
#include "addressbook/test_world_priv.h"
#include "addressbook/vcard.h"

#include <string.h>

#define BOOK FILES "/addressbook.vcf"

static struct slice card_of(const struct account *account, const struct card *card)
{
    scoped(buf) struct buf out = BUF_INIT;
    vcard_print(account, card, (struct slice){0}, &out);
    return arena_copy(world.arena, buf_slice(&out));
}

/* ---- one card ----------------------------------------------------------------------------- */

static void test_names_without_a_card(void **state)
{
    (void)state;
    struct account account = {.address = SLICE("x@contoso.test"), .display_name = SLICE("A, B; C")};
    struct slice text = card_of(&account, &(struct card){0});
    assert_true(contains(text, "FN:A\\, B\\; C\r\n"));
    assert_true(contains(text, "N:A\\, B\\; C;;;;\r\n"));
    assert_true(contains(text, "EMAIL;TYPE=INTERNET:x@contoso.test\r\n"));
    assert_false(contains(text, "ORG"));
    account.display_name = SLICE("");
    assert_true(contains(card_of(&account, &(struct card){0}), "FN:x@contoso.test\r\n"));
}

/* Lines end at 75 bytes, and no character is cut in two. */
static void test_long_lines_are_folded(void **state)
{
    (void)state;
    struct account account = {.address = SLICE("x@contoso.test")};
    struct card card = {0};
    scoped(buf) struct buf title = BUF_INIT, unfolded = BUF_INIT;
    for (int i = 0; i < 60; i++)
        buf_add_string(&title, i % 3 ? "\xc3\xa4" : "a");
    card.field[CARD_TITLE] = buf_slice(&title);
    struct slice rest = card_of(&account, &card), line;
    bool begun = false;
    while (slice_cut(rest, '\n', &line, &rest)) {
        assert_in_range(line.len, 2, 76);
        begun |= slice_starts(line, SLICE("TITLE:"));
        if (begun && (slice_starts(line, SLICE("TITLE:")) || line.at[0] == ' ')) {
            struct slice part = slice_head(line, line.len - 1);
            part = line.at[0] == ' ' ? slice_from(part, 1) : slice_from(part, 6);
            assert_int_not_equal((unsigned char)part.at[0] & 0xc0, 0x80);
            buf_add(&unfolded, part);
        }
    }
    assert_true(slice_eq(buf_slice(&unfolded), buf_slice(&title)));
}

/* Nothing that a person chose makes a line of its own. */
static void test_breaks_are_escaped(void **state)
{
    (void)state;
    struct account account = {.address = SLICE("x@contoso.test"),
                              .display_name = SLICE("a\r\nTEL:1\\n")};
    struct slice text = card_of(&account, &(struct card){0});
    assert_false(contains(text, "\nTEL"));
    assert_true(contains(text, "FN:a\\nTEL:1\\\\n\r\n"));
}

/* ---- the file ------------------------------------------------------------------------------ */

static void test_everybody_who_is_enabled(void **state)
{
    (void)state;
    struct http_reply reply =
        fetch(BOOK, (struct slice){0}, ticket_header("bob@contoso.test", BOOK));
    assert_int_equal(reply.status, 200);
    assert_true(slice_eq(reply.content_type, SLICE(VCARD_TYPE)));
    assert_true(contains(reply.body, "N:Liddell;Alice;;;\r\n"));
    assert_true(contains(reply.body, "TEL;TYPE=WORK,VOICE:+44 (1865) 276-150\r\n"));
    assert_true(contains(reply.body, "ADR;TYPE=WORK:;;;Oxford;;;GB\r\n"));
    assert_true(contains(reply.body, "PHOTO;VALUE=URI:https://webdir.contoso.test/abs/handler/"));
    assert_true(contains(reply.body, "UID:sip:bob@contoso.test\r\n"));
    assert_false(contains(reply.body, "carol"));
    assert_true(slice_ends(reply.body, SLICE("END:VCARD\r\n")));
}

static void test_for_nobody_without_a_ticket(void **state)
{
    (void)state;
    struct http_reply reply = fetch(BOOK, (struct slice){0}, (struct slice){0});
    assert_int_equal(reply.status, 401);
    assert_true(contains(http_reply_get(&reply, "X-MS-WebTicketURL"), "WebTicketService.svc"));
}

static void test_kept_for_a_minute(void **state)
{
    (void)state;
    static const struct site site = {.web_host = {"webdir.contoso.test", 19}, .https_port = 443};
    struct book *book = book_new(&site);
    struct slice first, again, later, tag, same, other;
    assert_int_equal(
        book_get(book, world.desk.accounts, now, world.arena, &first, &tag, &world.fault), 0);
    assert_int_equal(card_set(world.store, world.bob.id, CARD_CITY, SLICE("Berlin"), &world.fault),
                     0);
    assert_int_equal(book_get(book, world.desk.accounts, now + BOOK_FRESH_MS - 1, world.arena,
                              &again, &same, &world.fault),
                     0);
    assert_true(slice_eq(first, again) && slice_eq(tag, same));
    assert_int_equal(book_get(book, world.desk.accounts, now + BOOK_FRESH_MS, world.arena, &later,
                              &other, &world.fault),
                     0);
    assert_true(contains(later, "Berlin"));
    assert_false(slice_eq(tag, other));
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_without_a_card),
        cmocka_unit_test(test_long_lines_are_folded),
        cmocka_unit_test(test_breaks_are_escaped),
        cmocka_unit_test(test_everybody_who_is_enabled),
        cmocka_unit_test(test_for_nobody_without_a_ticket),
        cmocka_unit_test(test_kept_for_a_minute),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
