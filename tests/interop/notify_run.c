/* notify_run COMMAND [ARG...]: run a service that tells its state the way systemd
 * wants it (sd_notify(3)), and print what it tells, one assignment a line, on
 * stdout. So a script can wait for READY=1 by reading instead of sleeping.
 *
 * The service's own stdout joins stderr. SIGTERM, SIGINT and SIGHUP are passed on;
 * the exit code is the service's (128+n when a signal ended it). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "notify_run: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* An abstract socket of a name that the kernel chooses: nothing to clean up. */
static int notify_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    char name[sizeof address.sun_path + 1];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address.sun_family) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        die("socket");
    length -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
    memcpy(name, address.sun_path, length);
    name[0] = '@';
    name[length] = '\0';
    if (setenv("NOTIFY_SOCKET", name, 1) < 0)
        die("NOTIFY_SOCKET");
    return fd;
}

static pid_t start(char **command, const sigset_t *unblock)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    /* A service must not outlive the test that was killed. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_UNBLOCK, unblock, NULL);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(command[0], command);
    die(command[0]);
    return -1;
}

static void print_state(int fd)
{
    char text[4096];
    ssize_t size = recv(fd, text, sizeof text, MSG_DONTWAIT);

    if (size <= 0)
        return;
    fwrite(text, 1, (size_t)size, stdout);
    if (text[size - 1] != '\n')
        putchar('\n');
    fflush(stdout);
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    sigset_t signals;
    struct pollfd polls[2];
    pid_t pid;
    int status;

    if (argc < 2) {
        fputs("usage: notify_run COMMAND [ARG...]\n", stderr);
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* nobody has to read */

    polls[0] = (struct pollfd){.fd = notify_socket(), .events = POLLIN};
    polls[1] = (struct pollfd){.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN};
    pid = start(argv + 1, &signals);

    for (;;) {
        struct signalfd_siginfo info;

        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            die("poll");
        if (polls[0].revents & POLLIN)
            print_state(polls[0].fd);
        if (!(polls[1].revents & POLLIN) || read(polls[1].fd, &info, sizeof info) != sizeof info)
            continue;
        if (info.ssi_signo != SIGCHLD)
            kill(pid, (int)info.ssi_signo);
        else if (waitpid(pid, &status, WNOHANG) == pid)
            return exit_code(status);
    }
}
