/* Our SIP parser beside libosip2 and sofia-sip: the same message, in the same rounds
 * of the same run, because absolute figures move with the machine. Both libraries are
 * LGPL; that is why this is a program of its own that nothing else links.
 * Prints one JSON document. Usage: lychgate-bench-parse [ROUNDS [COUNT]] */
#include "base/clock.h"
#include "sip/bench.h"

#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <osipparser2/osip_parser.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#pragma GCC diagnostic pop

/* osip reads each header when it parses; what is left is to look at them. */
static bool osip_once(struct slice bytes)
{
    char tag_name[] = "tag"; /* osip's lists take no const */
    osip_message_t *message;
    osip_contact_t *contact = NULL;
    osip_header_t *event = NULL;
    osip_generic_param_t *tag = NULL;
    if (osip_message_init(&message) != 0)
        return false;
    bool good = osip_message_parse(message, bytes.at, bytes.len) == 0 && message->cseq &&
                message->call_id && message->from && message->to &&
                osip_uri_param_get_byname(&message->from->gen_params, tag_name, &tag) == 0 &&
                osip_message_get_contact(message, 0, &contact) == 0 && contact->url &&
                osip_message_header_get_byname(message, "event", 0, &event) >= 0 && event &&
                osip_list_size(&message->vias) == 1;
    osip_message_free(message);
    return good;
}

static bool sofia_once(struct slice bytes)
{
    msg_t *message = msg_make(sip_default_mclass(), 0, bytes.at, (ssize_t)bytes.len);
    sip_t *sip = message ? sip_object(message) : NULL;
    bool good = sip && sip->sip_request && sip->sip_cseq && sip->sip_call_id && sip->sip_from &&
                sip->sip_from->a_tag && sip->sip_to && sip->sip_via && sip->sip_contact &&
                sip->sip_contact->m_url->url_host && sip->sip_event && sip->sip_supported &&
                sip->sip_proxy_authorization;
    msg_destroy(message);
    return good;
}

static const struct peer {
    const char *name;
    bool (*once)(struct slice bytes);
} peers[] = {
    {"lychgate", sip_bench_once},
    {"sofia-sip", sofia_once},
    {"libosip2", osip_once},
};

enum {
    PEERS = sizeof peers / sizeof *peers,
    ROUNDS_MAX = 64
};

static double round_us(const struct peer *peer, unsigned long count)
{
    struct slice bytes = sip_bench_message();
    int64_t start = clock_monotonic_us();
    for (unsigned long i = 0; i < count; i++) {
        if (!peer->once(bytes)) {
            fprintf(stderr, "%s does not read the message\n", peer->name);
            exit(1);
        }
    }
    return (double)(clock_monotonic_us() - start) / (double)count;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static unsigned long argument(int argc, char **argv, int at, unsigned long otherwise,
                              unsigned long most)
{
    unsigned long value = argc > at ? strtoul(argv[at], NULL, 10) : otherwise;
    return value >= 1 && value <= most ? value : otherwise;
}

int main(int argc, char **argv)
{
    static double us[PEERS][ROUNDS_MAX];
    unsigned long rounds = argument(argc, argv, 1, 9, ROUNDS_MAX);
    unsigned long count = argument(argc, argv, 2, 20000, 10000000);
    parser_init();
    for (unsigned long round = 0; round < rounds; round++)
        for (size_t i = 0; i < PEERS; i++)
            us[i][round] = round_us(&peers[i], count);
    printf("{\"bytes\":%zu,\"rounds\":%lu,\"count\":%lu,\"parsers\":[", sip_bench_message().len,
           rounds, count);
    for (size_t i = 0; i < PEERS; i++)
        qsort(us[i], rounds, sizeof us[i][0], by_size);
    for (size_t i = 0; i < PEERS; i++)
        printf("%s{\"name\":\"%s\",\"us\":%.3f,\"best_us\":%.3f,\"worst_us\":%.3f,\"times_ours\":%."
               "1f}",
               i ? "," : "", peers[i].name, us[i][rounds / 2], us[i][0], us[i][rounds - 1],
               us[i][rounds / 2] / us[0][rounds / 2]);
    printf("]}\n");
    return 0;
}
