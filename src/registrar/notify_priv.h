/* Messages of the registrar's own, within the subscription that a REGISTER with
 * `Event: registration` implies ([MS-SIPREGE] section 3.2). */
#ifndef LYCHGATE_REGISTRAR_NOTIFY_PRIV_H
#define LYCHGATE_REGISTRAR_NOTIFY_PRIV_H

#include "base/fault.h"
#include "registrar/places_priv.h"

/* Tell an endpoint that it is signed out: `event` is "rejected" or "unregistered",
 * `why` goes into ms-diagnostics-public if its row has a number. The place stays;
 * the caller drops it. `last`: the connection ends behind the message. */
void notify_deregistered(struct place *place, const char *event, enum finding why, bool last,
                         struct outgoing_list *out);

#endif
