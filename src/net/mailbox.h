/* A mailbox: many threads put letters in, one takes them out. Letters of one
 * sender come out in the order they were put in. loop_post() (net/loop.h) is
 * the ordinary way to it; a letter that is part of a larger object needs no
 * memory of its own and so can always be sent. */
#ifndef LYCHGATE_NET_MAILBOX_H
#define LYCHGATE_NET_MAILBOX_H

#include <pthread.h>

typedef void letter_fn(void *arg);

/* Runs fn(arg) on the loop it is sent to. May be embedded; must stay in place
 * until fn is called, and may be reused (or freed) from within fn. */
struct letter {
    struct letter *next;
    letter_fn *fn;
    void *arg;
};

struct mailbox {
    pthread_mutex_t lock;
    struct letter *first, **last;
    int wake; /* eventfd, readable while there are letters that nobody took */
};

/* Returns 0 or -ERR_IO when the system gives no eventfd. */
int mailbox_init(struct mailbox *mailbox);
void mailbox_fini(struct mailbox *mailbox);

/* Put one letter in; any thread. */
void mailbox_put(struct mailbox *mailbox, struct letter *letter);

/* Make it readable without a letter; any thread. */
void mailbox_ring(struct mailbox *mailbox);

/* Take all letters out, first come first; the owning thread only. NULL: none. */
struct letter *mailbox_take(struct mailbox *mailbox);

#endif
