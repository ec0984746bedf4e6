/* A DNS message from a stranger: read it, print it, read that again; and hand it
 * to the name server, whose answer must be readable and no larger than allowed. */
#include "discover/nameserver.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void reprint(struct arena *arena, const struct dns_message *message)
{
    scoped(buf) struct buf out = BUF_INIT, text = BUF_INIT;
    struct dns_message again;
    for (size_t i = 0; i < message->answer.count; i++)
        dns_record_print(&text, &message->answer.records[i]);
    /* Everything that can be read can be said, though perhaps not in 64 KiB. */
    check(dns_print(&out, message, DNS_MESSAGE_MAX, NULL) == 0);
    check(dns_parse(arena, buf_slice(&out), &again, NULL) == 0);
    check(again.question_count == message->question_count);
    check(again.truncated || again.answer.count == message->answer.count);
    for (size_t i = 0; i < again.answer.count; i++)
        check(slice_eq(again.answer.records[i].name, message->answer.records[i].name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dns_address addresses[] = {{4, {192, 0, 2, 1}}, {16, {0xfd}}};
    const struct zone_options options = {
        .domain = SLICE("contoso.test"), .addresses = addresses, .address_count = 2};
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf answer = BUF_INIT;
    struct slice bytes = slice_make(data, size);
    struct dns_message message;
    struct zone zone;
    if (size > DNS_MESSAGE_MAX)
        return 0;
    if (dns_parse(arena, bytes, &message, NULL) == 0)
        reprint(arena, &message);
    check(zone_build(arena, &options, &zone, NULL) == 0);
    const struct nameserver server = {&zone, 1};
    for (int tcp = 0; tcp <= 1; tcp++) {
        if (nameserver_step(&server, tcp ? NAMESERVER_TCP : NAMESERVER_UDP, bytes, arena, &answer,
                            NULL) != 0)
            continue;
        check(tcp || answer.len <= NAMESERVER_UDP_MAX);
        check(dns_parse(arena, buf_slice(&answer), &message, NULL) == 0);
        check(message.response);
    }
    return 0;
}
