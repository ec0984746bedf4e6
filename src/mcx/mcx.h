/* The MCX face: the mobility service as Lync 2010 had it at /Mcx/McxService.svc, by a contract
 * of our own (mcx/wire.h, docs/mcx.md), since Microsoft's was never published. Phones with Lync
 * 2010 Mobile cannot use it; `lychgate signin --mobile` does.
 *
 * Two halves. The door, on a worker: ticket and message are checked, nothing is remembered. The
 * service, without I/O, one object a home loop: sessions, each with its phone
 * (mobility/phone.h); a request goes in by mcx_answer(), parked as http_later, and its reply goes
 * out when it is known: at once, when the phone has answered, or, for Poll, when something
 * happened. */
#ifndef LYCHGATE_MCX_MCX_H
#define LYCHGATE_MCX_MCX_H

#include "http/routes.h"
#include "mcx/wire.h"
#include "mobility/phone.h"
#include "site/site.h"
#include "webticket/ticket.h"

/* ---- the door ----------------------------------------------------------------------------- */

/* Rows for GET SITE_PATH_MCX (a page that says what it is: the health check of Lync's
 * administrators) and GET, POST SITE_PATH_MCX/mex. POST SITE_PATH_MCX is the server's row, which
 * needs the way home. `site` is borrowed; what the rows point to is the arena's. */
void mcx_add_routes(const struct site *site, struct arena *arena, struct http_routes *routes);

/* Read a POST: SOAP 1.1, a ticket in wsse:Security that is proven, used once and issued for a
 * certificate, an operation. Worker threads only. The failures of webticket_verify_soap(),
 * MCX_NO_CERTIFICATE, those of mcx_request_parse(). */
int mcx_read(struct webticket *webticket, const struct http_request *request, int64_t now,
             struct arena *arena, struct webticket_claims *claims_out,
             struct mcx_request *request_out, struct fault *fault);

/* Refuse in this service's way: fault, status, X-Ms-diagnostics. */
void mcx_refuse(const struct site *site, struct http_reply *reply, struct arena *arena,
                const struct fault *fault);

/* ---- the service -------------------------------------------------------------------------- */

struct mcx;

enum {
    MCX_PER_USER = 8 /* sessions of one user */
};

struct mcx_options {
    const struct site *site;         /* borrowed */
    const struct phone_host *phones; /* borrowed */
    size_t total;                    /* sessions in all; 0: 20,000 */
    /* Keep a device's push subscription, somewhere where one may block; then mcx_subscribed()
     * with the same session and number, once, never from within. Slices are good during the
     * call. */
    void (*subscribe)(void *arg, struct slice account, struct slice device, struct slice json,
                      struct slice session, uint64_t number);
    void *arg;
};

struct mcx *mcx_new(const struct mcx_options *options);

/* Ends all: phones are closed, what waits is answered 503. */
void mcx_free(struct mcx *mcx);

/* Answer what mcx_read() has read, of somebody who has proved to be `account` by a ticket that
 * is good until `expires` (ms since the epoch; no poll is held longer). `request` must live as
 * long as later->arena. Takes `later` over. */
void mcx_answer(struct mcx *mcx, struct slice account, int64_t expires,
                const struct mcx_request *request, struct http_later *later, int64_t now);

/* The answer to options.subscribe; fault NULL: it is kept, and the phone knows. */
void mcx_subscribed(struct mcx *mcx, struct slice session, uint64_t number,
                    const struct fault *fault);

/* It is now; for what phones tell until the next call. */
void mcx_time(struct mcx *mcx, int64_t now);

/* When mcx_tick() has something to do next (ms since the epoch); INT64_MAX: nothing. */
int64_t mcx_due(const struct mcx *mcx);

/* Polls whose time has come or whose phone has hung up. */
void mcx_tick(struct mcx *mcx, int64_t now);

size_t mcx_count(const struct mcx *mcx);

#endif
