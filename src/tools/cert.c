#include "tools/cert.h"

#include "base/clock.h"
#include "server/config.h"
#include "tools/show.h"
#include "vault/authority.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct verb_option cert_issue_options[] = {
    {"out", "DIR", "where NAME.pem and NAME.key go (default: here)", false},
    {"days", "DAYS", "how long it is good (default and most 396)", false},
    {"rsa", NULL, "RSA of 2048 bits instead of ECDSA P-256", false},
    {0},
};

enum {
    DAY_MS = 24 * 3600 * 1000,
    DAYS_MOST = CREDENTIAL_SERVER_DAYS - 1, /* it begins a day ago: clocks differ */
};

struct request {
    struct invocation *invocation;
    struct arena *arena;
    struct config *config;
    struct slice *names;
    size_t count;
    uint64_t days;
    struct slice certificate, key; /* paths of what is made */
    int64_t end;
};

/* A host's full name, and no path: it names the files, too. */
static bool is_name(struct slice name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    bool good = name.len > 0 && name.len <= 253 && name.at[0] != '.' && name.at[0] != '-' &&
                slice_find(name, SLICE("..")) < 0;
    for (size_t i = 0; i < name.len && good; i++)
        good = strchr(letters, name.at[i]) != NULL;
    return good;
}

static int take_names(struct request *r, struct fault *fault)
{
    const struct invocation *invocation = r->invocation;
    r->count = invocation->operand_count;
    r->names = arena_array(r->arena, struct slice, r->count);
    for (size_t i = 0; i < r->count; i++) {
        r->names[i] = slice_of(invocation->operands[i]);
        if (!is_name(r->names[i]))
            return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                             "`%.*s` is no name of a host", SLICE_ARG(r->names[i]));
    }
    return 0;
}

/* The key that `lychgate init` left beside ca.pem. A site that brought its own certificates
 * has none: its CA makes those of its machines. */
static int open_ca(struct request *r, struct credential **ca_out, struct fault *fault)
{
    const char *certificate = config_path(r->arena, r->config, "ca.pem").at;
    const char *key = config_path(r->arena, r->config, "ca.key").at;
    if (access(key, R_OK) < 0)
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "the site's CA: %s: %s", key,
                         strerror(errno));
    return credential_read(certificate, key, ca_out, fault);
}

static int make(struct request *r, const struct credential *ca, struct fault *fault)
{
    scoped(credential) struct credential *made = NULL;
    int64_t now = clock_now();
    r->end = now + (int64_t)r->days * DAY_MS;
    int err = credential_make(
        &(struct credential_options){
            .key =
                invocation_has(r->invocation, "rsa") ? CREDENTIAL_RSA_2048 : CREDENTIAL_ECDSA_P256,
            .use = CREDENTIAL_SERVER,
            .names = r->names,
            .name_count = r->count,
            .not_before = now - DAY_MS,
            .not_after = r->end,
        },
        ca, &made, fault);
    return err < 0 ? err : credential_write(made, r->certificate.at, r->key.at, fault);
}

static int issue(struct request *r, struct fault *fault)
{
    scoped(credential) struct credential *ca = NULL;
    const char *folder = invocation_value(r->invocation, "out");
    int err = take_names(r, fault);
    if (err == 0)
        err = config_load(r->invocation->config_path, &r->config, fault);
    if (err == 0)
        err = open_ca(r, &ca, fault);
    if (err < 0)
        return err;
    struct slice stem =
        arena_print(r->arena, "%s/%.*s", folder ? folder : ".", SLICE_ARG(r->names[0]));
    r->certificate = arena_print(r->arena, "%.*s.pem", SLICE_ARG(stem));
    r->key = arena_print(r->arena, "%.*s.key", SLICE_ARG(stem));
    return make(r, ca, fault);
}

static void tell(const struct request *r)
{
    struct slice end = clock_print_iso(r->arena, r->end);
    struct slice name = r->names[0];
    if (r->invocation->json)
        show_json(json_pack("{s:s%,s:s,s:s,s:s%}", "name", name.at, name.len, "certificate",
                            r->certificate.at, "key", r->key.at, "expires", end.at, end.len));
    else
        printf("%s and %s are good until %.*s.\n"
               "To let its owner in as a mobility service, write into lychgated.conf:\n"
               "[mobility]\ntrusted-peers = %.*s\n",
               r->certificate.at, r->key.at, SLICE_ARG(slice_head(end, 10)), SLICE_ARG(name));
}

enum tool_exit cert_issue(struct invocation *invocation)
{
    struct request r = {.invocation = invocation, .arena = invocation->arena};
    struct fault fault;
    if (!invocation_number(invocation, "days", DAYS_MOST, DAYS_MOST, &r.days))
        return TOOL_USAGE;
    if (r.days == 0)
        return tool_usage("--days is at least 1");
    int err = issue(&r, &fault);
    config_free(r.config);
    if (err < 0)
        return tool_fail(invocation, &fault);
    tell(&r);
    return TOOL_FINE;
}
