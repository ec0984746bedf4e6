/* For this room's tests and fuzz targets: SIP messages, and a connection between a
 * gate and a client of ours. */
#ifndef LYCHGATE_AUTH_TESTING_SIP_PRIV_H
#define LYCHGATE_AUTH_TESTING_SIP_PRIV_H

#include "auth/association.h"
#include "auth/challenge.h"
#include "auth/gate.h"
#include "auth/testing_priv.h"
#include "sip/message.h"
#include "sip/signature.h"

#define TESTING_TARGET  "fe01.contoso.test"
#define TESTING_STS_URI "https://fe01.contoso.test:443/CertProv/CertProvisioningService.svc"
#define TESTING_UUID    "e0de506b-a705-59cc-9bfa-d37593141231"

/* What a test may vary in a message; zero means the usual. */
struct testing_message {
    const char *method;  /* REGISTER */
    int status;          /* 0: a request */
    const char *user;    /* alice */
    const char *epid;    /* 8c2e6f7a91bd */
    const char *uuid;    /* TESTING_UUID */
    unsigned cseq;       /* 1 */
    struct slice header; /* one more line: its name ... */
    struct slice value;  /* ... and value; absent: none */
};

static inline const char *testing_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static inline struct slice testing_bytes(struct arena *arena, const struct testing_message *m)
{
    const char *method = testing_or(m->method, "REGISTER");
    const char *user = testing_or(m->user, "alice");
    struct slice start = m->status ? arena_print(arena, "SIP/2.0 %d OK\r\n", m->status)
                                   : arena_print(arena, "%s sip:contoso.test SIP/2.0\r\n", method);
    struct slice more =
        slice_absent(m->value)
            ? SLICE("")
            : arena_print(arena, "%.*s: %.*s\r\n", SLICE_ARG(m->header), SLICE_ARG(m->value));
    return arena_print(arena,
                       "%.*s"
                       "Via: SIP/2.0/TLS 192.0.2.5:40112;branch=z9hG4bK%u\r\n"
                       "From: <sip:%s@contoso.test>;tag=36012947;epid=%s\r\n"
                       "To: <sip:%s@contoso.test>%s\r\n"
                       "Max-Forwards: 70\r\n"
                       "CSeq: %u %s\r\n"
                       "Call-ID: AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x\r\n"
                       "Contact: <sip:192.0.2.5:40112;transport=tls;ms-opaque=d3470f2e1d>;"
                       "proxy=replace;+sip.instance=\"<urn:uuid:%s>\"\r\n"
                       "%.*s"
                       "Content-Length: 0\r\n\r\n",
                       SLICE_ARG(start), m->cseq ? m->cseq : 1, user,
                       testing_or(m->epid, "8c2e6f7a91bd"), user, m->status ? ";tag=5E61" : "",
                       m->cseq ? m->cseq : 1, method, testing_or(m->uuid, TESTING_UUID),
                       SLICE_ARG(more));
}

static inline struct sip_message *testing_sip(struct arena *arena, const struct testing_message *m)
{
    struct sip_message *message = arena_new_of(arena, struct sip_message);
    struct fault fault = {0};
    if (sip_parse(message, testing_bytes(arena, m), &fault) < 0) {
        fprintf(stderr, "%s\n", fault.detail);
        abort();
    }
    return message;
}

/* The message signed by the client on its association. */
static inline struct sip_message *testing_signed(struct arena *arena,
                                                 struct association *association,
                                                 struct testing_message m)
{
    struct sip_signature_fields fields = {0};
    m.value = (struct slice){0};
    sip_signature_fields(testing_sip(arena, &m), &fields);
    m.header = SLICE("Authorization");
    m.value = association_authorization(association, arena, &fields);
    return testing_sip(arena, &m);
}

/* ---- the server's knowledge ------------------------------------------------------------ */

struct testing_directory {
    int err;              /* answer with this error ... */
    enum finding finding; /* ... and finding */
    const char *account;  /* "alice@contoso.test" when NULL */
    const char *device;
    int64_t expires;
    unsigned calls;
};

static inline int testing_find(void *arg, const uint8_t *fingerprint, X509 *certificate,
                               int64_t now, struct gate_certificate *out, struct fault *fault)
{
    struct testing_directory *directory = arg;
    (void)fingerprint;
    (void)certificate;
    directory->calls++;
    if (directory->err)
        return fault_set(fault, (enum err)directory->err, directory->finding, "directory says so");
    snprintf(out->account, sizeof out->account, "%s",
             testing_or(directory->account, "alice@contoso.test"));
    snprintf(out->device, sizeof out->device, "%s", testing_or(directory->device, ""));
    out->expires = directory->expires ? directory->expires : now + 3600000;
    return 0;
}

#endif
