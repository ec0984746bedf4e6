#include "bench/usage.h"

#include "base/arena.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Add the numbers behind `key` (at the start of a line) of one file of /proc. */
static void add_line(const char *path, const char *key, int64_t *sum)
{
    char line[256];
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            *sum += strtoll(line + strlen(key), NULL, 10);
    if (file)
        fclose(file);
}

/* Nanoseconds on a processor: the first number of schedstat, exact where
 * /proc/PID/stat counts in ticks of 10 ms. */
static void add_cpu(const char *path, int64_t *us)
{
    int64_t ns = 0;
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%" SCNd64, &ns) == 1)
        *us += ns / 1000;
    if (file)
        fclose(file);
}

static void each_entry(const char *folder, void (*fn)(void *arg, const char *name), void *arg)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            fn(arg, entry->d_name);
    if (dir)
        closedir(dir);
}

struct look {
    struct arena *arena;
    struct bench_usage *usage;
    pid_t pid;
    bool with_children;
};

static void look_at(struct look *look);

static void look_at_child(const struct look *parent, const char *task)
{
    long child;
    FILE *file = fopen(
        arena_print(parent->arena, "/proc/%d/task/%s/children", (int)parent->pid, task).at, "re");
    while (file && fscanf(file, "%ld", &child) == 1)
        look_at(&(struct look){parent->arena, parent->usage, (pid_t)child, false});
    if (file)
        fclose(file);
}

static void look_at_thread(void *arg, const char *task)
{
    struct look *look = arg;
    const char *folder = arena_print(look->arena, "/proc/%d/task/%s", (int)look->pid, task).at;
    add_line(arena_print(look->arena, "%s/status", folder).at,
             "voluntary_ctxt_switches:", &look->usage->wakeups);
    add_cpu(arena_print(look->arena, "%s/schedstat", folder).at, &look->usage->cpu_us);
    if (look->with_children)
        look_at_child(look, task);
}

static void look_at(struct look *look)
{
    const char *rollup = arena_print(look->arena, "/proc/%d/smaps_rollup", (int)look->pid).at;
    look->usage->processes++;
    add_line(rollup, "Pss:", &look->usage->pss_kib);
    add_line(rollup, "Rss:", &look->usage->rss_kib);
    each_entry(arena_print(look->arena, "/proc/%d/task", (int)look->pid).at, look_at_thread, look);
}

static void count_one(void *arg, const char *name)
{
    int64_t *count = arg;
    (void)name;
    ++*count;
}

int bench_usage_read(pid_t pid, struct bench_usage *usage_out, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct look look = {arena, usage_out, pid, true};
    *usage_out = (struct bench_usage){0};
    look_at(&look);
    each_entry(arena_print(arena, "/proc/%d/fd", (int)pid).at, count_one, &usage_out->descriptors);
    if (usage_out->rss_kib == 0)
        return fault_set(fault, ERR_IO, FINDING_INTERNAL, "/proc/%d cannot be read: %s", (int)pid,
                         strerror(errno));
    return 0;
}
