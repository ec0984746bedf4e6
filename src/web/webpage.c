#include "web/webpage.h"

#include "base/encode.h"
#include "web/file_priv.h"

#include <openssl/sha.h>
#include <stdlib.h>

#define PATH  "/web"
#define BELOW PATH "/"

enum {
    TAG_BYTES = 12 /* of the hash; enough to tell versions of a file apart */
};

struct webpage {
    const struct site *site;
    struct arena *arena;
    struct slice *tags; /* of each file, without quotes */
};

/* Only what came from here runs and is spoken to. Scripts cannot turn text into markup
 * (Trusted Types), no form is sent anywhere, and no other page may put a frame around the
 * field for the password. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static const char *type_of(struct slice name)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {"html", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"svg", "image/svg+xml"},
    };
    struct slice stem, end;
    if (slice_cut(name, '.', &stem, &end))
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (slice_eq(end, slice_of(types[i].end)))
                return types[i].type;
    return "application/octet-stream";
}

/* ---- what the client has, and takes --------------------------------------------------------
 */

/* If-None-Match compares weakly (RFC 9110 section 13.1.2), so both codings of a file share
 * one tag that says so. */
static bool has_it(const struct http_request *request, struct slice tag)
{
    struct slice list, word;
    size_t at = 0;
    while (http_header_next(request, "If-None-Match", &at, &list))
        while (slice_next(&list, ',', &word)) {
            word = slice_trim(word);
            if (slice_eq(word, SLICE("*")))
                return true;
            if (slice_starts(word, SLICE("W/")))
                word = slice_from(word, 2);
            if (word.len == tag.len + 2 && word.at[0] == '"' && word.at[word.len - 1] == '"' &&
                slice_eq(slice_make(word.at + 1, tag.len), tag))
                return true;
        }
    return false;
}

/* Is the weight of a coding (";q=0.5") above nothing? */
static bool has_weight(struct slice parameters)
{
    struct slice word;
    while (slice_next(&parameters, ';', &word)) {
        word = slice_trim(word);
        if (!slice_starts_nocase(word, SLICE("q=")))
            continue;
        for (size_t i = 2; i < word.len; i++)
            if (word.at[i] >= '1' && word.at[i] <= '9')
                return true;
        return false;
    }
    return true;
}

static bool takes_gzip(const struct http_request *request)
{
    struct slice list, word;
    size_t at = 0;
    while (http_header_next(request, "Accept-Encoding", &at, &list))
        while (slice_next(&list, ',', &word)) {
            struct slice coding = word, parameters = {0};
            slice_cut(word, ';', &coding, &parameters);
            if (slice_eq_nocase(slice_trim(coding), SLICE("gzip")))
                return has_weight(parameters);
        }
    return false;
}

/* ---- answers ----------------------------------------------------------------------------- */

static void add_headers(struct http_reply *reply, struct arena *arena)
{
    http_reply_header(reply, arena, "Content-Security-Policy", "%s", policy);
    http_reply_header(reply, arena, "X-Content-Type-Options", "nosniff");
    http_reply_header(reply, arena, "Referrer-Policy", "no-referrer");
    http_reply_header(reply, arena, "Cross-Origin-Opener-Policy", "same-origin");
    http_reply_header(reply, arena, "Cross-Origin-Resource-Policy", "same-origin");
    http_reply_header(reply, arena, "Cache-Control", "no-cache");
}

static void send_file(const struct webpage *webpage, size_t number,
                      const struct http_request *request, struct http_reply *reply,
                      struct arena *arena)
{
    const struct web_file *file = &web_files[number];
    struct slice tag = webpage->tags[number];
    add_headers(reply, arena);
    http_reply_header(reply, arena, "ETag", "W/\"%.*s\"", SLICE_ARG(tag));
    http_reply_header(reply, arena, "Vary", "Accept-Encoding");
    if (has_it(request, tag)) {
        http_reply_set(reply, 304, NULL, SLICE(""));
        return;
    }
    bool gzip = takes_gzip(request);
    if (gzip)
        http_reply_header(reply, arena, "Content-Encoding", "gzip");
    http_reply_set(
        reply, 200, type_of(slice_of(file->name)),
        slice_make(gzip ? file->gzip : file->plain, gzip ? file->gzip_len : file->plain_len));
}

/* By another name the links that the server gives would lead to another host, which the
 * browser would refuse to ask. */
static bool sent_home(const struct webpage *webpage, const struct http_request *request,
                      struct http_reply *reply, struct arena *arena)
{
    if (slice_absent(request->host) || slice_eq_nocase(request->host, webpage->site->web_host))
        return false;
    http_reply_header(reply, arena, "Location", "%.*s",
                      SLICE_ARG(site_web_url(arena, webpage->site, BELOW)));
    http_reply_set(reply, 301, NULL, SLICE(""));
    return true;
}

static void answer_bare(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    (void)now;
    if (sent_home(role, request, reply, arena))
        return;
    http_reply_header(reply, arena, "Location", BELOW);
    http_reply_set(reply, 301, NULL, SLICE(""));
}

static void answer_file(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct webpage *webpage = role;
    struct slice name = slice_from(request->path, sizeof BELOW - 1);
    (void)now;
    if (sent_home(webpage, request, reply, arena))
        return;
    if (slice_empty(name))
        name = SLICE("index.html");
    for (size_t i = 0; i < web_file_count; i++)
        if (slice_eq_nocase(name, slice_of(web_files[i].name))) {
            send_file(webpage, i, request, reply, arena);
            return;
        }
    http_reply_set(reply, 404, "text/plain; charset=utf-8", SLICE("There is no such page.\n"));
}

/* ---- the object -------------------------------------------------------------------------- */

struct webpage *webpage_new(const struct site *site)
{
    struct webpage *webpage = must_calloc(1, sizeof *webpage);
    unsigned char hash[SHA256_DIGEST_LENGTH];
    webpage->site = site;
    webpage->arena = arena_new();
    webpage->tags = arena_array(webpage->arena, struct slice, web_file_count);
    for (size_t i = 0; i < web_file_count; i++) {
        SHA256(web_files[i].plain, web_files[i].plain_len, hash);
        webpage->tags[i] = hex_print_lower(webpage->arena, slice_make(hash, TAG_BYTES));
    }
    return webpage;
}

void webpage_free(struct webpage *webpage)
{
    if (!webpage)
        return;
    arena_free(webpage->arena);
    free(webpage);
}

static const struct http_route rows[] = {
    {.path = PATH, .methods = HTTP_GET, .answer = answer_bare},
    {.path = BELOW "*", .methods = HTTP_GET, .answer = answer_file},
};

void webpage_add_routes(struct webpage *webpage, struct http_routes *routes)
{
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, webpage);
}
