#include "tools/cs_probe.h"

#include "base/clock.h"
#include "tools/account.h"
#include "tools/cs.h"

#include <stdio.h>
#include <string.h>

const struct verb_option cs_options[] = {
    {"password-file", "FILE",
     "for Test-: where a password is (first line); once for each user, in their order", true},
    ACCOUNT_NETWORK_OPTIONS,
    {0},
};

struct client {
    struct invocation *invocation;
    struct lychgate_options options; /* for whoever signs in */
    size_t asked;                    /* passwords so far: each --password-file is for one */
};

/* ---- one who signs in ------------------------------------------------------------------------ */

struct guest {
    struct client *client;
    const struct cs_player *player;
    const char *password_file; /* NULL: the terminal */
    bool verbose;
};

static bool ask_password(void *arg, char *to, size_t room)
{
    const struct guest *guest = arg;
    struct secret password = {0};
    char prompt[300];
    struct slice who =
        slice_absent(guest->player->login) ? guest->player->address : guest->player->login;
    snprintf(prompt, sizeof prompt, "Password of %.*s", SLICE_ARG(who));
    if (!tool_password(guest->password_file, prompt, &password))
        return false;
    bool fits = password.len < room;
    if (fits)
        memcpy(to, password.at, password.len + 1);
    secret_free(&password);
    return fits;
}

static void tell(void *arg, const struct lychgate_event *event)
{
    const struct guest *guest = arg;
    if (guest->verbose)
        fprintf(stderr, "VERBOSE: %s: %s %s\n", event->step, event->asked, event->answer);
}

/* The options for one player. A credential that is given is tried: no certificate that was
 * kept may stand in for it. */
static struct lychgate_options options_of(struct guest *guest, const struct cs_probe *probe)
{
    struct client *client = guest->client;
    struct lychgate_options options = client->options;
    guest->password_file = invocation_nth(client->invocation, "password-file", client->asked++);
    guest->verbose = probe->verbose;
    options.address = guest->player->address.at;
    if (!slice_absent(guest->player->login)) {
        options.login = guest->player->login.at;
        options.no_cache |= probe->authentication != CS_AUTH_CLIENT_CERTIFICATE;
    }
    if (probe->authentication == CS_AUTH_LIVE_ID)
        options.auth = LYCHGATE_AUTH_ORGID;
    options.password = ask_password;
    options.password_arg = guest;
    options.event = tell;
    options.event_arg = guest;
    return options;
}

/* ---- the outcome ------------------------------------------------------------------------------
 */

static void put_problem(const struct lychgate_problem *problem, struct arena *arena,
                        struct cs_probed *out)
{
    out->error = arena_print(arena, "%s", problem->cause);
    out->diagnosis = arena_print(arena, "%s: %s%s%s", problem->finding, problem->detail,
                                 problem->remedy[0] ? " - " : "", problem->remedy);
}

static void registration(void *arg, const struct cs_probe *probe, struct arena *arena,
                         struct cs_probed *out)
{
    struct guest guest = {.client = arg, .player = &probe->player[0]};
    struct lychgate_options options = options_of(&guest, probe);
    int64_t began = clock_monotonic_us();
    options.server =
        arena_print(arena, "%.*s:%u", SLICE_ARG(probe->target), (unsigned)probe->port).at;
    struct lychgate *gate = lychgate_new(&options);
    int err = lychgate_signin(gate);
    out->latency_us = clock_monotonic_us() - began;
    if (err == 0)
        err = lychgate_signout(gate);
    out->good = err == 0;
    if (err < 0)
        put_problem(lychgate_problem(gate), arena, out);
    lychgate_free(gate);
}

bool cs_probes_init(struct invocation *invocation, struct cs_probes *out)
{
    struct client *client = arena_new_of(invocation->arena, struct client);
    struct account account = {.invocation = invocation};
    *client = (struct client){.invocation = invocation};
    *out = (struct cs_probes){.registration = registration, .arg = client};
    return account_network_options(&account, &client->options);
}
