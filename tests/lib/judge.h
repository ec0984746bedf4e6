/* Programs that nobody here wrote, as judges: run them, keep what they say. */
#ifndef LYCHGATE_TESTS_JUDGE_H
#define LYCHGATE_TESTS_JUDGE_H

#include "base/buf.h"

/* Is the program in PATH, or where Debian keeps an administrator's? */
bool judge_there(const char *program);

/* Run argv (ended by NULL) without a shell; standard output and error go to
 * `said`. Returns the exit status, or -1 when it could not be run or was killed. */
int judge_run(struct buf *said, const char *const *argv);

#endif
