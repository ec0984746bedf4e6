/* The message GetAndPublishCert as both halves see it ([MS-OCAUTHWS] section
 * 3.1.4.1). How an ErrorInfo looks inside is not known to us (signin.md section 5.1),
 * so what stands in ours is our own: ErrorId and Reason as in an OCS fault, and the
 * finding's id in a namespace of our own. */
#ifndef LYCHGATE_CERTPROV_WIRE_PRIV_H
#define LYCHGATE_CERTPROV_WIRE_PRIV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "xml/reader.h"

#define NS_LYCHGATE_CERTPROV "urn:lychgate:certprov:1"

/* A request; slices point into the document or the arena. */
struct certprov_request {
    struct slice entity;     /* without "sip:" */
    struct slice device_id;  /* the GUID, lower case, without braces */
    struct slice csr;        /* decoded */
    struct slice request_id; /* absent if it is */
};

/* Read what is inside the body: NULL or another element is -ERR_MALFORMED with
 * SOAP_MALFORMED; what is wrong inside GetAndPublishCert, with CSR_MALFORMED. entity
 * and device_id are filled as far as they could be read, for the answer. */
int certprov_request_parse(const struct xml_node *payload, struct arena *arena,
                           struct certprov_request *out, struct fault *fault);

/* Append the answer's envelope: with a certificate (DER), and with an ErrorInfo. */
void certprov_response_print(const struct certprov_request *request, struct slice certificate,
                             struct buf *out);
void certprov_error_print(const struct certprov_request *request, enum finding finding,
                          struct buf *out);

#endif
