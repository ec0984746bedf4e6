/* A SIP client for tests, blocking, one message at a time. It can sign in by the book,
 * and it hands out each message as bytes before they are sent, so that a test can
 * spoil, repeat or withhold them. Out of the client halves of sip/ and auth/. */
#ifndef LYCHGATE_TESTS_SIP_CLIENT_H
#define LYCHGATE_TESTS_SIP_CLIENT_H

#include "auth/association.h"
#include "auth/challenge.h"
#include "auth/tlsdsk.h"
#include "sip/frame.h"
#include "sip/message.h"
#include "wire.h"

/* Who somebody is; borrowed by clients. */
struct identity {
    const char *address; /* "alice@contoso.test" */
    EVP_PKEY *key;
    X509 *certificate;
};

/* Read-only for others, except wire (give another one to go on elsewhere). */
struct sip_client {
    struct wire *wire; /* borrowed; several clients may share one */
    const struct identity *who;
    struct arena *arena; /* of the client's life */
    struct slice epid, tag, call_id;
    uint32_t cseq;
    struct sip_message message;      /* the last that came */
    struct challenge challenge;      /* the last of the server's */
    struct tlsdsk *tlsdsk;           /* while a handshake runs */
    struct association *association; /* after it */
};

void sip_client_init(struct sip_client *client, struct wire *wire, const struct identity *who);
void sip_client_fini(struct sip_client *client);

/* ---- going out: bytes, in the client's arena ---- */

struct sip_client_ask {
    enum sip_method method;    /* SIP_METHOD_OTHER: REGISTER */
    const char *from;          /* another address than its own; NULL: its own */
    const char *to;            /* whom it is for; NULL: as in From */
    const char *to_tag;        /* of a dialog */
    const char *uri;           /* the Request-URI; NULL: "sip:" and whom it is for */
    const char *call_id;       /* NULL: that of its registration */
    struct slice name, value;  /* one more header line */
    const char *lines;         /* and more: "Event: presence\nSupported: eventlist\n"; or NULL */
    struct slice content_type; /* with a body */
    struct slice body;
    int expires; /* -1: sign out; 0: no Expires header */
};

/* ask NULL: a REGISTER as Lync sends it. */
struct slice sip_client_plain(struct sip_client *client, const struct sip_client_ask *ask);
struct slice sip_client_token(struct sip_client *client, const struct sip_client_ask *ask,
                              struct slice token);
struct slice sip_client_signed(struct sip_client *client, const struct sip_client_ask *ask);

bool sip_client_send(struct sip_client *client, struct slice bytes);

/* ---- coming in ---- */

/* The next message. Returns its status, 0 for a request, -1 when the connection ended
 * or nothing came in time. A challenge in it becomes client->challenge. */
int sip_client_receive(struct sip_client *client);

/* Send and receive. */
int sip_client_exchange(struct sip_client *client, struct slice bytes);

/* The final response to what was sent last; what comes before it is passed over. */
int sip_client_answer(struct sip_client *client);

/* Signed, sent, answered. */
int sip_client_ask(struct sip_client *client, const struct sip_client_ask *ask);

/* A request comes that has this text anywhere; what comes before it is passed over. */
bool sip_client_hears(struct sip_client *client, const char *text);

/* Our response to the last message, which is a request; signed. */
struct slice sip_client_reply(struct sip_client *client, int status);

/* Is the last message signed by the server, on our association? */
bool sip_client_trusts(struct sip_client *client);

/* ---- signing in ---- */

/* One step of the handshake out of the last challenge: our token goes to *token_out
 * (empty at the end). Returns tlsdsk_step's answer; after TLSDSK_DONE
 * client->association is there. */
int sip_client_shake(struct sip_client *client, struct slice *token_out);

/* From the first REGISTER to the association, the signed one still to come. 0, or the
 * status of an answer other than 401, or -1. */
int sip_client_associate(struct sip_client *client);

/* Everything; 200 when signed in. */
int sip_client_sign_in(struct sip_client *client);

#endif
