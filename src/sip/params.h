/* The small grammars inside SIP header values: lists, parameters, addresses,
 * credentials. Nothing is copied; folded lines read as blanks. All iterators
 * return 1 with an item, 0 at the end, -ERR_MALFORMED where the text breaks the
 * grammar (unclosed quote or bracket). Values of a message that sip_parse() took
 * and that it checks (see message.h) never yield the third. */
#ifndef LYCHGATE_SIP_PARAMS_H
#define LYCHGATE_SIP_PARAMS_H

#include "base/slice.h"
#include "sip/uri.h"

struct sip_param {
    struct slice name;
    struct slice value; /* without its quotes; absent when there is no '=' */
    bool quoted;
};

/* Next of ";name=value;flag;name=\"quoted; text\"". *rest starts as the text from
 * the first ';' on. In quoted values a backslash hides the next character
 * (RFC 3261 section 25.1); it is left in the value. */
int sip_param_next(struct slice *rest, struct sip_param *param);

/* The value of a parameter by name, in any case; absent when it is not there or
 * the text is broken before it; present and empty when it has no value. */
struct slice sip_param_find(struct slice params, struct slice name);

/* Next item of a comma list, trimmed; commas in quotes and <> do not count;
 * empty items are passed over. */
int sip_list_next(struct slice *rest, struct slice *item);

/* name-addr or addr-spec with header parameters: From, To, Contact, Route,
 * P-Asserted-Identity. */
struct sip_address {
    struct slice text;    /* all of it */
    struct slice display; /* without its quotes, escapes left in; absent when none */
    struct sip_uri uri;   /* uri.text is what stands between < and > */
    struct slice params;  /* header parameters, from the first ';' */
    struct slice tag;     /* From, To: absent when none */
    struct slice epid;    /* [MS-SIP] endpoint id, as sent; absent when none */
    bool bracketed;
};

/* Returns 0 or -ERR_MALFORMED. `what` names the header in the fault. */
int sip_address_parse(struct slice text, const char *what, struct sip_address *address,
                      struct fault *fault);

/* Credentials and challenges: the value of Authorization, Proxy-Authorization,
 * WWW-Authenticate, Proxy-Authenticate, Authentication-Info. [MS-SIP] section 3.1:
 * names in any case, values quoted or bare, no backslash escaping. */
struct sip_auth {
    struct slice scheme; /* "TLS-DSK" */
    struct slice params; /* for sip_auth_next() */
    /* What [MS-SIPAE] uses; absent when it is not there, present and empty for "". */
    struct slice realm, targetname, opaque, qop, gssapi_data, version, sts_uri;
    struct slice crand, cnum, response; /* client to server */
    struct slice srand, snum, rspauth;  /* server to client */
};

/* Returns 0 or -ERR_MALFORMED (a parameter twice is malformed too). */
int sip_auth_parse(struct slice value, struct sip_auth *auth, struct fault *fault);

/* Next parameter of sip_auth.params, known or not. */
int sip_auth_next(struct slice *rest, struct sip_param *param);

/* The top or any other Via (RFC 3261 section 20.42). */
struct sip_via {
    struct slice text;
    struct slice transport; /* "TLS", as sent */
    struct slice host;
    uint16_t port; /* 0: none given */
    struct slice params;
    struct slice branch;
};

int sip_via_parse(struct slice text, struct sip_via *via, struct fault *fault);

#endif
