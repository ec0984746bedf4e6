/* A phone: one endpoint of a user without a connection of its own. It is a SIP user agent
 * (registers, subscribes, publishes, talks) whose face is another protocol: UCWA, MCX.
 * No socket, no clock, no store: SIP messages go out by world->send() and come back by
 * phone_take(); what a face asks for goes in by the calls below, news come out by
 * face->tell().
 *
 * Where: a phone lives on its user's home loop, and so does its face (the application of
 * UCWA). Nothing here blocks, and nothing here may be called from elsewhere: an HTTP request
 * travels to the home loop by letter, and its answer back (server/phones.h does that).
 *
 * How: every call with a `tag` is answered by exactly one PHONE_DONE with that tag, perhaps
 * before the call returns, at the latest when the phone ends. tell() must not call the phone;
 * what a face wants to do then it does after the function that told has returned (`settle`).
 *
 *   host->open()           1. may he? admit asks the policy: "is enabled for mobility: True"
 *                          2. REGISTER, Contact <sip:POOL:5087;transport=tls>
 *   PHONE_SIGNED_IN        3. provisioning, contacts, own presence are asked for by themselves;
 *   PHONE_SETTINGS, _CONTACTS, _SELF come as they come, in any order; contacts' presence
 *                          only when phone_watch() asks for it
 *   phone_active()         with each request of the device
 *   PHONE_SIGNED_OUT       by phone_sign_out(), silence, the server, or another sign-in with
 *                          the same endpoint; then host->close() */
#ifndef LYCHGATE_MOBILITY_PHONE_H
#define LYCHGATE_MOBILITY_PHONE_H

#include "mobility/news.h"

struct phone;

/* ---- opening ---------------------------------------------------------------------------- */

enum {
    PHONE_ENDPOINT_MAX = 100, /* bytes of an endpoint id, of a user agent */
    PHONE_TEXT_MAX = 8000,    /* bytes of one message */
    PHONE_WATCHED_MAX = 1000, /* people whose presence one phone asks for */
    PHONE_CHATS_MAX = 64
};

struct phone_face {
    void (*tell)(void *arg, const struct phone_news *news);
    /* What was told is complete for now: wake polls, make calls, even close the phone. */
    void (*settle)(void *arg);
    void *arg;
};

struct phone_options {
    struct slice account;    /* "alice@contoso.test": who has proved to be he */
    struct slice endpoint;   /* what the device calls itself; the same one again takes the place
                                of its earlier phone, at the same registration */
    struct slice user_agent; /* the device's; sent behind our own */
    struct slice device;     /* of a push subscription; empty: none, the device polls */
    struct phone_face face;
};

/* Of a home loop; the server makes it, faces use it. */
struct phone_host {
    void *arg;
    /* Make a phone and begin to sign it in; how that ends is told, never before this returns.
     * NULL only when options are beyond the limits, or too many are there: *fault. */
    struct phone *(*open)(void *arg, const struct phone_options *options, struct fault *fault);
    /* End it at once, without waiting for answers; nothing more is told. NULL is fine. */
    void (*close)(void *arg, struct phone *phone);
};

/* ---- calls: with a tag -------------------------------------------------------------------- */

/* Be seen: publish the device and a state. availability as in phone_publish_state(). Until
 * then the user is not shown as present because of this phone. */
void phone_appear(struct phone *phone, uint64_t tag, int availability);

/* One's own state for all endpoints: 3500, 6500, 9500, 12500, 15500, 18500; 0: automatic. */
void phone_publish_state(struct phone *phone, uint64_t tag, int availability);

/* One's note; "" takes it away. */
void phone_publish_note(struct phone *phone, uint64_t tag, struct slice text);

/* Ask for presence of people (addresses), contacts or not; or no more. Who is watched
 * already is told again by PHONE_PERSON from what is known. */
void phone_watch(struct phone *phone, uint64_t tag, const struct slice *people, size_t count);
void phone_unwatch(struct phone *phone, uint64_t tag, const struct slice *people, size_t count);

/* Search the directory by part of a name or an address; PHONE_FOUND, then PHONE_DONE. */
void phone_search(struct phone *phone, uint64_t tag, struct slice text, size_t most);

/* Change the list: a contact by address into a group (id; 0: none in particular), or out. */
void phone_contact_add(struct phone *phone, uint64_t tag, struct slice address, unsigned group);
void phone_contact_remove(struct phone *phone, uint64_t tag, struct slice address);

/* Invite; DONE when the peer has accepted. The chat's number is returned and told at once
 * (PHONE_CHAT, CONNECTING); 0: refused, by DONE. */
uint64_t phone_invite(struct phone *phone, uint64_t tag, struct slice address,
                      struct slice subject);
void phone_accept(struct phone *phone, uint64_t tag, uint64_t chat);
void phone_decline(struct phone *phone, uint64_t tag, uint64_t chat);

/* DONE when an endpoint of the peer has confirmed it. type: "text/plain", "text/html". */
void phone_say(struct phone *phone, uint64_t tag, uint64_t chat, struct slice type,
               struct slice text);
void phone_type(struct phone *phone, uint64_t tag, uint64_t chat); /* typing, for some seconds */
void phone_leave(struct phone *phone, uint64_t tag, uint64_t chat);

/* Leave properly; PHONE_SIGNED_OUT follows. */
void phone_sign_out(struct phone *phone, uint64_t tag);

/* ---- calls: at once ------------------------------------------------------------------------ */

/* The device has been heard of: its silence begins anew, and if the user was shown as
 * idle, he is back. Call it with every request. */
void phone_active(struct phone *phone);

/* Can the device be told now? true when it opens a poll, false when that has been answered or
 * is gone; at first it is not. A phone that pushes is asleep three seconds after the last poll
 * and the last phone_active(); then the server wakes the device by a push message when it is
 * invited or written to. A new poll means that the device has what was told before. */
void phone_awake(struct phone *phone, bool awake);

/* After so many ms of silence the user is shown as away [5 min]; 60 s to 1 day. */
void phone_set_idle(struct phone *phone, int64_t ms);

/* A number as dialled, by the dial plan: "tel:+15551234" in out, which holds at least 256
 * bytes; false: no rule fits, out is as given. */
bool phone_normalize(const struct phone *phone, struct slice number, char out[256]);

/* ---- what it knows -------------------------------------------------------------------------- */

bool phone_is_signed_in(const struct phone *phone);
bool phone_has_appeared(const struct phone *phone);
bool phone_pushes(const struct phone *phone);      /* else the device polls; may change */
int64_t phone_lifetime(const struct phone *phone); /* ms that it may be silent */
struct slice phone_account(const struct phone *phone);
struct slice phone_endpoint(const struct phone *phone);
struct slice phone_contact(const struct phone *phone); /* registered: "sip:POOL:5087;..." */

/* NULL until they were told. */
const struct phone_settings *phone_settings(const struct phone *phone);
const struct phone_group *phone_groups(const struct phone *phone, size_t *count);
const struct phone_contact *phone_contacts(const struct phone *phone, size_t *count);

/* Never NULL; availability -1 and empty strings when nothing is known of him. */
const struct phone_person *phone_person(struct phone *phone, struct slice address);
const struct phone_person *phone_self(struct phone *phone);
int phone_own_state(const struct phone *phone); /* set by the user; 0: automatic */

/* NULL: there is none (any more). Walk with 0, then with the id before. */
const struct phone_chat *phone_chat(const struct phone *phone, uint64_t id);
const struct phone_chat *phone_chat_after(const struct phone *phone, uint64_t id);

#endif
