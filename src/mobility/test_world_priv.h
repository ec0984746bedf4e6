/* A server for the tests of phones: it answers as it is told. */
#ifndef LYCHGATE_MOBILITY_TEST_WORLD_PRIV_H
#define LYCHGATE_MOBILITY_TEST_WORLD_PRIV_H

#include "base/buf.h"
#include "mobility/core.h"
#include "sip/print.h"
#include "sip/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    HOUR_MS = 3600 * 1000,
    DAYS_MS = 3 * 24 * HOUR_MS
};

struct world {
    struct phone *phone;
    struct arena *arena;
    int64_t now;
    bool stirred, settled;
    struct buf heard;           /* the news, a word each */
    struct sip_message request; /* the last that was sent */
    uint64_t chat;
    struct fault fault; /* of the last news that had one */
    struct buf wishes;  /* to wake the device */
};

/* For cmocka: a phone of alice's that nobody has admitted yet. */
int set_up(void **state);
int tear_down(void **state);

/* What the face heard since, word by word; whom the device should be woken by. */
void heard(struct world *w, const char *expected);
void wished(struct world *w, const char *expected);

/* The next message of the phone's: it must begin so; then it is w->request. */
void sent(struct world *w, const char *start);
void sent_nothing(struct world *w);

/* A message comes; an answer to w->request. */
void take_text(struct world *w, struct slice bytes);
void answer(struct world *w, int status, const char *header, const char *value, const char *type,
            const char *body);

/* With push if it may be silent for more than an hour. sign_in() goes on to the contacts. */
void admit(struct world *w, int64_t lifetime);
void sign_in(struct world *w, int64_t lifetime);

#define INVITE                                                                                     \
    "INVITE sip:alice@contoso.test SIP/2.0\r\n"                                                    \
    "Via: SIP/2.0/TLS sip.contoso.test:5061;branch=z9hG4bKa1\r\n"                                  \
    "From: \"Bob\" <sip:bob@contoso.test>;tag=b1;epid=aa\r\n"                                      \
    "To: <sip:alice@contoso.test>;epid=cc\r\nCall-ID: call1\r\nCSeq: 1 INVITE\r\n"                 \
    "Contact: <sip:bob@contoso.test;opaque=x;gruu>\r\nContent-Type: application/sdp\r\n"           \
    "Content-Length: 30\r\n\r\nv=0\r\nm=message 5060 sip null\r\n"

/* A request of bob's in the dialog of w->request, our 200. */
void bob_says(struct world *w, const char *method, const char *type, const char *body);

#endif
