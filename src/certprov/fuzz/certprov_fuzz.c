/* GetAndPublishCert as the server reads it, its answer as the client does, and the
 * PKCS#10 inside, or bare. */
#include "certprov/client.h"
#include "certprov/csr.h"
#include "certprov/wire_priv.h"
#include "xml/soap.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What passes is a key that can be used, and of a strength that is taken. */
static void check_csr(struct slice der, struct arena *arena)
{
    struct certprov_csr csr;
    struct fault fault;
    if (certprov_csr_parse(der, arena, &csr, &fault)) {
        if (fault.finding != FINDING_CSR_MALFORMED && fault.finding != FINDING_CSR_WEAK_KEY)
            abort();
        return;
    }
    const unsigned char *at = (const unsigned char *)csr.public_key.at;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)csr.public_key.len);
    if (!key || EVP_PKEY_get_security_bits(key) < 112)
        abort();
    EVP_PKEY_free(key);
}

static void as_server(struct slice body, struct arena *arena)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf out = BUF_INIT;
    struct soap_message message;
    struct certprov_request request;
    struct certprov_grant grant;
    struct fault fault;
    if (xml_read(body, NULL, &doc, NULL) || soap_read(doc, &message, NULL))
        return;
    if (!certprov_request_parse(message.payload, arena, &request, &fault))
        check_csr(request.csr, arena);
    /* Whatever was asked, the refusal can be read. */
    certprov_error_print(&request, FINDING_CSR_MALFORMED, &out);
    if (certprov_response_parse(buf_slice(&out), arena, &grant, &fault) != -ERR_DENIED ||
        fault.finding != FINDING_CSR_MALFORMED)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_make(data, size);
    struct arena *arena = arena_new();
    struct certprov_grant grant;
    struct fault fault;
    if (!certprov_response_parse(body, arena, &grant, &fault) && slice_empty(grant.certificate))
        abort();
    as_server(body, arena);
    check_csr(body, arena);
    arena_free(arena);
    return 0;
}
