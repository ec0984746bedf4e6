#include "tools/cs_probe.h"

#include "base/clock.h"
#include "base/random.h"
#include "lychgate/mobile.h"
#include "tools/account.h"
#include "tools/cs.h"

#include <pthread.h>
#include <stdatomic.h>
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

/* ---- two phones --------------------------------------------------------------------------------
 */

enum {
    MESSAGE_WAIT_MS = 60 * 1000,
    POLL_MS = 2000
};

/* The receiver is in a thread of his own: the sender waits until he has accepted. */
struct receiver {
    struct lychgate *gate;
    const char *wanted;
    atomic_bool over; /* nobody waits any more */
    bool got;
    int err;
};

static void on_message(void *arg, const struct lychgate_message *message)
{
    struct receiver *receiver = arg;
    receiver->got |= strcmp(message->text, receiver->wanted) == 0;
}

static void *receive(void *arg)
{
    struct receiver *receiver = arg;
    int64_t until = clock_monotonic() + MESSAGE_WAIT_MS;
    while (!receiver->got && receiver->err >= 0 && !atomic_load(&receiver->over) &&
           clock_monotonic() < until)
        receiver->err = lychgate_mobile_wait(receiver->gate, POLL_MS);
    return NULL;
}

/* Is that user at home in the pool that is to be tried? His phone's Contact tells. */
static bool in_pool(const struct lychgate *gate, struct slice target)
{
    struct slice contact = slice_of(lychgate_mobile_summary(gate)->contact), host, rest;
    slice_cut(contact, ':', &rest, &host);
    slice_cut(host, ';', &host, &rest);
    slice_cut(host, ':', &host, &rest);
    return slice_eq_nocase(host, target);
}

static bool sign_in(struct lychgate *gate, const struct cs_probe *probe,
                    const struct lychgate_mobile_options *with, struct arena *arena,
                    struct cs_probed *out)
{
    if (lychgate_mobile_signin(gate, with) < 0) {
        put_problem(lychgate_problem(gate), arena, out);
        return false;
    }
    const struct lychgate_mobile_summary *summary = lychgate_mobile_summary(gate);
    out->uri = arena_print(arena, "%s", summary->service);
    if (in_pool(gate, probe->target))
        return true;
    out->error = SLICE("The user is at home in another pool.");
    out->diagnosis =
        arena_print(arena, "%s is registered as %s", summary->address, summary->contact);
    return false;
}

static void talk(struct lychgate *from, struct receiver *receiver, const char *to,
                 struct arena *arena, struct cs_probed *out)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, receive, receiver) != 0) {
        out->error = SLICE("No thread could be started for the receiver.");
        return;
    }
    int err = lychgate_mobile_send(from, to, receiver->wanted);
    if (err < 0)
        atomic_store(&receiver->over, true);
    pthread_join(thread, NULL);
    out->good = err == 0 && receiver->got;
    if (err < 0 || receiver->err < 0)
        put_problem(lychgate_problem(err < 0 ? from : receiver->gate), arena, out);
    else if (!receiver->got)
        out->error = SLICE("The message did not arrive.");
}

static void mcx_im(void *arg, const struct cs_probe *probe, struct arena *arena,
                   struct cs_probed *out)
{
    struct guest guests[2] = {{.client = arg, .player = &probe->player[0]},
                              {.client = arg, .player = &probe->player[1]}};
    struct lychgate_options options = options_of(&guests[0], probe);
    int64_t began = clock_monotonic_us();
    struct lychgate *sender = lychgate_new(&options);
    options = options_of(&guests[1], probe);
    struct receiver receiver = {.gate = lychgate_new(&options)};
    receiver.wanted =
        arena_print(arena, "Test-CsMcxP2PIM %.*s", SLICE_ARG(random_hex(arena, 8))).at;
    const struct lychgate_mobile_options with = {.message = on_message, .arg = &receiver};
    if (sign_in(sender, probe, NULL, arena, out) &&
        sign_in(receiver.gate, probe, &with, arena, out))
        talk(sender, &receiver, probe->player[1].address.at, arena, out);
    out->latency_us = clock_monotonic_us() - began;
    lychgate_mobile_signout(receiver.gate);
    lychgate_mobile_signout(sender);
    lychgate_free(receiver.gate);
    lychgate_free(sender);
}

bool cs_probes_init(struct invocation *invocation, struct cs_probes *out)
{
    struct client *client = arena_new_of(invocation->arena, struct client);
    struct account account = {.invocation = invocation};
    *client = (struct client){.invocation = invocation};
    *out = (struct cs_probes){.registration = registration, .mcx_im = mcx_im, .arg = client};
    return account_network_options(&account, &client->options);
}
