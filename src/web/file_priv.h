/* The files of page/ as embed.c writes them into the program. */
#ifndef LYCHGATE_WEB_FILE_PRIV_H
#define LYCHGATE_WEB_FILE_PRIV_H

#include <stddef.h>

struct web_file {
    const char *name; /* "index.html" */
    const unsigned char *plain, *gzip;
    size_t plain_len, gzip_len;
};

extern const struct web_file web_files[];
extern const size_t web_file_count;

#endif
