/* lychgated: the server's main. Options, configuration, then server_run(). */
#include "event/event.h"
#include "server/server.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
    EXIT_FINE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2
};

static const char help[] =
    "Usage: lychgated --config FILE [OPTION]...\n"
    "The server that Lync and Skype for Business clients sign in to.\n"
    "\n"
    "  -c, --config FILE   the configuration (lychgated.conf(5))\n"
    "      --check         read it and all it names, say what is wrong, and exit\n"
    "      --ready FILE    write FILE (JSON: ports, pid) once all is open\n"
    "      --help          show this help\n"
    "      --version       show the version\n"
    "\n"
    "Runs in the foreground and logs to standard error. SIGHUP reads certificates\n"
    "and configuration again, SIGTERM finishes what is in work and ends.\n"
    "Exit status: 0 fine, 1 could not start or failed, 2 usage.\n";

static int fail(const struct fault *fault)
{
    const struct finding_row *row = finding_row(fault->finding);
    fprintf(stderr, "lychgated: %s\n%s\n%s\n", fault->detail, row->admin, row->remedy);
    return EXIT_FAILED;
}

static int check(struct config *config)
{
    struct fault fault;
    int err = server_check(config, &fault);
    config_free(config);
    if (err < 0)
        return fail(&fault);
    puts("The configuration is fine.");
    return EXIT_FINE;
}

int main(int argc, char **argv)
{
    enum {
        OPT_CHECK = 256,
        OPT_READY,
        OPT_HELP,
        OPT_VERSION
    };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},      {"check", no_argument, NULL, OPT_CHECK},
        {"ready", required_argument, NULL, OPT_READY}, {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},   {0},
    };
    struct server_options server_options = {0};
    bool check_only = false;
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            server_options.config_path = optarg;
            break;
        case OPT_CHECK:
            check_only = true;
            break;
        case OPT_READY:
            server_options.ready_path = optarg;
            break;
        case OPT_HELP:
            fputs(help, stdout);
            return EXIT_FINE;
        case OPT_VERSION:
            puts("lychgated " LYCHGATE_VERSION);
            return EXIT_FINE;
        default:
            fputs("Try `lychgated --help`.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (!server_options.config_path || optind != argc) {
        fputs("lychgated: --config FILE is needed, and no other arguments\n"
              "Try `lychgated --help`.\n",
              stderr);
        return EXIT_USAGE;
    }
    struct config *config;
    struct server *server;
    struct fault fault;
    if (config_load(server_options.config_path, &config, &fault) < 0)
        return fail(&fault);
    if (check_only)
        return check(config);
    event_set_sink(event_log_stderr, NULL, event_level_by_name(config->log.level));
    if (server_new(config, &server_options, &server, &fault) < 0)
        return fail(&fault);
    int err = server_run(server);
    server_free(server);
    return err < 0 ? EXIT_FAILED : EXIT_FINE;
}
