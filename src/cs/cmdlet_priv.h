/* A cmdlet is one row of the table in cmdlet.c and one function. */
#ifndef LYCHGATE_CS_CMDLET_PRIV_H
#define LYCHGATE_CS_CMDLET_PRIV_H

#include "cs/cs.h"

enum cs_takes {
    CS_TAKES_SWITCH,
    CS_TAKES_TEXT, /* or $null, see cs_text_of() */
    CS_TAKES_BOOL,
    CS_TAKES_FILTER, /* a block or a text */
    CS_TAKES_ANY,    /* anything but a block */
    CS_TAKES_LIST    /* one text or several */
};

struct cs_parameter {
    const char *name;
    enum cs_takes takes;
    unsigned place; /* 1..: may come without its name, in this order; 0: not */
    bool piped;     /* objects of the pipeline take its place */
};

struct cs_call;
typedef int cs_run_fn(struct cs_call *call, struct fault *fault);

#define CS_NO_KIND POLICY_KINDS

struct cs_cmdlet {
    const char *name;                     /* "Get-CsUser" */
    const char *alias;                    /* "select"; NULL: none */
    const struct cs_parameter *parameter; /* ends with a NULL name */
    cs_run_fn *run;
    enum policy_kind kind; /* whose policies it is about, CS_NO_KIND: none */
    bool attributes;       /* takes the kind's attributes as parameters, too */
    const char *help;
};

/* All cmdlets; ends with a NULL name. */
extern const struct cs_cmdlet cs_cmdlets[];

struct cs_bound {
    const char *name; /* as the table has it */
    struct cs_value value;
};

/* One cmdlet of the line, its parameters bound. */
struct cs_call {
    const struct cs_world *world;
    struct arena *arena;
    const struct cs_cmdlet *cmdlet;
    struct cs_bound bound[CS_ARGUMENTS_MAX];
    size_t count;
    const struct cs_objects *input; /* NULL: it is the first */
    struct cs_objects *output;
    struct cs_result *result;
};

/* Look the cmdlet up and bind its arguments: names in any case, or any beginning of one
 * that is not ambiguous. CS_UNKNOWN, CS_MISUSED. */
int cs_bind(const struct cs_stage *stage, struct cs_call *call, struct fault *fault);

/* -ERR_UNKNOWN, CS_UNKNOWN, which names the nearest: NULL. */
const struct cs_cmdlet *cs_cmdlet_find(struct slice name, struct fault *fault);

/* The i-th parameter of the cmdlet, its kind's attributes behind its own; NULL past the last. */
const char *cs_parameter_name(const struct cs_call *call, size_t i, enum cs_takes *takes);

/* What was given for a parameter; NULL: nothing. */
const struct cs_value *cs_given(const struct cs_call *call, const char *name);

/* A text parameter; absent when not given or $null. */
struct slice cs_text_of(const struct cs_call *call, const char *name);

/* A switch, or a parameter that takes $true. */
bool cs_flag(const struct cs_call *call, const char *name);

int cs_misused(struct fault *fault, const struct cs_call *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is it to be done, or only to be told (-WhatIf)? Told is: the operation and its target. */
bool cs_should(struct cs_call *call, struct slice target);

/* The users that the call is about: its -Identity, else those of the pipeline. */
int cs_users_of(struct cs_call *call, struct cs_objects *users, struct fault *fault);

/* Add a user with all his properties. */
int cs_user_add(struct cs_call *call, struct cs_objects *users, const struct account *account,
                struct fault *fault);

/* A scope as an identity is shown where a policy governs somebody: a tag without "Tag:". */
struct slice cs_scope_name(struct slice scope);

cs_run_fn cs_user_get, cs_user_set, cs_user_enable, cs_user_disable, cs_effective_get;
cs_run_fn cs_policy_get, cs_policy_new, cs_policy_set, cs_policy_remove, cs_policy_grant;
cs_run_fn cs_select, cs_where, cs_format_list, cs_format_table, cs_sort, cs_measure;
cs_run_fn cs_commands, cs_help, cs_test_registration, cs_test_mcx_im;

#endif
