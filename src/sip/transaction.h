/* Transactions over a reliable transport (RFC 3261 section 17, RFC 6026), without
 * sockets and without a clock. TCP does not lose messages, so there is nothing to
 * send again: timers A, E, G do not exist and D, I, J, K are zero. What remains is
 * which request a response belongs to, what an ACK or CANCEL speaks of, and
 * giving up in time. One table a connection; only its loop touches it. */
#ifndef LYCHGATE_SIP_TRANSACTION_H
#define LYCHGATE_SIP_TRANSACTION_H

#include "base/fault.h"
#include "sip/message.h"

enum {
    SIP_TIMEOUT_MS = 32000
}; /* 64 * T1: timers B, F, H, L */

struct sip_transactions;

enum sip_transaction_state {
    SIP_TX_CALLING,    /* client: sent, nothing came yet */
    SIP_TX_PROCEEDING, /* client: a provisional response came; server: not answered yet */
    SIP_TX_ACCEPTED,   /* INVITE, 2xx: late ones of other branches still belong to it */
    SIP_TX_COMPLETED,  /* server INVITE, answered with an error: waits for ACK */
    SIP_TX_ENDED,
};

struct sip_transaction; /* opaque; owned by the table, gone once it has ENDED */

/* A table of at most `limit` transactions (0: 256). */
struct sip_transactions *sip_transactions_new(size_t limit);
void sip_transactions_free(struct sip_transactions *table);
size_t sip_transactions_count(const struct sip_transactions *table);

enum sip_transaction_state sip_transaction_state(const struct sip_transaction *tx);
void *sip_transaction_user(const struct sip_transaction *tx);

/* ---- client: requests that we send ---------------------------------------- */

/* A request with this branch has been sent. `user` is handed back. -ERR_LIMIT when
 * the table is full, -ERR_CONFLICT when branch and method are in use. timeout_ms 0:
 * SIP_TIMEOUT_MS. ACK has no transaction: do not register it. */
int sip_client_sent(struct sip_transactions *table, struct slice branch, struct slice method,
                    int64_t now, int64_t timeout_ms, void *user, struct fault *fault);

/* What a response means to us. */
struct sip_answer {
    bool known;    /* false: belongs to no request of ours, drop it */
    bool final;    /* the transaction is over (INVITE 2xx: see ACCEPTED) */
    bool repeated; /* INVITE: one more 2xx; of another fork if its To tag is new */
    bool send_ack; /* INVITE was refused: the transaction sends ACK (section 17.1.1.3) */
    void *user;    /* as given to sip_client_sent() */
};

/* A response came. Matched by the branch of the top Via and the method in CSeq. */
struct sip_answer sip_client_received(struct sip_transactions *table,
                                      const struct sip_message *response, int64_t now);

/* ---- server: requests that come to us ------------------------------------- */

enum sip_arrival {
    SIP_ARRIVAL_NEW,            /* hand it to the dispatcher; *tx is its transaction */
    SIP_ARRIVAL_REPEATED,       /* already in work: drop */
    SIP_ARRIVAL_ACK,            /* acknowledges an error we sent: nothing to do */
    SIP_ARRIVAL_ACK_2XX,        /* belongs to the dialog: hand it on, never answer */
    SIP_ARRIVAL_CANCEL,         /* answer 200, and 487 to the request in *tx */
    SIP_ARRIVAL_CANCEL_UNKNOWN, /* answer 481 */
    SIP_ARRIVAL_FULL,           /* too many at once: answer 503 */
};

enum sip_arrival sip_server_received(struct sip_transactions *table,
                                     const struct sip_message *request, int64_t now,
                                     struct sip_transaction **tx);

/* The answer to *tx is going out. A final one ends it (INVITE: when ACK comes or
 * time is up), so tx must not be used afterwards. */
void sip_server_replied(struct sip_transactions *table, struct sip_transaction *tx, int status,
                        int64_t now);

/* The user of a server transaction, e.g. the worker job, so that CANCEL finds it. */
void sip_transaction_set_user(struct sip_transaction *tx, void *user);

/* ---- time ------------------------------------------------------------------ */

/* When the next one runs out; INT64_MAX: none. */
int64_t sip_transactions_deadline(const struct sip_transactions *table);

/* End what ran out before `now`. For each client transaction that never had its
 * final answer `expired` is called with its user (the caller goes on as if 408 had
 * come); server transactions end silently. INT64_MAX ends those of the client that wait
 * without end, too: the connection is gone. */
typedef void sip_expired_fn(void *arg, enum sip_method method, void *user);
void sip_transactions_expire(struct sip_transactions *table, int64_t now, sip_expired_fn *expired,
                             void *arg);

#endif
