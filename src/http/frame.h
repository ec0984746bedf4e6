/* Where a request ends: HTTP/1.1 framing (RFC 9112 sections 2, 5, 6 and 7)
 * without any I/O.
 *
 * The caller keeps the unread bytes of a connection and shows them, from the
 * start of the message, whenever there are more of them. The framer remembers
 * how far it looked, so a request that trickles in byte by byte costs no more
 * than one that comes whole:
 *
 *   switch (http_frame_scan(&frame, &limits, unread, &fault)) {
 *   case 0:          parse http_frame_len(&frame) bytes, http_frame_reset(), go on behind them
 *   case -ERR_AGAIN: if (http_frame_take_continue(&frame)) send HTTP_CONTINUE; consume nothing
 *   default:         answer the fault, close
 *   }
 *
 * It is strict where leniency lets two programs read one byte stream
 * differently (request smuggling): each line ends in CRLF, no folding, no blank
 * before the colon, one Content-Length or one `chunked`, never both. */
#ifndef LYCHGATE_HTTP_FRAME_H
#define LYCHGATE_HTTP_FRAME_H

#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* How much of a request we take. */
struct http_limits {
    size_t head_bytes; /* request line, headers and the blank line */
    size_t headers;    /* header lines; the same number bounds trailer lines */
    size_t body_bytes; /* content, without the chunk framing */
};

#define HTTP_LIMITS_DEFAULT                                                                        \
    {                                                                                              \
        .head_bytes = 16 * 1024, .headers = 100, .body_bytes = 256 * 1024                          \
    }

enum http_frame_state {
    HTTP_FRAME_LEAD, /* blank lines before the request line, which are passed over */
    HTTP_FRAME_REQUEST_LINE,
    HTTP_FRAME_HEADERS,
    HTTP_FRAME_BODY,
    HTTP_FRAME_CHUNK_SIZE,
    HTTP_FRAME_CHUNK_DATA,
    HTTP_FRAME_CHUNK_END, /* the CRLF behind the data */
    HTTP_FRAME_TRAILERS,
    HTTP_FRAME_WHOLE,
    HTTP_FRAME_FAULT,
};

/* Plain data, all zero at the start of a message: `struct http_frame f = {0};`.
 * The first group is for readers and valid from the state named; the rest is
 * the framer's memory. */
struct http_frame {
    enum http_frame_state state;
    size_t lead_len;    /* blank lines before the message */
    size_t head_len;    /* request line up to and with the blank line; once in BODY or later */
    size_t body_len;    /* what the body takes on the wire, chunk framing included; WHOLE */
    size_t content_len; /* what it holds; WHOLE (with Content-Length: from BODY on) */
    bool chunked;

    size_t line_at;      /* where the line that is being read starts */
    size_t scanned;      /* up to here there is nothing new to find */
    size_t headers;      /* header (then trailer) lines so far */
    uint64_t chunk_left; /* bytes of this chunk that are still to come */
    bool has_length;     /* a Content-Length was seen */
    bool has_coding;     /* a Transfer-Encoding was seen */
    bool old;            /* HTTP/1.0 */
    bool expects;        /* Expect: 100-continue */
    bool continue_taken; /* ... and the caller has been told */
    struct fault fault;  /* what the first FAULT was; it is told again */
};

/* Look at the unread bytes; `unread` starts where the message starts and only
 * grows from call to call (it may move in memory).
 * Returns 0 when a whole message is there, -ERR_AGAIN when bytes are missing,
 * or with *fault filled -ERR_MALFORMED, -ERR_LIMIT or -ERR_UNSUPPORTED. After
 * a fault the stream cannot be trusted: answer, then close. */
int http_frame_scan(struct http_frame *frame, const struct http_limits *limits, struct slice unread,
                    struct fault *fault);

/* Bytes of the whole message; consume so many. Only after http_frame_scan gave 0. */
size_t http_frame_len(const struct http_frame *frame);

/* True once a message: the head is complete, the body is not, and the client
 * waits for "100 Continue" before it sends it (RFC 9110 section 10.1.1). */
bool http_frame_take_continue(struct http_frame *frame);

/* The most unread bytes that a message within these limits can take; a
 * connection must be able to keep so many. */
size_t http_limits_unread(const struct http_limits *limits);

/* Has a message begun (for the choice between idle and slow time-outs)? */
bool http_frame_begun(const struct http_frame *frame);

/* Start on the next message. */
void http_frame_reset(struct http_frame *frame);

/* What is sent when http_frame_take_continue says so. */
#define HTTP_CONTINUE SLICE("HTTP/1.1 100 Continue\r\n\r\n")

#endif
