/* A refusal as the client meets it: [MS-OCAUTHWS] section 2.2, [MS-OCER] section
 * 7.22. The number is the family, the sentence says which of it. */
#include "webticket/client.h"
#include "xml/soap.h"

enum {
    NO_VALID_TOKEN = 28020,
    SERVER_ERROR = 28001,
    QUOTE_MAX = 120
};

struct refusal {
    uint64_t number; /* 0: none */
    struct slice reason;
};

/* `28020;source="fqdn";reason="..."` */
static void read_diagnostics(struct slice text, struct refusal *out)
{
    const struct slice name = SLICE("reason=\"");
    struct slice number, rest, reason;
    slice_cut(text, ';', &number, &rest);
    if (slice_number(slice_trim(number), 999999, &out->number))
        return;
    ptrdiff_t at = slice_find(rest, name);
    if (at >= 0) {
        slice_cut(slice_from(rest, (size_t)at + name.len), '"', &reason, &rest);
        out->reason = reason;
    }
}

/* The row that says just this, if the server is one of ours; else the first with
 * that number. */
static enum finding finding_of(const struct refusal *refusal, int status, enum finding vague)
{
    enum finding by_number = FINDING_NONE;
    if (refusal->number == NO_VALID_TOKEN && slice_starts(refusal->reason, SLICE("No valid")))
        return vague;
    for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        if (refusal->reason.len > 0 && row->audience == SEEN_BY_ALL && row->http != 0 &&
            slice_eq(refusal->reason, slice_of(row->user)))
            return (enum finding)i;
        if (by_number == FINDING_NONE && refusal->number > 1 && row->http != 0 &&
            row->ms_diagnostics == (int)refusal->number)
            by_number = (enum finding)i;
    }
    if (refusal->number == SERVER_ERROR)
        return FINDING_SERVICE_FAILED;
    if (by_number != FINDING_NONE)
        return by_number;
    return status == 401 ? vague : status == 403 ? FINDING_USER_DISABLED : FINDING_SERVICE_FAILED;
}

int webticket_refusal(int status, struct slice diagnostics, struct slice body, enum finding vague,
                      struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct refusal refusal = {0};
    struct soap_message message;
    struct soap_fault soap;
    if (!slice_absent(diagnostics))
        read_diagnostics(diagnostics, &refusal);
    if (refusal.number == 0 && !xml_read(body, NULL, &doc, NULL) &&
        !soap_read_with(doc, NULL, &message, NULL) && soap_fault_read(&message, &soap)) {
        refusal.number = soap.error_id;
        refusal.reason = soap.text;
    }
    return fault_set(fault, ERR_DENIED, finding_of(&refusal, status, vague),
                     "HTTP %d, diagnostics %llu \"%.*s\"", status,
                     (unsigned long long)refusal.number,
                     SLICE_ARG(slice_head(refusal.reason, QUOTE_MAX)));
}
