/* Names: who issues tickets and for which services. */
#include "webticket/webticket.h"

enum {
    URL_MAX = 2048
};

struct slice webticket_issuer(struct arena *arena, const struct site *site)
{
    return site_web_url(arena, site, SITE_PATH_WEBTICKET);
}

struct slice webticket_orgid_issuer(struct arena *arena, const struct site *site)
{
    return site_url(arena, site, site->orgid_host, "/");
}

/* The path of an absolute URL, without query; absent if there is none. */
static struct slice path_of(struct slice url)
{
    struct slice query;
    slice_cut(slice_trim(url), '?', &url, &query);
    ptrdiff_t authority = slice_find(url, SLICE("://"));
    url = authority < 0 ? SLICE("") : slice_from(url, (size_t)authority + 3);
    ptrdiff_t slash = slice_index(url, '/');
    return slash < 0 ? (struct slice){0} : slice_from(url, (size_t)slash);
}

static bool is_service(struct slice path)
{
    static const char *const services[] = {SITE_PATH_AUTODISCOVER, SITE_PATH_CERTPROV,
                                           SITE_PATH_WEBTICKET,    SITE_PATH_WEBTICKET_ADVANCED,
                                           SITE_PATH_ADDRESS_BOOK, SITE_PATH_GROUP_EXPANSION,
                                           SITE_PATH_LOCATION,     SITE_PATH_MCX};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct slice service = slice_of(services[i]);
        if (slice_starts_nocase(path, service) &&
            (path.len == service.len || path.at[service.len] == '/'))
            return true;
    }
    return false;
}

bool webticket_is_audience(const struct site *site, struct slice url)
{
    if (url.len > URL_MAX)
        return false;
    scoped(arena) struct arena *scratch = arena_new();
    struct slice path = path_of(url);
    if (!is_service(path))
        return false;
    /* site_is_url wants the path without the slash that it passes over. */
    if (slice_ends(path, SLICE("/")))
        path = slice_head(path, path.len - 1);
    const char *text = arena_string(scratch, path);
    const struct slice hosts[] = {
        site->web_host,
        arena_print(scratch, "lyncdiscover.%.*s", SLICE_ARG(site->domain)),
        arena_print(scratch, "lyncdiscoverinternal.%.*s", SLICE_ARG(site->domain)),
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (site_is_url(site, hosts[i], text, url))
            return true;
    return false;
}
