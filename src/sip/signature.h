/* The parts of a message that [MS-SIPAE] section 3.2.5.2 signs, in the form they
 * have in the message. auth/ makes the string and the MAC; scheme, rand, num,
 * realm and targetname come from the authentication header. */
#ifndef LYCHGATE_SIP_SIGNATURE_H
#define LYCHGATE_SIP_SIGNATURE_H

#include "base/slice.h"

struct sip_message;

/* Slices of the message; an absent one is signed as <>. In the order of signing. */
struct sip_signature_fields {
    struct slice call_id;
    uint32_t cseq;            /* decimal */
    struct slice cseq_number; /* its digits as on the wire */
    struct slice cseq_method;
    struct slice from_uri; /* between < and > */
    struct slice from_tag;
    struct slice to_uri; /* versions 3 and 4 only */
    struct slice to_tag;
    struct slice identity_sip; /* P-Asserted-Identity, else P-Preferred-Identity: <sip:...> */
    struct slice identity_tel; /* the same: tel: URI, bracketed or bare */
    struct slice expires;      /* the first Expires header, not the Contact parameter */
    int status;                /* 0: a request; the field is then left out altogether */
};

/* Of a message that was received. */
void sip_signature_fields(const struct sip_message *message, struct sip_signature_fields *fields);

/* The sip: and tel: URIs of an identity header's value, the way SIPE takes them:
 * only what stands in brackets, except that a bare tel: is taken whole and a bare
 * sip: is not taken at all. Sets only what it finds and leaves the rest. */
void sip_signature_identity(struct slice value, struct sip_signature_fields *fields);

#endif
