/* [MS-OCAUTHWS] section 3.1.4.1; signin.md sections 5.2 and 5.3. */
#include "certprov/wire_priv.h"

#include "base/encode.h"
#include "base/guid.h"
#include "certprov/csr.h"
#include "xml/names.h"
#include "xml/soap.h"
#include "xml/writer.h"

/* ---- reading a request ------------------------------------------------------------- */

static int malformed(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_CSR_MALFORMED, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(slice_head(xml_name(at), 80)), what);
}

/* Known clients ask for an X.509 certificate to be issued; anything else named here
 * is a wish that a certificate would not fulfil. */
static int check_wish(const struct xml_node *rst, struct fault *fault)
{
    const struct xml_node *type = xml_child(rst, NULL, "TokenType");
    const struct xml_node *wish = xml_child(rst, NULL, "RequestType");
    if (type && !slice_eq(xml_text(type), SLICE(WSSE_X509V3)))
        return malformed(fault, type, "is not X509v3");
    if (wish && !slice_eq(xml_text(wish), SLICE(WST_ISSUE)) &&
        !slice_eq(xml_text(wish), SLICE(WST_2005_ISSUE)))
        return malformed(fault, wish, "is not Issue");
    return 0;
}

static int read_csr(const struct xml_node *rst, struct arena *arena, struct certprov_request *out,
                    struct fault *fault)
{
    const struct xml_node *token = xml_child(rst, NS_WSSE, "BinarySecurityToken");
    struct slice text = xml_text(token), kind = xml_attr(token, "ValueType");
    if (!token || xml_next_of(token, NS_WSSE, "BinarySecurityToken"))
        return malformed(fault, rst, "needs one BinarySecurityToken");
    if (!slice_absent(kind) && !slice_ends(kind, SLICE("#PKCS10")))
        return malformed(fault, token, "ValueType is not PKCS10");
    if (text.len > 2 * CERTPROV_CSR_MAX)
        return malformed(fault, token, "too long");
    if (slice_empty(text) || base64_parse(arena, text, &out->csr))
        return malformed(fault, token, "is not base64");
    return 0;
}

static int read_names(const struct xml_node *payload, struct arena *arena,
                      struct certprov_request *out, struct fault *fault)
{
    struct slice entity = slice_trim(xml_attr(payload, "Entity"));
    struct guid device;
    if (slice_starts_nocase(entity, SLICE("sip:")))
        entity = slice_from(entity, 4);
    out->entity = entity;
    if (slice_empty(entity))
        return malformed(fault, payload, "has no Entity");
    if (guid_parse(slice_trim(xml_attr(payload, "DeviceId")), &device))
        return malformed(fault, payload, "DeviceId is no GUID");
    out->device_id = guid_print(arena, &device);
    return 0;
}

int certprov_request_parse(const struct xml_node *payload, struct arena *arena,
                           struct certprov_request *out, struct fault *fault)
{
    *out = (struct certprov_request){0};
    if (!xml_is_loosely(payload, NS_OCS_CERT, "GetAndPublishCert"))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "the body is not GetAndPublishCert");
    const struct xml_node *rst = xml_child(payload, NULL, "RequestSecurityToken");
    int err = read_names(payload, arena, out, fault);
    if (err)
        return err;
    if (!rst || xml_next_of(rst, NULL, "RequestSecurityToken"))
        return malformed(fault, payload, "needs one RequestSecurityToken");
    out->request_id = xml_text(xml_child(rst, NULL, "RequestID"));
    err = check_wish(rst, fault);
    return err ? err : read_csr(rst, arena, out, fault);
}

/* ---- writing an answer --------------------------------------------------------------- */

static void open_response(struct xml_writer *w, const struct certprov_request *request)
{
    scoped(arena) struct arena *scratch = arena_new();
    soap_open_envelope(w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(w, "GetAndPublishCertResponse");
    xml_put_ns(w, "", NS_OCS_CERT);
    if (!slice_empty(request->device_id))
        xml_put_attr(w, "DeviceId", arena_print(scratch, "{%.*s}", SLICE_ARG(request->device_id)));
    if (!slice_empty(request->entity))
        xml_put_attr(w, "Entity", request->entity);
}

static void close_response(struct xml_writer *w)
{
    xml_close(w);
    soap_close_envelope(w);
    xml_end(w);
}

void certprov_response_print(const struct certprov_request *request, struct slice certificate,
                             struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    open_response(&w, request);
    xml_open(&w, "wst:RequestSecurityTokenResponse");
    xml_put_ns(&w, "wst", NS_WST_SLASH);
    xml_element_string(&w, "wst:TokenType", WSSE_X509V3);
    xml_open(&w, "wst:RequestedSecurityToken");
    xml_open(&w, "wsse:BinarySecurityToken");
    xml_put_ns(&w, "wsse", NS_WSSE);
    xml_put_attr_string(&w, "EncodingType", WSSE_BASE64);
    xml_put_attr_string(&w, "ValueType", WSSE_X509V3);
    xml_put_base64(&w, certificate);
    xml_close(&w);
    xml_close(&w);
    if (!slice_empty(request->request_id)) {
        xml_open(&w, "wstep:RequestID");
        xml_put_ns(&w, "wstep", NS_WSTEP);
        xml_put_text(&w, request->request_id);
        xml_close(&w);
    }
    xml_close(&w);
    close_response(&w);
}

void certprov_error_print(const struct certprov_request *request, enum finding finding,
                          struct buf *out)
{
    struct soap_diagnosis told = soap_public(finding);
    struct xml_writer w = XML_WRITER(out);
    open_response(&w, request);
    xml_open(&w, "ErrorInfo");
    xml_open(&w, "ErrorId");
    xml_put_number(&w, told.error_id);
    xml_close(&w);
    xml_element_string(&w, "Reason", told.reason);
    if (finding_row(finding)->audience == SEEN_BY_ALL) {
        xml_open(&w, "l:Finding");
        xml_put_ns(&w, "l", NS_LYCHGATE_CERTPROV);
        xml_put_string(&w, finding_id(finding));
        xml_close(&w);
    }
    xml_close(&w);
    close_response(&w);
}
