/* A reply as bytes (RFC 9112). The form is the narrowest that every client
 * takes: SIPE waits for ever on a status line without the second blank or on
 * LF line ends, and needs a Content-Length wherever there is a Content-Type. */
#ifndef LYCHGATE_HTTP_PRINT_H
#define LYCHGATE_HTTP_PRINT_H

#include "base/buf.h"
#include "http/message.h"

/* Append the reply to out. `request` is what it answers (HEAD: no body is sent;
 * HTTP/1.0 and Connection: close are honoured), NULL when none could be read:
 * then the connection is to end. `server` is the text of the Server header,
 * empty for none. `now` makes the Date.
 * Returns whether the connection stays open, as the reply told the client. */
bool http_reply_print(const struct http_reply *reply, const struct http_request *request,
                      struct slice server, int64_t now, struct buf *out);

/* The reason phrase of a status ("OK"); for unknown ones that of their class. */
const char *http_reason(int status);

#endif
