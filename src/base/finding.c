#include "base/finding.h"

#include <string.h>

static const struct finding_row rows[] = {
    [FINDING_NONE] = {.id = "none", .user = "", .admin = "", .remedy = ""},
#define FINDING(name, id, http, sip, msdiag, seen, user, admin, remedy)                            \
    [FINDING_##name] = {id, http, sip, msdiag, SEEN_BY_##seen, user, admin, remedy},
#include "base/findings.def"
#undef FINDING
};

const struct finding_row *finding_row(enum finding finding)
{
    return &rows[(unsigned)finding < FINDING_COUNT ? finding : FINDING_NONE];
}

const char *finding_id(enum finding finding)
{
    return finding_row(finding)->id;
}

enum finding finding_by_id(const char *id)
{
    for (int i = 0; i < FINDING_COUNT; i++)
        if (strcmp(rows[i].id, id) == 0)
            return (enum finding)i;
    return FINDING_NONE;
}
