#include "tools/location.h"

#include "addressbook/location.h"
#include "base/buf.h"
#include "tools/office.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    FILE_MAX = 16 * 1024 * 1024
};

static bool take_kind(const char *word, enum location_kind *kind_out)
{
    if (location_kind_find(slice_of(word), kind_out))
        return true;
    tool_usage("`%s` is none of bssid, port, chassis, subnet and mac", word);
    return false;
}

static bool take_part(const char *word, struct location *location)
{
    struct slice name, value;
    enum location_part part;
    if (!slice_cut(slice_of(word), '=', &name, &value)) {
        tool_usage("`%s` is not of the form PART=VALUE", word);
        return false;
    }
    if (!location_part_find(name, &part)) {
        tool_usage("an address has no part `%.*s`", SLICE_ARG(name));
        return false;
    }
    location->part[part] = value;
    return true;
}

enum tool_exit location_add(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct location location = {.key = slice_of(invocation->operands[1])};
    struct fault fault;
    if (!take_kind(invocation->operands[0], &location.kind))
        return TOOL_USAGE;
    for (size_t i = 2; i < invocation->operand_count; i++)
        if (!take_part(invocation->operands[i], &location))
            return TOOL_USAGE;
    if (office_open(invocation->config_path, &office, &fault) < 0 ||
        location_set(office.store, &location, 1, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (!invocation->json)
        printf("Added %s %s.\n", invocation->operands[0], invocation->operands[1]);
    return TOOL_FINE;
}

enum tool_exit location_remove_verb(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    enum location_kind kind;
    struct fault fault;
    if (!take_kind(invocation->operands[0], &kind))
        return TOOL_USAGE;
    if (office_open(invocation->config_path, &office, &fault) < 0 ||
        location_remove(office.store, kind, slice_of(invocation->operands[1]), &fault) < 0)
        return tool_fail(invocation, &fault);
    if (!invocation->json)
        printf("Removed %s %s.\n", invocation->operands[0], invocation->operands[1]);
    return TOOL_FINE;
}

static json_t *location_json(const struct location *location)
{
    json_t *row = json_pack("{s:s,s:o}", "kind", location_kind_name(location->kind), "key",
                            json_stringn(location->key.at, location->key.len));
    for (int i = 0; i < LOCATION_PARTS; i++) {
        struct slice value = location->part[i];
        json_object_set_new(row, location_part_name((enum location_part)i),
                            slice_absent(value) ? json_null() : json_stringn(value.at, value.len));
    }
    return row;
}

static void print_location(const struct location *location)
{
    printf("%-8s %-26.*s", location_kind_name(location->kind), SLICE_ARG(location->key));
    for (int i = 0; i < LOCATION_PARTS; i++)
        if (!slice_absent(location->part[i]))
            printf(" %.*s", SLICE_ARG(location->part[i]));
    putchar('\n');
}

enum tool_exit location_list_verb(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct location *list;
    struct fault fault;
    size_t count;
    const struct slice all = {0};
    if (office_open(invocation->config_path, &office, &fault) < 0 ||
        location_list(accounts_reader(office.accounts), all, all, all, LOCATION_ROWS_MAX,
                      invocation->arena, &list, &count, &fault) < 0)
        return tool_fail(invocation, &fault);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        if (invocation->json)
            json_array_append_new(rows, location_json(&list[i]));
        else
            print_location(&list[i]);
    }
    if (invocation->json) {
        json_dumpf(rows, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
    }
    json_decref(rows);
    return TOOL_FINE;
}

static bool read_file(const char *path, struct buf *out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char chunk[8192];
    size_t got;
    bool good = file != NULL;
    while (good && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_add(out, slice_make(chunk, got));
    if (good && buf_failed(out))
        errno = EFBIG;
    good = good && !ferror(file) && !buf_failed(out);
    if (!good)
        fprintf(stderr, "lychgate: %s: %s\n", path, strerror(errno));
    if (file && file != stdin)
        fclose(file);
    return good;
}

enum tool_exit location_import(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf text = BUF_LIMIT(FILE_MAX);
    struct location *rows;
    struct fault fault;
    size_t count;
    if (!read_file(invocation->operands[0], &text))
        return TOOL_FAILED;
    if (location_parse_csv(buf_slice(&text), invocation->arena, &rows, &count, &fault) < 0 ||
        office_open(invocation->config_path, &office, &fault) < 0 ||
        location_set(office.store, rows, count, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json)
        printf("{\"imported\": %zu}\n", count);
    else
        printf("Imported %zu location%s.\n", count, count == 1 ? "" : "s");
    return TOOL_FINE;
}
