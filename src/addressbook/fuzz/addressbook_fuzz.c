/* What the address book reads from strangers: the web query, the search by SIP. */
#include "addressbook/addressbook_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever passed is within the limits. */
static void check_terms(const struct addressbook_terms *terms, size_t limit)
{
    if (terms->count > WORDS_TERMS_MAX || limit == 0 || limit > ADDRESSBOOK_RESULTS_MAX)
        abort();
    for (size_t i = 0; i < terms->count; i++)
        if (slice_empty(terms->term[i].text) || terms->term[i].text.len > ADDRESSBOOK_VALUE_MAX)
            abort();
}

static void check_fault(const struct fault *fault)
{
    if (fault->finding == FINDING_NONE || fault->err == 0)
        abort();
}

static void as_query(struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct addressbook_query query;
    struct fault fault = {0};
    if (xml_read(body, &addressbook_limits, &doc, NULL) || soap_read(doc, &message, NULL))
        return;
    if (addressbook_query_parse(message.payload, &query, &fault))
        check_fault(&fault);
    else
        check_terms(&query.terms, query.limit);
}

static void as_services(struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(arena) struct arena *arena = arena_new();
    struct soap_message message;
    struct addressbook_whereabouts asked;
    struct slice address, key;
    struct fault fault = {0};
    if (xml_read(body, &addressbook_limits, &doc, NULL) || soap_read(doc, &message, NULL))
        return;
    if (addressbook_expand_parse(message.payload, &address, &fault))
        check_fault(&fault);
    if (addressbook_whereabouts_parse(message.payload, arena, &asked, &fault))
        check_fault(&fault);
    else
        for (int i = 0; i < LOCATION_KINDS; i++)
            if (!location_key(arena, (enum location_kind)i, asked.key[i], &key, NULL) &&
                slice_empty(key))
                abort();
}

static void as_table(struct slice text)
{
    scoped(arena) struct arena *arena = arena_new();
    struct location *rows;
    size_t count;
    struct fault fault = {0};
    if (location_parse_csv(text, arena, &rows, &count, &fault))
        check_fault(&fault);
}

static void as_directory_search(struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct addressbook_directory search;
    struct fault fault = {0};
    if (addressbook_directory_parse(body, &doc, &search, &fault))
        check_fault(&fault);
    else
        check_terms(&search.terms, search.limit);
}

/* Folding never makes a text longer, and folding twice is folding once. */
static void as_words(struct slice text)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice once = words_fold(arena, text), twice = words_fold(arena, once);
    if (once.len > text.len || !slice_eq(once, twice))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_make(data, size);
    as_query(body);
    as_directory_search(body);
    as_words(body);
    as_services(body);
    as_table(body);
    return 0;
}
