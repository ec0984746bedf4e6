/* Metadata: what the service says of itself, to whom, and how the client reads it. */
#include "webticket/mex.h"

#include "webticket/testing_priv.h"

#define PATH_AUTH  SITE_PATH_WEBTICKET "/Auth"
#define PATH_WSFED SITE_PATH_WEBTICKET "/WsFed_bearer"

static struct mex_service read_mex(struct rig *rig, const struct http_reply *reply)
{
    struct mex_service service;
    assert_int_equal(reply->status, 200);
    must(rig, mex_parse(reply->body, rig->arena, &service, &rig->fault));
    return service;
}

static struct http_reply post_mex(struct rig *rig, const char *path)
{
    scoped(buf) struct buf body = BUF_INIT;
    mex_request_print(slice_of(path), SLICE("uuid:1"), &body);
    return rig_ask(rig, &(struct exchange){HTTP_POST, path, NULL, NULL, buf_slice(&body)});
}

static void test_metadata_by_get_is_safe_for_sipe(void **state)
{
    struct rig *rig = *state;
    /* Credentials are passed over: SIPE sends them once it has them, even wrong ones. */
    struct http_reply reply = rig_ask(
        rig, &(struct exchange){HTTP_GET, SITE_PATH_WEBTICKET "/mex", "alice", "wrong", {0}});
    struct mex_service service = read_mex(rig, &reply);
    const struct mex_port *port = mex_find(&service, "webticketservicewinnegotiate");
    assert_non_null(port);
    assert_string_equal(port->location.at, WEB SITE_PATH_WEBTICKET);
    assert_int_equal(port->auth, MEX_AUTH_HTTP_BASIC);
    assert_null(mex_find(&service, "WsFedBearer"));
    assert_false(holds(reply.body, "WsFed"));
    assert_true(slice_starts(reply.body, SLICE("<wsdl:definitions ")));
    assert_string_equal(mex_find_auth(&service, MEX_AUTH_USERNAME)->location.at, WEB PATH_AUTH);
}

static void test_metadata_by_post_leads_to_orgid(void **state)
{
    struct rig *rig = *state;
    static const char *const paths[] = {SITE_PATH_WEBTICKET "/mex",
                                        SITE_PATH_WEBTICKET_ADVANCED "/mex"};
    for (size_t i = 0; i < 2; i++) {
        struct http_reply reply = post_mex(rig, paths[i]);
        struct mex_service service = read_mex(rig, &reply);
        assert_true(holds(reply.body, "<wsa:RelatesTo>uuid:1</wsa:RelatesTo>"));
        assert_string_equal(reply.content_type.at, "application/soap+xml; charset=utf-8");
        assert_int_equal(service.port_count, 4);
        const struct mex_port *cert = mex_find_auth(&service, MEX_AUTH_CERTIFICATE);
        assert_non_null(cert);
        assert_true(slice_eq(cert->location, SLICE(WEB SITE_PATH_WEBTICKET "/Cert")));
        assert_ptr_equal(mex_find(&service, "webticketservicecert"), cert);
        const struct mex_port *port = mex_find(&service, "WsFedBearer");
        assert_int_equal(port->auth, MEX_AUTH_TICKET_BEARER);
        assert_string_equal(port->issuer.at, "https://login.contoso.test" SITE_PATH_RST2);
        assert_string_equal(port->location.at, WEB PATH_WSFED);
    }
}

static void test_metadata_without_orgid(void **state)
{
    struct rig *rig = *state;
    scoped(webticket) struct webticket *service = rig_service(rig, false);
    struct http_routes *kept = rig->routes;
    rig->routes = http_routes_new(443);
    webticket_add_routes(service, rig->routes);
    struct http_reply reply = post_mex(rig, SITE_PATH_WEBTICKET "/mex");
    struct mex_service mex = read_mex(rig, &reply);
    assert_int_equal(mex.port_count, 3);
    assert_int_equal(
        rig_ask(rig, &(struct exchange){HTTP_POST, PATH_WSFED, NULL, NULL, {0}}).status, 404);
    http_routes_free(rig->routes);
    rig->routes = kept;
}

/* The two kinds of policy that the certificate service has, there and back. */
static void test_metadata_of_ticket_users(void **state)
{
    struct rig *rig = *state;
    struct mex_port ports[] = {
        {SLICE("CertProvisioningServiceWebTicketProof_SHA1"), SLICE(CERT_URL),
         MEX_AUTH_TICKET_PROOF, SLICE(WEB SITE_PATH_WEBTICKET)},
        {SLICE("Other"), SLICE("https://x/y?a=1&b=2"), MEX_AUTH_TICKET_BEARER, SLICE("https://i/")},
    };
    struct mex_service service = {.name = SLICE("CertProvisioningService"),
                                  .ns = "urn:x",
                                  .port_type = SLICE("ICert"),
                                  .operation = SLICE("GetAndPublishCert"),
                                  .action = SLICE("urn:a"),
                                  .ports = ports,
                                  .port_count = 2};
    struct mex_service read;
    scoped(buf) struct buf out = BUF_INIT;
    mex_print(&service, &out);
    must(rig, mex_parse(buf_slice(&out), rig->arena, &read, &rig->fault));
    for (size_t i = 0; i < 2; i++) {
        assert_true(slice_eq(read.ports[i].name, ports[i].name));
        assert_true(slice_eq(read.ports[i].location, ports[i].location));
        assert_true(slice_eq(read.ports[i].issuer, ports[i].issuer));
        assert_int_equal(read.ports[i].auth, ports[i].auth);
    }
    /* SIPE's way down by first children, to the issuer. */
    scoped(xml_doc) struct xml_doc *doc = NULL;
    must(rig, xml_read(buf_slice(&out), NULL, &doc, &rig->fault));
    assert_true(slice_eq(
        xml_text(xml_path(xml_root(doc), "Policy/ExactlyOne/All/EndorsingSupportingTokens/Policy/"
                                         "IssuedToken/Issuer/Address")),
        SLICE(WEB SITE_PATH_WEBTICKET)));
}

static void test_metadata_refuses_nonsense(void **state)
{
    struct rig *rig = *state;
    struct mex_service service;
    static const char *const answers[] = {"", "<html/>", "<wsdl:definitions/>", "<!DOCTYPE a><a/>"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        assert_true(mex_parse(slice_of(answers[i]), rig->arena, &service, &rig->fault) < 0);
    struct exchange ask = {HTTP_POST, SITE_PATH_WEBTICKET "/mex", NULL, NULL, SLICE("<a/>")};
    assert_int_equal(rig_ask(rig, &ask).status, 400);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_metadata_by_get_is_safe_for_sipe), TEST(test_metadata_by_post_leads_to_orgid),
        TEST(test_metadata_without_orgid),           TEST(test_metadata_of_ticket_users),
        TEST(test_metadata_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
