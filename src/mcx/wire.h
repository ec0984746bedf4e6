/* The messages of the MCX face, both halves. MCX, the Lync 2010 Mobility Service, was never
 * published beyond its URL and vocabulary, so this contract is OURS: SOAP 1.1, document/literal,
 * namespace urn:lychgate:mcx:1. Phones with Lync 2010 Mobile do not speak it. docs/mcx.md tells
 * each field; the tables in wire.c are the one place where they are written down.
 *
 * Operation NAME: SOAPAction "urn:lychgate:mcx:1/NAME", body <NAME>, answer <NAMEResponse>.
 * The ticket goes into wsse:Security (webticket_security_print()). Fields are elements, in any
 * order; unknown ones are passed over. What is known of people, chats and settings are the
 * structs of mobility/news.h themselves. */
#ifndef LYCHGATE_MCX_WIRE_H
#define LYCHGATE_MCX_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "mobility/news.h"
#include "xml/reader.h"

#define NS_MCX           "urn:lychgate:mcx:1"
#define MCX_CONTENT_TYPE "text/xml; charset=utf-8"
#define MCX_PORT         "McxServiceWebTicketProof" /* in the metadata (webticket/mex.h) */

enum mcx_operation {
    MCX_INITIATE_SESSION,
    MCX_GET_PROVISIONING,
    MCX_NORMALIZE_NUMBER,
    MCX_SUBSCRIBE_TO_PUSH,
    MCX_GET_CONTACTS,
    MCX_POLL,
    MCX_SET_STATE,
    MCX_START_CONVERSATION,
    MCX_ACCEPT_CONVERSATION,
    MCX_DECLINE_CONVERSATION,
    MCX_SEND_MESSAGE,
    MCX_SET_TYPING,
    MCX_END_CONVERSATION,
    MCX_REPORT_ACTIVITY,
    MCX_TERMINATE_SESSION,
    MCX_OPERATIONS
};

enum {
    MCX_SESSION_LEN = 32,        /* digits of a session's id */
    MCX_WORD_MAX = 100,          /* bytes of an endpoint id, a user agent, a device */
    MCX_SUBSCRIPTION_MAX = 4096, /* of a push subscription's JSON */
    MCX_WAIT_MAX = 600,          /* seconds that one poll may be held */
    MCX_REQUEST_MAX = 64 * 1024  /* of a whole request: ticket, signature, body */
};

const char *mcx_operation_name(enum mcx_operation operation);

/* The value of the header SOAPAction, with its quotes. */
const char *mcx_action(enum mcx_operation operation);

/* ---- requests ----------------------------------------------------------------------------- */

/* Numbers are -1 and texts absent where an optional field is not there. */
struct mcx_request {
    enum mcx_operation operation;
    struct slice session; /* of all but InitiateSession */
    union {
        struct {
            struct slice endpoint;   /* what the device calls itself, the same each time */
            struct slice user_agent; /* "LychgateMobile/1.0 (...)" */
            struct slice device;     /* its push subscription's name; absent: the endpoint */
        } initiate;
        struct slice number;       /* NormalizeNumber: as dialled */
        struct slice subscription; /* SubscribeToPush: JSON, as a browser's PushManager makes it */
        struct {
            int64_t ack;     /* the answer asked for: 1, then Next of the answer before */
            int64_t seconds; /* how long to hold it [180] */
        } poll;
        struct {
            int availability;  /* 3500 ... 18500; 0: automatic; -1: as it is */
            struct slice note; /* "" takes it away; absent: as it is */
        } state;
        struct {
            struct slice address, subject; /* subject is optional */
        } start;
        struct {
            int64_t conversation;    /* Accept, Decline, SendMessage, SetTyping, End */
            struct slice type, text; /* SendMessage: "text/plain" or "text/html" */
        } talk;
    };
};

/* Append the envelope. security: what goes inside wsse:Security; absent: no such header. */
void mcx_request_print(const struct mcx_request *request, struct slice security, struct buf *out);

/* Read what is inside the body. -ERR_MALFORMED, MCX_REQUEST: no operation of this contract, or a
 * field missing, twice, too long, out of its range. Slices point into document or arena. */
int mcx_request_parse(const struct xml_node *payload, struct arena *arena, struct mcx_request *out,
                      struct fault *fault);

/* ---- responses ---------------------------------------------------------------------------- */

enum mcx_mode {
    MCX_PULL, /* the device polls, and may be silent for an hour */
    MCX_PUSH  /* it may sleep: it is woken, and may be silent for three days */
};

enum mcx_event_kind {
    MCX_EVENT_CONTACTS,     /* the list has changed: GetContacts again */
    MCX_EVENT_PERSON,       /* `person`: card, presence or note have changed */
    MCX_EVENT_SELF,         /* the same of oneself */
    MCX_EVENT_CONVERSATION, /* `chat`: new, or another state; `finding` why it ended */
    MCX_EVENT_MESSAGE,      /* in `chat`: type and text */
    MCX_EVENT_TYPING,       /* in `chat`: typing */
    MCX_EVENT_MODE,         /* `pace` is another now: the push subscription was kept, or is gone */
    MCX_EVENT_KINDS
};

struct mcx_pace {
    enum mcx_mode mode;
    int64_t lifetime; /* seconds that the device may be silent */
};

struct mcx_event {
    enum mcx_event_kind kind;
    const struct phone_person *person; /* NULL where the kind has none; so are chat and pace */
    const struct phone_chat *chat;
    const struct mcx_pace *pace;
    struct slice type, text; /* MESSAGE; else absent */
    bool typing;
    struct slice finding; /* id of findings.def; absent: none */
};

struct mcx_contact {
    struct phone_contact entry;
    const struct phone_person *person; /* card and presence */
};

struct mcx_response {
    enum mcx_operation operation;
    union {
        struct {
            struct slice session, user; /* "alice@contoso.test" */
            struct slice contact;       /* registered: "sip:POOL:5087;transport=tls" */
            bool enabled;               /* "is enabled for mobility"; who is not gets a fault */
            enum mcx_mode mode;
            int64_t lifetime; /* seconds that the device may be silent */
        } initiate;
        struct phone_settings settings; /* GetProvisioning: step 12 of the article */
        struct {
            struct slice number; /* "tel:+15551234", or as dialled */
            bool matched;        /* a rule of the dial plan applied */
        } normalize;
        struct {
            enum mcx_mode mode;
            int64_t lifetime;
        } push;
        struct {
            const struct phone_person *self; /* never NULL */
            int availability;                /* set by the user; 0: automatic */
            const struct phone_group *groups;
            size_t group_count;
            const struct mcx_contact *contacts;
            size_t contact_count;
        } contacts;
        struct {
            int64_t next; /* Ack of the next poll; without events and other than Ack + 1, it says
                             what the right Ack would have been */
            bool lost;    /* events were dropped: read everything anew */
            const struct mcx_event *events;
            size_t event_count;
        } poll;
        int64_t conversation; /* StartConversation */
    };
};

/* Append the envelope of an answer, and of a fault. The fault's detail names the finding
 * (strangers see of it what its row allows). The HTTP status that goes with it: that of the row,
 * but 500 for 401, as no HTTP authentication is to be repeated. */
void mcx_response_print(const struct mcx_response *response, struct buf *out);
void mcx_fault_print(enum finding finding, struct buf *out);
int mcx_fault_status(enum finding finding);

/* One event by itself, for answers that are put together of events printed earlier; and such
 * an answer. */
void mcx_event_print(const struct mcx_event *event, struct buf *out);
void mcx_poll_print(int64_t next, bool lost, struct slice events, struct buf *out);

/* Read an answer to that operation: the body of a 200, or of any other status. -ERR_DENIED: a
 * fault, with the finding it names, or MCX_REFUSED and its own words; -ERR_MALFORMED,
 * SOAP_MALFORMED: no such answer; or what the XML reader refuses. All in the arena. */
int mcx_response_parse(struct slice body, enum mcx_operation operation, struct arena *arena,
                       struct mcx_response *out, struct fault *fault);

#endif
