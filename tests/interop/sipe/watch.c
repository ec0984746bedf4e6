/* What happens in libpurple, as lines of JSON. */
#include "sipe_client.h"

#include <string.h>

static const char *const error_names[] = {
    [PURPLE_CONNECTION_ERROR_NETWORK_ERROR] = "network-error",
    [PURPLE_CONNECTION_ERROR_INVALID_USERNAME] = "invalid-username",
    [PURPLE_CONNECTION_ERROR_AUTHENTICATION_FAILED] = "authentication-failed",
    [PURPLE_CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE] = "authentication-impossible",
    [PURPLE_CONNECTION_ERROR_NO_SSL_SUPPORT] = "no-ssl-support",
    [PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR] = "encryption-error",
    [PURPLE_CONNECTION_ERROR_NAME_IN_USE] = "name-in-use",
    [PURPLE_CONNECTION_ERROR_INVALID_SETTINGS] = "invalid-settings",
    [PURPLE_CONNECTION_ERROR_CERT_NOT_PROVIDED] = "cert-not-provided",
    [PURPLE_CONNECTION_ERROR_CERT_UNTRUSTED] = "cert-untrusted",
    [PURPLE_CONNECTION_ERROR_CERT_EXPIRED] = "cert-expired",
    [PURPLE_CONNECTION_ERROR_CERT_NOT_ACTIVATED] = "cert-not-activated",
    [PURPLE_CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH] = "cert-hostname-mismatch",
    [PURPLE_CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH] = "cert-fingerprint-mismatch",
    [PURPLE_CONNECTION_ERROR_CERT_SELF_SIGNED] = "cert-self-signed",
    [PURPLE_CONNECTION_ERROR_CERT_OTHER_ERROR] = "cert-other-error",
    [PURPLE_CONNECTION_ERROR_OTHER_ERROR] = "other-error",
};

static void on_progress(PurpleConnection *connection, const char *text, size_t step, size_t steps)
{
    (void)connection;
    say("connecting", "s:s?, s:i, s:i", "text", text, "step", (int)step, "steps", (int)steps);
}

static void on_connected(PurpleConnection *connection)
{
    (void)connection;
    say("signed-on", "s:s", "address", client.address);
    client.signed_on = true;
    commands_start();
}

static void on_disconnected(PurpleConnection *connection)
{
    (void)connection;
    say("disconnected", "s:b", "asked", client.quitting);
    if (!client.quitting)
        client_quit(OUTCOME_REFUSED);
}

static void on_notice(PurpleConnection *connection, const char *text)
{
    (void)connection;
    say("notice", "s:s?", "text", text);
}

/* libpurple tells the reason first and calls on_disconnected() later. */
static void on_error(PurpleConnection *connection, PurpleConnectionError reason, const char *text)
{
    (void)connection;
    say("connection-error", "s:s, s:s?", "reason",
        (size_t)reason < G_N_ELEMENTS(error_names) ? error_names[reason] : "unknown", "text", text);
}

static PurpleConnectionUiOps connection_ops = {
    .connect_progress = on_progress,
    .connected = on_connected,
    .disconnected = on_disconnected,
    .notice = on_notice,
    .report_disconnect_reason = on_error,
};

/* The only question that libpurple asks with more than one button before
 * sign-on is whether an untrusted certificate shall be accepted. Without an answer the
 * connection would hang for ever; ours is always no. */
static void *on_question(const char *title, const char *primary, const char *secondary,
                         int default_action, PurpleAccount *account, const char *who,
                         PurpleConversation *conversation, void *user_data, size_t count,
                         va_list actions)
{
    (void)default_action, (void)account, (void)who, (void)conversation;
    for (size_t i = 0; i < count; i++) {
        const char *label = va_arg(actions, const char *);
        GCallback callback = va_arg(actions, GCallback);

        if (callback && strstr(label, "Reject")) {
            say("certificate-refused", "s:s?, s:s?", "text", primary, "detail", secondary);
            ((PurpleRequestActionCb)callback)(user_data, (int)i);
            return NULL;
        }
    }
    say("question", "s:s?, s:s?, s:s?", "title", title, "text", primary, "detail", secondary);
    return NULL;
}

static PurpleRequestUiOps request_ops = {
    .request_action = on_question,
};

static void *on_message_box(PurpleNotifyMsgType type, const char *title, const char *primary,
                            const char *secondary)
{
    static const char *const levels[] = {
        [PURPLE_NOTIFY_MSG_ERROR] = "error",
        [PURPLE_NOTIFY_MSG_WARNING] = "warning",
        [PURPLE_NOTIFY_MSG_INFO] = "info",
    };

    say("message-box", "s:s, s:s?, s:s?, s:s?", "level", levels[type], "title", title, "text",
        primary, "detail", secondary);
    return NULL;
}

static PurpleNotifyUiOps notify_ops = {
    .notify_message = on_message_box,
};

/* Whoever adds us may see us. */
static void *on_authorize(PurpleAccount *account, const char *remote, const char *id,
                          const char *alias, const char *message, gboolean on_list,
                          PurpleAccountRequestAuthorizationCb authorize,
                          PurpleAccountRequestAuthorizationCb deny, void *user_data)
{
    (void)account, (void)id, (void)message, (void)deny;
    say("authorization-asked", "s:s, s:s?, s:b", "who", bare_address(remote), "alias", alias,
        "on_list", on_list);
    authorize(user_data);
    return NULL;
}

static void on_added(PurpleAccount *account, const char *remote, const char *id, const char *alias,
                     const char *message)
{
    (void)account, (void)id, (void)message;
    say("added-by", "s:s, s:s?", "who", bare_address(remote), "alias", alias);
}

static PurpleAccountUiOps account_ops = {
    .notify_added = on_added,
    .request_add = on_added,
    .request_authorize = on_authorize,
};

/* Messages of others come by a signal; what is left here are our own, shown as
 * soon as they are sent, and the notices in between ("was not delivered"). */
static void on_conversation(PurpleConversation *conversation, const char *name, const char *alias,
                            const char *message, PurpleMessageFlags flags, time_t when)
{
    g_autofree char *text = purple_markup_strip_html(message);

    (void)name, (void)alias, (void)when;
    if (flags & PURPLE_MESSAGE_RECV)
        return;
    say(flags & PURPLE_MESSAGE_SEND ? "im-shown" : "conversation-notice", "s:s, s:s, s:b", "with",
        bare_address(purple_conversation_get_name(conversation)), "text", text, "error",
        (flags & PURPLE_MESSAGE_ERROR) != 0);
}

static PurpleConversationUiOps conversation_ops = {
    .write_conv = on_conversation,
};

static void on_im(PurpleAccount *account, char *sender, char *message,
                  PurpleConversation *conversation, PurpleMessageFlags flags)
{
    g_autofree char *text = purple_markup_strip_html(message);

    (void)account, (void)conversation, (void)flags;
    say("im", "s:s, s:s, s:s", "from", bare_address(sender), "text", text, "html", message);
}

static void on_typing(PurpleAccount *account, const char *name)
{
    (void)account;
    say("typing", "s:s", "from", bare_address(name));
}

static void say_buddy(const char *event, PurpleBuddy *buddy)
{
    PurpleStatus *status = purple_presence_get_active_status(purple_buddy_get_presence(buddy));
    PurpleGroup *group = purple_buddy_get_group(buddy);

    say(event, "s:s, s:s?, s:s?, s:s?, s:s?", "address", bare_address(purple_buddy_get_name(buddy)),
        "name", purple_buddy_get_alias(buddy), "group", group ? purple_group_get_name(group) : NULL,
        "status", status ? purple_status_get_id(status) : NULL, "note",
        status ? purple_status_get_attr_string(status, "message") : NULL);
}

static void on_buddy_added(PurpleBuddy *buddy)
{
    say_buddy("buddy-added", buddy);
}

static void on_buddy_removed(PurpleBuddy *buddy)
{
    /* Its group and presence are half gone by now. */
    say("buddy-removed", "s:s", "address", bare_address(purple_buddy_get_name(buddy)));
}

static void on_buddy_status(PurpleBuddy *buddy, PurpleStatus *before, PurpleStatus *now)
{
    (void)before, (void)now;
    say_buddy("presence", buddy);
}

static void on_buddy_sign(PurpleBuddy *buddy)
{
    say_buddy("presence", buddy);
}

void watch_install(void)
{
    purple_accounts_set_ui_ops(&account_ops);
    purple_connections_set_ui_ops(&connection_ops);
    purple_conversations_set_ui_ops(&conversation_ops);
    purple_notify_set_ui_ops(&notify_ops);
    purple_request_set_ui_ops(&request_ops);
}

void watch_signals(void)
{
    static int handle;
    void *list = purple_blist_get_handle();
    void *conversations = purple_conversations_get_handle();

    purple_signal_connect(list, "buddy-added", &handle, G_CALLBACK(on_buddy_added), NULL);
    purple_signal_connect(list, "buddy-removed", &handle, G_CALLBACK(on_buddy_removed), NULL);
    purple_signal_connect(list, "buddy-signed-on", &handle, G_CALLBACK(on_buddy_sign), NULL);
    purple_signal_connect(list, "buddy-signed-off", &handle, G_CALLBACK(on_buddy_sign), NULL);
    purple_signal_connect(list, "buddy-status-changed", &handle, G_CALLBACK(on_buddy_status), NULL);
    purple_signal_connect(conversations, "received-im-msg", &handle, G_CALLBACK(on_im), NULL);
    purple_signal_connect(conversations, "buddy-typing", &handle, G_CALLBACK(on_typing), NULL);
}
