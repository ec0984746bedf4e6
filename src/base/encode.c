#include "base/encode.h"

#include "base/fault.h"

#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum {
    LINE = 76
};

static size_t encode(char *to, struct slice bytes, const char *alphabet, bool pad)
{
    char *start = to;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = (uint32_t)(uint8_t)bytes.at[i] << 16;
        if (n > 1)
            group |= (uint32_t)(uint8_t)bytes.at[i + 1] << 8;
        if (n > 2)
            group |= (uint8_t)bytes.at[i + 2];
        for (size_t k = 0; k < 4; k++)
            if (k <= n)
                *to++ = alphabet[group >> (18 - 6 * k) & 63];
            else if (pad)
                *to++ = '=';
    }
    return (size_t)(to - start);
}

static size_t encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

struct slice base64_print(struct arena *arena, struct slice bytes)
{
    char *p = arena_alloc(arena, encoded_len(bytes.len) + 1);
    return slice_make(p, encode(p, bytes, standard, true));
}

void base64_add(struct buf *out, struct slice bytes)
{
    char *p = buf_reserve(out, encoded_len(bytes.len));
    if (p)
        buf_added(out, encode(p, bytes, standard, true));
}

struct slice base64_print_lines(struct arena *arena, struct slice bytes)
{
    struct slice flat = base64_print(arena, bytes);
    size_t lines = (flat.len + LINE - 1) / LINE;
    char *p = arena_alloc(arena, flat.len + 2 * lines + 1);
    char *to = p;
    for (size_t at = 0; at < flat.len; at += LINE) {
        struct slice line = slice_head(slice_from(flat, at), LINE);
        memcpy(to, line.at, line.len);
        memcpy(to + line.len, "\r\n", 2);
        to += line.len + 2;
    }
    return slice_make(p, (size_t)(to - p));
}

struct slice base64url_print(struct arena *arena, struct slice bytes)
{
    char *p = arena_alloc(arena, encoded_len(bytes.len) + 1);
    return slice_make(p, encode(p, bytes, url_safe, false));
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_parse(struct arena *arena, struct slice text, struct slice *bytes_out)
{
    char *p = arena_alloc(arena, text.len / 4 * 3 + 4);
    size_t len = 0, digits = 0, padding = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        int value = base64_value(c);
        if (value < 0 || padding)
            return -ERR_MALFORMED;
        group = group << 6 | (uint32_t)value;
        if (++digits % 4 == 0) {
            p[len++] = (char)(group >> 16);
            p[len++] = (char)(group >> 8);
            p[len++] = (char)group;
        }
    }
    if (digits % 4 == 1 || padding > 2)
        return -ERR_MALFORMED;
    if (digits % 4 == 2)
        p[len++] = (char)(group >> 4);
    if (digits % 4 == 3) {
        p[len++] = (char)(group >> 10);
        p[len++] = (char)(group >> 2);
    }
    p[len] = '\0';
    *bytes_out = slice_make(p, len);
    return 0;
}

int base64url_parse(struct arena *arena, struct slice text, struct slice *bytes_out)
{
    char *plain = arena_string(arena, text);
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("+/ \t\r\n", plain[i])) /* also finds a NUL */
            return -ERR_MALFORMED;
        plain[i] = (char)(plain[i] == '-' ? '+' : plain[i] == '_' ? '/' : plain[i]);
    }
    return base64_parse(arena, slice_make(plain, text.len), bytes_out);
}

static struct slice hex_with(struct arena *arena, struct slice bytes, const char *digits)
{
    char *p = arena_alloc(arena, 2 * bytes.len + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        p[2 * i] = digits[(uint8_t)bytes.at[i] >> 4];
        p[2 * i + 1] = digits[(uint8_t)bytes.at[i] & 15];
    }
    return slice_make(p, 2 * bytes.len);
}

struct slice hex_print(struct arena *arena, struct slice bytes)
{
    return hex_with(arena, bytes, "0123456789ABCDEF");
}

struct slice hex_print_lower(struct arena *arena, struct slice bytes)
{
    return hex_with(arena, bytes, "0123456789abcdef");
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_parse(struct arena *arena, struct slice text, struct slice *bytes_out)
{
    if (text.len % 2)
        return -ERR_MALFORMED;
    char *p = arena_alloc(arena, text.len / 2 + 1);
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value(text.at[i]), low = hex_value(text.at[i + 1]);
        if (high < 0 || low < 0)
            return -ERR_MALFORMED;
        p[i / 2] = (char)(high << 4 | low);
    }
    *bytes_out = slice_make(p, text.len / 2);
    return 0;
}

int percent_parse(struct arena *arena, struct slice text, bool form, struct slice *out)
{
    char *p = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_value(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -ERR_MALFORMED;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        p[len++] = c;
    }
    *out = slice_make(p, len);
    return 0;
}

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

struct slice percent_print(struct arena *arena, struct slice text)
{
    char *p = arena_alloc(arena, 3 * text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (unreserved(c)) {
            p[len++] = c;
            continue;
        }
        p[len++] = '%';
        p[len++] = "0123456789ABCDEF"[(uint8_t)c >> 4];
        p[len++] = "0123456789ABCDEF"[(uint8_t)c & 15];
    }
    return slice_make(p, len);
}
