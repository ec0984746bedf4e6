/* Documents from strangers: RealmInfo and RSTR as a client reads them, RST2 as the
 * server does up to the password. */
#include "orgid/client.h"
#include "orgid/orgid_priv.h"
#include "xml/names.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = INT64_C(1795298700000); /* 2026-11-21T22:05:00Z */

#define TEXT(s) .at = (s), .len = sizeof(s) - 1 /* SLICE is no constant for a static */

static const struct site site = {
    .domain = {TEXT("contoso.test")},
    .web_host = {TEXT("webdir.contoso.test")},
    .orgid_host = {TEXT("login.contoso.test")},
    .https_port = 443,
};

static void as_server(struct slice body, struct arena *arena)
{
    const struct orgid orgid = {.options = {.site = &site, .skew_ms = ORGID_SKEW_MS}};
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(trust_login) struct trust_login login = {0};
    struct soap_message message;
    struct trust_request request;
    if (xml_read(body, NULL, &doc, NULL) || soap_read_with(doc, NS_PASSPORT, &message, NULL) ||
        orgid_check_request(&orgid, &message, arena, now, &request, NULL))
        return;
    /* Nothing else gets a token. */
    if (!slice_ends_nocase(slice_trim(request.applies_to), SLICE("/WsFed_bearer")) &&
        slice_find(request.applies_to, SLICE("?")) < 0 &&
        !slice_ends(request.applies_to, SLICE("/")))
        abort();
    trust_login_parse(message.security, false, arena, &login, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_make(data, size);
    struct arena *arena = arena_new();
    struct orgid_realm realm;
    struct orgid_grant grant;
    struct fault fault;
    if (!orgid_realm_parse(body, arena, &realm, &fault) && realm.kind == ORGID_FEDERATED &&
        !slice_starts_nocase(realm.sts_url, SLICE("https://")))
        abort();
    if (!orgid_rst2_parse(body, arena, &grant, &fault)) {
        struct xml_doc *token = NULL;
        if (xml_read(grant.token, NULL, &token, &fault) && fault.finding != FINDING_XML_LIMIT)
            abort(); /* it must stand by itself */
        xml_doc_free(token);
    }
    if (orgid_refusal(200, body, &fault) >= 0)
        abort();
    as_server(body, arena);
    arena_free(arena);
    return 0;
}
