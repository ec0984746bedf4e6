/* TLS contexts: which certificates, versions and groups; for servers (replaceable
 * while connections live) and for clients. The connections themselves: conn.h. */
#ifndef LYCHGATE_NET_TLS_H
#define LYCHGATE_NET_TLS_H

#include "base/fault.h"
#include "base/slice.h"

#include <stdbool.h>

struct ssl_st; /* OpenSSL's SSL */

/* A context, counted: shared by listeners, connections and threads. */
struct tls;

/* A certificate and its key, each as PEM: from a file, or from memory when no
 * file is named. The certificate comes first, its chain behind it. */
struct tls_pair {
    const char *certificate_file;
    const char *key_file;
    struct slice certificate_pem;
    struct slice key_pem;
};

struct tls_server_options {
    const struct tls_pair *pairs; /* at most one a key type (RSA, ECDSA); at least one */
    size_t pair_count;
    bool legacy; /* TLS 1.0 and 1.1 too, at OpenSSL security level 0: old Lync phones */
};

/* A server's context: TLS 1.2 and 1.3, X25519 then P-256, session tickets, no
 * renegotiation, no session cache. The pairs are read now and not needed later.
 * NULL with a fault (configuration-invalid: which file, and why). */
struct tls *tls_server_new(const struct tls_server_options *options, struct fault *fault);

/* Build anew and replace (SIGHUP). New connections get the new context, old ones
 * keep theirs; on failure the old one stays in use. Safe from any thread.
 * Returns 0 or a negative enum err. */
int tls_server_reload(struct tls *tls, const struct tls_server_options *options,
                      struct fault *fault);

struct tls_client_options {
    const char *ca_file; /* trust only these; NULL: what the system trusts */
    bool legacy;         /* as above */
    bool trust_all;      /* no verification at all; only to look at what a server shows */
};

/* A client's context; verifies chain and host name. When SSLKEYLOGFILE is set in
 * the environment (and the program is not set-uid), keys are appended there.
 * NULL with a fault. */
struct tls *tls_client_new(const struct tls_client_options *options, struct fault *fault);

/* Count up (returns its argument) and down; the last one frees. Any thread. */
struct tls *tls_ref(struct tls *tls);
void tls_unref(struct tls *tls);

/* A new SSL of the context as it is now; the caller owns it (SSL_free). For a
 * client `host` is the name (or IP address) to verify, and is sent as SNI if it
 * is a name; NULL for a server. Never NULL except without memory. */
struct ssl_st *tls_session_new(struct tls *tls, const char *host);

/* What X509_V_... means for the human: FINDING_TLS_UNTRUSTED, _EXPIRED,
 * _NOT_YET_VALID, _WRONG_NAME, or _HANDSHAKE for the rest; FINDING_NONE for X509_V_OK. */
enum finding tls_verify_finding(long verify_result);

/* Fill *fault from a failed OpenSSL call on `ssl` that returned `ret`: empties
 * this thread's error queue. Returns the negative enum err, or -ERR_AGAIN (fault
 * untouched) when it only wants to read or write. */
int tls_fault(struct ssl_st *ssl, int ret, struct fault *fault);

#endif
