/* SAML 1.1 assertions ([SAMLCore1.1] section 2.3), one shape for both issuers of
 * the house: web tickets, and the tokens that Org ID hands out for the web ticket
 * service. About one subject: authenticated at a time, by a method, with an
 * account number as attribute. */
#ifndef LYCHGATE_WEBTICKET_SAML_H
#define LYCHGATE_WEBTICKET_SAML_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "vault/vault.h"
#include "xml/dsig.h"
#include "xml/reader.h"

/* Namespace of the two things in an assertion that are Lychgate's own: the
 * attribute "account", and the element SealedKey in KeyInfo. Nobody but the
 * server that wrote them reads them. */
#define NS_LYCHGATE_TICKET "urn:lychgate:webticket:1"

struct saml_assertion {
    struct slice id; /* AssertionID; an XML name, so it begins with a letter */
    struct slice issuer;
    struct slice audience;
    struct slice subject; /* "sip:alice@contoso.test"; NameIdentifier, Format claims/uri */
    const char *method;   /* how he authenticated: SAML_AM_PASSWORD, SAML_AM_X509,
                             SAML_AM_UNSPECIFIED, which is also what any other reads as */
    int64_t account_id;
    int64_t issued; /* ms since the epoch, as all times here; written in whole seconds */
    int64_t not_before;
    int64_t not_after;       /* NotOnOrAfter */
    struct slice sealed_key; /* bytes of vault_seal(); absent: bearer, else holder-of-key */
};

/* A new id: "SamlSecurityToken-" and a GUID, as Lync has it. */
struct slice saml_new_id(struct arena *arena);

/* Append the signed assertion, an element with all its namespace declarations
 * (it may be pasted anywhere). Asks the vault: worker threads only. -ERR_IO. */
int saml_issue(const struct saml_assertion *assertion, const struct vault_public *keys,
               struct vault_client *vault, struct buf *out, struct fault *fault);

struct saml_check {
    const struct dsig_key *key; /* of the one who may have signed */
    struct slice issuer;
    int64_t now;
    int64_t skew_ms;
};

/* Read an assertion and believe it: signature, issuer, conditions in time. The
 * audience is the caller's to compare. Slices come from the arena. Findings:
 * SIGNATURE_INVALID, SIGNATURE_WRAPPED, TICKET_MALFORMED (well signed, but not
 * of our shape), TICKET_AUDIENCE (another issuer), TICKET_NOT_YET_VALID and
 * TICKET_EXPIRED (-ERR_EXPIRED). */
int saml_verify(const struct xml_node *element, const struct saml_check *check, struct arena *arena,
                struct saml_assertion *out, struct fault *fault);

#endif
