/* Searching among many people: addressbook_bench [PEOPLE], 50,000 by default. Prints the
 * mean time of each kind of search; fails when one takes longer than 50 ms. */
#include "accounts/account.h"
#include "accounts/card.h"
#include "accounts/words.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    PEOPLE = 50000,
    ROUNDS = 50,
    RESULTS = 20
};

static const double slowest_ms = 50;

static const char *const given[] = {"Anna",  "Bob",  "Carol", "David",   "Erin", "Frank", "Grace",
                                    "Heidi", "Ivan", "Judy",  "Mallory", "Niaj", "Olivia"};
static const char *const family[] = {"Adams", "Baker", "Clark", "Davis", "Evans", "Frank",
                                     "Ghosh", "Hills", "Irwin", "Jones", "Klein"};

struct filling {
    int from, to;
};

/* The rows that accounts_add() would write, many in one transaction: passwords and commits
 * of 50,000 accounts are not what is measured. */
static int fill(struct store_db *db, void *arg, struct fault *fault)
{
    const struct filling *f = arg;
    scoped(arena) struct arena *arena = arena_new();
    for (int i = f->from; i < f->to; i++) {
        struct slice address = arena_print(arena, "user%d@contoso.test", i);
        struct slice name = arena_print(arena, "%s %s%d", given[i % 13], family[i % 11], i);
        int result = store_exec(db, fault,
                                "insert into account (address, login, display_name, enabled,"
                                " created) values (?1, ?1, ?2, 1, 0)",
                                STORE_TEXT(address), STORE_TEXT(name), STORE_END);
        if (result >= 0)
            result = store_exec(db, fault, "insert into account_unindexed values (?1)",
                                STORE_INT(store_last_id(db)), STORE_END);
        if (result < 0)
            return result;
    }
    return 0;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool measure(struct store_reader *reader, const char *what, const struct words_term *terms,
                    size_t count)
{
    size_t found = 0;
    double begun = now_ms();
    for (int i = 0; i < ROUNDS; i++) {
        scoped(arena) struct arena *arena = arena_new();
        int64_t *accounts;
        if (words_search(reader, terms, count, RESULTS, arena, &accounts, &found, NULL) < 0)
            return false;
    }
    double each = (now_ms() - begun) / ROUNDS;
    printf("%-34s %8.3f ms  %zu found\n", what, each, found);
    return each < slowest_ms;
}

static bool run(struct store *store, int people)
{
    scoped(accounts) struct accounts *accounts = NULL;
    struct fault fault;
    double begun = now_ms();
    for (int at = 0; at < people; at += 5000)
        if (store_write(store, fill, &(struct filling){at, at + 5000 < people ? at + 5000 : people},
                        &fault) < 0)
            return false;
    if (accounts_open(&(struct accounts_options){.store = store}, &accounts, &fault) < 0)
        return false;
    printf("%d people made and indexed in %.0f ms\n", people, now_ms() - begun);
    const uint64_t all = UINT32_MAX;
    const struct words_term one[] = {
        {.text = SLICE("user777@contoso.test"), .fields = all, .whole = true}};
    const struct words_term rare[] = {{.text = SLICE("jones49"), .fields = all}};
    const struct words_term common[] = {{.text = SLICE("a"), .fields = all}};
    const struct words_term two[] = {{.text = SLICE("anna"), .fields = all},
                                     {.text = SLICE("jones"), .fields = all}};
    const struct words_term none[] = {{.text = SLICE("anna"), .fields = all},
                                      {.text = SLICE("bob"), .fields = all}};
    const struct words_term keys[] = {
        {.text = SLICE("2662"), .fields = WORDS_OF_DISPLAY_NAME, .dial_pad = true}};
    struct store_reader *reader = accounts_reader(accounts);
    return measure(reader, "one address", one, 1) & measure(reader, "a rare word", rare, 1) &
           measure(reader, "a letter", common, 1) & measure(reader, "two words", two, 2) &
           measure(reader, "two words that nobody has both of", none, 2) &
           measure(reader, "keys of a dial pad", keys, 1);
}

int main(int argc, char **argv)
{
    static const struct store_schema *const schemas[] = {&accounts_schema, &card_schema};
    char dir[] = "/tmp/lychgate-bench-XXXXXX", path[64], command[80];
    struct store *store;
    int people = argc > 1 ? atoi(argv[1]) : PEOPLE;
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/store.db", dir);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    bool good =
        store_open(&(struct store_options){.path = path, .schemas = schemas, .schema_count = 2},
                   &store, NULL) == 0;
    if (good) {
        good = run(store, people);
        store_free(store);
    }
    return system(command) != 0 || !good;
}
