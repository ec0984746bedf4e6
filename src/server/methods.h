/* Who answers a SIP request, and where: one table (methods.c). */
#ifndef LYCHGATE_SERVER_METHODS_H
#define LYCHGATE_SERVER_METHODS_H

#include "server/home.h"
#include "server/inquire.h"

/* One row. Exactly one of the functions is there. */
struct method_way {
    enum sip_method method;
    bool (*fits)(const struct sip_message *request); /* NULL: always */
    void (*start)(struct errand *errand);            /* on the line's loop */
    home_fn *home;       /* on the caller's home loop, which knows him */
    inquire_fn *inquire; /* on a worker */
};

/* Answer a request that the gate let pass: errand->reply is an empty 200. The errand is
 * finished now or later. A response goes to the session it belongs to. */
void methods_take(struct errand *errand);

#endif
