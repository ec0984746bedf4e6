/* The web half of a sign-in for tests: a password becomes a ticket, a ticket becomes a
 * certificate, over one connection. Out of the client halves of webticket/ and
 * certprov/; the pieces are offered apart, so that a test can spoil any of them. */
#ifndef LYCHGATE_TESTS_WEB_CLIENT_H
#define LYCHGATE_TESTS_WEB_CLIENT_H

#include "certprov/client.h"
#include "lab_server.h"
#include "webticket/client.h"
#include "wire.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* https://webdir.contoso.test:PORT/PATH */
struct slice web_url(const struct lab_server *lab, struct arena *arena, const char *path);

/* Send "METHOD path" with these header lines (each ended by CRLF; "" for none) beside
 * Host, and a body (absent: no Content-Length either), and read the response. */
bool web_ask(struct wire *wire, const struct lab_server *lab, const char *method, const char *path,
             const char *headers, struct slice body, struct arena *arena,
             struct wire_response *out);

/* The same without reading anything; `host` without its port. */
bool web_send(struct wire *wire, const struct lab_server *lab, const char *method, const char *host,
              const char *path, const char *headers, struct slice body);

/* POST a SOAP 1.1 message. */
bool web_post(struct wire *wire, const struct lab_server *lab, const char *path,
              const char *headers, struct slice body, struct arena *arena,
              struct wire_response *out);

/* Send a request for a web ticket by Basic. */
bool web_send_ticket(struct wire *wire, const struct lab_server *lab, const char *address,
                     const char *password, struct slice entropy);

/* Send it and read the response, whatever that is. */
bool web_ask_ticket(struct wire *wire, const struct lab_server *lab, const char *address,
                    const char *password, struct slice entropy, struct arena *arena,
                    struct wire_response *out);

/* The same to the end: 0 with a ticket, to be given to webticket_grant_fini(). */
int web_ticket(struct wire *wire, const struct lab_server *lab, const char *address,
               const char *password, struct arena *arena, struct webticket_grant *grant_out);

/* A certificate request of `address` with the ticket, as it is POSTed to WEB_CERT. */
struct slice web_cert_request(const struct webticket_grant *grant, int64_t now, const char *address,
                              struct slice csr, struct arena *arena);
#define WEB_CERT "/CertProv/CertProvisioningService.svc/WebTicket_Proof"

/* All of it: ticket, request, certificate for the key; NULL on failure. */
X509 *web_certificate(const struct lab_server *lab, struct tls *tls, const char *address,
                      const char *password, EVP_PKEY *key);

#endif
