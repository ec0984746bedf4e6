/* The names of SIP that the house knows: methods and header fields, each an enum
 * value, found by a perfect hash. What is not known stays usable by its text. */
#ifndef LYCHGATE_SIP_NAMES_H
#define LYCHGATE_SIP_NAMES_H

#include "base/slice.h"

enum sip_method {
    SIP_METHOD_OTHER, /* look at the text */
    SIP_REGISTER,
    SIP_INVITE,
    SIP_ACK,
    SIP_BYE,
    SIP_CANCEL,
    SIP_OPTIONS,
    SIP_MESSAGE,
    SIP_INFO,
    SIP_SUBSCRIBE,
    SIP_NOTIFY,
    SIP_BENOTIFY, /* [MS-SIP] best-effort NOTIFY: never answered */
    SIP_SERVICE,
    SIP_REFER,
    SIP_PRACK,
    SIP_UPDATE,
    SIP_PUBLISH,
    SIP_NEGOTIATE, /* [MS-CONMGMT] compression; refused with 405, never 401 */
    SIP_METHOD_COUNT
};

/* Method names are case-sensitive (RFC 3261 section 7.1). */
enum sip_method sip_method(struct slice text);

/* "REGISTER"; "" for OTHER. */
struct slice sip_method_name(enum sip_method method);

enum sip_header_id {
    SIP_HEADER_OTHER, /* look at the name */
#define SIP_HEADER(id, text, first, last, compact, how) SIP_HEADER_##id,
#include "sip/headers.def"
#undef SIP_HEADER
    SIP_HEADER_COUNT
};

/* Long or compact form, any case. */
enum sip_header_id sip_header_id(struct slice name);

/* "Call-ID": the long form in its usual spelling; "" for OTHER. */
struct slice sip_header_name(enum sip_header_id id);

/* May a message hold several lines of it? */
bool sip_header_single(enum sip_header_id id);

/* The usual reason phrase of a status ("Unauthorized"); never empty, since SIPE
 * does not read a status line without one. */
struct slice sip_reason(int status);

#endif
