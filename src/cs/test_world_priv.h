/* A site with three users, and lines run on it; of this room's tests. */
#ifndef LYCHGATE_CS_TEST_WORLD_PRIV_H
#define LYCHGATE_CS_TEST_WORLD_PRIV_H

#include "accounts/card.h"
#include "cs/cs.h"
#include "provision/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    struct arena *arena;
    struct store *store;
    struct store_reader *reader;
    struct accounts *accounts;
    struct site site;
    struct cs_world cs;
    struct cs_result result;
    struct fault fault;
    struct buf out;
    char dir[64], path[96];
};

static inline bool add(struct world *w, const char *address, const char *sam, const char *name)
{
    struct account account = {.address = slice_of(address),
                              .sam = slice_of(sam),
                              .display_name = slice_of(name),
                              .enabled = true,
                              .created = 1};
    return accounts_add(w->accounts, &account, w->arena, &w->fault) == 0;
}

static inline int setup(void **state)
{
    static const struct store_schema *const schemas[] = {&accounts_schema, &card_schema,
                                                         &policy_schema, &provision_schema};
    struct world *w = must_calloc(1, sizeof *w);
    *state = w;
    w->arena = arena_new();
    snprintf(w->dir, sizeof w->dir, "/tmp/lychgate-cs-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    snprintf(w->path, sizeof w->path, "%s/store.db", w->dir);
    if (store_open(&(struct store_options){.path = w->path, .schemas = schemas, .schema_count = 4},
                   &w->store, &w->fault) != 0 ||
        store_reader_open(w->store, &w->reader, &w->fault) != 0 ||
        accounts_open(
            &(struct accounts_options){.store = w->store, .default_domain = SLICE("contoso.test")},
            &w->accounts, &w->fault) != 0)
        return -1;
    w->site = (struct site){.domain = SLICE("contoso.test"), .sip_host = SLICE("sip.contoso.test")};
    w->cs = (struct cs_world){.store = w->store,
                              .reader = w->reader,
                              .accounts = w->accounts,
                              .site = &w->site,
                              .subject = {.site = SLICE("Redmond"), .level = POLICY_LYNC_2010}};
    return add(w, "brendan@contoso.test", "CONTOSO\\bcarius", "Brendan Carius") &&
                   add(w, "alice@contoso.test", NULL, "Alice Adams") &&
                   add(w, "bob@contoso.test", NULL, NULL)
               ? 0
               : -1;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    buf_free(&w->out);
    accounts_free(w->accounts);
    store_reader_free(w->reader);
    store_free(w->store);
    arena_free(w->arena);
    unlink(w->path);
    int result = rmdir(w->dir);
    free(w);
    return result;
}

/* What a line prints. */
static const char *ran(struct world *w, const char *line)
{
    if (cs_run(&w->cs, slice_of(line), w->arena, &w->result, &w->fault) < 0)
        fail_msg("%s: %s", line, w->fault.detail);
    buf_clear(&w->out);
    cs_print(&w->result, &w->out);
    return buf_string(&w->out);
}

static inline void refused(struct world *w, const char *line, enum finding finding,
                           const char *detail)
{
    assert_true(cs_run(&w->cs, slice_of(line), w->arena, &w->result, &w->fault) < 0);
    if (w->fault.finding != finding || !strstr(w->fault.detail, detail))
        fail_msg("%s: %s, %s", line, finding_id(w->fault.finding), w->fault.detail);
}

#endif
