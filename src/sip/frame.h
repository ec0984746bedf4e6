/* Where one SIP message ends and the next begins on a stream (RFC 3261 sections
 * 7.5 and 18.3). The framer does no I/O and holds no bytes: the connection owns
 * one buffer, and the framer remembers how far it has looked, so that a message
 * that dribbles in is scanned once.
 *
 * It understands only what it must: line ends, Content-Length (also as `l`;
 * absent means 0), and the blank lines between messages. A line that can never
 * become a header is a fault at once: a peer must not stall a connection. */
#ifndef LYCHGATE_SIP_FRAME_H
#define LYCHGATE_SIP_FRAME_H

#include "base/fault.h"
#include "base/slice.h"

struct sip_limits {
    size_t head; /* most bytes of start line and headers, blank line included; 0: 16 KiB */
    size_t body; /* most bytes of body; 0: 256 KiB */
};

enum sip_frame_kind {
    SIP_FRAME_MORE,      /* not complete: call again with more bytes */
    SIP_FRAME_MESSAGE,   /* one whole message */
    SIP_FRAME_KEEPALIVE, /* CRLFs between messages: a sign of life, nothing to answer */
};

struct sip_frame {
    enum sip_frame_kind kind;
    size_t len;         /* bytes to drop from the front of the input once used; 0 for MORE */
    struct slice bytes; /* the message, a slice of the input; absent for the other kinds */
    size_t line_ends;   /* KEEPALIVE: how many; 2 is the CRLFCRLF of [MS-CONMGMT] */
    bool partial;       /* MORE: a message has begun (for the slow-peer timer) */
};

/* Plain data; the fields are the framer's own. */
struct sip_framer {
    struct sip_limits limits;
    size_t line;    /* start of the line under scan */
    size_t scanned; /* no line feed before this byte */
    size_t head;    /* length of the head once its end was seen, else 0 */
    size_t body;    /* Content-Length once seen */
    bool length_seen;
    bool length_folds; /* the line before was Content-Length */
    int failed;        /* the error that ended this stream, for repeated calls */
};

/* Start on a new stream. limits NULL: the defaults. */
void sip_framer_init(struct sip_framer *framer, const struct sip_limits *limits);

/* Look at `input`: all bytes received and not yet consumed, that is, the same as
 * at the last call minus frame->len dropped from its front plus what came since.
 * Returns 0 with *frame filled. A negative enum err (MALFORMED, LIMIT; findings
 * SIP_MALFORMED, SIP_TOO_LARGE) means that the stream cannot be followed any
 * more: answer if you like, then close it. */
int sip_frame(struct sip_framer *framer, struct slice input, struct sip_frame *frame,
              struct fault *fault);

#endif
