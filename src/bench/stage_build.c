/* The site of a stage: what `lychgate init` and `lychgate user add` do, for
 * thousands of users in seconds. */
#include "accounts/certificate.h"
#include "base/clock.h"
#include "base/guid.h"
#include "bench/stage_priv.h"
#include "contacts/contacts.h"
#include "server/config.h"
#include "server/schemas.h"
#include "vault/authority.h"
#include "vault/vault_init.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    HELPERS = 8, /* threads that add users: their writes share commits */
    HOUR_MS = 3600 * 1000
};

struct building {
    struct stage *stage;
    const struct stage_options *options;
    struct arena *arena;
    int64_t now;
    struct vault *vault;
    struct store *store;
    struct slice public_key; /* DER of the users' key */
};

static const char *path(const struct building *b, const char *name)
{
    return arena_print(b->arena, "%s/%s", b->stage->dir, name).at;
}

/* ---- configuration and certificates ------------------------------------------------- */

static int write_config(const struct building *b, struct fault *fault)
{
    const char *loops = arena_print(b->arena, "%u", b->options->loops).at;
    const char *cost = arena_print(b->arena, "%d", STAGE_PASSWORD_COST).at;
    const char *web = b->options->web ? "on" : "off";
    const char *const rows[][3] = {
        {"site", "domain", BENCH_DOMAIN},
        {"listen", "http", "off"},
        {"listen", "https", "127.0.0.1:0"},
        {"listen", "sip", "127.0.0.1:0"},
        {"roles", "web", web},
        {"roles", "orgid", web},
        {"limits", "loops", loops},
        {"limits", "connections", "1000000"},
        {"limits", "connections-per-address", "1000000"},
        {"lab", "password-cost", cost},
        {"log", "level", "warning"},
    };
    scoped(buf) struct buf text = BUF_INIT;
    struct config *config = config_new();
    int err = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && err == 0; i++)
        err = config_set(config, slice_of(rows[i][0]), slice_of(rows[i][1]), slice_of(rows[i][2]),
                         fault);
    config_print(&text, config);
    config_free(config);
    FILE *file = err == 0 ? fopen(path(b, "lychgated.conf"), "wxe") : NULL;
    bool good = file && fwrite(text.at, 1, text.len, file) == text.len;
    if (file && fclose(file) != 0)
        good = false;
    if (err == 0 && !good)
        err = fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: %s", path(b, "lychgated.conf"),
                        strerror(errno));
    return err;
}

static int make_server_pair(const struct building *b, const struct credential *ca,
                            enum credential_key key, const char *name, struct fault *fault)
{
    const struct slice names[] = {slice_of(b->stage->sip_host), slice_of(b->stage->web_host)};
    scoped(credential) struct credential *server = NULL;
    int err = credential_make(&(struct credential_options){.key = key,
                                                           .use = CREDENTIAL_SERVER,
                                                           .common_name = names[0],
                                                           .names = names,
                                                           .name_count = 2,
                                                           .not_before = b->now - HOUR_MS,
                                                           .not_after = b->now + 48 * HOUR_MS},
                              ca, &server, fault);
    return err < 0 ? err
                   : credential_write(server, arena_print(b->arena, "%s.pem", path(b, name)).at,
                                      arena_print(b->arena, "%s.key", path(b, name)).at, fault);
}

static int make_certificates(const struct building *b, struct fault *fault)
{
    scoped(credential) struct credential *ca = NULL;
    if (mkdir(path(b, "tls"), 0700) < 0 || mkdir(path(b, CONFIG_STATE), 0700) < 0)
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: %s", b->stage->dir,
                         strerror(errno));
    int err = credential_make(&(struct credential_options){.key = CREDENTIAL_ECDSA_P256,
                                                           .use = CREDENTIAL_CA,
                                                           .common_name = SLICE("Bench CA"),
                                                           .not_before = b->now - HOUR_MS,
                                                           .not_after = b->now + 72 * HOUR_MS},
                              NULL, &ca, fault);
    if (err == 0)
        err = credential_write(ca, b->stage->ca_file, NULL, fault);
    if (err == 0)
        err = make_server_pair(b, ca, CREDENTIAL_RSA_2048, "tls/rsa", fault);
    return err == 0 ? make_server_pair(b, ca, CREDENTIAL_ECDSA_P256, "tls/ecdsa", fault) : err;
}

/* ---- users ------------------------------------------------------------------------------ */

/* One thread adds every HELPERS-th user. */
struct helper {
    const struct building *b;
    unsigned number;
    pthread_t thread;
    struct vault_client *vault;
    struct accounts *accounts;
    struct arena *arena; /* of one user */
    int err;
    struct fault fault;
};

static int publish(struct helper *h, struct stage_user *user, int64_t account)
{
    const struct building *b = h->b;
    struct slice address = slice_of(user->address), der;
    struct vault_certificate wanted = {
        .public_key = b->public_key,
        .common_name = address,
        .sip_uri = arena_print(h->arena, "sip:%s", user->address),
        .not_before = b->now - HOUR_MS,
        .not_after = b->now + 8 * HOUR_MS,
    };
    int err = vault_certificate_issue(h->vault, &wanted, h->arena, &der, &h->fault);
    if (err < 0)
        return err;
    uint8_t fingerprint[SHA256_DIGEST_LENGTH];
    SHA256((const uint8_t *)der.at, der.len, fingerprint);
    const uint8_t *at = (const uint8_t *)der.at;
    user->certificate = d2i_X509(NULL, &at, (long)der.len);
    if (!user->certificate)
        return fault_set(&h->fault, ERR_INTERNAL, FINDING_INTERNAL, "unreadable certificate");
    struct guid device = guid_new();
    return certificates_publish(
        h->accounts,
        &(struct certificate_record){.fingerprint = slice_make(fingerprint, sizeof fingerprint),
                                     .serial = slice_make(fingerprint, 16),
                                     .account_id = account,
                                     .device_id = guid_print(h->arena, &device),
                                     .not_before = wanted.not_before,
                                     .not_after = wanted.not_after,
                                     .issued_at = b->now},
        &h->fault);
}

/* The list of the i-th: those behind him, in the group that everybody has. */
static int add_contacts(struct helper *h, size_t i, int64_t account)
{
    const struct stage_options *options = h->b->options;
    struct contacts_list *list = contacts_list_new(h->arena);
    for (size_t n = 1; n <= options->contacts; n++) {
        struct contacts_contact *contact = arena_new_of(h->arena, struct contacts_contact);
        size_t who = (i + n) % options->users;
        *contact = (struct contacts_contact){
            .uri = arena_print(h->arena, "user%zu@" BENCH_DOMAIN, who),
            .name = arena_print(h->arena, "Colleague %zu", who),
            .groups = contacts_bit(CONTACTS_EVERYBODY),
            .subscribed = true,
            .external = SLICE(""),
            .extension = SLICE(""),
        };
        contacts_list_put(list, h->arena, contact);
    }
    return contacts_replace(h->b->store, account, list, &h->fault);
}

static int add_user(struct helper *h, size_t i)
{
    const struct stage_options *options = h->b->options;
    struct stage_user *user = &h->b->stage->users[i];
    snprintf(user->address, sizeof user->address, "user%zu@" BENCH_DOMAIN, i);
    struct account account = {
        .address = slice_of(user->address), .enabled = true, .created = h->b->now};
    int err = accounts_add(h->accounts, &account, h->arena, &h->fault);
    if (err == 0 && options->contacts > 0 && (options->lists == 0 || i < options->lists))
        err = add_contacts(h, i, account.id);
    if (err == 0 && options->passwords)
        err = accounts_set_password(h->accounts, h->vault, account.id, SLICE(BENCH_PASSWORD),
                                    &h->fault);
    return err == 0 && options->certificates ? publish(h, user, account.id) : err;
}

static void *help(void *arg)
{
    struct helper *h = arg;
    h->err = accounts_open(
        &(struct accounts_options){.store = h->b->store, .default_domain = SLICE(BENCH_DOMAIN)},
        &h->accounts, &h->fault);
    h->arena = arena_new();
    for (size_t i = h->number; i < h->b->stage->user_count && h->err == 0; i += HELPERS) {
        h->err = add_user(h, i);
        arena_reset(h->arena);
    }
    arena_free(h->arena);
    accounts_free(h->accounts);
    return NULL;
}

static int add_users(const struct building *b, struct fault *fault)
{
    struct helper helpers[HELPERS];
    int err = 0;
    memset(helpers, 0, sizeof helpers);
    for (unsigned i = 0; i < HELPERS; i++) {
        helpers[i].b = b;
        helpers[i].number = i;
        helpers[i].vault = vault_client(b->vault, i);
        if (pthread_create(&helpers[i].thread, NULL, help, &helpers[i]) != 0)
            memory_exhausted(sizeof helpers[i]);
    }
    for (unsigned i = 0; i < HELPERS; i++) {
        pthread_join(helpers[i].thread, NULL);
        if (helpers[i].err < 0 && err == 0) {
            err = helpers[i].err;
            *fault = helpers[i].fault;
        }
    }
    return err;
}

static int make_key(struct building *b, struct fault *fault)
{
    unsigned char *der = NULL;
    b->stage->key = EVP_RSA_gen(2048);
    int len = b->stage->key ? i2d_PUBKEY(b->stage->key, &der) : -1;
    if (len <= 0)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "no key for the users");
    b->public_key = arena_copy(b->arena, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    return 0;
}

static int open_vault_and_store(struct building *b, struct fault *fault)
{
    int err = vault_init(path(b, CONFIG_VAULT),
                         &(struct vault_init_options){.site = BENCH_DOMAIN, .now = b->now}, fault);
    if (err == 0)
        err = vault_start(&(struct vault_options){.dir = path(b, CONFIG_VAULT),
                                                  .clients = HELPERS,
                                                  .hash_cost = STAGE_PASSWORD_COST},
                          &b->vault, fault);
    return err < 0 ? err
                   : store_open(&(struct store_options){.path = path(b, CONFIG_DATABASE),
                                                        .schemas = server_schemas,
                                                        .schema_count = server_schema_count},
                                &b->store, fault);
}

int stage_build(struct stage *stage, const struct stage_options *options, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct building b = {.stage = stage, .options = options, .arena = arena, .now = clock_now()};
    int err = write_config(&b, fault);
    if (err == 0)
        err = make_certificates(&b, fault);
    if (err == 0)
        err = make_key(&b, fault);
    if (err == 0)
        err = open_vault_and_store(&b, fault);
    if (err == 0)
        err = add_users(&b, fault);
    store_free(b.store);
    vault_free(b.vault);
    return err;
}
