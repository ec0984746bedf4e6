/* What the files of the web ticket service share. */
#ifndef LYCHGATE_WEBTICKET_WEBTICKET_PRIV_H
#define LYCHGATE_WEBTICKET_WEBTICKET_PRIV_H

#include "accounts/account.h"
#include "webticket/mex.h"
#include "webticket/replay_priv.h"
#include "webticket/saml.h"
#include "webticket/ticket.h"
#include "webticket/trust.h"

struct webticket {
    struct webticket_options options; /* defaults filled in; keys is cleared */
    struct arena *arena;              /* of all strings below */
    struct vault_public keys;
    struct dsig_key *token_key;
    EVP_PKEY *user_ca; /* NULL: there is none, and nobody comes by certificate */
    struct slice issuer, orgid_issuer;
    struct replay *replay;
    struct mex_service plain_mex; /* what SIPE reads: without WsFedBearer */
    struct mex_service full_mex;
};

/* Somebody has proved to be this account: answer his request. */
struct webticket_issue {
    struct webticket *webticket;
    const struct desk *desk;
    const struct soap_message *message;
    const struct trust_request *request;
    const struct account *account;
    const char *method; /* SAML_AM_... */
    int64_t now;
};

/* Append the answer's SOAP envelope. CLAIM_MISMATCH, TICKET_AUDIENCE,
 * RST_UNSUPPORTED (nothing was signed then), or what the vault says. */
int webticket_issue(const struct webticket_issue *issue, struct buf *out, struct fault *fault);

/* What a proof key is sealed for: only to be used with this assertion. */
struct slice webticket_seal_purpose(struct arena *arena, struct slice assertion_id);

/* The wsu:Timestamp of a Security header: both times, within the tolerance.
 * Several, or an unreadable one: TICKET_MALFORMED. None: 0 and node NULL. */
struct timestamp {
    const struct xml_node *node;
    int64_t created;
    int64_t expires;
};
int webticket_timestamp(const struct xml_node *security, int64_t skew_ms, int64_t now,
                        struct timestamp *out, struct fault *fault);

/* ---- one request on its way; what all SOAP ways in share ------------------------------ */

struct asking {
    struct webticket *webticket;
    const struct http_request *http;
    struct http_reply *reply;
    struct arena *arena;
    int64_t now;
    const struct desk *desk;
    struct xml_doc *doc;
    struct soap_message message;
    struct trust_request request;
    struct timestamp timestamp;
    struct account account; /* of whoever has proved to be it */
};

struct asking asking_of(struct webticket *webticket, const struct http_request *request,
                        struct http_reply *reply, struct arena *arena, int64_t now);

/* Read message, request and Timestamp; issue; and end: refuse with *fault if err, free. */
int asking_read(struct asking *asking, struct fault *fault);
int asking_give(struct asking *asking, const char *method, struct fault *fault);
void asking_finish(struct asking *asking, int err, const struct fault *fault);

#define PATH_CERT SITE_PATH_WEBTICKET "/Cert"

/* POST to PATH_CERT (an http_answer_fn; on a worker). */
void webticket_answer_certificate(void *role, const struct http_request *request,
                                  struct http_reply *reply, struct arena *arena, int64_t now);

/* POST /WebTicket/oauthtoken (an http_answer_fn; on a worker). */
void webticket_answer_oauth(void *role, const struct http_request *request,
                            struct http_reply *reply, struct arena *arena, int64_t now);

#endif
