/* Any text as a configuration: it is read or named wrong, and what was read
 * prints and reads back. */
#include "server/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = config_new(), *again = config_new();
    struct fault fault = {0};
    if (config_parse(config, slice_make(data, size), "fuzz", &fault) == 0) {
        struct buf text = BUF_INIT;
        config_print(&text, config);
        if (config_parse(again, buf_slice(&text), "again", &fault) < 0 &&
            fault.finding != FINDING_CONFIG_INVALID)
            abort();
        buf_free(&text);
    } else if (fault.finding != FINDING_CONFIG_INVALID || !fault.detail[0]) {
        abort();
    }
    config_free(config);
    config_free(again);
    return 0;
}
