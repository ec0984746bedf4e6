#include "net/listener.h"

#include "base/arena.h"
#include "event/event.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    ACCEPTS_A_TURN = 64, /* then those who are in get their turn */
    OUT_OF_FDS_MS = 250,
};

/* What a connection is made with; counted, since connections may be on their
 * way to another loop when the listener closes. */
struct recipe {
    atomic_uint refs;
    struct conn_options conn;
    struct quota *quota;
};

struct listener {
    struct loop *loop;
    struct event event;
    struct timer again; /* there were no descriptors left */
    struct recipe *recipe;
    struct loop **loops;
    size_t loop_count, next;
    struct address address;
    int fd;
};

/* An accepted connection on its way to its loop. */
struct handover {
    struct letter letter;
    struct loop *loop;
    struct recipe *recipe;
    struct address peer;
    int fd;
};

static void recipe_unref(struct recipe *recipe)
{
    if (atomic_fetch_sub(&recipe->refs, 1) != 1)
        return;
    tls_unref(recipe->conn.tls);
    quota_unref(recipe->quota);
    free(recipe);
}

static void move_in(void *arg)
{
    struct handover *handover = arg;
    struct recipe *recipe = handover->recipe;
    struct conn *conn = conn_adopt(handover->loop, handover->fd, &handover->peer, &recipe->conn);
    if (recipe->quota)
        conn_set_quota(conn, recipe->quota);
    recipe_unref(recipe);
    free(handover);
}

static void hand_over(struct listener *listener, int fd, const struct address *peer)
{
    struct handover *handover = must_calloc(1, sizeof *handover);
    *handover = (struct handover){
        .letter = {.fn = move_in, .arg = handover},
        .loop = listener->loops[listener->next],
        .recipe = listener->recipe,
        .peer = *peer,
        .fd = fd,
    };
    atomic_fetch_add(&listener->recipe->refs, 1);
    listener->next = (listener->next + 1) % listener->loop_count;
    if (handover->loop == listener->loop)
        move_in(handover);
    else
        loop_send(handover->loop, &handover->letter);
}

static void admit(struct listener *listener, int fd, const struct address *peer)
{
    struct fault fault;
    if (listener->recipe->quota && quota_enter(listener->recipe->quota, peer, &fault) != 0) {
        scoped(arena) struct arena *arena = arena_new();
        event_emit(EVENT_INFO, "net.refused", fault.finding,
                   EVENT_SLICE("peer", address_print(arena, peer)), EVENT_FAULT(&fault), EVENT_END);
        close(fd);
        return;
    }
    hand_over(listener, fd, peer);
}

/* Out of descriptors or memory: epoll would report the waiting connection over
 * and over, so look away for a while. */
static void look_away(struct listener *listener, int error)
{
    event_del(&listener->event);
    timer_start(&listener->again, OUT_OF_FDS_MS);
    event_emit(EVENT_WARNING, "net.accept-pause", FINDING_TOO_MANY_CONNECTIONS,
               EVENT_TEXT("detail", strerror(error)), EVENT_INT("ms", OUT_OF_FDS_MS), EVENT_END);
}

static void look_again(void *arg)
{
    struct listener *listener = arg;
    event_add(&listener->event, NULL);
}

static void somebody_comes(evutil_socket_t listen_fd, short what, void *arg)
{
    (void)what;
    struct listener *listener = arg;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct address peer = {0};
        socklen_t len = sizeof peer;
        int fd = accept4(listen_fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(listener, fd, &peer);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            look_away(listener, errno);
        if (errno != ECONNABORTED && errno != EINTR)
            break;
    }
}

static int bind_fd(const struct listener_options *options)
{
    const struct address *address = &options->address;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (address->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    if (bind(fd, &address->any, address_len(address)) == 0 &&
        listen(fd, options->backlog ? options->backlog : BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* A socket from systemd: must be what we take it for. */
static int adopt_fd(int fd)
{
    int listening = 0;
    socklen_t len = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
        return -1;
    if (!listening) {
        errno = EINVAL;
        return -1;
    }
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return fd;
}

static struct listener *make(struct loop *loop, const struct listener_options *options, int fd)
{
    struct listener *listener = must_calloc(1, sizeof *listener);
    listener->loop = loop;
    listener->fd = fd;
    listener->loop_count = options->loop_count ? options->loop_count : 1;
    listener->loops = must_calloc(listener->loop_count, sizeof *listener->loops);
    for (size_t i = 0; i < listener->loop_count; i++)
        listener->loops[i] = options->loop_count ? options->loops[i] : loop;
    struct recipe *recipe = listener->recipe = must_calloc(1, sizeof *recipe);
    atomic_init(&recipe->refs, 1);
    recipe->conn = options->conn;
    if (recipe->conn.tls)
        tls_ref(recipe->conn.tls);
    if (options->quota)
        recipe->quota = quota_ref(options->quota);
    socklen_t len = sizeof listener->address;
    getsockname(fd, &listener->address.any, &len);
    timer_init(&listener->again, loop, look_again, listener);
    event_assign(&listener->event, loop->base, fd, EV_READ | EV_PERSIST, somebody_comes, listener);
    event_add(&listener->event, NULL);
    return listener;
}

struct listener *listener_open(struct loop *loop, const struct listener_options *options,
                               struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    int fd = options->fd > 0 ? adopt_fd(options->fd) : bind_fd(options);
    if (fd < 0) {
        if (options->fd > 0)
            fault_set(fault, ERR_IO, FINDING_LISTEN_FAILED, "descriptor %d: %s", options->fd,
                      strerror(errno));
        else
            fault_set(fault, ERR_IO, FINDING_LISTEN_FAILED, "%.*s: %s",
                      SLICE_ARG(address_print(arena, &options->address)), strerror(errno));
        return NULL;
    }
    struct listener *listener = make(loop, options, fd);
    event_emit(EVENT_INFO, "net.listen", FINDING_NONE,
               EVENT_SLICE("address", address_print(arena, &listener->address)), EVENT_END);
    return listener;
}

const struct address *listener_address(const struct listener *listener)
{
    return &listener->address;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    event_del(&listener->event);
    timer_stop(&listener->again);
    close(listener->fd);
    recipe_unref(listener->recipe);
    free(listener->loops);
    free(listener);
}
