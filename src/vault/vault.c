#include "vault/vault.h"

#include "base/clock.h"
#include "vault/client_priv.h"
#include "vault/process_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 10000,
    END_MS = 5000
};

struct vault {
    pid_t pid;
    int life; /* reads as ended when the process has ended */
    unsigned count;
    struct vault_client *clients;
};

struct ends {
    int sockets[VAULT_CLIENTS_MAX]; /* the vault's */
    int life;
};

static void close_ends(struct ends *ends, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (ends->sockets[i] >= 0)
            close(ends->sockets[i]);
    if (ends->life >= 0)
        close(ends->life);
}

static int make_ends(struct vault *vault, struct ends *ends, struct fault *fault)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "pipe: %s", strerror(errno));
    vault->life = pair[0];
    ends->life = pair[1];
    for (unsigned i = 0; i < vault->count; i++) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
            return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "socketpair: %s",
                             strerror(errno));
        vault->clients[i].socket = pair[0];
        ends->sockets[i] = pair[1];
    }
    return 0;
}

/* The child says once how its start went: a fault, which is empty when it is ready. */
static int wait_until_ready(const struct vault *vault, struct fault *fault)
{
    struct fault said = {0};
    ssize_t got;
    do {
        got = read(vault->life, &said, sizeof said);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof said)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED,
                         "the vault process ended at its start");
    if (said.err != 0 && fault)
        *fault = said;
    return said.err;
}

static struct vault *new_vault(const struct vault_options *options)
{
    struct vault *vault = must_calloc(1, sizeof *vault);
    vault->life = -1;
    vault->count = options->clients;
    vault->clients = must_calloc(options->clients, sizeof *vault->clients);
    for (unsigned i = 0; i < vault->count; i++) {
        vault->clients[i].socket = -1;
        vault->clients[i].timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    }
    return vault;
}

int vault_start(const struct vault_options *options, struct vault **vault_out, struct fault *fault)
{
    if (options->clients < 1 || options->clients > VAULT_CLIENTS_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_VAULT_FAILED, "%u clients, 1 to %d are possible",
                         options->clients, VAULT_CLIENTS_MAX);
    scoped(vault) struct vault *vault = new_vault(options);
    struct ends ends = {.life = -1};
    memset(ends.sockets, -1, sizeof ends.sockets);
    int result = make_ends(vault, &ends, fault);
    if (result == 0) {
        vault->pid = fork();
        if (vault->pid == 0)
            vault_process_main(&(struct vault_process){
                .options = options, .sockets = ends.sockets, .life = ends.life});
        if (vault->pid < 0)
            result = fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "fork: %s", strerror(errno));
    }
    close_ends(&ends, vault->count);
    if (result == 0)
        result = wait_until_ready(vault, fault);
    if (result == 0)
        *vault_out = take(&vault);
    return result;
}

/* Until the process has ended, or for END_MS; true when it has. */
static bool wait_for_end(const struct vault *vault)
{
    int64_t deadline = clock_monotonic() + END_MS;
    for (;;) {
        struct pollfd life = {.fd = vault->life, .events = POLLIN};
        int64_t left = deadline - clock_monotonic();
        int ready = poll(&life, 1, left > 0 ? (int)left : 0);
        if (ready >= 0)
            return ready > 0;
    }
}

void vault_free(struct vault *vault)
{
    if (!vault)
        return;
    for (unsigned i = 0; i < vault->count; i++)
        if (vault->clients[i].socket >= 0)
            close(vault->clients[i].socket);
    if (vault->pid > 0) {
        if (!wait_for_end(vault))
            kill(vault->pid, SIGKILL);
        while (waitpid(vault->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (vault->life >= 0)
        close(vault->life);
    free(vault->clients);
    free(vault);
}

struct vault_client *vault_client(struct vault *vault, unsigned i)
{
    return i < vault->count ? &vault->clients[i] : NULL;
}

pid_t vault_pid(const struct vault *vault)
{
    return vault->pid;
}
