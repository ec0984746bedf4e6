/* A document of in-band provisioning: no setting is without a name. */
#include "provision/read.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    struct provision_values values;
    struct fault fault;
    if (provision_read(slice_make(data, size), arena, &values, &fault) < 0)
        return 0;
    for (size_t i = 0; i < values.count; i++)
        if (slice_empty(values.rows[i].name) || slice_absent(values.rows[i].value))
            abort();
    return 0;
}
