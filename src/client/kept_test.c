#include "client/kept.h"

#include "auth/tlsdsk.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder, and one key with its certificate for all tests: keys take time. */
struct world {
    char root[64], folder[96];
    EVP_PKEY *key;
    struct slice der;
    struct arena *arena;
    struct fault fault;
};

static int set_up(void **state)
{
    struct world *w = must_calloc(1, sizeof *w);
    X509 *certificate;
    unsigned char *der = NULL;
    w->arena = arena_new();
    strcpy(w->root, "/tmp/kept.XXXXXX");
    assert_non_null(mkdtemp(w->root));
    snprintf(w->folder, sizeof w->folder, "%s/a/b", w->root);
    assert_int_equal(tlsdsk_identity_new(SLICE("alice@contoso.test"), clock_now(), &w->key,
                                         &certificate, &w->fault),
                     0);
    int len = i2d_X509(certificate, &der);
    w->der = arena_copy(w->arena, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(certificate);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    scoped(buf) struct buf command = BUF_INIT;
    buf_print(&command, "rm -rf '%s'", w->root);
    assert_int_equal(system(buf_string(&command)), 0);
    EVP_PKEY_free(w->key);
    arena_free(w->arena);
    free(w);
    return 0;
}

static struct kept *new_kept(struct world *w, const char *address, const char *pool)
{
    EVP_PKEY_up_ref(w->key);
    struct kept *kept = kept_new(slice_of(address), w->key);
    kept->pool = slice_of(pool);
    kept->target = SLICE("sip.contoso.test");
    assert_int_equal(kept_set_certificate(kept, w->der, &w->fault), 0);
    return kept;
}

static void store(struct world *w, const char *address, const char *pool)
{
    scoped(kept) struct kept *kept = new_kept(w, address, pool);
    assert_int_equal(kept_store(kept, w->folder, &w->fault), 0);
}

static const char *file_of(struct world *w, const char *name)
{
    return arena_print(w->arena, "%s/%s", w->folder, name).at;
}

static void what_is_stored_comes_back(void **state)
{
    struct world *w = *state;
    store(w, "alice@contoso.test", "sip.contoso.test:5061");
    scoped(kept) struct kept *back = kept_load(w->folder, SLICE("alice@contoso.test"), &w->fault);
    assert_non_null(back);
    assert_string_equal(back->pool.at, "sip.contoso.test:5061");
    assert_string_equal(back->target.at, "sip.contoso.test");
    assert_true(kept_fresh(back, clock_now()));
    assert_int_equal(EVP_PKEY_eq(back->key, w->key), 1);
    struct stat info;
    assert_int_equal(stat(file_of(w, "alice@contoso.test@sip.contoso.test:5061"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(w->folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void each_address_has_its_own(void **state)
{
    struct world *w = *state;
    store(w, "alice@contoso.test", "a.contoso.test:5061");
    assert_null(kept_load(w->folder, SLICE("bob@contoso.test"), &w->fault));
    assert_int_equal(w->fault.finding, FINDING_NONE);
    assert_null(kept_load(w->folder, SLICE("alice@contoso"), &w->fault));
    assert_null(kept_load("/nonexistent", SLICE("alice@contoso.test"), &w->fault));
    store(w, "bob@contoso.test", "b.contoso.test:5061");
    scoped(kept) struct kept *alice = kept_load(w->folder, SLICE("alice@contoso.test"), &w->fault);
    assert_string_equal(alice->pool.at, "a.contoso.test:5061");
}

static void a_new_pool_replaces_the_old_one(void **state)
{
    struct world *w = *state;
    store(w, "alice@contoso.test", "old.contoso.test:5061");
    store(w, "alice@contoso.test", "new.contoso.test:443");
    scoped(kept) struct kept *back = kept_load(w->folder, SLICE("alice@contoso.test"), &w->fault);
    assert_string_equal(back->pool.at, "new.contoso.test:443");
    assert_int_equal(access(file_of(w, "alice@contoso.test@old.contoso.test:5061"), F_OK), -1);
}

static void a_pool_cannot_lead_out_of_the_folder(void **state)
{
    struct world *w = *state;
    store(w, "alice@contoso.test", "../../evil");
    assert_int_equal(access(file_of(w, "alice@contoso.test@.._.._evil"), F_OK), 0);
}

static void files_that_others_can_read_are_refused(void **state)
{
    struct world *w = *state;
    store(w, "alice@contoso.test", "p");
    assert_int_equal(chmod(file_of(w, "alice@contoso.test@p"), 0644), 0);
    assert_null(kept_load(w->folder, SLICE("alice@contoso.test"), &w->fault));
    assert_int_equal(w->fault.finding, FINDING_CACHE_UNUSABLE);
}

static void write_file(struct world *w, const char *name, const char *text)
{
    FILE *file = fopen(file_of(w, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(file_of(w, name), 0600), 0);
}

static void spoilt_files_are_refused(void **state)
{
    static const char *const texts[] = {
        "", "nonsense", "address: alice@contoso.test\n-----BEGIN PRIVATE KEY-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"};
    struct world *w = *state;
    store(w, "alice@contoso.test", "p");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(w, "alice@contoso.test@p", texts[i]);
        assert_null(kept_load(w->folder, SLICE("alice@contoso.test"), &w->fault));
        assert_int_equal(w->fault.finding, FINDING_CACHE_UNUSABLE);
    }
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    struct world *w = *state;
    scoped(kept) struct kept *kept = new_kept(w, "alice@contoso.test", "p");
    assert_int_equal(kept_store(kept, "/dev/null/x", &w->fault), -ERR_IO);
    assert_int_equal(w->fault.finding, FINDING_CACHE_UNUSABLE);
}

static void it_is_renewed_before_its_end(void **state)
{
    struct world *w = *state;
    scoped(kept) struct kept *kept = new_kept(w, "alice@contoso.test", "p");
    assert_true(kept_fresh(kept, kept->until - KEPT_MARGIN_MS - 1000));
    assert_false(kept_fresh(kept, kept->until - KEPT_MARGIN_MS));
    assert_false(kept_fresh(kept, kept->until + 1000));
}

static void a_certificate_for_another_key_is_refused(void **state)
{
    struct world *w = *state;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    scoped(kept) struct kept *kept = kept_new(SLICE("alice@contoso.test"), other);
    assert_int_equal(kept_set_certificate(kept, w->der, &w->fault), -ERR_FORGED);
    assert_int_equal(kept_set_certificate(kept, SLICE("junk"), &w->fault), -ERR_MALFORMED);
    assert_null(kept->certificate);
}

static void the_folder_follows_the_environment(void **state)
{
    struct world *w = *state;
    setenv("HOME", "/home/alice", 1);
    unsetenv("XDG_CACHE_HOME");
    assert_string_equal(kept_default_folder(w->arena).at, "/home/alice/.cache/lychgate");
    setenv("XDG_CACHE_HOME", "/var/cache/x", 1);
    assert_string_equal(kept_default_folder(w->arena).at, "/var/cache/x/lychgate");
    setenv("XDG_CACHE_HOME", "relative", 1); /* which the XDG rules say to ignore */
    assert_string_equal(kept_default_folder(w->arena).at, "/home/alice/.cache/lychgate");
    unsetenv("HOME");
    assert_null(kept_default_folder(w->arena).at);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_stored_comes_back),
        TEST(each_address_has_its_own),
        TEST(a_new_pool_replaces_the_old_one),
        TEST(a_pool_cannot_lead_out_of_the_folder),
        TEST(files_that_others_can_read_are_refused),
        TEST(spoilt_files_are_refused),
        TEST(a_folder_that_cannot_be_made_is_told),
        TEST(it_is_renewed_before_its_end),
        TEST(a_certificate_for_another_key_is_refused),
        TEST(the_folder_follows_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
