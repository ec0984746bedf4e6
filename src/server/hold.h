/* A hold: while a change of a user's is being written on a worker, his other changes
 * wait, so that each is judged by what the one before has made of his state. */
#ifndef LYCHGATE_SERVER_HOLD_H
#define LYCHGATE_SERVER_HOLD_H

#include "server/line.h"

/* May this change of errand->caller go on? False: it waits, and home_take() gets it
 * again from hold_leave(). */
bool hold_enter(struct wing *home, struct errand *errand);

/* The change is made or refused: the next one's turn. Harmless for an errand that holds
 * nothing. Call it before the errand ends. */
void hold_leave(struct wing *home, struct errand *errand);

/* The same, and the errand ends with its fault. */
void hold_refuse(struct wing *home, struct errand *errand);

#endif
