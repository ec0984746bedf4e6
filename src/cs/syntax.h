/* The part of PowerShell that administrators of Lync type: pipelines of cmdlets, one a line
 * or with semicolons between,
 *
 *   Get-CsUser -Filter {SamAccountName -eq "bcarius"} | Grant-CsMobilityPolicy -PolicyName X
 *
 * with parameters, strings of both kinds, lists, $true, $false, $null and blocks. No
 * variables, no expressions outside blocks: those are refused by name. Typographic quotes
 * and dashes are taken as PowerShell takes them, since people paste from web pages. */
#ifndef LYCHGATE_CS_SYNTAX_H
#define LYCHGATE_CS_SYNTAX_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

enum {
    CS_TEXT_MAX = 64 * 1024, /* bytes */
    CS_LINES_MAX = 256,
    CS_STAGES_MAX = 16,
    CS_ARGUMENTS_MAX = 64, /* of one cmdlet */
    CS_ITEMS_MAX = 64,     /* of one list */
    CS_DEPTH_MAX = 32      /* of brackets in a filter */
};

enum cs_kind {
    CS_NULL,
    CS_BOOL,
    CS_INT,
    CS_TEXT,
    CS_BLOCK, /* {...}: text is what is inside */
    CS_LIST
};

struct cs_value {
    enum cs_kind kind;
    bool yes;                    /* BOOL */
    int64_t number;              /* INT */
    struct slice text;           /* TEXT, BLOCK */
    const struct cs_value *item; /* LIST */
    size_t count;
};

/* "-Identity", or a value that stands alone; "-Confirm:$false" is both in one. */
struct cs_argument {
    struct slice name; /* absent: a value alone */
    bool has_value;
    struct cs_value value;
    size_t at; /* byte of the line, from 0 */
};

struct cs_stage {
    struct slice name; /* "Get-CsUser", as typed */
    const struct cs_argument *argument;
    size_t count, at;
};

struct cs_line {
    const struct cs_stage *stage;
    size_t count; /* never 0 */
};

struct cs_script {
    const struct cs_line *line;
    size_t count; /* 0: there are but blanks and comments */
};

/* Read lines; all of it lives in the arena. -ERR_MALFORMED, -ERR_LIMIT: CS_MALFORMED,
 * with the byte in the detail. */
int cs_parse(struct slice text, struct arena *arena, struct cs_script *out, struct fault *fault);

#endif
