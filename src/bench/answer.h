/* Our server's HTTP answers, as the measuring clients read them: whole, with a
 * Content-Length wherever there is a body. */
#ifndef LYCHGATE_BENCH_ANSWER_H
#define LYCHGATE_BENCH_ANSWER_H

#include "base/slice.h"

#include <stddef.h>

struct bench_answer {
    int status;
    struct slice head, body; /* of the bytes read */
    size_t len;              /* all of it, head and body */
};

/* The first answer of the bytes: 1 when it is whole, 0 when more must come, -ERR_MALFORMED
 * when it is no HTTP. */
int bench_answer_read(struct slice bytes, struct bench_answer *answer_out);

#endif
