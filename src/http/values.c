#include "http/values.h"

#include "base/encode.h"
#include "http/grammar_priv.h"

#include <string.h>

struct slice http_form(struct slice encoded, struct arena *arena, const char *name)
{
    struct slice pair, key, value, decoded;
    while (slice_next(&encoded, '&', &pair)) {
        slice_cut(pair, '=', &key, &value);
        if (percent_parse(arena, key, true, &decoded) < 0 ||
            !slice_eq_nocase(decoded, slice_of(name)))
            continue;
        return percent_parse(arena, value, true, &decoded) < 0 ? (struct slice){0} : decoded;
    }
    return (struct slice){0};
}

struct slice http_query(const struct http_request *request, struct arena *arena, const char *name)
{
    return http_form(request->query, arena, name);
}

static int read_basic(struct http_credentials *credentials, struct arena *arena,
                      struct fault *fault)
{
    struct slice decoded = {0}, user, password;
    int rc = base64_parse(arena, credentials->token, &decoded);
    bool ok = rc == 0 && slice_cut(decoded, ':', &user, &password) &&
              slice_index(decoded, '\0') < 0 && !http_has_control(user);
    if (ok) {
        credentials->user = arena_copy(arena, user);
        secret_set(&credentials->password, password);
    }
    /* The decoded text lies in the arena, which is ours to write to. */
    if (decoded.len > 0)
        secret_wipe((char *)(uintptr_t)decoded.at, decoded.len);
    return ok ? 0
              : fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                          "Authorization: Basic is not base64 of user:password");
}

int http_credentials_parse(const struct http_request *request, struct arena *arena,
                           struct http_credentials *credentials, struct fault *fault)
{
    struct slice value, second;
    size_t at = 0;
    *credentials = (struct http_credentials){0};
    if (!http_header_next(request, "Authorization", &at, &value))
        return 0;
    if (http_header_next(request, "Authorization", &at, &second))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "more than one Authorization header");
    slice_cut(value, ' ', &credentials->scheme, &credentials->token);
    credentials->token = slice_trim(credentials->token);
    if (!http_is_token(credentials->scheme))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "Authorization: the scheme is no token");
    return http_credentials_are(credentials, "Basic") ? read_basic(credentials, arena, fault) : 0;
}

void http_credentials_fini(struct http_credentials *credentials)
{
    secret_free(&credentials->password);
}

bool http_credentials_are(const struct http_credentials *credentials, const char *scheme)
{
    return !slice_absent(credentials->scheme) &&
           slice_eq_nocase(credentials->scheme, slice_of(scheme));
}

/* Take the part before the next `separator` that is not within quotes. */
static bool next_unquoted(struct slice *rest, char separator, struct slice *item_out)
{
    bool quoted = false;
    size_t end = 0;
    if (rest->len == 0)
        return false;
    for (; end < rest->len && (quoted || rest->at[end] != separator); end++) {
        if (quoted && rest->at[end] == '\\' && end + 1 < rest->len)
            end++;
        else if (rest->at[end] == '"')
            quoted = !quoted;
    }
    *item_out = slice_trim(slice_head(*rest, end));
    *rest = slice_from(*rest, end + 1);
    return true;
}

static struct slice unquote(struct slice value)
{
    bool quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';
    return quoted ? slice_head(slice_from(value, 1), value.len - 2) : value;
}

static bool next_parameter(struct slice *rest, struct slice *name_out, struct slice *value_out)
{
    struct slice item;
    if (!next_unquoted(rest, ';', &item))
        return false;
    slice_cut(item, '=', name_out, value_out);
    *name_out = slice_trim(*name_out);
    *value_out = unquote(slice_trim(*value_out));
    return true;
}

/* "type/subtype" of a media type or range; its parameters stay for next_parameter. */
static struct slice media_type(struct slice value, struct slice *parameters_out)
{
    struct slice type = {0};
    next_unquoted(&value, ';', &type);
    *parameters_out = value;
    return type;
}

bool http_media_type_is(struct slice value, const char *type)
{
    struct slice parameters;
    return slice_eq_nocase(media_type(value, &parameters), slice_of(type));
}

struct slice http_media_parameter(struct slice value, const char *name)
{
    struct slice parameters, own, text;
    media_type(value, &parameters);
    while (next_parameter(&parameters, &own, &text))
        if (slice_eq_nocase(own, slice_of(name)))
            return text;
    return (struct slice){0};
}

/* "0.875" in thousandths (RFC 9110 section 12.4.2); what is none counts as 1. */
static int read_weight(struct slice text)
{
    struct slice whole, part;
    uint64_t number = 0;
    slice_cut(text, '.', &whole, &part);
    if (slice_eq(whole, SLICE("1")) || !slice_eq(whole, SLICE("0")))
        return 1000;
    if (part.len == 0)
        return 0;
    if (part.len > 3 || slice_number(part, 999, &number) < 0)
        return 1000;
    for (size_t digits = part.len; digits < 3; digits++)
        number *= 10;
    return (int)number;
}

/* Does a parameter of a range exclude the offer with these parameters? */
static bool excludes(struct slice name, struct slice value, struct slice parameters)
{
    struct slice own_name, own_value;
    while (next_parameter(&parameters, &own_name, &own_value))
        if (slice_eq_nocase(own_name, name))
            return !slice_eq_nocase(own_value, value);
    return false;
}

/* How closely a range fits an offer: 0 not at all, 1 all types, 2 all subtypes,
 * 3 exactly; and its weight. */
static int fits(struct slice range, struct slice offer, int *weight_out)
{
    struct slice parameters, own, name, value, main_type, subtype;
    struct slice wanted = media_type(range, &parameters);
    struct slice type = media_type(offer, &own);
    slice_cut(wanted, '/', &main_type, &subtype);
    int closeness = 0;
    if (slice_eq(wanted, SLICE("*/*")))
        closeness = 1;
    else if (slice_eq(subtype, SLICE("*")) &&
             slice_starts_nocase(type, slice_head(wanted, wanted.len - 1)))
        closeness = 2;
    else if (slice_eq_nocase(wanted, type))
        closeness = 3;
    *weight_out = 1000;
    while (next_parameter(&parameters, &name, &value)) {
        if (slice_eq_nocase(name, SLICE("q")))
            *weight_out = read_weight(value);
        else if (excludes(name, value, own))
            return 0;
    }
    return closeness;
}

/* Weight and place of an offer in the client's list; weight 0: not acceptable. */
static int weigh(const struct http_request *request, struct slice offer, size_t *place_out)
{
    struct slice list, range;
    size_t place = 0;
    int best = 0, weight = 0;
    for (size_t at = 0; http_header_next(request, "Accept", &at, &list);)
        for (; next_unquoted(&list, ',', &range); place++) {
            int weight_here;
            int closeness = fits(range, offer, &weight_here);
            if (closeness > best) {
                best = closeness;
                weight = weight_here;
                *place_out = place;
            }
        }
    return weight;
}

int http_accepts(const struct http_request *request, const char *const *offers, size_t count)
{
    int best = -1, best_weight = 0;
    size_t best_place = 0;
    if (slice_absent(http_header(request, "Accept")))
        return count > 0 ? 0 : -1;
    for (size_t i = 0; i < count; i++) {
        size_t place = 0;
        int weight = weigh(request, slice_of(offers[i]), &place);
        if (weight > best_weight || (weight > 0 && weight == best_weight && place < best_place)) {
            best = (int)i;
            best_weight = weight;
            best_place = place;
        }
    }
    return best;
}

bool http_takes_gzip(const struct http_request *request)
{
    struct slice list, item, coding, weight;
    bool any = false;
    for (size_t at = 0; http_header_next(request, "Accept-Encoding", &at, &list);)
        while (slice_next(&list, ',', &item)) {
            slice_cut(slice_trim(item), ';', &coding, &weight);
            coding = slice_trim(coding);
            weight = slice_trim(weight);
            bool wanted = true;
            if (slice_starts_nocase(weight, SLICE("q=")))
                wanted = read_weight(slice_from(weight, 2)) > 0;
            if (slice_eq_nocase(coding, SLICE("gzip")) || slice_eq_nocase(coding, SLICE("x-gzip")))
                return wanted;
            any |= wanted && slice_eq(coding, SLICE("*"));
        }
    return any;
}
