#include "push/wake.h"

#include "base/encode.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum {
    PATIENCE_MS = 10 * 1000, /* three more tries, then the inviter hears 504 */
    NEWS_MAX = 1000,
    TOPIC_BYTES = 24, /* 32 characters of base64url, which a topic may have */
    /* [inferred] The number in front of this reason was never published. We send 1, the
     * one that says least. */
    DIAGNOSTICS = 1
};

struct kind_row {
    const char *name;
    enum push_urgency urgency;
    int64_t ttl_ms;
    bool merged; /* with others of its kind and conversation that wait */
};

static const struct kind_row kinds[PUSH_KINDS] = {
    [PUSH_KIND_MESSAGE] = {"message", PUSH_HIGH, 3600 * 1000, true},
    [PUSH_KIND_CALL] = {"call", PUSH_HIGH, 30 * 1000, false},
    [PUSH_KIND_CONFERENCE] = {"conference", PUSH_HIGH, 60 * 1000, false},
    [PUSH_KIND_MISSED] = {"missed", PUSH_NORMAL, 24 * 3600 * 1000, true},
    [PUSH_KIND_VOICEMAIL] = {"voicemail", PUSH_NORMAL, 24 * 3600 * 1000, true},
};

/* A push service sees topics: a hash tells it which are the same, and nothing else. */
static struct slice topic_of(const struct kind_row *row, const struct push_news *news,
                             struct arena *arena)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct slice text = arena_print(arena, "%s\n%.*s\n%.*s", row->name, SLICE_ARG(news->from),
                                    SLICE_ARG(news->conversation));
    if (!row->merged || EVP_Digest(text.at, text.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return (struct slice){0};
    return base64url_print(arena, slice_make(digest, TOPIC_BYTES));
}

int push_news_wish(const struct push_news *news, struct arena *arena, struct push_wish *wish_out,
                   struct fault *fault)
{
    const struct kind_row *row = &kinds[news->kind];
    json_t *root = json_object();
    json_object_set_new(root, "v", json_integer(1));
    json_object_set_new(root, "kind", json_string(row->name));
    int failed = json_object_set_new(root, "from", json_stringn(news->from.at, news->from.len));
    if (!slice_absent(news->conversation))
        failed |= json_object_set_new(root, "conversation",
                                      json_stringn(news->conversation.at, news->conversation.len));
    char *text = failed ? NULL : json_dumps(root, JSON_COMPACT);
    struct slice payload = arena_copy(arena, slice_of(text));
    free(text);
    json_decref(root);
    if (slice_absent(payload) || payload.len > NEWS_MAX)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "news that are not UTF-8, or over %d bytes", NEWS_MAX);
    *wish_out = (struct push_wish){.payload = payload,
                                   .urgency = row->urgency,
                                   .ttl_ms = row->ttl_ms,
                                   .patience_ms = news->awaited ? PATIENCE_MS : 0,
                                   .topic = topic_of(row, news, arena)};
    return 0;
}

/* ---- answers ------------------------------------------------------------------------------ */

static void did_not_respond(struct slice source, const char *info, struct sip_reply *reply)
{
    sip_reply_init(reply, reply->arena, 408);
    sip_reply_header(reply, "ms-diagnostics",
                     "%d;source=\"%.*s\";reason=\"The client did not respond to the "
                     "invitation\"%s%s%s",
                     DIAGNOSTICS, SLICE_ARG(sip_quote(reply->arena, source)),
                     info ? ";info=\"" : "", info ? info : "", info ? "\"" : "");
}

bool push_wake_answer(const struct push_outcome *outcome, struct slice source,
                      struct sip_reply *reply)
{
    switch (outcome->fault.finding) {
    case FINDING_NONE:
        return false;
    case FINDING_PUSH_NO_SUBSCRIPTION:
    case FINDING_PUSH_GONE:
        did_not_respond(source, finding_row(FINDING_PUSH_NO_SUBSCRIPTION)->user, reply);
        reply->fault = outcome->fault;
        return true;
    default:
        sip_reply_fault(reply, &outcome->fault, source);
        return true;
    }
}

void push_wake_late(struct slice source, struct sip_reply *reply)
{
    did_not_respond(source, NULL, reply);
}
