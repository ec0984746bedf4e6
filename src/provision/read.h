/* The client's half of in-band provisioning: asking for groups, and reading the
 * provisionGroupList that comes ([MS-SIPREGE] section 2.2.2.5). */
#ifndef LYCHGATE_PROVISION_READ_H
#define LYCHGATE_PROVISION_READ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#define PROVISION_EVENT "vnd-microsoft-provisioning-v2"
#define PROVISION_TYPE  "application/vnd-microsoft-roaming-provisioning-v2+xml"

enum {
    PROVISION_VALUES_MAX = 2000
};

/* One setting: ServerConfiguration, voiceMailUri, sip:... In the order of the document. */
struct provision_value {
    struct slice group, name, value;
};

struct provision_values {
    const struct provision_value *rows;
    size_t count;
};

/* Append a request for these groups; NULL ends them. */
void provision_ask(const char *const *groups, struct buf *out);

/* Read a document into the arena: every setting that is a text, in any of the three
 * shapes that groups have. What is structured deeper (publicationGrammar) is passed over.
 * -ERR_MALFORMED (PROVISION_MALFORMED): another root; -ERR_LIMIT (the same): too many
 * settings; XML_*. */
int provision_read(struct slice body, struct arena *arena, struct provision_values *out,
                   struct fault *fault);

/* The first of that group and name, letter case aside: servers differ in it. Absent: none. */
struct slice provision_value(const struct provision_values *values, const char *group,
                             const char *name);

#endif
