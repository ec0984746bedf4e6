#include "sip/bench.h"

#include "base/clock.h"
#include "sip/frame.h"
#include "sip/message.h"

#include <stdlib.h>

/* The handshake leg of a Lync 2010 client behind NAT, shaped after what such clients
 * send; all names and tokens are made up. Exactly 1,400 bytes. */
/* clang-format off */
static const char lync_register[] =
    "REGISTER sip:contoso.test SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 10.20.30.40:49172\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:alice.example@contoso.test>;tag=5f3c9a1b72e4;epid=8c2e6f7a9"
    "1\r\n"
    "To: <sip:alice.example@contoso.test>\r\n"
    "Call-ID: 0f64b4a29d5e4c0aa6b8c35de1a7f902\r\n"
    "CSeq: 4 REGISTER\r\n"
    "Contact: <sip:10.20.30.40:49172;transport=tls;ms-opaque=d3470f2e1d>;me"
    "thods=\"INVITE, MESSAGE, INFO, OPTIONS, BYE, CANCEL, NOTIFY, ACK, REFER"
    ", BENOTIFY\";proxy=replace;+sip.instance=\"<urn:uuid:4233FD41-093B-5FD6-"
    "B5D2-651ED55969E6>\"\r\n"
    "User-Agent: UCCAPI/4.0.7577.4053 OC/4.0.7577.4053 (Microsoft Lync 2010"
    ")\r\n"
    "Supported: gruu-10, adhoclist, msrtc-event-categories\r\n"
    "Supported: ms-forking\r\n"
    "Supported: ms-cluster-failover\r\n"
    "Supported: ms-userservices-state-notification\r\n"
    "ms-keep-alive: UAC;hop-hop=yes\r\n"
    "Event: registration\r\n"
    "ms-subnet: 10.20.30.0\r\n"
    "Allow-Events: presence\r\n"
    "Proxy-Authorization: TLS-DSK qop=\"auth\", realm=\"SIP Communications Ser"
    "vice\", opaque=\"F755045D\", targetname=\"fe01.contoso.test\", crand=\"1d966"
    "6d9\", cnum=\"17\", response=\"9c1d3e5f7a8b9c0d1e2f3a4b5c6d7e8f90a1b2c3\", "
    "version=4, gssapi-data=\"bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1L9R"
    "IvNEVUxTveLruM0rfj0WAK1jHDhaXXzOI8d4VFmtvBtMkA/+SNV1tdpcY4BAEl9l2w/j4k"
    "SUt26phkV9mGCE/tCLl4r019GWp0RqhrWACeY2thHbFiEbZamq3/KcXlLZxQjFAjRzRNjA"
    "etkcvWBor8df9ikvBioJyjgcieced7mprp4wsNvbb1EKJk753ngVAde2uSronrBZxat0Pb"
    "Z1humPrSfaC5lovAOaHvNMk5ubjlI6i++J1HhgjF7PbKNYdY9tJ+bPRScpN5d6dI\"\r\n"
    "Content-Length: 0\r\n"
    "\r\n";
/* clang-format on */

struct slice sip_bench_message(void)
{
    return slice_make(lync_register, sizeof lync_register - 1);
}

/* What a registrar looks at beyond what sip_parse() has read. */
static bool read_binding(const struct sip_message *m)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    struct sip_auth auth;
    return sip_contact_next(m, &it, &contact) && contact.address.uri.port == 49172 &&
           contact.instance.len == 45 && contact.proxy.len == 7 && contact.methods.len > 0 &&
           sip_credentials(m, SLICE("TLS-DSK"), &auth) && auth.opaque.len == 8 &&
           auth.crand.len == 8 && auth.response.len == 40 && auth.gssapi_data.len > 0;
}

bool sip_bench_once(struct slice bytes)
{
    struct sip_message m;
    return sip_parse(&m, bytes, NULL) == 0 && m.method == SIP_REGISTER && m.uri.host.len > 0 &&
           m.cseq == 4 && m.call_id.len == 32 && m.from.tag.len > 0 && m.from.epid.len > 0 &&
           sip_uri_same_aor(&m.from.uri, &m.to.uri) && m.via.port == 49172 &&
           m.max_forwards == 70 && read_binding(&m) &&
           slice_eq(sip_value_word(&m, SIP_HEADER_EVENT), SLICE("registration")) &&
           sip_has_tag(&m, SIP_HEADER_SUPPORTED, SLICE("gruu-10")) &&
           sip_has_tag(&m, SIP_HEADER_SUPPORTED, SLICE("msrtc-event-categories")) &&
           !slice_absent(sip_value(&m, SIP_HEADER_MS_KEEP_ALIVE)) &&
           !slice_absent(sip_value(&m, SIP_HEADER_USER_AGENT));
}

static bool frame_once(struct slice bytes)
{
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    return sip_frame(&framer, bytes, &frame, NULL) == 0 && frame.kind == SIP_FRAME_MESSAGE;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum {
    ROUNDS_MAX = 64
};

/* Microseconds a call in each round, in order of size. */
static bool measure(bool (*once)(struct slice), unsigned rounds, unsigned count, double *us)
{
    struct slice bytes = sip_bench_message();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned good = 0;
        int64_t start = clock_monotonic_us();
        for (unsigned i = 0; i < count; i++) {
            /* The compiler must not know that the bytes stay the same. */
            __asm__ volatile("" : "+r"(bytes.at) : : "memory");
            good += once(bytes);
        }
        us[round] = (double)(clock_monotonic_us() - start) / count;
        if (good != count)
            return false;
    }
    qsort(us, rounds, sizeof *us, by_size);
    return true;
}

int sip_bench_parse(unsigned rounds, unsigned count, struct sip_bench_result *result)
{
    double parse[ROUNDS_MAX], frame[ROUNDS_MAX];
    if (rounds == 0 || rounds > ROUNDS_MAX || count == 0)
        return -ERR_INTERNAL;
    if (!measure(sip_bench_once, rounds, count, parse) ||
        !measure(frame_once, rounds, count, frame))
        return -ERR_INTERNAL;
    *result = (struct sip_bench_result){.parse_us = parse[rounds / 2],
                                        .frame_us = frame[rounds / 2],
                                        .best_us = parse[0],
                                        .worst_us = parse[rounds - 1]};
    return 0;
}
