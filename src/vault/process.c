#include "vault/process_priv.h"

#include "event/event.h"
#include "vault/worker_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    STACK_SIZE = 512 * 1024
};

struct server {
    struct vault_worker worker;
    pthread_t thread;
    int socket;
};

/* ---- confinement -------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Everything the server had open stays the server's. Standard error stays, for
 * what the C library or a sanitizer says of a crash. */
static void close_others(const struct vault_process *process)
{
    int keep[VAULT_CLIENTS_MAX + 1];
    size_t count = process->options->clients;
    memcpy(keep, process->sockets, count * sizeof *keep);
    keep[count++] = process->life;
    qsort(keep, count, sizeof *keep, by_number);
    int from = STDERR_FILENO + 1;
    for (size_t i = 0; i < count; i++) {
        if (keep[i] > from)
            close_range((unsigned)from, (unsigned)keep[i] - 1, 0);
        from = keep[i] + 1;
    }
    close_range((unsigned)from, ~0U, 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
    }
}

/* A signal to the whole process group or unit must not end the vault while the
 * server still drains: it ends when the last socket closes. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
    sigset_t none;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void keep_memory_secret(void)
{
    struct rlimit none = {0, 0};
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0); /* no ptrace, no /proc/PID/mem for others of the same user */
    /* Swap: only where there is no limit, else a hash's 16 MB would not be had later. */
    if (setrlimit(RLIMIT_MEMLOCK, &all) == 0)
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static int drop_user(const struct vault_options *options, struct fault *fault)
{
    if ((options->gid && (setgroups(0, NULL) != 0 || setgid(options->gid) != 0)) ||
        (options->uid && setuid(options->uid) != 0))
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "becoming user %u: %s",
                         (unsigned)options->uid, strerror(errno));
    /* After a change of user the kernel may have made it dumpable again. */
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "no_new_privs: %s", strerror(errno));
    return 0;
}

/* ---- serving -------------------------------------------------------------------------- */

/* One client, one thread: a hash for one worker delays no signature for another. */
static void *serve(void *arg)
{
    struct server *server = arg;
    char *in = must_alloc(WIRE_MAX + 1); /* one more, so that too long is seen */
    char *out = must_alloc(WIRE_MAX);
    for (;;) {
        ssize_t got = recv(server->socket, in, WIRE_MAX + 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size_t len = vault_answer(&server->worker, slice_make(in, (size_t)got), out);
        secret_wipe(in, (size_t)got);
        ssize_t sent = send(server->socket, out, len, MSG_NOSIGNAL);
        secret_wipe(out, len);
        if (sent < 0)
            break;
    }
    free(in);
    free(out);
    return NULL;
}

static int start_server(struct server *server, struct vault_shared *shared, int socket,
                        struct fault *fault)
{
    server->worker.shared = shared;
    server->socket = socket;
    int result = store_reader_open(shared->store, &server->worker.reader, fault);
    if (result != 0)
        return result;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_SIZE);
    if (pthread_create(&server->thread, &small, serve, server) != 0)
        result = fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "no thread");
    pthread_attr_destroy(&small);
    return result;
}

static int prepare(const struct vault_process *process, struct vault_shared *shared,
                   struct server *servers, struct fault *fault)
{
    const struct vault_options *options = process->options;
    shared->hash_cost = options->hash_cost;
    shared->certificate_ms = options->certificate_ms;
    keep_memory_secret();
    int result = vault_keys_load(options->dir, &shared->keys, fault);
    if (result == 0)
        result = drop_user(options, fault);
    if (result == 0)
        result = vault_shared_open_store(shared, options->dir, fault);
    for (unsigned i = 0; i < options->clients && result == 0; i++)
        result = start_server(&servers[i], shared, process->sockets[i], fault);
    return result;
}

_Noreturn void vault_process_main(const struct vault_process *process)
{
    struct fault fault = {0};
    struct vault_shared *shared = must_calloc(1, sizeof *shared);
    struct server *servers = must_calloc(process->options->clients, sizeof *servers);
    prctl(PR_SET_NAME, "lychgate-vault");
    event_set_sink(NULL, NULL, EVENT_ERROR); /* the log is the server's; faults travel to it */
    close_others(process);
    ignore_signals();
    int result = prepare(process, shared, servers, &fault);
    ssize_t told = write(process->life, &fault, sizeof fault);
    if (result != 0 || told != sizeof fault)
        _exit(1);
    for (unsigned i = 0; i < process->options->clients; i++)
        pthread_join(servers[i].thread, NULL);
    for (unsigned i = 0; i < process->options->clients; i++)
        store_reader_free(servers[i].worker.reader);
    store_free(shared->store);
    vault_keys_wipe(&shared->keys);
    /* Not exit(): what the server registered to be done at its end is not ours to do. */
    _exit(0);
}
