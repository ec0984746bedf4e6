/* Filters: {EnterpriseVoiceEnabled -eq $true -and DisplayName -like "A*"}. Operators are
 * -eq, -ne, -lt, -le, -gt, -ge, -like, -notlike, -and, -or, -not and !, and texts are
 * compared without regard to case. As in PowerShell -and and -or bind alike, from left
 * to right. A property is its bare name (Get-CsUser) or $_.Name (Where-Object). */
#ifndef LYCHGATE_CS_FILTER_H
#define LYCHGATE_CS_FILTER_H

#include "cs/object.h"

struct cs_filter;

/* Read a filter into the arena. -ERR_MALFORMED, -ERR_LIMIT: CS_MALFORMED. */
int cs_filter_parse(struct slice text, struct arena *arena, struct cs_filter **out,
                    struct fault *fault);

/* A filter of one comparison, by the name of an operator: "eq". */
struct cs_filter *cs_filter_compare(struct slice property, const char *name,
                                    const struct cs_value *value, struct arena *arena);

/* Both, or one of both; and the opposite. */
struct cs_filter *cs_filter_join(bool both, struct cs_filter *left, struct cs_filter *right,
                                 struct arena *arena);
struct cs_filter *cs_filter_not(struct cs_filter *inner, struct arena *arena);

/* Read a filter as LDAP has it (RFC 4515), with brackets around all of it or without:
 * "(&(department=Finance)(title=Man*))", "l=Redmond". Properties are attributes then. Errors
 * as cs_filter_parse(). */
int cs_filter_parse_ldap(struct slice text, struct arena *arena, struct cs_filter **out,
                         struct fault *fault);

/* Less than 0, 0, more than 0: numbers as numbers, all else as text; $null before everything. */
int cs_value_order(const struct cs_value *a, const struct cs_value *b, struct arena *arena);

/* Does it hold for the object? -ERR_UNKNOWN, CS_UNKNOWN: no such property, with the
 * nearest in the detail. */
int cs_filter_matches(const struct cs_filter *filter, const struct cs_object *object,
                      struct arena *arena, bool *matches_out, struct fault *fault);

/* Does the text match a pattern in which * stands for anything and ? for one byte? */
bool cs_like(struct slice text, struct slice pattern);

#endif
