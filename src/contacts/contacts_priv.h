/* The inside of the contacts. */
#ifndef LYCHGATE_CONTACTS_CONTACTS_PRIV_H
#define LYCHGATE_CONTACTS_CONTACTS_PRIV_H

#include "contacts/contacts.h"
#include "xml/reader.h"

#include <uthash.h>

#define CONTACTS_SOAP_TYPE "application/SOAP+xml"
#define CONTACTS_SOAP_NS   "http://schemas.microsoft.com/winrtc/2002/11/sip"

/* An endpoint that is told of changes. */
struct contacts_watch {
    struct contacts_watch *next; /* in order of age */
    struct subscription subscription;
    struct flow flow;
    char *epid, *instance; /* owned; "": none */
};

/* A user whose list is here. The list's contacts are allocations of their own, their
 * texts with them; so are the texts of the groups. */
struct contacts_owner {
    int64_t account_id;
    struct contacts_list list;
    size_t contacts_max; /* that may be on it */
    struct contacts_watch *watches;
    unsigned watch_count;
    UT_hash_handle hh;
    size_t len;
    char address[]; /* the key */
};

struct contacts {
    struct contacts_options options;
    struct contacts_owner *owners;
    size_t watch_count;
};

/* ---- contacts.c ---- */

struct contacts_owner *contacts_owner(const struct contacts *contacts, struct slice account);
int contacts_not_loaded(struct slice account, struct fault *fault);

/* Is that header's address the caller's? -ERR_DENIED (CLAIM_MISMATCH) otherwise. */
int contacts_check_party(struct arena *arena, const char *what, const struct sip_address *party,
                         const struct registrar_caller *caller, struct fault *fault);

/* Send the whole list to the endpoint of that caller, if it watches. */
void contacts_tell_again(struct contacts_owner *owner, const struct registrar_caller *caller,
                         int64_t now, struct outgoing_list *out);

/* ---- durable.c ---- */

/* The number after that one; never 0, which SIPE does not take for a number. */
uint32_t contacts_delta_after(uint32_t delta);

/* ---- live.c ---- */

/* Copy a list in place of the owner's; free what he has. */
void contacts_live_set(struct contacts_owner *owner, const struct contacts_list *list);
void contacts_live_fini(struct contacts_owner *owner);

/* Make a planned change. */
void contacts_live_change(struct contacts_owner *owner, const struct contacts_change *change);

/* ---- document.c ---- */

/* contactList of a list; contactDelta of a change. In the arena. */
struct slice contacts_document(struct arena *arena, const struct contacts_list *list);
struct slice contacts_delta_document(struct arena *arena, const struct contacts_change *change);

/* The SOAP answer to addGroup. */
struct slice contacts_group_answer(struct arena *arena, unsigned id);

/* ---- edit.c ---- */

/* An edit as the client wrote it; strings are the arena's. */
struct contacts_wish {
    enum contacts_edit edit;
    uint32_t delta;
    struct contacts_contact contact;
    struct contacts_group group;
};

/* Read the body of a SERVICE. 0, or as contacts_plan() says of malformed ones. */
int contacts_wish_parse(struct slice body, struct arena *arena, struct contacts_wish *wish,
                        struct fault *fault);

/* What stands in a contactExtension element, as XML in the arena. -ERR_LIMIT
 * (CONTACTS_TOO_LONG). */
int contacts_read_extension(const struct xml_node *node, struct arena *arena,
                            struct slice *extension_out, struct fault *fault);

#endif
