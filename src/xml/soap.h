/* SOAP 1.1 and 1.2 envelopes, and the faults of the web services: the OCS form
 * ([MS-OCAUTHWS] section 2.2, [MS-OCER] section 7.22) and the Org ID form (SOAP
 * 1.2 with psf:error). */
#ifndef LYCHGATE_XML_SOAP_H
#define LYCHGATE_XML_SOAP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "xml/reader.h"
#include "xml/writer.h"

enum soap_version {
    SOAP_1_1 = 1,
    SOAP_1_2 = 2,
};

/* What a message says; everything points into its document. */
struct soap_message {
    enum soap_version version;
    const struct xml_node *envelope;
    const struct xml_node *header; /* NULL: none */
    const struct xml_node *body;
    const struct xml_node *payload;  /* the one child of the body; NULL: the body is empty */
    const struct xml_node *security; /* wsse:Security; NULL: none */
    struct slice action;             /* WS-Addressing headers, trimmed; absent if they are */
    struct slice message_id;
    struct slice relates_to;
    struct slice to;
};

/* Take an envelope apart. Refused (-ERR_MALFORMED, SOAP_MALFORMED): another root,
 * a second Header, Body, body child, Security or WS-Addressing header of one
 * name, the Header behind the Body, anything else in the envelope. Refused
 * (-ERR_UNSUPPORTED, SOAP_NOT_UNDERSTOOD): a header for us that must be
 * understood and is neither WS-Addressing nor WS-Security nor of the extra
 * namespace that soap_read_with names (NULL: none). */
int soap_read(const struct xml_doc *doc, struct soap_message *out, struct fault *fault);
int soap_read_with(const struct xml_doc *doc, const char *understood_ns, struct soap_message *out,
                   struct fault *fault);

/* What the writer of an envelope may want in its header; all optional. */
struct soap_envelope_options {
    enum soap_version version; /* 0: 1.1 */
    struct slice action;       /* WS-Addressing headers, absent: left out */
    struct slice message_id;
    struct slice relates_to;
    struct slice to;
    bool reply_to_anonymous; /* wsa:ReplyTo/wsa:Address anonymous */
    struct slice security;   /* ready text inside wsse:Security, absent: no such header */
    struct slice header;     /* more header blocks, ready text */
    const char *const *ns;   /* more declarations on the envelope: prefix, uri, ..., NULL;
                              * NULL: none. s, wsa, wsse, wsu are declared when used */
};

/* Write `<s:Envelope>`, the header if it has content, and `<s:Body>`; then the
 * caller writes the body's content; then close both. */
void soap_open_envelope(struct xml_writer *w, const struct soap_envelope_options *options);
void soap_close_envelope(struct xml_writer *w);

/* What a stranger is told: the number of [MS-OCER] and one sentence. A finding
 * for administrators only, and a wrong password, which must not differ from an
 * unknown user, become 28020 "No valid security token."; a failure of our own
 * (status 500 and up) becomes 28001. */
struct soap_diagnosis {
    int error_id;
    const char *reason;
};
struct soap_diagnosis soap_public(enum finding finding);

/* The value of an X-Ms-diagnostics header: `28020;source="fqdn";reason="..."`.
 * Quotes and control bytes in source are made harmless. */
struct slice soap_diagnostics_print(struct arena *arena, enum finding finding, struct slice source);

/* The same for a reason of one's own. */
struct slice soap_diagnostics_print_with(struct arena *arena, int error_id, struct slice reason,
                                         struct slice source);

/* A whole SOAP 1.1 envelope with the OCS fault for a finding. */
void soap_fault_print(struct buf *out, enum finding finding);

/* A whole SOAP 1.2 envelope with the Org ID fault for a finding (psf:error). */
void soap_fault_orgid_print(struct buf *out, enum finding finding);

/* A fault as a client meets it, whichever form it has. */
struct soap_fault {
    struct slice code;    /* local name: "FailedAuthentication", "Sender", "Client" */
    struct slice subcode; /* SOAP 1.2: local name of the innermost subcode; absent otherwise */
    struct slice reason;  /* faultstring or Reason/Text */
    uint32_t error_id;    /* OCS: ErrorId (28020); 0: none */
    uint32_t number;      /* Org ID: psf:internalerror/code, else psf:value; 0: none */
    struct slice text;    /* the most exact text there is: OCS Reason, psf text, else reason */
};

/* Read the fault of a message. False: its payload is no fault. Never fails
 * otherwise: what is missing stays absent or 0. */
bool soap_fault_read(const struct soap_message *message, struct soap_fault *out);

#endif
