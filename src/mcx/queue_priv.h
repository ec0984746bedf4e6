/* What happened, in order, until the phone has it. A poll asks for answer Ack, and by asking for
 * the next proves that this one arrived; so the last answer is kept and can be said again, and
 * nothing is delivered twice or lost. The rule is that of UCWA's channel; the events are
 * XML. No connection, no clock. */
#ifndef LYCHGATE_MCX_QUEUE_PRIV_H
#define LYCHGATE_MCX_QUEUE_PRIV_H

#include "mcx/wire.h"

enum {
    QUEUE_BYTES = 256 * 1024, /* kept for a phone that does not ask; beyond, all is dropped */
    QUEUE_GATHER_MS = 2000    /* how long news that are not urgent wait for others */
};

struct queue {
    struct buf events; /* printed, one behind the other */
    struct buf last;   /* answer next - 1, until it is known to have arrived */
    bool has_last, lost;
    int64_t next; /* the number of the answer to be made */
    int64_t due;  /* INT64_MAX: nothing is */
};

void queue_init(struct queue *queue);
void queue_fini(struct queue *queue);

void queue_add(struct queue *queue, const struct mcx_event *event, enum phone_priority priority,
               int64_t now);

/* Append what answers Ack now. False: nothing yet, let it wait. Whoever has waited long enough
 * is `over`: then there is an answer, with no events if there are none. */
bool queue_answer(struct queue *queue, int64_t ack, int64_t now, bool over, struct buf *out);

#endif
