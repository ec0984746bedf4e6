/* Replies in fewer bytes: Content-Encoding gzip (RFC 9110 section 8.4.1.3). */
#ifndef LYCHGATE_HTTP_PACK_H
#define LYCHGATE_HTTP_PACK_H

#include "http/message.h"

/* Pack the reply's body if it answers GET or HEAD, is text (JSON, XML, text/...), is not packed
 * yet, and the client takes gzip; however small it is, as clients are about that unpack without
 * looking (mobility.md section 5). Only GET: what such a reply holds is nothing that a stranger
 * may mix his own text into (BREACH), as the ticket does not come by itself. Returns whether. */
bool http_reply_pack(struct http_reply *reply, const struct http_request *request,
                     struct arena *arena);

#endif
