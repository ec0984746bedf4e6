/* Signatures over several elements of one message by the key of an X.509 certificate
 * (WS-Security, X.509 Certificate Token Profile 1.0): SHA-256 with RSA PKCS#1 v1.5 or with
 * P-256. Both halves. The key is the caller's own, not the vault's. */
#ifndef LYCHGATE_XML_DSIG_PARTS_H
#define LYCHGATE_XML_DSIG_PARTS_H

#include "xml/dsig.h"

enum {
    DSIG_PARTS_MAX = 4
};

/* An element to be signed. */
struct dsig_part {
    struct slice text; /* its exclusive C14N text, as our writer makes it */
    struct slice id;   /* its wsu:Id */
};

/* Append the Signature (xmldsig as default namespace) over up to DSIG_PARTS_MAX parts; key_info is
 * ready text inside KeyInfo, absent: none. -ERR_UNSUPPORTED, CSR_WEAK_KEY: the key is neither RSA
 * nor P-256; -ERR_INTERNAL if OpenSSL will not sign. */
int dsig_parts_print(EVP_PKEY *key, const struct dsig_part *parts, size_t count,
                     struct slice key_info, struct buf *out, struct fault *fault);

/* The KeyInfo content that names a wsse:BinarySecurityToken (X509v3) of the same message. */
void dsig_key_info_token(struct slice token_id, struct buf *out);

/* Does `signature` (a ds:Signature) cover each of these elements, by wsu:Id, under that key?
 * The first `needed` of them must be covered, the others may be, and nothing else. RSA with
 * SHA-1, which WCF's older algorithm suites make, is taken too: the signer would have to
 * collide with himself. 0, or -ERR_FORGED: SIGNATURE_WRAPPED (form), SIGNATURE_INVALID. */
int dsig_verify_parts(const struct xml_node *signature, const struct xml_node *const *parts,
                      size_t needed, size_t count, const struct dsig_key *key, struct fault *fault);

#endif
