/* What presence costs, without sockets: news to many watchers, a long contact list, one
 * change among few and many people, and bytes a person. Prints figures, judges nothing:
 * `meson test --benchmark presence/presence`, or with the number of people as argument. */
#include "presence/watch.h"

#include "base/clock.h"
#include "base/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CONTACTS = 50
};

#define NOW          1800000000000
#define PUBLISH_TYPE "Content-Type: application/msrtc-category-publish+xml\r\n"
#define OFFERS                                                                                     \
    "Supported: ms-benotify, ms-piggyback-first-notify, eventlist\r\n"                             \
    "Supported: com.microsoft.autoextend\r\n"
#define PUT(name, instance, container, expire, value)                                              \
    "<publication categoryName=\"" name "\" instance=\"" instance "\" container=\"" container      \
    "\" version=\"0\" expireType=\"" expire "\">" value "</publication>"
#define STATE(type)                                                                                \
    "<state xmlns=\"http://schemas.microsoft.com/2006/09/sip/state\" manual=\"false\" "            \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"" type                     \
    "\"><availability>3500</availability><endpointLocation/></state>"
#define CALENDAR                                                                                   \
    "<calendarData xmlns=\"http://schemas.microsoft.com/2006/09/sip/calendarData\" "               \
    "mailboxID=\"somebody@bench.test\"><freeBusy startTime=\"2026-11-22T00:00:00Z\" "              \
    "granularity=\"PT15M\" encodingVersion=\"1\">AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"         \
    "</freeBusy></calendarData>"
#define DEVICE                                                                                     \
    "<device xmlns=\"http://schemas.microsoft.com/2006/09/sip/device\" endpointId=\"e\">"          \
    "<capabilities preferred=\"false\" uri=\"sip:e\"><text capture=\"true\" render=\"true\" "      \
    "publish=\"false\"/></capabilities></device>"

struct stage {
    struct presence *home;
    struct arena *arena; /* of one exchange */
    struct outgoing_list out;
    struct presence_posts posts;
    struct sip_reply reply;
    unsigned cseq, told;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "presence bench: %s failed\n", what);
    exit(1);
}

static void open_stage(struct stage *s)
{
    *s = (struct stage){.home = presence_new(&(struct presence_options){
                            .domain = SLICE("bench.test"),
                            .terms = {1200000, 28800000, 43200000, "<sip:fe.bench.test:5061>"}})};
}

static const struct sip_message *request(struct stage *s, const char *method, unsigned who,
                                         const char *more, const char *body)
{
    struct sip_message *message = arena_new_of(s->arena, struct sip_message);
    s->cseq++;
    struct slice bytes = arena_print(
        s->arena,
        "%s sip:p%u@bench.test SIP/2.0\r\nVia: SIP/2.0/tls 10.0.0.5:1;branch=z9hG4bK1\r\n"
        "From: <sip:p%u@bench.test>;tag=7f3a9c;epid=01ab23cd45ef\r\nTo: <sip:p%u@bench.test>\r\n"
        "CSeq: %u %s\r\nCall-ID: 0123456789abcdef%u\r\nContact: "
        "<sip:p%u@bench.test;opaque=user:epid:0123456789abcdefghijkl;gruu>\r\n%s"
        "Content-Length: %zu\r\n\r\n%s",
        method, who, who, who, s->cseq, method, s->cseq, who, more, slice_of(body).len, body);
    must(sip_parse(message, bytes, NULL) == 0, "parsing");
    return message;
}

static void begin(struct stage *s)
{
    s->arena = arena_new();
    outgoing_init(&s->out, s->arena);
    presence_posts_init(&s->posts, s->arena);
    sip_reply_init(&s->reply, s->arena, 200);
}

static void finish(struct stage *s)
{
    for (const struct presence_post *p = s->posts.first; p; p = p->next)
        presence_deliver(s->home, p, NOW, &s->out, &s->posts);
    s->told = 0;
    for (const struct outgoing *o = s->out.first; o; o = o->next)
        s->told++;
    arena_free(s->arena);
}

static struct registrar_caller caller(const struct stage *s, unsigned who)
{
    return (struct registrar_caller){.account = arena_print(s->arena, "p%u@bench.test", who),
                                     .epid = SLICE("01ab23cd45ef")};
}

static void adopt(struct stage *s, unsigned who)
{
    struct card card = {.photo_hash = SLICE("0123456789012345678901234567890123456789")};
    card.field[CARD_TITLE] = SLICE("Engineer");
    card.field[CARD_COMPANY] = SLICE("Bench");
    card.field[CARD_DEPARTMENT] = SLICE("Testing");
    card.field[CARD_PHONE_WORK] = SLICE("+1 555 0100");
    card.field[CARD_PHONE_MOBILE] = SLICE("+1 555 0101");
    begin(s);
    presence_adopt(s->home, arena_print(s->arena, "p%u@bench.test", who),
                   &(struct presence_identity){
                       .display_name = arena_print(s->arena, "Person %u", who),
                       .card = &card,
                       .photo_url = arena_print(s->arena, "https://fe.bench.test/photo/p%u", who)},
                   NULL, NOW);
    finish(s);
}

static void publish(struct stage *s, unsigned who, const char *list)
{
    struct presence_change *change;
    begin(s);
    const char *body =
        arena_print(s->arena,
                    "<publish xmlns=\"http://schemas.microsoft.com/2006/09/sip/rich-presence\">"
                    "<publications uri=\"sip:p%u@bench.test\">%s</publications></publish>",
                    who, list)
            .at;
    struct registrar_caller by = caller(s, who);
    struct fault fault;
    must(presence_plan(s->home, request(s, "SERVICE", who, PUBLISH_TYPE, body), &by, NOW, s->arena,
                       &change, &s->reply, &fault) == 0 &&
             change,
         "publishing");
    presence_apply(s->home, change, NOW, &s->reply, &s->out, &s->posts);
    finish(s);
}

/* Subscribe to `count` people from `first` on, round the ring of `people`. */
static void watch(struct stage *s, unsigned who, unsigned first, unsigned count, unsigned people)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct presence_batch *batch;
    struct fault fault;
    begin(s);
    buf_add_string(&body, "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/"
                          "batch-subscribe\"><action name=\"subscribe\" id=\"1\"><adhocList>");
    for (unsigned i = 0; i < count; i++)
        buf_print(&body, "<resource uri=\"sip:p%u@bench.test\"/>", (first + i) % people);
    buf_add_string(&body,
                   "</adhocList><categoryList xmlns=\"http://schemas.microsoft.com/2006/09/sip/"
                   "categorylist\"><category name=\"calendarData\"/><category "
                   "name=\"contactCard\"/><category name=\"note\"/><category name=\"services\"/>"
                   "<category name=\"state\"/></categoryList></action></batchSub>");
    struct registrar_caller by = caller(s, who);
    const char *lines = "Event: presence\r\n" OFFERS;
    must(presence_subscribe(s->home, request(s, "SUBSCRIBE", who, lines, buf_string(&body)), &by,
                            NOW, s->arena, &batch, &s->reply, &s->posts, &fault) == 0,
         "subscribing");
    presence_visit(s->home, batch, NOW, &s->out);
    presence_subscribed(s->home, batch, NOW, &s->reply, &s->out);
    must(s->reply.status == 200, "subscribing");
    finish(s);
}

static void follow_oneself(struct stage *s, unsigned who)
{
    struct fault fault;
    begin(s);
    struct registrar_caller by = caller(s, who);
    const char *body =
        "<roamingList xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\">"
        "<roaming type=\"categories\"/><roaming type=\"containers\"/><roaming "
        "type=\"subscribers\"/></roamingList>";
    must(presence_self(
             s->home,
             request(s, "SUBSCRIBE", who, "Event: vnd-microsoft-roaming-self\r\n" OFFERS, body),
             &by, NOW, &s->reply, &s->out, &fault) == 0,
         "roaming");
    finish(s);
}

/* What SIPE publishes after it has signed in, in its five categories. */
static void sign_in(struct stage *s, unsigned who)
{
    follow_oneself(s, who);
    publish(s, who,
            PUT("device", "1", "2", "endpoint", DEVICE) PUT("state", "805306369", "2", "endpoint",
                                                            STATE("machineState"))
                PUT("state", "805306369", "3", "endpoint", STATE("machineState")) PUT(
                    "state", "536870912", "2", "static",
                    STATE("userState")) PUT("state", "536870912", "3", "static", STATE("userState"))
                    PUT("note", "0", "200", "static", "<note>at work</note>")
                        PUT("note", "0", "300", "static", "<note>at work</note>")
                            PUT("note", "0", "400", "static", "<note>at work</note>")
                                PUT("calendarData", "0", "1", "endpoint",
                                    CALENDAR) PUT("calendarData", "0", "100", "endpoint", CALENDAR)
                                    PUT("calendarData", "0", "200", "endpoint", CALENDAR)
                                        PUT("calendarData", "0", "300", "endpoint", CALENDAR)
                                            PUT("calendarData", "0", "400", "endpoint", CALENDAR)
                                                PUT("calendarData", "0", "32000", "endpoint",
                                                    CALENDAR));
}

static double since_us(int64_t start)
{
    return (double)(clock_monotonic_us() - start);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *of, size_t count)
{
    qsort(of, count, sizeof *of, by_size);
    return of[count / 2];
}

/* One note, put and taken away again, told to all who watch him. */
static double change_us(struct stage *s, unsigned who)
{
    int64_t start = clock_monotonic_us();
    publish(s, who, PUT("note", "7", "200", "endpoint", "<note>back soon</note>"));
    publish(s, who,
            "<publication categoryName=\"note\" instance=\"7\" container=\"200\" version=\"1\" "
            "expireType=\"endpoint\" expires=\"0\"/>");
    return since_us(start) / 2;
}

static void bench_fan_out(void)
{
    struct stage s;
    double took[21];
    open_stage(&s);
    for (unsigned i = 0; i <= 1000; i++)
        adopt(&s, i);
    sign_in(&s, 0);
    for (unsigned i = 1; i <= 1000; i++)
        watch(&s, i, 0, 1, 1001);
    for (size_t i = 0; i < 21; i++)
        took[i] = change_us(&s, 0);
    must(s.told == 1000, "telling all watchers");
    printf("fan_out_1000_us %.0f\n", median(took, 21));
    presence_free(s.home);
}

static void bench_list(unsigned contacts)
{
    struct stage s;
    double took[11];
    open_stage(&s);
    for (unsigned i = 0; i < 1000; i++)
        adopt(&s, i);
    for (unsigned i = 0; i < 11; i++) {
        int64_t start = clock_monotonic_us();
        watch(&s, i, 0, contacts, 1000);
        took[i] = since_us(start);
    }
    printf("list_%u_us %.0f\n", contacts, median(took, 11));
    presence_free(s.home);
}

/* Everybody watches those next to him in the ring. */
static double bench_people(unsigned people, unsigned contacts)
{
    enum {
        CHANGES = 1001
    };
    static double took[CHANGES];
    struct stage s;
    malloc_trim(0);
    size_t before = mallinfo2().uordblks;
    open_stage(&s);
    for (unsigned i = 0; i < people; i++)
        adopt(&s, i);
    double adopted = (double)(mallinfo2().uordblks - before) / people;
    for (unsigned i = 0; i < people; i++)
        sign_in(&s, i);
    for (unsigned i = 0; i < people; i++)
        watch(&s, i, i + 1, contacts, people);
    double held = (double)(mallinfo2().uordblks - before) / people;
    for (unsigned i = 0; i < CHANGES; i++)
        took[i] = change_us(&s, (i * 7919) % people);
    double each = median(took, CHANGES);
    printf("people_%u contacts_%u bytes_adopted %.0f bytes_each %.0f change_us %.1f\n", people,
           contacts, adopted, held, each);
    presence_free(s.home);
    return each;
}

int main(int argc, char **argv)
{
    unsigned many = argc > 1 ? (unsigned)atoi(argv[1]) : 50000;
    bench_fan_out();
    bench_list(500);
    bench_list(1000);
    bench_people(1000, CONTACTS);
    double few = bench_people(1000, 10), crowd = bench_people(many, 10);
    printf("change_growth_percent %.1f\n", 100.0 * (crowd - few) / few);
    return 0;
}
