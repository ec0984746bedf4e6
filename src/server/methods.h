/* What the server does with SIP methods other than REGISTER. */
#ifndef LYCHGATE_SERVER_METHODS_H
#define LYCHGATE_SERVER_METHODS_H

#include "server/line.h"

/* Answer a request that the gate let pass: fills errand->reply. */
void methods_answer(struct errand *errand);

/* Requests that are answered outside authentication: NEGOTIATE (compression, which a
 * Microsoft client may ask for first) gets 405, never 401. True: the reply is made. */
bool methods_before_gate(struct errand *errand);

#endif
