#include "cs/cmdlet_priv.h"

/* One pipeline, looked up. */
struct pipeline {
    struct cs_call *call;
    struct cs_objects *input; /* of each call */
    size_t count;
};

struct cs_session {
    struct arena *arena;
    struct pipeline *line;
    size_t count, next;
};

static int bind_line(const struct cs_world *world, const struct cs_line *line, struct arena *arena,
                     struct pipeline *out, struct fault *fault)
{
    int err = 0;
    out->count = line->count;
    out->call = arena_array(arena, struct cs_call, line->count);
    out->input = arena_array(arena, struct cs_objects, line->count);
    for (size_t i = 0; i < line->count && err == 0; i++) {
        out->call[i] = (struct cs_call){.world = world, .arena = arena};
        out->call[i].input = i > 0 ? &out->input[i] : NULL;
        err = cs_bind(&line->stage[i], &out->call[i], fault);
    }
    return err;
}

int cs_read(const struct cs_world *world, struct slice text, struct arena *arena,
            struct cs_session **out, struct fault *fault)
{
    struct cs_script script;
    struct cs_session *session = arena_new_of(arena, struct cs_session);
    int err = cs_parse(text, arena, &script, fault);
    if (err < 0)
        return err;
    *session = (struct cs_session){.arena = arena, .count = script.count};
    session->line = arena_array(arena, struct pipeline, script.count);
    for (size_t i = 0; i < script.count && err == 0; i++)
        err = bind_line(world, &script.line[i], arena, &session->line[i], fault);
    *out = session;
    return err;
}

int cs_next(struct cs_session *session, struct cs_result *result, struct fault *fault)
{
    struct cs_objects output = {.arena = session->arena};
    int err = 0;
    *result = (struct cs_result){.objects = output};
    if (session->next == session->count)
        return 0;
    struct pipeline *line = &session->line[session->next++];
    for (size_t i = 0; i < line->count && err == 0; i++) {
        line->input[i] = output;
        output = (struct cs_objects){.arena = session->arena};
        line->call[i].output = &output;
        line->call[i].result = result;
        err = line->call[i].cmdlet->run(&line->call[i], fault);
    }
    result->objects = output;
    return err < 0 ? err : 1;
}

int cs_run(const struct cs_world *world, struct slice text, struct arena *arena,
           struct cs_result *result, struct fault *fault)
{
    struct cs_session *session;
    struct cs_result last = {.objects = {.arena = arena}};
    int err = cs_read(world, text, arena, &session, fault);
    *result = last;
    while (err >= 0 && (err = cs_next(session, &last, fault)) > 0)
        *result = last;
    return err;
}
