/* Certificate provisioning, client half: GetAndPublishCert as bytes, its answer as
 * struct, no I/O. Which port to POST to is in the service's metadata (webticket/mex.h,
 * CERTPROV_PORT); key and request come from certprov/csr.h. */
#ifndef LYCHGATE_CERTPROV_CLIENT_H
#define LYCHGATE_CERTPROV_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

#define CERTPROV_PORT         "CertProvisioningServiceWebTicketProof_SHA1"
#define CERTPROV_ACTION       "http://schemas.microsoft.com/OCS/AuthWebServices/GetAndPublishCert"
#define CERTPROV_SOAP_ACTION  "\"" CERTPROV_ACTION "\""
#define CERTPROV_CONTENT_TYPE "text/xml; charset=utf-8"

struct certprov_ask {
    struct slice security;   /* what goes inside wsse:Security: webticket_security_print() */
    struct slice device_id;  /* the GUID of +sip.instance, without braces */
    struct slice address;    /* "alice@contoso.test" */
    struct slice csr;        /* PKCS#10, DER */
    struct slice request_id; /* a GUID as text, of the caller's choice */
};

/* Append the SOAP 1.1 message. */
void certprov_request_print(const struct certprov_ask *ask, struct buf *out);

/* The certificate; slices are the arena's. */
struct certprov_grant {
    struct slice certificate; /* DER */
    struct slice subject;     /* its common name; absent if it has none */
    struct slice issuer;      /* the same of its issuer */
    int64_t not_before;       /* ms since the epoch */
    int64_t not_after;
};

/* Read the body of a 200. -ERR_DENIED: an ErrorInfo or a SOAP fault, with the finding
 * that it names, else CSR_MALFORMED and the service's own words in the detail;
 * -ERR_MALFORMED, SOAP_MALFORMED: no such response, or no X.509 certificate in it; or
 * what the XML reader refuses. For answers other than 200 there is
 * webticket_refusal(). */
int certprov_response_parse(struct slice body, struct arena *arena, struct certprov_grant *out,
                            struct fault *fault);

/* Is this the certificate for that key? -ERR_FORGED, CSR_MALFORMED, if it is not: the
 * service sent somebody else's. */
int certprov_grant_check(const struct certprov_grant *grant, struct slice csr, struct fault *fault);

#endif
