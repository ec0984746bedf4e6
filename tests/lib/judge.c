#include "judge.h"

#include "base/arena.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool find(const char *program, char *path, size_t size)
{
    const char *set = getenv("PATH");
    scoped(arena) struct arena *a = arena_new();
    struct slice dir, list = arena_print(a, "%s:/usr/sbin:/sbin", set ? set : "/usr/bin:/bin");
    while (slice_next(&list, ':', &dir)) {
        snprintf(path, size, "%.*s/%s", SLICE_ARG(dir), program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

bool judge_there(const char *program)
{
    char path[4096];
    return find(program, path, sizeof path);
}

int judge_run(struct buf *said, const char *const *argv)
{
    char path[4096];
    int ends[2], status = 0;
    pid_t pid;
    if (!find(argv[0], path, sizeof path) || pipe(ends) != 0)
        return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int err = posix_spawn(&pid, path, &actions, NULL, (char **)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char piece[4096];
    for (ssize_t got; err == 0 && (got = read(ends[0], piece, sizeof piece)) > 0;)
        buf_add(said, slice_make(piece, (size_t)got));
    close(ends[0]);
    if (err != 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
