/* `lychgated --check`: everything that start-up would read, without opening a port
 * or starting a process. */
#include "server/doors.h"
#include "server/lab.h"
#include "server/server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int check_addresses(const struct config *config, struct fault *fault)
{
    const char *const lists[] = {config->listen.http,     config->listen.https,
                                 config->listen.sip,      config->listen.dns,
                                 config->listen.mobility, config->listen.mobility_external};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct slice list = slice_of(lists[i]), text;
        while (strcmp(lists[i], "off") != 0 && slice_next(&list, ' ', &text)) {
            struct address address;
            int err = address_parse(text, 1, &address, fault);
            if (err < 0)
                return err;
        }
    }
    return 0;
}

static int check_file(const struct config *config, const char *name, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice path = config_path(arena, config, name);
    if (access(path.at, R_OK) == 0)
        return 0;
    return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "[site] data: %s: %s", path.at,
                     strerror(errno));
}

static int check_proxies(const struct config *config, struct fault *fault)
{
    scoped(http_proxies) struct http_proxies *proxies = http_proxies_new(HTTP_BY_X_FORWARDED);
    struct slice list = slice_of(config->web.trusted_proxies), network;
    while (slice_next(&list, ' ', &network)) {
        int err = http_proxies_add(proxies, network, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

static int check_tls(const struct config *config, struct arena *arena, const struct tls_pair *pairs,
                     size_t count, struct fault *fault)
{
    struct tls_server_options options = {
        .pairs = pairs, .pair_count = count, .legacy = config->tls.legacy};
    struct tls *tls = tls_server_new(&options, fault);
    if (tls && doors_peers_wanted(config)) {
        tls_unref(tls);
        doors_read_peers(config, arena, &options.peers);
        tls = tls_server_new(&options, fault);
    }
    int err = tls ? 0 : fault->err;
    tls_unref(tls);
    return err;
}

int server_check(const struct config *config, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct tls_pair *pairs;
    size_t count;
    struct zone zone;
    int err = check_addresses(config, fault);
    if (err == 0)
        err = check_file(config, CONFIG_DATABASE, fault);
    if (err == 0)
        err = check_file(config, CONFIG_VAULT, fault);
    if (err == 0)
        err = check_proxies(config, fault);
    if (err == 0)
        err = doors_read_pairs(config, arena, &pairs, &count, fault);
    if (err == 0)
        err = check_tls(config, arena, pairs, count, fault);
    return err == 0 ? lab_zone(arena, config, 5061, 443, &zone, fault) : err;
}
