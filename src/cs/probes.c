/* The cmdlets that try a server out. How is the business of who handed the functions in. */
#include "cs/cmdlet_priv.h"

/* As [System.TimeSpan] is written. */
static struct slice time_span(struct arena *arena, int64_t us)
{
    int64_t seconds = us / 1000000;
    return arena_print(arena, "%02lld:%02lld:%02lld.%06lld0", (long long)(seconds / 3600),
                       (long long)(seconds / 60 % 60), (long long)(seconds % 60),
                       (long long)(us % 1000000));
}

static struct slice kept(struct arena *arena, struct slice text)
{
    return slice_of(arena_string(arena, text));
}

static int authentication(const struct cs_call *call, enum cs_authentication *out,
                          struct fault *fault)
{
    static const struct {
        const char *name;
        enum cs_authentication is;
    } rows[] = {{"Negotiate", CS_AUTH_NEGOTIATE},
                {"ClientCertificate", CS_AUTH_CLIENT_CERTIFICATE},
                {"LiveID", CS_AUTH_LIVE_ID}};
    struct slice name = cs_text_of(call, "Authentication");
    *out = CS_AUTH_NEGOTIATE;
    if (slice_absent(name))
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_eq_nocase(name, slice_of(rows[i].name))) {
            *out = rows[i].is;
            return 0;
        }
    return cs_misused(fault, call, "-Authentication is Negotiate, ClientCertificate or LiveID");
}

static int player(const struct cs_call *call, const char *address, const char *credential,
                  struct cs_player *out, struct fault *fault)
{
    struct slice text = cs_text_of(call, address), login = cs_text_of(call, credential);
    if (slice_empty(text))
        return cs_misused(fault, call, "-%s is needed", address);
    if (slice_starts_nocase(text, SLICE("sip:")))
        text = slice_from(text, 4);
    *out = (struct cs_player){.address = kept(call->arena, text)};
    if (!slice_empty(login))
        out->login = kept(call->arena, login);
    return 0;
}

/* Where to, and how. */
static int target(const struct cs_call *call, struct cs_probe *probe, struct fault *fault)
{
    const struct site *site = call->world->site;
    struct slice host = cs_text_of(call, "TargetFqdn"), port = cs_text_of(call, "RegistrarPort");
    uint64_t number = site->sip_port;
    if (!slice_absent(port) && (slice_number(port, UINT16_MAX, &number) < 0 || number == 0))
        return cs_misused(fault, call, "-RegistrarPort takes a port");
    probe->target = kept(call->arena, slice_empty(host) ? site->sip_host : host);
    probe->port = (uint16_t)number;
    probe->verbose = cs_flag(call, "Verbose");
    return authentication(call, &probe->authentication, fault);
}

static void add(struct cs_objects *list, struct cs_object *object, const char *name,
                const char *label, struct slice text)
{
    cs_object_set(list, object, name, cs_text(slice_empty(text) ? (struct slice){0} : text));
    object->property[object->count - 1].label = label;
}

/* A Failure is a result, not an error: the line has done what it should. */
static int run(struct cs_call *call, cs_probe_fn *fn, const struct cs_probe *probe, bool has_uri,
               struct fault *fault)
{
    struct cs_probed probed = {0};
    if (!fn)
        return cs_misused(fault, call, "there is no client here to try it with");
    fn(call->world->probes.arg, probe, call->arena, &probed);
    struct cs_objects *out = call->output;
    struct cs_object *object = cs_objects_add(out, CS_OBJECT_OTHER, 0, probe->target);
    add(out, object, "TargetFqdn", "Target Fqdn", probe->target);
    if (has_uri)
        add(out, object, "TargetUri", "Target Uri", probed.uri);
    add(out, object, "Result", NULL, probed.good ? SLICE("Success") : SLICE("Failure"));
    add(out, object, "Latency", NULL, time_span(call->arena, probed.latency_us));
    add(out, object, "Error", "Error Message", probed.error);
    add(out, object, "Diagnosis", NULL, probed.diagnosis);
    call->result->failed |= !probed.good;
    return 0;
}

int cs_test_registration(struct cs_call *call, struct fault *fault)
{
    struct cs_probe probe = {0};
    int err = target(call, &probe, fault);
    if (err == 0)
        err = player(call, "UserSipAddress", "UserCredential", &probe.player[0], fault);
    return err < 0 ? err : run(call, call->world->probes.registration, &probe, false, fault);
}

/* Sender and receiver must be two: a phone does not talk to itself. */
int cs_test_mcx_im(struct cs_call *call, struct fault *fault)
{
    struct cs_probe probe = {0};
    struct cs_player *sender = &probe.player[0], *receiver = &probe.player[1];
    int err = target(call, &probe, fault);
    if (err == 0)
        err = player(call, "SenderSipAddress", "SenderCredential", sender, fault);
    if (err == 0)
        err = player(call, "ReceiverSipAddress", "ReceiverCredential", receiver, fault);
    if (err == 0 && slice_eq_nocase(sender->address, receiver->address))
        err = cs_misused(fault, call, "-SenderSipAddress and -ReceiverSipAddress are the same");
    return err < 0 ? err : run(call, call->world->probes.mcx_im, &probe, true, fault);
}
