/* The inside of a registrar. */
#ifndef LYCHGATE_REGISTRAR_REGISTRAR_PRIV_H
#define LYCHGATE_REGISTRAR_REGISTRAR_PRIV_H

#include "registrar/places_priv.h"
#include "registrar/registrar.h"

struct registrar {
    struct registrar_options options;
    struct places places;
};

/* Let an endpoint go, and tell on_gone. */
void registrar_drop(struct registrar *registrar, struct place *place);

/* Sign an endpoint out from here: notify it, then drop it. Its connection ends too,
 * if no other endpoint is on it. */
void registrar_put_out(struct registrar *registrar, struct place *place, const char *event,
                       enum finding why, struct outgoing_list *out);

#endif
