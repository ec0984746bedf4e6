#include "bench/answer.h"

#include "base/fault.h"

#include <stdint.h>

int bench_answer_read(struct slice bytes, struct bench_answer *answer_out)
{
    static const struct slice name = {"\r\nContent-Length:", 17};
    ptrdiff_t end = slice_find(bytes, SLICE("\r\n\r\n"));
    uint64_t status = 0, length = 0;
    if (end < 0)
        return 0;
    struct slice head = slice_head(bytes, (size_t)end), line, rest;
    ptrdiff_t at = slice_find(head, name);
    if (at >= 0)
        slice_cut(slice_from(head, (size_t)at + name.len), '\r', &line, &rest);
    if (slice_number(slice_head(slice_from(head, 9), 3), 999, &status) < 0 ||
        (at >= 0 && slice_number(slice_trim(line), SIZE_MAX / 2, &length) < 0))
        return -ERR_MALFORMED;
    size_t all = (size_t)end + 4 + length;
    if (bytes.len < all)
        return 0;
    *answer_out = (struct bench_answer){
        .status = (int)status,
        .head = head,
        .body = slice_head(slice_from(bytes, (size_t)end + 4), length),
        .len = all,
    };
    return 1;
}
