/* sipe_client: the foreign judge of the sign-in. It knows what a Pidgin user
 * knows, an address and a password: server, transport and authentication are
 * left for Debian's pidgin-sipe to find out. Every run has a new profile directory,
 * so nothing is remembered from an earlier one. */
#include "sipe_client.h"

#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#define UI_NAME "lychgate-sipe-client"

struct options {
    char *address;
    char *password_file;
    char *ca_dir;
    char *debug_file;
    int timeout; /* seconds for the whole run */
};

struct client client = {.outcome = OUTCOME_REFUSED};

static gint64 started;
static FILE *debug_log;

const char *bare_address(const char *name)
{
    /* SIPE calls everybody but ourselves "sip:user@domain". */
    return g_str_has_prefix(name, "sip:") ? name + strlen("sip:") : name;
}

void say(const char *event, const char *members, ...)
{
    g_autofree char *format = g_strdup_printf("{%s}", members);
    json_t *line = json_object(), *rest;
    json_error_t error;
    va_list arguments;

    va_start(arguments, members);
    rest = json_vpack_ex(&error, 0, format, arguments);
    va_end(arguments);
    json_object_set_new(line, "event", json_string(event));
    json_object_set_new(line, "ms", json_integer((g_get_monotonic_time() - started) / 1000));
    if (rest)
        json_object_update(line, rest);
    else /* a text that is not UTF-8 */
        json_object_set_new(line, "unprintable", json_string(error.text));
    json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    putchar('\n');
    fflush(stdout);
    json_decref(rest);
    json_decref(line);
}

static gboolean leave_loop(gpointer data)
{
    (void)data;
    g_main_loop_quit(client.loop);
    return G_SOURCE_REMOVE;
}

void client_quit(enum outcome outcome)
{
    if (client.quitting)
        return;
    client.quitting = true;
    client.outcome = outcome;
    /* We may stand deep in a callback of the connection that is to be ended. */
    g_idle_add(leave_loop, NULL);
}

static gboolean on_timeout(gpointer data)
{
    (void)data;
    say("timeout", "s:b", "signed_on", client.signed_on);
    client_quit(OUTCOME_REFUSED);
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer data)
{
    (void)data;
    client_quit(client.signed_on ? OUTCOME_SIGNED_ON : OUTCOME_REFUSED);
    return G_SOURCE_CONTINUE;
}

/* libpurple has no main loop of its own; it is lent GLib's. */

struct watch {
    PurpleInputFunction function;
    gpointer data;
};

static gboolean on_watch(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    struct watch *watch = data;
    int ready = 0;

    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        ready |= PURPLE_INPUT_READ;
    if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
        ready |= PURPLE_INPUT_WRITE;
    watch->function(watch->data, g_io_channel_unix_get_fd(channel), (PurpleInputCondition)ready);
    return G_SOURCE_CONTINUE;
}

static guint add_watch(int fd, PurpleInputCondition wanted, PurpleInputFunction function,
                       gpointer data)
{
    struct watch *watch = g_new0(struct watch, 1);
    GIOChannel *channel = g_io_channel_unix_new(fd);
    int condition = 0;
    guint id;

    watch->function = function;
    watch->data = data;
    if (wanted & PURPLE_INPUT_READ)
        condition |= G_IO_IN | G_IO_HUP | G_IO_ERR;
    if (wanted & PURPLE_INPUT_WRITE)
        condition |= G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL;
    id = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, (GIOCondition)condition, on_watch, watch,
                             g_free);
    g_io_channel_unref(channel);
    return id;
}

static PurpleEventLoopUiOps loop_ops = {
    .timeout_add = g_timeout_add,
    .timeout_remove = g_source_remove,
    .input_add = add_watch,
    .input_remove = g_source_remove,
    .timeout_add_seconds = g_timeout_add_seconds,
};

static void print_debug(PurpleDebugLevel level, const char *category, const char *text)
{
    (void)level;
    fprintf(debug_log, "%8lld %s: %s", (long long)((g_get_monotonic_time() - started) / 1000),
            category ? category : "-", text);
}

static gboolean debug_wanted(PurpleDebugLevel level, const char *category)
{
    (void)level, (void)category;
    return debug_log != NULL;
}

static PurpleDebugUiOps debug_ops = {
    .print = print_debug,
    .is_enabled = debug_wanted,
};

/* GLib's complaints (SIPE earns some at sign-out) go where the rest goes. */
static void print_glib(const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
    (void)level, (void)data;
    if (debug_log)
        fprintf(debug_log, "%s: %s\n", domain ? domain : "-", text);
}

/* SIPE writes its SIP and HTTP messages, password included, into the log only
 * when both verbose and unsafe are set. The log belongs to a test. */
static void debug_install(void)
{
    purple_debug_set_ui_ops(&debug_ops);
    purple_debug_set_verbose(debug_log != NULL);
    purple_debug_set_unsafe(debug_log != NULL);
}

static PurpleCoreUiOps core_ops = {
    .debug_ui_init = debug_install,
    .ui_init = watch_install,
};

static bool purple_start(const struct options *options, const char *profile)
{
    /* This replaces libpurple's list of directories: nothing else is trusted. */
    purple_certificate_add_ca_search_path(options->ca_dir);
    purple_util_set_user_dir(profile);
    purple_core_set_ui_ops(&core_ops);
    purple_eventloop_set_ui_ops(&loop_ops);
    if (!purple_core_init(UI_NAME)) {
        fputs("sipe_client: libpurple does not start\n", stderr);
        return false;
    }
    if (!purple_find_prpl("prpl-sipe")) {
        fputs("sipe_client: libpurple does not find SIPE; install Debian's pidgin-sipe\n", stderr);
        return false;
    }
    purple_set_blist(purple_blist_new());
    purple_prefs_set_bool("/purple/logging/log_ims", FALSE);
    watch_signals();
    return true;
}

/* Pidgin's account dialogue saves every option, changed or not, and SIPE counts
 * on it: where "authentication" was never saved it takes NTLM, not automatic. */
static void account_save_defaults(PurpleAccount *account)
{
    PurplePluginProtocolInfo *protocol =
        PURPLE_PLUGIN_PROTOCOL_INFO(purple_find_prpl(purple_account_get_protocol_id(account)));

    for (GList *i = protocol->protocol_options; i; i = i->next) {
        PurpleAccountOption *option = i->data;
        const char *name = purple_account_option_get_setting(option);

        switch (purple_account_option_get_type(option)) {
        case PURPLE_PREF_BOOLEAN:
            purple_account_set_bool(account, name, purple_account_option_get_default_bool(option));
            break;
        case PURPLE_PREF_INT:
            purple_account_set_int(account, name, purple_account_option_get_default_int(option));
            break;
        case PURPLE_PREF_STRING:
            purple_account_set_string(account, name,
                                      purple_account_option_get_default_string(option));
            break;
        case PURPLE_PREF_STRING_LIST:
            purple_account_set_string(account, name,
                                      purple_account_option_get_default_list_value(option));
            break;
        default:
            break;
        }
    }
}

static bool account_start(const struct options *options)
{
    g_autofree char *password = NULL;
    /* SIPE's user name has two halves, "address,login"; the login is left empty. */
    g_autofree char *name = g_strconcat(options->address, ",", NULL);
    PurpleProxyInfo *direct = purple_proxy_info_new();
    GError *error = NULL;

    if (!g_file_get_contents(options->password_file, &password, NULL, &error)) {
        fprintf(stderr, "sipe_client: password: %s\n", error->message);
        g_error_free(error);
        purple_proxy_info_destroy(direct);
        return false;
    }
    password[strcspn(password, "\r\n")] = '\0';

    client.account = purple_account_new(name, "prpl-sipe");
    purple_account_set_password(client.account, password);
    explicit_bzero(password, strlen(password));
    purple_proxy_info_set_type(direct, PURPLE_PROXY_NONE);
    purple_account_set_proxy_info(client.account, direct);
    account_save_defaults(client.account);
    purple_accounts_add(client.account);
    purple_account_set_status(client.account, "available", TRUE, NULL);
    purple_account_set_enabled(client.account, UI_NAME, TRUE);
    if (!purple_account_get_connection(client.account))
        purple_account_connect(client.account);
    return true;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static enum outcome run(const struct options *options)
{
    GError *error = NULL;
    g_autofree char *profile = g_dir_make_tmp("lychgate-sipe-XXXXXX", &error);

    if (!profile) {
        fprintf(stderr, "sipe_client: %s\n", error->message);
        g_error_free(error);
        return OUTCOME_COULD_NOT_RUN;
    }
    client.address = options->address;
    client.loop = g_main_loop_new(NULL, FALSE);
    client.outcome = OUTCOME_COULD_NOT_RUN;
    g_timeout_add_seconds((guint)options->timeout, on_timeout, NULL);
    g_unix_signal_add(SIGTERM, on_signal, NULL);
    g_unix_signal_add(SIGINT, on_signal, NULL);

    if (purple_start(options, profile)) {
        if (account_start(options))
            g_main_loop_run(client.loop);
        purple_core_quit(); /* signs out first */
    }
    nftw(profile, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    g_main_loop_unref(client.loop);
    return client.outcome;
}

static bool options_parse(struct options *options, int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file,
         "first line is the password", "FILE"},
        {"ca-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_dir,
         "trust the *.pem and *.crt in DIR and nothing else", "DIR"},
        {"debug", 0, 0, G_OPTION_ARG_FILENAME, &options->debug_file,
         "write libpurple's log, with all messages and secrets", "FILE"},
        {"timeout", 0, 0, G_OPTION_ARG_INT, &options->timeout, "give up after so long (120)",
         "SECONDS"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("ADDRESS");
    GError *error = NULL;

    g_option_context_set_summary(context,
                                 "Signs in with Pidgin's SIPE and obeys stdin: quit, status "
                                 "ID [NOTE], im ADDRESS TEXT,\nadd ADDRESS [GROUP], remove "
                                 "ADDRESS, block ADDRESS, unblock ADDRESS, typing ADDRESS, show.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "sipe_client: %s\n", error->message);
        g_error_free(error);
        return false;
    }
    if (argc != 2 || !options->password_file || !options->ca_dir || options->timeout <= 0) {
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);

        fputs(help, stderr);
        return false;
    }
    options->address = argv[1];
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.timeout = 120};

    started = g_get_monotonic_time();
    /* The words on libpurple's buttons are compared; they must be English. */
    g_setenv("LC_ALL", "C.UTF-8", TRUE);
    /* Nothing of the user's desktop shall have a say. */
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
    g_unsetenv("http_proxy");
    g_unsetenv("https_proxy");
    g_unsetenv("KRB5CCNAME");
    signal(SIGPIPE, SIG_IGN);
    g_log_set_default_handler(print_glib, NULL);

    if (!options_parse(&options, argc, argv))
        return OUTCOME_USAGE;
    if (!g_file_test(options.ca_dir, G_FILE_TEST_IS_DIR)) {
        fprintf(stderr, "sipe_client: %s: no such directory\n", options.ca_dir);
        return OUTCOME_COULD_NOT_RUN;
    }
    if (options.debug_file) {
        debug_log = fopen(options.debug_file, "we");
        if (!debug_log) {
            fprintf(stderr, "sipe_client: %s: %s\n", options.debug_file, strerror(errno));
            return OUTCOME_COULD_NOT_RUN;
        }
        setvbuf(debug_log, NULL, _IOLBF, 0);
    }
    return (int)run(&options);
}
