/* The client behind Test-CsRegistration and its like (cs/probe.h). */
#ifndef LYCHGATE_TOOLS_CS_PROBE_H
#define LYCHGATE_TOOLS_CS_PROBE_H

#include "cs/probe.h"
#include "tools/verb.h"

/* From the options of `lychgate cs`; false: told on stderr. The probes live as long as the
 * invocation's arena. */
bool cs_probes_init(struct invocation *invocation, struct cs_probes *out);

#endif
