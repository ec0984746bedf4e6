/* Admission: what must be known before somebody who has proved who he is gets in. A
 * worker asks the policies about his program, and reads what his home will keep of him. */
#ifndef LYCHGATE_SERVER_ADMIT_H
#define LYCHGATE_SERVER_ADMIT_H

#include "policy/policy.h"
#include "server/line.h"
#include "server/person.h"

/* A user as he was stored, in the errand's arena. */
struct admission {
    struct person_record person;
    struct contacts_list *contacts;
    struct policy_effective policy;
};

/* Take a request to a worker, and then (back) to its caller's home. */
void admit_send(struct errand *errand);

/* Does the home lack something of this user? */
bool admit_needed(const struct wing *home, struct slice account);

/* Let the home keep what was read; what it knows already is newer. Within a turn. */
void admit_settle(struct wing *home, const struct errand *errand);

#endif
