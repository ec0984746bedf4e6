/* liblychgate: sign in to Lync and Skype for Business servers, step by step.
 *
 *   struct lychgate *gate = lychgate_new(&(struct lychgate_options){
 *       .address = "alice@contoso.test", .password = ask, .event = show});
 *   if (lychgate_signin(gate) == 0)
 *       lychgate_keep(gate, 3600);
 *   lychgate_signout(gate);
 *   lychgate_free(gate);
 *
 * Calls wait until they are done; every wait has a limit. Nothing is printed:
 * each step is told to the event function as soon as it is over. A struct lychgate
 * belongs to one thread at a time; several may be used side by side. Functions
 * return 0 or a negative number, and lychgate_problem() says why. Strings are
 * UTF-8; those that the library hands out are its own. */
#ifndef LYCHGATE_LYCHGATE_H
#define LYCHGATE_LYCHGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LYCHGATE_API __attribute__((visibility("default")))
#else
#define LYCHGATE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct lychgate; /* one user's sign-in */

/* How to get a web ticket. */
enum lychgate_auth {
    LYCHGATE_AUTH_ANY = 0, /* the first of these that the server's metadata offers */
    LYCHGATE_AUTH_ORGID,   /* the identity service (Org ID), then its token */
    LYCHGATE_AUTH_BASIC,   /* HTTP Basic over TLS at the ticket service */
    LYCHGATE_AUTH_FORMS,   /* user name and password in the message, at /Auth */
};

enum lychgate_outcome {
    LYCHGATE_GOOD,   /* the step brought what it should */
    LYCHGATE_NOTED,  /* it did, and something about it is odd: see problem */
    LYCHGATE_PASSED, /* it did not, and another way is tried */
    LYCHGATE_FAILED, /* it did not, and that is the end of the sign-in */
};

/* What is wrong; ids and sentences come from the closed list of findings
 * (`lychgate finding` prints it). */
struct lychgate_problem {
    const char *finding;  /* stable id: "wrong-password"; "" when there is none */
    const char *detail;   /* where and what exactly */
    const char *user;     /* one sentence for the person who signs in */
    const char *cause;    /* one sentence for the administrator */
    const char *remedy;   /* what to do about it */
    const char *received; /* the first bytes of what came instead; "" when nothing did */
};

/* A step that is over. Valid during the call only. */
struct lychgate_event {
    const char *step;   /* stable id: "dns", "lyncdiscover", "user", "ticket", "register" ... */
    const char *asked;  /* "GET https://lyncdiscover.contoso.test/?sipuri=..." */
    const char *whom;   /* "192.0.2.7:443" or "" when nobody was asked */
    const char *answer; /* "200, Redirect to https://..."; "" when none came */
    enum lychgate_outcome outcome;
    int64_t spent_us;
    const struct lychgate_problem *problem; /* NULL when GOOD */
    const char *number; /* "9", "12.1": of the fourteen steps (mobile.h); "" elsewhere */
};

typedef void lychgate_event_fn(void *arg, const struct lychgate_event *event);

/* Called when a password is really needed (not while a kept certificate serves).
 * Put it with its NUL into to[room]; false: there is none. The library wipes it. */
typedef bool lychgate_password_fn(void *arg, char *to, size_t room);

/* Copied by lychgate_new(). What is NULL or 0 takes the default in brackets. */
struct lychgate_options {
    const char *address;            /* "alice@contoso.test", with or without "sip:"; needed */
    const char *login;              /* [the address] "alice", "CONTOSO\alice", a UPN */
    lychgate_password_fn *password; /* [none] */
    void *password_arg;
    enum lychgate_auth auth;
    const char *server;            /* "HOST[:PORT]" [found by discovery] the SIP server */
    const char *dns;               /* "HOST[:PORT]" [the system's] the name server, an address */
    const char *ca_file;           /* [the system's] PEM: the only CAs that are trusted */
    const char *const *connect_to; /* [none] ends with NULL: "HOST:PORT:HOST:PORT" as in curl:
                                      who is asked for the first connects to the second; any
                                      part may be empty */
    const char *cache_folder; /* [XDG_CACHE_HOME/lychgate] where certificate and key are kept */
    bool no_cache;            /* keep nothing, use nothing kept */
    const char *trace_file;   /* [none] every message, secrets redacted, for `lychgate trace` */
    const char *user_agent;   /* ["Lychgate/VERSION"] */
    int timeout_ms;           /* [20000] for each connection and each answer */
    lychgate_event_fn *event; /* [none] */
    void *event_arg;
};

/* What a successful sign-in came to. Times are ms since 1970, UTC. */
struct lychgate_summary {
    const char *address;       /* "alice@contoso.test" */
    const char *pool;          /* "sip.contoso.test:5061" */
    const char *server;        /* what the server calls itself: "RTC/6.0" */
    const char *epid;          /* this endpoint's name */
    const char *gruu;          /* its address of its own; "" when the server gave none */
    const char *security;      /* of the connection: "TLSv1.3 TLS_AES_256_GCM_SHA384" */
    int64_t certificate_until; /* end of the certificate that signed in */
    bool certificate_kept;     /* it came from the cache: no password was needed */
    int64_t registered_until;
    int64_t keepalive_ms;  /* how often a sign of life is due */
    int64_t clock_skew_ms; /* the server's clock minus ours, as far as Date headers tell */
    int64_t spent_us;      /* the whole sign-in */
};

/* Ready to sign in; no I/O yet but opening the trace file. Never NULL: what is wrong
 * with the options is the first thing that lychgate_signin() fails with. */
LYCHGATE_API struct lychgate *lychgate_new(const struct lychgate_options *options);

/* Find the server, get a ticket and a certificate as far as needed, register. 0:
 * signed in. May be called again after a failure or the loss of the connection. */
LYCHGATE_API int lychgate_signin(struct lychgate *gate);

/* Stay signed in for so many seconds: signs of life, refreshes, answers, and a new sign-in shortly
 * before the certificate ends (the password may be asked for again). 0 when the time is over;
 * negative when the server has signed us out ("deregistered") or the connection is lost. */
LYCHGATE_API int lychgate_keep(struct lychgate *gate, int seconds);

/* End lychgate_keep() early; safe from a signal handler and from other threads. */
LYCHGATE_API void lychgate_stop(struct lychgate *gate);

/* Register with Expires: 0 and close. 0 too when not signed in. */
LYCHGATE_API int lychgate_signout(struct lychgate *gate);

/* Closes (without signing out), wipes, frees. NULL is fine. */
LYCHGATE_API void lychgate_free(struct lychgate *gate);

/* Of the last lychgate_signin() that was successful; all empty before. */
LYCHGATE_API const struct lychgate_summary *lychgate_summary(const struct lychgate *gate);

/* Why the last call failed; its finding is "" when it did not. */
LYCHGATE_API const struct lychgate_problem *lychgate_problem(const struct lychgate *gate);

/* "0.1.0" */
LYCHGATE_API const char *lychgate_version(void);

#ifdef __cplusplus
}
#endif
#endif
