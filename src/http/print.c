#include "http/print.h"

#include "base/clock.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason(int status)
{
    static const char *const classes[] = {"Unknown",     "Informational", "Success",
                                          "Redirection", "Client Error",  "Server Error"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return classes[status >= 100 && status < 600 ? status / 100 : 0];
}

/* A line of the head. Whatever the value holds, it stays one line. */
static void print_field(struct buf *out, const char *name, size_t name_len, struct slice value)
{
    buf_add(out, slice_make(name, name_len));
    buf_add(out, SLICE(": "));
    char *to = buf_reserve(out, value.len);
    if (to) {
        for (size_t i = 0; i < value.len; i++) {
            unsigned char c = (unsigned char)value.at[i];
            to[i] = c < 0x20 || c == 0x7f ? ' ' : value.at[i];
        }
        buf_added(out, value.len);
    }
    buf_add(out, SLICE("\r\n"));
}

static void print_date(struct buf *out, int64_t now)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice date = clock_print_http(arena, now);
    print_field(out, "Date", 4, date);
}

bool http_reply_print(const struct http_reply *reply, const struct http_request *request,
                      struct slice server, int64_t now, struct buf *out)
{
    /* A handler that answered nothing is a defect; say so rather than lie. */
    bool valid = reply->status >= 200 && reply->status <= 599;
    int status = valid ? reply->status : 500;
    bool keep = request && request->keep_alive && !reply->close && valid;
    bool bodiless = status == 204 || status == 304;
    struct slice body = valid ? reply->body : (struct slice){0};

    buf_print(out, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
    print_date(out, now);
    if (server.len > 0)
        print_field(out, "Server", 6, server);
    for (size_t i = 0; i < reply->header_count; i++)
        print_field(out, reply->headers[i].name.at, reply->headers[i].name.len,
                    reply->headers[i].value);
    if (!bodiless && body.len > 0 && reply->content_type.len > 0)
        print_field(out, "Content-Type", 12, reply->content_type);
    if (!bodiless)
        buf_print(out, "Content-Length: %zu\r\n", body.len);
    buf_add_string(out, keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    if (!bodiless && !(request && request->method == HTTP_HEAD))
        buf_add(out, body);
    return keep;
}
