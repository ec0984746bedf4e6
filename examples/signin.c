/* The least program that signs in: address from the command line, password from the
 * environment, each step on a line, then signed out again.
 *
 *   cc signin.c $(pkg-config --cflags --libs lychgate) -o signin
 *   PASSWORD=... ./signin alice@contoso.test
 */
#include <lychgate/lychgate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ask(void *arg, char *to, size_t room)
{
    (void)arg;
    const char *password = getenv("PASSWORD");
    if (!password || strlen(password) >= room)
        return false;
    memcpy(to, password, strlen(password) + 1);
    return true;
}

static void show(void *arg, const struct lychgate_event *event)
{
    (void)arg;
    printf("%-20s %s: %s\n", event->step, event->asked,
           event->problem ? event->problem->detail : event->answer);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "Usage: PASSWORD=... %s ADDRESS [CA-FILE [NAME-SERVER [CONNECT-TO...]]]\n",
                argv[0]);
        return 2;
    }
    struct lychgate *gate = lychgate_new(&(struct lychgate_options){
        .address = argv[1],
        .password = ask,
        .ca_file = argc > 2 ? argv[2] : NULL,
        .dns = argc > 3 ? argv[3] : NULL,
        .connect_to = argc > 4 ? (const char *const *)&argv[4] : NULL,
        .no_cache = true,
        .event = show,
    });
    int failed = lychgate_signin(gate);
    if (failed)
        fprintf(stderr, "%s\n%s\n", lychgate_problem(gate)->user, lychgate_problem(gate)->remedy);
    else
        printf("signed in at %s\n", lychgate_summary(gate)->pool);
    lychgate_signout(gate);
    lychgate_free(gate);
    return failed ? 1 : 0;
}
