/* What signing and verifying share: which algorithms there are. */
#ifndef LYCHGATE_XML_DSIG_PRIV_H
#define LYCHGATE_XML_DSIG_PRIV_H

#include "xml/dsig.h"

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

/* A signature as far as it can be judged without a key. */
struct dsig_form {
    const struct xml_node *signed_info;
    const struct dsig_algorithm *algorithm;
    const struct dsig_digest *digest;
    struct slice reference;       /* the id, without '#' */
    struct slice digest_value;    /* base64 */
    struct slice signature_value; /* base64 */
};

/* Is this ds:Signature of the one form that is taken (dsig_form.c)? 0 or
 * -ERR_FORGED, SIGNATURE_WRAPPED. */
int dsig_form_read(const struct xml_node *signature, bool enveloped, struct dsig_form *out,
                   struct fault *fault);

/* Is `id` the value of this element's id attribute, and of no other attribute in
 * the whole document that anybody might take for an id? Same answers. */
int dsig_form_target(const struct dsig_form *form, const struct xml_node *target, struct slice id,
                     struct fault *fault);

#endif
