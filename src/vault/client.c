#include "base/clock.h"
#include "vault/client_priv.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int gone(struct fault *fault, const char *why)
{
    return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "the vault process %s", why);
}

/* ---- one question, one answer ------------------------------------------------------- */

static int wait_for(struct vault_client *client, short events, int64_t deadline,
                    struct fault *fault)
{
    for (;;) {
        int64_t left = deadline - clock_monotonic();
        struct pollfd fd = {.fd = client->socket, .events = events};
        int ready = poll(&fd, 1, left > 0 ? (int)left : 0);
        if (ready > 0)
            return 0;
        if (ready == 0)
            return gone(fault, "does not answer in time");
        if (errno != EINTR)
            return gone(fault, strerror(errno));
    }
}

static int send_packet(struct vault_client *client, size_t len, int64_t deadline,
                       struct fault *fault)
{
    for (;;) {
        if (send(client->socket, client->packet, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return 0;
        if (errno == EAGAIN) {
            int result = wait_for(client, POLLOUT, deadline, fault);
            if (result != 0)
                return result;
        } else if (errno != EINTR) {
            return gone(fault, "has ended");
        }
    }
}

static int receive_reply(struct vault_client *client, const struct vault_request *request,
                         int64_t deadline, struct vault_reply *reply_out, struct fault *fault)
{
    for (;;) {
        int result = wait_for(client, POLLIN, deadline, fault);
        if (result != 0)
            return result;
        ssize_t got = recv(client->socket, client->packet, sizeof client->packet, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return gone(fault, "has ended");
        result = wire_parse_reply(slice_make(client->packet, (size_t)got), reply_out, fault);
        if (result != 0)
            return result;
        if (reply_out->id == request->id)
            break;
    }
    if (reply_out->op != request->op)
        return gone(fault, "answers something else");
    if (reply_out->err != 0)
        return fault_set(fault, (enum err)(-reply_out->err), reply_out->finding, "%.*s",
                         SLICE_ARG(reply_out->detail));
    return 0;
}

/* The reply's slices point into client->packet, until forget(). */
static int ask(struct vault_client *client, struct vault_request *request,
               struct vault_reply *reply_out, struct fault *fault)
{
    size_t len = 0;
    int64_t deadline = clock_monotonic() + client->timeout_ms;
    request->id = ++client->last_id;
    int result = wire_print_request(request, client->packet, &len, fault);
    if (result == 0)
        result = send_packet(client, len, deadline, fault);
    if (result == 0) {
        secret_wipe(client->packet, len);
        result = receive_reply(client, request, deadline, reply_out, fault);
    }
    return result;
}

/* Questions hold passwords, answers hold keys. */
static void forget(struct vault_client *client)
{
    secret_wipe(client->packet, sizeof client->packet);
}

/* ---- the calls of vault.h -------------------------------------------------------------- */

int vault_public(struct vault_client *client, struct arena *arena, struct vault_public *public_out,
                 struct fault *fault)
{
    struct vault_reply reply;
    int result = ask(client, &(struct vault_request){.op = OP_PUBLIC}, &reply, fault);
    if (result == 0) {
        public_out->token_algorithm = (enum vault_algorithm)reply.public.token_algorithm;
        public_out->token_certificate = arena_copy(arena, reply.public.token);
        public_out->decrypt_certificate = arena_copy(arena, reply.public.decrypt);
        public_out->user_ca_certificate = arena_copy(arena, reply.public.user_ca);
        public_out->push_key = arena_copy(arena, reply.public.push);
    }
    forget(client);
    return result;
}

int vault_counts(struct vault_client *client, struct vault_counts *counts_out, struct fault *fault)
{
    struct vault_reply reply;
    int result = ask(client, &(struct vault_request){.op = OP_COUNTS}, &reply, fault);
    if (result == 0)
        *counts_out = reply.counts;
    forget(client);
    return result;
}

static bool possible_password(struct slice password)
{
    return password.len > 0 && password.len <= VAULT_PASSWORD_MAX &&
           slice_index(password, '\0') < 0;
}

int vault_password_check(struct vault_client *client, struct slice key, struct slice password,
                         enum vault_verdict *verdict_out, struct fault *fault)
{
    struct vault_reply reply;
    *verdict_out = VAULT_WRONG;
    if (!possible_password(password))
        return 0;
    int result =
        ask(client, &(struct vault_request){.op = OP_PASSWORD_CHECK, .password = {key, password}},
            &reply, fault);
    if (result == 0 && reply.verdict == VAULT_RIGHT)
        *verdict_out = VAULT_RIGHT;
    else if (result == 0 && reply.verdict == VAULT_UNKNOWN)
        *verdict_out = VAULT_UNKNOWN;
    forget(client);
    return result;
}

int vault_password_set(struct vault_client *client, struct slice key, struct slice password,
                       struct fault *fault)
{
    struct vault_reply reply;
    int result =
        ask(client, &(struct vault_request){.op = OP_PASSWORD_SET, .password = {key, password}},
            &reply, fault);
    forget(client);
    return result;
}

int vault_password_remove(struct vault_client *client, struct slice key, struct fault *fault)
{
    struct vault_reply reply;
    int result =
        ask(client, &(struct vault_request){.op = OP_PASSWORD_REMOVE, .password = {.key = key}},
            &reply, fault);
    forget(client);
    return result;
}

/* Operations whose answer is bytes, public ones to the arena, secret ones apart. */
static int ask_bytes(struct vault_client *client, struct vault_request request, struct arena *arena,
                     struct slice *bytes_out, struct fault *fault)
{
    struct vault_reply reply;
    int result = ask(client, &request, &reply, fault);
    if (result == 0)
        *bytes_out = arena_copy(arena, reply.bytes);
    forget(client);
    return result;
}

static int ask_secret(struct vault_client *client, struct vault_request request,
                      struct secret *secret_out, struct fault *fault)
{
    struct vault_reply reply;
    int result = ask(client, &request, &reply, fault);
    if (result == 0)
        secret_set(secret_out, reply.bytes);
    forget(client);
    return result;
}

int vault_token_sign(struct vault_client *client, struct slice bytes, struct arena *arena,
                     struct slice *signature_out, struct fault *fault)
{
    return ask_bytes(client, (struct vault_request){.op = OP_TOKEN_SIGN, .sign = bytes}, arena,
                     signature_out, fault);
}

int vault_push_sign(struct vault_client *client, struct slice bytes, struct arena *arena,
                    struct slice *signature_out, struct fault *fault)
{
    return ask_bytes(client, (struct vault_request){.op = OP_PUSH_SIGN, .sign = bytes}, arena,
                     signature_out, fault);
}

int vault_certificate_issue(struct vault_client *client, const struct vault_certificate *wanted,
                            struct arena *arena, struct slice *certificate_out, struct fault *fault)
{
    return ask_bytes(client, (struct vault_request){.op = OP_CERTIFICATE_ISSUE, .issue = *wanted},
                     arena, certificate_out, fault);
}

int vault_key_unwrap(struct vault_client *client, struct slice wrapped, struct secret *key_out,
                     struct fault *fault)
{
    return ask_secret(client, (struct vault_request){.op = OP_KEY_UNWRAP, .unwrap = wrapped},
                      key_out, fault);
}

int vault_seal(struct vault_client *client, struct slice purpose, struct slice bytes,
               struct arena *arena, struct slice *sealed_out, struct fault *fault)
{
    return ask_bytes(client, (struct vault_request){.op = OP_SEAL, .seal = {purpose, bytes}}, arena,
                     sealed_out, fault);
}

int vault_open(struct vault_client *client, struct slice purpose, struct slice sealed,
               struct secret *bytes_out, struct fault *fault)
{
    return ask_secret(client, (struct vault_request){.op = OP_OPEN, .seal = {purpose, sealed}},
                      bytes_out, fault);
}
