/* `lychgate bench ...`: how fast it is on this machine. */
#ifndef LYCHGATE_TOOLS_BENCH_H
#define LYCHGATE_TOOLS_BENCH_H

#include "tools/verb.h"

extern const struct verb_option bench_parse_options[], bench_signin_options[],
    bench_register_options[], bench_idle_options[], bench_presence_options[],
    bench_contacts_options[], bench_messages_options[], bench_mobile_options[],
    bench_polls_options[], bench_growth_options[];

enum tool_exit bench_parse_run(struct invocation *invocation);
enum tool_exit bench_signin_run(struct invocation *invocation);
enum tool_exit bench_register_run(struct invocation *invocation);
enum tool_exit bench_idle_run(struct invocation *invocation);
enum tool_exit bench_presence_run(struct invocation *invocation);
enum tool_exit bench_contacts_run(struct invocation *invocation);
enum tool_exit bench_messages_run(struct invocation *invocation);
enum tool_exit bench_mobile_run(struct invocation *invocation);
enum tool_exit bench_polls_run(struct invocation *invocation);
enum tool_exit bench_growth_run(struct invocation *invocation);

#endif
