/* The tables of every room that keeps something, in the order in which they need each
 * other: what the server and the command line open the one database with. */
#ifndef LYCHGATE_SERVER_SCHEMAS_H
#define LYCHGATE_SERVER_SCHEMAS_H

#include "store/store.h"

extern const struct store_schema *const server_schemas[];
extern const size_t server_schema_count;

#endif
