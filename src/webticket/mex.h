/* Metadata of the web services: the WSDL that tells a client which endpoints a
 * service has, how one authenticates there, and who issues the tickets for it
 * ([MS-OCAUTHWS] section 3.1.4, WS-MetadataExchange, WS-SecurityPolicy 1.2).
 * Bare for GET, in a SOAP 1.2 envelope for POST. Both halves; for the web ticket
 * service and for the certificate service. */
#ifndef LYCHGATE_WEBTICKET_MEX_H
#define LYCHGATE_WEBTICKET_MEX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "http/message.h"

/* How a port authenticates: what its policy (named NAME_policy) says. */
enum mex_auth {
    MEX_AUTH_UNKNOWN = 0,
    MEX_AUTH_HTTP_BASIC,    /* http:BasicAuthentication */
    MEX_AUTH_HTTP_WINDOWS,  /* http:NegotiateAuthentication or NtlmAuthentication */
    MEX_AUTH_USERNAME,      /* sp:UsernameToken */
    MEX_AUTH_CERTIFICATE,   /* EndorsingSupportingTokens/X509Token: signed with its key */
    MEX_AUTH_TICKET_BEARER, /* SignedSupportingTokens/IssuedToken: no signature needed */
    MEX_AUTH_TICKET_PROOF,  /* EndorsingSupportingTokens/IssuedToken: signed with the proof key */
};

struct mex_port {
    struct slice name;     /* "WebTicketServiceWinNegotiate" */
    struct slice location; /* URL to POST to */
    enum mex_auth auth;
    struct slice issuer; /* URL of who issues the token asked for; absent if none is */
};

enum {
    MEX_PORTS_MAX = 32
};

struct mex_operation {
    struct slice name, action;
};

struct mex_service {
    struct slice name;      /* "WebTicketService" */
    const char *ns;         /* targetNamespace; not read back */
    struct slice port_type; /* "IWebTicketService"; like the next two not read back */
    struct slice operation; /* "IssueToken" */
    struct slice action;    /* SOAPAction of the operation */
    const struct mex_operation *operations; /* of a service with several, instead of the two; NULL;
                                               not read back */
    size_t operation_count;
    struct slice documentation; /* for people who read the WSDL; absent: none; not read back */
    const struct mex_port *ports;
    size_t port_count;
};

/* Append the WSDL. SIPE reads it with libxml2's eyes, but by first child of each
 * name, so policies come first, each as child of the root. */
void mex_print(const struct mex_service *service, struct buf *out);

/* Answer GET (the WSDL itself) and POST (SOAP 1.2, WS-Transfer Get; anything else
 * in it is refused with SOAP_MALFORMED). Credentials are passed over: SIPE sends
 * them along once it has any. Cheap, no blocking. */
void mex_answer(const struct mex_service *service, const struct http_request *request,
                struct http_reply *reply, struct arena *arena);

/* The body of the POST a full client sends. */
void mex_request_print(struct slice url, struct slice message_id, struct buf *out);

/* Read either form of answer; everything is copied to the arena. Ports without a
 * location are passed over. -ERR_MALFORMED, SOAP_MALFORMED: no WSDL in it, or more
 * than MEX_PORTS_MAX ports; or what the XML reader refuses. */
int mex_parse(struct slice body, struct arena *arena, struct mex_service *out, struct fault *fault);

/* The port of that name (case is ignored), or the first of that way to
 * authenticate; NULL if there is none. */
const struct mex_port *mex_find(const struct mex_service *service, const char *name);
const struct mex_port *mex_find_auth(const struct mex_service *service, enum mex_auth auth);

#endif
