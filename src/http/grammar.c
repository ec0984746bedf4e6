#include "http/grammar_priv.h"

#include <string.h>

bool http_is_token_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool http_is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!http_is_token_byte(s.at[i]))
            return false;
    return s.len > 0;
}

static bool control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

bool http_has_control(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (control(s.at[i]))
            return true;
    return false;
}

static int version_parse(struct slice version, unsigned *minor_out, struct fault *fault)
{
    bool shaped = version.len == 8 && slice_starts(version, SLICE("HTTP/")) &&
                  version.at[5] >= '0' && version.at[5] <= '9' && version.at[6] == '.' &&
                  version.at[7] >= '0' && version.at[7] <= '9';
    if (!shaped)
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "request line: no HTTP version at its end");
    if (version.at[5] != '1')
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_HTTP_VERSION, "request line: version %.*s",
                         SLICE_ARG(version));
    *minor_out = version.at[7] == '0' ? 0 : 1;
    return 0;
}

int http_request_line_parse(struct slice line, struct http_request_line *out, struct fault *fault)
{
    struct slice rest, version;
    slice_cut(line, ' ', &out->method, &rest);
    /* A third blank stays in `version` and fails there: no guessing. */
    slice_cut(rest, ' ', &out->target, &version);
    if (!http_is_token(out->method))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "request line: the method is no token");
    if (out->target.len == 0 || http_has_control(out->target) ||
        slice_index(out->target, '\t') >= 0 || slice_index(out->target, '#') >= 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "request line: no proper target");
    return version_parse(version, &out->minor, fault);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

int http_field_parse(struct slice line, size_t number, struct http_field *out, struct fault *fault)
{
    if (line.len > 0 && blank(line.at[0]))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "header line %zu: begins with a blank (folded line)", number);
    if (!slice_cut(line, ':', &out->name, &out->value))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED, "header line %zu: no colon",
                         number);
    if (out->name.len > 0 && blank(out->name.at[out->name.len - 1]))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "header line %zu: blank before the colon", number);
    if (!http_is_token(out->name))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "header line %zu: the name is no token", number);
    if (http_has_control(out->value))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "header line %zu (%.*s): control character in the value", number,
                         (int)(out->name.len < 64 ? out->name.len : 64), out->name.at);
    out->value = slice_trim(out->value);
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int http_chunk_line_parse(struct slice line, uint64_t max, uint64_t *size_out, struct fault *fault)
{
    uint64_t size = 0;
    size_t at = 0;
    for (int digit; at < line.len && (digit = hex_value(line.at[at])) >= 0; at++) {
        if (size > (UINT64_MAX >> 4) || (size << 4 | (unsigned)digit) > max)
            return fault_set(fault, ERR_LIMIT, FINDING_HTTP_TOO_LARGE,
                             "chunk: more than %llu bytes are left of the limit",
                             (unsigned long long)max);
        size = size << 4 | (unsigned)digit;
    }
    bool digits = at > 0;
    struct slice rest = slice_from(line, at);
    while (rest.len > 0 && blank(rest.at[0]))
        rest = slice_from(rest, 1);
    /* Extensions are tolerated and mean nothing; SIPE's peers send them. */
    bool extension = rest.len > 0 && rest.at[0] == ';';
    if (!digits || (at < line.len && !extension) || http_has_control(rest))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "chunk: its size is not a hexadecimal number");
    *size_out = size;
    return 0;
}

struct slice http_take_line(struct slice *text)
{
    ptrdiff_t end = slice_find(*text, SLICE("\r\n"));
    struct slice line = end < 0 ? *text : slice_head(*text, (size_t)end);
    *text = slice_from(*text, end < 0 ? text->len : (size_t)end + 2);
    return line;
}

int http_target_split(struct slice target, struct slice *authority_out, struct slice *origin_out,
                      struct fault *fault)
{
    *authority_out = (struct slice){0};
    *origin_out = target;
    if (target.len > 0 && target.at[0] == '/')
        return 0;
    size_t scheme = slice_starts_nocase(target, SLICE("http://"))    ? 7
                    : slice_starts_nocase(target, SLICE("https://")) ? 8
                                                                     : 0;
    if (scheme == 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "request line: the target is neither a path nor a URL");
    struct slice rest = slice_from(target, scheme);
    size_t end = 0;
    while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
        end++;
    *authority_out = slice_head(rest, end);
    *origin_out = slice_from(rest, end);
    return 0;
}
