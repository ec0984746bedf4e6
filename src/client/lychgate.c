/* The public face of the engine (lychgate/lychgate.h). */
#include "client/session_priv.h"

#include "base/clock.h"
#include "base/encode.h"
#include "client/version.h" /* made by meson */
#include "registrar/endpoint.h"
#include "sip/uri.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 20 * 1000,
    SIP_PORT = 5061,
    EPID_BYTES = 6,
    HOST_NAME_LEN = 256
};

/* ---- options ------------------------------------------------------------------------- */

static char *copy(struct lychgate *gate, const char *text)
{
    return text ? arena_string(gate->own, slice_of(text)) : NULL;
}

static int take_address(struct lychgate *gate, const char *address, struct fault *fault)
{
    struct settings *set = &gate->set;
    struct slice user;
    int err = session_address(gate->own, address, &set->address, fault);
    if (err)
        return err;
    set->sip_uri = arena_print(gate->own, "sip:%.*s", SLICE_ARG(set->address));
    slice_cut(set->address, '@', &user, &set->domain);
    if (!dns_host_valid(set->domain))
        return fault_set(fault, ERR_MALFORMED, FINDING_ACCOUNT_INVALID, "`%.100s` is no domain",
                         set->domain.at);
    return 0;
}

/* "HOST", "HOST:PORT", "[V6]:PORT" */
static int take_server(struct lychgate *gate, const char *server, struct fault *fault)
{
    struct sip_uri uri;
    if (!server)
        return 0;
    struct slice text = arena_print(gate->own, "sip:%s", server);
    if (sip_uri_parse(text, &uri, fault) < 0 || uri.user.at || uri.params.at)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "the server is given as HOST[:PORT], not `%.100s`", server);
    struct slice host = uri.host;
    if (slice_starts(host, SLICE("[")))
        host = slice_make(host.at + 1, host.len - 2);
    gate->set.server_host = host;
    gate->set.server_port = uri.port ? uri.port : SIP_PORT;
    return 0;
}

static void take_folder(struct lychgate *gate, const struct lychgate_options *options)
{
    if (options->no_cache)
        return;
    gate->set.cache_folder = copy(gate, options->cache_folder);
    if (!gate->set.cache_folder)
        gate->set.cache_folder = kept_default_folder(gate->own).at;
}

static int take_options(struct lychgate *gate, const struct lychgate_options *options,
                        struct fault *fault)
{
    struct settings *set = &gate->set;
    set->nameserver = slice_of(copy(gate, options->dns));
    set->ca_file = copy(gate, options->ca_file);
    set->auth = options->auth;
    set->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    set->password = options->password;
    set->password_arg = options->password_arg;
    set->user_agent =
        options->user_agent ? copy(gate, options->user_agent) : "Lychgate/" CLIENT_VERSION;
    take_folder(gate, options);
    int err = take_address(gate, options->address, fault);
    if (err == 0)
        err = take_server(gate, options->server, fault);
    if (err == 0)
        err = connect_to_parse(gate->own, options->connect_to, &gate->connect_to, fault);
    if (err == 0 && options->trace_file)
        err = trace_open(options->trace_file, false, &gate->trace, fault);
    set->login = options->login ? slice_of(copy(gate, options->login)) : set->address;
    return err;
}

/* ---- who we are -------------------------------------------------------------------------- */

/* The same endpoint every time the same user signs in on the same machine: the server
 * replaces it instead of counting another. SIPE hashes alike ([MS-SIPREGE] leaves it
 * to the client). */
static void name_endpoint(struct lychgate *gate)
{
    char host[HOST_NAME_LEN] = "";
    unsigned char hash[EVP_MAX_MD_SIZE];
    gethostname(host, sizeof host - 1);
    struct slice text = arena_print(gate->own, "%.*s:%s", SLICE_ARG(gate->set.address), host);
    EVP_Digest(text.at, text.len, hash, NULL, EVP_sha256(), NULL);
    gate->epid = hex_print_lower(gate->own, slice_make(hash, EPID_BYTES));
    struct guid guid = endpoint_instance_of_epid(gate->epid);
    gate->instance = guid_print(gate->own, &guid);
}

struct lychgate *lychgate_new(const struct lychgate_options *options)
{
    struct lychgate *gate = must_calloc(1, sizeof *gate);
    gate->own = arena_new();
    gate->result_arena = arena_new();
    gate->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    report_init(&gate->report, options->event, options->event_arg);
    if (take_options(gate, options, &gate->unusable) == 0)
        name_endpoint(gate);
    gate->summary = (struct lychgate_summary){"", "", "", "", "", "", 0, false, 0, 0, 0, 0};
    return gate;
}

void lychgate_free(struct lychgate *gate)
{
    if (!gate)
        return;
    signin_forget(gate);
    session_free(gate->session);
    mobile_free(gate);
    trace_close(gate->trace);
    report_fini(&gate->report);
    if (gate->stop_fd >= 0)
        close(gate->stop_fd);
    arena_free(gate->result_arena);
    arena_free(gate->own);
    free(gate);
}

/* ---- signing in ----------------------------------------------------------------------------- */

int signin_gather_tools(struct lychgate *gate, struct fault *fault)
{
    const struct settings *set = &gate->set;
    gate->arena = arena_new();
    gate->discover = discover_start(set->domain);
    gate->resolver = resolver_new(&(struct resolver_options){.nameserver = set->nameserver}, fault);
    if (!gate->resolver)
        return fault->err;
    gate->reaches = reaches_new(&(struct reaches_options){.resolver = gate->resolver,
                                                          .connect_to = gate->connect_to,
                                                          .report = &gate->report,
                                                          .trace = gate->trace});
    gate->tls = tls_client_new(&(struct tls_client_options){.ca_file = set->ca_file}, fault);
    if (!gate->tls)
        return fault->err;
    gate->web = web_new(&(struct web_options){.ca_file = set->ca_file,
                                              .user_agent = set->user_agent,
                                              .timeout_ms = set->timeout_ms,
                                              .trace = gate->trace,
                                              .stop_fd = gate->stop_fd},
                        fault);
    return gate->web ? 0 : fault->err;
}

int signin_whole(struct lychgate *gate, struct fault *fault)
{
    *fault = gate->unusable;
    signin_forget(gate);
    gate->began_us = clock_monotonic_us();
    int err = fault->err ? fault->err : signin_gather_tools(gate, fault);
    if (err) {
        report_keep_problem(&gate->report, fault);
        report_bad(&gate->report, "options", LYCHGATE_FAILED, fault);
    } else {
        err = signin_go(gate, fault);
    }
    /* Neither is needed once there is a certificate. */
    secret_free(&gate->password);
    webticket_grant_fini(&gate->ticket);
    if (err == 0)
        report_keep_problem(&gate->report, fault);
    else
        signin_forget(gate);
    return err;
}

int lychgate_signin(struct lychgate *gate)
{
    struct fault fault;
    eventfd_t ignored;
    eventfd_read(gate->stop_fd, &ignored);
    return signin_whole(gate, &fault);
}

int lychgate_keep(struct lychgate *gate, int seconds)
{
    struct fault fault = {0};
    return signin_keep(gate, seconds, &fault);
}

void lychgate_stop(struct lychgate *gate)
{
    eventfd_write(gate->stop_fd, 1);
}

int lychgate_signout(struct lychgate *gate)
{
    struct fault fault = {0};
    int err = signin_leave(gate, &fault);
    signin_forget(gate);
    return err;
}

const struct lychgate_summary *lychgate_summary(const struct lychgate *gate)
{
    return &gate->summary;
}

const struct lychgate_problem *lychgate_problem(const struct lychgate *gate)
{
    return &gate->report.problem;
}

const char *lychgate_version(void)
{
    return CLIENT_VERSION;
}
