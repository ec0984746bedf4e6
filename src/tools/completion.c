#include "tools/completion.h"

#include <stdio.h>
#include <string.h>

static void put_options(const struct verb_option *rows)
{
    for (; rows && rows->name; rows++)
        printf(" --%s", rows->name);
}

static bool first_of_noun(const struct verb *verb)
{
    for (const struct verb *v = verbs; v != verb; v++)
        if (strcmp(v->noun, verb->noun) == 0)
            return false;
    return true;
}

static void bash(void)
{
    puts("_lychgate() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} words=${COMP_WORDS[*]:1:COMP_CWORD-1}\n"
         "  case \"$words\" in");
    for (const struct verb *v = verbs; v->noun; v++) {
        printf("  '%s%s%s'*) COMPREPLY=($(compgen -f -W '", v->noun, v->name ? " " : "",
               v->name ? v->name : "");
        put_options(v->options);
        put_options(verb_common_options);
        puts("' -- \"$cur\"));;");
    }
    for (const struct verb *v = verbs; v->noun; v++) {
        if (!v->name || !first_of_noun(v))
            continue;
        printf("  '%s') COMPREPLY=($(compgen -W '", v->noun);
        for (const struct verb *w = v; w->noun; w++)
            if (strcmp(w->noun, v->noun) == 0)
                printf("%s ", w->name);
        puts("' -- \"$cur\"));;");
    }
    fputs("  *) COMPREPLY=($(compgen -W '", stdout);
    for (const struct verb *v = verbs; v->noun; v++)
        if (first_of_noun(v))
            printf("%s ", v->noun);
    puts("' -- \"$cur\"));;\n  esac\n}\ncomplete -o filenames -F _lychgate lychgate");
}

static void zsh(void)
{
    puts("#compdef lychgate\nautoload -U +X bashcompinit && bashcompinit");
    bash();
}

static void fish(void)
{
    for (const struct verb *v = verbs; v->noun; v++) {
        if (first_of_noun(v))
            printf("complete -c lychgate -n __fish_use_subcommand -a %s\n", v->noun);
        if (v->name)
            printf("complete -c lychgate -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n",
                   v->noun, v->name, v->summary);
        for (const struct verb_option *o = v->options; o && o->name; o++)
            printf("complete -c lychgate -n '__fish_seen_subcommand_from %s' -l %s%s -d '%s'\n",
                   v->noun, o->name, o->argument ? " -r" : "", o->help);
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
