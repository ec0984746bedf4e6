/* What every part of a wing asks: where am I, whose home is where, and the trace. */
#include "base/clock.h"
#include "server/server_priv.h"

static struct wing *wing_of_loop(struct server *server, const struct loop *loop)
{
    for (unsigned i = 0; i < server->wing_count; i++)
        if (server->wings[i].loop == loop)
            return &server->wings[i];
    return NULL;
}

struct wing *wing_of_conn(const struct conn *conn)
{
    return wing_of_loop(conn_user(conn), conn_loop(conn));
}

void server_trace(struct server *server, enum trace_layer layer, struct conn *conn, bool inbound,
                  struct slice bytes)
{
    if (!server->trace)
        return;
    scoped(arena) struct arena *arena = arena_new();
    struct address local = conn_local(conn);
    struct slice peer = address_print_host(arena, conn_peer(conn)); /* ports come and go */
    struct slice here = address_print(arena, &local);
    trace_write(server->trace,
                &(struct trace_record){
                    .at_us = clock_now() * 1000,
                    .layer = layer,
                    .component = layer == TRACE_SIP ? SLICE(TRACE_SIPSTACK) : SLICE(""),
                    .from = inbound ? peer : here,
                    .to = inbound ? here : peer,
                    .conversation = arena_print(arena, "%llu", (unsigned long long)conn_id(conn)),
                    .text = bytes,
                });
}

struct wing *wing_of_account(struct server *server, struct slice account)
{
    return &server->wings[slice_hash_nocase(account) % server->wing_count];
}
