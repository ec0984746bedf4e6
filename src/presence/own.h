/* The client's half of publishing (session.md sections 4.2 to 4.4): which versions the
 * server has of one's publications, and the requests that change them. */
#ifndef LYCHGATE_PRESENCE_OWN_H
#define LYCHGATE_PRESENCE_OWN_H

#include "base/buf.h"
#include "presence/read.h"

/* Instance numbers (session.md section 4.1). */
enum {
    PRESENCE_USER_STATE = 0x20000000,
    PRESENCE_MACHINE_STATE = 0x30000000 /* or'ed with 28 bits of the device's */
};

/* ---- versions -------------------------------------------------------------------------- */

struct presence_versions;

struct presence_versions *presence_versions_new(void);
void presence_versions_free(struct presence_versions *versions);

/* Take what a roamingData document says: of each category and container that it names, all
 * that was known goes, and what it lists comes. */
void presence_versions_take(struct presence_versions *versions,
                            const struct presence_self_told *told);

/* The version to send with a change; 0: the server has no such publication. */
uint32_t presence_version(const struct presence_versions *versions, const char *category,
                          uint32_t instance, uint32_t container);

/* Has any document been taken? Before that, nothing may be published. */
bool presence_versions_known(const struct presence_versions *versions);

/* ---- requests ---------------------------------------------------------------------------- */

struct presence_publication {
    const char *category; /* "state" */
    uint32_t instance, container, version;
    const char *expire; /* "endpoint", "user", "static" */
    bool remove;
    struct slice value; /* XML */
};

/* Append the body of the SERVICE; account: "alice@contoso.test". */
void presence_publish_print(struct slice account, const struct presence_publication *publications,
                            size_t count, struct buf *out);

/* Append the values. endpoint: the bare GUID of +sip.instance. */
void presence_device_print(struct slice endpoint, struct slice machine, struct buf *out);
void presence_state_print(const char *type, bool manual, int availability, struct buf *out);
void presence_note_print(struct slice text, struct buf *out);

/* Append the body of the SUBSCRIBE for roaming-self: categories, containers, subscribers. */
void presence_self_ask(struct buf *out);

/* Append the body of a batch SUBSCRIBE: subscribe to these accounts, or unsubscribe. */
void presence_batch_ask(struct slice account, const struct slice *people, size_t count,
                        bool unsubscribe, struct buf *out);

#endif
