/* Files as C, at build time: embed NAME FILE FILE.gz [NAME FILE FILE.gz...] >files.c
 * Standard C only, as it runs wherever the compiler does. */
#include <stdio.h>
#include <stdlib.h>

static size_t print_bytes(const char *kind, int number, const char *path)
{
    FILE *in = fopen(path, "rb");
    size_t len = 0;
    int c;
    if (!in) {
        perror(path);
        exit(1);
    }
    printf("static const unsigned char %s_%d[] = {", kind, number);
    for (; (c = getc(in)) != EOF; len++)
        printf("%s%d,", len % 24 ? "" : "\n", c);
    printf("\n};\n");
    if (ferror(in) || len == 0) {
        fprintf(stderr, "%s: cannot be read, or is empty\n", path);
        exit(1);
    }
    fclose(in);
    return len;
}

int main(int argc, char **argv)
{
    int count = (argc - 1) / 3;
    if (count < 1 || argc != 1 + 3 * count) {
        fprintf(stderr, "usage: embed NAME FILE FILE.gz [NAME FILE FILE.gz...]\n");
        return 2;
    }
    printf("#include \"web/file_priv.h\"\n");
    for (int i = 0; i < count; i++) {
        print_bytes("plain", i, argv[2 + 3 * i]);
        print_bytes("gzip", i, argv[3 + 3 * i]);
    }
    printf("const struct web_file web_files[] = {\n");
    for (int i = 0; i < count; i++)
        printf("{\"%s\", plain_%d, gzip_%d, sizeof plain_%d, sizeof gzip_%d},\n", argv[1 + 3 * i],
               i, i, i, i);
    printf("};\nconst size_t web_file_count = %d;\n", count);
    return fflush(stdout) == 0 ? 0 : 1;
}
