#include "tools/init.h"

#include "base/clock.h"
#include "discover/zone.h"
#include "server/config.h"
#include "server/lab.h"
#include "server/schemas.h"
#include "store/store.h"
#include "tools/dns.h"
#include "vault/authority.h"
#include "vault/vault_init.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct verb_option init_options[] = {
    {"domain", "DOMAIN", "the SIP domain: what stands behind the @", false},
    {"dir", "DIR", "where everything goes; made if it is missing", false},
    {"address", "ADDRESS", "the address that the names resolve to (default 127.0.0.1)", false},
    {"web-host", "NAME", "host name of the web services (default webdir.DOMAIN)", false},
    {"sip-host", "NAME", "host name of the pool inside (default sip.DOMAIN)", false},
    {"sip-external-host", "NAME", "the same for outside (default sipfed.DOMAIN)", false},
    {"orgid-host", "NAME", "host name of the Org ID role (default login.DOMAIN)", false},
    {"http-port", "PORT", "default 80; 0 lets the kernel choose", false},
    {"https-port", "PORT", "default 443", false},
    {"sip-port", "PORT", "default 5061", false},
    {"mobility-port", "PORT", "for mobility services, see below (default 5086)", false},
    {"mobility-external-port", "PORT", "the same for phones outside (default 5087)", false},
    {"certificate", "PEM", "use this certificate chain instead of making one", false},
    {"key", "PEM", "its key", false},
    {"run-as", "USER", "whom the server becomes once its ports are open (as root only)", false},
    {0},
};

struct setup {
    struct invocation *invocation;
    struct arena *arena;
    struct config *config;
    struct zone zone;
    const char *dir;
    int64_t now;
};

static const char *path(const struct setup *s, const char *name)
{
    return arena_print(s->arena, "%s/%s", s->dir, name).at;
}

static int make_folder(const char *name, mode_t mode, struct fault *fault)
{
    if (mkdir(name, mode) == 0 || errno == EEXIST)
        return 0;
    return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: %s", name, strerror(errno));
}

static int write_file(const char *name, struct slice content, struct fault *fault)
{
    FILE *file = fopen(name, "wxe");
    bool ok = file && fwrite(content.at, 1, content.len, file) == content.len;
    if (file && fclose(file) != 0)
        ok = false;
    return ok ? 0
              : fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: %s", name, strerror(errno));
}

/* ---- the configuration --------------------------------------------------------------- */

static int set(struct setup *s, const char *section, const char *key, const char *value,
               struct fault *fault)
{
    return config_set(s->config, slice_of(section), slice_of(key), slice_of(value), fault);
}

static const struct opening {
    const char *key, *option, *port;
    bool mobility;
} doors[] = {
    {"http", "http-port", "80", false},
    {"https", "https-port", "443", false},
    {"sip", "sip-port", "5061", false},
    {"mobility", "mobility-port", "5086", true},
    {"mobility-external", "mobility-external-port", "5087", true},
};

/* Mobility services come in by certificates of the CA that is made here. A site that is moved
 * to other ports may not be the only one on the machine: it opens what it is told. */
static bool shut(const struct setup *s, const struct opening *door)
{
    return door->mobility && !invocation_has(s->invocation, door->option) &&
           (invocation_has(s->invocation, "certificate") ||
            invocation_has(s->invocation, "sip-port"));
}

/* A site whose names resolve to loopback listens there only. */
static int set_port(struct setup *s, const struct opening *door, const char *address,
                    struct fault *fault)
{
    const char *key = door->key, *option = door->option;
    const char *port = invocation_value(s->invocation, option);
    bool loopback = strncmp(address, "127.", 4) == 0;
    uint64_t number;
    if (shut(s, door) || (!port && !loopback && !door->mobility))
        return 0;
    if (!port)
        port = door->port;
    if (slice_number(slice_of(port), 65535, &number) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID, "--%s: `%s` is no port",
                         option, port);
    return set(s, "listen", key,
               arena_print(s->arena, "%s:%s", loopback ? address : "0.0.0.0", port).at, fault);
}

static int make_config(struct setup *s, struct fault *fault)
{
    static const struct {
        const char *option, *key;
    } rows[] = {
        {"domain", "domain"},
        {"address", "address"},
        {"web-host", "web-host"},
        {"sip-host", "sip-host"},
        {"sip-external-host", "sip-external-host"},
        {"orgid-host", "orgid-host"},
        {"run-as", "run-as"},
    };
    int err = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && err == 0; i++)
        if (invocation_has(s->invocation, rows[i].option))
            err =
                set(s, "site", rows[i].key, invocation_value(s->invocation, rows[i].option), fault);
    const char *address = s->config->site.address;
    for (size_t i = 0; i < sizeof doors / sizeof *doors && err == 0; i++)
        err = set_port(s, &doors[i], address, fault);
    if (err == 0) /* derives the host names, and checks the whole */
        err = config_parse(s->config, SLICE(""), "init", fault);
    return err == 0 ? lab_zone(s->arena, s->config, 5061, 443, &s->zone, fault) : err;
}

static int write_config(struct setup *s, struct fault *fault)
{
    scoped(buf) struct buf text = BUF_INIT;
    config_print(&text, s->config);
    return write_file(path(s, "lychgated.conf"), buf_slice(&text), fault);
}

/* ---- certificates ------------------------------------------------------------------------ */

static int64_t days(int64_t count)
{
    return count * 24 * 3600 * 1000;
}

/* A clock that is a little behind must not find the certificate unborn. */
static int64_t yesterday(const struct setup *s)
{
    return s->now - days(1);
}

static int make_server_certificate(struct setup *s, const struct credential *ca,
                                   enum credential_key key, const char *name, struct fault *fault)
{
    scoped(credential) struct credential *server = NULL;
    size_t count;
    const struct slice *names = zone_names(&s->zone, &count);
    int err = credential_make(
        &(struct credential_options){
            .key = key,
            .use = CREDENTIAL_SERVER,
            .common_name = slice_of(s->config->site.sip_host),
            .names = names,
            .name_count = count,
            .not_before = yesterday(s),
            .not_after = yesterday(s) + days(CREDENTIAL_SERVER_DAYS),
        },
        ca, &server, fault);
    if (err < 0)
        return err;
    return credential_write(server, arena_print(s->arena, "%s/tls/%s.pem", s->dir, name).at,
                            arena_print(s->arena, "%s/tls/%s.key", s->dir, name).at, fault);
}

static int make_certificates(struct setup *s, struct fault *fault)
{
    scoped(credential) struct credential *ca = NULL;
    int err = credential_make(
        &(struct credential_options){
            .key = CREDENTIAL_RSA_2048,
            .use = CREDENTIAL_CA,
            .common_name = arena_print(s->arena, "Lychgate CA of %s", s->config->site.domain),
            .not_before = yesterday(s),
            .not_after = s->now + days(3650),
        },
        NULL, &ca, fault);
    if (err == 0)
        err = credential_write(ca, path(s, "ca.pem"), path(s, "ca.key"), fault);
    if (err == 0)
        err = make_server_certificate(s, ca, CREDENTIAL_RSA_2048, "server-rsa", fault);
    return err == 0 ? make_server_certificate(s, ca, CREDENTIAL_ECDSA_P256, "server-ecdsa", fault)
                    : err;
}

static int take_certificates(struct setup *s, const char *certificate, const char *key,
                             struct fault *fault)
{
    scoped(credential) struct credential *given = NULL;
    size_t count;
    const struct slice *names = zone_names(&s->zone, &count);
    int err = credential_read(certificate, key, &given, fault);
    if (err < 0) /* the same reader serves the vault; here it is the caller's file */
        fault->finding = FINDING_CONFIG_INVALID;
    if (err == 0)
        err = credential_write(given, path(s, "tls/server.pem"), path(s, "tls/server.key"), fault);
    if (err < 0)
        return err;
    struct slice *missing = arena_array(s->arena, struct slice, count);
    size_t missing_count = credential_missing_names(given, names, count, missing);
    for (size_t i = 0; i < missing_count; i++)
        fprintf(stderr, "lychgate: warning: the certificate does not cover %.*s\n",
                SLICE_ARG(missing[i]));
    return 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int make_databases(struct setup *s, struct fault *fault)
{
    struct store *store;
    int err = vault_init(
        path(s, CONFIG_VAULT),
        &(struct vault_init_options){.site = s->config->site.domain, .now = s->now}, fault);
    if (err == 0)
        err = store_open(&(struct store_options){.path = path(s, CONFIG_DATABASE),
                                                 .schemas = server_schemas,
                                                 .schema_count = server_schema_count},
                         &store, fault);
    if (err == 0)
        store_free(store);
    return err;
}

/* What the server reads and writes after it has become somebody else. The vault's
 * folder stays root's. */
static int give_away(struct setup *s, struct fault *fault)
{
    static const char *const names[] = {
        CONFIG_STATE,           CONFIG_DATABASE,      "lychgated.conf", "tls",
        "tls/server-rsa.pem",   "tls/server-rsa.key", "tls/server.pem", "tls/server-ecdsa.pem",
        "tls/server-ecdsa.key", "tls/server.key",
    };
    const char *user = invocation_value(s->invocation, "run-as");
    if (!user)
        return 0;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONFIG_INVALID,
                         "--run-as: there is no user `%s`", user);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (chown(path(s, names[i]), entry->pw_uid, entry->pw_gid) < 0 && errno != ENOENT)
            return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: %s", path(s, names[i]),
                             strerror(errno));
    return 0;
}

static int set_up(struct setup *s, struct fault *fault)
{
    const char *certificate = invocation_value(s->invocation, "certificate");
    const char *key = invocation_value(s->invocation, "key");
    if (access(path(s, "lychgated.conf"), F_OK) == 0)
        return fault_set(fault, ERR_CONFLICT, FINDING_CONFIG_INVALID,
                         "%s exists already; nothing was changed", path(s, "lychgated.conf"));
    int err = make_config(s, fault);
    if (err == 0)
        err = make_folder(s->dir, 0755, fault);
    if (err == 0)
        err = make_folder(path(s, "tls"), 0700, fault);
    if (err == 0)
        err = make_folder(path(s, CONFIG_STATE), 0700, fault);
    if (err == 0)
        err = certificate ? take_certificates(s, certificate, key, fault)
                          : make_certificates(s, fault);
    if (err == 0)
        err = make_databases(s, fault);
    if (err == 0)
        err = write_config(s, fault);
    return err == 0 ? give_away(s, fault) : err;
}

static int print_records(const struct setup *s, struct fault *fault)
{
    scoped(buf) struct buf zone = BUF_INIT;
    int err = dns_zone_print(s->config, &zone, fault);
    if (err == 0)
        fwrite(buf_string(&zone), 1, zone.len, stdout);
    return err;
}

static int print_json(const struct setup *s, struct fault *fault)
{
    json_t *zone = dns_zone_json(s->config, fault);
    if (!zone)
        return -1;
    bool own_ca = !invocation_has(s->invocation, "certificate");
    struct slice ca = arena_print(s->arena, "%s/ca.pem", s->dir);
    struct slice file = arena_print(s->arena, "%s/lychgated.conf", s->dir);
    json_t *document = json_pack("{s:s,s:s,s:s?,s:o}", "dir", s->dir, "configuration", file.at,
                                 "ca", own_ca ? ca.at : NULL, "zone", zone);
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(document);
    return 0;
}

enum tool_exit init_run(struct invocation *invocation)
{
    struct setup s = {
        .invocation = invocation,
        .arena = invocation->arena,
        .dir = invocation_value(invocation, "dir"),
        .now = clock_now(),
    };
    struct fault fault;
    if (!s.dir || !invocation_has(invocation, "domain"))
        return tool_usage("init needs --domain and --dir");
    if (invocation_has(invocation, "certificate") != invocation_has(invocation, "key"))
        return tool_usage("--certificate and --key go together");
    s.config = config_new();
    int err = set_up(&s, &fault);
    if (err == 0)
        err = invocation->json ? print_json(&s, &fault) : print_records(&s, &fault);
    config_free(s.config);
    if (err < 0)
        return tool_fail(invocation, &fault);
    fprintf(stderr, "The site is in %s. Publish the records,", s.dir);
    if (!invocation_has(invocation, "certificate")) /* else they trust its issuer already */
        fprintf(stderr, " give clients %s/ca.pem,", s.dir);
    fprintf(stderr,
            "\nadd users with `lychgate --config %s/lychgated.conf user add`, and start\n"
            "`lychgated --config %s/lychgated.conf`.\n",
            s.dir, s.dir);
    return TOOL_FINE;
}
