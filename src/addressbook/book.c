#include "addressbook/book.h"

#include "addressbook/addressbook.h"
#include "addressbook/vcard.h"
#include "base/encode.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE = 500,
    TAG_LEN = 16 /* bytes of the digest that name it */
};

struct book {
    const struct site *site;
    pthread_mutex_t lock; /* of all below; held while it is made, so that it is made once */
    struct buf bytes;
    int64_t made; /* 0: never */
    unsigned char digest[EVP_MAX_MD_SIZE];
};

struct book *book_new(const struct site *site)
{
    struct book *book = must_calloc(1, sizeof *book);
    book->site = site;
    pthread_mutex_init(&book->lock, NULL);
    return book;
}

void book_free(struct book *book)
{
    if (!book)
        return;
    buf_free(&book->bytes);
    pthread_mutex_destroy(&book->lock);
    free(book);
}

static int add_person(struct book *book, struct accounts *accounts, const struct account *account,
                      struct arena *arena, struct fault *fault)
{
    struct card card;
    int err = card_load(accounts_reader(accounts), account->id, arena, &card, fault);
    if (err < 0)
        return err;
    vcard_print(account, &card, addressbook_photo_url(arena, book->site, card.photo_hash),
                &book->bytes);
    return 0;
}

/* One page of people; *after is the last one's address, "" when there are no more. */
static int add_page(struct book *book, struct accounts *accounts, char after[ACCOUNT_NAME_MAX + 1],
                    struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct account *list;
    size_t count;
    int err = accounts_list(accounts, slice_of(after), PAGE, arena, &list, &count, fault);
    for (size_t i = 0; err == 0 && i < count; i++)
        if (list[i].enabled)
            err = add_person(book, accounts, &list[i], arena, fault);
    after[0] = '\0';
    if (err == 0 && count == PAGE)
        snprintf(after, ACCOUNT_NAME_MAX + 1, "%.*s", SLICE_ARG(list[count - 1].address));
    return err;
}

static int make(struct book *book, struct accounts *accounts, struct fault *fault)
{
    char after[ACCOUNT_NAME_MAX + 1] = "";
    struct slice bytes;
    int err;
    buf_clear(&book->bytes);
    do
        err = add_page(book, accounts, after, fault);
    while (err == 0 && after[0]);
    bytes = buf_slice(&book->bytes);
    EVP_Digest(bytes.at, bytes.len, book->digest, NULL, EVP_sha256(), NULL);
    return err;
}

int book_get(struct book *book, struct accounts *accounts, int64_t now, struct arena *arena,
             struct slice *bytes_out, struct slice *etag_out, struct fault *fault)
{
    int err = 0;
    pthread_mutex_lock(&book->lock);
    if (book->made == 0 || now < book->made || now - book->made >= BOOK_FRESH_MS) {
        err = make(book, accounts, fault);
        book->made = err == 0 ? now : 0;
    }
    if (err == 0) {
        *bytes_out = arena_copy(arena, buf_slice(&book->bytes));
        *etag_out =
            arena_print(arena, "\"%.*s\"",
                        SLICE_ARG(hex_print_lower(arena, slice_make(book->digest, TAG_LEN))));
    }
    pthread_mutex_unlock(&book->lock);
    return err;
}
