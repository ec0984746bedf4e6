/* A desk: what one worker thread has for itself. Database handles and vault
 * sockets serve one thread at a time, so every worker has its own; a handler
 * that runs on a worker asks for the desk it is sitting at. */
#ifndef LYCHGATE_ACCOUNTS_DESK_H
#define LYCHGATE_ACCOUNTS_DESK_H

struct accounts;
struct store_reader;
struct vault_client;

struct desk {
    struct accounts *accounts;
    struct vault_client *vault;
    struct store_reader *reader; /* of accounts, for rooms that keep something of their own */
};

/* The calling thread's desk; never NULL on a worker. The server hands this
 * function to the rooms; a room test hands one that yields its only desk. */
typedef struct desk *desk_fn(void *arg);

#endif
