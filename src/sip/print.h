/* Messages on their way out. Two stages, because a signature covers what will be
 * on the wire ([MS-SIPAE] section 3.2.5.2): first all header lines are fixed in a
 * struct sip_out, then the caller may ask for the signed fields, and at last the
 * bytes are written with one more line for the signature.
 *
 *   sip_out_reply(&out, arena, request, &reply, &options);
 *   sip_out_signature(&out, &fields);      ... auth computes the MAC ...
 *   sip_print(&out, name, value, &buf); */
#ifndef LYCHGATE_SIP_PRINT_H
#define LYCHGATE_SIP_PRINT_H

#include "base/buf.h"
#include "sip/message.h"
#include "sip/reply.h"
#include "sip/signature.h"

struct sip_out {
    struct arena *arena;
    struct slice start; /* without CRLF */
    int status;         /* 0: a request */
    struct sip_lines lines;
    struct slice from, to, call_id, cseq_text; /* values as printed */
    uint32_t cseq;
    struct slice body;
};

/* What only the server knows about a reply. */
struct sip_out_options {
    struct slice to_tag; /* for To where request and reply have none; absent: a new one */
    /* Where the request really came from, for the top Via; host absent: leave it alone. */
    struct slice received_host; /* `received=` is added when Via names another host */
    uint16_t received_port;     /* ms-received-port, 0: none */
    struct slice received_cid;  /* ms-received-cid, absent: none */
    struct slice server;        /* Server header ("RTC/6.0"), absent: none */
    int64_t now;                /* Date header, 0: none */
};

/* The answer to `request`: Vias, From, To, Call-ID and CSeq in the very text they
 * came in (SIPE compares text), To with a tag except in a 100. `request` may be one
 * for which sip_parse() failed and sip_reply_possible() holds. */
void sip_out_reply(struct sip_out *out, struct arena *arena, const struct sip_message *request,
                   const struct sip_reply *reply, const struct sip_out_options *options);

/* A request of ours. */
void sip_out_request(struct sip_out *out, const struct sip_request *request);

/* What a signature of it covers. */
void sip_out_signature(const struct sip_out *out, struct sip_signature_fields *fields);

/* Append the bytes. name and value are one more header line (Authentication-Info,
 * Authorization), set before Content-Length; absent: none. */
void sip_print(const struct sip_out *out, struct slice name, struct slice value, struct buf *to);

#endif
