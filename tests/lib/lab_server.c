#include "lab_server.h"

#include "base/buf.h"
#include "base/clock.h"
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READY_MS = 60000,
    LOG_MS = 10000,
    END_MS = 30000,
    WORDS_MAX = 16
};

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "lab_server: %s: %s\n", what, why);
    return -1;
}

static const char *path(const struct lab_server *lab, const char *name)
{
    return arena_print(lab->arena, "%s/%s", lab->dir, name).at;
}

static bool read_file(const char *name, off_t from, struct buf *to)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    if (fd >= 0 && lseek(fd, from, SEEK_SET) < 0)
        got = -1;
    while (got > 0) {
        got = read(fd, buf_reserve(to, 65536), 65536);
        if (got > 0)
            buf_added(to, (size_t)got);
    }
    if (fd >= 0)
        close(fd);
    return got == 0;
}

/* ---- processes ------------------------------------------------------------------- */

/* Start a program with its output in the log, and `in` (or nothing) to read. It dies
 * with this process, however that ends. */
static pid_t launch(const struct lab_server *lab, const char *program, const char *const *argv,
                    int in)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int out = open(lab->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int nothing = open("/dev/null", O_RDONLY);
    if (out >= 0 && dup2(in >= 0 ? in : nothing, STDIN_FILENO) >= 0 &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0)
        execv(program, (char *const *)(uintptr_t)argv);
    fprintf(stderr, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

static int exit_code(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(struct lab_server *lab, const char *input, const char *const *argv)
{
    int pipes[2] = {-1, -1};
    if (input && pipe2(pipes, O_CLOEXEC) < 0)
        return complain("pipe", strerror(errno));
    if (input) {
        ssize_t written = write(pipes[1], input, strlen(input)); /* fits the pipe */
        close(pipes[1]);
        if (written < 0)
            return complain("pipe", strerror(errno));
    }
    pid_t pid = launch(lab, argv[0], argv, pipes[0]);
    if (pipes[0] >= 0)
        close(pipes[0]);
    int code = pid > 0 ? exit_code(pid) : -1;
    if (code == 0)
        return 0;
    scoped(buf) struct buf log = BUF_INIT;
    read_file(lab->log, 0, &log);
    lab->failed = 1;
    return complain(argv[0], buf_string(&log));
}

/* ---- the site ----------------------------------------------------------------------- */

static const char *program(const char *variable)
{
    const char *name = getenv(variable);
    return name ? name : "/nonexistent";
}

struct lab_server *lab_server_new(void)
{
    const char *temporary = getenv("TMPDIR");
    struct arena *arena = arena_new();
    struct lab_server *lab = arena_new_of(arena, struct lab_server);
    lab->arena = arena;
    char *dir = arena_string(
        arena, arena_print(arena, "%s/lychgate-lab-XXXXXX", temporary ? temporary : "/tmp"));
    if (!mkdtemp(dir)) {
        complain(dir, strerror(errno));
        arena_free(arena);
        return NULL;
    }
    lab->dir = dir;
    lab->config = path(lab, "lychgated.conf");
    lab->log = path(lab, "log");
    lab->ca = path(lab, "ca.pem");
    const char *const argv[] = {
        program("LYCHGATE"), "init",      "--domain",    LAB_DOMAIN, "--dir",        dir,
        "--address",         "127.0.0.1", "--http-port", "0",        "--https-port", "0",
        "--sip-port",        "0",         NULL};
    if (run(lab, NULL, argv) < 0 || rename(lab->config, path(lab, "site.conf")) < 0 ||
        lab_server_configure(lab, NULL, 0) < 0) {
        lab_server_free(lab);
        return NULL;
    }
    return lab;
}

static int remove_one(const char *name, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(name);
}

void lab_server_free(struct lab_server *lab)
{
    if (!lab)
        return;
    if (lab->pid > 0)
        lab_server_stop(lab, SIGTERM);
    if (lab->failed || getenv("LAB_KEEP"))
        fprintf(stderr, "lab_server: %s is left for you to look at\n", lab->dir);
    else
        nftw(lab->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(lab->arena);
}

static int set(struct config *config, const struct lab_setting *row, struct fault *fault)
{
    return config_set(config, slice_of(row->section), slice_of(row->key), slice_of(row->value),
                      fault);
}

int lab_server_configure(struct lab_server *lab, const struct lab_setting *rows, size_t count)
{
    /* yescrypt as cheap as it goes: the tests are not about its price. */
    static const struct lab_setting cheap = {"lab", "password-cost", "1"};
    struct config *config = NULL;
    struct fault fault = {0};
    scoped(buf) struct buf text = BUF_INIT;
    int err = config_load(path(lab, "site.conf"), &config, &fault);
    if (err == 0)
        err = set(config, &cheap, &fault);
    for (size_t i = 0; i < count && err == 0; i++)
        err = set(config, &rows[i], &fault);
    if (err == 0)
        config_print(&text, config);
    config_free(config);
    if (err < 0)
        return complain(lab->config, fault.detail);
    FILE *file = fopen(lab->config, "we");
    bool good = file && fwrite(text.at, 1, text.len, file) == text.len;
    if (file && fclose(file) != 0)
        good = false;
    return good ? 0 : complain(lab->config, strerror(errno));
}

int lab_server_verb(struct lab_server *lab, const char *input, const char *const *verb)
{
    const char *argv[WORDS_MAX + 4] = {program("LYCHGATE"), "--config", lab->config};
    for (size_t i = 0; i < WORDS_MAX && verb[i]; i++)
        argv[3 + i] = verb[i];
    return run(lab, input, argv);
}

int lab_server_user(struct lab_server *lab, const char *address, const char *password)
{
    return lab_server_verb(
        lab, password, (const char *const[]){"user", "add", address, "--password-file", "-", NULL});
}

/* ---- start and stop --------------------------------------------------------------------- */

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Until the file is there or the process has ended. */
static bool wait_for_file(const struct lab_server *lab, const char *name, int watch)
{
    int pidfd = pidfd_of(lab->pid);
    int64_t until = clock_monotonic() + READY_MS;
    struct pollfd fds[] = {{.fd = watch, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    char events[4096];
    while (access(name, R_OK) != 0) {
        int64_t left = until - clock_monotonic();
        if (left <= 0 || poll(fds, 2, (int)left) <= 0 || fds[1].revents)
            break;
        if (fds[0].revents && read(watch, events, sizeof events) < 0)
            break;
    }
    if (pidfd >= 0)
        close(pidfd);
    return access(name, R_OK) == 0;
}

static uint16_t port_of(const char *document, const char *name)
{
    const char *at = strstr(document, name);
    return at ? (uint16_t)strtoul(at + strlen(name), NULL, 10) : 0;
}

int lab_server_start(struct lab_server *lab)
{
    const char *ready = path(lab, "ready.json");
    const char *const argv[] = {
        program("LYCHGATED"), "--config", lab->config, "--ready", ready, NULL};
    scoped(buf) struct buf text = BUF_INIT;
    unlink(ready);
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, lab->dir, IN_MOVED_TO) < 0)
        return complain("inotify", strerror(errno));
    lab->pid = launch(lab, argv[0], argv, -1);
    bool there = lab->pid > 0 && wait_for_file(lab, ready, watch);
    close(watch);
    if (!there || !read_file(ready, 0, &text)) {
        if (lab->pid > 0)
            lab_server_stop(lab, SIGKILL);
        read_file(lab->log, 0, &text);
        lab->failed = 1;
        return complain("lychgated did not start", buf_string(&text));
    }
    lab->http = port_of(text.at, "\"http\":");
    lab->https = port_of(text.at, "\"https\":");
    lab->sip = port_of(text.at, "\"sip\":");
    return 0;
}

/* Under sanitizers: what they said. Undefined behaviour does not end a program. */
static bool sanitizers_complain(const struct lab_server *lab)
{
    scoped(buf) struct buf log = BUF_INIT;
    read_file(lab->log, 0, &log);
    return slice_find(buf_slice(&log), SLICE("runtime error: ")) >= 0 ||
           slice_find(buf_slice(&log), SLICE("Sanitizer")) >= 0;
}

int lab_server_stop(struct lab_server *lab, int signo)
{
    int pidfd = pidfd_of(lab->pid);
    struct pollfd ends = {.fd = pidfd, .events = POLLIN};
    if (signo != 0)
        kill(lab->pid, signo);
    if (pidfd < 0 || poll(&ends, 1, END_MS) <= 0) {
        complain("lychgated", "does not end and is killed");
        kill(lab->pid, SIGKILL);
    }
    if (pidfd >= 0)
        close(pidfd);
    int code = exit_code(lab->pid);
    lab->pid = 0;
    if (!sanitizers_complain(lab))
        return code;
    lab->failed = 1;
    return complain(lab->log, "a sanitizer complains");
}

/* ---- the log --------------------------------------------------------------------------------- */

off_t lab_server_log_mark(const struct lab_server *lab)
{
    struct stat about;
    return stat(lab->log, &about) == 0 ? about.st_size : 0;
}

static bool has(struct slice line, const char *text)
{
    return !text || slice_find(line, slice_of(text)) >= 0;
}

/* Look through the whole lines behind *since. */
static struct slice look(const struct lab_server *lab, struct arena *arena, off_t *since,
                         const char *one, const char *other, const char *third)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct slice rest, line;
    read_file(lab->log, *since, &text);
    rest = buf_slice(&text);
    while (slice_cut(rest, '\n', &line, &rest)) {
        if (!has(line, one) || !has(line, other) || !has(line, third))
            continue;
        *since += line.at + line.len + 1 - text.at;
        return arena_copy(arena, line);
    }
    return (struct slice){0};
}

struct slice lab_server_log_line(const struct lab_server *lab, struct arena *arena, off_t *since,
                                 const char *one, const char *other, const char *third)
{
    int watch = inotify_init1(IN_CLOEXEC);
    inotify_add_watch(watch, lab->log, IN_MODIFY);
    int64_t until = clock_monotonic() + LOG_MS;
    struct pollfd grows = {.fd = watch, .events = POLLIN};
    struct slice line = look(lab, arena, since, one, other, third);
    char events[4096];
    while (slice_absent(line)) {
        int64_t left = until - clock_monotonic();
        if (left <= 0 || poll(&grows, 1, (int)left) <= 0 || read(watch, events, sizeof events) < 0)
            break;
        line = look(lab, arena, since, one, other, third);
    }
    close(watch);
    return line;
}

bool lab_server_logged(const struct lab_server *lab, off_t since, const char *finding,
                       const char *also)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice id = arena_print(arena, " finding=%s ", finding);
    if (!slice_absent(lab_server_log_line(lab, arena, &since, id.at, also, NULL)))
        return true;
    fprintf(stderr, "lab_server: no finding=%s with `%s` in the log behind this:\n", finding,
            also ? also : "");
    scoped(buf) struct buf text = BUF_INIT;
    read_file(lab->log, since, &text);
    fprintf(stderr, "%.*s\n", SLICE_ARG(slice_head(buf_slice(&text), 4000)));
    return false;
}

int64_t lab_log_number(struct slice line, const char *name)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice key = arena_print(arena, " %s=", name), digits, rest;
    ptrdiff_t at = slice_find(line, key);
    uint64_t number;
    if (at < 0)
        return -1;
    slice_cut(slice_from(line, (size_t)at + key.len), ' ', &digits, &rest);
    return slice_number(digits, INT64_MAX, &number) < 0 ? -1 : (int64_t)number;
}
