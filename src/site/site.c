#include "site/site.h"

struct slice site_url(struct arena *arena, const struct site *site, struct slice host,
                      const char *path)
{
    if (site->https_port == 443)
        return arena_print(arena, "https://%.*s%s", SLICE_ARG(host), path);
    return arena_print(arena, "https://%.*s:%u%s", SLICE_ARG(host), site->https_port, path);
}

struct slice site_web_url(struct arena *arena, const struct site *site, const char *path)
{
    return site_url(arena, site, site->web_host, path);
}

bool site_is_url(const struct site *site, struct slice host, const char *path, struct slice url)
{
    const struct slice scheme = SLICE("https://");
    struct slice s = slice_trim(url), rest, authority, name, port;
    if (!slice_starts_nocase(s, scheme))
        return false;
    s = slice_from(s, scheme.len);
    slice_cut(s, '?', &s, &rest);
    ptrdiff_t slash = slice_index(s, '/');
    authority = slash < 0 ? s : slice_head(s, (size_t)slash);
    rest = slash < 0 ? SLICE("") : slice_from(s, (size_t)slash);
    uint64_t number = 443;
    if (slice_cut(authority, ':', &name, &port) && slice_number(port, 65535, &number) < 0)
        return false;
    if (slice_ends(rest, SLICE("/")))
        rest = slice_head(rest, rest.len - 1);
    return slice_eq_nocase(name, host) && number == site->https_port &&
           slice_eq_nocase(rest, slice_of(path));
}
