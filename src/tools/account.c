#include "tools/account.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TO_MAX = 32,
    TIMEOUT_MAX_S = 600
};

/* ---- options ------------------------------------------------------------------------------- */

static bool ask_password(void *arg, char *to, size_t room)
{
    struct account *account = arg;
    struct secret *password = &account->password;
    const char *file = invocation_value(account->invocation, "password-file");
    if (password->len == 0 && !tool_password(file, "Password", password))
        return false;
    bool fits = password->len < room;
    if (fits)
        memcpy(to, password->at, password->len + 1);
    /* Who stays may outlive the certificate, and nobody may be there to ask again. */
    if (!account->stays || !fits)
        secret_free(password);
    return fits;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool take_auth(const struct invocation *invocation, enum lychgate_auth *out)
{
    static const char *const names[] = {
        [LYCHGATE_AUTH_ANY] = "any",
        [LYCHGATE_AUTH_ORGID] = "orgid",
        [LYCHGATE_AUTH_BASIC] = "basic",
        [LYCHGATE_AUTH_FORMS] = "auth",
    };
    const char *name = invocation_value(invocation, "auth");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!name || strcmp(name, names[i]) == 0) {
            *out = (enum lychgate_auth)i;
            return true;
        }
    tool_usage("--auth takes any, orgid, basic or auth, not `%s`", name);
    return false;
}

static const char *const *take_connect_to(const struct invocation *invocation)
{
    const char **list = arena_array(invocation->arena, const char *, CONNECT_TO_MAX + 1);
    for (size_t i = 0; i < CONNECT_TO_MAX; i++)
        list[i] = invocation_nth(invocation, "connect-to", i);
    return list;
}

bool account_network_options(struct account *account, struct lychgate_options *out)
{
    const struct invocation *invocation = account->invocation;
    uint64_t seconds;
    *out = (struct lychgate_options){
        .address = account->address,
        .dns = invocation_value(invocation, "dns"),
        .ca_file = invocation_value(invocation, "ca"),
        .connect_to = take_connect_to(invocation),
        .cache_folder = invocation_value(invocation, "cache"),
        .no_cache = invocation_has(invocation, "no-cache"),
        .trace_file = invocation_value(invocation, "trace"),
        .user_agent = invocation_value(invocation, "user-agent"),
    };
    if (!invocation_number(invocation, "timeout", 0, TIMEOUT_MAX_S, &seconds))
        return false;
    out->timeout_ms = (int)seconds * 1000;
    return true;
}

bool account_options(struct account *account, struct lychgate_options *out)
{
    const struct invocation *invocation = account->invocation;
    if (!account_network_options(account, out))
        return false;
    out->login = invocation_value(invocation, "login");
    out->password = ask_password;
    out->password_arg = account;
    out->server = invocation_value(invocation, "server");
    return take_auth(invocation, &out->auth);
}

/* ---- stopping ------------------------------------------------------------------------------ */

static struct lychgate *volatile stoppable;

static void on_signal(int number)
{
    (void)number;
    if (stoppable)
        lychgate_stop(stoppable);
}

void account_begin(struct account *account, const struct lychgate_options *options)
{
    struct sigaction stop = {.sa_handler = on_signal};
    account->gate = lychgate_new(options);
    stoppable = account->gate;
    sigaction(SIGINT, &stop, &account->before[0]);
    sigaction(SIGTERM, &stop, &account->before[1]);
}

void account_end(struct account *account)
{
    sigaction(SIGINT, &account->before[0], NULL);
    sigaction(SIGTERM, &account->before[1], NULL);
    stoppable = NULL;
    lychgate_free(account->gate);
    secret_free(&account->password);
}

/* ---- the outcome ----------------------------------------------------------------------------- */

enum tool_exit account_exit(int err, const struct lychgate_problem *problem)
{
    if (err == 0)
        return TOOL_FINE;
    switch (finding_by_id(problem->finding)) {
    case FINDING_DNS_NO_SERVER:
    case FINDING_NETWORK_UNREACHABLE:
        return TOOL_UNABLE;
    case FINDING_ACCOUNT_INVALID:
    case FINDING_CONFIG_INVALID:
        return TOOL_USAGE;
    default:
        return TOOL_FAILED;
    }
}

enum tool_exit account_fail(struct account *account, int err)
{
    const struct lychgate_problem *problem = lychgate_problem(account->gate);
    struct fault fault;
    if (err == 0)
        return TOOL_FINE;
    fault_set(&fault, ERR_DENIED, finding_by_id(problem->finding), "%s", problem->detail);
    tool_fail(account->invocation, &fault);
    return account_exit(err, problem);
}

/* ---- whole commands ------------------------------------------------------------------------- */

enum tool_exit account_run(struct invocation *invocation,
                           const struct lychgate_session_options *session, account_work_fn *work,
                           void *arg)
{
    struct account account = {.invocation = invocation, .stays = true};
    struct lychgate_options options;
    account.address = invocation_value(invocation, "as");
    if (!account.address)
        account.address = getenv("LYCHGATE_ADDRESS");
    if (!account.address)
        return tool_usage("whose? Say it with --as ADDRESS, or in LYCHGATE_ADDRESS");
    if (!account_options(&account, &options))
        return TOOL_USAGE;
    account_begin(&account, &options);
    int err = lychgate_signin(account.gate);
    if (err == 0)
        err = lychgate_open(account.gate, session);
    enum tool_exit code = account_fail(&account, err);
    if (err == 0)
        code = work(&account, arg);
    lychgate_signout(account.gate);
    account_end(&account);
    return code;
}
