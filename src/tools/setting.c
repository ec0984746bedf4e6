#include "tools/setting.h"

#include "net/address.h"
#include "server/offer.h"
#include "tools/office.h"
#include "tools/show.h"

#include <stdio.h>

const struct verb_option user_setting_options[] = {
    {"default", "NAME", "put this setting back to its default", true},
    {0},
};

/* Open the site and find the user that the command names. */
static int find(struct invocation *invocation, struct office *office, struct account *account,
                struct fault *fault)
{
    int err = office_open_records(invocation->config_path, office, fault);
    return err < 0 ? err
                   : accounts_find_login(office->accounts, slice_of(invocation->operands[0]),
                                         invocation->arena, account, fault);
}

/* ---- setting -------------------------------------------------------------------------------- */

static void show_settings(const struct invocation *invocation,
                          const struct provision_settings *settings)
{
    struct {
        struct slice text;
        bool yes;
    } const value[] = {{settings->voicemail, false},
                       {.yes = settings->voice},
                       {settings->line, false},
                       {.yes = settings->common_area_phone},
                       {.yes = settings->no_file_transfer}};
    struct show_table *table =
        show_table_new(invocation->arena, (const char *[]){"SETTING", "VALUE", "MEANING", NULL});
    json_t *document = json_object();
    for (size_t i = 0; provision_settings[i].name; i++) {
        bool is_bool = provision_settings[i].type == POLICY_BOOL;
        struct slice text = !is_bool       ? value[i].text
                            : value[i].yes ? SLICE("true")
                                           : SLICE("false");
        json_object_set_new(document, provision_settings[i].name,
                            is_bool    ? json_boolean(value[i].yes)
                            : text.len ? show_text(text)
                                       : json_null());
        show_table_row(table, (struct slice[]){slice_of(provision_settings[i].name),
                                               text.len ? text : SLICE("(none)"),
                                               slice_of(provision_settings[i].help)});
    }
    if (invocation->json) {
        show_json(document);
        return;
    }
    json_decref(document);
    show_table_put(table);
}

/* NAME=VALUE and --default NAME: with a store they are set, without one only checked. */
static int take_settings(struct invocation *invocation, struct store *store, int64_t account,
                         struct fault *fault)
{
    size_t count = invocation->operand_count + invocation->given_count;
    int err = 0;
    for (size_t i = 1, j = 0; i < count && err == 0; i++) {
        struct slice name, value = {0};
        if (i < invocation->operand_count)
            slice_cut(slice_of(invocation->operands[i]), '=', &name, &value);
        else
            name = slice_of(invocation_nth(invocation, "default", j++));
        if (slice_absent(name))
            break;
        err = store ? provision_setting_set(store, account, name, value, fault)
                    : provision_setting_check(name, value, invocation->arena, &name, &value, fault);
    }
    return err;
}

enum tool_exit user_setting_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct provision_settings settings;
    struct account account;
    struct fault fault;
    for (size_t i = 1; i < invocation->operand_count; i++)
        if (slice_index(slice_of(invocation->operands[i]), '=') < 0)
            return tool_usage("`%s` is not NAME=VALUE", invocation->operands[i]);
    int err = take_settings(invocation, NULL, 0, &fault);
    if (err == 0)
        err = find(invocation, &office, &account, &fault);
    if (err == 0)
        err = take_settings(invocation, office.store, account.id, &fault);
    if (err == 0)
        err = provision_settings_load(office.reader, account.id, invocation->arena, &settings,
                                      &fault);
    if (err < 0)
        return tool_fail(invocation, &fault);
    show_settings(invocation, &settings);
    return TOOL_FINE;
}

/* ---- provisioning ---------------------------------------------------------------------------- */

/* The port of the first address that a door listens on; 0: the kernel chooses it. */
static uint16_t first_port(const char *addresses, uint16_t usual)
{
    struct slice list = slice_of(addresses), text;
    struct address address;
    struct fault fault;
    if (!slice_next(&list, ' ', &text) || address_parse(text, usual, &address, &fault) < 0)
        return 0;
    return address_port(&address);
}

static int print_document(struct invocation *invocation, const struct office *office,
                          const struct account *account, struct slice group, struct buf *out,
                          bool *known_out, struct fault *fault)
{
    const struct config *config = office->config;
    struct site site = offer_site(config, first_port(config->listen.https, 443),
                                  first_port(config->listen.sip, 5061));
    struct provision_options options = offer_provision(config, &site);
    struct policy_subject subject = offer_subject(config, account->id);
    struct provision_settings settings;
    struct policy_effective effective;
    int err = policy_effective_load(office->reader, &subject, invocation->arena, &effective, fault);
    if (err == 0)
        err = provision_settings_load(office->reader, account->id, invocation->arena, &settings,
                                      fault);
    if (err < 0)
        return err;
    struct provision_user user = {account->address, &settings, &effective};
    *known_out = provision_print(&options, &user, group, out);
    return 0;
}

static enum tool_exit unknown_group(const char *group)
{
    const char *near = provision_group_name(0), *name;
    for (unsigned i = 1; (name = provision_group_name(i)); i++)
        if (slice_distance(slice_of(group), slice_of(name)) <
            slice_distance(slice_of(group), slice_of(near)))
            near = name;
    return tool_usage("no group of provisioning is called `%s`; did you mean %s?", group, near);
}

enum tool_exit user_provisioning_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    scoped(buf) struct buf document = BUF_INIT;
    const char *group = invocation->operand_count > 1 ? invocation->operands[1] : NULL;
    struct account account;
    struct fault fault;
    bool known = false;
    int err = find(invocation, &office, &account, &fault);
    if (err == 0)
        err = print_document(invocation, &office, &account, slice_of(group), &document, &known,
                             &fault);
    if (err < 0)
        return tool_fail(invocation, &fault);
    if (!known)
        return unknown_group(group);
    if (invocation->json)
        show_json(json_pack("{s:o,s:o}", "address", show_text(account.address), "document",
                            show_text(buf_slice(&document))));
    else
        puts(buf_string(&document));
    return TOOL_FINE;
}
