/* Debian 12's libxml2 (since 2.9.14+dfsg-1.3~deb12u2) never calls the SAX1
 * callbacks of a handler that is marked XML_SAX2_MAGIC. pidgin-sipe 1.25.0 marks
 * its handler so and sets startElement/endElement only, hence every document it
 * parses looks empty: it ignores the autodiscover answer without a word and can
 * sign in nowhere.
 *
 * The dynamic linker looks into the program before it looks into libraries, so
 * a function of the same name in the program (linked with --export-dynamic) is
 * the one that libsipe.so gets. Neither SIPE nor libxml2 is changed. Real users
 * of Pidgin on Debian 12 need the same cure: this file, built as a shared object,
 * works with LD_PRELOAD too. */
#include <dlfcn.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

typedef int parse_memory_fn(xmlSAXHandlerPtr, void *, const char *, int);

static parse_memory_fn *parser_of_libxml2(void)
{
    /* ISO C has no cast from object to function pointer; POSIX promises that
     * both have one representation. */
    void *symbol = dlsym(RTLD_NEXT, "xmlSAXUserParseMemory");
    parse_memory_fn *function = NULL;

    if (!symbol)
        abort();
    memcpy(&function, &symbol, sizeof function);
    return function;
}

/* The prototype, const and all, is libxml2's. */
int xmlSAXUserParseMemory(xmlSAXHandlerPtr sax, void *user_data, const char *buffer, int size)
{
    static parse_memory_fn *real;
    xmlSAXHandler sax1;

    if (!real)
        real = parser_of_libxml2();

    if (sax && sax->initialized == XML_SAX2_MAGIC && (sax->startElement || sax->endElement) &&
        !sax->startElementNs && !sax->endElementNs) {
        sax1 = *sax;
        sax1.initialized = 1;
        sax = &sax1;
    }
    return real(sax, user_data, buffer, size);
}
