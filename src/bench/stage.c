#include "bench/stage.h"

#include "base/arena.h"
#include "bench/stage_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READY_MS = 30000 /* a server that is not ready by then will never be */
};

/* ---- programs and descriptors ---------------------------------------------------------- */

bool stage_find_program(const char *name, const char *const *places, char *path_out, size_t room)
{
    static const char *const beside[] = {".", NULL};
    char folder[512];
    ssize_t len = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (len <= 0)
        return false;
    folder[len] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    for (const char *const *place = places ? places : beside; *place; place++) {
        int used = snprintf(path_out, room, "%s/%s/%s", folder, *place, name);
        if (used > 0 && (size_t)used < room && access(path_out, X_OK) == 0)
            return true;
    }
    return false;
}

size_t stage_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
}

/* ---- the server process ------------------------------------------------------------------ */

/* The server tells its readiness as to a service manager: no file has to be watched. */
static int open_notify_socket(const char *path, struct fault *fault)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(here.sun_path, sizeof here.sun_path, "%s", path);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&here, sizeof here) == 0)
        return fd;
    fault_set(fault, ERR_IO, FINDING_INTERNAL, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void become_server(const char *program, const char *dir)
{
    char config[96], ready[96], notify[96], log[96];
    snprintf(config, sizeof config, "%s/lychgated.conf", dir);
    snprintf(ready, sizeof ready, "%s/ready", dir);
    snprintf(notify, sizeof notify, "%s/notify", dir);
    snprintf(log, sizeof log, "%s/log", dir);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setenv("NOTIFY_SOCKET", notify, 1);
    execl(program, "lychgated", "--config", config, "--ready", ready, (char *)NULL);
    dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

/* Until the server says that it is ready, or has ended. */
static int wait_ready(struct stage *stage, int notify_fd, struct fault *fault)
{
    int pidfd = (int)syscall(SYS_pidfd_open, stage->server, 0);
    struct pollfd fds[] = {{.fd = notify_fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    char word[64];
    ssize_t len = 0;
    int ready = poll(fds, 2, READY_MS);
    if (ready > 0 && fds[0].revents)
        len = recv(notify_fd, word, sizeof word - 1, 0);
    if (pidfd >= 0)
        close(pidfd);
    word[len > 0 ? len : 0] = '\0';
    if (strncmp(word, "READY=1", 7) == 0)
        return 0;
    stage->kept = true;
    return fault_set(fault, ERR_IO, FINDING_INTERNAL, "lychgated did not start; see %s/log",
                     stage->dir);
}

static int read_ports(struct stage *stage, struct fault *fault)
{
    char name[96];
    json_error_t why;
    int sip = 0, https = 0;
    snprintf(name, sizeof name, "%s/ready", stage->dir);
    json_t *document = json_load_file(name, 0, &why);
    int err = document ? json_unpack(document, "{s:i,s:i}", "sip", &sip, "https", &https) : -1;
    json_decref(document);
    if (err < 0 || sip <= 0)
        return fault_set(fault, ERR_IO, FINDING_INTERNAL, "%s names no ports", name);
    address_parse(SLICE("127.0.0.1"), (uint16_t)sip, &stage->sip, fault);
    address_parse(SLICE("127.0.0.1"), (uint16_t)https, &stage->https, fault);
    return 0;
}

int stage_run(struct stage *stage, const struct stage_options *options, struct fault *fault)
{
    char program[600], notify[96];
    if (options->lychgated)
        snprintf(program, sizeof program, "%s", options->lychgated);
    else if (!stage_find_program("lychgated", NULL, program, sizeof program))
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONFIG_INVALID,
                         "lychgated does not lie beside this program; name it with --lychgated");
    snprintf(notify, sizeof notify, "%s/notify", stage->dir);
    int fd = open_notify_socket(notify, fault);
    if (fd < 0)
        return fault->err;
    stage->server = fork();
    if (stage->server == 0)
        become_server(program, stage->dir);
    int err = stage->server > 0
                  ? wait_ready(stage, fd, fault)
                  : fault_set(fault, ERR_IO, FINDING_INTERNAL, "fork: %s", strerror(errno));
    close(fd);
    return err == 0 ? read_ports(stage, fault) : err;
}

/* ---- the whole ---------------------------------------------------------------------------- */

int stage_open(const struct stage_options *options, struct stage **stage_out, struct fault *fault)
{
    struct stage *stage = must_calloc(1, sizeof *stage);
    const char *temporary = getenv("TMPDIR");
    stage->sip_host = "sip." BENCH_DOMAIN;
    stage->web_host = "webdir." BENCH_DOMAIN;
    stage->users = must_calloc(options->users, sizeof *stage->users);
    stage->user_count = options->users;
    int used = snprintf(stage->dir, sizeof stage->dir, "%s/lychgate-bench-XXXXXX",
                        temporary && strlen(temporary) < 32 ? temporary : "/tmp");
    int err = used < 0 || !mkdtemp(stage->dir) ? fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID,
                                                           "%s: %s", stage->dir, strerror(errno))
                                               : 0;
    scoped(arena) struct arena *arena = arena_new();
    stage->ca_file = must_strdup(arena_print(arena, "%s/ca.pem", stage->dir).at);
    if (err == 0)
        err = stage_build(stage, options, fault);
    if (err == 0)
        err = stage_run(stage, options, fault);
    if (err < 0) {
        stage_close(stage);
        return err;
    }
    *stage_out = stage;
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

void stage_close(struct stage *stage)
{
    if (!stage)
        return;
    if (stage->server > 0) {
        kill(stage->server, SIGTERM);
        waitpid(stage->server, NULL, 0);
    }
    if (!stage->kept)
        nftw(stage->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < stage->user_count; i++)
        X509_free(stage->users[i].certificate);
    EVP_PKEY_free(stage->key);
    free(stage->users);
    free(stage->ca_file);
    free(stage);
}

int stage_usage(const struct stage *stage, struct bench_usage *usage_out, struct fault *fault)
{
    return bench_usage_read(stage->server, usage_out, fault);
}
