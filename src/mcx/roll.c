/* The roll of sessions: by id, which each request has, and by user, whose number is
 * limited. A loop may have tens of thousands. */
#include "mcx/mcx_priv.h"

/* One user's sessions. */
struct owner {
    UT_hash_handle hh;
    size_t count;
    LIST_HEAD(, session) sessions;
    size_t len;
    char account[]; /* the key: as the account is stored, in lower case */
};

static struct owner *find_owner(const struct mcx *mcx, struct slice account)
{
    struct owner *owner = NULL;
    if (account.len > 0)
        HASH_FIND(hh, mcx->owners, account.at, account.len, owner);
    return owner;
}

void mcx_enrol(struct session *session)
{
    struct mcx *mcx = session->mcx;
    struct owner *owner = find_owner(mcx, session->account);
    if (!owner) {
        owner = must_calloc(1, sizeof *owner + session->account.len);
        owner->len = session->account.len;
        memcpy(owner->account, session->account.at, owner->len);
        LIST_INIT(&owner->sessions);
        HASH_ADD_KEYPTR(hh, mcx->owners, owner->account, owner->len, owner);
    }
    session->owner = owner;
    owner->count++;
    LIST_INSERT_HEAD(&owner->sessions, session, sibling);
    LIST_INSERT_HEAD(&mcx->sessions, session, next);
    HASH_ADD_KEYPTR(hh, mcx->by_id, session->id.at, session->id.len, session);
    mcx->count++;
}

void mcx_strike(struct session *session)
{
    struct mcx *mcx = session->mcx;
    struct owner *owner = session->owner;
    HASH_DEL(mcx->by_id, session);
    LIST_REMOVE(session, next);
    LIST_REMOVE(session, sibling);
    mcx->count--;
    if (--owner->count == 0) {
        HASH_DEL(mcx->owners, owner);
        free(owner);
    }
}

struct session *mcx_session(const struct mcx *mcx, struct slice id)
{
    struct session *session = NULL;
    if (id.len > 0)
        HASH_FIND(hh, mcx->by_id, id.at, id.len, session);
    return session;
}

struct session *mcx_session_of(const struct mcx *mcx, struct slice account, struct slice endpoint,
                               size_t *count_out)
{
    struct owner *owner = find_owner(mcx, account);
    struct session *session = NULL;
    *count_out = owner ? owner->count : 0;
    if (owner)
        LIST_FOREACH(session, &owner->sessions, sibling)
    if (slice_eq(session->endpoint, endpoint))
        break;
    return session;
}
