#include "server/turn.h"

#include "server/faces.h"
#include "server/home.h"

void turn_begin(struct turn *turn, struct wing *wing, struct errand *errand)
{
    *turn = (struct turn){.wing = wing,
                          .errand = errand,
                          .arena = errand ? errand->arena : arena_new(),
                          .now = loop_now(wing->loop)};
    outgoing_init(&turn->out, turn->arena);
    presence_posts_init(&turn->posts, turn->arena);
    wing->turn = turn;
    faces_time(wing, turn->now);
}

/* ---- copies for other loops ---------------------------------------------------------- */

/* One publication goes to many with the same bytes: neighbours share the copy. */
struct copier {
    struct arena *arena;
    struct slice from, to;
};

static struct slice copy_body(struct copier *copier, struct slice body)
{
    if (body.at != copier->from.at || body.len != copier->from.len) {
        copier->from = body;
        copier->to = arena_copy(copier->arena, body);
    }
    return copier->to;
}

static struct sip_lines copy_lines(struct arena *arena, const struct sip_lines *from)
{
    struct sip_lines to = {0};
    for (const struct sip_line *line = from->first; line; line = line->next)
        sip_line_add(&to, arena, arena_copy(arena, line->name), arena_copy(arena, line->value));
    return to;
}

static void copy_request(struct copier *copier, struct sip_request *to,
                         const struct sip_request *from)
{
    struct arena *arena = copier->arena;
    *to = *from;
    to->arena = arena;
    to->uri = arena_copy(arena, from->uri);
    to->from = arena_copy(arena, from->from);
    to->to = arena_copy(arena, from->to);
    to->call_id = arena_copy(arena, from->call_id);
    to->content_type = arena_copy(arena, from->content_type);
    to->body = copy_body(copier, from->body);
    to->headers = copy_lines(arena, &from->headers);
}

static struct sip_out *copy_forwarded(struct copier *copier, const struct sip_out *from)
{
    struct arena *arena = copier->arena;
    struct sip_out *to = arena_new_of(arena, struct sip_out);
    *to = *from;
    to->arena = arena;
    to->start = arena_copy(arena, from->start);
    to->lines = copy_lines(arena, &from->lines);
    to->from = arena_copy(arena, from->from);
    to->to = arena_copy(arena, from->to);
    to->call_id = arena_copy(arena, from->call_id);
    to->cseq_text = arena_copy(arena, from->cseq_text);
    to->body = copy_body(copier, from->body);
    return to;
}

static void copy_outgoing(struct copier *copier, struct outgoing_list *list,
                          const struct outgoing *from)
{
    struct outgoing *to = outgoing_add(list);
    to->flow = from->flow;
    to->last = from->last;
    to->account = arena_copy(copier->arena, from->account);
    to->epid = arena_copy(copier->arena, from->epid);
    to->instance = arena_copy(copier->arena, from->instance);
    if (from->forwarded)
        to->forwarded = copy_forwarded(copier, from->forwarded);
    else
        copy_request(copier, &to->request, &from->request);
}

/* ---- parcels ----------------------------------------------------------------------------- */

/* What goes to one other loop, in one letter. */
struct parcel {
    struct letter letter;
    struct wing *wing;
    struct arena *arena;
    struct copier bodies, documents;
    struct outgoing_list out;
    struct presence_posts posts;
};

static void open_parcel(void *arg);

static struct parcel *parcel_for(struct parcel **parcels, struct wing *to)
{
    struct parcel **place = &parcels[to->index];
    if (!*place) {
        struct arena *arena = arena_new();
        struct parcel *parcel = arena_new_of(arena, struct parcel);
        *parcel = (struct parcel){
            .wing = to, .arena = arena, .bodies = {.arena = arena}, .documents = {.arena = arena}};
        parcel->letter = (struct letter){.fn = open_parcel, .arg = parcel};
        outgoing_init(&parcel->out, arena);
        presence_posts_init(&parcel->posts, arena);
        *place = parcel;
    }
    return *place;
}

static void pack_post(struct parcel *parcel, const struct presence_post *post)
{
    struct presence_post *copy = arena_new_of(parcel->arena, struct presence_post);
    *copy = *post;
    copy->next = NULL;
    copy->to = arena_copy(parcel->arena, post->to);
    copy->from = arena_copy(parcel->arena, post->from);
    copy->document = copy_body(&parcel->documents, post->document);
    *parcel->posts.last = copy;
    parcel->posts.last = &copy->next;
}

static void hand_out_message(struct wing *wing, struct parcel **parcels, const struct outgoing *o)
{
    if (o->flow.loop == wing->index) {
        scoped(arena) struct arena *arena = arena_new();
        line_deliver(wing, o, arena);
    } else {
        struct parcel *parcel = parcel_for(parcels, &wing->server->wings[o->flow.loop]);
        copy_outgoing(&parcel->bodies, &parcel->out, o);
    }
}

/* News for people at home here may make more news: until there are none. */
static void hand_out_posts(struct turn *turn, struct parcel **parcels)
{
    const struct presence_post *post = turn->posts.first;
    while (post) {
        struct wing *home = wing_of_account(turn->wing->server, post->to);
        if (home == turn->wing)
            presence_deliver(home->presence, post, turn->now, &turn->out, &turn->posts);
        else
            pack_post(parcel_for(parcels, home), post);
        post = post->next;
    }
}

static void send_parcels(struct wing *wing, struct parcel **parcels)
{
    for (unsigned i = 0; i < wing->server->wing_count; i++)
        if (parcels[i])
            loop_send(parcels[i]->wing->loop, &parcels[i]->letter);
}

void turn_end(struct turn *turn)
{
    struct wing *wing = turn->wing;
    struct parcel **parcels = arena_array(turn->arena, struct parcel *, wing->server->wing_count);
    hand_out_posts(turn, parcels);
    wing->turn = NULL;
    for (const struct outgoing *o = turn->out.first; o; o = o->next)
        hand_out_message(wing, parcels, o);
    send_parcels(wing, parcels);
    if (!turn->errand)
        arena_free(turn->arena);
    home_wake(wing);
}

/* The errand takes its arena away with it, so all that is to follow is copied before. */
static void conclude_far(struct turn *turn)
{
    struct wing *wing = turn->wing;
    struct arena *arena = arena_new();
    struct parcel **parcels = arena_array(arena, struct parcel *, wing->server->wing_count);
    struct copier copier = {.arena = arena};
    struct outgoing_list here;
    outgoing_init(&here, arena);
    hand_out_posts(turn, parcels);
    wing->turn = NULL;
    for (const struct outgoing *o = turn->out.first; o; o = o->next) {
        if (o->flow.loop == wing->index)
            copy_outgoing(&copier, &here, o);
        else
            hand_out_message(wing, parcels, o);
    }
    line_errand_finish(turn->errand);
    for (const struct outgoing *o = here.first; o; o = o->next)
        hand_out_message(wing, parcels, o);
    send_parcels(wing, parcels);
    arena_free(arena);
    home_wake(wing);
}

void turn_conclude(struct turn *turn)
{
    struct errand *e = turn->errand;
    if (e->wing != turn->wing) {
        conclude_far(turn);
        return;
    }
    line_errand_reply(e);
    turn_end(turn);
    line_errand_end(e);
}

void turn_send(struct wing *wing, const struct outgoing_list *list)
{
    if (!list->first)
        return;
    struct parcel **parcels = arena_array(list->arena, struct parcel *, wing->server->wing_count);
    for (const struct outgoing *o = list->first; o; o = o->next)
        hand_out_message(wing, parcels, o);
    send_parcels(wing, parcels);
}

static void open_parcel(void *arg)
{
    struct parcel *parcel = arg;
    turn_send(parcel->wing, &parcel->out);
    if (parcel->posts.first) {
        struct turn turn;
        turn_begin(&turn, parcel->wing, NULL);
        for (const struct presence_post *post = parcel->posts.first; post; post = post->next)
            presence_deliver(parcel->wing->presence, post, turn.now, &turn.out, &turn.posts);
        turn_end(&turn);
    }
    arena_free(parcel->arena);
}
