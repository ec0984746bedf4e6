#include "client/kept.h"

#include "base/random.h"
#include "base/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TITLE "Lychgate: a kept sign-in. Delete this file to sign in with the password again."

enum {
    FILE_MAX = 64 * 1024
};

struct kept *kept_new(struct slice address, EVP_PKEY *key)
{
    struct kept *kept = must_calloc(1, sizeof *kept);
    kept->arena = arena_new();
    kept->address = arena_copy(kept->arena, address);
    kept->key = key;
    return kept;
}

void kept_free(struct kept *kept)
{
    if (!kept)
        return;
    EVP_PKEY_free(kept->key);
    X509_free(kept->certificate);
    arena_free(kept->arena);
    free(kept);
}

/* ---- the certificate ------------------------------------------------------------------ */

static int64_t asn1_ms(const ASN1_TIME *time)
{
    struct tm broken;
    if (ASN1_TIME_to_tm(time, &broken) != 1)
        return 0;
    return (int64_t)timegm(&broken) * 1000;
}

/* Takes the certificate over, also when it is refused. */
static int adopt(struct kept *kept, X509 *certificate, struct fault *fault)
{
    if (X509_check_private_key(certificate, kept->key) != 1) {
        ERR_clear_error();
        X509_free(certificate);
        return fault_set(fault, ERR_FORGED, FINDING_CSR_MALFORMED,
                         "the certificate is not for the key it was asked for");
    }
    X509_free(kept->certificate);
    kept->certificate = certificate;
    kept->until = asn1_ms(X509_get0_notAfter(certificate));
    return 0;
}

int kept_set_certificate(struct kept *kept, struct slice der, struct fault *fault)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (!certificate) {
        ERR_clear_error();
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED, "no X.509 certificate");
    }
    return adopt(kept, certificate, fault);
}

bool kept_fresh(const struct kept *kept, int64_t now)
{
    return kept->certificate &&
           asn1_ms(X509_get0_notBefore(kept->certificate)) <= now + KEPT_MARGIN_MS &&
           kept->until > now + KEPT_MARGIN_MS;
}

/* ---- names of files -------------------------------------------------------------------- */

struct slice kept_default_folder(struct arena *arena)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return arena_print(arena, "%s/lychgate", cache);
    if (home && home[0] == '/')
        return arena_print(arena, "%s/.cache/lychgate", home);
    return (struct slice){0};
}

/* What a server chose must not lead out of the folder, or hide. */
static struct slice file_name(struct arena *arena, struct slice address, struct slice pool)
{
    struct slice name = arena_print(arena, "%.*s@%.*s", SLICE_ARG(address), SLICE_ARG(pool));
    char *at = (char *)(uintptr_t)name.at;
    for (size_t i = 0; i < name.len; i++)
        if (at[i] == '/' || (unsigned char)at[i] <= ' ' || at[i] == 0x7f)
            at[i] = '_';
    if (name.len > 0 && at[0] == '.')
        at[0] = '_';
    return slice_head(name, NAME_MAX - 20);
}

/* Of that address: its name, '@', and a pool, which has no '@'. */
static bool is_of(struct arena *arena, const char *file, struct slice address)
{
    struct slice prefix = file_name(arena, address, SLICE("")), name = slice_of(file);
    return slice_starts_nocase(name, prefix) &&
           slice_index(slice_from(name, prefix.len), '@') < 0 && !slice_ends(name, SLICE(".new"));
}

/* The newest file of the address, or with `but` set: remove all others. */
static struct slice scan(const char *folder, struct slice address, struct arena *arena,
                         struct slice but)
{
    struct slice newest = {0};
    struct timespec best = {0};
    DIR *dir = opendir(folder);
    if (!dir)
        return newest;
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat info;
        if (!is_of(arena, entry->d_name, address) ||
            fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(info.st_mode))
            continue;
        if (!slice_absent(but) && !slice_eq(but, slice_of(entry->d_name)))
            unlinkat(dirfd(dir), entry->d_name, 0);
        if (slice_absent(newest) || info.st_mtim.tv_sec > best.tv_sec ||
            (info.st_mtim.tv_sec == best.tv_sec && info.st_mtim.tv_nsec > best.tv_nsec)) {
            best = info.st_mtim;
            newest = arena_copy(arena, slice_of(entry->d_name));
        }
    }
    closedir(dir);
    return newest;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int no_passphrase(char *to, int len, int writing, void *arg)
{
    (void)to, (void)len, (void)writing, (void)arg;
    return -1;
}

static int unusable(struct fault *fault, const char *path, const char *why)
{
    ERR_clear_error();
    return fault_set(fault, ERR_IO, FINDING_CACHE_UNUSABLE, "%.150s: %s", path, why);
}

/* Another's file, or one that others may write, is not ours to believe. */
static int read_file(const char *path, struct secret *out, struct fault *fault)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return unusable(fault, path, strerror(errno));
    int err = 0;
    char *bytes = must_calloc(1, FILE_MAX);
    ssize_t len = -1;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size >= FILE_MAX)
        err = unusable(fault, path, "not such a file");
    else if (info.st_uid != geteuid() || (info.st_mode & 077))
        err = unusable(fault, path, "not private to this user");
    else if ((len = read(fd, bytes, FILE_MAX - 1)) < 0)
        err = unusable(fault, path, strerror(errno));
    else
        secret_set(out, slice_make(bytes, (size_t)len));
    secret_wipe(bytes, FILE_MAX);
    free(bytes);
    close(fd);
    return err;
}

static struct slice field(struct arena *arena, struct slice text, const char *name)
{
    struct slice line, key, value;
    while (!slice_empty(text) && !slice_starts(text, SLICE("-----"))) {
        slice_cut(text, '\n', &line, &text);
        if (slice_cut(line, ':', &key, &value) && slice_eq(key, slice_of(name)))
            return arena_copy(arena, slice_trim(value));
    }
    return (struct slice){0};
}

static struct kept *read_kept(const char *path, struct slice text, struct fault *fault)
{
    BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (!key) {
        X509_free(certificate);
        unusable(fault, path, "there is no private key in it");
        return NULL;
    }
    scoped(kept) struct kept *kept = kept_new(SLICE(""), key);
    kept->address = field(kept->arena, text, "address");
    kept->pool = field(kept->arena, text, "pool");
    kept->target = field(kept->arena, text, "target");
    if (certificate && adopt(kept, certificate, fault) < 0)
        return NULL;
    return take(&kept);
}

struct kept *kept_load(const char *folder, struct slice address, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(secret) struct secret text = SECRET_INIT;
    *fault = (struct fault){0};
    struct slice name = scan(folder, address, arena, (struct slice){0});
    if (slice_absent(name))
        return NULL;
    struct slice path = arena_print(arena, "%s/%.*s", folder, SLICE_ARG(name));
    if (read_file(path.at, &text, fault) < 0)
        return NULL;
    scoped(kept) struct kept *kept = read_kept(path.at, secret_slice(&text), fault);
    if (kept && !slice_eq_nocase(kept->address, address)) {
        unusable(fault, path.at, "it is somebody else's");
        return NULL;
    }
    return take(&kept);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int print_kept(const struct kept *kept, int fd)
{
    FILE *file = fdopen(fd, "w");
    if (!file) {
        close(fd);
        return -ERR_IO;
    }
    fprintf(file, TITLE "\naddress: %.*s\npool: %.*s\ntarget: %.*s\n", SLICE_ARG(kept->address),
            SLICE_ARG(kept->pool), SLICE_ARG(kept->target));
    bool good = PEM_write_PrivateKey(file, kept->key, NULL, NULL, 0, NULL, NULL) == 1 &&
                (!kept->certificate || PEM_write_X509(file, kept->certificate) == 1) &&
                fflush(file) == 0 && fsync(fd) == 0;
    return fclose(file) == 0 && good ? 0 : -ERR_IO;
}

static bool make_folder(const char *folder)
{
    scoped(arena) struct arena *arena = arena_new();
    char *path = arena_string(arena, slice_of(folder));
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

int kept_store(const struct kept *kept, const char *folder, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    if (!make_folder(folder))
        return unusable(fault, folder, strerror(errno));
    struct slice name = file_name(arena, kept->address, kept->pool);
    struct slice path = arena_print(arena, "%s/%.*s", folder, SLICE_ARG(name));
    struct slice fresh =
        arena_print(arena, "%s.%.*s.new", path.at, SLICE_ARG(random_hex(arena, 8)));
    int fd = open(fresh.at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return unusable(fault, fresh.at, strerror(errno));
    if (print_kept(kept, fd) < 0 || rename(fresh.at, path.at) != 0) {
        int number = errno;
        unlink(fresh.at);
        return unusable(fault, path.at, strerror(number));
    }
    scan(folder, kept->address, arena, name);
    return 0;
}
