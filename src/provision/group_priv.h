/* The groups of a provisioning document. */
#ifndef LYCHGATE_PROVISION_GROUP_PRIV_H
#define LYCHGATE_PROVISION_GROUP_PRIV_H

#include "provision/provision.h"
#include "xml/writer.h"

struct provision_view {
    struct arena *arena;
    const struct provision_options *options;
    const struct provision_user *user;
};

/* The number of groups there are, and the number of a name; -1: none. */
unsigned provision_group_count(void);
int provision_group_find(struct slice name);

/* A document with the groups whose bits are set. */
void provision_groups_print(const struct provision_view *view, uint32_t groups, struct buf *out);

/* The content of publicationGrammar. */
void provision_grammar_print(struct xml_writer *w);

#endif
