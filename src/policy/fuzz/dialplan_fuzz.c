/* First line a pattern, second a translation, the rest a number: whatever a checked rule
 * makes of it comes to an end, and is a number or a refusal that has a finding. */
#include "policy/dialplan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice rest = slice_make(data, size);
    struct dialplan_rule rule = {.priority = 1, .name = SLICE("fuzz")};
    struct dialplan_result result;
    struct fault fault = {0};
    slice_cut(rest, '\n', &rule.pattern, &rest);
    slice_cut(rest, '\n', &rule.translation, &rest);
    if (dialplan_rule_check(&rule, &fault) < 0) {
        if (fault.finding != FINDING_DIALPLAN_RULE_INVALID)
            abort();
        return 0;
    }
    const struct dialplan plan = {.rule = &rule, .count = 1};
    int err = dialplan_normalize(&plan, rest, arena, &result, &fault);
    if (err == 0 ? slice_absent(result.number) : fault.finding == FINDING_NONE)
        abort();
    if (err == 0 && result.number.len > DIALPLAN_TRANSLATION_MAX * DIALPLAN_NUMBER_MAX)
        abort();
    return 0;
}
