/* The gate: what the server thinks of one SIP message before anybody acts on it.
 * One gate per connection; it holds that connection's security associations and
 * the handshakes under way. [MS-SIPAE] 3.3.
 *
 * On the loop:    gate_step(message) -> verdict
 * GATE_HANDSHAKE: stop reading the connection, give verdict.work to a worker
 * On a worker:    gate_work_run(work, checks, now)
 * On the loop:    gate_step_done(gate, work) -> verdict, for the same request */
#ifndef LYCHGATE_AUTH_GATE_H
#define LYCHGATE_AUTH_GATE_H

#include "auth/association.h"
#include "auth/tlsdsk.h"
#include "base/arena.h"
#include "base/fault.h"

struct sip_message;
struct sip_reply;
struct gate;
struct gate_work;

/* What all gates of a server share; outlives them. Zero means the default. */
struct gate_settings {
    const struct tlsdsk_context *context; /* the server half */
    const char *targetname;               /* our name; clients key their certificates by it */
    const char *sts_uri;                  /* https://WEB:443/CertProv/CertProvisioningService.svc */
    size_t associations_max;              /* per connection; default 16 */
    size_t handshakes_max;                /* under way per connection; default 4 */
    unsigned strikes_max; /* failures in a row before the connection is ended; default 8 */
    int64_t handshake_ms; /* a handshake must be complete by then; default 60 s */
    bool bind_device;     /* a certificate is good only for the +sip.instance it was issued to */
};

enum gate_action {
    GATE_PASS,       /* signature good: act on the message, answer signed by .association */
    GATE_CHALLENGE,  /* answer 401 with .headers and a Date (REGISTER only) */
    GATE_HANDSHAKE,  /* .work for a worker */
    GATE_REFUSE,     /* answer .status, signed by .association if there is one */
    GATE_IGNORE,     /* drop the message: ACK, CANCEL or a response that is not signed */
    GATE_DISCONNECT, /* end the connection: a 401 would make SIPE send the request for ever */
};

struct gate_header {
    const char *name;
    struct slice value;
};
enum {
    GATE_HEADERS_MAX = 4
};

struct gate_verdict {
    enum gate_action action;
    int status;                                   /* 401, 403, ...; 0 where no answer is due */
    struct gate_header headers[GATE_HEADERS_MAX]; /* to add to the answer; values in the arena */
    size_t header_count;
    struct association
        *association; /* PASS: the gate's; borrowed until the next call with the gate */
    bool established; /* PASS: the first message on a new association */
    struct gate_work
        *work;          /* HANDSHAKE: the caller's, until gate_step_done() or gate_work_free() */
    struct fault fault; /* why, for the event; .finding is FINDING_NONE if nothing is wrong */
};

struct gate *gate_new(const struct gate_settings *settings);
void gate_free(struct gate *gate);

/* Decide on a message, request or response, that came at `now`. What costs strikes
 * (forged, replayed, failed handshakes) also has .fault set for an event. */
void gate_step(struct gate *gate, const struct sip_message *message, int64_t now,
               struct arena *arena, struct gate_verdict *verdict_out);

/* What is known of a certificate that we issued. */
enum {
    GATE_ACCOUNT_MAX = 256,
    GATE_DEVICE_MAX = 64
};
struct gate_certificate {
    char account[GATE_ACCOUNT_MAX]; /* user@domain */
    char device[GATE_DEVICE_MAX];   /* DeviceId it was issued to, "" if unknown */
    int64_t expires;                /* ms since the epoch */
};

/* The server's knowledge; called on the worker, may block. */
struct gate_checks {
    void *arg;
    /* Is the certificate issued by us, published, not revoked, not expired, and
     * its account enabled? 0 with *certificate_out filled, or a negative enum err
     * with FINDING_CERT_UNKNOWN, CERT_EXPIRED, USER_DISABLED, STORE_FAILED ...:
     * the finding's SIP status becomes the answer, 401 meaning a new challenge. */
    int (*find_certificate)(void *arg, const uint8_t fingerprint[ASSOCIATION_FINGERPRINT_LEN],
                            X509 *certificate, int64_t now,
                            struct gate_certificate *certificate_out, struct fault *fault);
};

/* The expensive part: one step of the handshake and, at its end, the checks.
 * Touches nothing but *work. */
void gate_work_run(struct gate_work *work, const struct gate_checks *checks, int64_t now);

/* Give the work back and learn the verdict: CHALLENGE (with the server's records,
 * or a fresh one), REFUSE or DISCONNECT. Takes the work. */
void gate_step_done(struct gate *gate, struct gate_work *work, int64_t now, struct arena *arena,
                    struct gate_verdict *verdict_out);

/* The answer for a verdict that is neither PASS nor HANDSHAKE: status, headers,
 * ms-diagnostics where the fault has any (`source`: our FQDN); no_answer for IGNORE
 * and DISCONNECT. Give sip_out_options.now with it: clients read Date to see how
 * far the clocks differ. */
void gate_reply(const struct gate_verdict *verdict, struct arena *arena, struct slice source,
                struct sip_reply *reply_out);

/* For work whose connection is gone. */
void gate_work_free(struct gate_work *work);

/* The association to sign with towards an endpoint: by account and epid (or
 * instance, when epid is absent); the newest that is confirmed, else NULL. */
struct association *gate_find(const struct gate *gate, struct slice account, struct slice epid,
                              struct slice instance);

/* Forget the associations of an endpoint that signed out (answer it first). */
void gate_forget(struct gate *gate, struct association *association);

SCOPED_FREE(gate, struct gate, gate_free)

#endif
