#include "tools/contacts.h"

#include "contacts/contacts.h"
#include "contacts/exchange.h"
#include "tools/office.h"
#include "tools/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct verb_option contacts_export_options[] = {
    {"format", "FORMAT", "csv (default) or json", false},
    {0},
};
const struct verb_option contacts_import_options[] = {
    {"format", "FORMAT", "csv or json (default: as the file looks)", false},
    {"merge", NULL, "add to the list what the file has (default)", false},
    {"replace", NULL, "put the file in place of the list", false},
    {0},
};

/* Open the site, and load the list of the user that the command names. */
static int load(struct invocation *invocation, struct office *office, struct account *account,
                struct contacts_list **list, struct fault *fault)
{
    struct slice address = slice_of(invocation->operands[0]);
    int err = office_open_records(invocation->config_path, office, fault);
    if (err == 0)
        err = accounts_find_login(office->accounts, address, invocation->arena, account, fault);
    if (err == 0)
        err = contacts_load(office->reader, account->id, invocation->arena, list, fault);
    return err;
}

/* False, with a message, when --format names neither. Without it *json_out stays. */
static bool read_format(const struct invocation *invocation, bool *json_out)
{
    const char *format = invocation_value(invocation, "format");
    if (!format)
        return true;
    *json_out = strcmp(format, "json") == 0;
    if (*json_out || strcmp(format, "csv") == 0)
        return true;
    tool_usage("--format takes csv or json, not `%s`", format);
    return false;
}

enum tool_exit contacts_export_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf text = BUF_INIT;
    struct contacts_list *list;
    struct account account;
    struct fault fault;
    bool json = invocation->json;
    if (!read_format(invocation, &json))
        return TOOL_USAGE;
    if (load(invocation, &office, &account, &list, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (json)
        contacts_print_json(list, &text);
    else
        contacts_print_csv(list, &text);
    fwrite(buf_string(&text), 1, text.len, stdout);
    return TOOL_FINE;
}

/* ---- import ------------------------------------------------------------------------------ */

static int read_file(const char *path, struct buf *out, struct fault *fault)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return fault_set(fault, ERR_IO, FINDING_CONTACTS_FILE, "%s: %s", path, strerror(errno));
    char piece[8192];
    size_t len;
    while (!buf_failed(out) && (len = fread(piece, 1, sizeof piece, file)) > 0)
        buf_add(out, slice_make(piece, len));
    bool failed = ferror(file) != 0;
    if (file != stdin)
        fclose(file);
    if (failed)
        return fault_set(fault, ERR_IO, FINDING_CONTACTS_FILE, "%s cannot be read", path);
    if (buf_failed(out))
        return fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_FILE, "%s is larger than %d MiB", path,
                         CONTACTS_FILE_MAX / (1024 * 1024));
    return 0;
}

static int parse_file(struct invocation *invocation, struct slice text, bool json,
                      struct contacts_list **list, struct fault *fault)
{
    return json ? contacts_parse_json(text, CONTACTS_DEFAULT_MAX, invocation->arena, list, fault)
                : contacts_parse_csv(text, CONTACTS_DEFAULT_MAX, invocation->arena, list, fault);
}

static void show_import(const struct invocation *invocation, const struct account *account,
                        const struct contacts_list *before, const struct contacts_list *after)
{
    if (invocation->json)
        show_json(json_pack("{s:o,s:I,s:I,s:I}", "address", show_text(account->address), "before",
                            (json_int_t)before->contact_count, "contacts",
                            (json_int_t)after->contact_count, "groups",
                            (json_int_t)after->group_count));
    else
        printf("%.*s has %zu contacts in %zu groups now; there were %zu contacts.\n",
               SLICE_ARG(account->address), after->contact_count, after->group_count,
               before->contact_count);
}

enum tool_exit contacts_import_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf text = BUF_LIMIT(CONTACTS_FILE_MAX);
    struct contacts_list *list, *given, before;
    struct account account;
    struct fault fault;
    bool replace = invocation_has(invocation, "replace");
    if (replace && invocation_has(invocation, "merge"))
        return tool_usage("--merge and --replace exclude each other");
    int err = read_file(invocation->operands[1], &text, &fault);
    bool json = slice_starts(slice_trim(buf_slice(&text)), SLICE("{"));
    if (!read_format(invocation, &json))
        return TOOL_USAGE;
    if (err == 0)
        err = parse_file(invocation, buf_slice(&text), json, &given, &fault);
    if (err == 0)
        err = load(invocation, &office, &account, &list, &fault);
    if (err < 0)
        return tool_fail(invocation, &fault);
    before = *list;
    if (!replace)
        err = contacts_list_merge(list, given, CONTACTS_DEFAULT_MAX, invocation->arena, &fault);
    else
        list = given;
    if (err == 0)
        err = contacts_replace(office.store, account.id, list, &fault);
    if (err < 0)
        return tool_fail(invocation, &fault);
    show_import(invocation, &account, &before, list);
    return TOOL_FINE;
}
