/* Settings of one user that provisioning and presence tell to his endpoints. */
#ifndef LYCHGATE_PROVISION_SETTING_H
#define LYCHGATE_PROVISION_SETTING_H

#include "policy/kind.h"
#include "store/store.h"

/* The table of this room; needs accounts_schema before it. */
extern const struct store_schema provision_schema;

/* What can be set: VoiceMailUri, EnterpriseVoiceEnabled, LineUri, CommonAreaPhone,
 * DisableFileTransfer; NULL-terminated by name. */
extern const struct policy_attribute provision_settings[];

/* Plain data in an arena. */
struct provision_settings {
    struct slice voicemail; /* "sip:alice@...;opaque=app:voicemail"; empty: none */
    struct slice line;      /* "tel:+14255550100"; empty: none */
    bool voice;             /* has the telephony of Enterprise Voice */
    bool common_area_phone;
    bool no_file_transfer;
};

/* Could it be set? Both as they would be stored; the value comes from the arena. The
 * nearest setting is in the detail. -ERR_UNKNOWN, -ERR_MALFORMED: POLICY_INVALID. */
int provision_setting_check(struct slice name, struct slice value, struct arena *arena,
                            struct slice *name_out, struct slice *value_out, struct fault *fault);

/* Both block. Set one; an absent value goes back to the default. -ERR_UNKNOWN:
 * POLICY_INVALID (no such setting) or UNKNOWN_USER; -ERR_MALFORMED, POLICY_INVALID. */
int provision_setting_set(struct store *store, int64_t account, struct slice name,
                          struct slice value, struct fault *fault);

int provision_settings_load(struct store_reader *reader, int64_t account, struct arena *arena,
                            struct provision_settings *out, struct fault *fault);

#endif
