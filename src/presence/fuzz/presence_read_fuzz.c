/* Bodies as the server sends them, their Content-Type on the first line. */
#include "presence/own.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *arg, const struct presence_told *told)
{
    (void)arg;
    if (slice_empty(told->account) || (told->card && slice_absent(told->name)) ||
        slice_absent(told->note_text) || slice_absent(told->activity))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice type, body;
    struct presence_self_told self;
    struct presence_conflict *conflicts;
    struct fault fault;
    size_t count;
    slice_cut(slice_make(data, size), '\n', &type, &body);
    presence_read_news(slice_trim(type), body, arena, see, NULL, &fault);
    presence_read_conflict(body, arena, &conflicts, &count, &fault);
    if (presence_read_self(body, arena, &self, &fault) == 0) {
        struct presence_versions *versions = presence_versions_new();
        presence_versions_take(versions, &self);
        for (size_t i = 0; i < self.item_count; i++)
            presence_version(versions, "state", self.items[i].instance, self.items[i].container);
        presence_versions_free(versions);
    }
    return 0;
}
