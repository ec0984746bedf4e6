/* Photos below an application: .../applications/ID/photos/ADDRESS (photo_ref, contactPhoto_ref).
 * They are files of the directory, so a worker answers them and the application is not asked. An
 * <img> cannot carry the ticket; for this path alone it also comes in a cookie that the reply to
 * the creation of the application sets. */
#ifndef LYCHGATE_UCWA_PHOTO_H
#define LYCHGATE_UCWA_PHOTO_H

#include "accounts/desk.h"
#include "http/message.h"

#define UCWA_COOKIE "cwt_ucwa"

/* Is it the request for a photo? */
bool ucwa_is_photo(const struct http_request *request);

/* What such a request has for a ticket, in the form of an Authorization header: that header, or
 * the cookie; absent if neither. */
struct slice ucwa_photo_ticket(const struct http_request *request, struct arena *arena);

/* The photo as the directory has it, whatever `size` asks for, to somebody who has proved to be a
 * user; 304 by its ETag. 404 without one, or when there is nobody of that address. */
void ucwa_photo_answer(const struct desk *desk, const struct http_request *request,
                       struct http_reply *reply, struct arena *arena);

#endif
