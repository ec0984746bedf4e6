#include "registrar/endpoint.h"

#include "base/encode.h"
#include "base/fault.h"

#include <openssl/evp.h>
#include <string.h>

/* fcacfb03-8a73-46ef-91b1-e5ebeeaba4fe as it lies in memory: the name space of
 * epids ([MS-SIPREGE] section 2.2.1.1). */
static const uint8_t epid_space[16] = {0x03, 0xfb, 0xac, 0xfc, 0x73, 0x8a, 0xef, 0x46,
                                       0x91, 0xb1, 0xe5, 0xeb, 0xee, 0xab, 0xa4, 0xfe};

/* RFC 4122 section 4.3, but over GUIDs in Microsoft's byte order. */
struct guid endpoint_instance_of_epid(struct slice epid)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct guid instance;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) ||
        !EVP_DigestUpdate(ctx, epid_space, sizeof epid_space) ||
        !EVP_DigestUpdate(ctx, epid.at, epid.len) || !EVP_DigestFinal_ex(ctx, digest, NULL))
        memory_exhausted(sizeof digest); /* SHA-1 fails for no other reason */
    EVP_MD_CTX_free(ctx);
    memcpy(instance.bytes, digest, sizeof instance.bytes);
    instance.bytes[7] = (uint8_t)((instance.bytes[7] & 0x0f) | 0x50);
    instance.bytes[8] = (uint8_t)((instance.bytes[8] & 0x3f) | 0x80);
    return instance;
}

struct slice endpoint_gruu(struct arena *arena, struct slice account, const struct guid *instance)
{
    char bytes[sizeof instance->bytes + 2] = {0}; /* two zeros follow the GUID */
    memcpy(bytes, instance->bytes, sizeof instance->bytes);
    struct slice name = base64url_print(arena, slice_make(bytes, sizeof bytes));
    return arena_print(arena, "sip:%.*s;opaque=user:epid:%.*s;gruu", SLICE_ARG(account),
                       SLICE_ARG(name));
}

int endpoint_instance_parse(struct slice text, struct guid *instance_out)
{
    const struct slice urn = SLICE("urn:uuid:");
    return guid_parse(slice_starts_nocase(text, urn) ? slice_from(text, urn.len) : text,
                      instance_out);
}

struct outgoing *outgoing_add(struct outgoing_list *list)
{
    struct outgoing *outgoing = arena_new_of(list->arena, struct outgoing);
    outgoing->request.arena = list->arena;
    *list->last = outgoing;
    list->last = &outgoing->next;
    return outgoing;
}
