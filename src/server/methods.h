/* What the server does with SIP methods other than REGISTER. */
#ifndef LYCHGATE_SERVER_METHODS_H
#define LYCHGATE_SERVER_METHODS_H

#include "server/line.h"

/* Answer a request that the gate let pass: fills errand->reply. */
void methods_answer(struct errand *errand);

#endif
