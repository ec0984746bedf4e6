#include "net/mailbox.h"

#include "base/fault.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *mailbox)
{
    *mailbox = (struct mailbox){.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (mailbox->wake < 0)
        return -ERR_IO;
    mailbox->last = &mailbox->first;
    pthread_mutex_init(&mailbox->lock, NULL);
    return 0;
}

void mailbox_fini(struct mailbox *mailbox)
{
    close(mailbox->wake);
    pthread_mutex_destroy(&mailbox->lock);
}

void mailbox_ring(struct mailbox *mailbox)
{
    /* EAGAIN means that the counter is full: then it is readable all the same. */
    if (write(mailbox->wake, &(uint64_t){1}, sizeof(uint64_t)) < 0)
        return;
}

void mailbox_put(struct mailbox *mailbox, struct letter *letter)
{
    letter->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    bool was_empty = mailbox->first == NULL;
    *mailbox->last = letter;
    mailbox->last = &letter->next;
    /* Under the lock: once the reader has our letter, it may stop and free the mailbox. */
    if (was_empty)
        mailbox_ring(mailbox);
    pthread_mutex_unlock(&mailbox->lock);
}

struct letter *mailbox_take(struct mailbox *mailbox)
{
    uint64_t rings;
    /* First the bell, then the box: a letter put in between rings again. */
    if (read(mailbox->wake, &rings, sizeof rings) < 0)
        rings = 0;
    pthread_mutex_lock(&mailbox->lock);
    struct letter *first = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = &mailbox->first;
    pthread_mutex_unlock(&mailbox->lock);
    return first;
}
