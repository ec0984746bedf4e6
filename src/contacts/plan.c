/* May it be done, and what will it be: an edit against the live list. */
#include "contacts/contacts_priv.h"

/* What a plan is made from and into. */
struct plan {
    size_t contacts_max;
    const struct contacts_list *list;
    const struct contacts_wish *wish;
    struct contacts_change *change;
    struct fault *fault;
};

static int no_group(struct fault *fault, unsigned id)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_CONTACTS_UNKNOWN, "no group has number %u", id);
}

/* ---- contacts ----------------------------------------------------------------------------- */

/* In no group means in the one that everybody may be in; clients do not show a contact
 * that is in none. */
static int plan_set_contact(const struct plan *plan)
{
    struct contacts_contact *contact = &plan->change->contact;
    size_t max = plan->contacts_max;
    plan->change->added = !contacts_list_find(plan->list, contact->uri);
    if (plan->change->added && plan->list->contact_count >= max)
        return fault_set(plan->fault, ERR_LIMIT, FINDING_CONTACTS_FULL,
                         "%zu contacts, %zu are allowed", plan->list->contact_count, max);
    if (!contact->groups)
        contact->groups = contacts_bit(CONTACTS_EVERYBODY);
    for (unsigned id = 1; id <= CONTACTS_GROUPS_MAX; id++)
        if (contact->groups & contacts_bit(id) && !contacts_list_group(plan->list, id))
            return no_group(plan->fault, id);
    return 0;
}

static int plan_delete_contact(const struct plan *plan)
{
    struct slice uri = plan->change->contact.uri;
    if (!contacts_list_find(plan->list, uri))
        return fault_set(plan->fault, ERR_UNKNOWN, FINDING_CONTACTS_UNKNOWN, "%.*s is no contact",
                         SLICE_ARG(slice_head(uri, 100)));
    return 0;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static int check_name(const struct plan *plan)
{
    const struct contacts_group *group = &plan->change->group;
    const struct contacts_group *named = contacts_list_group_named(plan->list, group->name);
    if (named && named->id != group->id)
        return fault_set(plan->fault, ERR_CONFLICT, FINDING_CONTACTS_GROUP_NAMED,
                         "group %u has that name", named->id);
    return 0;
}

static int check_theirs(const struct plan *plan)
{
    unsigned id = plan->change->group.id;
    if (id == CONTACTS_EVERYBODY)
        return fault_set(plan->fault, ERR_DENIED, FINDING_CONTACTS_GROUP_FIXED,
                         "group %u is the server's", id);
    return contacts_list_group(plan->list, id) ? 0 : no_group(plan->fault, id);
}

static int plan_add_group(const struct plan *plan)
{
    struct contacts_group *group = &plan->change->group;
    group->id = contacts_list_free_id(plan->list);
    if (!group->id)
        return fault_set(plan->fault, ERR_LIMIT, FINDING_CONTACTS_GROUPS_FULL,
                         "%d groups are there", CONTACTS_GROUPS_MAX);
    return check_name(plan);
}

static int plan_modify_group(const struct plan *plan)
{
    int err = check_theirs(plan);
    return err < 0 ? err : check_name(plan);
}

static int plan_delete_group(const struct plan *plan)
{
    int err = check_theirs(plan);
    uint64_t bit = err < 0 ? 0 : contacts_bit(plan->change->group.id);
    for (size_t i = 0; i < plan->list->contact_count && err == 0; i++)
        if (plan->list->contacts[i]->groups & bit)
            err = fault_set(plan->fault, ERR_CONFLICT, FINDING_CONTACTS_GROUP_USED, "%.*s is in it",
                            SLICE_ARG(slice_head(plan->list->contacts[i]->uri, 100)));
    return err;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int (*const plans[])(const struct plan *) = {
    [CONTACTS_SET_CONTACT] = plan_set_contact,   [CONTACTS_DELETE_CONTACT] = plan_delete_contact,
    [CONTACTS_ADD_GROUP] = plan_add_group,       [CONTACTS_MODIFY_GROUP] = plan_modify_group,
    [CONTACTS_DELETE_GROUP] = plan_delete_group,
};

/* The stale number comes first: all else would be said of a list the client has not
 * seen. Numbers stay those of a signed 32-bit integer, as clients read them. */
static int plan_wish(const struct contacts_owner *owner, const struct contacts_wish *wish,
                     struct contacts_change *change, struct fault *fault)
{
    uint32_t delta = owner->list.delta;
    if (wish->delta != delta)
        return fault_set(fault, ERR_CONFLICT, FINDING_CONTACTS_STALE,
                         "deltaNum is %u, the list is at %u", (unsigned)wish->delta,
                         (unsigned)delta);
    change->edit = wish->edit;
    change->account_id = owner->account_id;
    change->before = delta;
    change->after = contacts_delta_after(delta);
    change->contact = wish->contact;
    change->group = wish->group;
    return plans[wish->edit](
        &(struct plan){owner->contacts_max, &owner->list, wish, change, fault});
}

int contacts_plan(struct contacts *contacts, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now,
                  struct contacts_change *change, struct outgoing_list *out, struct fault *fault)
{
    struct contacts_owner *owner = contacts_owner(contacts, caller->account);
    struct contacts_wish wish;
    *change = (struct contacts_change){.account = arena_copy(out->arena, caller->account)};
    int err = contacts_check_party(out->arena, "From", &request->from, caller, fault);
    if (err < 0)
        return err;
    if (!owner)
        return contacts_not_loaded(caller->account, fault);
    err = contacts_wish_parse(request->body, out->arena, &wish, fault);
    if (err == 0)
        err = plan_wish(owner, &wish, change, fault);
    if (err < 0)
        contacts_tell_again(owner, caller, now, out);
    return err;
}
