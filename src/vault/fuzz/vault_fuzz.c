/* The vault's packets, in both directions: what parses must print to the same bytes. */
#include "vault/wire_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const char *printed, size_t len, struct slice packet)
{
    if (len != packet.len || memcmp(printed, packet.at, len) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char printed[WIRE_MAX];
    struct slice packet = slice_make(data, size);
    struct vault_request request;
    struct vault_reply reply;
    struct fault fault;
    size_t len = 0;
    if (wire_parse_request(packet, &request, &fault) == 0) {
        if (wire_print_request(&request, printed, &len, &fault) != 0)
            abort();
        same(printed, len, packet);
    }
    if (wire_parse_reply(packet, &reply, &fault) == 0) {
        if (wire_print_reply(&reply, printed, &len, &fault) != 0)
            abort();
        same(printed, len, packet);
    }
    return 0;
}
