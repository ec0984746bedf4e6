/* What a mobility service has to say about push: the message that wakes a device, and
 * the answers that the inviter gets when it does not wake. */
#ifndef LYCHGATE_PUSH_WAKE_H
#define LYCHGATE_PUSH_WAKE_H

#include "push/clearing.h"
#include "sip/reply.h"

/* Why a device is woken; each row of the table in wake.c has its urgency, time to live
 * and what it is merged with. */
enum push_kind {
    PUSH_KIND_MESSAGE,    /* an instant message, or an invitation to such a conversation */
    PUSH_KIND_CALL,       /* an invitation to audio or video: worth 30 s */
    PUSH_KIND_CONFERENCE, /* an invitation to a conference */
    PUSH_KIND_MISSED,     /* a missed call or conversation */
    PUSH_KIND_VOICEMAIL,
    PUSH_KINDS
};

struct push_news {
    enum push_kind kind;
    struct slice from;         /* "sip:bob@contoso.test" */
    struct slice conversation; /* Ms-Conversation-ID or Call-ID; may be absent */
    bool awaited; /* somebody waits for the outcome: ten seconds of trying are enough */
};

/* The wish for a device: {"v":1,"kind":"message","from":URI,"conversation":ID}, our own
 * contract. No text of a message is in it: the device fetches that, over a connection
 * on which it has signed in. Payload and topic are the arena's; device and tag stay the
 * caller's to fill. -ERR_MALFORMED, SIP_MALFORMED: not UTF-8 or over 1000 bytes. */
int push_news_wish(const struct push_news *news, struct arena *arena, struct push_wish *wish_out,
                   struct fault *fault);

/* What the inviter of a sleeping device hears at once (true), or nothing yet but 180.
 *
 *   outcome              answer
 *   NONE                 none: 180 has been sent, the device may come now
 *   PUSH_NO_SUBSCRIPTION, PUSH_GONE
 *                        408, ms-diagnostics with reason="The client did not respond to the
 *                        invitation" and info="No push subscription for target device"
 *   PUSH_ROUTE_DOWN, PUSH_REFUSED, PUSH_EXPIRED
 *                        504
 *   others               by their row
 *
 * `source`: our FQDN. Fills *reply only when the answer is true. */
bool push_wake_answer(const struct push_outcome *outcome, struct slice source,
                      struct sip_reply *reply);

/* 408 of a device that was woken and did not come in time. */
void push_wake_late(struct slice source, struct sip_reply *reply);

#endif
