/* Faults of the web services. OCS: [MS-OCAUTHWS] section 2.2, [MS-OCER] section
 * 7.22. Org ID: SOAP 1.2 with psf:error, as the public service sends it. */
#include "xml/names.h"
#include "xml/soap.h"

/* ---- what strangers are told -------------------------------------------------------- */

enum {
    NO_VALID_TOKEN = 28020
};

struct soap_diagnosis soap_public(enum finding finding)
{
    const struct finding_row *row = finding_row(finding);
    /* Our own failure is no secret (the status says so) and must not send people
     * off to try other passwords. */
    if (row->http >= 500 && row->audience == SEEN_BY_ADMIN)
        return (struct soap_diagnosis){28001, finding_row(FINDING_INTERNAL)->user};
    /* Who may not know which it was is told what an unknown user is told. */
    if (row->audience == SEEN_BY_ADMIN)
        return (struct soap_diagnosis){NO_VALID_TOKEN, "No valid security token."};
    return (struct soap_diagnosis){row->ms_diagnostics ? row->ms_diagnostics : NO_VALID_TOKEN,
                                   row->user};
}

/* [MS-OCER] has no escapes inside quotes, so what would end them or the header
 * line becomes harmless. */
static void add_quoted(struct buf *out, struct slice text)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        buf_add_byte(out, c == '"' || c == '\\' ? '\'' : c < 0x20 || c >= 0x7f ? '?' : (char)c);
    }
    buf_add_byte(out, '"');
}

struct slice soap_diagnostics_print_with(struct arena *arena, int error_id, struct slice reason,
                                         struct slice source)
{
    scoped(buf) struct buf out = BUF_INIT;
    buf_print(&out, "%d;source=", error_id);
    add_quoted(&out, source);
    buf_add_string(&out, ";reason=");
    add_quoted(&out, reason);
    return arena_copy(arena, buf_slice(&out));
}

struct slice soap_diagnostics_print(struct arena *arena, enum finding finding, struct slice source)
{
    struct soap_diagnosis told = soap_public(finding);
    return soap_diagnostics_print_with(arena, told.error_id, slice_of(told.reason), source);
}

/* ---- printing ------------------------------------------------------------------------- */

/* Whose fault it is, as SOAP 1.1 section 4.4.1 has it; WS-Security's own code for
 * everything about tokens, which is what the real service answers. */
static const char *ocs_code(enum finding finding)
{
    const struct finding_row *row = finding_row(finding);
    if (finding == FINDING_SOAP_NOT_UNDERSTOOD)
        return "s:MustUnderstand";
    if (row->http >= 500 && row->audience == SEEN_BY_ADMIN)
        return "s:Server";
    if (row->http >= 400 && row->http < 500 && row->http != 401 && row->http != 403 &&
        row->audience == SEEN_BY_ALL)
        return "s:Client";
    return "a:FailedAuthentication";
}

void soap_fault_print(struct buf *out, enum finding finding)
{
    struct soap_diagnosis told = soap_public(finding);
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, "s:Fault");
    xml_open(&w, "faultcode");
    xml_put_ns(&w, "a", NS_WSSE);
    xml_put_string(&w, ocs_code(finding));
    xml_close(&w);
    xml_open(&w, "faultstring");
    xml_put_attr_string(&w, "xml:lang", "en-US");
    xml_put_string(&w, told.reason);
    xml_close(&w);
    xml_open(&w, "detail");
    xml_open(&w, "OCSDiagnosticsFault");
    xml_put_ns(&w, "", NS_OCS_AUTH);
    xml_open(&w, "Ms-Diagnostics-Fault");
    xml_open(&w, "ErrorId");
    xml_put_number(&w, told.error_id);
    xml_close(&w);
    xml_element_string(&w, "Reason", told.reason);
    xml_close(&w);
    xml_open(&w, "NameValuePairs");
    xml_put_ns(&w, "a", NS_MS_ARRAYS);
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

/* What the Org ID service says. Numbers are the ones seen on the wire or listed for
 * the Passport client library (PPCRL_REQUEST_E_..: 8820 server error, 8821 bad member
 * name or password, 8823 locked out); that a disabled account gets the third, and
 * everything else the first, is our choice. */
struct orgid_row {
    enum finding finding;
    const char *status;  /* psf:value, and reqstatus in psf:pp */
    const char *code;    /* psf:internalerror/psf:code */
    const char *subcode; /* of the SOAP fault: WS-Trust's, or [WSS 1.1] section 12 */
    const char *text;
};

static const char wrong_password[] =
    "AADSTS50126: Error validating credentials due to invalid username or password.";

static const struct orgid_row orgid_rows[] = {
    {FINDING_WRONG_PASSWORD, "0x80048821", "0x80048821", "wst:FailedAuthentication",
     wrong_password},
    {FINDING_UNKNOWN_USER, "0x80048821", "0x80048821", "wst:FailedAuthentication", wrong_password},
    {FINDING_TOO_MANY_ATTEMPTS, "0x80048821", "0x80048821", "wst:FailedAuthentication",
     wrong_password},
    {FINDING_USER_DISABLED, "0x80048823", "0x80048823", "wst:FailedAuthentication",
     "AADSTS50057: The user account is disabled."},
    {FINDING_TICKET_AUDIENCE, "0x8004882c", "0x80045b00", "wst:FailedAuthentication", NULL},
    {FINDING_CLOCK_SKEW, "0x80048820", "0x80048820", "wsse:MessageExpired", NULL},
    {FINDING_NONE, "0x80048820", "0x80048820", "wst:InvalidRequest", NULL}, /* any other; the end */
};

static const struct orgid_row *orgid_row(enum finding finding)
{
    const struct orgid_row *row = orgid_rows;
    while (row->finding != FINDING_NONE && row->finding != finding)
        row++;
    return row;
}

static void put_orgid_header(struct buf *header, const struct orgid_row *row)
{
    struct xml_writer w = XML_WRITER(header);
    xml_open(&w, "psf:pp");
    xml_put_ns(&w, "psf", NS_PASSPORT_PSF);
    xml_element_string(&w, "psf:authstate", "0x80048800");
    xml_element_string(&w, "psf:reqstatus", row->status);
    xml_close(&w);
    xml_end(&w);
}

static void put_orgid_detail(struct xml_writer *w, const struct orgid_row *row, const char *text)
{
    /* SIPE shows Detail/error/internalerror/text and nothing else. */
    xml_open(w, "s:Detail");
    xml_open(w, "psf:error");
    xml_put_ns(w, "psf", NS_PASSPORT_PSF);
    xml_element_string(w, "psf:value", row->status);
    xml_open(w, "psf:internalerror");
    xml_element_string(w, "psf:code", row->code);
    xml_element_string(w, "psf:text", text);
    xml_close(w);
    xml_close(w);
    xml_close(w);
}

void soap_fault_orgid_print(struct buf *out, enum finding finding)
{
    const struct orgid_row *row = orgid_row(finding);
    scoped(buf) struct buf header = BUF_INIT;
    put_orgid_header(&header, row);
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(
        &w, &(struct soap_envelope_options){.version = SOAP_1_2, .header = buf_slice(&header)});
    xml_open(&w, "s:Fault");
    xml_open(&w, "s:Code");
    xml_element_string(&w, "s:Value", "s:Sender");
    xml_open(&w, "s:Subcode");
    xml_open(&w, "s:Value");
    xml_put_ns(&w, "wsse", NS_WSSE);
    xml_put_ns(&w, "wst", NS_WST_2005);
    xml_put_string(&w, row->subcode);
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    xml_open(&w, "s:Reason");
    xml_open(&w, "s:Text");
    xml_put_attr_string(&w, "xml:lang", "en-US");
    xml_put_string(&w, row->finding == FINDING_NONE ? "Invalid Request" : "Authentication Failure");
    xml_close(&w);
    xml_close(&w);
    put_orgid_detail(&w, row, row->text ? row->text : soap_public(finding).reason);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

/* ---- reading -------------------------------------------------------------------------- */

/* A QName in content without its prefix. */
static struct slice local_part(struct slice qname)
{
    struct slice prefix, local;
    return slice_cut(qname, ':', &prefix, &local) ? local : qname;
}

static struct slice first_of(struct slice a, struct slice b)
{
    return slice_empty(a) ? b : a;
}

/* "28020" or "0x80048821"; 0 for anything else. */
static uint32_t number_of(struct slice text)
{
    uint64_t number = 0;
    if (!slice_starts_nocase(text, SLICE("0x")))
        return slice_number(text, UINT32_MAX, &number) ? 0 : (uint32_t)number;
    if (text.len > 10)
        return 0;
    for (size_t i = 2; i < text.len; i++) {
        char c = text.at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit > 15)
            return 0;
        number = number << 4 | digit;
    }
    return (uint32_t)number;
}

static void read_soap12(const struct xml_node *fault, struct soap_fault *out)
{
    out->code = local_part(xml_text(xml_path(fault, "Code/Value")));
    for (const struct xml_node *sub = xml_path(fault, "Code/Subcode"); sub;
         sub = xml_path(sub, "Subcode"))
        out->subcode = local_part(xml_text(xml_path(sub, "Value")));
    out->reason = xml_text(xml_path(fault, "Reason/Text"));
}

bool soap_fault_read(const struct soap_message *message, struct soap_fault *out)
{
    *out = (struct soap_fault){0};
    const struct xml_node *fault = message->payload;
    bool soap12 = message->version == SOAP_1_2;
    if (!xml_is(fault, soap12 ? NS_SOAP12 : NS_SOAP11, "Fault"))
        return false;
    if (soap12) {
        read_soap12(fault, out);
    } else {
        out->code = local_part(xml_text(xml_path(fault, "faultcode")));
        out->reason = xml_text(xml_path(fault, "faultstring"));
    }
    const struct xml_node *detail = xml_path(fault, soap12 ? "Detail" : "detail");
    const struct xml_node *ocs = xml_path(detail, "OCSDiagnosticsFault/Ms-Diagnostics-Fault");
    const struct xml_node *psf = xml_path(detail, "error");
    out->error_id = number_of(xml_text(xml_path(ocs, "ErrorId")));
    out->number = number_of(
        first_of(xml_text(xml_path(psf, "internalerror/code")), xml_text(xml_path(psf, "value"))));
    out->text = first_of(xml_text(xml_path(ocs, "Reason")),
                         first_of(xml_text(xml_path(psf, "internalerror/text")), out->reason));
    return true;
}
