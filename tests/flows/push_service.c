/* A push service on loopback, with one device: push_service PUBLIC-KEY prints the device's
 * subscription and takes what is POSTed to it, until it is ended. What $PUSH_STATUS (a file)
 * says is the answer: a status, or "none". Each request adds a line to $PUSH_OUT: how it was
 * answered, whether the VAPID token is signed by that key, and the text, decrypted. */
#include "push/subscription.h"
#include "push/testing_priv.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 16384
};

static int listen_here(uint16_t *port_out)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return -1;
    *port_out = ntohs(at.sin_port);
    return fd;
}

/* The value of a header line, to its end. */
static struct slice header(struct slice head, const char *name)
{
    struct slice line;
    while (slice_cut(head, '\n', &line, &head))
        if (slice_starts_nocase(line, slice_of(name)))
            return slice_trim(slice_from(line, strlen(name)));
    return SLICE("");
}

/* One request, whole: its head and its body. */
static bool read_request(int fd, char *bytes, struct slice *head_out, struct slice *body_out)
{
    size_t len = 0;
    uint64_t wanted;
    for (ssize_t got; (got = read(fd, bytes + len, REQUEST_MAX - len)) > 0;) {
        struct slice all = slice_make(bytes, len += (size_t)got);
        ptrdiff_t end = slice_find(all, SLICE("\r\n\r\n"));
        if (end < 0)
            continue;
        *head_out = slice_head(all, (size_t)end + 2);
        *body_out = slice_from(all, (size_t)end + 4);
        if (slice_number(header(*head_out, "Content-Length:"), REQUEST_MAX, &wanted) < 0)
            return false;
        if (body_out->len >= wanted)
            return true;
    }
    return false;
}

static int status_now(void)
{
    int status = 0;
    FILE *file = fopen(getenv("PUSH_STATUS"), "re");
    if (file && fscanf(file, "%d", &status) != 1)
        status = 0;
    if (file)
        fclose(file);
    return status;
}

static void serve(int fd, const struct push_receiver *device, struct slice key)
{
    scoped(arena) struct arena *arena = arena_new();
    static char bytes[REQUEST_MAX];
    struct slice head, body, token, token_key, point, text = SLICE("unreadable");
    struct fault fault;
    if (!read_request(fd, bytes, &head, &body))
        return;
    int status = status_now();
    bool signed_so = test_vapid_split(header(head, "Authorization:"), &token, &token_key) &&
                     slice_eq(token_key, key) && base64url_parse(arena, key, &point) == 0 &&
                     test_token_verifies(arena, token, point);
    push_decrypt(device, body, arena, &text, &fault);
    FILE *out = fopen(getenv("PUSH_OUT"), "ae");
    if (out) {
        fprintf(out, "%d vapid=%d urgency=%.*s %.*s\n", status, signed_so,
                SLICE_ARG(header(head, "Urgency:")), SLICE_ARG(text));
        fclose(out);
    }
    if (status)
        dprintf(fd, "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
}

int main(int argc, char **argv)
{
    scoped(arena) struct arena *arena = arena_new();
    struct push_receiver device;
    struct fault fault;
    uint16_t port = 0;
    int listener = listen_here(&port);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* not to outlive the test */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2 || listener < 0 || push_receiver_make(&device, &fault) < 0)
        return 1;
    struct slice json = push_subscription_print(
        &(struct push_subscription){.endpoint =
                                        arena_print(arena, "http://127.0.0.1:%u/handset", port),
                                    .keys = push_receiver_keys(&device)},
        arena);
    printf("%.*s\n", SLICE_ARG(json));
    fflush(stdout);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        serve(fd, &device, slice_of(argv[1]));
    return 1;
}
