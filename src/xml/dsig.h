/* XML signatures, exactly those that web tickets need: an element that carries
 * its own signature (SAML assertions), and a time stamp under an HMAC (proof of
 * possession). Nothing else of XML-DSig is read or written.
 *
 * Private keys live in the vault, so signing comes in two halves: prepare makes
 * the octets to be signed, finish makes the ds:Signature around the result. */
#ifndef LYCHGATE_XML_DSIG_H
#define LYCHGATE_XML_DSIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"
#include "xml/reader.h"

#include <openssl/types.h>

enum dsig_method {
    DSIG_RSA_SHA256 = 1,
    DSIG_ECDSA_SHA256, /* P-256 */
    DSIG_HMAC_SHA1,    /* digests are SHA-1 with this one, SHA-256 with all others */
    DSIG_HMAC_SHA256,
};

/* ---- signing an element by itself (enveloped signature) --------------------- */

/* Append the canonical ds:SignedInfo for an element, given as its exclusive C14N
 * text without signature (as our writer makes it) and the value of its id
 * attribute. These bytes are what is to be signed. */
void dsig_enveloped_prepare(struct slice element, struct slice id, enum dsig_method method,
                            struct buf *signed_info_out);

/* Append the ds:Signature element for a SignedInfo from prepare and a signature:
 * RSA and HMAC as they are, ECDSA as DER (what OpenSSL makes) or as r||s.
 * certificate (DER) is shown in KeyInfo, absent: no KeyInfo. -ERR_INTERNAL if an
 * ECDSA signature is neither form. */
int dsig_enveloped_finish(struct slice signed_info, enum dsig_method method, struct slice signature,
                          struct slice certificate, struct buf *out, struct fault *fault);

/* Append the element with the signature before its end tag. */
void dsig_enveloped_insert(struct slice element, struct slice signature_xml, struct buf *out);

/* ---- signing a time stamp with a proof key ----------------------------------- */

struct dsig_hmac_options {
    enum dsig_method method; /* DSIG_HMAC_SHA1 or _SHA256 */
    struct slice text;       /* the referenced element, exclusive C14N text */
    struct slice id;         /* its wsu:Id */
    struct slice key;        /* the proof key; secret */
    struct slice key_info;   /* ready text inside KeyInfo, absent: no KeyInfo */
};

/* Append the Signature element (xmldsig as default namespace, as SIPE writes it). */
void dsig_hmac_print(const struct dsig_hmac_options *options, struct buf *out);

/* Append the canonical SignedInfo alone (for tests against vectors). */
void dsig_hmac_signed_info(const struct dsig_hmac_options *options, struct buf *out);

/* The KeyInfo content that names an assertion: wsse:SecurityTokenReference. */
void dsig_key_info_assertion(struct slice assertion_id, struct buf *out);

/* ---- verifying ------------------------------------------------------------------ */

/* A public key made ready once and used for many verifications, from any thread. */
struct dsig_key;

/* From an EVP_PKEY (a reference is kept) or a DER certificate (its dates are not
 * looked at). NULL if the key is neither RSA of 2048 bits or more nor P-256. */
struct dsig_key *dsig_key_new(EVP_PKEY *public_key);
struct dsig_key *dsig_key_from_certificate(struct slice der);
void dsig_key_free(struct dsig_key *key);
SCOPED_FREE(dsig_key, struct dsig_key, dsig_key_free)

/* Is this the signature of these bytes, for tokens that are no XML: SHA-256 with RSA
 * PKCS#1 v1.5, or with P-256, r and s of 32 bytes each (as the vault signs)? */
bool dsig_key_verify(const struct dsig_key *key, struct slice bytes, struct slice signature);

struct dsig_verify_options {
    const struct dsig_key *const *keys; /* any of these may have signed; KeyInfo never counts */
    size_t key_count;
    const char *id_attribute; /* "AssertionID"; without namespace */
    bool allow_rsa_sha1;      /* also RSA-SHA1 and SHA-1 digests: old federation servers */
};

/* Does this very element carry a good enveloped signature by one of the keys?
 * 0, and then the element (and nothing else of its document) may be believed.
 * -ERR_FORGED with SIGNATURE_WRAPPED when the signature is not of the one form
 * allowed (not exactly one direct child, one same-document reference to this
 * element by an id that is unique, enveloped-signature and exclusive C14N only,
 * listed methods), with SIGNATURE_INVALID when digest or signature do not hold. */
int dsig_verify_enveloped(const struct xml_node *element, const struct dsig_verify_options *options,
                          struct fault *fault);

/* Does `signature` (a ds:Signature) cover exactly `referenced` (by its wsu:Id)
 * under this HMAC key? Same answers. The digest is over the exclusive C14N form;
 * SIPE digests the literal text, so the server must write Lifetime such that both
 * are the same (signin.md 3.6 rule 1; our writer does). */
int dsig_verify_hmac(const struct xml_node *signature, const struct xml_node *referenced,
                     struct slice key, struct fault *fault);

#endif
