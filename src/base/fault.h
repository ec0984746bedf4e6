/* Errors, twice: a code for the program, a finding for the human.
 *
 * A function that can fail returns 0 or a negative `enum err`. That is for
 * control flow. On failure it also fills the `struct fault` it was handed:
 * which row of the closed list of findings, and where and what exactly. */
#ifndef LYCHGATE_BASE_FAULT_H
#define LYCHGATE_BASE_FAULT_H

#include "base/finding.h"

#include <stdarg.h>

/* Why a call failed, as coarse as control flow needs it. Returned negated. */
enum err {
    ERR_MALFORMED = 1, /* the bytes break the grammar */
    ERR_LIMIT,         /* a size or count passed its limit */
    ERR_AGAIN,         /* more input is needed; not a failure of anybody */
    ERR_DENIED,        /* understood and refused */
    ERR_UNKNOWN,       /* no such user, key, route, row */
    ERR_EXPIRED,       /* outside its validity in time */
    ERR_FORGED,        /* a signature, MAC or proof does not hold */
    ERR_REPLAYED,      /* seen before */
    ERR_CONFLICT,      /* the state does not allow it now */
    ERR_BUSY,          /* too much work at present */
    ERR_IO,            /* the system or a peer process failed us */
    ERR_UNSUPPORTED,   /* well-formed, but not something we do */
    ERR_INTERNAL,      /* a defect of ours */
};

/* The name of an error code ("malformed"), for logs; takes either sign. */
const char *err_name(int err);

enum {
    FAULT_DETAIL_MAX = 256
};

/* What went wrong, exactly. Plain data: no ownership, copy freely. `detail` is
 * for administrators; it never holds a secret, and strangers only see what the
 * finding's row allows. */
struct fault {
    int err; /* negative enum err, 0: no fault */
    enum finding finding;
    char detail[FAULT_DETAIL_MAX]; /* "header Contact, byte 112: unclosed quote"; always terminated
                                    */
};

/* Fill *fault (which may be NULL) and return -err, so that a parser can say
 * `return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "byte %zu: ...", at);`
 * err is given positive. Unprintable bytes in the detail become '?'. */
int fault_set(struct fault *fault, enum err err, enum finding finding, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with a va_list. */
int fault_setv(struct fault *fault, enum err err, enum finding finding, const char *format,
               va_list args) __attribute__((format(printf, 4, 0)));

#endif
