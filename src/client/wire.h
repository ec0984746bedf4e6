/* The SIP connection: TLS over TCP, waited on with poll(). */
#ifndef LYCHGATE_CLIENT_WIRE_H
#define LYCHGATE_CLIENT_WIRE_H

#include "client/reach.h"
#include "net/tls.h"
#include "trace/trace.h"

struct wire;

struct wire_options {
    struct tls *tls;           /* borrowed */
    struct slice host;         /* whose name the certificate must carry */
    uint16_t port;             /* for traces: what was asked for */
    const struct reach *reach; /* where it is; its addresses are tried in order */
    int timeout_ms;            /* for each address, TLS included */
    int stop_fd;               /* readable: give up waiting (-ERR_CONFLICT); -1: none */
    struct trace *trace;       /* may be NULL; borrowed */
};

/* Connect and shake hands; NULL with a fault: CONNECTION_REFUSED, _TIMEOUT,
 * NETWORK_UNREACHABLE, or what tls_fault() finds. */
struct wire *wire_open(const struct wire_options *options, struct fault *fault);

/* Ends the connection in good order as far as that needs no waiting; NULL is fine. */
void wire_close(struct wire *wire);

SCOPED_FREE(wire, struct wire, wire_close)

/* Send a message; returns when it is with the kernel. */
int wire_send(struct wire *wire, struct slice message, struct fault *fault);

/* Send CRLFCRLF, the sign of life ([MS-CONMGMT] 2.2.1). */
int wire_keepalive(struct wire *wire, struct fault *fault);

/* Wait for a whole message until clock_monotonic() is `until`. 0: *message_out holds it
 * until the next call. -ERR_AGAIN: none came in time. -ERR_CONFLICT: stop_fd. -ERR_IO
 * CONNECTION_LOST; sip_frame's errors. */
int wire_receive(struct wire *wire, int64_t until, struct slice *message_out, struct fault *fault);

int wire_fd(const struct wire *wire);                /* for poll() */
struct slice wire_local(const struct wire *wire);    /* "10.0.0.5:40112" */
struct slice wire_peer(const struct wire *wire);     /* "192.0.2.7:5061" */
struct slice wire_security(const struct wire *wire); /* "TLSv1.3 TLS_AES_256_GCM_SHA384" */

#endif
