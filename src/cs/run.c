#include "cs/cmdlet_priv.h"

int cs_run(const struct cs_world *world, struct slice line, struct arena *arena,
           struct cs_result *result, struct fault *fault)
{
    struct cs_line parsed;
    struct cs_objects input, output = {.arena = arena};
    *result = (struct cs_result){.objects = {.arena = arena}};
    int err = cs_parse(line, arena, &parsed, fault);
    if (err < 0)
        return err;
    struct cs_call *calls = arena_array(arena, struct cs_call, parsed.count);
    /* All names are looked at before anything is done. */
    for (size_t i = 0; i < parsed.count && err == 0; i++) {
        calls[i] = (struct cs_call){.world = world, .arena = arena, .result = result};
        calls[i].input = i > 0 ? &input : NULL;
        err = cs_bind(&parsed.stage[i], &calls[i], fault);
    }
    for (size_t i = 0; i < parsed.count && err == 0; i++) {
        input = output;
        output = (struct cs_objects){.arena = arena};
        calls[i].output = &output;
        err = calls[i].cmdlet->run(&calls[i], fault);
    }
    result->objects = output;
    return err;
}
