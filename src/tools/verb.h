/* The command line as a table: nouns and verbs, their options and operands, one
 * sentence each. Parsing, --help, shell completion and the test that compares the
 * manual pages with the program all read it. */
#ifndef LYCHGATE_TOOLS_VERB_H
#define LYCHGATE_TOOLS_VERB_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, documented in lychgate(1). */
enum tool_exit {
    TOOL_FINE = 0,   /* done; for signin: signed in */
    TOOL_FAILED = 1, /* refused or failed: a finding was printed */
    TOOL_USAGE = 2,  /* the command line was wrong; nothing was done */
    TOOL_UNABLE = 3, /* could not be tried: no network, no name server */
};

struct verb_option {
    const char *name;     /* "password-file": given as --password-file */
    const char *argument; /* "FILE"; NULL: a switch */
    const char *help;
    bool repeats;
};

struct invocation;

struct verb {
    const char *noun;     /* "user" */
    const char *name;     /* "add"; NULL: the noun is the whole command */
    const char *operands; /* "ADDRESS"; "" for none; "[FILE]" is optional, "..." repeats */
    const char *summary;  /* one sentence, for help */
    const struct verb_option *options; /* ends with a NULL name; NULL: none */
    enum tool_exit (*run)(struct invocation *invocation);
};

/* The command line of one verb, read. Everything lives in its arena. */
struct invocation {
    const struct verb *verb;
    struct arena *arena;
    const char *config_path; /* --config, or the default */
    bool json;               /* --json */
    bool colour;             /* --color, terminal and NO_COLOR weighed */
    const char *const *operands;
    size_t operand_count;
    const struct verb_given *given; /* options as they came */
    size_t given_count;
};

struct verb_given {
    const struct verb_option *option;
    const char *value;
};

/* The value of an option, the last if it came more than once; NULL when it did not. */
const char *invocation_value(const struct invocation *invocation, const char *option);

/* Was the switch given? */
bool invocation_has(const struct invocation *invocation, const char *option);

/* The n-th value of an option that repeats; NULL past the last. */
const char *invocation_nth(const struct invocation *invocation, const char *option, size_t n);

/* A number from an option; false, with a message on stderr, when it is none. */
bool invocation_number(const struct invocation *invocation, const char *option, uint64_t fallback,
                       uint64_t most, uint64_t *number_out);

/* All verbs, in the order of help; ends with a NULL noun. */
extern const struct verb verbs[];

/* Options that every verb takes. */
extern const struct verb_option verb_common_options[];

/* Read the command line and run the verb. Help goes to stdout, mistakes to stderr
 * with a hint. */
enum tool_exit verb_main(int argc, char **argv);

/* Print the fault as people need it: what, why, and what to do about it; as JSON on
 * stdout as well when --json was given. Returns TOOL_FAILED. */
enum tool_exit tool_fail(const struct invocation *invocation, const struct fault *fault);

/* Print a mistake in the command line. Returns TOOL_USAGE. */
enum tool_exit tool_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Read a password: the first line of a file, of standard input ("-"), or from the
 * terminal without echo (path NULL). Returns false with a message on stderr. */
bool tool_password(const char *path, const char *prompt, struct secret *password_out);

#endif
