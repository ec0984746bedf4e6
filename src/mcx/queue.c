#include "mcx/queue_priv.h"

void queue_init(struct queue *queue)
{
    *queue = (struct queue){.events = BUF_LIMIT(QUEUE_BYTES), .next = 1, .due = INT64_MAX};
}

void queue_fini(struct queue *queue)
{
    buf_free(&queue->events);
    buf_free(&queue->last);
}

static void forget_events(struct queue *queue)
{
    buf_free(&queue->events); /* most phones hear little, and wait long */
    queue->events = (struct buf)BUF_LIMIT(QUEUE_BYTES);
    queue->due = INT64_MAX;
}

void queue_add(struct queue *queue, const struct mcx_event *event, enum phone_priority priority,
               int64_t now)
{
    if (queue->lost)
        return;
    mcx_event_print(event, &queue->events);
    if (buf_failed(&queue->events)) {
        forget_events(queue);
        queue->lost = true;
        queue->due = now;
        return;
    }
    int64_t due = priority == PHONE_HIGH ? now : now + QUEUE_GATHER_MS;
    queue->due = due < queue->due ? due : queue->due;
}

static void forget_last(struct queue *queue)
{
    buf_free(&queue->last);
    queue->has_last = false;
}

bool queue_answer(struct queue *queue, int64_t ack, int64_t now, bool over, struct buf *out)
{
    if (queue->has_last && ack == queue->next - 1) {
        buf_add(out, buf_slice(&queue->last));
        return true;
    }
    if (ack != queue->next) { /* neither: say which number is right */
        mcx_poll_print(queue->has_last ? queue->next - 1 : queue->next, false, SLICE(""), out);
        return true;
    }
    forget_last(queue);
    if (queue->due > now && !over)
        return false;
    mcx_poll_print(++queue->next, queue->lost, buf_slice(&queue->events), &queue->last);
    buf_add(out, buf_slice(&queue->last));
    queue->has_last = true;
    queue->lost = false;
    forget_events(queue);
    return true;
}
