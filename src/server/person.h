/* A person as stored: what a home needs before it can speak of him. Read on a worker,
 * adopted on the home loop. */
#ifndef LYCHGATE_SERVER_PERSON_H
#define LYCHGATE_SERVER_PERSON_H

#include "accounts/account.h"
#include "accounts/card.h"
#include "server/turn.h"

struct person_record {
    struct slice address;
    bool exists; /* and may sign in; the rest is set only then */
    struct account account;
    struct card card;
    struct slice photo_url; /* absent: no photo, or nobody serves it */
    struct presence_record *presence;
};

/* Read the person of record->address; everything lives in the arena. An account that
 * does not exist or is disabled is no error. Worker threads. */
int person_read(struct server *server, struct arena *arena, struct person_record *record,
                struct fault *fault);

/* Let the home know him. What it knows already stays. */
void person_adopt(struct wing *home, const struct person_record *record);

/* He was changed: who watches him is told. Within a turn; nothing if he is not known. */
void person_changed(struct wing *home, const struct person_record *record);

#endif
