/* Becoming nobody in particular once the ports are open. */
#ifndef LYCHGATE_SERVER_PRIVILEGES_H
#define LYCHGATE_SERVER_PRIVILEGES_H

#include "base/fault.h"

/* Become `user` (from root; "" stays what it is), for good: groups, capabilities and
 * the way back are given up, and no program run from here can gain privileges. */
int privileges_drop(const char *user, struct fault *fault);

#endif
