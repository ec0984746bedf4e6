#include "provision/setting.h"

#include "accounts/account.h"

static const char *const steps[] = {
    "create table user_setting ("
    "  account_id integer not null references account (id) on delete cascade,"
    "  name text not null,"
    "  value text not null,"
    "  primary key (account_id, name));",
};
const struct store_schema provision_schema = {"provision", steps, 1};

enum {
    SETTING_VOICE_MAIL,
    SETTING_VOICE,
    SETTING_LINE,
    SETTING_COMMON_AREA,
    SETTING_NO_FILES,
    SETTINGS
};

const struct policy_attribute provision_settings[] = {
    [SETTING_VOICE_MAIL] = {.name = "VoiceMailUri",
                            .type = POLICY_TEXT,
                            .value = "",
                            .max = 454,
                            .help = "SIP address of the user's voice mail."},
    [SETTING_VOICE] = {.name = "EnterpriseVoiceEnabled",
                       .type = POLICY_BOOL,
                       .value = "false",
                       .help = "The user has telephony."},
    [SETTING_LINE] = {.name = "LineUri",
                      .type = POLICY_TEXT,
                      .value = "",
                      .max = 454,
                      .help = "tel URI of the user's number."},
    [SETTING_COMMON_AREA] = {.name = "CommonAreaPhone",
                             .type = POLICY_BOOL,
                             .value = "false",
                             .help = "The account is a telephone in a public place."},
    [SETTING_NO_FILES] = {.name = "DisableFileTransfer",
                          .type = POLICY_BOOL,
                          .value = "false",
                          .help = "The user may not send files."},
    [SETTINGS] = {.name = NULL},
};

static int setting_find(struct slice name)
{
    for (int i = 0; i < SETTINGS; i++)
        if (slice_eq_nocase(name, slice_of(provision_settings[i].name)))
            return i;
    return -ERR_UNKNOWN;
}

static int setting_unknown(struct slice name, struct fault *fault)
{
    const char *near = provision_settings[0].name;
    name = slice_head(name, 40);
    for (int i = 1; i < SETTINGS; i++)
        if (slice_distance(name, slice_of(provision_settings[i].name)) <
            slice_distance(name, slice_of(near)))
            near = provision_settings[i].name;
    return fault_set(fault, ERR_UNKNOWN, FINDING_POLICY_INVALID,
                     "a user has no setting %.*s; did you mean %s?", SLICE_ARG(name), near);
}

struct change {
    int64_t account;
    struct slice name, value;
};

static int write_setting(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *c = arg;
    int result =
        store_exec(db, fault, "delete from user_setting where account_id = ?1 and name = ?2",
                   STORE_INT(c->account), STORE_TEXT(c->name), STORE_END);
    if (result >= 0 && !slice_absent(c->value))
        result = store_exec(
            db, fault, "insert into user_setting (account_id, name, value) values (?1, ?2, ?3)",
            STORE_INT(c->account), STORE_TEXT(c->name), STORE_TEXT(c->value), STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                         (long long)c->account);
    return result < 0 ? result : 0;
}

static int check_uri(int setting, struct slice value, struct fault *fault)
{
    struct slice scheme = setting == SETTING_LINE ? SLICE("tel:") : SLICE("sip:");
    if (setting != SETTING_LINE && setting != SETTING_VOICE_MAIL)
        return 0;
    if (slice_empty(value) || (slice_starts_nocase(value, scheme) && slice_index(value, ' ') < 0))
        return 0;
    return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID, "%s begins with %.*s",
                     provision_settings[setting].name, SLICE_ARG(scheme));
}

int provision_setting_check(struct slice name, struct slice value, struct arena *arena,
                            struct slice *name_out, struct slice *value_out, struct fault *fault)
{
    int found = setting_find(name), result = 0;
    if (found < 0)
        return setting_unknown(name, fault);
    *name_out = slice_of(provision_settings[found].name);
    *value_out = (struct slice){0};
    if (!slice_absent(value))
        result = policy_value_check(&provision_settings[found], value, arena, value_out, fault);
    return result < 0 ? result : check_uri(found, *value_out, fault);
}

int provision_setting_set(struct store *store, int64_t account, struct slice name,
                          struct slice value, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.account = account};
    int result = provision_setting_check(name, value, arena, &change.name, &change.value, fault);
    return result < 0 ? result : store_write(store, write_setting, &change, fault);
}

struct loading {
    struct arena *arena;
    struct provision_settings *out;
};

static int load_setting(const struct store_row *row, void *arg)
{
    struct loading *loading = arg;
    struct slice value = store_row_text(row, 1, loading->arena);
    bool yes = slice_eq(value, SLICE("true"));
    switch (setting_find(store_row_text(row, 0, loading->arena))) {
    case SETTING_VOICE_MAIL:
        loading->out->voicemail = value;
        break;
    case SETTING_VOICE:
        loading->out->voice = yes;
        break;
    case SETTING_LINE:
        loading->out->line = value;
        break;
    case SETTING_COMMON_AREA:
        loading->out->common_area_phone = yes;
        break;
    case SETTING_NO_FILES:
        loading->out->no_file_transfer = yes;
        break;
    default:
        break;
    }
    return 0;
}

int provision_settings_load(struct store_reader *reader, int64_t account, struct arena *arena,
                            struct provision_settings *out, struct fault *fault)
{
    struct loading loading = {arena, out};
    *out = (struct provision_settings){0};
    int result = store_query(store_reader_db(reader), fault, load_setting, &loading,
                             "select name, value from user_setting where account_id = ?1",
                             STORE_INT(account), STORE_END);
    return result < 0 ? result : 0;
}
