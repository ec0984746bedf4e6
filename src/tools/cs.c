#include "tools/cs.h"

#include "cs/cs.h"
#include "server/offer.h"
#include "tools/office.h"
#include "tools/show.h"

#include <stdio.h>

/* The shell has cut the line into words; a line in one pair of quotes is one word. */
static struct slice join(struct invocation *invocation)
{
    scoped(buf) struct buf line = BUF_INIT;
    for (size_t i = 0; i < invocation->operand_count; i++)
        buf_print(&line, "%s%s", i ? " " : "", invocation->operands[i]);
    return arena_copy(invocation->arena, slice_of(buf_string(&line)));
}

enum tool_exit cs_verb_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf text = BUF_INIT;
    struct cs_result result;
    struct fault fault;
    if (office_open_records(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    struct site site = offer_site(office.config, 0, 0);
    struct cs_world world = {.store = office.store,
                             .reader = office.reader,
                             .accounts = office.accounts,
                             .site = &site,
                             .subject = offer_subject(office.config, 0)};
    if (cs_run(&world, join(invocation), invocation->arena, &result, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json) {
        show_json(cs_result_json(&result));
        return TOOL_FINE;
    }
    cs_print(&result, &text);
    fwrite(buf_string(&text), 1, text.len, stdout);
    return TOOL_FINE;
}
