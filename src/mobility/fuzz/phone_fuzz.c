/* What a server, or somebody behind it, may say to a phone, and what a face may ask in between:
 * a stream of SIP messages. The characters of a message's User-Agent (responses: of Server) are
 * what happens before it, see deeds[]. "@X" as branch of a response's top Via stands for that of
 * the last request of the phone's whose method begins with X, "@N" for that of the Nth last; "@" as
 * tag of To stands for that of its last response, so that dialogs can be got into. Checked are the
 * promises: what goes out is proper SIP; every call is answered once, at the latest at the end;
 * nothing but answers is told behind the end; a poll stops pushes. */
#include "mobility/core.h"
#include "sip/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CALLS_MAX = 4000,
    LETTERS = 128
};

static struct {
    struct phone *phone;
    struct arena *arena; /* of the run */
    int64_t now;
    uint64_t chat, calls;
    unsigned char answered[CALLS_MAX + 1];
    struct slice branch[LETTERS], recent[10], tag;
    bool over, polls;
} world;

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* ---- around the phone ------------------------------------------------------------------------ */

static int64_t now_of(void *arg)
{
    (void)arg;
    return world.now;
}

static void stir(void *arg)
{
    (void)arg;
}

static void wake(void *arg, const struct push_news *news, uint64_t tag)
{
    (void)arg;
    (void)tag;
    must(phone_pushes(world.phone) && !world.polls && !world.over);
    must(slice_starts(news->from, SLICE("sip:")));
}

static void tell(void *arg, const struct phone_news *news)
{
    (void)arg;
    must(news->fault && !slice_absent(phone_self(world.phone)->name));
    if (news->kind == PHONE_DONE) {
        must(news->tag > 0 && news->tag <= world.calls && !world.answered[news->tag]);
        world.answered[news->tag] = 1;
        return;
    }
    must(!world.over);
    world.over = news->kind == PHONE_SIGNED_OUT;
    if (news->chat) {
        must(!slice_empty(news->chat->peer) && news->chat->id > 0);
        world.chat = news->chat->id;
    }
}

static void settle(void *arg)
{
    (void)arg;
}

static void read_out(void)
{
    struct slice bytes;
    while (phone_next(world.phone, world.arena, &bytes)) {
        struct sip_message message;
        int err = sip_parse(&message, bytes, NULL);
        must(err == 0 || err == -ERR_LIMIT); /* one that had all the headers it may gets ours */
        if (err < 0)
            continue;
        if (sip_is_request(&message)) {
            world.branch[message.method_text.at[0] & (LETTERS - 1)] = message.via.branch;
            memmove(world.recent + 1, world.recent, sizeof world.recent - sizeof *world.recent);
            world.recent[0] = message.via.branch;
        } else if (!slice_absent(message.to.tag)) {
            world.tag = message.to.tag;
        }
    }
}

/* ---- what the face asks ------------------------------------------------------------------------
 */

static void outcome(enum finding finding)
{
    struct push_outcome how = {0};
    if (finding != FINDING_NONE)
        fault_set(&how.fault, ERR_IO, finding, "as the input says");
    phone_woken(world.phone, world.chat, &how);
}

static void ask(char deed, uint64_t tag)
{
    static const struct slice people[] = {{.at = "bob@contoso.test", .len = 16},
                                          {.at = "sip:carol@contoso.test", .len = 22}};
    struct phone *phone = world.phone;
    switch (deed) {
    case 'a':
        phone_accept(phone, tag, world.chat);
        break;
    case 'd':
        phone_decline(phone, tag, world.chat);
        break;
    case 's':
        phone_say(phone, tag, world.chat, SLICE("text/plain"), SLICE("Hello"));
        break;
    case 't':
        phone_type(phone, tag, world.chat);
        break;
    case 'l':
        phone_leave(phone, tag, world.chat);
        break;
    case 'i':
        world.chat = phone_invite(phone, tag, people[0], SLICE("Lunch"));
        break;
    case 'p':
        phone_appear(phone, tag, 3500);
        break;
    case 'b':
        phone_publish_state(phone, tag, 6500);
        break;
    case 'n':
        phone_publish_note(phone, tag, SLICE("Back soon"));
        break;
    case 'w':
        phone_watch(phone, tag, people, 2);
        break;
    case 'u':
        phone_unwatch(phone, tag, people, 1);
        break;
    case 'f':
        phone_search(phone, tag, SLICE("bob"), 5);
        break;
    case 'c':
        phone_contact_add(phone, tag, people[1], 1);
        break;
    case 'r':
        phone_contact_remove(phone, tag, people[0]);
        break;
    default:
        phone_sign_out(phone, tag);
    }
}

static void act(char deed)
{
    static const char deeds[] = "adstlipbnwufcro";
    if (deed >= '0' && deed <= '9')
        world.now += (deed - '0') * 1000;
    else if (deed == '+')
        world.now += 100000;
    else if (deed == '*')
        world.now += 3600000;
    else if (deed == 'Y' || deed == 'Z')
        phone_awake(world.phone, world.polls = deed == 'Y');
    else if (deed == 'H')
        phone_active(world.phone);
    else if (deed == 'P' || deed == 'Q')
        phone_set_push(world.phone, deed == 'P', 3600000);
    else if (deed == 'N')
        outcome(FINDING_PUSH_NO_SUBSCRIPTION);
    else if (deed == 'R')
        outcome(FINDING_PUSH_ROUTE_DOWN);
    else if (deed == 'O')
        outcome(FINDING_NONE);
    else if (strchr(deeds, deed) && deed && world.calls < CALLS_MAX)
        ask(deed, ++world.calls);
}

static void pass_on(void)
{
    read_out();
    must(phone_tick(world.phone) > 0);
    read_out();
    phone_settle(world.phone);
}

/* ---- what arrives ------------------------------------------------------------------------------
 */

static void arrive(struct sip_message *message)
{
    bool asks = sip_is_request(message);
    struct slice how = sip_value(message, asks ? SIP_HEADER_USER_AGENT : SIP_HEADER_SERVER);
    for (size_t i = 0; i < how.len && i < 40; i++) {
        act(how.at[i]);
        pass_on();
    }
    struct slice *branch = &message->via.branch;
    if (!asks && branch->len == 2 && branch->at[0] == '@')
        *branch = branch->at[1] >= '0' && branch->at[1] <= '9'
                      ? world.recent[branch->at[1] - '0']
                      : world.branch[branch->at[1] & (LETTERS - 1)];
    if (asks && slice_eq(message->to.tag, SLICE("@")))
        message->to.tag = world.tag;
    phone_take(world.phone, message);
    pass_on();
}

/* The server's answer to the first REGISTER. */
static void let_in(void)
{
    static const char text[] =
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS x:1;branch=z9hG4bKx\r\n"
        "From: <sip:alice@contoso.test>;tag=1\r\nTo: <sip:alice@contoso.test>;tag=2\r\n"
        "Call-ID: 1\r\nCSeq: 1 REGISTER\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n";
    struct sip_message message;
    must(sip_parse(&message, slice_of(text), NULL) == 0);
    message.via.branch = world.branch['R'];
    phone_take(world.phone, &message);
    must(phone_is_signed_in(world.phone));
    pass_on();
}

static void begin(void)
{
    memset(&world, 0, sizeof world);
    world.arena = arena_new();
    world.now = 1000000;
    world.tag = SLICE("");
    for (size_t i = 0; i < LETTERS; i++)
        world.branch[i] = SLICE("");
    for (size_t i = 0; i < sizeof world.recent / sizeof *world.recent; i++)
        world.recent[i] = SLICE("");
    struct phone_world around = {.domain = SLICE("contoso.test"),
                                 .pool = SLICE("sip.contoso.test"),
                                 .port = 5087,
                                 .now = now_of,
                                 .stir = stir,
                                 .wake = wake};
    struct phone_options options = {.account = SLICE("alice@contoso.test"),
                                    .endpoint = SLICE("ep1"),
                                    .user_agent = SLICE("Fuzz/1"),
                                    .device = SLICE("ep1"),
                                    .face = {tell, settle, NULL}};
    struct phone_admission admission = {
        .arena = arena_new(), .push = true, .lifetime = INT64_C(3) * 86400 * 1000};
    must(phone_new(&around, &options, &world.phone, NULL) == 0);
    policy_effective_default(POLICY_LYNC_2013, &admission.policy);
    phone_admit(world.phone, &admission, NULL);
    pass_on();
    let_in();
}

static void end(void)
{
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_STOPPING, "the input is over");
    phone_end(world.phone, &fault);
    must(world.over);
    read_out();
    for (uint64_t i = 1; i <= world.calls; i++)
        must(world.answered[i]);
    phone_free(world.phone);
    arena_free(world.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make(data, size);
    struct sip_framer framer;
    struct sip_frame frame;
    begin();
    sip_framer_init(&framer, NULL);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.kind != SIP_FRAME_MORE) {
        struct sip_message message;
        if (frame.kind == SIP_FRAME_MESSAGE && sip_parse(&message, frame.bytes, NULL) == 0)
            arrive(&message);
        rest = slice_from(rest, frame.len);
    }
    end();
    return 0;
}
