/* The roll of applications: by id, which each request has, and by user, whose number is
 * limited. A loop may have tens of thousands. */
#include "ucwa/ucwa_priv.h"

/* One user's applications. */
struct owner {
    UT_hash_handle hh;
    size_t count;
    LIST_HEAD(, app) apps;
    size_t len;
    char account[]; /* the key: as the account is stored, in lower case */
};

static struct owner *find_owner(const struct ucwa *ucwa, struct slice account)
{
    struct owner *owner = NULL;
    if (account.len > 0)
        HASH_FIND(hh, ucwa->owners, account.at, account.len, owner);
    return owner;
}

void ucwa_enrol(struct app *app)
{
    struct ucwa *ucwa = app->ucwa;
    struct owner *owner = find_owner(ucwa, app->account);
    if (!owner) {
        owner = must_calloc(1, sizeof *owner + app->account.len);
        owner->len = app->account.len;
        memcpy(owner->account, app->account.at, owner->len);
        LIST_INIT(&owner->apps);
        HASH_ADD_KEYPTR(hh, ucwa->owners, owner->account, owner->len, owner);
    }
    app->owner = owner;
    owner->count++;
    LIST_INSERT_HEAD(&owner->apps, app, sibling);
    LIST_INSERT_HEAD(&ucwa->apps, app, next);
    HASH_ADD_KEYPTR(hh, ucwa->by_id, app->id.at, app->id.len, app);
    ucwa->count++;
    ucwa_touch(app);
}

void ucwa_touch(struct app *app)
{
    if (app->is_touched)
        return;
    app->is_touched = true;
    LIST_INSERT_HEAD(&app->ucwa->touched, app, touched);
}

void ucwa_strike(struct app *app)
{
    struct ucwa *ucwa = app->ucwa;
    struct owner *owner = app->owner;
    HASH_DEL(ucwa->by_id, app);
    LIST_REMOVE(app, next);
    LIST_REMOVE(app, sibling);
    if (app->is_touched)
        LIST_REMOVE(app, touched);
    ucwa->count--;
    if (--owner->count == 0) {
        HASH_DEL(ucwa->owners, owner);
        free(owner);
    }
}

struct app *ucwa_app(const struct ucwa *ucwa, struct slice id)
{
    struct app *app = NULL;
    if (id.len > 0)
        HASH_FIND(hh, ucwa->by_id, id.at, id.len, app);
    return app;
}

/* Of all the user's applications. */
static size_t waiting(const struct owner *owner)
{
    size_t count = 0;
    const struct app *app;
    const struct call *call;
    LIST_FOREACH(app, &owner->apps, sibling)
    LIST_FOREACH(call, &app->calls, next)
    count += call->later != NULL;
    return count;
}

bool ucwa_may_wait(const struct app *app, size_t more, struct http_later *later)
{
    struct fault fault;
    size_t count = waiting(app->owner);
    if (count + more <= UCWA_WAITING_MAX)
        return true;
    fault_set(&fault, ERR_LIMIT, FINDING_UCWA_TOO_BUSY, "%zu wait, and %zu more", count, more);
    http_reply_header(later->reply, later->arena, "Retry-After", "1");
    ucwa_refuse(app->ucwa, later, 429, "TooManyRequests", NULL, &fault);
    return false;
}

struct app *ucwa_app_of(const struct ucwa *ucwa, struct slice account, struct slice endpoint,
                        size_t *count_out)
{
    struct owner *owner = find_owner(ucwa, account);
    struct app *app = NULL;
    *count_out = owner ? owner->count : 0;
    if (owner)
        LIST_FOREACH(app, &owner->apps, sibling)
    if (slice_eq(app->endpoint, endpoint))
        break;
    return app;
}
