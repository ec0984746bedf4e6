/* Who answers a method. A room offers rows; the server joins them to one table. */
#ifndef LYCHGATE_SIP_DISPATCH_H
#define LYCHGATE_SIP_DISPATCH_H

#include "sip/message.h"
#include "sip/reply.h"

/* May it come now? 0, or a negative enum err with *fault set. */
typedef int sip_may_fn(void *context, const struct sip_message *request, struct fault *fault);

/* Do it: fill the reply, which starts as an empty 200. 0, or a negative enum err
 * with *fault set, which then becomes the reply. */
typedef int sip_do_fn(void *context, const struct sip_message *request, struct sip_reply *reply,
                      struct fault *fault);

struct sip_method_row {
    enum sip_method method;
    sip_may_fn *may; /* NULL: always */
    sip_do_fn *answer;
    bool forwards; /* it is sent on: Max-Forwards 0 is refused with 483 */
};

struct sip_dispatch {
    const struct sip_method_row *rows;
    size_t count;
    const char *const
        *extensions;     /* option tags that Require may name, NULL at the end; NULL: any */
    struct slice source; /* our FQDN, for ms-diagnostics */
};

/* Answer a request. Not in the table: 405 with Allow; Require with an unknown tag:
 * 420 with Unsupported. ACK and BENOTIFY leave reply->no_answer set, whatever
 * happens. Returns 0, or the negative enum err that reply->fault tells of. */
int sip_dispatch(const struct sip_dispatch *table, void *context, const struct sip_message *request,
                 struct arena *arena, struct sip_reply *reply);

/* "REGISTER, INVITE": the methods of the table, for Allow. */
struct slice sip_dispatch_allow(const struct sip_dispatch *table, struct arena *arena);

#endif
