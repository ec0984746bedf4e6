/* Sessions: what goes from one endpoint to another (im/) by way of the callee's home. */
#ifndef LYCHGATE_SERVER_SESSION_H
#define LYCHGATE_SERVER_SESSION_H

#include "server/line.h"

/* Take a request to the home of whom it is meant for. */
void session_send(struct errand *errand);

/* Take an endpoint's response back to where it is waited for; others are dropped. */
void session_response(struct errand *errand);

/* A connection has ended; at every home, within a turn. */
void session_flow_lost(struct wing *home, struct flow flow);

#endif
