#include "tools/verb.h"

#include "tools/completion.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    GIVEN_MAX = 64,
    HELP_COLUMN = 28,
    HELP_WIDTH = 79,
    NEAR = 3 /* letters that a name may be off and still be suggested */
};

#define DEFAULT_CONFIG "/etc/lychgate/lychgated.conf"

const struct verb_option verb_common_options[] = {
    {"config", "FILE", "the server's configuration (default " DEFAULT_CONFIG ")", false},
    {"json", NULL, "print one JSON document instead of text", false},
    {"color", "WHEN", "auto, always or never", false},
    {"help", NULL, "show this help", false},
    {0},
};

/* ---- looking things up ----------------------------------------------------------- */

const char *invocation_nth(const struct invocation *invocation, const char *option, size_t n)
{
    for (size_t i = 0; i < invocation->given_count; i++)
        if (strcmp(invocation->given[i].option->name, option) == 0 && n-- == 0)
            return invocation->given[i].value;
    return NULL;
}

const char *invocation_value(const struct invocation *invocation, const char *option)
{
    const char *value = NULL;
    for (size_t i = 0; i < invocation->given_count; i++)
        if (strcmp(invocation->given[i].option->name, option) == 0)
            value = invocation->given[i].value;
    return value;
}

bool invocation_has(const struct invocation *invocation, const char *option)
{
    return invocation_value(invocation, option) != NULL;
}

bool invocation_number(const struct invocation *invocation, const char *option, uint64_t fallback,
                       uint64_t most, uint64_t *number_out)
{
    const char *text = invocation_value(invocation, option);
    *number_out = fallback;
    if (!text || slice_number(slice_of(text), most, number_out) == 0)
        return true;
    tool_usage("--%s takes a number from 0 to %llu, not `%s`", option, (unsigned long long)most,
               text);
    return false;
}

static const struct verb_option *find_option(const struct verb_option *rows, struct slice name)
{
    for (; rows && rows->name; rows++)
        if (slice_eq(name, slice_of(rows->name)))
            return rows;
    return NULL;
}

static const struct verb *find_verb(const char *noun, const char *name, int *words_out)
{
    for (const struct verb *v = verbs; v->noun; v++) {
        if (strcmp(v->noun, noun) != 0)
            continue;
        if (!v->name || (name && strcmp(v->name, name) == 0)) {
            *words_out = v->name ? 2 : 1;
            return v;
        }
    }
    return NULL;
}

/* ---- help ---------------------------------------------------------------------------- */

/* A row of help: what is typed, and the text beside it, wrapped. */
static void help_row(const char *left, const char *text)
{
    if (strlen(left) < HELP_COLUMN)
        printf("  %-*s", HELP_COLUMN, left);
    else
        printf("  %s\n  %*s", left, HELP_COLUMN, "");
    struct slice rest = slice_of(text), word;
    int column = HELP_COLUMN + 2;
    while (!slice_empty(rest)) {
        slice_cut(rest, ' ', &word, &rest);
        if (column + 1 + (int)word.len > HELP_WIDTH) {
            printf("\n  %*s", HELP_COLUMN, "");
            column = HELP_COLUMN + 2;
        }
        printf(" %.*s", SLICE_ARG(word));
        column += 1 + (int)word.len;
    }
    putchar('\n');
}

static void help_all(void)
{
    puts("Usage: lychgate [--config FILE] COMMAND [OPTION]... [ARGUMENT]...\n"
         "Signs people in to Lync and Skype for Business, and runs the server that does.\n");
    for (const struct verb *v = verbs; v->noun; v++) {
        char left[80];
        snprintf(left, sizeof left, "%s%s%s%s%s", v->noun, v->name ? " " : "",
                 v->name ? v->name : "", v->operands[0] ? " " : "", v->operands);
        help_row(left, v->summary);
    }
    puts("\n`lychgate COMMAND --help` tells more. Exit status: 0 fine, 1 refused or failed,\n"
         "2 usage, 3 could not be tried.");
}

static void help_options(const struct verb_option *rows)
{
    for (; rows && rows->name; rows++) {
        char left[80];
        snprintf(left, sizeof left, "--%s%s%s", rows->name, rows->argument ? " " : "",
                 rows->argument ? rows->argument : "");
        help_row(left, rows->help);
    }
}

static void help_verb(const struct verb *v)
{
    printf("Usage: lychgate %s%s%s [OPTION]...%s%s\n%s\n\n", v->noun, v->name ? " " : "",
           v->name ? v->name : "", v->operands[0] ? " " : "", v->operands, v->summary);
    help_options(v->options);
    help_options(verb_common_options);
}

/* ---- mistakes -------------------------------------------------------------------------- */

enum tool_exit tool_usage(const char *format, ...)
{
    va_list args;
    fputs("lychgate: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nTry `lychgate --help`.\n", stderr);
    return TOOL_USAGE;
}

enum tool_exit tool_fail(const struct invocation *invocation, const struct fault *fault)
{
    const struct finding_row *row = finding_row(fault->finding);
    fprintf(stderr, "lychgate: %s\n  cause:  %s\n  remedy: %s\n", fault->detail, row->admin,
            row->remedy);
    if (invocation->json) {
        json_t *document = json_pack("{s:{s:s,s:s,s:s,s:s}}", "error", "finding", row->id, "detail",
                                     fault->detail, "cause", row->admin, "remedy", row->remedy);
        json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        putchar('\n');
        json_decref(document);
    }
    return TOOL_FAILED;
}

/* ---- passwords ---------------------------------------------------------------------------- */

static bool read_first_line(FILE *from, struct secret *out)
{
    char line[1026];
    bool read = fgets(line, sizeof line, from) != NULL;
    size_t len = read ? strcspn(line, "\r\n") : 0;
    if (len > 0)
        secret_set(out, slice_make(line, len));
    secret_wipe(line, sizeof line);
    return len > 0;
}

static bool read_from_terminal(const char *prompt, struct secret *out)
{
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (!terminal) {
        fputs("lychgate: there is no terminal to ask for the password on\n"
              "  remedy: give it with --password-file FILE, or - for standard input\n",
              stderr);
        return false;
    }
    struct termios kept, silent;
    tcgetattr(fileno(terminal), &kept);
    silent = kept;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(terminal, "%s: ", prompt);
    fflush(terminal);
    tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    bool read = read_first_line(terminal, out);
    tcsetattr(fileno(terminal), TCSAFLUSH, &kept);
    fputc('\n', terminal);
    fclose(terminal);
    return read;
}

bool tool_password(const char *path, const char *prompt, struct secret *password_out)
{
    if (!path)
        return read_from_terminal(prompt, password_out);
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file) {
        fprintf(stderr, "lychgate: password file %s: %s\n", path, strerror(errno));
        return false;
    }
    bool read = read_first_line(file, password_out);
    if (file != stdin)
        fclose(file);
    if (!read)
        fprintf(stderr, "lychgate: the first line of %s is no password\n", path);
    return read;
}

/* ---- reading the command line ---------------------------------------------------------------- */

struct reading {
    int argc;
    char **argv;
    int at;
    struct verb_given *given;
    const char **operands;
    struct invocation *invocation;
    bool help;
};

/* The nearer of two names to the one that was typed. */
static const char *nearer(struct slice typed, const char *best, const char *name)
{
    size_t distance = slice_distance(typed, slice_of(name));
    size_t limit = best ? slice_distance(typed, slice_of(best)) : NEAR;
    return distance < limit && distance < typed.len ? name : best;
}

static enum tool_exit unknown_option(const struct verb_option *own, struct slice name)
{
    const char *best = NULL;
    for (const struct verb_option *o = own; o && o->name; o++)
        best = nearer(name, best, o->name);
    for (const struct verb_option *o = verb_common_options; o->name; o++)
        best = nearer(name, best, o->name);
    if (best)
        return tool_usage("unknown option --%.*s; did you mean --%s?", SLICE_ARG(name), best);
    return tool_usage("unknown option --%.*s", SLICE_ARG(name));
}

static enum tool_exit unknown_verb(const char *noun, const char *name)
{
    bool known_noun = false;
    const char *best = NULL;
    for (const struct verb *v = verbs; v->noun; v++)
        known_noun = known_noun || strcmp(v->noun, noun) == 0;
    for (const struct verb *v = verbs; v->noun; v++)
        if (!known_noun)
            best = nearer(slice_of(noun), best, v->noun);
        else if (name && strcmp(v->noun, noun) == 0)
            best = nearer(slice_of(name), best, v->name);
    if (known_noun && !name)
        return tool_usage("`%s` needs to be told what to do", noun);
    return tool_usage("unknown command `%s%s%s`%s%s%s%s%s", noun, known_noun ? " " : "",
                      known_noun ? name : "", best ? "; did you mean `" : "",
                      best && known_noun ? noun : "", best && known_noun ? " " : "",
                      best ? best : "", best ? "`?" : "");
}

/* --name, --name=value or --name value. */
static enum tool_exit take_option(struct reading *r, const struct verb_option *own)
{
    struct slice text = slice_of(r->argv[r->at++] + 2), name, value;
    bool inline_value = slice_cut(text, '=', &name, &value);
    const struct verb_option *option = find_option(own, name);
    if (!option)
        option = find_option(verb_common_options, name);
    if (!option)
        return unknown_option(own, name);
    if (r->invocation->given_count == GIVEN_MAX)
        return tool_usage("too many options");
    const char *argument = "";
    if (option->argument && inline_value)
        argument = value.at;
    else if (option->argument && r->at < r->argc)
        argument = r->argv[r->at++];
    else if (option->argument)
        return tool_usage("--%s needs %s", option->name, option->argument);
    else if (inline_value)
        return tool_usage("--%s takes no value", option->name);
    if (strcmp(option->name, "help") == 0)
        r->help = true;
    r->given[r->invocation->given_count++] = (struct verb_given){option, argument};
    return TOOL_FINE;
}

static enum tool_exit take_words(struct reading *r, const struct verb_option *own, bool operands)
{
    bool options_end = false;
    while (r->at < r->argc) {
        const char *word = r->argv[r->at];
        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
            r->at++;
        } else if (!options_end && word[0] == '-' && word[1] == '-') {
            enum tool_exit error = take_option(r, own);
            if (error)
                return error;
        } else if (!options_end && word[0] == '-' && word[1]) {
            return tool_usage("unknown option %s", word);
        } else if (operands) {
            r->operands[r->invocation->operand_count++] = word;
            r->at++;
        } else {
            return TOOL_FINE;
        }
    }
    return TOOL_FINE;
}

static bool want_colour(const struct invocation *invocation)
{
    const char *when = invocation_value(invocation, "color");
    if (when && strcmp(when, "always") == 0)
        return true;
    if (when && strcmp(when, "never") == 0)
        return false;
    const char *refused = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(refused && refused[0]);
}

static size_t count_operands(const char *text, bool needed_only)
{
    struct slice list = slice_of(text), item;
    size_t count = 0;
    while (slice_next(&list, ' ', &item)) {
        if (!needed_only && (slice_ends(item, SLICE("...]")) || slice_ends(item, SLICE("..."))))
            return SIZE_MAX;
        count += !(needed_only && item.at[0] == '[');
    }
    return count;
}

static enum tool_exit run_verb(struct reading *r)
{
    struct invocation *invocation = r->invocation;
    const struct verb *v = invocation->verb;
    const char *when = invocation_value(invocation, "color");
    if (when && strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 &&
        strcmp(when, "never") != 0)
        return tool_usage("--color takes auto, always or never, not `%s`", when);
    if (invocation->operand_count < count_operands(v->operands, true))
        return tool_usage("%s%s%s needs %s", v->noun, v->name ? " " : "", v->name ? v->name : "",
                          v->operands);
    if (invocation->operand_count > count_operands(v->operands, false))
        return tool_usage("`%s` is one argument too many",
                          invocation->operands[count_operands(v->operands, false)]);
    const char *config = invocation_value(invocation, "config");
    invocation->config_path = config ? config : DEFAULT_CONFIG;
    invocation->json = invocation_has(invocation, "json");
    invocation->colour = want_colour(invocation);
    return v->run(invocation);
}

enum tool_exit verb_main(int argc, char **argv)
{
    scoped(arena) struct arena *arena = arena_new();
    struct invocation invocation = {.arena = arena};
    struct reading r = {.argc = argc, .argv = argv, .at = 1, .invocation = &invocation};
    r.given = arena_array(arena, struct verb_given, GIVEN_MAX);
    r.operands = arena_array(arena, const char *, (size_t)argc + 1);
    invocation.given = r.given;
    invocation.operands = r.operands;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("lychgate " LYCHGATE_VERSION);
        return TOOL_FINE;
    }
    enum tool_exit error = take_words(&r, NULL, false);
    if (error)
        return error;
    if (r.at == argc && r.help) {
        help_all();
        return TOOL_FINE;
    }
    if (r.at == argc)
        return tool_usage("a command is needed");
    int words;
    invocation.verb = find_verb(argv[r.at], r.at + 1 < argc ? argv[r.at + 1] : NULL, &words);
    if (!invocation.verb)
        return unknown_verb(argv[r.at], r.at + 1 < argc ? argv[r.at + 1] : NULL);
    r.at += words;
    error = take_words(&r, invocation.verb->options, true);
    if (error)
        return error;
    if (r.help) {
        help_verb(invocation.verb);
        return TOOL_FINE;
    }
    return run_verb(&r);
}
