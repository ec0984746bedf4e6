#include "web_client.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/guid.h"
#include "base/random.h"
#include "certprov/csr.h"
#include "site/site.h"

#include <stdio.h>

struct slice web_url(const struct lab_server *lab, struct arena *arena, const char *path)
{
    return arena_print(arena, "https://" LAB_WEB_HOST ":%u%s", lab->https, path);
}

bool web_send(struct wire *wire, const struct lab_server *lab, const char *method, const char *host,
              const char *path, const char *headers, struct slice body)
{
    scoped(buf) struct buf request = BUF_INIT;
    buf_print(&request, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n%s", method, path, host, lab->https,
              headers);
    if (!slice_absent(body))
        buf_print(&request, "Content-Length: %zu\r\n", body.len);
    buf_add_string(&request, "\r\n");
    buf_add(&request, body);
    return wire_write(wire, buf_slice(&request));
}

bool web_ask(struct wire *wire, const struct lab_server *lab, const char *method, const char *path,
             const char *headers, struct slice body, struct arena *arena, struct wire_response *out)
{
    return web_send(wire, lab, method, LAB_WEB_HOST, path, headers, body) &&
           wire_response(wire, arena, out);
}

bool web_post(struct wire *wire, const struct lab_server *lab, const char *path,
              const char *headers, struct slice body, struct arena *arena,
              struct wire_response *out)
{
    struct slice all = arena_print(arena, "Content-Type: text/xml; charset=utf-8\r\n%s", headers);
    return web_ask(wire, lab, "POST", path, all.at, body, arena, out);
}

bool web_send_ticket(struct wire *wire, const struct lab_server *lab, const char *address,
                     const char *password, struct slice entropy)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf body = BUF_INIT;
    struct guid id = guid_new();
    const struct webticket_ask ask = {
        .method = WEBTICKET_BASIC,
        .to = web_url(lab, arena, SITE_PATH_WEBTICKET),
        .applies_to = web_url(lab, arena, SITE_PATH_CERTPROV),
        .sip_uri = arena_print(arena, "sip:%s", address),
        .entropy = entropy,
        .message_id = arena_print(arena, "uuid:%.*s", SLICE_ARG(guid_print(arena, &id))),
        .now = clock_now(),
    };
    struct slice basic = base64_print(arena, arena_print(arena, "%s:%s", address, password));
    webticket_rst_print(&ask, &body);
    struct slice headers = arena_print(arena,
                                       "Content-Type: " WEBTICKET_CONTENT_TYPE "\r\n"
                                       "SOAPAction: %s\r\nAuthorization: Basic %.*s\r\n",
                                       WEBTICKET_SOAP_ACTION, SLICE_ARG(basic));
    return web_send(wire, lab, "POST", LAB_WEB_HOST, SITE_PATH_WEBTICKET, headers.at,
                    buf_slice(&body));
}

bool web_ask_ticket(struct wire *wire, const struct lab_server *lab, const char *address,
                    const char *password, struct slice entropy, struct arena *arena,
                    struct wire_response *out)
{
    return web_send_ticket(wire, lab, address, password, entropy) &&
           wire_response(wire, arena, out);
}

int web_ticket(struct wire *wire, const struct lab_server *lab, const char *address,
               const char *password, struct arena *arena, struct webticket_grant *grant_out)
{
    unsigned char entropy[WEBTICKET_ENTROPY_LEN];
    struct wire_response response;
    struct fault fault;
    random_fill(entropy, sizeof entropy);
    struct slice ours = slice_make(entropy, sizeof entropy);
    if (web_ask_ticket(wire, lab, address, password, ours, arena, &response) &&
        response.status == 200 &&
        webticket_rstr_parse(response.body, ours, arena, grant_out, &fault) == 0)
        return 0;
    fprintf(stderr, "web_client: no ticket for %s: %d\n", address, response.status);
    return -1;
}

struct slice web_cert_request(const struct webticket_grant *grant, int64_t now, const char *address,
                              struct slice csr, struct arena *arena)
{
    scoped(buf) struct buf security = BUF_INIT;
    scoped(buf) struct buf body = BUF_INIT;
    struct guid device = guid_new(), request = guid_new();
    webticket_security_print(grant, now, &security);
    certprov_request_print(&(struct certprov_ask){.security = buf_slice(&security),
                                                  .device_id = guid_print(arena, &device),
                                                  .address = slice_of(address),
                                                  .csr = csr,
                                                  .request_id = guid_print(arena, &request)},
                           &body);
    return arena_copy(arena, buf_slice(&body));
}

X509 *web_certificate(const struct lab_server *lab, struct tls *tls, const char *address,
                      const char *password, EVP_PKEY *key)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(wire) struct wire *wire = wire_open(lab->https, NULL, tls, LAB_WEB_HOST);
    struct webticket_grant ticket = {0};
    struct certprov_grant grant;
    struct wire_response response;
    struct fault fault = {0};
    struct slice csr;
    if (!wire || web_ticket(wire, lab, address, password, arena, &ticket) < 0 ||
        certprov_csr_new(key, slice_of(address), arena, &csr, &fault) < 0)
        return NULL;
    struct slice body = web_cert_request(&ticket, clock_now(), address, csr, arena);
    webticket_grant_fini(&ticket);
    if (!web_post(wire, lab, WEB_CERT, "", body, arena, &response) || response.status != 200 ||
        certprov_response_parse(response.body, arena, &grant, &fault) < 0) {
        fprintf(stderr, "web_client: no certificate for %s: %s\n", address, fault.detail);
        return NULL;
    }
    const unsigned char *at = (const unsigned char *)grant.certificate.at;
    return d2i_X509(NULL, &at, (long)grant.certificate.len);
}
