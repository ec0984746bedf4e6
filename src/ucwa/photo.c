#include "ucwa/photo.h"

#include "accounts/account.h"
#include "accounts/card.h"
#include "ucwa/ucwa_priv.h"

enum {
    HOUR = 60 * 60 /* seconds that a browser may show it without asking */
};

/* The address in the path; absent if it is none of a photo. */
static struct slice address_of(struct slice path)
{
    const struct slice families[] = {SLICE(SITE_PATH_UCWA "/"), SLICE(SITE_PATH_UCWA_PLAIN "/")};
    struct slice id, word, address;
    for (size_t i = 0; i < 2; i++) {
        struct slice rest = slice_from(path, families[i].len);
        if (slice_starts_nocase(path, families[i]) && slice_next(&rest, '/', &id) &&
            slice_next(&rest, '/', &word) && slice_eq_nocase(word, SLICE("photos")) &&
            slice_next(&rest, '/', &address) && rest.len == 0)
            return address;
    }
    return (struct slice){0};
}

bool ucwa_is_photo(const struct http_request *request)
{
    return (request->method & (HTTP_GET | HTTP_HEAD)) && !slice_empty(address_of(request->path));
}

struct slice ucwa_photo_ticket(const struct http_request *request, struct arena *arena)
{
    struct slice ticket = http_header(request, "Authorization"), list, cookie, name, value;
    for (size_t at = 0; slice_absent(ticket) && http_header_next(request, "Cookie", &at, &list);)
        while (slice_next(&list, ';', &cookie))
            if (slice_cut(slice_trim(cookie), '=', &name, &value) &&
                slice_eq(name, SLICE(UCWA_COOKIE)))
                ticket = arena_print(arena, "Bearer %.*s", SLICE_ARG(value));
    return ticket;
}

/* By the hash, which the directory keeps beside it: what the browser has is not read again. */
static int find_photo(const struct desk *desk, struct slice address, struct arena *arena,
                      struct card *card, struct account *account, struct fault *fault)
{
    int err = accounts_find(desk->accounts, address, arena, account, fault);
    if (err == 0 && !account->enabled)
        err = fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "%.*s", SLICE_ARG(address));
    if (err == 0)
        err = card_load(desk->reader, account->id, arena, card, fault);
    if (err == 0 && slice_absent(card->photo_hash))
        err = fault_set(fault, ERR_UNKNOWN, FINDING_ADDRESSBOOK_FILE, "%.*s has no photo",
                        SLICE_ARG(address));
    return err;
}

void ucwa_photo_answer(const struct desk *desk, const struct http_request *request,
                       struct http_reply *reply, struct arena *arena)
{
    struct card card;
    struct account account;
    struct fault fault;
    struct slice bytes;
    const char *type = NULL;
    int err = find_photo(desk, address_of(request->path), arena, &card, &account, &fault);
    if (err == 0) {
        http_reply_header(reply, arena, "ETag", "\"%.*s\"", SLICE_ARG(card.photo_hash));
        http_reply_header(reply, arena, "Cache-Control", "private, max-age=%d", HOUR);
        if (ucwa_etag_is(http_header(request, "If-None-Match"), card.photo_hash)) {
            http_reply_set(reply, 304, NULL, (struct slice){0});
            return;
        }
        err = card_photo_load(desk->reader, account.id, arena, &bytes, &type, &fault);
    }
    if (err < 0) {
        if (err == -ERR_UNKNOWN) /* which of it is nobody's business */
            fault.finding = FINDING_ADDRESSBOOK_FILE;
        http_reply_fault(reply, arena, &fault);
        return;
    }
    http_reply_header(reply, arena, "X-Content-Type-Options", "nosniff");
    http_reply_set(reply, 200, type, bytes);
}
