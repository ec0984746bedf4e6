/* SERVICE: from a request to a list of operations, then to live state. */
#include "presence/presence_priv.h"

#define PUBLISH_TYPE    "application/msrtc-category-publish+xml"
#define MEMBERS_TYPE    "application/msrtc-setcontainermembers+xml"
#define SUBSCRIBER_TYPE "application/msrtc-presence-setsubscriber+xml"

struct plan {
    struct presence *presence;
    struct person *person;
    struct arena *arena;
    int64_t now;
    struct presence_change *change;
    struct presence_op **last;
    struct sip_reply *reply;
    bool answered; /* with a 409 */
    unsigned index;
    long added, value_bytes, members; /* net */
};

static int wrong(struct fault *fault, const struct xml_node *node, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_PRESENCE_MALFORMED, "line %ld: %s",
                     xml_line(node), what);
}

static int beyond(struct fault *fault, const char *what, size_t limit)
{
    return fault_set(fault, ERR_LIMIT, FINDING_PRESENCE_LIMIT, "more than %zu %s", limit, what);
}

static int read_number(const struct xml_node *node, const char *name, uint64_t most,
                       uint32_t *number_out, struct fault *fault)
{
    uint64_t number;
    if (slice_number(xml_attr(node, name), most, &number) < 0)
        return wrong(fault, node, name);
    *number_out = (uint32_t)number;
    return 0;
}

static int conflict(struct plan *plan, uint32_t version, uint32_t current)
{
    struct sip_reply *reply = plan->reply;
    struct slice diagnostics = slice_of(finding_row(FINDING_PRESENCE_STALE)->user);
    reply->status = 409;
    sip_reply_header(reply, "ms-diagnostics", "%d;reason=\"%.*s\"",
                     finding_row(FINDING_PRESENCE_STALE)->ms_diagnostics, SLICE_ARG(diagnostics));
    sip_reply_body(reply, SLICE("application/msrtc-fault+xml"),
                   print_conflict(reply->arena, plan->index, version, current));
    fault_set(&reply->fault, ERR_CONFLICT, FINDING_PRESENCE_STALE,
              "operation %u has version %u, we have %u", plan->index, version, current);
    plan->answered = true;
    return 0;
}

static struct presence_op *add_op(struct plan *plan, const struct presence_op *op)
{
    struct presence_op *made = arena_new_of(plan->arena, struct presence_op);
    *made = *op;
    *plan->last = made;
    plan->last = &made->next;
    plan->change->durable |= op->durable;
    return made;
}

static bool same_key(const struct presence_op *a, const struct presence_op *b)
{
    return a->kind == OP_PUBLICATION && a->instance == b->instance &&
           a->container == b->container && slice_eq(a->category, b->category);
}

/* ---- publish ------------------------------------------------------------------------------- */

static int read_publication(struct plan *plan, const struct xml_node *node, struct presence_op *op,
                            struct fault *fault)
{
    const struct xml_node *value = xml_first(node);
    struct slice expires = xml_attr(node, "expires");
    uint32_t seconds = 0;
    op->category = arena_copy(plan->arena, xml_attr(node, "categoryName"));
    if (!is_category_name(op->category))
        return wrong(fault, node, "categoryName");
    int expire = name_index(expire_names, 4, xml_attr(node, "expireType"));
    int err = read_number(node, "instance", UINT32_MAX, &op->instance, fault);
    if (err == 0)
        err = read_number(node, "container", CONTAINER_LAST, &op->container, fault);
    if (err == 0)
        err = read_number(node, "version", UINT32_MAX - 1, &op->version, fault);
    if (err == 0 && !slice_absent(expires))
        err = read_number(node, "expires", INT32_MAX, &seconds, fault);
    if (err < 0)
        return err;
    op->remove = !slice_absent(expires) && seconds == 0;
    if (expire < 0 || (expire == EXPIRE_TIME && slice_absent(expires)))
        return wrong(fault, node, "expireType");
    op->expire = (enum expire_type)expire;
    op->seconds = seconds;
    if (value && xml_next(value))
        return wrong(fault, node, "one element is a publication's value");
    if (!value || op->remove)
        return 0;
    scoped(buf) struct buf text = BUF_INIT; /* a document is limited as it is */
    xml_raw(value, &text);
    if (buf_failed(&text))
        return wrong(fault, value, "a value with a relative namespace");
    if (text.len > plan->presence->options.limits.value)
        return beyond(fault, "bytes in a publication", plan->presence->options.limits.value);
    op->value = arena_copy(plan->arena, buf_slice(&text));
    return 0;
}

/* Of noteHistory the last few are kept, each container's own ([MS-PRES], session.md 4.9);
 * the one that is published longest makes room. */
static void plan_history(struct plan *plan, const struct presence_op *put)
{
    const struct publication *oldest = NULL;
    unsigned count = 1;
    for (const struct publication *p = plan->person->publications; p; p = p->next) {
        struct presence_op key = {
            .category = p->category->text, .instance = p->instance, .container = p->container};
        bool changed = false;
        for (const struct presence_op *op = plan->change->first; op; op = op->next)
            changed |= same_key(op, &key);
        if (changed || p->container != put->container ||
            !slice_eq(p->category->text, put->category))
            continue;
        count++;
        if (!oldest || p->published < oldest->published)
            oldest = p;
    }
    for (const struct presence_op *op = plan->change->first; op; op = op->next)
        count += op != put && !op->remove && op->container == put->container &&
                 slice_eq(op->category, put->category);
    if (count <= NOTE_HISTORY_MAX || !oldest)
        return;
    add_op(plan, &(struct presence_op){.category = arena_copy(plan->arena, put->category),
                                       .instance = oldest->instance,
                                       .container = oldest->container,
                                       .remove = true,
                                       .expire = oldest->expire,
                                       .durable = oldest->expire == EXPIRE_STATIC});
    plan->added--;
    plan->value_bytes -= (long)oldest->value->len;
}

/* A version must be the one that is kept, 0 for what is not; something may be deleted
 * with version 0 too, as Microsoft's sample does (session.md 4.3). */
static int plan_publication(struct plan *plan, const struct xml_node *node, struct fault *fault)
{
    struct presence_op op = {0};
    int err = read_publication(plan, node, &op, fault);
    if (err < 0)
        return err;
    for (const struct presence_op *other = plan->change->first; other; other = other->next)
        if (same_key(other, &op))
            return wrong(fault, node, "this publication is there twice");
    const struct publication *old = publication_find(plan->person, &op);
    uint32_t current = old ? old->version : 0;
    if (old && old->ours && card_is_ours_alone(old))
        return fault_set(fault, ERR_DENIED, FINDING_PRESENCE_NOT_OWN,
                         "line %ld: the server makes this publication", xml_line(node));
    if (op.version != current && !(op.remove && op.version == 0))
        return conflict(plan, op.version, current);
    if (op.remove && !old)
        return 0;
    op.version = current + 1;
    op.published = plan->now;
    op.durable =
        (old && old->expire == EXPIRE_STATIC) || (!op.remove && op.expire == EXPIRE_STATIC);
    plan->added += (op.remove ? 0 : 1) - (old ? 1 : 0);
    plan->value_bytes += (long)op.value.len - (old ? (long)old->value->len : 0);
    const struct presence_op *put = add_op(plan, &op);
    if (!op.remove && slice_eq(op.category, SLICE("noteHistory")))
        plan_history(plan, put);
    return 0;
}

static int check_owner(const struct plan *plan, const struct xml_node *node, struct fault *fault)
{
    struct slice uri = xml_attr(node, "uri");
    if (slice_starts_nocase(uri, SLICE("sip:")) &&
        slice_eq_nocase(slice_from(uri, 4), plan->person->account))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_PRESENCE_NOT_OWN, "publications of %.*s",
                     SLICE_ARG(slice_head(uri, 80)));
}

static int plan_publish(struct plan *plan, const struct xml_node *root, struct fault *fault)
{
    const struct presence_limits *limits = &plan->presence->options.limits;
    const struct xml_node *list = xml_child(root, NS_PUBLISH, "publications");
    int err;
    if (!xml_is(root, NS_PUBLISH, "publish") || !list)
        return wrong(fault, root, "not publish with publications");
    if ((err = check_owner(plan, list, fault)) < 0)
        return err;
    xml_each (node, list) {
        if (++plan->index > limits->publications)
            return beyond(fault, "publications", limits->publications);
        if ((err = plan_publication(plan, node, fault)) < 0 || plan->answered)
            return err;
    }
    if (plan->added > 0 && plan->person->publication_count + plan->added > limits->publications)
        return beyond(fault, "publications", limits->publications);
    if (plan->value_bytes > 0 &&
        plan->person->value_bytes + (size_t)plan->value_bytes > limits->values)
        return beyond(fault, "bytes of publications", limits->values);
    return 0;
}

/* ---- setContainerMembers -------------------------------------------------------------------- */

static struct slice lower(struct arena *arena, struct slice text)
{
    char *copy = arena_string(arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] - 'A' + 'a');
    return slice_make(copy, text.len);
}

static int plan_member(struct plan *plan, const struct xml_node *node, struct presence_op *op,
                       struct fault *fault)
{
    struct slice action = xml_attr(node, "action");
    int type = name_index(member_names, MEMBER_TYPES, xml_attr(node, "type"));
    op->remove = slice_eq(action, SLICE("remove"));
    op->value = lower(plan->arena, xml_attr(node, "value"));
    if (type < 0 || !(op->remove || slice_eq(action, SLICE("add"))))
        return wrong(fault, node, "unknown action or type of member");
    op->type = (enum member_type)type;
    if (slice_starts(op->value, SLICE("sip:")))
        op->value = slice_from(op->value, 4);
    if ((op->type <= MEMBER_DOMAIN) == slice_empty(op->value) || op->value.len > 256)
        return wrong(fault, node, "value of a member");
    plan->members += op->remove ? 0 : 1;
    add_op(plan, op);
    return 0;
}

static int plan_container(struct plan *plan, const struct xml_node *node, struct fault *fault)
{
    struct presence_op op = {.kind = OP_MEMBER, .durable = true};
    uint32_t version = 0;
    int err = read_number(node, "id", CONTAINER_LAST, &op.container, fault);
    if (err == 0)
        err = read_number(node, "version", UINT32_MAX - 1, &version, fault);
    if (err < 0)
        return err;
    if (op.container == 0)
        return wrong(fault, node, "the members of container 0 are fixed");
    for (const struct presence_op *other = plan->change->first; other; other = other->next)
        if (other->container == op.container)
            return wrong(fault, node, "this container is there twice");
    const struct container *old = container_find(plan->person, op.container);
    uint32_t current = old ? old->version : 0;
    if (version != current)
        return conflict(plan, version, current);
    op.version = current + 1;
    xml_each (member, node)
        if ((err = plan_member(plan, member, &op, fault)) < 0)
            return err;
    return 0;
}

static int plan_members(struct plan *plan, const struct xml_node *root, struct fault *fault)
{
    const struct presence_limits *limits = &plan->presence->options.limits;
    unsigned containers = 0;
    int err;
    if (!xml_is(root, NS_CONTAINER_MANAGE, "setContainerMembers"))
        return wrong(fault, root, "not setContainerMembers");
    for (const struct container *c = plan->person->containers; c; c = c->next)
        containers++;
    xml_each (node, root) {
        uint32_t id = 0;
        plan->index++;
        if (read_number(node, "id", CONTAINER_LAST, &id, NULL) == 0 &&
            !container_find(plan->person, id) && ++containers > CONTAINERS_MAX)
            return beyond(fault, "containers", CONTAINERS_MAX);
        if ((err = plan_container(plan, node, fault)) < 0 || plan->answered)
            return err;
    }
    if (plan->members && plan->person->member_count + (size_t)plan->members > limits->members)
        return beyond(fault, "members of containers", limits->members);
    return 0;
}

/* ---- setSubscribers -------------------------------------------------------------------------- */

/* That the user knows of one subscriber ([MS-PRES] section 4.8.1). One who waits for it no
 * more, or never did, is no error, and nothing to keep. */
static int plan_subscribers(struct plan *plan, const struct xml_node *root, struct fault *fault)
{
    const struct xml_node *node = xml_child(root, NS_SUBSCRIBERS, "subscriber");
    struct presence_op op = {.kind = OP_SUBSCRIBER, .durable = true};
    if (!xml_is(root, NS_SUBSCRIBERS, "setSubscribers") || !node || xml_next(node))
        return wrong(fault, root, "not setSubscribers with one subscriber");
    if (!slice_eq(xml_attr(node, "acknowledged"), SLICE("true")))
        return wrong(fault, node, "a subscriber can be acknowledged, no more");
    op.value = lower(plan->arena, xml_attr(node, "user"));
    if (slice_starts(op.value, SLICE("sip:")))
        op.value = slice_from(op.value, 4);
    if (slice_empty(op.value) || op.value.len > 256)
        return wrong(fault, node, "user of a subscriber");
    if (!subscriber_waits(plan->presence, plan->person, op.value))
        return 0;
    if (subscriber_count(plan->person, true) >= plan->presence->options.limits.members)
        return beyond(fault, "acknowledged subscribers", plan->presence->options.limits.members);
    add_op(plan, &op);
    return 0;
}

/* ---- plan and apply ---------------------------------------------------------------------------
 */

static const struct {
    const char *type;
    int (*plan)(struct plan *plan, const struct xml_node *root, struct fault *fault);
} services[] = {{PUBLISH_TYPE, plan_publish},
                {MEMBERS_TYPE, plan_members},
                {SUBSCRIBER_TYPE, plan_subscribers}};

/* Which of them it is, -1: none. */
static int service_of(const struct sip_message *request)
{
    struct slice type = sip_value_word(request, SIP_HEADER_CONTENT_TYPE);
    int i = (int)(sizeof services / sizeof *services) - 1;
    while (i >= 0 && !slice_eq_nocase(type, slice_of(services[i].type)))
        i--;
    return i;
}

bool presence_serves(const struct sip_message *request)
{
    return service_of(request) >= 0;
}

int presence_plan(struct presence *presence, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now, struct arena *arena,
                  struct presence_change **change_out, struct sip_reply *reply, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct plan plan = {.presence = presence, .arena = arena, .reply = reply, .now = now};
    *change_out = NULL;
    int err = person_need(presence, caller, now, &plan.person, fault);
    if (err < 0 || (err = xml_read(request->body, NULL, &doc, fault)) < 0)
        return err;
    plan.change = arena_new_of(arena, struct presence_change);
    plan.change->account = arena_copy(arena, caller->account);
    plan.change->endpoint = caller_endpoint(caller);
    plan.last = &plan.change->first;
    int service = service_of(request);
    if (service < 0)
        return wrong(fault, xml_root(doc), "no service of presence");
    plan.change->publishes = services[service].plan == plan_publish;
    err = services[service].plan(&plan, xml_root(doc), fault);
    if (err == 0 && !plan.answered) {
        *change_out = plan.change;
        plan.person->planned = plan.change->endpoint;
        plan.person->planned_lost = plan.person->planned_last = false;
    }
    return err;
}

/* What is bound to an endpoint that has left since the plan is not made; what was there
 * goes, because the disk may say so already. */
static bool is_put(const struct person *person, const struct presence_op *op)
{
    return !op->remove && !(op->expire == EXPIRE_ENDPOINT && person->planned_lost) &&
           !(op->expire == EXPIRE_USER && person->planned_last);
}

static void apply_op(struct turn *turn, const struct presence_op *op, const struct guid *endpoint)
{
    struct publication *old =
        op->kind == OP_PUBLICATION ? publication_find(turn->person, op) : NULL;
    if (op->kind == OP_MEMBER) {
        person_change_members(turn->person, op);
        turn_touch(turn, OP_MEMBER, (struct slice){0}, op->container);
    } else if (op->kind == OP_SUBSCRIBER) {
        subscriber_acknowledge(turn, op->value);
    } else if (is_put(turn->person, op)) {
        turn_put(turn, op, endpoint, false);
    } else if (old) {
        turn_drop(turn, old);
    }
}

void presence_apply(struct presence *presence, const struct presence_change *change, int64_t now,
                    struct sip_reply *reply, struct outgoing_list *out,
                    struct presence_posts *posts)
{
    struct person *person = person_find(presence, change->account);
    struct turn turn = {.presence = presence,
                        .person = person,
                        .arena = posts->arena,
                        .now = now,
                        .out = out,
                        .posts = posts};
    if (!person)
        return;
    person->used = now;
    for (const struct presence_op *op = change->first; op; op = op->next)
        apply_op(&turn, op, &change->endpoint);
    /* A publisher reads the new versions from its 200; the rest comes as a message. */
    turn.not_to = change->publishes ? &change->endpoint : NULL;
    turn_tell(&turn);
    if (change->publishes)
        sip_reply_body(reply, SLICE("application/vnd-microsoft-roaming-self+xml"),
                       print_self(reply->arena, presence, person, NULL, &turn));
}
