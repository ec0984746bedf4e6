#include "presence/read.h"

#include "base/clock.h"
#include "presence/presence_priv.h"
#include "sip/multipart.h"
#include "sip/uri.h"
#include "xml/names.h"

#include <string.h>

/* A list of a thousand people with their cards. */
static const struct xml_limits limits = {
    .bytes = 8 * 1024 * 1024, .depth = 64, .nodes = 400 * 1000, .attributes = 64};

enum {
    AVAILABILITY_MAX = 1000000,
    COLLEAGUES = 200,
    AGGREGATION = 2
};

static int wrong(struct fault *fault, const struct xml_node *node, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_PRESENCE_MALFORMED, "line %ld, %.*s: %s",
                     xml_line(node), SLICE_ARG(slice_head(xml_name(node), 60)), what);
}

/* "sip:Bob@contoso.test" or the same without its scheme: "bob@contoso.test". */
static bool read_account(struct slice text, struct arena *arena, struct slice *account_out)
{
    struct sip_uri uri;
    struct slice aor;
    text = slice_trim(text);
    if (!slice_starts_nocase(text, SLICE("sip:")))
        text = arena_print(arena, "sip:%.*s", SLICE_ARG(text));
    if (sip_uri_parse(text, &uri, NULL) < 0 || sip_uri_aor(arena, &uri, &aor, NULL) < 0)
        return false;
    *account_out = slice_from(aor, 4);
    return true;
}

static struct slice copy_text(struct arena *arena, const struct xml_node *node)
{
    struct slice text = xml_text(node);
    return slice_absent(text) ? SLICE("") : arena_copy(arena, text);
}

static void fill(struct slice *to, struct arena *arena, const struct xml_node *node)
{
    if (slice_empty(*to))
        *to = copy_text(arena, node);
}

/* ---- categories ---------------------------------------------------------------------------- */

/* The people's cards come in several instances, each with a part of it. */
static void read_card(struct presence_told *told, const struct xml_node *card, struct arena *arena)
{
    fill(&told->name, arena, xml_path(card, "identity/name/displayName"));
    fill(&told->email, arena, xml_path(card, "identity/email"));
    fill(&told->email, arena, xml_child(card, NULL, "email"));
    fill(&told->title, arena, xml_child(card, NULL, "title"));
    fill(&told->company, arena, xml_child(card, NULL, "company"));
    fill(&told->department, arena, xml_child(card, NULL, "department"));
    fill(&told->office, arena, xml_child(card, NULL, "office"));
    xml_each (phone, card) {
        if (!xml_is(phone, NULL, "phone"))
            continue;
        fill(&told->phone, arena, xml_child(phone, NULL, "displayString"));
        fill(&told->phone, arena, xml_child(phone, NULL, "uri"));
    }
}

/* Where several states are there, the aggregate is the one that counts. */
static void read_state(struct presence_told *told, const struct xml_node *state,
                       struct arena *arena)
{
    uint64_t number;
    bool aggregate = slice_eq(xml_attr_ns(state, NS_XSI, "type"), SLICE("aggregateState"));
    const struct xml_node *activity = xml_child(state, NULL, "activity");
    if (!aggregate && told->availability != PRESENCE_UNKNOWN)
        return;
    if (slice_number(xml_text(xml_child(state, NULL, "availability")), AVAILABILITY_MAX, &number))
        return;
    told->availability = (int)number;
    told->activity = arena_copy(arena, xml_attr(activity, "token"));
    if (slice_absent(told->activity))
        told->activity = copy_text(arena, xml_child(activity, NULL, "custom"));
    told->device = copy_text(arena, xml_child(state, NULL, "device"));
    if (clock_parse_iso(xml_attr(state, "lastActive"), &told->last_active) < 0)
        told->last_active = 0;
}

static void read_note(struct presence_told *told, const struct xml_node *note, struct arena *arena)
{
    const struct xml_node *body = xml_child(note, NULL, "body");
    told->note_text = copy_text(arena, body);
    told->out_of_office = slice_eq_nocase(xml_attr(body, "type"), SLICE("OOF"));
}

struct telling {
    struct presence_told *told;
    struct arena *arena;
    int64_t note_time; /* of several notes the newest counts */
};

static void read_category(struct telling *t, const struct xml_node *category)
{
    struct slice name = xml_attr(category, "name");
    const struct xml_node *value = xml_first(category);
    int64_t time = 0;
    if (slice_eq(name, SLICE("contactCard"))) {
        t->told->card = true;
        read_card(t->told, value, t->arena);
    } else if (slice_eq(name, SLICE("state"))) {
        t->told->state = true;
        read_state(t->told, value, t->arena);
    } else if (slice_eq(name, SLICE("note"))) {
        t->told->note = true;
        if (!value)
            return;
        clock_parse_iso(xml_attr(category, "publishTime"), &time);
        if (!slice_empty(t->told->note_text) && time < t->note_time)
            return;
        t->note_time = time;
        read_note(t->told, value, t->arena);
    }
}

static void begin_told(struct presence_told *told)
{
    const struct slice none = SLICE("");
    *told = (struct presence_told){
        .reason = none,
        .name = none,
        .email = none,
        .title = none,
        .company = none,
        .department = none,
        .office = none,
        .phone = none,
        .availability = PRESENCE_UNKNOWN,
        .activity = none,
        .device = none,
        .note_text = none,
    };
}

/* ---- other people ---------------------------------------------------------------------------- */

struct news_reader {
    struct arena *arena;
    presence_told_fn *fn;
    void *arg;
    struct fault *fault;
};

static int read_categories(struct news_reader *r, const struct xml_node *root)
{
    struct presence_told told;
    struct telling telling = {.told = &told, .arena = r->arena};
    begin_told(&told);
    if (!xml_is(root, NULL, "categories"))
        return wrong(r->fault, root, "not a list of categories");
    if (!read_account(xml_attr(root, "uri"), r->arena, &told.account))
        return 0;
    xml_each (category, root)
        if (xml_is(category, NULL, "category"))
            read_category(&telling, category);
    r->fn(r->arg, &told);
    return 0;
}

/* RFC 4662: of whom there will be no part, and why. What is `active` has its part. */
static int read_list(struct news_reader *r, const struct xml_node *root)
{
    if (!xml_is(root, NULL, "list"))
        return wrong(r->fault, root, "not an rlmi list");
    xml_each (resource, root) {
        struct presence_told told;
        const struct xml_node *instance = xml_child(resource, NULL, "instance");
        begin_told(&told);
        if (!slice_eq(xml_attr(instance, "state"), SLICE("terminated")) ||
            !read_account(xml_attr(resource, "uri"), r->arena, &told.account))
            continue;
        told.gone = true;
        if (!slice_absent(xml_attr(instance, "reason")))
            told.reason = arena_copy(r->arena, xml_attr(instance, "reason"));
        r->fn(r->arg, &told);
    }
    return 0;
}

static bool is_type(struct slice content_type, const char *type)
{
    struct slice word = content_type, rest;
    slice_cut(content_type, ';', &word, &rest);
    return slice_eq_nocase(slice_trim(word), slice_of(type));
}

static int read_document(struct news_reader *r, struct slice type, struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    bool list = is_type(type, "application/rlmi+xml");
    if (!list && !is_type(type, PRESENCE_CATEGORY_TYPE))
        return 0;
    int err = xml_read(body, &limits, &doc, r->fault);
    if (err)
        return err;
    return list ? read_list(r, xml_root(doc)) : read_categories(r, xml_root(doc));
}

int presence_read_news(struct slice content_type, struct slice body, struct arena *arena,
                       presence_told_fn *fn, void *arg, struct fault *fault)
{
    struct news_reader reader = {arena, fn, arg, fault};
    struct sip_multipart it;
    struct sip_part part;
    if (!sip_is_multipart(content_type))
        return read_document(&reader, content_type, body);
    int err = sip_multipart_begin(&it, content_type, body, fault);
    while (err == 0) {
        int more = sip_multipart_next(&it, &part, fault);
        if (more <= 0)
            return more;
        err = read_document(&reader, part.type, part.body);
    }
    return err;
}

/* ---- oneself --------------------------------------------------------------------------------- */

static bool read_number(const struct xml_node *node, const char *name, uint32_t *number_out)
{
    uint64_t number;
    if (slice_number(slice_trim(xml_attr(node, name)), UINT32_MAX, &number) < 0)
        return false;
    *number_out = (uint32_t)number;
    return true;
}

static size_t count_children(const struct xml_node *node)
{
    size_t count = 0;
    xml_each (child, node) {
        (void)child;
        count++;
    }
    return count;
}

static int too_many(struct fault *fault, const struct xml_node *node)
{
    return fault_set(fault, ERR_LIMIT, FINDING_PRESENCE_LIMIT, "more than %d elements in %.*s",
                     PRESENCE_ITEMS_MAX, SLICE_ARG(slice_head(xml_name(node), 60)));
}

/* What colleagues see; a server that computes nothing still has our own aggregate. */
static void read_own(struct presence_self_told *out, const struct xml_node *categories,
                     struct arena *arena)
{
    for (int pass = 0; pass < 2; pass++) {
        struct telling telling = {.told = &out->own, .arena = arena};
        xml_each (category, categories) {
            uint32_t container;
            bool state = slice_eq(xml_attr(category, "name"), SLICE("state"));
            if (!read_number(category, "container", &container))
                continue;
            if (pass == 0 ? container == COLLEAGUES
                          : state && container == AGGREGATION &&
                                out->own.availability == PRESENCE_UNKNOWN &&
                                slice_eq(xml_attr(category, "instance"), SLICE("1")))
                read_category(&telling, category);
        }
    }
}

static int read_items(struct presence_self_told *out, const struct xml_node *categories,
                      struct arena *arena, struct fault *fault)
{
    size_t count = count_children(categories);
    if (count > PRESENCE_ITEMS_MAX)
        return too_many(fault, categories);
    out->categories = true;
    out->items = arena_array(arena, struct presence_item, count + 1);
    xml_each (category, categories) {
        struct presence_item item = {.category = xml_attr(category, "name")};
        if (slice_empty(item.category) || item.category.len > CATEGORY_NAME_MAX ||
            !read_number(category, "container", &item.container))
            continue;
        item.category = arena_copy(arena, item.category);
        item.none = slice_absent(xml_attr(category, "instance"));
        if (!item.none && (!read_number(category, "instance", &item.instance) ||
                           !read_number(category, "version", &item.version)))
            continue;
        out->items[out->item_count++] = item;
    }
    read_own(out, categories, arena);
    return 0;
}

static int read_subscribers(struct presence_self_told *out, const struct xml_node *subscribers,
                            struct arena *arena, struct fault *fault)
{
    size_t count = count_children(subscribers);
    if (count > PRESENCE_ITEMS_MAX)
        return too_many(fault, subscribers);
    out->subscribers = true;
    out->subscriber = arena_array(arena, struct presence_subscriber, count + 1);
    xml_each (node, subscribers) {
        struct presence_subscriber s = {
            .acknowledged = slice_eq(xml_attr(node, "acknowledged"), SLICE("true"))};
        if (!read_account(xml_attr(node, "user"), arena, &s.account))
            continue;
        s.name = arena_copy(arena, xml_attr(node, "displayName"));
        out->subscriber[out->subscriber_count++] = s;
    }
    return 0;
}

int presence_read_self(struct slice body, struct arena *arena, struct presence_self_told *out,
                       struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    *out = (struct presence_self_told){0};
    begin_told(&out->own);
    int err = xml_read(body, &limits, &doc, fault);
    if (err)
        return err;
    if (!xml_is(xml_root(doc), NULL, "roamingData"))
        return wrong(fault, xml_root(doc), "not a roamingData document");
    xml_each (node, xml_root(doc)) {
        if (xml_is(node, NULL, "categories") && !out->categories)
            err = read_items(out, node, arena, fault);
        else if (xml_is(node, NULL, "subscribers") && !out->subscribers)
            err = read_subscribers(out, node, arena, fault);
        if (err)
            return err;
    }
    return 0;
}

/* ---- conflicts ------------------------------------------------------------------------------ */

int presence_read_conflict(struct slice body, struct arena *arena,
                           struct presence_conflict **conflicts_out, size_t *count_out,
                           struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    int err = xml_read(body, NULL, &doc, fault);
    if (err)
        return err;
    const struct xml_node *root = xml_root(doc);
    const struct xml_node *details = xml_child(root, NULL, "details");
    if (!xml_is(root, NULL, "Fault") ||
        !slice_eq(xml_text(xml_child(root, NULL, "Faultcode")),
                  SLICE("Client.BadCall.WrongDelta")) ||
        !details)
        return wrong(fault, root, "not the fault of a wrong version");
    size_t count = count_children(details);
    if (count > PRESENCE_ITEMS_MAX)
        return too_many(fault, details);
    *count_out = 0;
    *conflicts_out = arena_array(arena, struct presence_conflict, count + 1);
    xml_each (operation, details) {
        struct presence_conflict c;
        uint32_t index;
        if (!read_number(operation, "index", &index) ||
            !read_number(operation, "curVersion", &c.current))
            return wrong(fault, operation, "index or curVersion is missing");
        c.index = index;
        if (!read_number(operation, "version", &c.version))
            c.version = 0;
        (*conflicts_out)[(*count_out)++] = c;
    }
    return 0;
}
