/* A connection's messages, one after the other, before a gate that has one
 * association already: opaque F755045D, keys 01 00.. and 02 00.., so that the
 * corpus can hold messages that pass. Handshakes run as on a worker. */
#include "auth/gate_priv.h"
#include "auth/testing_sip_priv.h"
#include "sip/frame.h"
#include "sip/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct association *known(void)
{
    const struct tlsdsk_keys keys = {.hash = SIGN_SHA1, .client = {1}, .server = {2}};
    return association_new(&(struct association_options){.server = true,
                                                         .scheme = AUTH_TLS_DSK,
                                                         .version = 4,
                                                         .opaque = SLICE("F755045D"),
                                                         .realm = SLICE(AUTH_REALM),
                                                         .targetname = SLICE(TESTING_TARGET),
                                                         .keys = &keys,
                                                         .ends = INT64_MAX,
                                                         .account = SLICE("alice@contoso.test"),
                                                         .epid = SLICE("8c2e6f7a91bd"),
                                                         .instance = SLICE(TESTING_UUID)});
}

/* What a verdict promises, whatever the message was. */
static void check(const struct gate_verdict *verdict, const struct sip_message *message)
{
    bool request = sip_is_request(message);
    must(verdict->action != GATE_CHALLENGE || (request && message->method == SIP_REGISTER));
    must(verdict->action != GATE_HANDSHAKE || (request && message->method == SIP_REGISTER));
    must(verdict->status != 401 || verdict->action == GATE_CHALLENGE);
    must((verdict->status != 0) ==
         (verdict->action == GATE_CHALLENGE || verdict->action == GATE_REFUSE));
    must(!(message->method == SIP_ACK && request) || verdict->status == 0);
    if (verdict->action != GATE_PASS)
        return;
    must(verdict->association && verdict->fault.err == 0);
    scoped(arena) struct arena *arena = arena_new();
    struct slice aor;
    must(!request || (sip_uri_aor(arena, &message->from.uri, &aor, NULL) == 0 &&
                      slice_eq(aor, SLICE("sip:alice@contoso.test"))));
}

static void decide(struct gate *gate, const struct sip_message *message,
                   struct testing_directory *directory)
{
    const struct gate_checks checks = {directory, testing_find};
    scoped(arena) struct arena *arena = arena_new();
    struct gate_verdict verdict;
    struct sip_reply reply;
    gate_step(gate, message, TEST_NOW, arena, &verdict);
    check(&verdict, message);
    if (verdict.action == GATE_HANDSHAKE) {
        gate_work_run(verdict.work, &checks, TEST_NOW);
        gate_step_done(gate, verdict.work, TEST_NOW, arena, &verdict);
        must(verdict.action != GATE_HANDSHAKE && verdict.action != GATE_PASS);
        check(&verdict, message);
    }
    if (verdict.action != GATE_PASS)
        gate_reply(&verdict, arena, SLICE(TESTING_TARGET), &reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tlsdsk_context *context;
    if (!context)
        context = testing_context(true, 0, NULL);
    const struct gate_settings settings = {
        .context = context, .targetname = TESTING_TARGET, .sts_uri = TESTING_STS_URI};
    scoped(gate) struct gate *gate = gate_new(&settings);
    struct testing_directory directory = {0};
    struct slice rest = slice_make(data, size);
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    gate_keep(gate, known(), TEST_NOW);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.len > 0) {
        struct sip_message message;
        if (frame.kind == SIP_FRAME_MESSAGE && sip_parse(&message, frame.bytes, NULL) == 0)
            decide(gate, &message, &directory);
        rest = slice_from(rest, frame.len);
    }
    must(gate->handshake_count <= 4 && gate->association_count <= 16);
    return 0;
}
