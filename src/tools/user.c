#include "tools/user.h"

#include "accounts/certificate.h"
#include "base/clock.h"
#include "base/encode.h"
#include "tools/office.h"
#include "tools/show.h"

#include <stdio.h>

enum {
    PAGE = 500
};

#define NAME_OPTIONS                                                                               \
    {"login", "LOGIN", "the name to sign in with, when it is not the address", false},             \
        {"sam", "DOMAIN\\NAME", "the Windows form of the login", false},                           \
    {                                                                                              \
        "display-name", "NAME", "the name that others see", false                                  \
    }

const struct verb_option user_add_options[] = {
    NAME_OPTIONS,
    {"password-file", "FILE", "where the password is (first line; - is standard input)", false},
    {"disabled", NULL, "add the user, but let him not sign in yet", false},
    {0},
};

const struct verb_option user_set_options[] = {
    {"address", "ADDRESS", "a new address", false},
    NAME_OPTIONS,
    {"password-file", "FILE", "a new password (first line; - is standard input)", false},
    {"password", NULL, "ask for a new password", false},
    {0},
};

static json_t *account_json(struct arena *arena, const struct account *account)
{
    struct slice created = clock_print_iso(arena, account->created);
    return json_pack("{s:o,s:o,s:o,s:o,s:b,s:o}", "address", show_text(account->address), "login",
                     show_text(account->login), "sam", show_text(account->sam), "display_name",
                     show_text(account->display_name), "enabled", account->enabled, "created",
                     json_stringn(created.at, created.len));
}

static void take_names(const struct invocation *invocation, struct account *account)
{
    struct {
        const char *option;
        struct slice *to;
    } rows[] = {
        {"login", &account->login},
        {"sam", &account->sam},
        {"display-name", &account->display_name},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (invocation_has(invocation, rows[i].option))
            *rows[i].to = slice_of(invocation_value(invocation, rows[i].option));
}

/* ---- add, set ---------------------------------------------------------------------- */

enum tool_exit user_add(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(secret) struct secret password = SECRET_INIT;
    struct fault fault;
    struct account account = {.address = slice_of(invocation->operands[0]),
                              .enabled = !invocation_has(invocation, "disabled"),
                              .created = clock_now()};
    if (!tool_password(invocation_value(invocation, "password-file"), "Password for the new user",
                       &password))
        return TOOL_FAILED;
    if (office_open(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    take_names(invocation, &account);
    if (accounts_add(office.accounts, &account, invocation->arena, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (accounts_set_password(office.accounts, office_vault(&office), account.id,
                              secret_slice(&password), &fault) < 0) {
        struct fault second;
        accounts_remove(office.accounts, office_vault(&office), account.id, &second);
        return tool_fail(invocation, &fault);
    }
    if (invocation->json)
        show_json(account_json(invocation->arena, &account));
    else
        printf("Added %.*s.\n", SLICE_ARG(account.address));
    return TOOL_FINE;
}

/* Open the site and find the user that the command names. */
static enum tool_exit find(struct invocation *invocation, struct office *office,
                           struct account *account_out)
{
    struct fault fault;
    if (office_open(invocation->config_path, office, &fault) < 0 ||
        accounts_find_login(office->accounts, slice_of(invocation->operands[0]), invocation->arena,
                            account_out, &fault) < 0)
        return tool_fail(invocation, &fault);
    return TOOL_FINE;
}

enum tool_exit user_set(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(secret) struct secret password = SECRET_INIT;
    const char *file = invocation_value(invocation, "password-file");
    bool new_password = file || invocation_has(invocation, "password");
    struct account account;
    struct fault fault;
    if (new_password && !tool_password(file, "New password", &password))
        return TOOL_FAILED;
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    take_names(invocation, &account);
    if (invocation_has(invocation, "address"))
        account.address = slice_of(invocation_value(invocation, "address"));
    if (accounts_set(office.accounts, &account, invocation->arena, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (new_password && accounts_set_password(office.accounts, office_vault(&office), account.id,
                                              secret_slice(&password), &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json)
        show_json(account_json(invocation->arena, &account));
    else
        printf("Changed %.*s.\n", SLICE_ARG(account.address));
    return TOOL_FINE;
}

/* ---- list, show ------------------------------------------------------------------------ */

static void print_row(const struct account *account)
{
    printf("%-36.*s %-9s %.*s\n", SLICE_ARG(account->address),
           account->enabled ? "enabled" : "disabled", SLICE_ARG(account->display_name));
}

enum tool_exit user_list(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct fault fault;
    if (office_open(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    json_t *rows = json_array();
    struct slice after = SLICE("");
    size_t count;
    do {
        struct account *page;
        if (accounts_list(office.accounts, after, PAGE, invocation->arena, &page, &count, &fault) <
            0) {
            json_decref(rows);
            return tool_fail(invocation, &fault);
        }
        for (size_t i = 0; i < count; i++) {
            if (invocation->json)
                json_array_append_new(rows, account_json(invocation->arena, &page[i]));
            else
                print_row(&page[i]);
            after = page[i].address;
        }
    } while (count == PAGE);
    if (invocation->json)
        show_json(rows);
    else
        json_decref(rows);
    return TOOL_FINE;
}

static const char *certificate_state(const struct certificate_record *record, int64_t now)
{
    return record->revoked_at ? "revoked" : record->not_after <= now ? "expired" : "good";
}

static void print_account(struct arena *arena, const struct account *account)
{
    printf("address:      %.*s\nlogin:        %.*s\n", SLICE_ARG(account->address),
           SLICE_ARG(account->login));
    if (!slice_absent(account->sam))
        printf("sam:          %.*s\n", SLICE_ARG(account->sam));
    if (!slice_absent(account->display_name))
        printf("display name: %.*s\n", SLICE_ARG(account->display_name));
    printf("state:        %s\ncreated:      %s\n", account->enabled ? "enabled" : "disabled",
           clock_print_iso(arena, account->created).at);
}

enum tool_exit user_show(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct certificate_record *list;
    struct account account;
    struct fault fault;
    size_t count;
    int64_t now = clock_now();
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    if (certificates_list(office.accounts, account.id, invocation->arena, &list, &count, &fault) <
        0)
        return tool_fail(invocation, &fault);
    json_t *certificates = json_array();
    if (!invocation->json)
        print_account(invocation->arena, &account);
    for (size_t i = 0; i < count; i++) {
        const char *state = certificate_state(&list[i], now);
        struct slice until = clock_print_iso(invocation->arena, list[i].not_after);
        struct slice serial = hex_print_lower(invocation->arena, list[i].serial);
        if (!invocation->json)
            printf("certificate:  %s, %s until %s, device %.*s\n", serial.at, state, until.at,
                   SLICE_ARG(list[i].device_id));
        else
            json_array_append_new(certificates, json_pack("{s:s,s:s,s:s,s:o}", "serial", serial.at,
                                                          "state", state, "not_after", until.at,
                                                          "device", show_text(list[i].device_id)));
    }
    if (invocation->json) {
        json_t *document = account_json(invocation->arena, &account);
        json_object_set(document, "certificates", certificates);
        show_json(document);
    }
    json_decref(certificates);
    return TOOL_FINE;
}

/* ---- remove, enable, disable, revoke ------------------------------------------------------ */

enum tool_exit user_remove(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct account account;
    struct fault fault;
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    if (accounts_remove(office.accounts, office_vault(&office), account.id, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (!invocation->json)
        printf("Removed %.*s.\n", SLICE_ARG(account.address));
    return TOOL_FINE;
}

static enum tool_exit set_enabled(struct invocation *invocation, bool enabled)
{
    scoped(office) struct office office = {0};
    struct account account;
    struct fault fault;
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    if (accounts_enable(office.accounts, account.id, enabled, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (!invocation->json)
        printf("%s %.*s.\n", enabled ? "Enabled" : "Disabled", SLICE_ARG(account.address));
    return TOOL_FINE;
}

enum tool_exit user_enable(struct invocation *invocation)
{
    return set_enabled(invocation, true);
}

enum tool_exit user_disable(struct invocation *invocation)
{
    return set_enabled(invocation, false);
}

enum tool_exit cert_revoke(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct account account;
    struct fault fault;
    enum tool_exit error = find(invocation, &office, &account);
    if (error)
        return error;
    int count = certificates_revoke_all(office.accounts, account.id, clock_now(), &fault);
    if (count < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json)
        show_json(json_pack("{s:i}", "revoked", count));
    else
        printf("Revoked %d certificate%s of %.*s.\n", count, count == 1 ? "" : "s",
               SLICE_ARG(account.address));
    return TOOL_FINE;
}
