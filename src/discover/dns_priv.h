/* What dns.c (messages), dns_name.c (names) and dns_text.c (words) share. */
#ifndef LYCHGATE_DISCOVER_DNS_PRIV_H
#define LYCHGATE_DISCOVER_DNS_PRIV_H

#include "discover/dns.h"

/* How the data of a record is laid out, and so which member of the union holds. */
enum dns_shape {
    DNS_SHAPE_RAW,
    DNS_SHAPE_ADDRESS,
    DNS_SHAPE_NAME,
    DNS_SHAPE_SRV,
    DNS_SHAPE_SOA,
};

/* Other classes than IN lay even known types out in their own way: raw. */
enum dns_shape dns_shape(uint16_t type, uint16_t klass);

/* Read a name at *at of `message`, following compression pointers backwards, and
 * move *at behind it. Returns 0 or -ERR_MALFORMED. */
int dns_name_parse(struct arena *arena, struct slice message, size_t *at, struct slice *name_out,
                   struct fault *fault);

/* Cut the first label off the text `*rest` and undo its escapes. Returns its
 * length, or -ERR_MALFORMED; *rest is empty when it was the last. */
int dns_label_next(struct slice *rest, uint8_t label[DNS_LABEL_MAX]);

#endif
