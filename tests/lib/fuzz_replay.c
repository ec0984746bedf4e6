/* A main for fuzz targets where no fuzz engine is there: runs the target over
 * each file of the corpus folder given, then over every prefix and some simple
 * mutations of each, so that an ordinary test run covers truncation too. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20, PREFIXES = 64, FLIPS = 256 };

/* The target gets a copy of exact size, so that a sanitizer sees an overrun. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
    uint32_t state = 0x9e3779b9U;
    run(data, size);
    for (size_t i = 0; i < PREFIXES; i++)
        run(data, size * i / PREFIXES);
    for (size_t i = 0; i < FLIPS && size > 0; i++) {
        state = state * 1664525U + 1013904223U;
        size_t at = (state >> 8) % size;
        uint8_t kept = data[at];
        data[at] = (uint8_t)(state >> 24);
        run(data, size);
        data[at] = kept;
    }
}

int main(int argc, char **argv)
{
    static uint8_t data[LARGEST];
    size_t files = 0;
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    if (!dir) {
        fprintf(stderr, "no corpus folder %s\n", argc > 1 ? argv[1] : "given");
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        run_variants(data, size);
        files++;
    }
    closedir(dir);
    printf("%zu corpus files replayed\n", files);
    return files > 0 ? 0 : 1;
}
