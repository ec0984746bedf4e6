#include "server/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---------------------------------------------------------------- */

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};
static const struct unit sizes[] = {
    {"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0},
};
static const struct unit numbers[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum config_kind kind)
{
    return kind == CONFIG_DURATION ? durations : kind == CONFIG_SIZE ? sizes : numbers;
}

static bool read_number(struct slice text, enum config_kind kind, int64_t *number_out)
{
    bool negative = text.len > 0 && text.at[0] == '-';
    if (negative)
        text = slice_from(text, 1);
    size_t digits = 0;
    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    uint64_t number;
    if (slice_number(slice_head(text, digits), INT64_MAX / 86400000, &number) < 0)
        return false;
    for (const struct unit *u = units_of(kind); u->suffix; u++)
        if (slice_eq(slice_from(text, digits), slice_of(u->suffix))) {
            *number_out = (int64_t)number * u->factor * (negative ? -1 : 1);
            return true;
        }
    return false;
}

static struct slice print_number(struct arena *arena, int64_t number, enum config_kind kind)
{
    const struct unit *best = units_of(kind);
    if (number == 0) /* is so in every unit: seconds, as people write it */
        return kind == CONFIG_DURATION ? SLICE("0s") : SLICE("0");
    for (const struct unit *u = best; u->suffix; u++)
        if (number % u->factor == 0)
            best = u;
    return arena_print(arena, "%lld%s", (long long)(number / best->factor), best->suffix);
}

static void *member(const struct config *config, const struct config_row *row)
{
    /* The schema's offsets are the only way members are written. */
    return (char *)(uintptr_t)config + row->offset;
}

static void set_text(const struct config *config, const struct config_row *row, struct slice value)
{
    char **text = member(config, row);
    char *copy = must_alloc(value.len + 1);
    if (value.len)
        memcpy(copy, value.at, value.len);
    copy[value.len] = '\0';
    free(*text);
    *text = copy;
}

static bool set_switch(const struct config *config, const struct config_row *row,
                       struct slice value)
{
    static const char *const words[2][3] = {{"off", "no", "false"}, {"on", "yes", "true"}};
    for (int on = 0; on < 2; on++)
        for (int i = 0; i < 3; i++)
            if (slice_eq_nocase(value, slice_of(words[on][i]))) {
                *(bool *)member(config, row) = on;
                return true;
            }
    return false;
}

static int set_row(struct config *config, const struct config_row *row, struct slice value,
                   struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    int64_t number;
    switch (row->kind) {
    case CONFIG_TEXT:
        set_text(config, row, value);
        return 0;
    case CONFIG_SWITCH:
        if (set_switch(config, row, value))
            return 0;
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "[%s] %s: `%.*s` is neither on nor off", row->section, row->key,
                         SLICE_ARG(value));
    case CONFIG_NUMBER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        break;
    }
    if (!read_number(value, row->kind, &number))
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID, "[%s] %s: `%.*s` is not %s",
                         row->section, row->key, SLICE_ARG(value),
                         row->kind == CONFIG_DURATION ? "a duration such as 30s, 5m or 8h"
                         : row->kind == CONFIG_SIZE   ? "a size such as 512, 16K or 1M"
                                                      : "a number");
    if (number < row->least || number > row->most)
        return fault_set(fault, ERR_LIMIT, FINDING_CONFIG_INVALID,
                         "[%s] %s: `%.*s` is not between %s and %s", row->section, row->key,
                         SLICE_ARG(value), print_number(arena, row->least, row->kind).at,
                         print_number(arena, row->most, row->kind).at);
    *(int64_t *)member(config, row) = number;
    return 0;
}

struct slice config_print_value(struct arena *arena, const struct config *config,
                                const struct config_row *row)
{
    if (row->kind == CONFIG_TEXT)
        return slice_of(*(char **)member(config, row));
    if (row->kind == CONFIG_SWITCH)
        return *(bool *)member(config, row) ? SLICE("on") : SLICE("off");
    return print_number(arena, *(int64_t *)member(config, row), row->kind);
}

bool config_same(const struct config *a, const struct config *b, const struct config_row *row)
{
    scoped(arena) struct arena *arena = arena_new();
    return slice_eq(config_print_value(arena, a, row), config_print_value(arena, b, row));
}

/* ---- finding the row ---------------------------------------------------------- */

enum {
    NEAR = 3
};

static int unknown_key(struct slice section, struct slice key, struct fault *fault)
{
    size_t count, best = NEAR + 1;
    const struct config_row *rows = config_schema(&count), *near = NULL;
    bool known_section = false;
    for (size_t i = 0; i < count; i++) {
        bool same = slice_eq(section, slice_of(rows[i].section));
        size_t d = slice_distance(key, slice_of(rows[i].key)) + (same ? 0 : 1);
        known_section |= same;
        if (d < best) {
            best = d;
            near = &rows[i];
        }
    }
    const char *what = known_section ? "unknown key" : "unknown section";
    if (near)
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONFIG_INVALID,
                         "[%.*s] %.*s: %s; did you mean [%s] %s?", SLICE_ARG(section),
                         SLICE_ARG(key), what, near->section, near->key);
    return fault_set(fault, ERR_UNKNOWN, FINDING_CONFIG_INVALID, "[%.*s] %.*s: %s",
                     SLICE_ARG(section), SLICE_ARG(key), what);
}

int config_set(struct config *config, struct slice section, struct slice key, struct slice value,
               struct fault *fault)
{
    size_t count;
    const struct config_row *rows = config_schema(&count);
    for (size_t i = 0; i < count; i++)
        if (slice_eq(section, slice_of(rows[i].section)) && slice_eq(key, slice_of(rows[i].key)))
            return set_row(config, &rows[i], value, fault);
    return unknown_key(section, key, fault);
}

/* ---- the file ------------------------------------------------------------------ */

struct reading {
    struct config *config;
    struct slice rest;
    struct fault fault;
    bool failed;
};

static char *read_line(char *to, int size, void *arg)
{
    struct reading *r = arg;
    if (r->rest.len == 0 || size < 2)
        return NULL;
    ptrdiff_t newline = slice_index(r->rest, '\n');
    size_t len = newline < 0 ? r->rest.len : (size_t)newline + 1;
    if (len > (size_t)size - 1)
        len = (size_t)size - 1;
    memcpy(to, r->rest.at, len);
    to[len] = '\0';
    r->rest = slice_from(r->rest, len);
    return to;
}

static int take_value(void *arg, const char *section, const char *key, const char *value)
{
    struct reading *r = arg;
    if (r->failed)
        return 0;
    r->failed =
        config_set(r->config, slice_of(section), slice_of(key), slice_of(value), &r->fault) < 0;
    return !r->failed;
}

static void set_default_text(char **text, const char *format, const char *domain)
{
    if ((*text)[0])
        return;
    scoped(buf) struct buf b = BUF_INIT;
    buf_add_string(&b, format);
    buf_add_string(&b, domain);
    free(*text);
    *text = must_strdup(buf_string(&b));
}

static void derive_hosts(struct config *config)
{
    set_default_text(&config->site.web_host, "webdir.", config->site.domain);
    set_default_text(&config->site.sip_host, "sip.", config->site.domain);
    set_default_text(&config->site.sip_external_host, "sipfed.", config->site.domain);
    set_default_text(&config->site.orgid_host, "login.", config->site.domain);
}

int config_parse(struct config *config, struct slice text, const char *name, struct fault *fault)
{
    if (slice_index(text, '\0') >= 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "%s: the file has a NUL byte; it is no configuration", name);
    struct reading r = {.config = config, .rest = text};
    int line = ini_parse_stream(read_line, &r, take_value, &r);
    if (r.failed)
        return fault_set(fault, (enum err) - r.fault.err, r.fault.finding, "%s:%d: %s", name, line,
                         r.fault.detail);
    if (line != 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "%s:%d: neither `[section]` nor `key = value`", name, line);
    if (!config->site.domain[0])
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "%s: [site] domain is missing", name);
    if (!config->roles.web && !config->roles.orgid && !config->roles.sip && !config->roles.dns)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "%s: [roles]: every role is off; there would be nothing to do", name);
    derive_hosts(config);
    return 0;
}

static int read_file(const char *path, struct buf *out, struct fault *fault)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: %s", path, strerror(errno));
    char chunk[4096];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_add(out, slice_make(chunk, got));
    bool bad = ferror(file);
    fclose(file);
    if (bad || buf_failed(out))
        return fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "%s: cannot be read whole", path);
    return 0;
}

/* A relative data folder means: beside the configuration file. */
static void anchor_data(struct config *config, const char *path)
{
    if (config->site.data[0] == '/')
        return;
    scoped(buf) struct buf b = BUF_INIT;
    const char *slash = strrchr(path, '/');
    if (slash)
        buf_add(&b, slice_make(path, (size_t)(slash - path) + 1));
    buf_add_string(&b, config->site.data);
    char *resolved = realpath(buf_string(&b), NULL);
    free(config->site.data);
    config->site.data = resolved ? resolved : must_strdup(buf_string(&b));
}

int config_load(const char *path, struct config **config_out, struct fault *fault)
{
    scoped(buf) struct buf text = BUF_LIMIT(1 << 20);
    struct config *config = config_new();
    int err = read_file(path, &text, fault);
    if (err == 0)
        err = config_parse(config, buf_slice(&text), path, fault);
    if (err < 0) {
        config_free(config);
        return err;
    }
    anchor_data(config, path);
    *config_out = config;
    return 0;
}

struct config *config_new(void)
{
    struct config *config = must_calloc(1, sizeof *config);
    size_t count;
    const struct config_row *rows = config_schema(&count);
    for (size_t i = 0; i < count; i++)
        set_row(config, &rows[i], slice_of(rows[i].fallback), NULL);
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    size_t count;
    const struct config_row *rows = config_schema(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == CONFIG_TEXT)
            free(*(char **)member(config, &rows[i]));
    free(config);
}

void config_print(struct buf *out, const struct config *config)
{
    scoped(arena) struct arena *arena = arena_new();
    size_t count;
    const struct config_row *rows = config_schema(&count);
    buf_add_string(out,
                   "# Lychgate's server. See lychgated.conf(5); `lychgated --check` tries it.\n");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(rows[i].section, rows[i - 1].section) != 0)
            buf_print(out, "\n[%s]\n", rows[i].section);
        struct slice value = config_print_value(arena, config, &rows[i]);
        bool usual = slice_eq(value, slice_of(rows[i].fallback));
        buf_print(out, "# %s\n%s%s = %.*s\n", rows[i].help, usual ? "#" : "", rows[i].key,
                  SLICE_ARG(value));
    }
}

struct slice config_path(struct arena *arena, const struct config *config, const char *path)
{
    if (path[0] == '/')
        return arena_copy(arena, slice_of(path));
    return arena_print(arena, "%s/%s", config->site.data, path);
}
