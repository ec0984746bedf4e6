/* The mobile sign-in: its fourteen steps, and what can be done behind them
 * (lychgate/mobile.h). */
#include "client/mobile_priv.h"

#include "base/clock.h"
#include "base/encode.h"
#include "client/session_priv.h"
#include "registrar/endpoint.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    HOST_NAME_LEN = 256,
    ENDPOINT_BYTES = 16,
    POLL_MAX_S = 600,
    ANSWER_WAIT_MS = 60 * 1000 /* for somebody to accept an invitation */
};

static const struct {
    const char *number;
    const char *id; /* names a failure of the step where no question was under way */
    mobile_step_fn *run;
    bool may_be_inside; /* if it fails inside the network, lyncdiscover is tried from outside */
} steps[] = {
    {"1", "credentials", mobile_credentials, false},
    {"2", "dns", mobile_inside, false},
    {"3", "dns", mobile_outside, false},
    {"4", "dns", mobile_web_name, true},
    {"5", "connect", mobile_connect, true},
    {"6", "http", mobile_http, true},
    {"7", "lyncdiscover", mobile_root, true},
    {"8", "user", mobile_user, false},
    {"9", "certificate", mobile_authenticate, false},
    {"10", "initiate", mobile_initiate, false},
    {"11", "policy", mobile_verdict, false},
    {"12", "provisioning", mobile_provision, false},
    {"13", "push-or-pull", mobile_push_or_pull, false},
    {"14", "contacts", mobile_contacts, false},
};

enum {
    STEPS = sizeof steps / sizeof *steps,
    OUTSIDE = 2 /* the row of step 3 */
};

static const struct lychgate_mobile_summary no_summary = {
    .address = "", .service = "", .contact = "", .endpoint = ""};

/* ---- making it ---------------------------------------------------------------------------- */

/* The same phone each time on the same machine, and another endpoint than a desktop client's. */
static void name_endpoint(struct lychgate *gate)
{
    struct mobile *mobile = gate->mobile;
    char host[HOST_NAME_LEN] = "";
    unsigned char hash[EVP_MAX_MD_SIZE];
    gethostname(host, sizeof host - 1);
    struct slice seed =
        arena_print(mobile->own, "%.*s:%s:mobile", SLICE_ARG(gate->set.address), host);
    EVP_Digest(seed.at, seed.len, hash, NULL, EVP_sha256(), NULL);
    mobile->endpoint = hex_print_lower(mobile->own, slice_make(hash, ENDPOINT_BYTES));
    struct guid guid = endpoint_instance_of_epid(slice_head(mobile->endpoint, 12));
    gate->instance = arena_copy(gate->own, guid_print(mobile->own, &guid));
    mobile->user_agent = arena_print(mobile->own, "%s (mobile)", gate->set.user_agent);
}

static void copy_options(struct mobile *mobile, const struct lychgate_mobile_options *options)
{
    mobile->with = options ? *options : (struct lychgate_mobile_options){0};
    if (mobile->with.push_subscription)
        mobile->with.push_subscription =
            arena_string(mobile->own, slice_of(mobile->with.push_subscription));
}

static void prepare(struct lychgate *gate, const struct lychgate_mobile_options *options)
{
    if (!gate->mobile) {
        gate->mobile = must_calloc(1, sizeof *gate->mobile);
        gate->mobile->own = arena_new();
        gate->mobile->told = arena_new();
        gate->mobile->result = arena_new();
        gate->mobile->summary = no_summary;
    }
    struct mobile *mobile = gate->mobile;
    if (gate->unusable.err)
        return;
    copy_options(mobile, options);
    if (slice_empty(mobile->endpoint))
        name_endpoint(gate);
    /* Apart from what desktop sign-ins keep: those know a pool, this knows a service. */
    if (gate->set.cache_folder && !mobile->cache_folder)
        mobile->cache_folder = arena_print(mobile->own, "%s/mobile", gate->set.cache_folder).at;
}

void mobile_forget(struct lychgate *gate)
{
    struct mobile *mobile = gate->mobile;
    gate->report.number = NULL;
    if (!mobile)
        return;
    mobile->signed_in = mobile->internal = mobile->by_http = false;
    mobile->name = mobile->tickets = mobile->service = mobile->session = (struct slice){0};
    mobile->chat_count = 0;
}

void mobile_free(struct lychgate *gate)
{
    if (!gate->mobile)
        return;
    arena_free(gate->mobile->own);
    arena_free(gate->mobile->told);
    arena_free(gate->mobile->result);
    free(gate->mobile);
    gate->mobile = NULL;
}

/* ---- the driver ------------------------------------------------------------------------------ */

static int fail(struct lychgate *gate, const char *id, struct fault *fault)
{
    signin_blame_clock(gate, fault);
    report_keep_problem(&gate->report, fault);
    report_bad(&gate->report, id, LYCHGATE_FAILED, fault);
    return fault->err;
}

static int walk_steps(struct lychgate *gate, struct fault *fault)
{
    for (size_t i = 0; i < STEPS; i++) {
        *fault = (struct fault){0};
        gate->report.number = steps[i].number;
        if (steps[i].run(gate, fault) == 0)
            continue;
        if (!steps[i].may_be_inside || !gate->mobile->internal)
            return fail(gate, steps[i].id, fault);
        /* The name is there and leads nowhere: a zone that outside sees, too. */
        report_bad(&gate->report, steps[i].id, LYCHGATE_PASSED, fault);
        gate->mobile->internal = false;
        i = OUTSIDE - 1;
    }
    return 0;
}

static void summarise(struct lychgate *gate)
{
    struct mobile *mobile = gate->mobile;
    struct lychgate_mobile_summary *summary = &mobile->summary;
    summary->address = arena_string(mobile->result, gate->set.address);
    summary->service = arena_string(mobile->result, mobile->service);
    summary->endpoint = arena_string(mobile->result, mobile->endpoint);
    summary->certificate_until = gate->kept->until;
    summary->certificate_kept = gate->kept_serves;
    summary->spent_us = clock_monotonic_us() - gate->began_us;
}

static int signin(struct lychgate *gate, struct fault *fault)
{
    signin_forget(gate);
    *fault = gate->unusable;
    gate->began_us = clock_monotonic_us();
    int err = fault->err ? fault->err : signin_gather_tools(gate, fault);
    if (err)
        return fail(gate, "options", fault);
    arena_reset(gate->mobile->result);
    gate->mobile->summary = no_summary;
    gate->mobile->setting_count = 0;
    err = walk_steps(gate, fault);
    secret_free(&gate->password);
    gate->report.number = NULL;
    if (err == 0) {
        summarise(gate);
        report_keep_problem(&gate->report, fault);
        return 0;
    }
    struct fault ending;
    gate->mobile->summary = no_summary;
    if (gate->mobile->signed_in) /* a phone that got halfway is no phone */
        mobile_end(gate, &ending);
    signin_forget(gate);
    return err;
}

int lychgate_mobile_signin(struct lychgate *gate, const struct lychgate_mobile_options *options)
{
    struct fault fault;
    eventfd_t ignored;
    eventfd_read(gate->stop_fd, &ignored);
    prepare(gate, options);
    return signin(gate, &fault);
}

/* ---- what came of it ----------------------------------------------------------------------------
 */

const struct lychgate_mobile_summary *lychgate_mobile_summary(const struct lychgate *gate)
{
    return gate->mobile ? &gate->mobile->summary : &no_summary;
}

const struct lychgate_setting *lychgate_mobile_settings(const struct lychgate *gate, size_t *count)
{
    *count = gate->mobile ? gate->mobile->setting_count : 0;
    return gate->mobile ? gate->mobile->settings : NULL;
}

const struct lychgate_contact *lychgate_mobile_contacts(const struct lychgate *gate, size_t *count)
{
    *count = gate->mobile ? gate->mobile->contact_count : 0;
    return gate->mobile ? gate->mobile->contacts : NULL;
}

/* ---- signed in
 * -------------------------------------------------------------------------------------- */

/* A failure ends the session, but for being told to stop. */
static int settle(struct lychgate *gate, const char *step, int err, struct fault *fault)
{
    if (err >= 0)
        return err;
    report_keep_problem(&gate->report, fault);
    if (fault->finding != FINDING_STOPPED) {
        report_bad(&gate->report, step, LYCHGATE_FAILED, fault);
        signin_forget(gate);
    }
    return err;
}

static int needs_session(struct lychgate *gate, struct fault *fault)
{
    if (gate->mobile && gate->mobile->signed_in)
        return 0;
    fault_set(fault, ERR_CONFLICT, FINDING_AUTH_NEEDED, "not signed in");
    report_keep_problem(&gate->report, fault);
    return fault->err;
}

/* Certificates last eight hours: who stays gets the next one in time, and the same endpoint takes
 * its own place. */
static int stay_fresh(struct lychgate *gate, struct fault *fault)
{
    return kept_fresh(gate->kept, clock_now()) ? 0 : signin(gate, fault);
}

int lychgate_mobile_wait(struct lychgate *gate, int milliseconds)
{
    struct fault fault = {0};
    int seconds = milliseconds <= 0 ? 0 : (milliseconds + 999) / 1000;
    int err = needs_session(gate, &fault);
    if (err || (err = stay_fresh(gate, &fault)))
        return err;
    seconds = seconds > POLL_MAX_S ? POLL_MAX_S : seconds;
    return settle(gate, "poll", mobile_poll(gate, NULL, seconds, &fault), &fault);
}

static int call(struct lychgate *gate, struct mcx_request *request, struct mcx_response *response,
                struct arena *arena, struct fault *fault)
{
    const struct mobile_call one = {NULL, request, arena, 0, false};
    return mobile_call(gate, &one, response, fault);
}

static int start_chat(struct lychgate *gate, struct slice address, struct fault *fault)
{
    struct mcx_response response;
    scoped(arena) struct arena *arena = arena_new();
    struct mcx_request request = {.operation = MCX_START_CONVERSATION,
                                  .start = {.address = address}};
    int64_t until = clock_monotonic() + ANSWER_WAIT_MS;
    int err = call(gate, &request, &response, arena, fault);
    if (err)
        return err;
    for (bool seen = false;;) {
        const struct mobile_chat *chat = mobile_chat_with(gate->mobile, address);
        seen |= chat != NULL;
        if (chat && chat->state == PHONE_CHAT_CONNECTED)
            return 0;
        if ((seen && !chat) || clock_monotonic() >= until)
            return fault_set(fault, ERR_DENIED, FINDING_REQUEST_REFUSED,
                             "%.*s did not take the conversation", SLICE_ARG(address));
        if ((err = mobile_poll(gate, NULL, 1, fault)) < 0)
            return err;
    }
}

static int send_text(struct lychgate *gate, struct slice address, const char *text,
                     struct fault *fault)
{
    struct mcx_response response;
    scoped(arena) struct arena *arena = arena_new();
    const struct mobile_chat *chat = mobile_chat_with(gate->mobile, address);
    int err = 0;
    if (!chat || chat->state != PHONE_CHAT_CONNECTED)
        err = start_chat(gate, address, fault);
    chat = err ? NULL : mobile_chat_with(gate->mobile, address);
    if (!chat)
        return err;
    struct mcx_request request = {
        .operation = MCX_SEND_MESSAGE,
        .talk = {.conversation = chat->id, .type = SLICE("text/plain"), .text = slice_of(text)}};
    return call(gate, &request, &response, arena, fault);
}

int lychgate_mobile_send(struct lychgate *gate, const char *address, const char *text)
{
    struct fault fault = {0};
    struct slice account;
    int err = needs_session(gate, &fault);
    if (err)
        return err;
    err = session_address(gate->arena, address, &account, &fault);
    if (err == 0)
        err = send_text(gate, account, text, &fault);
    if (err)
        report_keep_problem(&gate->report, &fault);
    return err;
}

/* ---- leaving
 * ------------------------------------------------------------------------------------------ */

int mobile_end(struct lychgate *gate, struct fault *fault)
{
    struct mcx_response response;
    scoped(arena) struct arena *arena = arena_new();
    struct mcx_request request = {.operation = MCX_TERMINATE_SESSION};
    const struct mobile_call one = {"terminate", &request, arena, 0, false};
    gate->mobile->signed_in = false;
    int err = mobile_call(gate, &one, &response, fault);
    if (err == 0)
        report_good(&gate->report, "200");
    else
        report_bad(&gate->report, "terminate", LYCHGATE_PASSED, fault);
    return err;
}

int lychgate_mobile_signout(struct lychgate *gate)
{
    struct fault fault = {0};
    int err = 0;
    if (gate->mobile && gate->mobile->signed_in)
        err = mobile_end(gate, &fault);
    if (err)
        report_keep_problem(&gate->report, &fault);
    signin_forget(gate);
    return err;
}
