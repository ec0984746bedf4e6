/* WSDL 1.1, WS-Policy 1.2 (2004/09), WS-SecurityPolicy 1.2 sections 5.4 and 8,
 * WS-MetadataExchange (2004/09), WS-Transfer (2004/09). */
#include "webticket/mex.h"

#include "xml/names.h"
#include "xml/soap.h"
#include "xml/writer.h"

#define NS_HTTP_POLICY "http://schemas.microsoft.com/ws/06/2004/policy/http"
#define SP_TO_RECIPIENT                                                                            \
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702/IncludeToken/AlwaysToRecipient"
#define SOAP_OVER_HTTP "http://schemas.xmlsoap.org/soap/http"

/* ---- policies ----------------------------------------------------------------------- */

static void put_transport(struct xml_writer *w, bool timestamp)
{
    xml_open(w, "sp:TransportBinding");
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:TransportToken");
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:HttpsToken");
    xml_close_empty(w);
    xml_close(w);
    xml_close(w);
    if (timestamp) {
        xml_open(w, "sp:IncludeTimestamp");
        xml_close_empty(w);
    }
    xml_close(w);
    xml_close(w);
}

static void put_issued_token(struct xml_writer *w, const struct mex_port *port, const char *tokens)
{
    bool proof = port->auth == MEX_AUTH_TICKET_PROOF;
    xml_open(w, tokens);
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:IssuedToken");
    xml_open(w, "sp:Issuer");
    xml_element(w, "wsa:Address", port->issuer);
    xml_close(w);
    xml_open(w, "sp:RequestSecurityTokenTemplate");
    xml_open(w, "wst:TokenType");
    xml_put_ns(w, "wst", NS_WST);
    xml_put_string(w, WSSE_SAML11_TOKEN);
    xml_close(w);
    xml_open(w, "wst:KeyType");
    xml_put_ns(w, "wst", NS_WST);
    xml_put_string(w, proof ? WST_SYMMETRIC_KEY : WST_BEARER);
    for (int i = 0; i < 5; i++)
        xml_close(w);
}

static void put_username_token(struct xml_writer *w)
{
    xml_open(w, "sp:SignedSupportingTokens");
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:UsernameToken");
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:WssUsernameToken10");
    xml_close_empty(w);
    for (int i = 0; i < 4; i++)
        xml_close(w);
}

/* Which certificate is not said: WS-SecurityPolicy has no word for "the one that the
 * certificate service issued". */
static void put_x509_token(struct xml_writer *w)
{
    xml_open(w, "sp:EndorsingSupportingTokens");
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:X509Token");
    xml_put_attr_string(w, "sp:IncludeToken", SP_TO_RECIPIENT);
    xml_open(w, "wsp:Policy");
    xml_open(w, "sp:WssX509V3Token10");
    xml_close_empty(w);
    xml_close(w);
    xml_close(w);
    xml_open(w, "sp:SignedParts");
    xml_open(w, "sp:Header");
    xml_put_attr_string(w, "Name", "To");
    xml_put_attr_string(w, "Namespace", NS_WSA);
    xml_close_empty(w);
    for (int i = 0; i < 3; i++)
        xml_close(w);
}

static void put_http(struct xml_writer *w, const char *assertion)
{
    xml_open(w, assertion);
    xml_put_ns(w, "http", NS_HTTP_POLICY);
    xml_close_empty(w);
}

static void put_auth(struct xml_writer *w, const struct mex_port *port)
{
    switch (port->auth) {
    case MEX_AUTH_HTTP_BASIC:
        put_http(w, "http:BasicAuthentication");
        break;
    case MEX_AUTH_HTTP_WINDOWS:
        put_http(w, "http:NegotiateAuthentication");
        break;
    case MEX_AUTH_USERNAME:
        put_username_token(w);
        break;
    case MEX_AUTH_CERTIFICATE:
        put_x509_token(w);
        break;
    case MEX_AUTH_TICKET_BEARER:
        put_issued_token(w, port, "sp:SignedSupportingTokens");
        break;
    case MEX_AUTH_TICKET_PROOF:
        put_issued_token(w, port, "sp:EndorsingSupportingTokens");
        break;
    case MEX_AUTH_UNKNOWN:
        break;
    }
}

/* SIPE goes down Policy/ExactlyOne/All/...SupportingTokens by first children. */
static void put_policy(struct xml_writer *w, const struct mex_port *port, struct arena *scratch)
{
    xml_open(w, "wsp:Policy");
    xml_put_attr(w, "wsu:Id", arena_print(scratch, "%.*s_policy", SLICE_ARG(port->name)));
    xml_open(w, "wsp:ExactlyOne");
    xml_open(w, "wsp:All");
    put_auth(w, port);
    put_transport(w, port->auth == MEX_AUTH_CERTIFICATE);
    xml_close(w);
    xml_close(w);
    xml_close(w);
}

/* ---- the abstract half and the bindings ------------------------------------------------ */

static size_t operation_count(const struct mex_service *s)
{
    return s->operations ? s->operation_count : 1;
}

static struct mex_operation operation_at(const struct mex_service *s, size_t i)
{
    return s->operations ? s->operations[i] : (struct mex_operation){s->operation, s->action};
}

static const char *const directions[][2] = {{"wsdl:input", "InputMessage"},
                                            {"wsdl:output", "OutputMessage"}};

static struct slice message_name(const struct mex_service *s, const struct mex_operation *operation,
                                 const char *direction, struct arena *scratch)
{
    return arena_print(scratch, "%.*s_%.*s_%s", SLICE_ARG(s->port_type), SLICE_ARG(operation->name),
                       direction);
}

static void put_messages(struct xml_writer *w, const struct mex_service *s, struct arena *scratch)
{
    for (size_t i = 0; i < operation_count(s); i++) {
        struct mex_operation operation = operation_at(s, i);
        for (size_t d = 0; d < 2; d++) {
            xml_open(w, "wsdl:message");
            xml_put_attr(w, "name", message_name(s, &operation, directions[d][1], scratch));
            xml_close_empty(w);
        }
    }
}

static void put_port_type(struct xml_writer *w, const struct mex_service *s, struct arena *scratch)
{
    xml_open(w, "wsdl:portType");
    xml_put_attr(w, "name", s->port_type);
    for (size_t i = 0; i < operation_count(s); i++) {
        struct mex_operation operation = operation_at(s, i);
        xml_open(w, "wsdl:operation");
        xml_put_attr(w, "name", operation.name);
        for (size_t d = 0; d < 2; d++) {
            struct slice name = message_name(s, &operation, directions[d][1], scratch);
            xml_open(w, directions[d][0]);
            xml_put_attr(w, "message", arena_print(scratch, "tns:%.*s", SLICE_ARG(name)));
            xml_close_empty(w);
        }
        xml_close(w);
    }
    xml_close(w);
}

static void put_bound_operation(struct xml_writer *w, const struct mex_operation *operation)
{
    xml_open(w, "wsdl:operation");
    xml_put_attr(w, "name", operation->name);
    xml_open(w, "soap:operation");
    xml_put_attr(w, "soapAction", operation->action);
    xml_put_attr_string(w, "style", "document");
    xml_close_empty(w);
    for (size_t d = 0; d < 2; d++) {
        xml_open(w, directions[d][0]);
        xml_open(w, "soap:body");
        xml_put_attr_string(w, "use", "literal");
        xml_close_empty(w);
        xml_close(w);
    }
    xml_close(w);
}

static void put_binding(struct xml_writer *w, const struct mex_service *s,
                        const struct mex_port *port, struct arena *scratch)
{
    xml_open(w, "wsdl:binding");
    xml_put_attr(w, "name", port->name);
    xml_put_attr(w, "type", arena_print(scratch, "tns:%.*s", SLICE_ARG(s->port_type)));
    xml_open(w, "wsp:PolicyReference");
    xml_put_attr(w, "URI", arena_print(scratch, "#%.*s_policy", SLICE_ARG(port->name)));
    xml_close_empty(w);
    xml_open(w, "soap:binding");
    xml_put_attr_string(w, "transport", SOAP_OVER_HTTP);
    xml_close_empty(w);
    for (size_t i = 0; i < operation_count(s); i++) {
        struct mex_operation operation = operation_at(s, i);
        put_bound_operation(w, &operation);
    }
    xml_close(w);
}

static void put_port(struct xml_writer *w, const struct mex_port *port, struct arena *scratch)
{
    xml_open(w, "wsdl:port");
    xml_put_attr(w, "binding", arena_print(scratch, "tns:%.*s", SLICE_ARG(port->name)));
    xml_put_attr(w, "name", port->name);
    xml_open(w, "soap:address");
    xml_put_attr(w, "location", port->location);
    xml_close_empty(w);
    xml_close(w);
}

static void put_definitions(struct xml_writer *w, const struct mex_service *s)
{
    scoped(arena) struct arena *scratch = arena_new();
    xml_open(w, "wsdl:definitions");
    xml_put_ns(w, "soap", NS_WSDL_SOAP11);
    xml_put_ns(w, "sp", NS_SP);
    xml_put_ns(w, "tns", s->ns);
    xml_put_ns(w, "wsa", NS_WSA);
    xml_put_ns(w, "wsdl", NS_WSDL);
    xml_put_ns(w, "wsp", NS_WSP);
    xml_put_ns(w, "wsu", NS_WSU);
    xml_put_attr(w, "name", s->name);
    xml_put_attr_string(w, "targetNamespace", s->ns);
    if (!slice_absent(s->documentation))
        xml_element(w, "wsdl:documentation", s->documentation);
    for (size_t i = 0; i < s->port_count; i++)
        put_policy(w, &s->ports[i], scratch);
    put_messages(w, s, scratch);
    put_port_type(w, s, scratch);
    for (size_t i = 0; i < s->port_count; i++)
        put_binding(w, s, &s->ports[i], scratch);
    xml_open(w, "wsdl:service");
    xml_put_attr(w, "name", s->name);
    for (size_t i = 0; i < s->port_count; i++)
        put_port(w, &s->ports[i], scratch);
    xml_close(w);
    xml_close(w);
}

void mex_print(const struct mex_service *service, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    put_definitions(&w, service);
    xml_end(&w);
}

/* ---- WS-MetadataExchange ---------------------------------------------------------------- */

static void print_envelope(const struct mex_service *service, const struct soap_message *request,
                           struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = request->version,
                                                           .action = SLICE(TRANSFER_GET_RSP),
                                                           .relates_to = request->message_id});
    xml_open(&w, "mex:Metadata");
    xml_put_ns(&w, "mex", NS_MEX);
    xml_open(&w, "mex:MetadataSection");
    xml_put_attr_string(&w, "Dialect", NS_WSDL);
    xml_put_attr_string(&w, "Identifier", service->ns);
    put_definitions(&w, service);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

static int read_get(struct slice body, struct xml_doc **doc, struct soap_message *message,
                    struct fault *fault)
{
    int err = xml_read(body, NULL, doc, fault);
    if (err || (err = soap_read(*doc, message, fault)))
        return err;
    if (!slice_absent(message->action) && !slice_eq(message->action, SLICE(TRANSFER_GET)))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SOAP_MALFORMED,
                         "Action is \"%.*s\", only a WS-Transfer Get is served here",
                         SLICE_ARG(slice_head(message->action, 120)));
    if (message->payload && !xml_is(message->payload, NS_MEX, "GetMetadata"))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "the Body of a WS-Transfer Get holds %.*s",
                         SLICE_ARG(slice_head(xml_name(message->payload), 120)));
    return 0;
}

void mex_answer(const struct mex_service *service, const struct http_request *request,
                struct http_reply *reply, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    if (request->method != HTTP_POST) {
        mex_print(service, &out);
        http_reply_set(reply, 200, "text/xml; charset=utf-8", arena_copy(arena, buf_slice(&out)));
        return;
    }
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct fault fault;
    if (read_get(request->body, &doc, &message, &fault)) {
        http_reply_fault(reply, arena, &fault);
        return;
    }
    print_envelope(service, &message, &out);
    http_reply_set(reply, 200,
                   message.version == SOAP_1_2 ? "application/soap+xml; charset=utf-8"
                                               : "text/xml; charset=utf-8",
                   arena_copy(arena, buf_slice(&out)));
}

void mex_request_print(struct slice url, struct slice message_id, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_2,
                                                           .action = SLICE(TRANSFER_GET),
                                                           .message_id = message_id,
                                                           .to = url,
                                                           .reply_to_anonymous = true});
    soap_close_envelope(&w);
    xml_end(&w);
}
