/* [MS-OCDISCWS] sections 2.2.4 and 2.2.5. */
#include "autodiscover/document.h"

#include "xml/reader.h"
#include "xml/writer.h"

#include <jansson.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t at;
} access_elements[] = {
    {"SipServerInternalAccess", offsetof(struct autodiscover_document, server_internal)},
    {"SipClientInternalAccess", offsetof(struct autodiscover_document, client_internal)},
    {"SipServerExternalAccess", offsetof(struct autodiscover_document, server_external)},
    {"SipClientExternalAccess", offsetof(struct autodiscover_document, client_external)},
};

enum {
    ACCESS_ELEMENTS = sizeof access_elements / sizeof *access_elements
};

static const char *const kinds[] = {
    [AUTODISCOVER_ROOT] = "Root", [AUTODISCOVER_DOMAIN] = "Domain", [AUTODISCOVER_USER] = "User"};

static const char *const locations[] = {
    [AUTODISCOVER_INTERNAL] = "Internal", [AUTODISCOVER_EXTERNAL] = "External"};

void autodiscover_add_link(struct autodiscover_document *document, struct slice token,
                           struct slice href)
{
    if (document->link_count < AUTODISCOVER_LINKS_MAX)
        document->links[document->link_count++] = (struct autodiscover_link){token, href};
}

struct slice autodiscover_href(const struct autodiscover_document *document, const char *token)
{
    for (size_t i = 0; i < document->link_count; i++)
        if (slice_eq_nocase(document->links[i].token, slice_of(token)))
            return document->links[i].href;
    return (struct slice){0};
}

static const struct autodiscover_access *access_of(const struct autodiscover_document *document,
                                                   size_t i)
{
    const void *at = (const char *)document + access_elements[i].at;
    return at;
}

static const char *location_name(enum autodiscover_location location)
{
    bool said = location == AUTODISCOVER_INTERNAL || location == AUTODISCOVER_EXTERNAL;
    return said ? locations[location] : NULL;
}

/* ---- print -------------------------------------------------------------------------- */

static void print_access(struct xml_writer *w, const char *name,
                         const struct autodiscover_access *access)
{
    char port[8];
    if (slice_absent(access->fqdn))
        return;
    snprintf(port, sizeof port, "%u", access->port);
    xml_open(w, name);
    xml_put_attr(w, "fqdn", access->fqdn);
    xml_put_attr_string(w, "port", port);
    xml_close_empty(w);
}

void autodiscover_print_xml(const struct autodiscover_document *document, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    const char *location = location_name(document->location);
    buf_add_string(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    xml_open(&w, "AutodiscoverResponse");
    if (location)
        xml_put_attr_string(&w, "AccessLocation", location);
    xml_open(&w, kinds[document->kind]);
    for (size_t i = 0; i < ACCESS_ELEMENTS; i++)
        print_access(&w, access_elements[i].name, access_of(document, i));
    for (size_t i = 0; i < document->link_count; i++) {
        xml_open(&w, "Link");
        xml_put_attr(&w, "token", document->links[i].token);
        xml_put_attr(&w, "href", document->links[i].href);
        xml_close_empty(&w);
    }
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}

static json_t *json_of(struct slice text)
{
    json_t *value = json_stringn(text.at ? text.at : "", text.len);
    return value ? value : json_string(""); /* not UTF-8 */
}

/* UCWA's clients know the links by their tokens in lower case. */
static json_t *json_links(const struct autodiscover_document *document)
{
    json_t *links = json_object();
    for (size_t i = 0; i < document->link_count; i++) {
        scoped(arena) struct arena *arena = arena_new();
        char *token = arena_string(arena, document->links[i].token);
        for (char *c = token; *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        json_object_set_new(links, token,
                            json_pack("{s:o}", "href", json_of(document->links[i].href)));
    }
    return links;
}

void autodiscover_print_json(const struct autodiscover_document *document, struct buf *out)
{
    json_t *root = json_object();
    const char *location = location_name(document->location);
    if (location)
        json_object_set_new(root, "AccessLocation", json_string(location));
    json_object_set_new(root, "_links", json_links(document));
    for (size_t i = 0; i < ACCESS_ELEMENTS; i++) {
        const struct autodiscover_access *access = access_of(document, i);
        if (!slice_absent(access->fqdn))
            json_object_set_new(
                root, access_elements[i].name,
                json_pack("{s:o,s:i}", "fqdn", json_of(access->fqdn), "port", (int)access->port));
    }
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text)
        memory_exhausted(AUTODISCOVER_BODY_MAX);
    buf_add_string(out, text);
    free(text);
}

/* ---- parse ---------------------------------------------------------------------------- */

/* The documents are small; whoever sends more sends something else. */
static const struct xml_limits document_limits = {
    .bytes = AUTODISCOVER_BODY_MAX, .depth = 16, .nodes = 1000, .attributes = 16};

/* http or https, a host, nothing that could end a request line or a log line. */
static bool is_usable(struct slice href)
{
    if (!slice_starts_nocase(href, SLICE("http://")) &&
        !slice_starts_nocase(href, SLICE("https://")))
        return false;
    for (size_t i = 0; i < href.len; i++)
        if ((unsigned char)href.at[i] <= ' ' || (unsigned char)href.at[i] >= 127)
            return false;
    struct slice rest = slice_from(href, (size_t)slice_find(href, SLICE("://")) + 3);
    return href.len <= AUTODISCOVER_HREF_MAX && rest.len > 0 && rest.at[0] != '/' &&
           slice_index(rest, '@') < 0;
}

static void read_access(const struct xml_node *node, struct arena *arena,
                        struct autodiscover_document *out)
{
    uint64_t port;
    struct slice fqdn = slice_trim(xml_attr(node, "fqdn"));
    if (slice_empty(fqdn) || fqdn.len > 255 ||
        slice_number(slice_trim(xml_attr(node, "port")), UINT16_MAX, &port) < 0 || port == 0)
        return;
    for (size_t i = 0; i < fqdn.len; i++)
        if ((unsigned char)fqdn.at[i] <= ' ' || (unsigned char)fqdn.at[i] >= 127)
            return;
    for (size_t i = 0; i < ACCESS_ELEMENTS; i++) {
        void *at = (char *)out + access_elements[i].at;
        struct autodiscover_access *access = at;
        if (xml_is(node, NULL, access_elements[i].name) && slice_absent(access->fqdn))
            *access = (struct autodiscover_access){arena_copy(arena, fqdn), (uint16_t)port};
    }
}

static int read_content(const struct xml_node *parent, struct arena *arena,
                        struct autodiscover_document *out, struct fault *fault)
{
    xml_each (child, parent) {
        struct slice href = slice_trim(xml_attr(child, "href"));
        struct slice token = slice_trim(xml_attr(child, "token"));
        if (!xml_is(child, NULL, "Link"))
            read_access(child, arena, out);
        else if (out->link_count == AUTODISCOVER_LINKS_MAX)
            return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                             "more than %d links", AUTODISCOVER_LINKS_MAX);
        else if (!slice_empty(token) && is_usable(href))
            autodiscover_add_link(out, arena_copy(arena, token), arena_copy(arena, href));
    }
    return 0;
}

static int find_kind(const struct xml_node *root, const struct xml_node **found,
                     struct autodiscover_document *out, struct fault *fault)
{
    *found = NULL;
    xml_each (child, root) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (!xml_is(child, NULL, kinds[i]))
                continue;
            if (*found)
                return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                                 "both %s and %s", kinds[out->kind], kinds[i]);
            *found = child;
            out->kind = (enum autodiscover_kind)i;
        }
    }
    return *found ? 0
                  : fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                              "AutodiscoverResponse has neither Root nor User nor Domain");
}

static enum autodiscover_location read_location(struct slice word)
{
    if (slice_empty(word))
        return AUTODISCOVER_UNSAID;
    if (slice_eq_nocase(word, SLICE("Internal")))
        return AUTODISCOVER_INTERNAL;
    return slice_eq_nocase(word, SLICE("External")) ? AUTODISCOVER_EXTERNAL
                                                    : AUTODISCOVER_ELSEWHERE;
}

static bool is_html(struct slice body)
{
    body = slice_trim(body);
    if (slice_starts(body, SLICE("\xef\xbb\xbf")))
        body = slice_trim(slice_from(body, 3));
    return slice_starts_nocase(body, SLICE("<!doctype html")) ||
           slice_starts_nocase(body, SLICE("<html"));
}

int autodiscover_parse(struct slice body, struct arena *arena,
                       struct autodiscover_document *document_out, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    const struct xml_node *content;
    *document_out = (struct autodiscover_document){0};
    if (is_html(body))
        return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                         "an HTML page came: something in front of the server answers by itself");
    int err = xml_read(body, &document_limits, &doc, fault);
    if (err < 0)
        return err;
    const struct xml_node *root = xml_root(doc);
    if (!xml_is(root, NULL, "AutodiscoverResponse"))
        return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                         "the document is a %.*s", SLICE_ARG(slice_head(xml_name(root), 60)));
    err = find_kind(root, &content, document_out, fault);
    if (err < 0)
        return err;
    document_out->location = read_location(slice_trim(xml_attr(root, "AccessLocation")));
    return read_content(content, arena, document_out, fault);
}

size_t autodiscover_access_points(const struct autodiscover_document *document,
                                  struct autodiscover_access points_out[2])
{
    size_t count = 0;
    bool unsaid = document->location == AUTODISCOVER_UNSAID;
    if ((unsaid || document->location == AUTODISCOVER_INTERNAL) &&
        !slice_absent(document->client_internal.fqdn))
        points_out[count++] = document->client_internal;
    if ((unsaid || document->location == AUTODISCOVER_EXTERNAL) &&
        !slice_absent(document->client_external.fqdn))
        points_out[count++] = document->client_external;
    return count;
}
