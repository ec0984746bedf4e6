/* Message signatures: the string that is signed, its MAC, and how two MACs are
 * compared. [MS-SIPAE] 3.2.5.2 and 3.3.5.2, [MS-SIP] 3.1.4.2. */
#ifndef LYCHGATE_AUTH_SIGN_H
#define LYCHGATE_AUTH_SIGN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

struct sip_signature_fields; /* sip/signature.h: what the message itself contributes */

/* The authentication protocols by the names they have on the wire. */
enum auth_scheme {
    AUTH_NONE,
    AUTH_NTLM,
    AUTH_KERBEROS,
    AUTH_TLS_DSK,
    AUTH_SCHEMES
};

/* "TLS-DSK"; "" for AUTH_NONE. */
struct slice auth_scheme_print(enum auth_scheme scheme);

/* The scheme of that name in any case; AUTH_NONE if there is no such. */
enum auth_scheme auth_scheme_parse(struct slice name);

/* The hash under the HMAC; it follows from the negotiated cipher suite. */
enum sign_hash {
    SIGN_MD5,
    SIGN_SHA1,
    SIGN_SHA256,
    SIGN_SHA384,
    SIGN_HASHES
};

enum {
    SIGN_KEY_LEN = 32, /* a TLS-DSK signing key */
    SIGN_MAC_MAX = 48, /* SHA-384's */
};

/* Versions of the signature string. 3 and 4 share it. */
enum {
    SIGN_VERSION_MIN = 2,
    SIGN_VERSION_MAX = 4
};

/* What the authentication header contributes. */
struct sign_credentials {
    enum auth_scheme scheme;
    unsigned version;    /* 2 to 4; below 3 the string lacks To URI and P-Asserted-Identity */
    struct slice rand;   /* crand or srand, as sent: its case matters */
    struct slice number; /* cnum or snum, decimal as sent */
    struct slice realm;
    struct slice targetname;
};

/* Append the string to be signed to *out: each field between < and >, an absent
 * one as <>, nothing in between or after. The status comes last and only for
 * responses. */
void sign_string(struct buf *out, const struct sign_credentials *credentials,
                 const struct sip_signature_fields *fields);

/* HMAC of `text` under a SIGN_KEY_LEN byte key; the MAC goes to mac[] and its
 * length is returned. Each thread keeps one re-keyed MAC context per hash, so an
 * association holds raw keys only and the call still costs no allocation and no
 * algorithm look-up (sign.c has the figures). Never fails: 0 only if the
 * library refuses the hash altogether. */
size_t sign_mac(enum sign_hash hash, const uint8_t key[SIGN_KEY_LEN], struct slice text,
                uint8_t mac[SIGN_MAC_MAX]);

/* Length of a MAC in bytes. */
size_t sign_mac_len(enum sign_hash hash);

/* The whole: string, MAC, upper-case hex in `arena` (clients and servers of
 * Microsoft print upper case). */
struct slice sign_print(struct arena *arena, enum sign_hash hash, const uint8_t key[SIGN_KEY_LEN],
                        const struct sign_credentials *credentials,
                        const struct sip_signature_fields *fields);

/* Is `signature` (hex, either case) the right one? Constant time over the MAC;
 * only its length shows, and that is public. */
bool sign_verify(enum sign_hash hash, const uint8_t key[SIGN_KEY_LEN],
                 const struct sign_credentials *credentials,
                 const struct sip_signature_fields *fields, struct slice signature);

#endif
