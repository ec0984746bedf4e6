/* Words of a command line, as PowerShell cuts them. */
#ifndef LYCHGATE_CS_TOKEN_PRIV_H
#define LYCHGATE_CS_TOKEN_PRIV_H

#include "cs/syntax.h"

enum cs_token_kind {
    CS_TOKEN_END,
    CS_TOKEN_WORD,   /* Get-CsUser, site:Redmond, *, 5 */
    CS_TOKEN_DASH,   /* -Identity, -eq: the name without its dash */
    CS_TOKEN_STRING, /* what stood in quotes */
    CS_TOKEN_VALUE,  /* $true, $false, $null */
    CS_TOKEN_FIELD,  /* $_.DisplayName: the name */
    CS_TOKEN_BLOCK,  /* what stood in braces */
    CS_TOKEN_PIPE,
    CS_TOKEN_BREAK, /* ; or the end of a line */
    CS_TOKEN_COMMA,
    CS_TOKEN_OPEN,
    CS_TOKEN_CLOSE,
    CS_TOKEN_NOT, /* ! */
};

struct cs_token {
    enum cs_token_kind kind;
    struct slice text;
    struct cs_value value; /* of CS_TOKEN_VALUE */
    bool colon;            /* DASH: a colon follows, so its value does */
    size_t at;             /* byte of the line, from 0 */
};

struct cs_reader {
    struct slice text;
    size_t at;
    struct arena *arena;
    bool lines; /* the end of a line is a token, else a blank */
};

/* -ERR_MALFORMED, CS_MALFORMED. */
int cs_token_next(struct cs_reader *reader, struct cs_token *token, struct fault *fault);

/* Fill a fault about the byte `at`; returns -ERR_MALFORMED. */
int cs_malformed(struct fault *fault, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
