/* [RFC 5280] sections 4.1 and 4.2. */
#include "vault/certificate_priv.h"

#include "base/random.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum {
    SERIAL_LEN = 16
};

const char *openssl_trouble(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "OpenSSL gives no reason";
}

static bool set_serial(X509 *certificate, struct slice serial)
{
    unsigned char made[SERIAL_LEN];
    if (slice_empty(serial)) {
        random_fill(made, sizeof made);
        made[0] = (unsigned char)((made[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
        serial = slice_make(made, sizeof made);
    }
    BIGNUM *number = BN_bin2bn((const unsigned char *)serial.at, (int)serial.len, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return ok;
}

/* Not by X509_NAME_add_entry_by_txt: it refuses names over 64 bytes, and a SIP
 * address may be longer. */
static bool set_subject(X509 *certificate, struct slice common_name)
{
    if (slice_empty(common_name))
        return true;
    X509_NAME_ENTRY *entry =
        X509_NAME_ENTRY_create_by_NID(NULL, NID_commonName, V_ASN1_UTF8STRING,
                                      (const unsigned char *)common_name.at, (int)common_name.len);
    bool ok = entry && X509_NAME_add_entry(X509_get_subject_name(certificate), entry, -1, 0);
    X509_NAME_ENTRY_free(entry);
    return ok;
}

static bool set_validity(X509 *certificate, int64_t not_before, int64_t not_after)
{
    return ASN1_TIME_adj(X509_getm_notBefore(certificate), (time_t)(not_before / 1000), 0, 0) &&
           ASN1_TIME_adj(X509_getm_notAfter(certificate), (time_t)(not_after / 1000), 0, 0);
}

/* `value` is always a constant of ours. */
static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

static bool add_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
    GENERAL_NAME *name = value ? GENERAL_NAME_new() : NULL;
    if (!name) {
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        return false;
    }
    return true;
}

static bool add_text_name(GENERAL_NAMES *names, int type, struct slice text)
{
    ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
    if (value && !ASN1_STRING_set(value, text.at, (int)text.len)) {
        ASN1_STRING_free(value);
        return false;
    }
    return add_name(names, type, value);
}

static bool add_host_name(GENERAL_NAMES *names, struct slice host)
{
    char text[256];
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
    if (address)
        return add_name(names, GEN_IPADD, address);
    ERR_clear_error();
    return add_text_name(names, GEN_DNS, host);
}

static bool add_alternative_names(X509 *certificate, const struct certificate_plan *plan)
{
    if (plan->name_count == 0 && slice_absent(plan->uri))
        return true;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool ok = names != NULL;
    for (size_t i = 0; i < plan->name_count && ok; i++)
        ok = add_host_name(names, plan->names[i]);
    if (ok && !slice_absent(plan->uri))
        ok = add_text_name(names, GEN_URI, plan->uri);
    /* Critical when the subject says nothing ([RFC 5280] section 4.2.1.6). */
    if (ok)
        ok = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names,
                               slice_empty(plan->common_name), X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct certificate_plan *plan)
{
    return add_extension(certificate, issuer, NID_basic_constraints, plan->constraints) &&
           add_extension(certificate, issuer, NID_key_usage, plan->usage) &&
           (!plan->extended_usage ||
            add_extension(certificate, issuer, NID_ext_key_usage, plan->extended_usage)) &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
           add_alternative_names(certificate, plan);
}

/* What X509_set_pubkey does, which in OpenSSL 3.0 writes the key out and reads it again:
 * several times as long as it takes to check an RSA signature. The parameter is a curve,
 * or NULL as [RFC 3279] section 2.3.1 wants it with RSA, also where the sender left it out. */
static bool copy_key(X509_PUBKEY *to, const X509_PUBKEY *from)
{
    const unsigned char *bits;
    int len, type;
    X509_ALGOR *algorithm;
    const ASN1_OBJECT *kind;
    const void *curve;
    if (!X509_PUBKEY_get0_param(NULL, &bits, &len, &algorithm, from))
        return false;
    X509_ALGOR_get0(&kind, &type, &curve, algorithm);
    if (type != V_ASN1_OBJECT)
        type = V_ASN1_NULL;
    ASN1_OBJECT *kind_copy = OBJ_dup(kind);
    ASN1_OBJECT *curve_copy = type == V_ASN1_OBJECT ? OBJ_dup(curve) : NULL;
    unsigned char *bits_copy = OPENSSL_memdup(bits, (size_t)len);
    if (kind_copy && bits_copy && (curve_copy || type == V_ASN1_NULL) &&
        X509_PUBKEY_set0_param(to, kind_copy, type, curve_copy, bits_copy, len))
        return true;
    ASN1_OBJECT_free(kind_copy);
    ASN1_OBJECT_free(curve_copy);
    OPENSSL_free(bits_copy);
    return false;
}

static bool set_key(X509 *certificate, struct certificate_subject subject)
{
    return subject.sent ? copy_key(X509_get_X509_PUBKEY(certificate), subject.sent)
                        : X509_set_pubkey(certificate, subject.own) == 1;
}

X509 *certificate_build(const struct certificate_plan *plan, struct certificate_subject subject,
                        X509 *issuer, EVP_PKEY *issuer_key, struct fault *fault)
{
    X509 *certificate = X509_new();
    X509 *above = issuer ? issuer : certificate;
    if (certificate && X509_set_version(certificate, X509_VERSION_3) &&
        set_serial(certificate, plan->serial) && set_subject(certificate, plan->common_name) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(above)) &&
        set_validity(certificate, plan->not_before, plan->not_after) &&
        set_key(certificate, subject) && add_extensions(certificate, above, plan) &&
        X509_sign(certificate, issuer_key, EVP_sha256()) > 0)
        return certificate;
    fault_set(fault, ERR_INTERNAL, FINDING_VAULT_FAILED, "making a certificate: %s",
              openssl_trouble());
    X509_free(certificate);
    return NULL;
}

size_t certificate_der(X509 *certificate, char *to, size_t room)
{
    int len = i2d_X509(certificate, NULL);
    unsigned char *at = (unsigned char *)to;
    if (len <= 0 || (size_t)len > room)
        return 0;
    return (size_t)i2d_X509(certificate, &at);
}

int64_t certificate_not_after(const X509 *certificate)
{
    struct tm parts;
    if (!ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts))
        return 0;
    return (int64_t)timegm(&parts) * 1000;
}
