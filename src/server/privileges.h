/* Becoming nobody in particular once the ports are open. */
#ifndef LYCHGATE_SERVER_PRIVILEGES_H
#define LYCHGATE_SERVER_PRIVILEGES_H

#include "base/fault.h"

/* No program run from here can gain privileges. Threads and processes inherit that from
 * the thread that calls it: call it before there are others. */
void privileges_never_gain(void);

/* Become `user` (from root; "" stays what it is), for good: groups, capabilities and
 * the way back are given up, in all threads. */
int privileges_drop(const char *user, struct fault *fault);

#endif
