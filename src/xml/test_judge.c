#include "xml/test_judge_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A copy of text with the first `from` replaced. */
void replace(struct slice text, const char *from, const char *to, struct buf *out)
{
    ptrdiff_t at = slice_find(text, slice_of(from));
    if (at < 0)
        fail_msg("no %s in %.*s", from, SLICE_ARG(text));
    buf_clear(out);
    buf_add(out, slice_head(text, (size_t)at));
    buf_add_string(out, to);
    buf_add(out, slice_from(text, (size_t)at + strlen(from)));
}

void write_file(const char *path, struct slice text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    fclose(file);
}

bool have_xmlsec1(void)
{
    return system("xmlsec1 --version >/dev/null 2>&1") == 0;
}

int xmlsec1(const char *dir, const char *command)
{
    scoped(buf) struct buf line = BUF_INIT;
    buf_print(&line, "cd '%s' && xmlsec1 %s doc.xml >out.txt 2>&1", dir, command);
    int status = system(buf_string(&line));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void remove_dir(const char *dir)
{
    static const char *const names[] = {"doc.xml", "key.pem", "key.bin", "out.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scoped(buf) struct buf path = BUF_INIT;
        buf_print(&path, "%s/%s", dir, names[i]);
        unlink(buf_string(&path));
    }
    rmdir(dir);
}
