/* A visit to the web services, before a sign-in from nothing: on one HTTPS connection
 * a user meets autodiscover, fetches metadata, trades his password for a web ticket and
 * that for a certificate. The client halves of the rooms over one bare connection. */
#ifndef LYCHGATE_BENCH_VISIT_H
#define LYCHGATE_BENCH_VISIT_H

#include "bench/report.h"
#include "bench/stage.h"
#include "net/conn.h"

struct visit;

enum visit_step {
    VISIT_CONNECT,      /* TCP and TLS */
    VISIT_AUTODISCOVER, /* the user resource without a ticket: 401 */
    VISIT_TICKET_MEX,   /* metadata of the ticket service */
    VISIT_TICKET,       /* password for ticket */
    VISIT_USER,         /* the user resource with the ticket */
    VISIT_CERT_MEX,     /* metadata of the certificate service */
    VISIT_CERT,         /* GetAndPublishCert */
    VISIT_STEPS
};

const char *visit_step_name(enum visit_step step);

struct visit_handler {
    /* The certificate is the callee's. The visit is over; free it. */
    void (*on_certificate)(struct visit *visit, X509 *certificate);
    void (*on_failed)(struct visit *visit, const struct fault *why);
};

/* What the visits of one run share. */
struct visit_cast {
    const struct stage *stage;
    struct loop *loop;
    struct tls *tls;
    struct slice csr; /* PKCS#10, DER: one for all, as they have one key; no one reads its name */
    const struct visit_handler *handler;
    struct bench_series *steps[VISIT_STEPS];
};

/* Begin; `user` is handed back. NULL when the system gives no socket. */
struct visit *visit_new(const struct visit_cast *cast, const struct stage_user *who, void *user);

/* End the connection and free; the handler is not called again. The loop must run (or
 * be freed) afterwards. */
void visit_free(struct visit *visit);

void *visit_user(const struct visit *visit);

#endif
