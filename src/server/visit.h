/* A visit: the way of a presence subscription, from the watcher's home to the home of
 * each of his contacts and back with what he may see of them (presence/watch.h). */
#ifndef LYCHGATE_SERVER_VISIT_H
#define LYCHGATE_SERVER_VISIT_H

#include "server/home.h"

home_fn home_subscribe_presence;

#endif
