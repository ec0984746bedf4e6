#include "tools/push.h"

#include "base/clock.h"
#include "base/encode.h"
#include "push/clearing.h"
#include "tools/office.h"
#include "tools/show.h"
#include "vault/vault_init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEST_TIMEOUT_MS = 15000,
    TEST_TTL_MS = 60000
};

const struct verb_option push_add_options[] = {
    {"device", "NAME", "what to call the device (default: cli)", false},
    {0},
};
const struct verb_option push_remove_options[] = {
    {"device", "NAME", "only that device's", false},
    {0},
};
const struct verb_option push_test_options[] = {
    {"device", "NAME", "only to that device", false},
    {"text", "TEXT", "what the message says", false},
    {0},
};

static struct push_guard guard_of(const struct office *office)
{
    return (struct push_guard){.allow_private = office->config->lab.private_push};
}

static struct slice option(const struct invocation *invocation, const char *name)
{
    return slice_of(invocation_value(invocation, name));
}

static int find(struct invocation *invocation, struct office *office, struct account *account,
                struct fault *fault)
{
    return accounts_find_login(office->accounts, slice_of(invocation->operands[0]),
                               invocation->arena, account, fault);
}

/* ---- key -------------------------------------------------------------------------------- */

static int make_missing(struct office *office, struct arena *arena, struct fault *fault)
{
    const struct vault_init_options options = {.site = office->config->site.domain,
                                               .now = clock_now()};
    return vault_init_push(config_path(arena, office->config, CONFIG_VAULT).at, &options, fault);
}

static int push_key_of(struct invocation *invocation, struct office *office, struct slice *key_out,
                       struct fault *fault)
{
    struct vault_public public;
    int err = office_open(invocation->config_path, office, fault);
    if (err == 0)
        err = vault_public(office_vault(office), invocation->arena, &public, fault);
    if (err == 0)
        *key_out = public.push_key;
    return err;
}

enum tool_exit push_key_run(struct invocation *invocation)
{
    struct fault fault;
    struct slice key = {0};
    for (int turn = 0; turn < 2 && slice_empty(key); turn++) {
        scoped(office) struct office office = {0};
        if (push_key_of(invocation, &office, &key, &fault) < 0 ||
            (slice_empty(key) && make_missing(&office, invocation->arena, &fault) < 0))
            return tool_fail(invocation, &fault);
    }
    struct slice text = base64url_print(invocation->arena, key);
    if (invocation->json)
        show_json(json_pack("{s:s}", "applicationServerKey", text.at));
    else
        printf("%s\n", text.at);
    return TOOL_FINE;
}

/* ---- add, list, remove --------------------------------------------------------------------- */

static int read_file(const char *path, struct buf *out, struct fault *fault)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char bytes[1024];
    size_t got = 0;
    if (!file)
        return fault_set(fault, ERR_IO, FINDING_PUSH_SUBSCRIPTION_INVALID, "%s: %s", path,
                         strerror(errno));
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0 && !buf_failed(out))
        buf_add(out, slice_make(bytes, got));
    if (file != stdin)
        fclose(file);
    if (buf_failed(out))
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_SUBSCRIPTION_INVALID, "%s: over %d bytes",
                         path, PUSH_JSON_MAX);
    return 0;
}

enum tool_exit push_add_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf json = BUF_LIMIT(PUSH_JSON_MAX);
    struct push_subscription s;
    struct account account;
    struct fault fault;
    const char *device = invocation_value(invocation, "device");
    int64_t now = clock_now();
    int err = office_open_records(invocation->config_path, &office, &fault);
    struct push_guard guard = err == 0 ? guard_of(&office) : (struct push_guard){0};
    if (err == 0)
        err = find(invocation, &office, &account, &fault);
    if (err == 0)
        err = read_file(invocation->operands[1], &json, &fault);
    if (err == 0)
        err = push_subscription_parse(slice_trim(buf_slice(&json)), &guard, now, invocation->arena,
                                      &s, &fault);
    if (err == 0) {
        s.account = account.id;
        s.device = slice_of(device ? device : "cli");
        s.created = now;
        err =
            push_subscription_add(office.store, &s, (unsigned)office.config->push.per_user, &fault);
    }
    if (err < 0)
        return tool_fail(invocation, &fault);
    if (!invocation->json)
        printf("Device %.*s of %.*s can be woken.\n", SLICE_ARG(s.device),
               SLICE_ARG(account.address));
    return TOOL_FINE;
}

/* The endpoint is a secret of a kind: whoever has it can bother the device. */
static struct slice service_of(const struct push_subscription *s, struct arena *arena)
{
    struct slice audience;
    return vapid_audience(s->endpoint, arena, &audience, NULL) == 0 ? audience : SLICE("?");
}

static int list_of(struct invocation *invocation, struct office *office,
                   struct push_subscription **list, size_t *count, struct fault *fault)
{
    struct account account = {0};
    int err = office_open_records(invocation->config_path, office, fault);
    if (err == 0 && invocation->operand_count)
        err = find(invocation, office, &account, fault);
    if (err == 0)
        err = push_subscription_list(office->reader, account.id, invocation->arena, list, count,
                                     fault);
    return err;
}

enum tool_exit push_list_run(struct invocation *invocation)
{
    static const char *const heads[] = {"ADDRESS", "DEVICE", "SERVICE", "SINCE", "UNTIL", NULL};
    scoped(office) struct office office = {0};
    struct arena *arena = invocation->arena;
    struct push_subscription *list;
    struct account account;
    struct fault fault;
    size_t count;
    if (list_of(invocation, &office, &list, &count, &fault) < 0)
        return tool_fail(invocation, &fault);
    struct show_table *table = show_table_new(arena, heads);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        if (accounts_get(office.accounts, list[i].account, arena, &account, &fault) < 0)
            account.address = SLICE("?");
        struct slice until = list[i].expires ? clock_print_iso(arena, list[i].expires) : SLICE("-");
        const struct slice cells[] = {account.address, list[i].device, service_of(&list[i], arena),
                                      clock_print_iso(arena, list[i].created), until};
        show_table_row(table, memcpy(arena_array(arena, struct slice, 5), cells, sizeof cells));
        json_array_append_new(rows, json_pack("{s:o,s:o,s:o,s:o,s:o}", "address",
                                              show_text(cells[0]), "device", show_text(cells[1]),
                                              "service", show_text(cells[2]), "created",
                                              show_text(cells[3]), "expires",
                                              list[i].expires ? show_text(until) : json_null()));
    }
    if (invocation->json)
        show_json(rows);
    else
        show_table_put(table), json_decref(rows);
    return TOOL_FINE;
}

enum tool_exit push_remove_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct account account;
    struct fault fault;
    struct slice device = option(invocation, "device");
    int result = office_open_records(invocation->config_path, &office, &fault);
    if (result == 0)
        result = find(invocation, &office, &account, &fault);
    if (result == 0)
        result = push_subscription_remove(office.store, account.id, device, &fault);
    if (result == 0)
        result = fault_set(&fault, ERR_UNKNOWN, FINDING_PUSH_NO_SUBSCRIPTION, "%.*s has none%s",
                           SLICE_ARG(account.address), slice_absent(device) ? "" : " for it");
    if (result < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json)
        show_json(json_pack("{s:i}", "removed", result));
    else
        printf("Removed %d push subscription%s of %.*s.\n", result, result == 1 ? "" : "s",
               SLICE_ARG(account.address));
    return TOOL_FINE;
}

/* ---- test ------------------------------------------------------------------------------------ */

struct trial {
    struct invocation *invocation;
    struct office *office;
    struct vapid_cache *vapid;
    struct slice payload;
    json_t *rows;
};

static int sign(void *arg, struct slice bytes, struct arena *arena, struct slice *signature_out,
                struct fault *fault)
{
    return vault_push_sign(arg, bytes, arena, signature_out, fault);
}

/* Send one, say how it went, forget a subscription that is gone. */
static int try_one(struct trial *trial, const struct push_subscription *s, struct fault *fault)
{
    const struct push_due due = {
        .to = s, .payload = trial->payload, .urgency = PUSH_HIGH, .ttl_ms = TEST_TTL_MS};
    struct push_guard guard = guard_of(trial->office);
    struct push_result result = {0};
    struct fault unkept;
    int64_t began = clock_monotonic();
    int err =
        push_deliver(&due, trial->vapid, &guard, TEST_TIMEOUT_MS, clock_now(), &result, fault);
    int64_t spent = clock_monotonic() - began;
    if (err == 0)
        err = push_result_fault(&result, fault);
    if (err < 0 && fault->finding == FINDING_PUSH_GONE)
        push_subscription_drop(trial->office->store, s->id, &unkept);
    const char *finding = err < 0 ? finding_id(fault->finding) : NULL;
    if (trial->invocation->json)
        json_array_append_new(trial->rows, json_pack("{s:o,s:i,s:I,s:s?}", "device",
                                                     show_text(s->device), "status", result.status,
                                                     "ms", (json_int_t)spent, "finding", finding));
    else if (err == 0)
        printf("%.*s: accepted (%d, %lld ms)\n", SLICE_ARG(s->device), result.status,
               (long long)spent);
    else
        printf("%.*s: %s: %s\n", SLICE_ARG(s->device), finding, fault->detail);
    return err;
}

static int try_all(struct trial *trial, struct fault *fault)
{
    struct invocation *invocation = trial->invocation;
    struct slice device = option(invocation, "device");
    struct push_subscription *list;
    struct account account;
    size_t count, tried = 0;
    struct fault other;
    int worst = 0;
    int err = find(invocation, trial->office, &account, fault);
    if (err == 0)
        err = push_subscription_list(trial->office->reader, account.id, invocation->arena, &list,
                                     &count, fault);
    for (size_t i = 0; err == 0 && i < count; i++) {
        if (!slice_absent(device) && !slice_eq(device, list[i].device))
            continue;
        tried++;
        int failed = try_one(trial, &list[i], worst == 0 ? fault : &other);
        worst = worst == 0 ? failed : worst;
    }
    if (err == 0 && tried == 0)
        err = fault_set(fault, ERR_UNKNOWN, FINDING_PUSH_NO_SUBSCRIPTION,
                        "%.*s has no push subscription", SLICE_ARG(account.address));
    return err < 0 ? err : worst;
}

enum tool_exit push_test_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(vapid_cache) struct vapid_cache *vapid = NULL;
    const char *text = invocation_value(invocation, "text");
    struct slice key;
    struct fault fault;
    int err = push_key_of(invocation, &office, &key, &fault);
    if (err == 0 && slice_empty(key))
        err = fault_set(&fault, ERR_UNKNOWN, FINDING_PUSH_NO_KEY, "the vault has no push.key");
    if (err < 0)
        return tool_fail(invocation, &fault);
    json_t *message =
        json_pack("{s:s,s:s}", "kind", "test", "text", text ? text : "A test by lychgate.");
    if (!message)
        return tool_usage("--text is not UTF-8");
    char *payload = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    const struct vapid_signer signer = {sign, office_vault(&office), key};
    vapid = vapid_cache_new(&signer, slice_of(office.config->push.subject));
    struct trial trial = {invocation, &office, vapid, slice_of(payload), json_array()};
    err = try_all(&trial, &fault);
    free(payload);
    bool shown = invocation->json && json_array_size(trial.rows) > 0;
    if (shown)
        show_json(trial.rows);
    else
        json_decref(trial.rows);
    /* The rows have the findings; one document is enough. */
    return err == 0 ? TOOL_FINE : shown ? TOOL_FAILED : tool_fail(invocation, &fault);
}
