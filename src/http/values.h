/* What headers, queries and forms say: credentials, media types, parameters. */
#ifndef LYCHGATE_HTTP_VALUES_H
#define LYCHGATE_HTTP_VALUES_H

#include "base/secret.h"
#include "http/message.h"

/* The decoded value of a name in `a=b&c=d` (application/x-www-form-urlencoded).
 * Names are compared without regard to ASCII case, as ASP.NET does; the first
 * wins. Absent when the name is missing or its value has a broken escape. */
struct slice http_form(struct slice encoded, struct arena *arena, const char *name);

/* The same for the query of a request: http_query(request, arena, "sipuri"). */
struct slice http_query(const struct http_request *request, struct arena *arena, const char *name);

/* The Authorization header (RFC 9110 section 11.6.2). */
struct http_credentials {
    struct slice scheme;    /* as sent ("Basic", "NTLM"); absent: no such header */
    struct slice token;     /* what follows the scheme, as sent; holds the password for Basic! */
    struct slice user;      /* Basic (RFC 7617): decoded, may be DOMAIN\user; else absent */
    struct secret password; /* Basic: owned */
};

/* Read the header. Returns 0 (also without such a header), or -ERR_MALFORMED
 * with *fault filled. *credentials is overwritten; end with
 * http_credentials_fini in either case. */
int http_credentials_parse(const struct http_request *request, struct arena *arena,
                           struct http_credentials *credentials, struct fault *fault);

/* Wipe and free the password. */
void http_credentials_fini(struct http_credentials *credentials);

/* Is the scheme this one? ("Basic"; ASCII case is ignored) */
bool http_credentials_are(const struct http_credentials *credentials, const char *scheme);

static inline void scoped_http_credentials_free(struct http_credentials *credentials)
{
    http_credentials_fini(credentials);
}
/* `scoped(http_credentials) struct http_credentials c = {0};` */

/* Is a Content-Type of this media type? Parameters and case are ignored:
 * http_media_type_is(http_header(request, "Content-Type"), "text/xml"). */
bool http_media_type_is(struct slice value, const char *type);

/* A parameter of a Content-Type, without quotes: http_media_parameter(type, "boundary"); absent
 * if it has none of that name. */
struct slice http_media_parameter(struct slice value, const char *name);

/* Which of the offered media types the client likes best, by its Accept headers
 * (RFC 9110 section 12.5.1): highest q, then the client's order, then ours.
 * Wildcards count; the most specific range that fits an offer gives its q. A
 * range's parameter (";v=1") only excludes an offer that has the parameter with
 * another value. Without Accept everything is liked: index 0.
 * Returns the index into `offers`, or -1 when none of them is acceptable. */
int http_accepts(const struct http_request *request, const char *const *offers, size_t count);

/* Does the client take gzip? (Accept-Encoding, RFC 9110 section 12.5.3; no such header: no) */
bool http_takes_gzip(const struct http_request *request);

#endif
