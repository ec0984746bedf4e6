/* What a handler decides: the answer to a request, or a request of our own, as
 * far as only the handler knows it. print.h turns it into a message. */
#ifndef LYCHGATE_SIP_REPLY_H
#define LYCHGATE_SIP_REPLY_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "sip/names.h"

/* Header lines in the order they were added. Values cannot break out of their
 * line: CR, LF and NUL in them become blanks when added. */
struct sip_line {
    struct sip_line *next;
    struct slice name, value;
};

struct sip_lines {
    struct sip_line *first, *last;
};

void sip_line_add(struct sip_lines *lines, struct arena *arena, struct slice name,
                  struct slice value);

struct sip_reply {
    struct arena *arena; /* message lifetime; borrowed */
    int status;
    struct slice reason;       /* absent: the usual one of the status */
    struct slice to_tag;       /* for To where the request has none; absent: a new one */
    struct sip_lines headers;  /* beyond Via, From, To, Call-ID, CSeq, Content-* */
    struct slice content_type; /* needed when there is a body */
    struct slice body;
    struct fault fault; /* why, when it is a refusal; finding NONE otherwise */
    bool no_answer;     /* nothing goes on the wire (ACK, BENOTIFY, dropped) */
};

/* An empty reply with that status. */
void sip_reply_init(struct sip_reply *reply, struct arena *arena, int status);

/* Add a header line; printf's format. */
void sip_reply_header(struct sip_reply *reply, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Body and its type; both must live as long as the reply. */
void sip_reply_body(struct sip_reply *reply, struct slice content_type, struct slice body);

/* Turn the reply into a refusal: the status of the finding's row, and
 *     ms-diagnostics: N;source="fqdn";reason="..."   ([MS-OCER] section 6)
 * where the row has a number. Headers and body set so far are dropped. A finding
 * that only administrators may see is worded as its row's sentence for the user;
 * the other ones add the fault's detail. `source`: our FQDN; absent: left out.
 * With 4xx SIP statuses that travel on (403, 404, 480), the same goes into
 * ms-diagnostics-public, which has no source: SIPE shows that one for 403. */
void sip_reply_fault(struct sip_reply *reply, const struct fault *fault, struct slice source);

/* A request that we send: client REGISTER, server NOTIFY. */
struct sip_request {
    struct arena *arena;
    enum sip_method method;
    struct slice uri;
    struct slice via_transport; /* "TLS" when absent */
    struct slice via_host;      /* sent-by, with port: "10.0.0.5:40112" */
    struct slice branch;        /* must begin "z9hG4bK" (sip_branch_new); needed */
    struct slice from, to;      /* whole values: `<sip:a@b>;tag=..;epid=..` */
    struct slice call_id;
    uint32_t cseq;
    struct sip_lines headers; /* beyond these, Max-Forwards 70 and Content-* */
    struct slice content_type;
    struct slice body;
};

void sip_request_header(struct sip_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fresh identifiers: "z9hG4bK" + 32 hex digits; a tag as 32 upper-case hex digits,
 * as Lync's are. */
struct slice sip_branch_new(struct arena *arena);
struct slice sip_tag_new(struct arena *arena);

/* Text between quotes of a SIP quoted-string: quotes and backslashes escaped,
 * control bytes blanked. */
struct slice sip_quote(struct arena *arena, struct slice text);

#endif
