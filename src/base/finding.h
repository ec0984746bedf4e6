/* The closed list of findings: everything that can be wrong with a sign-in,
 * each written once (findings.def) and read by the wire, the log, the metrics,
 * the manual page, `lychgate signin` and `lychgate diagnose`. */
#ifndef LYCHGATE_BASE_FINDING_H
#define LYCHGATE_BASE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum finding {
    FINDING_NONE = 0,
#define FINDING(name, id, http, sip, msdiag, seen, user, admin, remedy) FINDING_##name,
#include "base/findings.def"
#undef FINDING
    FINDING_COUNT
};

/* Who may learn a finding. */
enum finding_audience {
    SEEN_BY_ALL,   /* the wire says what it is */
    SEEN_BY_ADMIN, /* the wire stays vague, the log is exact */
};

struct finding_row {
    const char *id;     /* stable, kebab-case: "wrong-password" */
    int http;           /* HTTP status this becomes, 0: none */
    int sip;            /* SIP status this becomes, 0: none */
    int ms_diagnostics; /* [MS-OCER] number, 0: Microsoft has none */
    enum finding_audience audience;
    const char *user;   /* one sentence for the person who signs in */
    const char *admin;  /* one sentence for the administrator */
    const char *remedy; /* what to do about it */
};

/* The row of a finding; never NULL (an unknown number yields the row "none"). */
const struct finding_row *finding_row(enum finding finding);

/* Shorthand for finding_row(finding)->id. */
const char *finding_id(enum finding finding);

/* Look a finding up by its id; FINDING_NONE if there is no such. */
enum finding finding_by_id(const char *id);

#endif
