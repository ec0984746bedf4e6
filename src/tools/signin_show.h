/* What `lychgate signin` shows of a sign-in, as text and as JSON. */
#ifndef LYCHGATE_TOOLS_SIGNIN_SHOW_H
#define LYCHGATE_TOOLS_SIGNIN_SHOW_H

#include "base/buf.h"
#include "lychgate/lychgate.h"

#include <jansson.h>

/* A step as one line (with its newline; a phone's begins with its number), e.g.
 *
 *   ok     12 ms  lyncdiscover  GET https://... (192.0.2.7:443): 200, go on to https://...
 *
 * and under a failure, indented, what it is about. */
void signin_show_step(struct buf *out, const struct lychgate_event *event, bool colour);

/* "Signed in as alice@contoso.test", pool, endpoint, certificate, time. */
void signin_show_summary(struct buf *out, const struct lychgate_summary *summary, bool colour);

/* {"step","asked","whom","answer","outcome","ms","problem"}, and "number" for the steps of a
 * phone; new references. */
json_t *signin_step_json(const struct lychgate_event *event);
json_t *signin_summary_json(const struct lychgate_summary *summary);

/* Others' words on our user's terminal: control bytes become '?'. And as JSON, which takes
 * nothing but UTF-8. */
void signin_put_clean(struct buf *out, struct slice text);
json_t *signin_text_json(const char *text);

/* {"finding","detail","user","cause","remedy","received"}, or null for none. */
json_t *signin_problem_json(const struct lychgate_problem *problem);

#endif
