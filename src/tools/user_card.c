#include "tools/user_card.h"

#include "accounts/card.h"
#include "base/buf.h"
#include "tools/office.h"
#include "tools/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct verb_option user_photo_options[] = {
    {"remove", NULL, "take the photo away", false},
    {0},
};

static enum tool_exit find(struct invocation *invocation, struct office *office,
                           struct account *account_out)
{
    struct fault fault;
    if (office_open_records(invocation->config_path, office, &fault) < 0 ||
        accounts_find_login(office->accounts, slice_of(invocation->operands[0]), invocation->arena,
                            account_out, &fault) < 0)
        return tool_fail(invocation, &fault);
    return TOOL_FINE;
}

/* ---- card ------------------------------------------------------------------------------------ */

/* One FIELD=VALUE of the command line; false, with a message on stderr, when it is none. */
static bool take_field(const char *text, enum card_field *field_out, struct slice *value_out)
{
    struct slice word;
    if (!slice_cut(slice_of(text), '=', &word, value_out)) {
        tool_usage("`%s` is not of the form FIELD=VALUE", text);
        return false;
    }
    if (card_field_find(word, field_out))
        return true;
    tool_usage("a card has no field `%.*s`; `lychgate user card ADDRESS` lists them",
               SLICE_ARG(word));
    return false;
}

static void print_card(const struct account *account, const struct card *card)
{
    printf("%-13s %.*s\n", "address:", SLICE_ARG(account->address));
    for (int i = 0; i < CARD_FIELDS; i++) {
        char label[32];
        snprintf(label, sizeof label, "%s:", card_field_name((enum card_field)i));
        printf("%-13s %.*s\n", label, SLICE_ARG(card->field[i]));
    }
    printf("%-13s %.*s\n", "photo:", SLICE_ARG(card->photo_hash));
}

static void print_card_json(const struct account *account, const struct card *card)
{
    json_t *document = json_pack("{s:o}", "address", show_text(account->address));
    for (int i = 0; i < CARD_FIELDS; i++)
        json_object_set_new(document, card_field_name((enum card_field)i),
                            show_text(card->field[i]));
    json_object_set_new(document, "photo", show_text(card->photo_hash));
    show_json(document);
}

static int show(struct invocation *invocation, const struct office *office,
                const struct account *account, struct fault *fault)
{
    struct card card;
    int err = card_load(office->reader, account->id, invocation->arena, &card, fault);
    if (err == 0)
        (invocation->json ? print_card_json : print_card)(account, &card);
    return err;
}

enum tool_exit user_card(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct account account;
    struct fault fault;
    enum card_field field;
    struct slice value;
    /* All of the command line is read before anything is changed. */
    for (size_t i = 1; i < invocation->operand_count; i++)
        if (!take_field(invocation->operands[i], &field, &value))
            return TOOL_USAGE;
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    for (size_t i = 1; i < invocation->operand_count; i++) {
        take_field(invocation->operands[i], &field, &value);
        if (card_set(office.store, account.id, field, value, &fault) < 0)
            return tool_fail(invocation, &fault);
    }
    if (show(invocation, &office, &account, &fault) < 0)
        return tool_fail(invocation, &fault);
    return TOOL_FINE;
}

/* ---- photo ----------------------------------------------------------------------------------- */

/* One byte more than a photo may have is enough to see that it has too many. */
static bool read_photo(const char *path, struct buf *out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char chunk[8192];
    size_t got;
    bool good = file != NULL;
    while (good && buf_slice(out).len <= CARD_PHOTO_MAX &&
           (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_add(out, slice_make(chunk, got));
    good = good && !ferror(file);
    if (!good)
        fprintf(stderr, "lychgate: %s: %s\n", path, strerror(errno));
    if (file && file != stdin)
        fclose(file);
    return good;
}

enum tool_exit user_photo(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf bytes = BUF_INIT;
    struct account account;
    struct fault fault;
    bool remove = invocation_has(invocation, "remove");
    if (remove == (invocation->operand_count > 1))
        return tool_usage("user photo takes either a FILE or --remove");
    if (!remove && !read_photo(invocation->operands[1], &bytes))
        return TOOL_FAILED;
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    struct slice photo = {0};
    if (!remove)
        photo = buf_slice(&bytes).at ? buf_slice(&bytes) : SLICE("");
    if (card_photo_set(office.store, account.id, photo, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json) {
        if (show(invocation, &office, &account, &fault) < 0)
            return tool_fail(invocation, &fault);
    } else {
        printf("%s the photo of %.*s.\n", remove ? "Removed" : "Set", SLICE_ARG(account.address));
    }
    return TOOL_FINE;
}
