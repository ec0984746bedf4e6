/* The parts of a multipart body (RFC 2046 section 5.1), as presence travels in:
 *
 *   struct sip_multipart it;
 *   int more = sip_multipart_begin(&it, content_type, body, fault);
 *   while (more == 0 && (more = sip_multipart_next(&it, &part, fault)) > 0)
 *       ...
 *
 * Nothing is copied. Lines may end with a bare LF, since some writers do that. */
#ifndef LYCHGATE_SIP_MULTIPART_H
#define LYCHGATE_SIP_MULTIPART_H

#include "base/fault.h"
#include "base/slice.h"

struct sip_part {
    struct slice type; /* its Content-Type, whole; absent when it has none */
    struct slice id;   /* its Content-ID without <>; absent when it has none */
    struct slice body;
};

struct sip_multipart {
    struct slice boundary; /* not copied */
    struct slice rest;     /* what follows the last delimiter line */
    bool over;
};

/* Is a Content-Type multipart/...? */
bool sip_is_multipart(struct slice content_type);

/* Find the first delimiter. -ERR_MALFORMED (SIP_MALFORMED): no boundary of 1 to 70
 * characters in the type, or no delimiter in the body. */
int sip_multipart_begin(struct sip_multipart *it, struct slice content_type, struct slice body,
                        struct fault *fault);

/* 1: *part is the next one. 0: there is none behind it. -ERR_MALFORMED (SIP_MALFORMED): a part
 * that no delimiter ends, or without the empty line behind its headers. */
int sip_multipart_next(struct sip_multipart *it, struct sip_part *part, struct fault *fault);

/* The text that a person reads in a body of this Content-Type, and of which type it is
 * (*type_out): the body itself, or of a multipart the part that is plain text, else HTML.
 * Absent when there is none. It lies in the body. */
struct slice sip_find_text(struct slice content_type, struct slice body, struct slice *type_out);

#endif
