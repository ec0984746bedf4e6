/* The lab name server's sockets: UDP and TCP on one port, one thread. The answers
 * come from discover/nameserver. For laboratories: real sites publish the zone that
 * `lychgate dns zone` prints in their own DNS. */
#ifndef LYCHGATE_SERVER_LAB_DNS_H
#define LYCHGATE_SERVER_LAB_DNS_H

#include "base/fault.h"
#include "discover/nameserver.h"
#include "net/address.h"

struct lab_dns;

/* Bind both sockets (port 0: the kernel chooses one for both). */
int lab_dns_open(const struct address *address, struct lab_dns **dns_out, struct fault *fault);

/* The port that is bound. */
uint16_t lab_dns_port(const struct lab_dns *dns);

/* Answer from now on, in a thread of its own. `nameserver` is borrowed. */
int lab_dns_start(struct lab_dns *dns, const struct nameserver *nameserver, struct fault *fault);

/* End the thread, close the sockets; NULL is fine. */
void lab_dns_free(struct lab_dns *dns);

#endif
