#include "server/doors.h"

#include "event/event.h"
#include "server/front.h"
#include "server/lab_dns.h"
#include "server/line.h"
#include "server/notify.h"
#include "server/offer.h"
#include "server/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    uint16_t port;
    size_t setting; /* of [listen] */
} doors[DOORS] = {
    [DOOR_HTTP] = {"http", 80, offsetof(struct config, listen.http)},
    [DOOR_HTTPS] = {"https", 443, offsetof(struct config, listen.https)},
    [DOOR_SIP] = {"sip", 5061, offsetof(struct config, listen.sip)},
    [DOOR_MOBILITY] = {"mobility", 5086, offsetof(struct config, listen.mobility)},
    [DOOR_MOBILITY_EXTERNAL] = {"mobility-external", 5087,
                                offsetof(struct config, listen.mobility_external)},
};

static const char *where(const struct config *config, enum door door)
{
    return *(char *const *)(const void *)((const char *)config + doors[door].setting);
}

static bool wanted(const struct config *config, enum door door)
{
    bool web = config->roles.web || config->roles.orgid;
    bool role = door < DOOR_SIP ? web : config->roles.sip;
    if (door == DOOR_HTTPS && config->roles.sip && config->listen.sip_on_https)
        role = true;
    const char *text = where(config, door);
    return role && text[0] && strcmp(text, "off") != 0;
}

/* ---- certificates -------------------------------------------------------------------- */

enum {
    PAIRS_MAX = 8
};

int doors_read_pairs(const struct config *config, struct arena *arena, struct tls_pair **pairs_out,
                     size_t *count_out, struct fault *fault)
{
    struct slice folder = config_path(arena, config, config->tls.certificates);
    DIR *dir = opendir(folder.at);
    if (!dir)
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "[tls] certificates: %s: %s",
                         folder.at, strerror(errno));
    struct tls_pair *pairs = arena_array(arena, struct tls_pair, PAIRS_MAX);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) && count < PAIRS_MAX;) {
        struct slice name = slice_of(entry->d_name);
        if (!slice_ends(name, SLICE(".pem")))
            continue;
        struct slice stem = slice_head(name, name.len - 4);
        struct slice key = arena_print(arena, "%s/%.*s.key", folder.at, SLICE_ARG(stem));
        if (access(key.at, F_OK) < 0)
            continue; /* a CA certificate that lies there for the clients */
        pairs[count++] = (struct tls_pair){
            .certificate_file = arena_print(arena, "%s/%s", folder.at, entry->d_name).at,
            .key_file = key.at,
        };
    }
    closedir(dir);
    if (count == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONFIG_INVALID,
                         "[tls] certificates: %s has no NAME.pem with a NAME.key", folder.at);
    *pairs_out = pairs;
    *count_out = count;
    return 0;
}

bool doors_peers_wanted(const struct config *config)
{
    return wanted(config, DOOR_MOBILITY) || wanted(config, DOOR_MOBILITY_EXTERNAL);
}

/* A mobility service on this machine has the pool's own certificate, as in Lync. */
void doors_read_peers(const struct config *config, struct arena *arena, struct tls_peers *peers_out)
{
    const char *text = config->mobility.trusted_peers;
    struct slice list = slice_of(text), name;
    struct slice *names = arena_array(arena, struct slice, list.len + 1);
    size_t count = 0;
    while (slice_next(&list, ' ', &name))
        names[count++] = arena_copy(arena, name);
    if (count == 0)
        names[count++] = arena_copy(arena, slice_of(config->site.sip_host));
    *peers_out = (struct tls_peers){
        .ca_file = config_path(arena, config, config->mobility.trusted_ca).at,
        .names = names,
        .name_count = count,
    };
}

static int read_tls_options(const struct config *config, struct arena *arena,
                            struct tls_server_options *options, struct fault *fault)
{
    struct tls_pair *pairs;
    size_t count;
    int err = doors_read_pairs(config, arena, &pairs, &count, fault);
    *options = (struct tls_server_options){
        .pairs = err < 0 ? NULL : pairs,
        .pair_count = err < 0 ? 0 : count,
        .legacy = config->tls.legacy,
    };
    return err;
}

/* ---- opening ---------------------------------------------------------------------------- */

static struct listener *listen_on(struct server *server, enum door door, int fd,
                                  const struct address *address, struct fault *fault)
{
    const struct config *config = server->config;
    bool shared = config->roles.sip && config->listen.sip_on_https;
    struct loop *loops[64];
    for (unsigned i = 0; i < server->wing_count; i++)
        loops[i] = server->wings[i].loop;
    struct listener_options options = {
        .fd = fd,
        .loops = loops,
        .loop_count = server->wing_count,
        .quota = server->quota,
        .conn = {.handler = front_handler(door, shared),
                 .user = server,
                 .tls = door == DOOR_HTTP       ? NULL
                        : door >= DOOR_MOBILITY ? server->peers
                                                : server->tls,
                 .workers = server->workers,
                 .limits = {.handshake_ms = config->limits.request_time,
                            .input_max =
                                (size_t)(config->sip.body_limit + config->sip.head_limit +
                                         config->web.body_limit + config->web.head_limit)}},
    };
    if (address)
        options.address = *address;
    return listener_open(server->wings[0].loop, &options, fault);
}

/* All addresses of one door. Port 0 is chosen by the kernel for the first, and
 * the others follow it. */
static int open_door(struct server *server, enum door door, struct fault *fault)
{
    struct slice list = slice_of(where(server->config, door)), text;
    int fd = notify_socket(doors[door].name);
    if (fd >= 0) {
        server->doors[door][0] = listen_on(server, door, fd, NULL, fault);
        list = SLICE("");
    }
    for (size_t i = 0; i < ADDRESSES_MAX && slice_next(&list, ' ', &text); i++) {
        struct address address;
        int err = address_parse(text, doors[door].port, &address, fault);
        if (err < 0)
            return err;
        if (i > 0 && address_port(&address) == 0)
            address_set_port(&address, server->ports[door]);
        server->doors[door][i] = listen_on(server, door, 0, &address, fault);
        if (!server->doors[door][i])
            return fault->err;
        server->ports[door] = address_port(listener_address(server->doors[door][0]));
    }
    if (!server->doors[door][0])
        return fd >= 0 ? fault->err
                       : fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                                   "[listen] %s: no address", doors[door].name);
    server->ports[door] = address_port(listener_address(server->doors[door][0]));
    return 0;
}

static void settle_site(struct server *server)
{
    server->site = offer_site(server->config, server->ports[DOOR_HTTPS], server->ports[DOOR_SIP]);
}

/* Servers speak TLS 1.2 at least, whatever old phones are let. */
static void demand_certificates(const struct config *config, struct arena *arena,
                                struct tls_server_options *options)
{
    options->legacy = false;
    doors_read_peers(config, arena, &options->peers);
}

static int make_tls(struct server *server, struct fault *fault)
{
    const struct config *config = server->config;
    scoped(arena) struct arena *arena = arena_new();
    struct tls_server_options options;
    int err = read_tls_options(config, arena, &options, fault);
    if (err < 0)
        return err;
    server->tls = tls_server_new(&options, fault);
    if (server->tls && doors_peers_wanted(config)) {
        demand_certificates(config, arena, &options);
        server->peers = tls_server_new(&options, fault);
        return server->peers ? 0 : fault->err;
    }
    return server->tls ? 0 : fault->err;
}

int doors_open(struct server *server, struct fault *fault)
{
    const struct config *config = server->config;
    int err = make_tls(server, fault);
    if (err < 0)
        return err;
    server->quota = quota_new((size_t)config->limits.connections,
                              (size_t)config->limits.connections_per_address);
    for (enum door door = 0; door < DOORS; door++) {
        err = wanted(config, door) ? open_door(server, door, fault) : 0;
        if (err < 0)
            return err;
    }
    settle_site(server);
    return 0;
}

int doors_drop_privileges(struct server *server, struct fault *fault)
{
    return privileges_drop(server->config->site.run_as, fault);
}

/* Name the settings that are different now and stay as they were. */
static void report_restarts(const struct config *old, const struct config *fresh)
{
    size_t count;
    const struct config_row *rows = config_schema(&count);
    for (size_t i = 0; i < count; i++)
        if (!rows[i].live && !config_same(old, fresh, &rows[i]))
            event_emit(EVENT_WARNING, "server.restart_needed", FINDING_NONE,
                       EVENT_TEXT("section", rows[i].section), EVENT_TEXT("key", rows[i].key),
                       EVENT_END);
}

static void review_peers(void *arg)
{
    line_review_peers(arg);
}

static int reload_tls(struct server *server, const struct config *fresh, struct arena *arena,
                      struct fault *fault)
{
    struct tls_server_options options;
    int err = read_tls_options(fresh, arena, &options, fault);
    if (err == 0)
        err = tls_server_reload(server->tls, &options, fault);
    if (err < 0 || !server->peers)
        return err;
    demand_certificates(fresh, arena, &options);
    err = tls_server_reload(server->peers, &options, fault);
    for (unsigned i = 0; err == 0 && i < server->wing_count; i++)
        loop_post(server->wings[i].loop, review_peers, &server->wings[i]);
    return err;
}

int doors_reload(struct server *server, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct config *fresh = NULL;
    int err = config_load(server->config_path, &fresh, fault);
    if (err == 0)
        err = reload_tls(server, fresh, arena, fault);
    if (err == 0) {
        quota_set(server->quota, (size_t)fresh->limits.connections,
                  (size_t)fresh->limits.connections_per_address);
        event_set_sink(event_log_stderr, NULL, event_level_by_name(fresh->log.level));
        report_restarts(server->config, fresh);
    }
    config_free(fresh);
    return err;
}

void doors_close(struct server *server)
{
    for (enum door door = 0; door < DOORS; door++) {
        for (size_t i = 0; i < ADDRESSES_MAX; i++) {
            listener_close(server->doors[door][i]);
            server->doors[door][i] = NULL;
        }
    }
}

/* ---- telling ------------------------------------------------------------------------------- */

static void write_ready(struct server *server, unsigned dns)
{
    /* Written aside and renamed: whoever waits for the file sees it whole. */
    scoped(arena) struct arena *arena = arena_new();
    struct slice aside = arena_print(arena, "%s.new", server->ready_path);
    FILE *file = fopen(aside.at, "we");
    if (!file)
        return;
    fprintf(file, "{\"pid\":%ld", (long)getpid());
    for (enum door door = 0; door < DOORS; door++)
        fprintf(file, ",\"%s\":%u", doors[door].name, server->ports[door]);
    fprintf(file, ",\"dns\":%u}\n", dns);
    if (fclose(file) == 0)
        (void)!rename(aside.at, server->ready_path);
}

void doors_announce(struct server *server)
{
    unsigned dns = server->dns ? lab_dns_port(server->dns) : 0;
    event_emit(
        EVENT_NOTICE, "server.ready", FINDING_NONE, EVENT_SLICE("domain", server->site.domain),
        EVENT_INT("http", server->ports[DOOR_HTTP]), EVENT_INT("https", server->ports[DOOR_HTTPS]),
        EVENT_INT("sip", server->ports[DOOR_SIP]),
        EVENT_INT("mobility", server->ports[DOOR_MOBILITY]),
        EVENT_INT("mobility-external", server->ports[DOOR_MOBILITY_EXTERNAL]),
        EVENT_INT("dns", dns), EVENT_END);
    if (server->ready_path)
        write_ready(server, dns);
}
