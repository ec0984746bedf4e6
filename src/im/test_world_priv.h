/* A home with alice at a1, a2, bob at b1, b2, b3 and eve at e1, for flow tests: lines of
 * text in, what goes out as text.
 *
 *   "a1 INVITE bob"      a request; options behind it, see world_request()
 *   "b1 180"             an answer to the last request that b1 got
 *   "lost b1", "+2000"   a connection ends; time passes (ms)
 *
 * What goes out: "a1:100 b1:INVITE b2:INVITE", a1:100 being the reply. */
#ifndef LYCHGATE_IM_TEST_WORLD_PRIV_H
#define LYCHGATE_IM_TEST_WORLD_PRIV_H

#include "im/im.h"

enum {
    WORLD_ENDPOINTS = 6
};

struct world_endpoint {
    const char *name;
    struct endpoint endpoint;
    bool away;
    char *request;  /* the last one it got that is answered */
    char *cancel;   /* the last CANCEL */
    char *received; /* the last message of any kind */
};

struct world {
    struct im *im;
    struct arena *arena; /* of the whole test */
    struct buf sent;     /* what the last line made go out */
    struct world_endpoint endpoints[WORLD_ENDPOINTS];
    int64_t now;
};

void world_init(struct world *world, const struct im_options *options);
void world_fini(struct world *world);

/* Do one line; returns what went out. */
const char *world_do(struct world *world, const char *line);

struct world_endpoint *world_endpoint(struct world *world, const char *name);

#endif
