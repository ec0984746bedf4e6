/* What the two halves of the stage share: building the site, running the server. */
#ifndef LYCHGATE_BENCH_STAGE_PRIV_H
#define LYCHGATE_BENCH_STAGE_PRIV_H

#include "bench/stage.h"

/* Write configuration, certificates, vault and store, and add the users. */
int stage_build(struct stage *stage, const struct stage_options *options, struct fault *fault);

/* Start the server and wait for its word that it is ready. */
int stage_run(struct stage *stage, const struct stage_options *options, struct fault *fault);

#endif
