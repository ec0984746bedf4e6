/* Between resolver.c (asking) and resolver_answer.c (what came back). */
#ifndef LYCHGATE_CLIENT_RESOLVER_PRIV_H
#define LYCHGATE_CLIENT_RESOLVER_PRIV_H

#include "client/resolver.h"

enum {
    RESOLVER_SERVER_TEXT = 80,
    RESOLVER_QUESTIONS_MAX = 2
};

/* One question and what became of it. */
struct asked {
    struct resolver *resolver;
    struct arena *arena;
    uint16_t type;
    bool done;
    int status;          /* of c-ares */
    struct slice bytes;  /* the answer; absent when there was none to read */
    struct slice server; /* who sent it; absent when none did */
    bool tcp;
};

/* Read the answers to questions about one name into *out. Returns 0 or the error
 * that describes best why there is nothing, see resolver_lookup. */
int resolver_conclude(const struct asked *asked, size_t count, int patience_ms,
                      struct resolver_answer *out, struct fault *fault);

#endif
