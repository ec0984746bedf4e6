/* Inquiries: requests that are answered from what is stored, on a worker, without any
 * user's live state: provisioning, the dial plan, the directory. */
#ifndef LYCHGATE_SERVER_INQUIRE_H
#define LYCHGATE_SERVER_INQUIRE_H

#include "server/line.h"

/* Let errand->way answer the request on a worker, then finish it. */
void inquire_send(struct errand *errand);

/* The ways of a worker: fill errand->reply, or return a negative enum err with
 * errand->fault. */
typedef int inquire_fn(struct desk *desk, struct errand *errand);
inquire_fn inquire_provisioning, inquire_dialplan, inquire_directory;

#endif
