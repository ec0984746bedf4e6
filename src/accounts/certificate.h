/* The certificates that were issued to users and published, so that TLS-DSK can
 * ask whether the one a client shows is still good ([MS-OCAUTHWS] section 3.1.1:
 * the certificate store). An account has several, one for each device. */
#ifndef LYCHGATE_ACCOUNTS_CERTIFICATE_H
#define LYCHGATE_ACCOUNTS_CERTIFICATE_H

#include "accounts/account.h"

struct certificate_record {
    struct slice fingerprint; /* SHA-256 of the DER, 32 bytes */
    struct slice serial;      /* big-endian bytes */
    int64_t account_id;
    struct slice device_id; /* DeviceId of GetAndPublishCert */
    struct slice epid;      /* endpoint id it was provisioned for; may be absent */
    int64_t not_before;     /* ms since the epoch, as all times here */
    int64_t not_after;
    int64_t issued_at;
    int64_t revoked_at; /* 0: not revoked */
};

/* Record a certificate; returns when it is on disk. Beyond the limit of
 * certificates for an account the oldest go. -ERR_UNKNOWN without such an account;
 * -ERR_CONFLICT when this certificate is recorded already. */
int certificates_publish(struct accounts *accounts, const struct certificate_record *record,
                         struct fault *fault);

/* By fingerprint: -ERR_UNKNOWN, FINDING_CERT_UNKNOWN when it is not there; revoked
 * and expired ones are found. */
int certificates_find(struct accounts *accounts, struct slice fingerprint, struct arena *arena,
                      struct certificate_record *record_out, struct fault *fault);

/* By fingerprint, and good at `now`: also fails with FINDING_CERT_UNKNOWN (-ERR_DENIED) when
 * revoked, FINDING_CERT_EXPIRED (-ERR_EXPIRED) outside its validity, FINDING_USER_DISABLED
 * (-ERR_DENIED) when its account may not sign in. */
int certificates_check(struct accounts *accounts, struct slice fingerprint, int64_t now,
                       struct arena *arena, struct certificate_record *record_out,
                       struct account *account_out, struct fault *fault);

/* All of an account, newest first. */
int certificates_list(struct accounts *accounts, int64_t account_id, struct arena *arena,
                      struct certificate_record **list_out, size_t *count_out, struct fault *fault);

/* Revoke one; -ERR_UNKNOWN when it is not there. Once revoked, always revoked. */
int certificates_revoke(struct accounts *accounts, struct slice fingerprint, int64_t now,
                        struct fault *fault);

/* Revoke all of an account; returns how many were still good. */
int certificates_revoke_all(struct accounts *accounts, int64_t account_id, int64_t now,
                            struct fault *fault);

/* Delete those that ended before `now`; returns how many. */
int certificates_prune(struct accounts *accounts, int64_t now, struct fault *fault);

#endif
