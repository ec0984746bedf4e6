/* One request to a push service by libcurl, set up so that nothing which the service or
 * the endpoint says can lead it elsewhere or keep it for long. */
#ifndef LYCHGATE_PUSH_EXCHANGE_PRIV_H
#define LYCHGATE_PUSH_EXCHANGE_PRIV_H

#include "push/post.h"

#include <curl/curl.h>

struct exchange {
    CURL *curl;
    struct curl_slist *headers;
    struct push_guard guard;
    struct arena *arena; /* owned: the post lives in it */
    struct push_post post;
    uint64_t id;          /* of the queue */
    size_t received;      /* bytes of the answer, which nobody reads */
    char retry_after[64]; /* its value */
    char refused[64];     /* the address that the guard held back; "" */
    char error[CURL_ERROR_SIZE];
};

/* Set up; takes the arena over. NULL when libcurl does not start. */
struct exchange *exchange_new(const struct push_guard *guard, const struct push_post *post,
                              struct arena *arena, unsigned timeout_ms);
void exchange_free(struct exchange *exchange);

/* What came of it. */
void exchange_result(const struct exchange *exchange, CURLcode code, int64_t now,
                     struct push_result *out);

#endif
