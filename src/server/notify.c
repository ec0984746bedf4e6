#include "server/notify.h"

#include "base/slice.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    FIRST_PASSED_FD = 3
};

void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || !path[0] || strlen(path) >= sizeof to.sun_path)
        return;
    size_t len = strlen(path);
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    close(fd);
}

int notify_socket(const char *name)
{
    const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
    uint64_t number;
    if (!pid || !names || slice_number(slice_of(pid), INT32_MAX, &number) < 0 ||
        number != (uint64_t)getpid())
        return -1;
    struct slice list = slice_of(names), item;
    for (int fd = FIRST_PASSED_FD; slice_next(&list, ':', &item); fd++)
        if (slice_eq(item, slice_of(name))) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
            return fd;
        }
    return -1;
}
