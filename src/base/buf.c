#include "base/buf.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST = 64
};

void buf_free(struct buf *buf)
{
    free(buf->at);
    *buf = (struct buf){.limit = buf->limit};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->at)
        buf->at[0] = '\0';
}

void buf_drop(struct buf *buf, size_t len)
{
    if (len >= buf->len) {
        buf_clear(buf);
        return;
    }
    buf->len -= len;
    memmove(buf->at, buf->at + len, buf->len + 1);
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (len > SIZE_MAX / 4 || (buf->limit && len > buf->limit - buf->len)) {
        buf->failed = true;
        return NULL;
    }
    size_t wanted = buf->len + len + 1;
    if (wanted > buf->cap) {
        size_t cap = buf->cap ? buf->cap : SMALLEST;
        while (cap < wanted)
            cap *= 2;
        buf->at = must_realloc(buf->at, cap);
        buf->cap = cap;
    }
    return buf->at + buf->len;
}

void buf_added(struct buf *buf, size_t len)
{
    buf->len += len;
    buf->at[buf->len] = '\0';
}

void buf_add(struct buf *buf, struct slice s)
{
    char *to = buf_reserve(buf, s.len);
    if (!to)
        return;
    if (s.len)
        memcpy(to, s.at, s.len);
    buf_added(buf, s.len);
}

void buf_add_byte(struct buf *buf, char byte)
{
    buf_add(buf, slice_make(&byte, 1));
}

void buf_add_string(struct buf *buf, const char *string)
{
    buf_add(buf, slice_of(string));
}

void buf_printv(struct buf *buf, const char *format, va_list args)
{
    /* Formatted once if it fits into what is there already. */
    size_t room = buf->cap - buf->len;
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(room ? buf->at + buf->len : NULL, room, format, args);
    bool fits = len >= 0 && (size_t)len < room;
    char *to = len < 0 ? NULL : buf_reserve(buf, (size_t)len);
    if (!to && room)
        buf->at[buf->len] = '\0'; /* over the limit: as if nothing had been written */
    if (to && !fits)
        vsnprintf(to, (size_t)len + 1, format, again);
    va_end(again);
    if (to)
        buf_added(buf, (size_t)len);
}

void buf_print(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_printv(buf, format, args);
    va_end(args);
}

struct slice buf_slice(const struct buf *buf)
{
    return slice_make(buf->at ? buf->at : "", buf->len);
}

const char *buf_string(const struct buf *buf)
{
    return buf->at ? buf->at : "";
}
