/* What signing and verifying share: which algorithms there are. */
#ifndef LYCHGATE_XML_DSIG_PRIV_H
#define LYCHGATE_XML_DSIG_PRIV_H

#include "xml/dsig.h"
#include "xml/dsig_parts.h"

#include "xml/reader_priv.h"

#include <openssl/evp.h>

enum {
    DSIG_RSA_SHA1 = DSIG_HMAC_SHA256 + 1
}; /* only ever verified */

struct dsig_digest {
    const char *uri;
    const EVP_MD *(*md)(void);
};

struct dsig_algorithm {
    int method; /* enum dsig_method or DSIG_RSA_SHA1 */
    const char *uri;
    const struct dsig_digest *digest; /* the one that is written with it */
    const EVP_MD *(*md)(void);        /* of the signature itself */
    int key_type;                     /* EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_HMAC */
};

/* Look up by method, by URI; NULL if there is no such. */
const struct dsig_algorithm *dsig_algorithm(int method);
const struct dsig_algorithm *dsig_algorithm_of(struct slice uri);
const struct dsig_digest *dsig_digest_of(struct slice uri);

/* The digest of some bytes; out has room for EVP_MAX_MD_SIZE. */
struct slice dsig_digest(const struct dsig_digest *digest, struct slice bytes, unsigned char *out);

/* HMAC of some bytes, likewise. */
struct slice dsig_hmac(const struct dsig_algorithm *algorithm, struct slice key, struct slice bytes,
                       unsigned char *out);

struct dsig_reference {
    struct slice id; /* without '#' */
    const struct dsig_digest *digest;
    struct slice digest_value; /* base64 */
};

/* A signature as far as it can be judged without a key. */
struct dsig_form {
    const struct xml_node *signed_info;
    const struct dsig_algorithm *algorithm;
    struct dsig_reference references[DSIG_PARTS_MAX];
    size_t reference_count;
    struct slice signature_value; /* base64 */
};

/* Is this ds:Signature of the one form that is taken (dsig_form.c)? An enveloped one has one
 * reference, others up to `references` (at most DSIG_PARTS_MAX). 0 or -ERR_FORGED,
 * SIGNATURE_WRAPPED. */
int dsig_form_read(const struct xml_node *signature, bool enveloped, size_t references,
                   struct dsig_form *out, struct fault *fault);

/* Is `id` what the reference names, and the value of this element's id attribute, and of no
 * other attribute in the whole document that anybody might take for an id? Same answers. */
int dsig_form_target(const struct dsig_reference *reference, const struct xml_node *target,
                     struct slice id, struct fault *fault);

/* Is that the element's digest, over its exclusive C14N? 0 or -ERR_FORGED, SIGNATURE_INVALID. */
int dsig_reference_holds(const struct dsig_reference *reference, const struct xml_node *target,
                         struct fault *fault);

/* Is this the signature of these bytes by that method's digest? ECDSA as r and s. */
bool dsig_key_holds(const struct dsig_key *key, const EVP_MD *md, struct slice bytes,
                    struct slice signature);
int dsig_key_type(const struct dsig_key *key); /* EVP_PKEY_RSA or EVP_PKEY_EC */

/* ---- writing, for dsig_parts.c ---------------------------------------------------- */

/* Append the canonical SignedInfo over these parts (xmldsig as default namespace). */
void dsig_parts_signed_info(const struct dsig_algorithm *algorithm, const struct dsig_part *parts,
                            size_t count, struct buf *out);

/* Append the Signature around it. */
void dsig_signature_print(struct slice signed_info, struct slice value, struct slice key_info,
                          struct buf *out);

/* XML-DSig section 4.3: ECDSA is r and s in 32 bytes each; OpenSSL speaks DER. False: neither. */
bool dsig_ecdsa_plain(struct slice signature, unsigned char plain[64]);

#endif
