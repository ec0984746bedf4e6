/* Does libxml2, as this process got it, call the SAX1 callbacks of a handler that
 * is marked XML_SAX2_MAGIC? pidgin-sipe's handler is like this one. Exit code 0:
 * both elements were seen, 1: they were not. */
#include <libxml/parser.h>
#include <string.h>

static void start_element(void *user_data, const xmlChar *name, const xmlChar **attributes)
{
    int *seen = user_data;
    (void)name;
    (void)attributes;
    ++*seen;
}

int main(void)
{
    static const char document[] = "<a><b/></a>";
    xmlSAXHandler sax;
    int seen = 0;

    memset(&sax, 0, sizeof sax);
    sax.startElement = start_element;
    sax.initialized = XML_SAX2_MAGIC;
    xmlSAXUserParseMemory(&sax, &seen, document, (int)strlen(document));
    return seen == 2 ? 0 : 1;
}
