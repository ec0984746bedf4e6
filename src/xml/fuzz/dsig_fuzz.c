/* The way of a stranger's assertion: read, found, verified. Whatever the bytes are,
 * if an assertion verifies, then it says what was signed: the private keys to
 * these public ones were thrown away after signing for alice. */
#include "base/encode.h"
#include "xml/dsig.h"
#include "xml/names.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rsa[] =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtWG8vEUCVnGiGG/+rUr2O1mdno59IC8b"
    "S202CHflqRpYzx3PozSoZs85iCvIHczZpB6lolGZm2X2Qup9lMwJzfCg8978mUqA9WYdMUld0HYD"
    "7qexzlQS43SfWCnW48QtIt3XprlaPgUxsOJE57UWfpsIrRZm4x/nB38O2M7Qw1b0sT8SWsBWciO8"
    "TGnR+L2XmuZAlRNEsndzD3nXuPqpG0IW2ku97jGArPJlPI8fEHdhEB0zdobrBILxNkak2QjbmvDl"
    "U7mDhKz26nYmpzAc/eW7IZ552WkCH7vGncbJVbZUBwrIS1BgqmV7RynCrqNN0TrMw7lQ3OpalotY"
    "DOWETwIDAQAB";
static const char ecdsa[] =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErj6FL5u22jmqCq/9LawhxusS6B1zIRzicZwu08t1"
    "JbvQjjsOEkNQ0bZKNci68xHlk9Kz+z3ZZUsh3lEk4OuUuQ==";

static struct dsig_key *key_from(const char *base64)
{
    struct arena *arena = arena_new();
    struct slice der = {0};
    if (base64_parse(arena, slice_of(base64), &der))
        abort();
    const unsigned char *at = (const unsigned char *)der.at;
    EVP_PKEY *public_key = d2i_PUBKEY(NULL, &at, (long)der.len);
    struct dsig_key *key = dsig_key_new(public_key);
    EVP_PKEY_free(public_key);
    arena_free(arena);
    if (!key)
        abort();
    return key;
}

static void check_assertion(const struct xml_node *assertion,
                            const struct dsig_verify_options *options)
{
    struct fault fault;
    if (dsig_verify_enveloped(assertion, options, &fault)) {
        if (fault.finding != FINDING_SIGNATURE_INVALID &&
            fault.finding != FINDING_SIGNATURE_WRAPPED)
            abort();
        return;
    }
    struct slice name =
        xml_text(xml_path(assertion, "AuthenticationStatement/Subject/NameIdentifier"));
    if (!slice_eq(name, SLICE("sip:alice@contoso.test")))
        abort();
}

static void check_timestamp(const struct xml_node *security)
{
    struct fault fault;
    const struct xml_node *timestamp = xml_child(security, NS_WSU, "Timestamp");
    if (dsig_verify_hmac(xml_child(security, NS_DS, "Signature"), timestamp,
                         SLICE("proof key of the fuzz target"), &fault))
        return;
    if (!slice_eq(xml_text(xml_path(timestamp, "Expires")), SLICE("2025-01-01T08:00:00Z")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dsig_key *keys[2];
    struct xml_doc *doc;
    if (!keys[0]) {
        keys[0] = key_from(rsa);
        keys[1] = key_from(ecdsa);
    }
    if (xml_read(slice_make(data, size), NULL, &doc, NULL))
        return 0;
    struct dsig_verify_options options = {
        .keys = keys, .key_count = 2, .id_attribute = "AssertionID"};
    const struct xml_node *security = xml_path(xml_root(doc), "Header/Security");
    check_assertion(xml_root(doc), &options);
    check_assertion(xml_path(xml_root(doc), "Assertion"), &options);
    check_assertion(xml_path(security, "Assertion"), &options);
    check_timestamp(security);
    xml_doc_free(doc);
    return 0;
}
