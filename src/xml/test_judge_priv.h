/* For the tests of signatures: a foreign judge, the command xmlsec1, and what spoils a
 * document that it has to refuse. */
#ifndef LYCHGATE_XML_TEST_JUDGE_PRIV_H
#define LYCHGATE_XML_TEST_JUDGE_PRIV_H

#include "base/buf.h"

/* Put `text` into *out with the first `from` in it made `to`; it must be there. */
void replace(struct slice text, const char *from, const char *to, struct buf *out);

bool have_xmlsec1(void);

/* Run `xmlsec1 COMMAND doc.xml` in that folder; returns its exit status. */
int xmlsec1(const char *dir, const char *command);

void write_file(const char *path, struct slice text);

/* With the files that these tests write there. */
void remove_dir(const char *dir);

#endif
