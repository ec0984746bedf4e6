#include "tools/finding.h"

#include <jansson.h>
#include <stdio.h>

static json_t *as_json(const struct finding_row *row)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:b}", "id", row->id, "user", row->user, "admin",
                     row->admin, "remedy", row->remedy, "http", row->http, "sip", row->sip,
                     "ms_diagnostics", row->ms_diagnostics, "seen_by_strangers",
                     row->audience == SEEN_BY_ALL);
}

static void print_one(const struct finding_row *row)
{
    printf("%s\n  %s\n  %s\n  remedy: %s\n", row->id, row->user, row->admin, row->remedy);
    if (row->http)
        printf("  HTTP status %d\n", row->http);
    if (row->sip)
        printf("  SIP status %d\n", row->sip);
    if (row->ms_diagnostics)
        printf("  ms-diagnostics %d\n", row->ms_diagnostics);
}

enum tool_exit finding_run(struct invocation *invocation)
{
    if (invocation->operand_count == 1) {
        enum finding finding = finding_by_id(invocation->operands[0]);
        if (finding == FINDING_NONE)
            return tool_usage("there is no finding `%s`; `lychgate finding` lists them",
                              invocation->operands[0]);
        if (invocation->json) {
            json_t *one = as_json(finding_row(finding));
            json_dumpf(one, stdout, JSON_INDENT(2));
            putchar('\n');
            json_decref(one);
        } else {
            print_one(finding_row(finding));
        }
        return TOOL_FINE;
    }
    json_t *all = json_array();
    for (int i = 1; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        if (invocation->json)
            json_array_append_new(all, as_json(row));
        else
            printf("%-30s %s\n", row->id, row->user);
    }
    if (invocation->json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    return TOOL_FINE;
}
