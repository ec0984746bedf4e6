/* What the two ways to sign in share in their output. */
#ifndef LYCHGATE_TOOLS_SIGNIN_PRIV_H
#define LYCHGATE_TOOLS_SIGNIN_PRIV_H

#include "lychgate/lychgate.h"
#include "tools/account.h"

#include <jansson.h>

/* What one run works with. */
struct signin_run {
    const struct invocation *invocation;
    bool lines;    /* --jsonl */
    json_t *steps; /* --json */
    uint64_t keep; /* --keep, seconds */
    bool register_only;
};

/* A step is over: a line of text or of JSON, or kept for the document. */
void signin_show_event(void *arg, const struct lychgate_event *event);

/* One line of JSON, {"event":EVENT,...}; takes the reference over. */
void signin_put_line(json_t *json, const char *event);

/* The last line, or the document with all steps; takes the reference over. */
void signin_put_result(const struct signin_run *run, json_t *result);

/* "signed-in", "failed", "usage", "unable" */
const char *signin_result_word(enum tool_exit code);

/* signin_mobile.c: the fourteen steps of a phone, and what then comes. */
enum tool_exit signin_mobile(struct signin_run *run, struct account *account);

#endif
