/* A name server for tests: discover/nameserver on loopback, UDP and TCP on one
 * port that the kernel chooses, in a thread of its own. */
#ifndef LYCHGATE_TESTS_LAB_DNS_H
#define LYCHGATE_TESTS_LAB_DNS_H

#include "discover/nameserver.h"

struct lab_dns;

struct lab_dns_options {
    const struct nameserver *server;    /* borrowed */
    bool silent;                        /* read queries, answer none */
    void (*mangle)(struct buf *answer); /* spoil answers; NULL: leave them as they are */
};

struct lab_dns *lab_dns_start(const struct lab_dns_options *options);
uint16_t lab_dns_port(const struct lab_dns *lab);

/* How many queries came, by UDP and by TCP; call it after lab_dns_stop or when
 * the last answer was received. */
int lab_dns_udp_queries(const struct lab_dns *lab);
int lab_dns_tcp_queries(const struct lab_dns *lab);

/* Ends the thread and frees; NULL is fine. */
void lab_dns_stop(struct lab_dns *lab);

#endif
