#include "base/secret.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

void secret_wipe(void *at, size_t len)
{
    if (len)
        explicit_bzero(at, len);
}

bool secret_eq(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a.len; i++)
        difference = (unsigned char)(difference | (a.at[i] ^ b.at[i]));
    return difference == 0;
}

void secret_set(struct secret *secret, struct slice s)
{
    char *copy = must_alloc(s.len + 1);
    if (s.len)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    secret_free(secret);
    *secret = (struct secret){.at = copy, .len = s.len};
}

void secret_free(struct secret *secret)
{
    if (secret->at) {
        secret_wipe(secret->at, secret->len);
        free(secret->at);
    }
    *secret = (struct secret){0};
}

struct slice secret_slice(const struct secret *secret)
{
    return slice_make(secret->at ? secret->at : "", secret->len);
}
