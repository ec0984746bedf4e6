/* The laboratory role: a name server that answers with this site's own zone. */
#ifndef LYCHGATE_SERVER_LAB_H
#define LYCHGATE_SERVER_LAB_H

#include "discover/zone.h"
#include "server/server_priv.h"

/* The zone that a site with this configuration publishes. The ports may be given as
 * they really are; 0 takes those of the configuration. */
int lab_zone(struct arena *arena, const struct config *config, uint16_t sip_port,
             uint16_t sip_external_port, struct zone *zone_out, struct fault *fault);

/* Bind the sockets (needs root for port 53), if the role is on. */
int lab_open(struct server *server, struct fault *fault);

/* Build the zone and answer. */
int lab_start(struct server *server, struct fault *fault);

void lab_free(struct server *server);

#endif
