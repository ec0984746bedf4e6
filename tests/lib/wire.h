/* A client's connection for tests, blocking: bytes as they are, with or without TLS,
 * so that a test can send what no well-behaved client would. Every wait has an end. */
#ifndef LYCHGATE_TESTS_WIRE_H
#define LYCHGATE_TESTS_WIRE_H

#include "base/buf.h"
#include "base/memory.h"
#include "net/tls.h"

#include <stdint.h>

struct arena;

enum {
    WIRE_PATIENCE_MS = 20000 /* longest wait where no other is named */
};

struct wire {
    int fd;
    struct ssl_st *ssl; /* NULL: plain */
    struct buf in;      /* what came and was not consumed yet */
    bool ended;         /* the peer closed or reset */
};

/* Connect to a port of 127.0.0.1, from that loopback address (NULL: 127.0.0.1), and
 * with `tls` shake hands as a client that wants this name. NULL: refused. */
struct wire *wire_open(uint16_t port, const char *from, struct tls *tls, const char *name);

/* Close without ceremony; NULL is fine. */
void wire_close(struct wire *wire);

/* Say that no more will come (half-close), still listening. */
void wire_finish(struct wire *wire);

/* Send all. False when the peer has gone, which a test may expect. */
bool wire_write(struct wire *wire, struct slice bytes);

/* Wait until something came: 1 with more in wire->in, 0 at the end, -1 when `ms`
 * passed. */
int wire_read(struct wire *wire, int ms);

/* Did the peer end the connection? Whatever it still sends is passed over. */
bool wire_ends(struct wire *wire);

/* One HTTP response; slices are the arena's. */
struct wire_response {
    int status;
    struct slice head, body;
};

/* The next one; false when the connection ends before it is whole. */
bool wire_response(struct wire *wire, struct arena *arena, struct wire_response *out);

/* The value of the first header of that name; absent if there is none. */
struct slice wire_header(const struct wire_response *response, const char *name);

SCOPED_FREE(wire, struct wire, wire_close)

#endif
