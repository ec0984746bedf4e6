#include "tools/completion.h"

#include <stdio.h>
#include <string.h>

/* The words that name a command, up to the cursor: options and what belongs to
 * them left out. Bash hands over --name=value as three words. */
static const char command_words[] = "    case $word in\n"
                                    "    =) skip=yes; continue;;\n"
                                    "    --*=*) ;;\n";
static const char command_words_end[] = ") skip=yes; continue;;\n"
                                        "    -*) ;;\n"
                                        "    *) [[ -n $skip ]] || command+=\"$word \";;\n"
                                        "    esac\n"
                                        "    skip=\n"
                                        "  done\n";

static bool first_of_noun(const struct verb *verb)
{
    for (const struct verb *v = verbs; v != verb; v++)
        if (strcmp(v->noun, verb->noun) == 0)
            return false;
    return true;
}

static bool named_before(const struct verb *verb, const struct verb_option *option)
{
    for (const struct verb *v = verbs; v < verb; v++)
        for (const struct verb_option *o = v->options; o && o->name; o++)
            if (strcmp(o->name, option->name) == 0)
                return true;
    return false;
}

static void put_options(const struct verb_option *rows)
{
    for (; rows && rows->name; rows++)
        printf(" --%s", rows->name);
}

static void put_options_with_argument(void)
{
    fputs("    --config|--color", stdout);
    for (const struct verb *v = verbs; v->noun; v++)
        for (const struct verb_option *o = v->options; o && o->name; o++)
            if (o->argument && !named_before(v, o))
                printf("|--%s", o->name);
}

/* The choice of what may come next; `offer` turns words into the shell's answer. */
static void put_choices(const char *offer, const char *offer_with_files, const char *end)
{
    for (const struct verb *v = verbs; v->noun; v++) {
        printf("  '%s%s%s '*) %s", v->noun, v->name ? " " : "", v->name ? v->name : "",
               offer_with_files);
        put_options(v->options);
        put_options(verb_common_options);
        puts(end);
    }
    for (const struct verb *v = verbs; v->noun; v++) {
        if (!v->name || !first_of_noun(v))
            continue;
        printf("  '%s ') %s", v->noun, offer);
        for (const struct verb *w = v; w->noun; w++)
            if (strcmp(w->noun, v->noun) == 0)
                printf(" %s", w->name);
        puts(end);
    }
    printf("  '') %s", offer);
    for (const struct verb *v = verbs; v->noun; v++)
        if (first_of_noun(v))
            printf(" %s", v->noun);
    fputs(" --config --help --version", stdout);
}

static void bash(void)
{
    puts("_lychgate() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} word skip= command=");
    puts("  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do");
    fputs(command_words, stdout);
    put_options_with_argument();
    fputs(command_words_end, stdout);
    puts("  case $command in");
    put_choices("COMPREPLY=($(compgen -W '", "COMPREPLY=($(compgen -f -W '",
                "' -- \"$current\"));;");
    puts("' -- \"$current\"));;\n  esac\n}\ncomplete -o filenames -F _lychgate lychgate");
}

static void zsh(void)
{
    puts("#compdef lychgate\n_lychgate() {\n  local word skip= command=");
    puts("  for word in \"${(@)words[2,CURRENT-1]}\"; do");
    fputs(command_words, stdout);
    put_options_with_argument();
    fputs(command_words_end, stdout);
    puts("  case $command in");
    put_choices("compadd --", "_files; compadd --", ";;");
    puts(";;\n  esac\n}\n_lychgate \"$@\"");
}

/* Within single quotes fish knows \' and \\ only. */
static void put_fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void put_fish_option(const char *condition, const struct verb_option *option)
{
    printf("complete -c lychgate%s -l %s%s -d ", condition, option->name,
           option->argument ? " -r" : "");
    put_fish_text(option->help);
    putchar('\n');
}

static void fish(void)
{
    char condition[160];
    for (const struct verb_option *o = verb_common_options; o->name; o++)
        put_fish_option("", o);
    for (const struct verb *v = verbs; v->noun; v++) {
        snprintf(condition, sizeof condition, " -n '__fish_seen_subcommand_from %s%s%s'", v->noun,
                 v->name ? "; and __fish_seen_subcommand_from " : "", v->name ? v->name : "");
        for (const struct verb_option *o = v->options; o && o->name; o++)
            put_fish_option(condition, o);
        if (first_of_noun(v))
            printf("complete -c lychgate -f -n __fish_use_subcommand -a %s", v->noun);
        if (first_of_noun(v) && !v->name) {
            fputs(" -d ", stdout);
            put_fish_text(v->summary);
        }
        if (first_of_noun(v))
            putchar('\n');
        if (!v->name)
            continue;
        printf("complete -c lychgate -f -n '__fish_seen_subcommand_from %s' -a %s -d ", v->noun,
               v->name);
        put_fish_text(v->summary);
        putchar('\n');
    }
}

enum tool_exit completion_run(struct invocation *invocation)
{
    const char *shell = invocation->operands[0];
    if (strcmp(shell, "bash") == 0)
        bash();
    else if (strcmp(shell, "zsh") == 0)
        zsh();
    else if (strcmp(shell, "fish") == 0)
        fish();
    else
        return tool_usage("completion for `%s` is not known; bash, zsh and fish are", shell);
    return TOOL_FINE;
}
