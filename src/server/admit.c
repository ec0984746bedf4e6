#include "server/admit.h"

#include "contacts/contacts.h"
#include "server/hold.h"
#include "server/home.h"
#include "server/offer.h"
#include "server/peer.h"
#include "server/verdict.h"

static int may_come(struct errand *e)
{
    struct client_verdict verdict;
    client_version_check(&e->admission->policy, sip_value(e->request, SIP_HEADER_USER_AGENT),
                         &verdict, &e->fault);
    return verdict.allowed ? 0 : -ERR_DENIED;
}

/* A phone that a trusted peer signs in. Those of this server are asked about in phones.c. */
static int may_roam(struct errand *e)
{
    if (!e->claim || verdict_enabled(&e->admission->policy))
        return 0;
    return fault_set(&e->fault, ERR_DENIED, FINDING_MOBILITY_DISABLED, "%.*s",
                     SLICE_ARG(e->caller.account));
}

static int read_policy(struct errand *e, const struct desk *desk)
{
    struct admission *admission = e->admission;
    struct policy_subject subject = offer_subject(e->server->config, admission->person.account.id);
    return policy_effective_load(desk->reader, &subject, e->arena, &admission->policy, &e->fault);
}

static int read_all(struct errand *e, const struct desk *desk)
{
    struct admission *admission = e->admission;
    struct person_record *person = &admission->person;
    person->address = e->caller.account;
    int err = person_read(e->server, e->arena, person, &e->fault);
    if (err == 0 && !person->exists)
        err = fault_set(&e->fault, ERR_DENIED, FINDING_USER_DISABLED, "%.*s",
                        SLICE_ARG(person->address));
    if (err == 0)
        err = read_policy(e, desk);
    if (err == 0 && e->request->method == SIP_REGISTER)
        err = may_come(e);
    if (err == 0 && e->request->method == SIP_REGISTER)
        err = may_roam(e);
    return err < 0 ? err
                   : contacts_load(desk->reader, person->account.id, e->arena, &admission->contacts,
                                   &e->fault);
}

static void admit_work(struct errand *e)
{
    e->err = read_all(e, server_desk(e->server));
}

/* It may be the change that others wait for, when its turn came after its user was
 * forgotten; then this is his home's loop. */
static void refuse(struct errand *e)
{
    hold_refuse(wing_of_account(e->server, e->caller.account), e);
}

static void admitted(struct errand *e)
{
    if (e->claim && e->request->method == SIP_REGISTER)
        peer_tell_verdict(e);
    if (e->err < 0)
        refuse(e);
    else
        home_send(e);
}

void admit_send(struct errand *e)
{
    e->admission = arena_new_of(e->arena, struct admission);
    if (errand_work(e, admit_work, admitted) < 0)
        refuse(e);
}

bool admit_needed(const struct wing *home, struct slice account)
{
    return !contacts_known(home->contacts, account) || !presence_knows(home->presence, account);
}

static size_t list_limit(const struct policy_effective *policy)
{
    uint64_t max = CONTACTS_DEFAULT_MAX;
    struct slice text = policy_text(&policy->of[POLICY_CLIENT], "MaximumNumberOfContacts");
    slice_number(text, CONTACTS_DEFAULT_MAX, &max);
    return (size_t)max;
}

void admit_settle(struct wing *home, const struct errand *e)
{
    const struct admission *admission = e->admission;
    struct slice account = e->caller.account;
    if (!contacts_known(home->contacts, account))
        contacts_adopt(home->contacts, account, admission->person.account.id, admission->contacts,
                       home->turn->now, &home->turn->out);
    contacts_limit(home->contacts, account, list_limit(&admission->policy));
    person_adopt(home, &admission->person);
}
