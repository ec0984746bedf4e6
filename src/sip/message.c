/* Reading a message that sip_parse() took. */
#include "sip/message.h"

#include "sip/grammar_priv.h"

const struct sip_header *sip_header(const struct sip_message *message, enum sip_header_id id)
{
    unsigned place = (unsigned)id < SIP_HEADER_COUNT ? message->first[id] : 0;
    return place ? &message->header[place - 1] : NULL;
}

const struct sip_header *sip_header_next(const struct sip_message *message,
                                         const struct sip_header *header)
{
    return header->next ? &message->header[header->next - 1] : NULL;
}

const struct sip_header *sip_header_named(const struct sip_message *message, struct slice name,
                                          const struct sip_header *after)
{
    const struct sip_header *header = after ? after + 1 : message->header;
    for (; header < message->header + message->header_count; header++)
        if (slice_eq_nocase(header->name, name))
            return header;
    return NULL;
}

struct slice sip_value(const struct sip_message *message, enum sip_header_id id)
{
    const struct sip_header *header = sip_header(message, id);
    return header ? header->value : (struct slice){0};
}

struct slice sip_value_word(const struct sip_message *message, enum sip_header_id id)
{
    struct slice word, rest;
    slice_cut(sip_value(message, id), ';', &word, &rest);
    return slice_trim(word);
}

struct slice sip_value_params(const struct sip_message *message, enum sip_header_id id)
{
    struct slice value = sip_value(message, id);
    ptrdiff_t at = slice_index(value, ';');
    return at < 0 ? (struct slice){0} : slice_from(value, (size_t)at);
}

bool sip_has_tag(const struct sip_message *message, enum sip_header_id id, struct slice tag)
{
    const struct sip_header *header = sip_header(message, id);
    for (; header; header = sip_header_next(message, header)) {
        struct sip_cursor c = sip_cursor(header->value);
        while (sip_more_items(&c)) {
            struct slice item = sip_take_run(&c, SIP_IS_TOKEN);
            /* Parameters and what is no token are not the tag's business. */
            const char *comma = memchr(c.at, ',', (size_t)(c.end - c.at));
            bool whole =
                c.at == c.end || *c.at == ',' || *c.at == ';' || sip_is(*c.at, SIP_IS_BLANK);
            if (whole && item.len == tag.len && sip_same_token(item.at, tag.at, tag.len))
                return true;
            c.at = comma ? comma : c.end;
        }
    }
    return false;
}

bool sip_contact_next(const struct sip_message *message, struct sip_contacts *it,
                      struct sip_contact *contact)
{
    if (!it->begun) {
        it->begun = true;
        it->header = sip_header(message, SIP_HEADER_CONTACT);
        if (message->contact_place) {
            *contact = message->contact;
            it->rest = message->contact_rest;
            it->header = &message->header[message->contact_place - 1];
            return true;
        }
        it->rest = it->header ? it->header->value : (struct slice){0};
    }
    while (it->header) {
        struct sip_cursor c = sip_cursor(it->rest);
        if (sip_more_items(&c) && sip_take_contact(&c, contact) == 0) {
            it->rest = sip_between(c.at, c.end);
            return true;
        }
        it->header = sip_header_next(message, it->header);
        it->rest = it->header ? it->header->value : (struct slice){0};
    }
    return false;
}

static bool find_auth(const struct sip_message *message, enum sip_header_id id, struct slice scheme,
                      struct sip_auth *auth)
{
    const struct sip_header *header = sip_header(message, id);
    for (; header; header = sip_header_next(message, header)) {
        struct sip_cursor c = sip_cursor(header->value);
        struct slice found = sip_take_run(&c, SIP_IS_TOKEN);
        if (!slice_absent(scheme) && !slice_eq_nocase(found, scheme))
            continue;
        if (header - message->header + 1 == message->auth_place) {
            *auth = message->auth;
            return true;
        }
        c = sip_cursor(header->value);
        if (sip_take_auth(&c, auth) == 0)
            return true;
    }
    return false;
}

bool sip_credentials(const struct sip_message *message, struct slice scheme, struct sip_auth *auth)
{
    return find_auth(message, SIP_HEADER_AUTHORIZATION, scheme, auth) ||
           find_auth(message, SIP_HEADER_PROXY_AUTHORIZATION, scheme, auth);
}

bool sip_challenge(const struct sip_message *message, struct slice scheme, struct sip_auth *auth)
{
    return find_auth(message, SIP_HEADER_WWW_AUTHENTICATE, scheme, auth) ||
           find_auth(message, SIP_HEADER_PROXY_AUTHENTICATE, scheme, auth);
}

bool sip_auth_info(const struct sip_message *message, struct slice scheme, struct sip_auth *auth)
{
    return find_auth(message, SIP_HEADER_AUTHENTICATION_INFO, scheme, auth);
}

bool sip_reply_possible(const struct sip_message *message)
{
    static const enum sip_header_id echoed[] = {SIP_HEADER_VIA, SIP_HEADER_FROM, SIP_HEADER_TO,
                                                SIP_HEADER_CALL_ID, SIP_HEADER_CSEQ};
    if (!sip_is_request(message) || slice_empty(message->method_text) ||
        message->method == SIP_ACK || message->method == SIP_BENOTIFY)
        return false;
    for (size_t i = 0; i < sizeof echoed / sizeof *echoed; i++)
        if (slice_empty(sip_value(message, echoed[i])))
            return false;
    return true;
}
