/* JSON as UCWA has it: resources with links, read with any case of names. */
#ifndef LYCHGATE_UCWA_JSON_PRIV_H
#define LYCHGATE_UCWA_JSON_PRIV_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/memory.h"

#include <jansson.h>
#include <string.h>

enum {
    UCWA_BODY_MAX = 32768, /* bytes of a request */
    UCWA_WORD_MAX = 100    /* bytes of a name that a client chooses (applications_ref) */
};

/* Print and drop it. */
struct slice ucwa_dump(json_t *json, struct arena *arena);

/* A body of JSON as XML: a resource, events, or an error. */
struct slice ucwa_xml(struct slice json, struct arena *arena);

/* A string; "" for what is not UTF-8. */
json_t *ucwa_text(struct slice text);

/* {"href":...}, from a format. */
json_t *ucwa_link(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A resource with these links, of that rel. Takes over both objects; `links` may be NULL. */
json_t *ucwa_resource(const char *rel, json_t *properties, json_t *links);

/* Read a body: an object, or nothing at all (*out NULL). -ERR_MALFORMED, -ERR_LIMIT, UCWA_REQUEST.
 */
int ucwa_parse(struct slice body, json_t **out, struct fault *fault);

/* A string member by name in any case; absent if there is none. Lends the object's. */
struct slice ucwa_member(const json_t *object, const char *name);

/* Any member by name in any case; NULL. */
json_t *ucwa_value(const json_t *object, const char *name);

#endif
