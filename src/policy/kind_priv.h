/* How the tables of attributes are written. */
#ifndef LYCHGATE_POLICY_KIND_PRIV_H
#define LYCHGATE_POLICY_KIND_PRIV_H

#include "policy/kind.h"

#define BOOL(name_, since_, default_, help_)                                                       \
    {                                                                                              \
        .name = (name_), .type = POLICY_BOOL, .since = (since_), .value = (default_),              \
        .help = (help_)                                                                            \
    }
#define INT(name_, since_, default_, min_, max_, help_)                                            \
    {                                                                                              \
        .name = (name_), .type = POLICY_INT, .since = (since_), .value = (default_),               \
        .min = (min_), .max = (max_), .help = (help_)                                              \
    }
#define TEXT(name_, since_, default_, max_, help_)                                                 \
    {                                                                                              \
        .name = (name_), .type = POLICY_TEXT, .since = (since_), .value = (default_),              \
        .max = (max_), .help = (help_)                                                             \
    }
#define CHOICE(name_, since_, default_, choices_, help_)                                           \
    {                                                                                              \
        .name = (name_), .type = POLICY_CHOICE, .since = (since_), .value = (default_),            \
        .choices = (choices_), .help = (help_)                                                     \
    }

#define POLICY_KIND(name_, help_, table)                                                           \
    {                                                                                              \
        .name = (name_), .noun = "policy", .help = (help_), .scopes = POLICY_SITE | POLICY_TAG,    \
        .attribute = (table), .count = sizeof(table) / sizeof((table)[0])                          \
    }

extern const struct policy_kind_row policy_kind_client, policy_kind_voice, policy_kind_conferencing,
    policy_kind_location, policy_kind_presence, policy_kind_mobility, policy_kind_client_version,
    policy_kind_dial_plan, policy_kind_mcx, policy_kind_push;

#endif
