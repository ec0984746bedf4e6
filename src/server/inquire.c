#include "server/inquire.h"

#include "accounts/account.h"
#include "addressbook/directory.h"
#include "provision/provision.h"
#include "server/methods.h"
#include "server/offer.h"

/* ---- on the worker ------------------------------------------------------------------------ */

static int read_policy(const struct desk *desk, struct errand *e, struct account *account,
                       struct policy_effective *policy)
{
    int err = accounts_find(desk->accounts, e->caller.account, e->arena, account, &e->fault);
    if (err < 0)
        return err;
    struct policy_subject subject = offer_subject(e->server->config, account->id);
    return policy_effective_load(desk->reader, &subject, e->arena, policy, &e->fault);
}

int inquire_provisioning(struct desk *desk, struct errand *e)
{
    struct account account;
    struct policy_effective policy;
    struct provision_settings settings;
    int err = read_policy(desk, e, &account, &policy);
    if (err == 0)
        err = provision_settings_load(desk->reader, account.id, e->arena, &settings, &e->fault);
    if (err < 0)
        return err;
    struct provision_options offer = offer_provision(e->server->config, &e->server->site);
    return provision_subscribe(&offer, e->request, &e->caller,
                               &(struct provision_user){.account = e->caller.account,
                                                        .settings = &settings,
                                                        .policy = &policy},
                               &e->reply, &e->outgoing, &e->fault);
}

int inquire_dialplan(struct desk *desk, struct errand *e)
{
    struct account account;
    struct policy_effective policy;
    struct dialplan plan;
    struct slice name;
    int err = provision_profile_name(e->request, &name, &e->fault);
    if (err == 0)
        err = read_policy(desk, e, &account, &policy);
    if (err == 0 && !slice_absent(name))
        err = dialplan_find(desk->reader, name, e->arena, &plan, &e->fault);
    if (err < 0)
        return err;
    provision_profile_answer(slice_absent(name) ? &policy.dialplan : &plan, &e->reply);
    return 0;
}

int inquire_directory(struct desk *desk, struct errand *e)
{
    return addressbook_directory_search(desk->accounts, e->request, &e->reply, &e->fault);
}

/* ---- the way there and back --------------------------------------------------------------- */

static void work(struct errand *e)
{
    e->err = e->way->inquire(server_desk(e->server), e);
}

static void done(struct errand *e)
{
    if (e->err < 0)
        line_errand_refuse(e, &e->fault);
    else
        line_errand_finish(e);
}

void inquire_send(struct errand *e)
{
    if (errand_work(e, work, done) < 0)
        line_errand_refuse(e, &e->fault);
}
