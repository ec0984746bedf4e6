#include "sip/names.h"

#include "sip/grammar_priv.h"

static const struct slice methods[SIP_METHOD_COUNT] = {
    [SIP_METHOD_OTHER] = {.at = "", .len = 0},
#define METHOD(name) [SIP_##name] = {.at = #name, .len = sizeof(#name) - 1}
    METHOD(REGISTER),
    METHOD(INVITE),
    METHOD(ACK),
    METHOD(BYE),
    METHOD(CANCEL),
    METHOD(OPTIONS),
    METHOD(MESSAGE),
    METHOD(INFO),
    METHOD(SUBSCRIBE),
    METHOD(NOTIFY),
    METHOD(BENOTIFY),
    METHOD(SERVICE),
    METHOD(REFER),
    METHOD(PRACK),
    METHOD(UPDATE),
    METHOD(PUBLISH),
    METHOD(NEGOTIATE),
#undef METHOD
};

enum sip_method sip_method(struct slice text)
{
    for (int i = 1; i < SIP_METHOD_COUNT; i++)
        if (text.len == methods[i].len && memcmp(text.at, methods[i].at, text.len) == 0)
            return (enum sip_method)i;
    return SIP_METHOD_OTHER;
}

struct slice sip_method_name(enum sip_method method)
{
    return (unsigned)method < SIP_METHOD_COUNT ? methods[method] : methods[0];
}

enum {
    ONE = 1,
    MANY = 0
};

static const struct header_row {
    struct slice name;
    bool single;
} headers[SIP_HEADER_COUNT] = {
    [SIP_HEADER_OTHER] = {.name = {.at = "", .len = 0}},
#define SIP_HEADER(id, text, first, last, compact, how)                                            \
    [SIP_HEADER_##id] = {.name = {.at = (text), .len = sizeof(text) - 1}, .single = (how)},
#include "sip/headers.def"
#undef SIP_HEADER
};

/* A perfect hash: the factors were searched for, and a new row that collides makes
 * the compiler complain of an initialiser given twice (-Woverride-init). Then
 * search again: any factors will do that leave all rows apart. */
#define HASH(len, first, last) (((len) + 12U * (unsigned)(first) + 15U * (unsigned)(last)) & 255U)

static const uint8_t by_hash[256] = {
#define SIP_HEADER(id, text, first, last, compact, how)                                            \
    [HASH(sizeof(text) - 1, first, last)] = SIP_HEADER_##id,
#include "sip/headers.def"
#undef SIP_HEADER
};

static enum sip_header_id compact_id(char letter)
{
    switch (letter | 0x20) {
#define SIP_HEADER(id, text, first, last, compact, how)                                            \
    case (compact) ? (compact):                                                                    \
        256 + SIP_HEADER_##id : return SIP_HEADER_##id;
#include "sip/headers.def"
#undef SIP_HEADER
    default:
        return SIP_HEADER_OTHER;
    }
}

enum sip_header_id sip_header_id(struct slice name)
{
    if (name.len <= 1)
        return name.len == 1 ? compact_id(name.at[0]) : SIP_HEADER_OTHER;
    unsigned first = (uint8_t)name.at[0] | 0x20U;
    unsigned last = (uint8_t)name.at[name.len - 1] | 0x20U;
    enum sip_header_id id = (enum sip_header_id)by_hash[HASH((unsigned)name.len, first, last)];
    struct slice known = headers[id].name;
    if (known.len != name.len || !sip_same_token(known.at, name.at, name.len))
        return SIP_HEADER_OTHER;
    return id;
}

struct slice sip_header_name(enum sip_header_id id)
{
    return (unsigned)id < SIP_HEADER_COUNT ? headers[id].name : headers[0].name;
}

bool sip_header_single(enum sip_header_id id)
{
    return (unsigned)id < SIP_HEADER_COUNT && headers[id].single;
}

struct slice sip_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {100, "Trying"},
        {180, "Ringing"},
        {183, "Session Progress"},
        {200, "OK"},
        {202, "Accepted"},
        {301, "Redirect request to Home Server"}, /* Lync's wording */
        {302, "Moved Temporarily"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Request Entity Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Unsupported URI Scheme"},
        {420, "Bad Extension"},
        {421, "Extension Required"},
        {423, "Interval Too Brief"},
        {480, "Temporarily Unavailable"},
        {481, "Call Leg/Transaction Does Not Exist"},
        {482, "Loop Detected"},
        {483, "Too Many Hops"},
        {484, "Address Incomplete"},
        {486, "Busy Here"},
        {487, "Request Terminated"},
        {488, "Not Acceptable Here"},
        {489, "Bad Event"},
        {500, "Server Internal Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Server Time-out"},
        {505, "Version Not Supported"},
        {513, "Message Too Large"},
        {600, "Busy Everywhere"},
        {603, "Decline"},
        {606, "Not Acceptable"},
    };
    static const char *const classes[] = {
        "", "Progress", "OK", "Redirect", "Bad Request", "Server Error", "Declined"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return slice_of(reasons[i].text);
    return slice_of(status >= 100 && status < 700 ? classes[status / 100] : "Unknown");
}
