/* docgen TEMPLATE: copies a manual page in scdoc's language and fills in what the
 * program's own tables say, so that page and program cannot differ. Run by the
 * build only. A line of the template that is one of these is replaced:
 *
 *   @verb NOUN [NAME]@   the command's usage and summary; the text up to the next
 *                        directive follows, then its options. Text about a command
 *                        that this build does not have is left out.
 *   @only NOUN@          this page is about the commands of one noun
 *   @elsewhere NOUN@     the commands of that noun have a page of their own
 *   @end@                ends the last command's text
 *   @common-options@     the options that every command takes
 *   @settings@           all sections and keys of lychgated.conf
 *   @findings@           the closed list of findings
 *
 * A command that the template does not tell about is an error. */
#include "server/config.h"
#include "tools/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
    const struct verb *verb; /* whose text is being copied */
    bool skipping;           /* the text is about a command that is not there */
    bool has_verbs;
    char *only; /* a noun; NULL: all commands */
    bool *told; /* by index into verbs[] */
    struct arena *arena;
};

/* Text in which scdoc sees no markup. */
static void put_plain(const char *text)
{
    for (; *text; text++) {
        if (strchr("\\*_<>#[]`", *text))
            putchar('\\');
        putchar(*text);
    }
}

static void put_options(const struct verb_option *rows)
{
    for (; rows && rows->name; rows++) {
        printf("*--%s*", rows->name);
        if (rows->argument) {
            fputs(" _", stdout);
            put_plain(rows->argument);
            putchar('_');
        }
        fputs("\n\t", stdout);
        put_plain(rows->help);
        puts("\n");
    }
}

static void end_verb(struct page *page)
{
    if (page->verb)
        put_options(page->verb->options);
    page->verb = NULL;
    page->skipping = false;
}

static void begin_verb(struct page *page, struct slice words)
{
    struct slice noun, name;
    end_verb(page);
    page->has_verbs = true;
    if (!slice_cut(words, ' ', &noun, &name))
        name = SLICE("");
    for (const struct verb *v = verbs; v->noun; v++)
        if (slice_eq(noun, slice_of(v->noun)) && slice_eq(name, slice_of(v->name)))
            page->verb = v;
    if (!page->verb) {
        page->skipping = true;
        return;
    }
    const struct verb *v = page->verb;
    page->told[v - verbs] = true;
    printf("## %.*s\n\n*lychgate %.*s*", SLICE_ARG(words), SLICE_ARG(words));
    if (v->options)
        fputs(" [_option_...]", stdout);
    if (v->operands[0]) {
        putchar(' ');
        put_plain(v->operands);
    }
    fputs("\n\n", stdout);
    put_plain(v->summary);
    puts("\n");
}

static const char *value_form(enum config_kind kind)
{
    static const char *const forms[] = {
        [CONFIG_TEXT] = "text", [CONFIG_NUMBER] = "number", [CONFIG_DURATION] = "duration",
        [CONFIG_SIZE] = "size", [CONFIG_SWITCH] = "on|off",
    };
    return forms[kind];
}

/* A limit of the row's range, as the file would write it. */
static struct slice limit(struct arena *arena, struct config *config, const struct config_row *row,
                          int64_t value)
{
    memcpy((char *)config + row->offset, &value, sizeof value);
    return config_print_value(arena, config, row);
}

static void put_setting(struct arena *arena, struct config *config, const struct config_row *row)
{
    printf("*%s* = _%s_\n\t", row->key, value_form(row->kind));
    put_plain(row->help);
    if (row->kind == CONFIG_NUMBER || row->kind == CONFIG_DURATION || row->kind == CONFIG_SIZE) {
        struct slice least = limit(arena, config, row, row->least);
        struct slice most = limit(arena, config, row, row->most);
        printf(" From %.*s to %.*s.", SLICE_ARG(least), SLICE_ARG(most));
    }
    if (row->fallback[0]) {
        fputs(" Default: *", stdout);
        put_plain(row->fallback);
        putchar('*');
        putchar('.');
    }
    puts("\n");
}

static void put_settings(struct arena *arena)
{
    size_t count;
    const struct config_row *rows = config_schema(&count);
    struct config *config = config_new();
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(rows[i].section, rows[i - 1].section) != 0)
            printf("## [%s]\n\n", rows[i].section);
        put_setting(arena, config, &rows[i]);
    }
    config_free(config);
}

static void put_findings(void)
{
    for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        printf("*%s*\n\t", row->id);
        put_plain(row->user);
        fputs("\n\n\t_Cause:_ ", stdout);
        put_plain(row->admin);
        fputs("\n\n\t_Remedy:_ ", stdout);
        put_plain(row->remedy);
        fputs("\n\n", stdout);
        if (!row->http && !row->sip && !row->ms_diagnostics && row->audience == SEEN_BY_ALL)
            continue;
        fputs("\t_Wire:_", stdout);
        const char *comma = "";
        if (row->http)
            printf(" HTTP %d", row->http), comma = ",";
        if (row->sip)
            printf("%s SIP %d", comma, row->sip), comma = ",";
        if (row->ms_diagnostics)
            printf("%s ms-diagnostics %d", comma, row->ms_diagnostics), comma = ",";
        if (row->audience == SEEN_BY_ADMIN)
            printf("%s told to the administrator only", comma);
        puts(".\n");
    }
}

static void tell_elsewhere(struct page *page, struct slice noun)
{
    for (const struct verb *v = verbs; v->noun; v++)
        if (slice_eq(noun, slice_of(v->noun)))
            page->told[v - verbs] = true;
}

/* "@NAME ARGUMENT@" */
static bool takes(struct slice line, struct slice name, struct slice *argument_out)
{
    if (line.len <= name.len || !slice_starts(line, name) || line.at[line.len - 1] != '@')
        return false;
    *argument_out = slice_make(line.at + name.len, line.len - name.len - 1);
    return true;
}

static bool directive(struct page *page, struct slice line)
{
    struct slice argument;
    if (slice_eq(line, SLICE("@end@")))
        end_verb(page);
    else if (slice_eq(line, SLICE("@common-options@")))
        put_options(verb_common_options);
    else if (slice_eq(line, SLICE("@settings@")))
        put_settings(page->arena);
    else if (slice_eq(line, SLICE("@findings@")))
        put_findings();
    else if (takes(line, SLICE("@verb "), &argument))
        begin_verb(page, argument);
    else if (takes(line, SLICE("@only "), &argument))
        page->only = arena_string(page->arena, argument);
    else if (takes(line, SLICE("@elsewhere "), &argument))
        tell_elsewhere(page, argument);
    else
        return false;
    return true;
}

static int untold(const struct page *page)
{
    int count = 0;
    for (const struct verb *v = verbs; page->has_verbs && v->noun; v++) {
        if (page->told[v - verbs] || (page->only && strcmp(page->only, v->noun) != 0))
            continue;
        fprintf(stderr, "docgen: nothing is told about `lychgate %s%s%s`\n", v->noun,
                v->name ? " " : "", v->name ? v->name : "");
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    FILE *template = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (!template) {
        fputs("docgen: a template is needed, and nothing else\n", stderr);
        return TOOL_USAGE;
    }
    size_t verb_count = 0;
    while (verbs[verb_count].noun)
        verb_count++;
    scoped(arena) struct arena *arena = arena_new();
    struct page page = {.arena = arena, .told = arena_array(arena, bool, verb_count + 1)};
    char *line = NULL;
    size_t room = 0;
    for (ssize_t len; (len = getline(&line, &room, template)) > 0;) {
        struct slice text = slice_make(line, (size_t)len - (line[len - 1] == '\n'));
        if (!directive(&page, text) && !page.skipping)
            fwrite(line, 1, (size_t)len, stdout);
    }
    free(line);
    fclose(template);
    return untold(&page) > 0 || ferror(stdout) ? TOOL_FAILED : TOOL_FINE;
}
