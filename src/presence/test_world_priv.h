/* The world of the presence tests: requests of al, bo and cy, and what is sent then. */
#ifndef LYCHGATE_PRESENCE_TEST_WORLD_PRIV_H
#define LYCHGATE_PRESENCE_TEST_WORLD_PRIV_H

#include "presence/watch.h"

#define NOW             1800000000000

#define SERVICE_PUBLISH "Content-Type: application/msrtc-category-publish+xml\r\n"
#define SERVICE_MEMBERS "Content-Type: application/msrtc-setcontainermembers+xml\r\n"
#define OFFERS          "Supported: ms-benotify\r\nSupported: ms-piggyback-first-notify\r\n"
#define STATE(type, instance, container, version, expire, value)                                   \
    "<publication categoryName=\"state\" instance=\"" instance "\" container=\"" container         \
    "\" version=\"" version "\" expireType=\"" expire                                              \
    "\"><state xmlns=\"http://schemas.microsoft.com/2006/09/sip/state\" "                          \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"" type                     \
    "\"><availability>" value "</availability></state></publication>"
#define NOTE(version, more, text)                                                                  \
    "<publication categoryName=\"note\" instance=\"0\" container=\"200\" version=\"" version       \
    "\" expireType=\"static\"" more "><note xmlns=\"urn:n\">" text "</note></publication>"
#define MEMBER(action, id, version, type, value)                                                   \
    "<setContainerMembers "                                                                        \
    "xmlns=\"http://schemas.microsoft.com/2006/09/sip/container-management\"><container id=\"" id  \
    "\" version=\"" version "\"><member action=\"" action "\" type=\"" type "\" value=\"" value    \
    "\"/></container></setContainerMembers>"
#define BATCH(action, resources)                                                                   \
    "<batchSub xmlns=\"http://schemas.microsoft.com/2006/01/sip/batch-subscribe\" "                \
    "uri=\"sip:al@a.test\" name=\"\"><action name=\"" action "\" id=\"1\"><adhocList>" resources   \
    "</adhocList><categoryList "                                                                   \
    "xmlns=\"http://schemas.microsoft.com/2006/09/sip/categorylist\"><category "                   \
    "name=\"state\"/><category name=\"note\"/></categoryList></action></batchSub>"
#define SELF                                                                                       \
    "<roamingList xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\"><roaming "       \
    "type=\"categories\"/><roaming type=\"containers\"/></roamingList>"

#define BOTH(type, instance, version, expire, value)                                               \
    STATE(type, instance, "2", version, expire, value)                                             \
    STATE(type, instance, "3", version, expire, value)
#define MACHINE(instance, version, value) BOTH("machineState", instance, version, "endpoint", value)
#define USER(version, value)              BOTH("userState", "536870912", version, "static", value)

#define TEST(name)                        cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Two homes: al (the watcher) lives in one, bo and cy in the other. */
struct fixture {
    struct arena *arena;
    struct presence *home[2];
    struct outgoing_list out;
    struct presence_posts posts;
    struct sip_reply reply;
    struct fault fault;
    int64_t now;
    unsigned cseq;
    const char *addressee; /* "bo": whom a SUBSCRIBE is addressed to; NULL: the caller */
    char sent[65536];      /* every message since the last request, printed */
    char answer[65536];
};

/* Requests return what the room did, and leave the printed answer and messages. */
int setup(void **state);
int teardown(void **state);
void begin(struct fixture *f);
void finish(struct fixture *f);
struct sip_message *parse(struct fixture *f, const char *method, const char *who, const char *epid,
                          const char *more, const char *to_tag, const char *body);
struct registrar_caller caller_of(struct fixture *f, const char *who, const char *epid);
int service(struct fixture *f, const char *who, const char *epid, const char *type,
            const char *body);
int publish(struct fixture *f, const char *who, const char *epid, const char *list);
int watch(struct fixture *f, const char *more, const char *to_tag, const char *body);
int self(struct fixture *f, const char *who, const char *epid, const char *more);
int self_event(struct fixture *f, const char *who, const char *epid, const char *lines,
               const char *body);
void lose(struct fixture *f, const char *who, const char *epid, bool last);
void has(const char *text, const char *part);
void has_not(const char *text, const char *part);

#endif
