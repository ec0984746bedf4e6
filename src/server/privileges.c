#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void privileges_never_gain(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int privileges_drop(const char *user, struct fault *fault)
{
    if (!user[0])
        return 0;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONFIG_INVALID,
                         "[site] run-as: there is no user `%s`", user);
    if (getuid() == entry->pw_uid)
        return 0;
    if (initgroups(user, entry->pw_gid) < 0 || setgid(entry->pw_gid) < 0 ||
        setuid(entry->pw_uid) < 0)
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "[site] run-as %s: %s", user,
                         strerror(errno));
    if (setuid(0) == 0)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "privileges could be regained");
    return 0;
}
