/* Bytes as text: base64, hex, percent. */
#ifndef LYCHGATE_BASE_ENCODE_H
#define LYCHGATE_BASE_ENCODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* Base64 (RFC 4648 section 4), padded, one line. */
struct slice base64_print(struct arena *arena, struct slice bytes);
void base64_add(struct buf *out, struct slice bytes);

/* The same in lines of 76 characters ended by CRLF, as PKCS#10 travels. */
struct slice base64_print_lines(struct arena *arena, struct slice bytes);

/* Decode; white space is passed over, missing padding tolerated, anything else
 * is -ERR_MALFORMED. */
int base64_parse(struct arena *arena, struct slice text, struct slice *bytes_out);

/* base64url without padding (RFC 4648 section 5), as GRUUs use it. */
struct slice base64url_print(struct arena *arena, struct slice bytes);

/* Decode that, padded or not; anything else, white space too, is -ERR_MALFORMED. */
int base64url_parse(struct arena *arena, struct slice text, struct slice *bytes_out);

/* Hexadecimal; upper case unless `lower`. */
struct slice hex_print(struct arena *arena, struct slice bytes);
struct slice hex_print_lower(struct arena *arena, struct slice bytes);

/* Decode, either case, even length; or -ERR_MALFORMED. */
int hex_parse(struct arena *arena, struct slice text, struct slice *bytes_out);

/* Undo %XX (and '+' for blank where `form`); -ERR_MALFORMED on a bad escape. */
int percent_parse(struct arena *arena, struct slice text, bool form, struct slice *out);

/* Escape everything but RFC 3986 unreserved characters. */
struct slice percent_print(struct arena *arena, struct slice text);

#endif
