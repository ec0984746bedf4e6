/* The commands on stdin, one a line. They are read from sign-on, so that a
 * whole script can be piped in; the end of the input means quit. */
#include "sipe_client.h"

#include <string.h>

static void do_quit(const char *who, const char *rest)
{
    (void)who, (void)rest;
    client_quit(OUTCOME_SIGNED_ON);
}

static void do_status(const char *id, const char *note)
{
    if (!purple_account_get_status_type(client.account, id)) {
        say("bad-command", "s:s", "text", "this account has no such status");
        return;
    }
    if (*note)
        purple_account_set_status(client.account, id, TRUE, "message", note, NULL);
    else
        purple_account_set_status(client.account, id, TRUE, NULL);
}

/* As the buddy list has it: SIPE's names begin with "sip:", but for the new ones. */
static const char *known_as(const char *who)
{
    static char name[512];
    PurpleBuddy *buddy = purple_find_buddy(client.account, who);

    g_snprintf(name, sizeof name, "sip:%s", who);
    if (!buddy)
        buddy = purple_find_buddy(client.account, name);
    return buddy ? purple_buddy_get_name(buddy) : who;
}

static void do_im(const char *address, const char *text)
{
    const char *who = known_as(address);
    PurpleConversation *conversation =
        purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, client.account);
    g_autofree char *html = g_markup_escape_text(text, -1);

    if (!conversation)
        conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, client.account, who);
    purple_conv_im_send(PURPLE_CONV_IM(conversation), html);
}

/* That we are writing; SIPE tells it to whoever it has a conversation with. */
static void do_typing(const char *address, const char *rest)
{
    (void)rest;
    serv_send_typing(purple_account_get_connection(client.account), known_as(address),
                     PURPLE_TYPING);
}

static void do_add(const char *who, const char *group_name)
{
    const char *name = *group_name ? group_name : "Lychgate";
    PurpleGroup *group = purple_find_group(name);
    PurpleBuddy *buddy = purple_buddy_new(client.account, who, NULL);

    if (!group) {
        group = purple_group_new(name);
        purple_blist_add_group(group, NULL);
    }
    purple_blist_add_buddy(buddy, NULL, group, NULL);
    purple_account_add_buddy_with_invite(client.account, buddy, NULL);
}

static void do_remove(const char *who, const char *rest)
{
    PurpleBuddy *buddy = purple_find_buddy(client.account, known_as(who));

    (void)rest;
    if (!buddy) {
        say("bad-command", "s:s", "text", "nobody of that address is on the list");
        return;
    }
    purple_account_remove_buddy(client.account, buddy, purple_buddy_get_group(buddy));
    purple_blist_remove_buddy(buddy);
}

static void do_block(const char *who, const char *rest)
{
    (void)rest;
    purple_privacy_deny(client.account, who, FALSE, FALSE);
}

static void do_unblock(const char *who, const char *rest)
{
    (void)rest;
    purple_privacy_allow(client.account, who, FALSE, FALSE);
}

static void do_show(const char *who, const char *rest)
{
    PurpleStatus *own = purple_account_get_active_status(client.account);
    GSList *buddies = purple_find_buddies(client.account, NULL);

    (void)who, (void)rest;
    say("self", "s:s, s:s", "address", client.address, "status", purple_status_get_id(own));
    for (GSList *i = buddies; i; i = i->next) {
        PurpleBuddy *buddy = i->data;
        PurpleStatus *status = purple_presence_get_active_status(purple_buddy_get_presence(buddy));

        say("buddy", "s:s, s:s?, s:s, s:s, s:b", "address",
            bare_address(purple_buddy_get_name(buddy)), "name", purple_buddy_get_alias(buddy),
            "group", purple_group_get_name(purple_buddy_get_group(buddy)), "status",
            purple_status_get_id(status), "blocked",
            !purple_privacy_check(client.account, purple_buddy_get_name(buddy)));
    }
    g_slist_free(buddies);
    say("shown", "");
}

static const struct command {
    const char *name;
    int words; /* that it cannot do without */
    void (*run)(const char *first, const char *rest);
} commands[] = {
    {"quit", 0, do_quit},       {"status", 1, do_status}, {"im", 2, do_im},
    {"add", 1, do_add},         {"remove", 1, do_remove}, {"block", 1, do_block},
    {"unblock", 1, do_unblock}, {"typing", 1, do_typing}, {"show", 0, do_show},
};

static void obey(char *line)
{
    g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", 3);
    int count = (int)g_strv_length(words);

    if (!count)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, words[0]) != 0 || count <= commands[i].words)
            continue;
        commands[i].run(count > 1 ? words[1] : "", count > 2 ? words[2] : "");
        return;
    }
    say("bad-command", "s:s", "text", line);
}

static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    g_autofree char *line = NULL;
    GIOStatus status = g_io_channel_read_line(channel, &line, NULL, NULL, NULL);

    (void)condition, (void)data;
    if (status == G_IO_STATUS_AGAIN)
        return G_SOURCE_CONTINUE;
    if (status != G_IO_STATUS_NORMAL) {
        client_quit(OUTCOME_SIGNED_ON);
        return G_SOURCE_REMOVE;
    }
    obey(line);
    return client.quitting ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void commands_start(void)
{
    GIOChannel *channel = g_io_channel_unix_new(STDIN_FILENO);

    g_io_channel_set_encoding(channel, NULL, NULL);
    g_io_add_watch(channel, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, NULL);
    g_io_channel_unref(channel);
}
