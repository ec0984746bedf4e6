/* Where calls and branches are kept, and the ways to find them: by the request's
 * transaction, by branch, by connection, by account, by time. */
#include "im/im_priv.h"

#include "base/memory.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The bytes of a struct flow that count; what follows is padding. */
enum {
    FLOW_KEY_LEN = offsetof(struct flow, loop) + sizeof(uint32_t)
};

/* ---- by time: a binary heap -------------------------------------------------------------- */

static void heap_set(struct im *im, size_t at, struct im_call *call)
{
    im->heap[at] = call;
    call->heap_at = at;
}

static void heap_up(struct im *im, struct im_call *call)
{
    size_t at = call->heap_at;
    for (; at > 0 && call->due < im->heap[(at - 1) / 2]->due; at = (at - 1) / 2)
        heap_set(im, at, im->heap[(at - 1) / 2]);
    heap_set(im, at, call);
}

static void heap_down(struct im *im, struct im_call *call)
{
    size_t at = call->heap_at;
    for (size_t child; (child = 2 * at + 1) < im->count; at = child) {
        if (child + 1 < im->count && im->heap[child + 1]->due < im->heap[child]->due)
            child++;
        if (im->heap[child]->due >= call->due)
            break;
        heap_set(im, at, im->heap[child]);
    }
    heap_set(im, at, call);
}

static void heap_add(struct im *im, struct im_call *call)
{
    if (im->count == im->room) {
        im->room = im->room ? 2 * im->room : 16;
        im->heap = must_realloc(im->heap, im->room * sizeof(struct im_call *));
    }
    heap_set(im, im->count++, call);
    heap_up(im, call);
}

static void heap_remove(struct im *im, struct im_call *call)
{
    struct im_call *last = im->heap[--im->count];
    if (last == call)
        return;
    heap_set(im, call->heap_at, last);
    heap_up(im, last);
    heap_down(im, last);
}

void im_call_touch(struct im *im, struct im_call *call)
{
    if (!call->answered) {
        call->due = INT64_MAX;
        for (size_t i = 0; i < call->branch_count; i++)
            if (call->branches[i].due < call->due)
                call->due = call->branches[i].due;
    }
    heap_up(im, call);
    heap_down(im, call);
}

/* ---- by connection ------------------------------------------------------------------------- */

struct im_flow *im_flow_find(const struct im *im, struct flow flow)
{
    struct im_flow *found = NULL;
    HASH_FIND(hh, im->flows, &flow, FLOW_KEY_LEN, found);
    return found;
}

static struct im_flow *flow_of(struct im *im, struct flow flow)
{
    struct im_flow *found = im_flow_find(im, flow);
    if (found)
        return found;
    found = must_calloc(1, sizeof *found);
    found->flow = flow;
    HASH_ADD(hh, im->flows, flow, FLOW_KEY_LEN, found);
    return found;
}

static void drop_empty(struct im *im, struct im_flow *flow)
{
    if (flow->branches || flow->calls)
        return;
    HASH_DEL(im->flows, flow);
    free(flow);
}

void im_branch_leave_flow(struct im *im, struct im_branch *branch)
{
    struct im_flow *flow = branch->on;
    if (!flow)
        return;
    branch->on = NULL;
    DL_DELETE2(flow->branches, branch, flow_prev, flow_next);
    drop_empty(im, flow);
}

void im_call_leave_flow(struct im *im, struct im_call *call)
{
    struct im_flow *flow = call->on;
    if (!flow)
        return;
    call->on = NULL;
    DL_DELETE2(flow->calls, call, flow_prev, flow_next);
    drop_empty(im, flow);
}

/* ---- by account ---------------------------------------------------------------------------- */

static struct im_caller *find_caller(const struct im *im, struct slice account)
{
    struct im_caller *caller = NULL;
    HASH_FIND(hh, im->callers, account.at, account.len, caller);
    return caller;
}

size_t im_calls_of(const struct im *im, struct slice account)
{
    const struct im_caller *caller = find_caller(im, account);
    return caller ? caller->calls : 0;
}

static struct im_caller *join_caller(struct im *im, struct slice account)
{
    struct im_caller *caller = find_caller(im, account);
    if (!caller) {
        caller = must_calloc(1, sizeof *caller + account.len);
        caller->len = account.len;
        memcpy(caller->account, account.at, account.len);
        HASH_ADD_KEYPTR(hh, im->callers, caller->account, caller->len, caller);
    }
    caller->calls++;
    return caller;
}

static void leave_caller(struct im *im, struct im_caller *caller)
{
    if (--caller->calls > 0)
        return;
    HASH_DEL(im->callers, caller);
    free(caller);
}

/* ---- branches -------------------------------------------------------------------------------- */

/* The home, for the way back, and 128 bits that nobody guesses. */
struct slice im_branch_new_id(const struct im *im, struct arena *arena)
{
    return arena_print(arena, "z9hG4bKim%x.%.*s", im->options.home,
                       SLICE_ARG(random_hex(arena, 32)));
}

struct im_branch *im_branch_find(const struct im *im, struct slice id)
{
    struct im_branch *branch = NULL;
    if (!slice_empty(id))
        HASH_FIND(hh, im->branches, id.at, id.len, branch);
    return branch;
}

struct im_branch *im_branch_add(struct im *im, struct im_call *call,
                                const struct endpoint *endpoint, int64_t due)
{
    struct im_branch *branch = &call->branches[call->branch_count++];
    *branch = (struct im_branch){
        .call = call,
        .id = im_branch_new_id(im, call->arena),
        .due = due,
        .flow = endpoint->flow,
        .account = arena_copy(call->arena, endpoint->account),
        .epid = arena_copy(call->arena, endpoint->epid),
        .instance = guid_print(call->arena, &endpoint->instance),
        .uri = arena_copy(call->arena, endpoint->contact),
    };
    call->open++;
    HASH_ADD_KEYPTR(hh, im->branches, branch->id.at, branch->id.len, branch);
    branch->on = flow_of(im, branch->flow);
    DL_APPEND2(branch->on->branches, branch, flow_prev, flow_next);
    return branch;
}

/* ---- calls -------------------------------------------------------------------------------------
 */

/* RFC 3261 section 17.2.3. The branch alone names it; the rest serves clients from
 * before that rule, and keeps one whose branches repeat from mixing up its calls. */
struct slice im_call_key(struct arena *arena, const struct sip_message *request,
                         const struct registrar_caller *caller, struct slice method)
{
    return arena_print(arena, "%.*s %llx.%x %.*s %u %.*s %.*s", SLICE_ARG(method),
                       (unsigned long long)caller->flow.conn, caller->flow.loop,
                       SLICE_ARG(request->via.branch), request->cseq, SLICE_ARG(request->from.tag),
                       SLICE_ARG(request->call_id));
}

struct im_call *im_call_find(const struct im *im, struct slice key)
{
    struct im_call *call = NULL;
    HASH_FIND(hh, im->calls, key.at, key.len, call);
    return call;
}

/* What sip_out_reply() and the checks of responses need, and nothing else. */
static void keep_head(struct im_call *call, const struct sip_message *request)
{
    static const enum sip_header_id kept[] = {SIP_HEADER_VIA, SIP_HEADER_FROM, SIP_HEADER_TO,
                                              SIP_HEADER_CALL_ID, SIP_HEADER_CSEQ};
    scoped(buf) struct buf head = BUF_INIT;
    buf_print(&head, "%.*s %.*s SIP/2.0\r\n", SLICE_ARG(request->method_text),
              SLICE_ARG(request->uri.text));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        for (const struct sip_header *h = sip_header(request, kept[i]); h;
             h = sip_header_next(request, h))
            buf_print(&head, "%.*s: %.*s\r\n", SLICE_ARG(h->name), SLICE_ARG(h->value));
    buf_add_string(&head, "Content-Length: 0\r\n\r\n");
    call->head = arena_copy(call->arena, buf_slice(&head));
    call->method = request->method;
    call->method_text = arena_copy(call->arena, request->method_text);
    call->from = arena_copy(call->arena, sip_value(request, SIP_HEADER_FROM));
    call->call_id = arena_copy(call->arena, request->call_id);
    call->cseq = request->cseq;
}

struct im_call *im_call_new(struct im *im, const struct sip_message *request,
                            const struct registrar_caller *caller, size_t branches, int64_t now)
{
    struct arena *arena = arena_new();
    struct im_call *call = arena_new_of(arena, struct im_call);
    call->arena = arena;
    call->began = now;
    call->due = INT64_MAX;
    keep_head(call, request);
    call->flow = caller->flow;
    call->account = arena_copy(arena, caller->account);
    call->epid = arena_copy(arena, caller->epid);
    call->instance = arena_copy(arena, caller->instance);
    call->branches = arena_array(arena, struct im_branch, branches);
    call->key = im_call_key(arena, request, caller, request->method_text);
    HASH_ADD_KEYPTR(hh, im->calls, call->key.at, call->key.len, call);
    call->on = flow_of(im, call->flow);
    DL_APPEND2(call->on->calls, call, flow_prev, flow_next);
    call->caller = join_caller(im, call->account);
    heap_add(im, call);
    return call;
}

void im_call_end(struct im *im, struct im_call *call)
{
    for (size_t i = 0; i < call->branch_count; i++) {
        im_branch_leave_flow(im, &call->branches[i]);
        HASH_DEL(im->branches, &call->branches[i]);
    }
    im_call_leave_flow(im, call);
    leave_caller(im, call->caller);
    heap_remove(im, call);
    HASH_DEL(im->calls, call);
    arena_free(call->arena);
}
