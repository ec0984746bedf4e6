/* lychgated with a face of its own for tests: phones that do what is written into the file
 * $PHONE_IN (a FIFO), and write what they are told to $PHONE_OUT.
 *
 *   open PHONE ADDRESS       close PHONE          out PHONE        appear PHONE AVAILABILITY
 *   watch PHONE ADDRESS      im PHONE ADDRESS     say PHONE TEXT   accept PHONE
 *   decline PHONE
 *   add PHONE ADDRESS        search PHONE TEXT    state PHONE AVAILABILITY   note PHONE TEXT
 *   poll PHONE               rest PHONE           (it holds a poll, or none)
 *   subscribe PHONE FILE     unsubscribe PHONE    (the file has a push subscription) */
#include "event/event.h"
#include "server/phones.h"
#include "server/server.h"
#include "server/wake.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PHONES = 8,
    WORD = 100
};

struct handset {
    char name[WORD];
    struct phone *phone; /* touched at its home only */
    struct wing *home;
    uint64_t chat;
    bool over;
};

struct command {
    struct handset *handset;
    char verb[WORD], rest[1000];
};

static struct handset handsets[PHONES];
static FILE *out;
static uint64_t last_tag;

/* ---- what phones tell ---------------------------------------------------------------------- */

static void told(void *arg, const struct phone_news *news)
{
    static const char *const names[PHONE_NEWS_KINDS] = {
        "signed-in", "mode", "signed-out", "settings", "contacts", "person",
        "self",      "chat", "message",    "typing",   "found",    "done"};
    struct handset *h = arg;
    flockfile(out);
    fprintf(out, "%s %s", h->name, names[news->kind]);
    if (news->fault->finding != FINDING_NONE)
        fprintf(out, " %s", finding_row(news->fault->finding)->id);
    if (news->kind == PHONE_SIGNED_IN || news->kind == PHONE_MODE)
        fprintf(out, " expires=%lld", (long long)(news->expires / 1000));
    if (news->person)
        fprintf(out, " %.*s availability=%d name=%.*s note=%.*s", SLICE_ARG(news->person->address),
                news->person->availability, SLICE_ARG(news->person->name),
                SLICE_ARG(news->person->note));
    if (news->chat) {
        h->chat = news->chat->id;
        fprintf(out, " %.*s state=%d", SLICE_ARG(news->chat->peer), (int)news->chat->state);
    }
    if (!slice_absent(news->text))
        fprintf(out, " text=%.*s", SLICE_ARG(news->text));
    for (size_t i = 0; i < news->found_count; i++)
        fprintf(out, " %.*s", SLICE_ARG(news->found[i].address));
    if (news->kind == PHONE_SETTINGS) {
        const struct phone_settings *s = phone_settings(h->phone);
        fprintf(out, " delegation=%d outside-voice=%d push=%d dial-plan=%.*s book=%.*s",
                s->delegation, s->outside_voice, s->push, SLICE_ARG(s->dial_plan),
                SLICE_ARG(s->address_book_url));
    }
    fputc('\n', out);
    fflush(out);
    funlockfile(out);
    h->over |= news->kind == PHONE_SIGNED_OUT;
}

static void settled(void *arg)
{
    struct handset *h = arg;
    if (!h->over || !h->phone)
        return;
    phones_host(h->home)->close(phones_host(h->home)->arg, h->phone);
    h->phone = NULL;
}

static void say(const struct handset *h, const char *what, const struct fault *fault)
{
    flockfile(out);
    fprintf(out, "%s %s%s%s\n", h->name, what, fault ? " " : "",
            fault ? finding_row(fault->finding)->id : "");
    fflush(out);
    funlockfile(out);
}

/* ---- what they are to do --------------------------------------------------------------------- */

static void open_phone(struct wing *home, struct handset *h, struct slice address)
{
    struct fault fault;
    const struct phone_host *host = phones_host(home);
    h->home = home;
    h->over = false;
    h->phone = host->open(host->arg,
                          &(struct phone_options){
                              .account = address,
                              .endpoint = slice_of(h->name),
                              .user_agent = SLICE("WPLync/4.1 (a test)"),
                              .device = slice_of(h->name),
                              .face = {.tell = told, .settle = settled, .arg = h},
                          },
                          &fault);
}

static void subscribed(struct wing *home, void *arg, const struct fault *fault)
{
    (void)home;
    say(arg, "subscribed", fault);
}

static void subscribe(struct wing *home, struct handset *h, const char *path)
{
    char json[PUSH_JSON_MAX];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(json, 1, sizeof json, file) : 0;
    if (file)
        fclose(file);
    wake_subscribe_later(home, phone_account(h->phone), slice_of(h->name),
                         file ? slice_trim(slice_make(json, len)) : (struct slice){0}, subscribed,
                         h);
}

static void act(struct wing *home, void *arg)
{
    struct command *c = arg;
    struct handset *h = c->handset;
    struct slice rest = slice_of(c->rest);
    uint64_t tag = ++last_tag;
    if (strcmp(c->verb, "open") == 0)
        open_phone(home, h, rest);
    else if (!h->phone)
        fprintf(stderr, "there is no phone %s\n", h->name);
    else if (strcmp(c->verb, "close") == 0)
        h->over = true, settled(h);
    else if (strcmp(c->verb, "out") == 0)
        phone_sign_out(h->phone, tag);
    else if (strcmp(c->verb, "appear") == 0)
        phone_appear(h->phone, tag, atoi(c->rest));
    else if (strcmp(c->verb, "state") == 0)
        phone_publish_state(h->phone, tag, atoi(c->rest));
    else if (strcmp(c->verb, "note") == 0)
        phone_publish_note(h->phone, tag, rest);
    else if (strcmp(c->verb, "watch") == 0)
        phone_watch(h->phone, tag, &rest, 1);
    else if (strcmp(c->verb, "add") == 0)
        phone_contact_add(h->phone, tag, rest, 0);
    else if (strcmp(c->verb, "search") == 0)
        phone_search(h->phone, tag, rest, 20);
    else if (strcmp(c->verb, "im") == 0)
        h->chat = phone_invite(h->phone, tag, rest, SLICE(""));
    else if (strcmp(c->verb, "accept") == 0)
        phone_accept(h->phone, tag, h->chat);
    else if (strcmp(c->verb, "decline") == 0)
        phone_decline(h->phone, tag, h->chat);
    else if (strcmp(c->verb, "poll") == 0 || strcmp(c->verb, "rest") == 0)
        phone_awake(h->phone, strcmp(c->verb, "poll") == 0);
    else if (strcmp(c->verb, "subscribe") == 0 || strcmp(c->verb, "unsubscribe") == 0)
        subscribe(home, h, c->rest);
    else if (strcmp(c->verb, "say") == 0)
        phone_say(h->phone, tag, h->chat, SLICE("text/plain"), rest);
    free(c);
}

static struct handset *handset(const char *name)
{
    for (size_t i = 0; i < PHONES; i++)
        if (!handsets[i].name[0] || strcmp(handsets[i].name, name) == 0) {
            snprintf(handsets[i].name, sizeof handsets[i].name, "%s", name);
            return &handsets[i];
        }
    abort();
}

/* Every phone of these tests is alice's, so all go to her home. */
static void *read_commands(void *arg)
{
    char line[1200], name[WORD];
    FILE *in = fdopen(open(getenv("PHONE_IN"), O_RDWR | O_CLOEXEC), "r");
    while (in && fgets(line, sizeof line, in)) {
        struct command *c = calloc(1, sizeof *c);
        if (c && sscanf(line, "%99s %99s %999[^\n]", c->verb, name, c->rest) >= 2) {
            c->handset = handset(name);
            phones_visit(arg, SLICE("alice@contoso.test"), act, c);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"ready", required_argument, NULL, 'r'}, {0}};
    struct server_options with = {0};
    struct config *config;
    struct server *server;
    struct fault fault;
    pthread_t reader;
    for (int c; (c = getopt_long(argc, argv, "c:r:", options, NULL)) != -1;)
        *(c == 'c' ? &with.config_path : &with.ready_path) = optarg;
    out = fopen(getenv("PHONE_OUT"), "a");
    if (!out || config_load(with.config_path, &config, &fault) < 0)
        return 1;
    event_set_sink(event_log_stderr, NULL, event_level_by_name(config->log.level));
    if (server_new(config, &with, &server, &fault) < 0) {
        fprintf(stderr, "%s\n", fault.detail);
        return 1;
    }
    pthread_create(&reader, NULL, read_commands, server);
    int err = server_run(server);
    server_free(server);
    fclose(out);
    return err < 0;
}
