#include "base/fault.h"

#include <stdio.h>

static const char *const names[] = {
    [0] = "none",
    [ERR_MALFORMED] = "malformed",
    [ERR_LIMIT] = "limit",
    [ERR_AGAIN] = "again",
    [ERR_DENIED] = "denied",
    [ERR_UNKNOWN] = "unknown",
    [ERR_EXPIRED] = "expired",
    [ERR_FORGED] = "forged",
    [ERR_REPLAYED] = "replayed",
    [ERR_CONFLICT] = "conflict",
    [ERR_BUSY] = "busy",
    [ERR_IO] = "io",
    [ERR_UNSUPPORTED] = "unsupported",
    [ERR_INTERNAL] = "internal",
};

const char *err_name(int err)
{
    unsigned index = err < 0 ? 0U - (unsigned)err : (unsigned)err;
    return index < sizeof names / sizeof *names ? names[index] : "?";
}

int fault_setv(struct fault *fault, enum err err, enum finding finding, const char *format,
               va_list args)
{
    if (!fault)
        return -(int)err;
    fault->err = -(int)err;
    fault->finding = finding;
    vsnprintf(fault->detail, sizeof fault->detail, format, args);
    /* Details quote what peers sent: keep them harmless on a terminal. */
    for (char *c = fault->detail; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return fault->err;
}

int fault_set(struct fault *fault, enum err err, enum finding finding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int result = fault_setv(fault, err, finding, format, args);
    va_end(args);
    return result;
}
