/* lychgated.conf: one schema table (config_schema.c) gives each setting its
 * section, key, type, range, default and sentence of help. The parser, the
 * checker, `lychgate init` (which writes the file) and the manual page read
 * that table. The file is INI: `key = value` in `[section]`, `#` comments. */
#ifndef LYCHGATE_SERVER_CONFIG_H
#define LYCHGATE_SERVER_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* What lies in the data folder. The state folder belongs to the user the server runs
 * as, the vault folder to nobody but the vault. */
#define CONFIG_VAULT    "vault"
#define CONFIG_STATE    "state"
#define CONFIG_DATABASE CONFIG_STATE "/lychgate.db"

/* All settings, in natural units: milliseconds for durations, bytes for sizes.
 * Strings are owned by the structure and never NULL. */
struct config {
    struct {
        char *domain, *address;
        char *web_host, *sip_host, *sip_external_host, *orgid_host;
        char *data; /* folder with databases, vault and certificates */
        char *run_as;
        int64_t https_port;
        char *name; /* as policies of scope Site:NAME have it; "": none */
        int64_t policy_level;
        char *organization, *helpdesk;
    } site;
    struct {
        bool web, orgid, sip, dns;
    } roles;
    struct {
        char *http, *https, *sip, *dns; /* ADDRESS:PORT; "" or "off": none */
        char *mobility, *mobility_external;
        bool sip_on_https;
    } listen;
    struct {
        char *certificates; /* PEM pairs NAME.pem, NAME.key; relative to data */
        bool legacy;
    } tls;
    struct {
        char *trusted_proxies, *origins;
        bool page;
        int64_t ticket_lifetime, orgid_lifetime, clock_skew;
        int64_t head_limit, body_limit;
    } web;
    struct {
        int64_t lifetime, per_user;
    } certificates;
    struct {
        int64_t head_limit, body_limit;
        int64_t expires, keepalive, endpoints_per_user;
        char *tlsdsk_min, *tlsdsk_max;
    } sip;
    struct {
        int64_t loops, workers, connections, connections_per_address, request_time, signin_time,
            idle_time;
    } limits;
    struct {
        char *level, *trace;
    } log;
    struct {
        char *subject;
        int64_t per_user, per_minute;
    } push;
    struct {
        char *trusted_ca, *trusted_peers;
        int64_t peer_requests;
        int64_t port, phones;
    } mobility;
    struct {
        bool private_push;
        int64_t clock_offset, password_cost;
        char *dns_omit;
    } lab;
};

enum config_kind {
    CONFIG_TEXT,
    CONFIG_NUMBER,
    CONFIG_DURATION,
    CONFIG_SIZE,
    CONFIG_SWITCH
};

struct config_row {
    const char *section, *key;
    enum config_kind kind;
    size_t offset;        /* of the member in struct config */
    int64_t least, most;  /* range of numbers, durations (ms) and sizes (bytes) */
    const char *fallback; /* the default, written as in the file */
    const char *help;     /* one sentence */
    bool live;            /* SIGHUP can change it; the others need a restart */
};

/* The schema, in the order of the manual; *count_out rows. */
const struct config_row *config_schema(size_t *count_out);

/* All defaults. Free with config_free(). */
struct config *config_new(void);
void config_free(struct config *config);

/* Read a configuration from text. `name` is used in faults ("lychgated.conf:12:
 * ..."). Unknown sections and keys, bad values and values out of range are
 * FINDING_CONFIG_INVALID, with a suggestion where one is near. */
int config_parse(struct config *config, struct slice text, const char *name, struct fault *fault);

/* Read a file; relative `data` is taken from the file's folder. */
int config_load(const char *path, struct config **config_out, struct fault *fault);

/* Set one value by name, as config_parse() does for each line. */
int config_set(struct config *config, struct slice section, struct slice key, struct slice value,
               struct fault *fault);

/* Is the value of this row the same in both? */
bool config_same(const struct config *a, const struct config *b, const struct config_row *row);

/* Print a value as the file writes it. */
struct slice config_print_value(struct arena *arena, const struct config *config,
                                const struct config_row *row);

/* Write the file: every setting that differs from its default, with its help;
 * the others commented out. */
void config_print(struct buf *out, const struct config *config);

/* A path below the data folder, unless `path` is absolute. */
struct slice config_path(struct arena *arena, const struct config *config, const char *path);

#endif
