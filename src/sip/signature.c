/* [MS-SIPAE] section 3.2.5.2. */
#include "sip/signature.h"

#include "sip/grammar_priv.h"
#include "sip/print.h"

/* The digits before the method: "7" of "7 REGISTER", as they came. */
static struct slice digits_of(struct slice cseq_text)
{
    struct sip_cursor c = sip_cursor(slice_absent(cseq_text) ? SLICE("") : cseq_text);
    return sip_take_digits(&c);
}

/* And the method behind them. */
static struct slice method_of(struct slice cseq_text)
{
    return slice_trim(slice_from(cseq_text, digits_of(cseq_text).len));
}

static void set_identity(struct sip_signature_fields *fields, struct slice item)
{
    struct sip_address address;
    if (sip_address_parse(item, "identity", &address, NULL) < 0)
        return;
    bool sip = address.uri.scheme == SIP_SCHEME_SIP || address.uri.scheme == SIP_SCHEME_SIPS;
    bool tel = address.uri.scheme == SIP_SCHEME_TEL;
    if (sip && address.bracketed && slice_absent(fields->identity_sip))
        fields->identity_sip = address.uri.text;
    if (tel && slice_absent(fields->identity_tel))
        fields->identity_tel = address.bracketed ? address.uri.text : item;
}

void sip_signature_identity(struct slice value, struct sip_signature_fields *fields)
{
    struct slice item;
    while (sip_list_next(&value, &item) > 0)
        set_identity(fields, item);
}

void sip_signature_fields(const struct sip_message *message, struct sip_signature_fields *fields)
{
    *fields = (struct sip_signature_fields){
        .call_id = message->call_id,
        .cseq = message->cseq,
        .cseq_number = digits_of(message->cseq_text),
        .cseq_method = message->method_text,
        .from_uri = message->from.uri.text,
        .from_tag = message->from.tag,
        .to_uri = message->to.uri.text,
        .to_tag = message->to.tag,
        .expires = sip_value(message, SIP_HEADER_EXPIRES),
        .status = message->status,
    };
    const struct sip_header *identity = sip_header(message, SIP_HEADER_P_ASSERTED_IDENTITY);
    if (!identity)
        identity = sip_header(message, SIP_HEADER_P_PREFERRED_IDENTITY);
    for (; identity; identity = sip_header_next(message, identity))
        sip_signature_identity(identity->value, fields);
}

static void out_identity(const struct sip_out *out, enum sip_header_id id,
                         struct sip_signature_fields *fields, bool *found)
{
    for (const struct sip_line *line = out->lines.first; line; line = line->next)
        if (sip_header_id(line->name) == id) {
            *found = true;
            sip_signature_identity(line->value, fields);
        }
}

void sip_out_signature(const struct sip_out *out, struct sip_signature_fields *fields)
{
    struct sip_address from = {0}, to = {0};
    bool found = false;
    *fields = (struct sip_signature_fields){.call_id = out->call_id,
                                            .cseq = out->cseq,
                                            .cseq_number = digits_of(out->cseq_text),
                                            .cseq_method = method_of(out->cseq_text),
                                            .status = out->status};
    sip_address_parse(out->from, "From", &from, NULL);
    sip_address_parse(out->to, "To", &to, NULL);
    fields->from_uri = from.uri.text;
    fields->from_tag = from.tag;
    fields->to_uri = to.uri.text;
    fields->to_tag = to.tag;
    out_identity(out, SIP_HEADER_P_ASSERTED_IDENTITY, fields, &found);
    if (!found)
        out_identity(out, SIP_HEADER_P_PREFERRED_IDENTITY, fields, &found);
    for (const struct sip_line *line = out->lines.first; line; line = line->next)
        if (sip_header_id(line->name) == SIP_HEADER_EXPIRES) {
            fields->expires = line->value;
            break;
        }
}
