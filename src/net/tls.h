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

/* Mutual TLS: which peers a server lets in. Their certificate ends the handshake unless a CA
 * of the file signed it, it is good now and for clients (clientAuth, where it has extended key
 * usages at all), and one of the names stands among its subject alternative names as it is
 * written here: no wildcards, no common name. There is no resumption, so every connection
 * shows a certificate. */
struct tls_peers {
    const char *ca_file;       /* PEM; NULL: nobody is asked for a certificate */
    const struct slice *names; /* DNS names; at least one */
    size_t name_count;
};

struct tls_server_options {
    const struct tls_pair *pairs; /* at most one a key type (RSA, ECDSA); at least one */
    size_t pair_count;
    bool legacy; /* TLS 1.0 and 1.1 too, at OpenSSL security level 0: old Lync phones */
    struct tls_peers peers;
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
    const char *ca_file;         /* trust only these; NULL: what the system trusts */
    bool legacy;                 /* as above */
    bool trust_all;              /* no verification at all; only to look at what a server shows */
    const struct tls_pair *pair; /* to show to a server that asks who we are; NULL: none */
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

/* The name of `peers` that the peer's certificate carries; absent without mutual TLS. Lives as
 * long as the session. */
struct slice tls_peer_name(struct ssl_st *ssl);

/* Would the peer of a connection that stands be let in by the context as it is now? 0, or a
 * negative enum err with the finding that a handshake would end with. Costs signatures to
 * check, none to make. */
int tls_peer_check(struct tls *tls, struct ssl_st *ssl, struct fault *fault);

/* What X509_V_... means for the human: FINDING_TLS_UNTRUSTED, _EXPIRED,
 * _NOT_YET_VALID, _WRONG_NAME, or _HANDSHAKE for the rest; FINDING_NONE for X509_V_OK. That is a
 * client's view of a server; a server refuses peers with FINDING_TLS_PEER_... */
enum finding tls_verify_finding(long verify_result);

/* Fill *fault from a failed OpenSSL call on `ssl` that returned `ret`: empties
 * this thread's error queue. Returns the negative enum err, or -ERR_AGAIN (fault
 * untouched) when it only wants to read or write. */
int tls_fault(struct ssl_st *ssl, int ret, struct fault *fault);

#endif
