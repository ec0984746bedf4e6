/* /WebTicket/oauthtoken: a password for a compact ticket, in OAuth's clothing (RFC 6749
 * sections 4.3 and 5; mobility.md 2.1 step 4). Only the grant that can be served is in
 * the challenge; the others are refused by OAuth's own word for that. */
#include "auth/password.h"
#include "event/event.h"
#include "http/values.h"
#include "webticket/compact.h"
#include "webticket/webticket_priv.h"
#include "xml/soap.h"

void webticket_challenge_oauth(const struct site *site, struct http_reply *reply,
                               struct arena *arena)
{
    struct slice url = site_web_url(arena, site, SITE_PATH_OAUTHTOKEN);
    /* The number is Lync's own in OAuth, the same at every site. */
    http_reply_header(reply, arena, "WWW-Authenticate",
                      "Bearer trusted_issuers=\"\", "
                      "client_id=\"00000004-0000-0ff1-ce00-000000000000\"");
    http_reply_header(reply, arena, "WWW-Authenticate",
                      "MsRtcOAuth href=\"%.*s\",grant_type=\"password\"", SLICE_ARG(url));
}

static const char *error_word(const struct fault *fault)
{
    switch (fault->finding) {
    case FINDING_OAUTH_REQUEST:
        return "invalid_request";
    case FINDING_OAUTH_GRANT_TYPE:
        return "unsupported_grant_type";
    default:
        return fault->err == -ERR_DENIED ? "invalid_grant" : "server_error";
    }
}

static void refuse(const struct webticket *wt, struct http_reply *reply, struct arena *arena,
                   const struct fault *fault)
{
    const char *word = error_word(fault);
    struct slice host = wt->options.site->web_host;
    bool ours = slice_eq(slice_of(word), SLICE("server_error"));
    http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s",
                      SLICE_ARG(soap_diagnostics_print(arena, fault->finding, host)));
    http_reply_set(reply, ours ? 500 : 400, "application/json",
                   arena_print(arena, "{\"error\":\"%s\"}", word));
    reply->fault = *fault;
}

static int read_form(const struct http_request *request, struct arena *arena, struct slice *login,
                     struct slice *password, struct fault *fault)
{
    if (!http_media_type_is(http_header(request, "Content-Type"),
                            "application/x-www-form-urlencoded"))
        return fault_set(fault, ERR_MALFORMED, FINDING_OAUTH_REQUEST, "the body is no form");
    struct slice grant = http_form(request->body, arena, "grant_type");
    if (slice_empty(grant))
        return fault_set(fault, ERR_MALFORMED, FINDING_OAUTH_REQUEST, "no grant_type");
    if (!slice_eq(grant, SLICE("password")))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_OAUTH_GRANT_TYPE, "%.*s",
                         SLICE_ARG(slice_head(grant, 80)));
    *login = http_form(request->body, arena, "username");
    *password = http_form(request->body, arena, "password");
    if (slice_empty(*login) || slice_absent(*password))
        return fault_set(fault, ERR_MALFORMED, FINDING_OAUTH_REQUEST, "no username or password");
    return 0;
}

static struct slice print_token(const struct webticket *wt, struct slice token, struct arena *arena)
{
    return arena_print(arena,
                       "{\"access_token\":\"%.*s\",\"expires_in\":%lld,"
                       "\"ms_rtc_identityscope\":\"local\",\"token_type\":\"Bearer\"}",
                       SLICE_ARG(token), (long long)(wt->options.lifetime_ms / 1000));
}

void webticket_answer_oauth(void *role, const struct http_request *request,
                            struct http_reply *reply, struct arena *arena, int64_t now)
{
    struct webticket *wt = role;
    const struct desk *desk = wt->options.desk(wt->options.desk_arg);
    struct slice login, password, token;
    struct account account;
    struct fault fault = {0};
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    http_reply_header(reply, arena, "X-MS-Server-Fqdn", "%.*s",
                      SLICE_ARG(wt->options.site->web_host));
    int err = read_form(request, arena, &login, &password, &fault);
    if (!err)
        err = auth_password_check(&(struct auth_password){.desk = desk,
                                                          .penalty = wt->options.penalty,
                                                          .peer = request->peer,
                                                          .role = "oauth",
                                                          .login = login,
                                                          .password = password,
                                                          .now = now},
                                  arena, &account, &reply->delay_ms, &fault);
    if (!err)
        err = webticket_issue_compact(wt, desk, &account, now, arena, &token, &fault);
    if (err) {
        refuse(wt, reply, arena, &fault);
        return;
    }
    event_emit(EVENT_INFO, "webticket.issued", FINDING_NONE, EVENT_SLICE("user", account.address),
               EVENT_TEXT("kind", "compact"), EVENT_END);
    http_reply_set(reply, 200, "application/json", print_token(wt, token, arena));
}
