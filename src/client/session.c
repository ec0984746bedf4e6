/* The public face of what follows the sign-in (lychgate/session.h). */
#include "client/session_priv.h"

#include "base/clock.h"
#include "sip/uri.h"

#include <stdlib.h>
#include <string.h>

enum {
    NEWS_MAX = 10000 /* beyond, the latest are dropped: nobody listens */
};

/* ---- news ---------------------------------------------------------------------------------- */

static char *copy(struct slice text)
{
    if (slice_absent(text))
        return NULL;
    char *made = must_alloc(text.len + 1);
    memcpy(made, text.at, text.len);
    made[text.len] = '\0';
    return made;
}

static void free_news(struct news *news)
{
    free(news->address);
    free(news->text);
    free(news->type);
    free(news);
}

/* The same person twice is told once, with what is known by then. */
static bool is_queued(const struct session *session, enum news_kind kind, struct slice address)
{
    if (kind == NEWS_MESSAGE)
        return false;
    for (const struct news *news = session->news; news; news = news->next)
        if (news->kind == kind && slice_eq(slice_of(news->address), address))
            return true;
    return false;
}

void session_news(struct session *session, enum news_kind kind, struct slice address,
                  struct slice text, struct slice type)
{
    bool wanted = kind == NEWS_PRESENCE   ? session->with.presence != NULL
                  : kind == NEWS_CONTACTS ? session->with.contacts != NULL
                                          : session->with.message != NULL;
    if (!wanted || session->news_count == NEWS_MAX || is_queued(session, kind, address))
        return;
    struct news *news = must_alloc(sizeof *news);
    *news = (struct news){NULL, kind, copy(address), copy(text), copy(type)};
    *session->news_last = news;
    session->news_last = &news->next;
    session->news_count++;
    session->newsy = true;
}

static struct news *take_news(struct session *session)
{
    struct news *news = session->news;
    if (!news)
        return NULL;
    session->news = news->next;
    if (!session->news)
        session->news_last = &session->news;
    session->news_count--;
    session->newsy = session->news != NULL;
    return news;
}

int session_tell(struct lychgate *gate)
{
    struct session *session = gate->session;
    struct news *news;
    int told = 0;
    while (session && (news = take_news(session)) != NULL) {
        const struct lychgate_session_options *with = &session->with;
        if (news->kind == NEWS_MESSAGE)
            with->message(with->arg, &(struct lychgate_message){.from = news->address,
                                                                .text = news->text,
                                                                .type = news->type});
        else if (news->kind == NEWS_CONTACTS)
            with->contacts(with->arg);
        else
            with->presence(with->arg, &person_of(session, slice_of(news->address))->shown);
        free_news(news);
        told++;
    }
    return told;
}

/* ---- beginning and ending ------------------------------------------------------------------- */

static void reset(struct session *session)
{
    session->settled = true;
    for (size_t i = 0; i < FOLLOW_COUNT; i++) {
        leg_end(&session->follow[i].leg);
        session->follow[i] =
            (struct follow){.kind = (enum follow_kind)i, .refresh_at = INT64_MAX, .idle = true};
    }
    chat_free_all(session);
    presence_versions_free(session->versions);
    session->versions = presence_versions_new();
}

void session_interrupt(struct lychgate *gate)
{
    talk_end(gate);
    if (gate->session)
        reset(gate->session);
}

void session_free(struct session *session)
{
    struct person *person, *next;
    struct news *news;
    if (!session)
        return;
    reset(session);
    presence_versions_free(session->versions);
    while ((news = take_news(session)) != NULL)
        free_news(news);
    HASH_ITER(hh, session->people, person, next)
    {
        HASH_DEL(session->people, person);
        arena_free(person->arena);
        free(person);
    }
    arena_free(session->settings_arena);
    arena_free(session->contacts_arena);
    free(session);
}

/* The contacts' presence; who was watched before a new sign-in is asked for again. */
static int ask_for_presence(struct lychgate *gate, struct fault *fault)
{
    struct session *session = gate->session;
    bool any = false;
    for (size_t i = 0; session->list && i < session->list->contact_count; i++)
        if (session->list->contacts[i]->subscribed)
            person_of(session, session->list->contacts[i]->uri)->asked = true;
    for (const struct person *p = session->people; p && !any; p = p->hh.next)
        any = p->asked;
    if (any)
        return follow_ask(gate, FOLLOW_PRESENCE, fault);
    /* It is asked for with the first person. */
    session->follow[FOLLOW_PRESENCE].state = FOLLOW_GRANTED;
    session->granted |= LYCHGATE_PRESENCE;
    return 0;
}

static bool is_over(const struct fault *fault)
{
    return fault->finding == FINDING_CONNECTION_LOST || fault->finding == FINDING_DEREGISTERED ||
           fault->finding == FINDING_STOPPED;
}

int session_begin(struct lychgate *gate, struct fault *fault)
{
    struct session *session = gate->session;
    unsigned parts = session->with.parts;
    int err = 0;
    reset(session);
    session->granted = 0;
    if (parts & LYCHGATE_CONTACTS)
        err = follow_ask(gate, FOLLOW_CONTACTS, fault);
    if (err == 0 && (parts & LYCHGATE_SETTINGS))
        err = follow_ask(gate, FOLLOW_SETTINGS, fault);
    if (err == 0 && (parts & LYCHGATE_SELF))
        err = follow_ask(gate, FOLLOW_SELF, fault);
    if (err == 0)
        err = follow_await(gate, fault);
    if (err == 0 && (parts & LYCHGATE_PRESENCE))
        err = ask_for_presence(gate, fault);
    if (err == 0 && (parts & LYCHGATE_PUBLISH) && (session->granted & LYCHGATE_SELF)) {
        err = publish_endpoint(gate, fault);
        if (err && !is_over(fault)) /* told, and no reason to leave */
            err = 0;
    }
    return err ? err : follow_await(gate, fault);
}

int session_request(struct lychgate *gate, const struct sip_message *request, struct fault *fault)
{
    if (!gate->session || !gate->signed_in)
        return 0;
    if (request->method == SIP_NOTIFY || request->method == SIP_BENOTIFY)
        return follow_notified(gate, request, fault);
    return chat_request(gate, request, fault);
}

int session_address(struct arena *arena, const char *text, struct slice *account_out,
                    struct fault *fault)
{
    struct sip_uri uri;
    struct slice rest = slice_of(text ? text : ""), aor;
    if (slice_starts_nocase(rest, SLICE("sip:")))
        rest = slice_from(rest, 4);
    aor = arena_print(arena, "sip:%.*s", SLICE_ARG(rest));
    if (sip_uri_parse(aor, &uri, fault) < 0 || uri.params.at || uri.headers.at || uri.port ||
        sip_uri_aor(arena, &uri, &aor, fault) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_ACCOUNT_INVALID,
                         "`%.100s` is no address of the form user@domain", text ? text : "");
    *account_out = slice_from(aor, 4);
    return 0;
}

/* ---- the public functions ------------------------------------------------------------------- */

/* Every call begins and ends so: it needs a session, and its failure is the problem. */
static int begin(struct lychgate *gate, struct fault *fault)
{
    *fault = (struct fault){0};
    if (gate->signed_in && gate->session)
        return 0;
    return fault_set(fault, ERR_CONFLICT, FINDING_AUTH_NEEDED, "%s",
                     gate->signed_in ? "lychgate_open() was not called" : "not signed in");
}

static int end(struct lychgate *gate, int err, const struct fault *fault)
{
    static const struct fault fine = {0};
    report_keep_problem(&gate->report, err ? fault : &fine);
    if (err && is_over(fault) && fault->finding != FINDING_STOPPED)
        gate->signed_in = false;
    return err;
}

int lychgate_open(struct lychgate *gate, const struct lychgate_session_options *options)
{
    struct fault fault = {0};
    if (!gate->signed_in)
        return end(gate, fault_set(&fault, ERR_CONFLICT, FINDING_AUTH_NEEDED, "not signed in"),
                   &fault);
    session_interrupt(gate);
    session_free(gate->session);
    gate->session = must_calloc(1, sizeof *gate->session);
    gate->session->news_last = &gate->session->news;
    if (options)
        gate->session->with = *options;
    if (!gate->session->with.parts)
        gate->session->with.parts = LYCHGATE_ALL;
    return end(gate, session_begin(gate, &fault), &fault);
}

unsigned lychgate_granted(const struct lychgate *gate)
{
    return gate->session ? gate->session->granted : 0;
}

int lychgate_wait(struct lychgate *gate, int milliseconds)
{
    struct fault fault;
    int err = begin(gate, &fault);
    if (err == 0)
        err = signin_stay(gate, clock_monotonic() + milliseconds, &gate->session->newsy, &fault);
    if (err && err != -ERR_AGAIN)
        return end(gate, err, &fault);
    end(gate, 0, &fault);
    return session_tell(gate) > 0;
}

int lychgate_fd(const struct lychgate *gate)
{
    return gate->wire ? wire_fd(gate->wire) : -1;
}

const struct lychgate_setting *lychgate_settings(const struct lychgate *gate, size_t *count)
{
    *count = gate->session ? gate->session->values.count : 0;
    return *count ? gate->session->settings : NULL;
}

const char *lychgate_setting(const struct lychgate *gate, const char *group, const char *name)
{
    struct slice value = {0};
    if (gate->session)
        value = provision_value(&gate->session->values, group, name);
    return slice_absent(value) ? "" : value.at;
}

const struct lychgate_contact *lychgate_contacts(const struct lychgate *gate, size_t *count)
{
    bool told = gate->session && gate->session->list;
    *count = told ? gate->session->list->contact_count : 0;
    return told ? gate->session->contacts : NULL;
}

const char *const *lychgate_groups(const struct lychgate *gate)
{
    static const char *const none[] = {NULL};
    return gate->session && gate->session->list ? gate->session->groups : none;
}

const struct lychgate_presence *lychgate_presence(const struct lychgate *gate, const char *address)
{
    scoped(arena) struct arena *arena = arena_new();
    struct person *person = NULL;
    struct slice account;
    if (gate->session && session_address(arena, address, &account, NULL) == 0)
        HASH_FIND(hh, gate->session->people, account.at, account.len, person);
    return person ? &person->shown : NULL;
}

const char *lychgate_state_word(int availability)
{
    /* Classes of availability (session.md section 4.8). */
    static const struct {
        int from;
        const char *word;
    } rows[] = {
        {18000, "offline"},  {15000, "away"}, {12000, "be-right-back"}, {9000, "do-not-disturb"},
        {7500, "busy-idle"}, {6000, "busy"},  {4500, "idle"},           {3000, "available"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (availability >= rows[i].from)
            return rows[i].word;
    return "unknown";
}

int lychgate_watch(struct lychgate *gate, const char *const *addresses, size_t count)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice *people = arena_array(arena, struct slice, count + 1);
    struct fault fault;
    size_t fresh = 0;
    int err = begin(gate, &fault);
    for (size_t i = 0; err == 0 && i < count; i++)
        err = session_address(arena, addresses[i], &people[i], &fault);
    for (size_t i = 0; err == 0 && i < count; i++) {
        struct person *person = person_of(gate->session, people[i]);
        if (!person->asked)
            people[fresh++] = people[i];
        person->asked = true;
    }
    struct follow *follow = gate->session ? &gate->session->follow[FOLLOW_PRESENCE] : NULL;
    if (err == 0 && fresh > 0)
        err = follow_people(gate, people, fresh, false, &fault);
    if (err == 0 && fresh > 0)
        err = talk_await(gate, &follow->idle, &fault);
    if (err == 0 && fresh > 0)
        err = follow_await(gate, &fault);
    if (err == 0 && follow->state == FOLLOW_REFUSED)
        err = fault_set(&fault, ERR_DENIED, FINDING_REQUEST_REFUSED,
                        "the server refused the presence subscription");
    return end(gate, err, &fault);
}

int lychgate_publish(struct lychgate *gate, const char *state, const char *note)
{
    struct fault fault;
    int err = begin(gate, &fault);
    return end(gate, err ? err : publish_own(gate, state, note, &fault), &fault);
}

int lychgate_send(struct lychgate *gate, const char *address, const char *text)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice account;
    struct fault fault;
    int err = begin(gate, &fault);
    if (err == 0)
        err = session_address(arena, address, &account, &fault);
    return end(gate, err ? err : chat_send(gate, account, slice_of(text), &fault), &fault);
}

int lychgate_contact_add(struct lychgate *gate, const char *address, const char *group)
{
    struct fault fault;
    return end(gate, edit_contact(gate, EDIT_ADD, address, group, &fault), &fault);
}

int lychgate_contact_remove(struct lychgate *gate, const char *address, const char *group)
{
    struct fault fault;
    return end(gate, edit_contact(gate, EDIT_REMOVE, address, group, &fault), &fault);
}

int lychgate_contact_move(struct lychgate *gate, const char *address, const char *group)
{
    struct fault fault;
    return end(gate, edit_contact(gate, EDIT_MOVE, address, group, &fault), &fault);
}

int lychgate_group_add(struct lychgate *gate, const char *group)
{
    struct fault fault;
    return end(gate, edit_group(gate, CONTACTS_ADD_GROUP, group, NULL, &fault), &fault);
}

int lychgate_group_rename(struct lychgate *gate, const char *group, const char *to)
{
    struct fault fault;
    return end(gate, edit_group(gate, CONTACTS_MODIFY_GROUP, group, to, &fault), &fault);
}

int lychgate_group_remove(struct lychgate *gate, const char *group)
{
    struct fault fault;
    return end(gate, edit_group(gate, CONTACTS_DELETE_GROUP, group, NULL, &fault), &fault);
}
