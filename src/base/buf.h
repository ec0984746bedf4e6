/* A growing buffer with a limit. Failure is sticky: write on, look once at the
 * end (buf_failed). What a peer can make grow has a limit; a buffer of ours
 * that only we fill has none (limit 0). */
#ifndef LYCHGATE_BASE_BUF_H
#define LYCHGATE_BASE_BUF_H

#include "base/memory.h"
#include "base/slice.h"

#include <stdarg.h>

struct buf {
    char *at; /* owned; a NUL follows at[len] once anything was added */
    size_t len;
    size_t cap;
    size_t limit; /* most bytes it may hold, 0: no limit */
    bool failed;  /* an addition went over the limit and was left out */
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        0                                                                                          \
    }
#define BUF_LIMIT(max)                                                                             \
    {                                                                                              \
        .limit = (max)                                                                             \
    }

/* Free the bytes; the buffer may be used again. */
void buf_free(struct buf *buf);

/* Forget the content, keep the memory and the limit. */
void buf_clear(struct buf *buf);

/* Drop the first len bytes (what has been consumed). */
void buf_drop(struct buf *buf, size_t len);

/* Append. Over the limit nothing of this piece is added and `failed` is set. */
void buf_add(struct buf *buf, struct slice s);
void buf_add_byte(struct buf *buf, char byte);
void buf_add_string(struct buf *buf, const char *string);
void buf_print(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_printv(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Room for `len` more bytes to be written at the returned place, followed by
 * buf_added(); NULL over the limit. */
char *buf_reserve(struct buf *buf, size_t len);
void buf_added(struct buf *buf, size_t len);

/* The content. */
struct slice buf_slice(const struct buf *buf);

static inline bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

/* The content as a string ("" when nothing was added). */
const char *buf_string(const struct buf *buf);

static inline void scoped_buf_free(struct buf *buf)
{
    buf_free(buf);
}
/* `scoped(buf) struct buf b = BUF_INIT;` frees at the end of the block. */

#endif
