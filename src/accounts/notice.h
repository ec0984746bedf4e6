/* Notices: which accounts an administrator has changed, so that a server that runs
 * learns of it without looking at everybody. A notice is written in the transaction of
 * the change; old ones go by themselves. */
#ifndef LYCHGATE_ACCOUNTS_NOTICE_H
#define LYCHGATE_ACCOUNTS_NOTICE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"

enum {
    NOTICES_KEPT = 10000 /* a server looks every second or so */
};

struct notice {
    int64_t number;
    struct slice address; /* of the account, also when it is no more, or has another now */
};

/* The step of accounts_schema that makes the table. */
extern const char notice_step[];

/* Say that this account is being changed. Inside a write; before a deletion. */
int notice_put(struct store_db *db, int64_t account, struct fault *fault);

/* The number of the latest; 0: there never was one. */
int notice_latest(struct store_reader *reader, int64_t *number_out, struct fault *fault);

/* Those after that number, oldest first, in the arena. */
int notice_list(struct store_reader *reader, int64_t after, struct arena *arena,
                struct notice **list_out, size_t *count_out, struct fault *fault);

#endif
