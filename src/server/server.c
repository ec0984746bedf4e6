#include "server/server.h"

#include "accounts/account.h"
#include "accounts/certificate.h"
#include "base/clock.h"
#include "certprov/certprov.h"
#include "event/event.h"
#include "server/doors.h"
#include "server/faces.h"
#include "server/front.h"
#include "server/home.h"
#include "server/lab.h"
#include "server/notify.h"
#include "server/phones.h"
#include "server/privileges.h"
#include "server/roles.h"
#include "server/schemas.h"
#include "server/server_priv.h"
#include "server/wake.h"
#include "server/watch.h"
#include "vault/vault.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long SIGTERM lets requests in work finish, and how often it looks. */
enum {
    DRAIN_MS = 10000,
    DRAIN_LOOK_MS = 20
};

/* ---- step by step, in order ------------------------------------------------------- */

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

static unsigned worker_count(const struct server *server)
{
    return server->config->limits.workers ? (unsigned)server->config->limits.workers
                                          : 2 * cores() + 2;
}

static int start_vault(struct server *server, struct fault *fault)
{
    struct slice dir = config_path(server->arena, server->config, CONFIG_VAULT);
    return vault_start(
        &(struct vault_options){
            .dir = dir.at,
            .clients = worker_count(server) + 2, /* the main thread's, the clearing house's */
            .hash_cost = (unsigned)server->config->lab.password_cost,
            .certificate_ms = server->config->certificates.lifetime + CERTPROV_BACKDATE_MS,
        },
        &server->vault, fault);
}

static int open_store(struct server *server, struct fault *fault)
{
    struct slice path = config_path(server->arena, server->config, CONFIG_DATABASE);
    return store_open(&(struct store_options){.path = path.at,
                                              .schemas = server_schemas,
                                              .schema_count = server_schema_count},
                      &server->store, fault);
}

static int make_wings(struct server *server, struct fault *fault)
{
    unsigned count =
        server->config->limits.loops ? (unsigned)server->config->limits.loops : cores();
    server->wings = must_calloc(count, sizeof *server->wings);
    for (unsigned i = 0; i < count; i++) {
        struct wing *wing = &server->wings[i];
        wing->server = server;
        wing->index = i;
        wing->loop = loop_new(fault);
        if (!wing->loop)
            return fault->err;
        server->wing_count = i + 1;
    }
    return 0;
}

static void open_homes(struct server *server)
{
    server->contact = arena_print(server->arena, "<sip:%.*s:%u;transport=tls>",
                                  SLICE_ARG(server->site.sip_host), server->site.sip_port);
    for (unsigned i = 0; i < server->wing_count; i++)
        home_open(&server->wings[i]);
}

static int start_workers(struct server *server, struct fault *fault)
{
    server->workers = workers_new(&(struct workers_options){.count = worker_count(server),
                                                            .queue = 4096,
                                                            .init = server_desk_open,
                                                            .fini = server_desk_close,
                                                            .arg = server},
                                  fault);
    return server->workers ? 0 : fault->err;
}

static int tls_version(const char *text)
{
    return strcmp(text, "1.1") == 0   ? TLS1_1_VERSION
           : strcmp(text, "1.2") == 0 ? TLS1_2_VERSION
                                      : TLS1_VERSION;
}

/* What the TLS-DSK handshake asks about a certificate; on a worker. */
static int find_certificate(void *arg, const uint8_t fingerprint[ASSOCIATION_FINGERPRINT_LEN],
                            X509 *certificate, int64_t now,
                            struct gate_certificate *certificate_out, struct fault *fault)
{
    (void)certificate; /* the fingerprint names it: only what we published is found */
    struct server *server = arg;
    struct desk *desk = server_desk(server);
    scoped(arena) struct arena *arena = arena_new();
    struct certificate_record record;
    struct account account;
    int err =
        certificates_check(desk->accounts, slice_make(fingerprint, ASSOCIATION_FINGERPRINT_LEN),
                           now, arena, &record, &account, fault);
    if (err < 0)
        return err;
    *certificate_out = (struct gate_certificate){.expires = record.not_after};
    if (account.address.len >= sizeof certificate_out->account ||
        record.device_id.len >= sizeof certificate_out->device)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "overlong account in the store");
    memcpy(certificate_out->account, account.address.at, account.address.len);
    if (record.device_id.len)
        memcpy(certificate_out->device, record.device_id.at, record.device_id.len);
    return 0;
}

static int make_gate(struct server *server, struct fault *fault)
{
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    int err = tlsdsk_identity_new(server->site.sip_host, clock_now(), &key, &certificate, fault);
    if (err < 0)
        return err;
    server->tlsdsk = tlsdsk_context_new(
        &(struct tlsdsk_options){.server = true,
                                 .key = key,
                                 .certificate = certificate,
                                 .min_version = tls_version(server->config->sip.tlsdsk_min),
                                 .max_version = tls_version(server->config->sip.tlsdsk_max)},
        fault);
    EVP_PKEY_free(key);
    X509_free(certificate);
    if (!server->tlsdsk)
        return fault->err;
    server->sts_uri = site_web_url(server->arena, &server->site, SITE_PATH_CERTPROV);
    server->gate = (struct gate_settings){.context = server->tlsdsk,
                                          .targetname = server->site.sip_host.at,
                                          .sts_uri = server->sts_uri.at};
    server->checks = (struct gate_checks){.arg = server, .find_certificate = find_certificate};
    return 0;
}

static int make_web(struct server *server, struct fault *fault)
{
    server->routes = http_routes_new(server->site.https_port);
    http_routes_share(server->routes, slice_of(server->config->web.origins), server->site.web_host);
    server->proxies = http_proxies_new(HTTP_BY_X_FORWARDED);
    server->penalty = penalty_new(NULL);
    struct slice list = slice_of(server->config->web.trusted_proxies), network;
    while (slice_next(&list, ' ', &network)) {
        int err = http_proxies_add(server->proxies, network, fault);
        if (err < 0)
            return err;
    }
    return roles_new(server, &server->roles, fault);
}

static int start_trace(struct server *server, struct fault *fault)
{
    const char *path = server->config->log.trace;
    return path[0] ? trace_open(config_path(server->arena, server->config, path).at, true,
                                &server->trace, fault)
                   : 0;
}

/* The order of start-up. A step that fails ends it; server_free() undoes the rest. */
static int (*const steps[])(struct server *, struct fault *) = {
    start_vault,
    open_store,
    make_wings,
    start_workers,
    doors_open,
    lab_open,
    doors_drop_privileges,
    start_trace,
    make_gate,
    make_web,
    wake_start,
    watch_start,
    lab_start,
};

int server_new(struct config *config, const struct server_options *options,
               struct server **server_out, struct fault *fault)
{
    struct server *server = must_calloc(1, sizeof *server);
    server->config = config;
    server->config_path = options->config_path;
    server->ready_path = options->ready_path;
    server->arena = arena_new();
    server->vault_client = worker_count(server);
    clock_set_offset(config->lab.clock_offset);
    privileges_never_gain();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int err = steps[i](server, fault);
        if (err < 0) {
            server_free(server);
            return err;
        }
    }
    open_homes(server);
    *server_out = server;
    return 0;
}

/* ---- running --------------------------------------------------------------------------- */

static void reload(void *arg, int signo)
{
    struct server *server = arg;
    struct fault fault;
    (void)signo;
    notify("RELOADING=1");
    if (doors_reload(server, &fault) < 0)
        event_emit(EVENT_ERROR, "server.reload", fault.finding, EVENT_FAULT(&fault), EVENT_END);
    else
        event_emit(EVENT_NOTICE, "server.reload", FINDING_NONE, EVENT_END);
    notify("READY=1");
}

static void close_idle(void *arg)
{
    phones_end_all(arg);
    front_close_idle(arg);
    faces_close(arg); /* polls are answered, and their connections end behind that */
    web_close_idle(arg);
    line_close_all(arg);
}

static void stop_when_empty(void *arg);

static void drain(void *arg, int signo)
{
    struct server *server = arg;
    (void)signo;
    if (server->draining) {
        loop_stop(server->wings[0].loop); /* a second signal: at once */
        return;
    }
    server->draining = true;
    notify("STOPPING=1");
    event_emit(EVENT_NOTICE, "server.draining", FINDING_NONE, EVENT_END);
    doors_close(server);
    for (unsigned i = 0; i < server->wing_count; i++)
        loop_post(server->wings[i].loop, close_idle, &server->wings[i]);
    server->drain_until = clock_monotonic() + DRAIN_MS;
    timer_init(&server->drain, server->wings[0].loop, stop_when_empty, server);
    timer_start(&server->drain, DRAIN_LOOK_MS);
}

static void stop_when_empty(void *arg)
{
    struct server *server = arg;
    size_t conns = 0;
    for (unsigned i = 0; i < server->wing_count; i++)
        conns += loop_conn_count(server->wings[i].loop);
    if (conns == 0 || clock_monotonic() > server->drain_until)
        loop_stop(server->wings[0].loop);
    else
        timer_start(&server->drain, DRAIN_LOOK_MS);
}

/* Left as it is, for vault_free() to wait for; a dead child still takes signals. */
static bool vault_has_ended(const struct server *server)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)vault_pid(server->vault), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

static void child_ended(void *arg, int signo)
{
    struct server *server = arg;
    (void)signo;
    if (server->draining || !vault_has_ended(server))
        return;
    struct fault fault;
    fault_set(&fault, ERR_IO, FINDING_VAULT_FAILED, "the vault process has ended");
    event_emit(EVENT_ERROR, "server.vault", fault.finding, EVENT_FAULT(&fault), EVENT_END);
    server->failed = true;
    loop_stop(server->wings[0].loop);
}

/* The other loops; those that have started run until join_loops(). */
static int spawn_loops(struct server *server, struct fault *fault)
{
    for (unsigned i = 1; i < server->wing_count; i++) {
        char name[16];
        snprintf(name, sizeof name, "loop %u", i);
        int err = loop_spawn(server->wings[i].loop, name, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

static void join_loops(struct server *server)
{
    for (unsigned i = 1; i < server->wing_count; i++) {
        loop_stop(server->wings[i].loop);
        loop_join(server->wings[i].loop);
    }
}

int server_run(struct server *server)
{
    struct loop *main_loop = server->wings[0].loop;
    struct fault fault;
    loop_on_signal(main_loop, SIGTERM, drain, server);
    loop_on_signal(main_loop, SIGINT, drain, server);
    loop_on_signal(main_loop, SIGHUP, reload, server);
    loop_on_signal(main_loop, SIGCHLD, child_ended, server);
    int err = spawn_loops(server, &fault);
    if (err < 0) {
        event_emit(EVENT_ERROR, "server.start", fault.finding, EVENT_FAULT(&fault), EVENT_END);
    } else {
        doors_announce(server);
        notify("READY=1");
        loop_run(main_loop);
    }
    join_loops(server);
    event_emit(EVENT_NOTICE, "server.stopped", FINDING_NONE, EVENT_END);
    return server->failed ? -ERR_IO : err;
}

/* A connection that ends tells every home, and every home is a loop. */
static void settle_loops(struct server *server)
{
    bool busy;
    do {
        busy = false;
        for (unsigned i = 0; i < server->wing_count; i++)
            busy |= loop_settle(server->wings[i].loop);
    } while (busy);
}

/* Everything the server holds, in the opposite order of its making: first what
 * could still hand out work, then the workers, then what they worked on. */
void server_free(struct server *server)
{
    if (!server)
        return;
    lab_free(server);
    doors_close(server);
    workers_free(take(&server->workers)); /* what is still to come finds none */
    wake_stop(server);
    settle_loops(server);
    watch_free(server->watch);
    for (unsigned i = 0; i < server->wing_count; i++)
        home_stop(&server->wings[i]);
    if (server->draining)
        timer_stop(&server->drain);
    for (unsigned i = 0; i < server->wing_count; i++)
        loop_free(server->wings[i].loop);
    for (unsigned i = 0; i < server->wing_count; i++)
        home_close(&server->wings[i]);
    free(server->wings);
    roles_free(server->roles);
    http_routes_free(server->routes);
    http_proxies_free(server->proxies);
    penalty_free(server->penalty);
    tlsdsk_context_free(server->tlsdsk);
    tls_unref(server->tls);
    tls_unref(server->peers);
    quota_unref(server->quota);
    store_free(server->store);
    vault_free(server->vault);
    trace_close(server->trace);
    arena_free(server->arena);
    config_free(server->config);
    free(server);
}
