#include "trace/redact.h"

#include "base/random.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
    SHOWN_HASH = 4
};

/* Headers whose whole value is secret, after an optional scheme word. SIP's
 * Authorization is not among them: TLS-DSK's parameters prove knowledge of a
 * key without telling it, and are what a troubleshooter needs to see. */
static const char *const secret_headers[] = {
    "cookie", "set-cookie", "x-ms-webticket", "proxy-authorization", "authorization",
};

static const char *const harmless_schemes[] = {"TLS-DSK", "Kerberos"};

/* Elements whose content is secret, by local name. */
static const char *const secret_elements[] = {
    "Password",    "BinarySecret",  "Assertion",
    "CipherValue", "EncryptedData", "Subscription", /* of MCX: has the device's auth secret */
};

/* Form fields and JSON members whose value is secret. */
static const char *const secret_fields[] = {
    "password=",
    "access_token\":\"",
    "passwd=",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

void trace_redactor_init(struct trace_redactor *redactor)
{
    random_fill(redactor->key, sizeof redactor->key);
}

static void put_redacted(const struct trace_redactor *redactor, struct slice secret,
                         struct buf *out)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = sizeof hash;
    HMAC(EVP_sha256(), redactor->key, sizeof redactor->key, (const uint8_t *)secret.at, secret.len,
         hash, &len);
    buf_add_string(out, "[redacted #"); /* not even its length: that of a password tells */
    for (int i = 0; i < SHOWN_HASH; i++)
        buf_print(out, "%02x", hash[i]);
    buf_add_byte(out, ']');
}

/* ---- the head, line by line -------------------------------------------------- */

static bool is_harmless(struct slice value)
{
    for (size_t i = 0; i < COUNT(harmless_schemes); i++)
        if (slice_starts_nocase(value, slice_of(harmless_schemes[i])))
            return true;
    return false;
}

static bool is_secret_header(struct slice name, struct slice value)
{
    for (size_t i = 0; i < COUNT(secret_headers); i++)
        if (slice_eq_nocase(name, slice_of(secret_headers[i])))
            return !is_harmless(value);
    return false;
}

static void redact_header(const struct trace_redactor *redactor, struct slice line, struct buf *out)
{
    struct slice name, rest, scheme, secret;
    if (!slice_cut(line, ':', &name, &rest) ||
        !is_secret_header(slice_trim(name), slice_trim(rest))) {
        buf_add(out, line);
        return;
    }
    struct slice value = slice_trim(rest);
    buf_add(out, name);
    buf_add_string(out, ": ");
    /* "Basic QWxh...": the scheme may be seen, the credentials may not. */
    if (slice_cut(value, ' ', &scheme, &secret) && slice_index(scheme, '=') < 0) {
        buf_add(out, scheme);
        buf_add_byte(out, ' ');
        value = secret;
    }
    put_redacted(redactor, value, out);
    if (slice_ends(line, SLICE("\r")))
        buf_add_byte(out, '\r');
}

/* ---- the body ------------------------------------------------------------------ */

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

/* The name of the start tag at '<', with its prefix; empty if there is none. */
static struct slice tag_name(struct slice at_bracket)
{
    size_t len = 1;
    while (len < at_bracket.len && name_byte(at_bracket.at[len]))
        len++;
    return slice_from(slice_head(at_bracket, len), 1);
}

static bool is_secret_element(struct slice name)
{
    struct slice prefix, local;
    if (!slice_cut(name, ':', &prefix, &local))
        local = name;
    for (size_t i = 0; i < COUNT(secret_elements); i++)
        if (slice_eq(local, slice_of(secret_elements[i])))
            return true;
    return false;
}

/* From the start tag of a secret element to its end tag (or to the end of the
 * message when that was cut off). Returns how much of `at_bracket` is done. */
static size_t redact_element(const struct trace_redactor *redactor, struct slice at_bracket,
                             struct slice name, struct buf *out)
{
    ptrdiff_t close = slice_index(at_bracket, '>');
    if (close < 0 || at_bracket.at[close - 1] == '/') {
        size_t done = close < 0 ? at_bracket.len : (size_t)close + 1;
        buf_add(out, slice_head(at_bracket, done));
        return done;
    }
    size_t start = (size_t)close + 1;
    struct slice content = slice_from(at_bracket, start), scan = content;
    size_t end = content.len;
    for (ptrdiff_t hit; (hit = slice_find(scan, SLICE("</"))) >= 0;) {
        scan = slice_from(scan, (size_t)hit + 2);
        if (slice_starts(scan, name)) {
            end = (size_t)(scan.at - content.at) - 2;
            break;
        }
    }
    buf_add(out, slice_head(at_bracket, start));
    if (end > 0)
        put_redacted(redactor, slice_head(content, end), out);
    return start + end;
}

static size_t redact_field(const struct trace_redactor *redactor, struct slice at,
                           struct slice field, struct buf *out)
{
    struct slice value = slice_from(at, field.len);
    size_t len = 0;
    while (len < value.len && value.at[len] != '&' && value.at[len] != '"' &&
           value.at[len] != '\r' && value.at[len] != '\n')
        len++;
    buf_add(out, field);
    put_redacted(redactor, slice_head(value, len), out);
    return field.len + len;
}

/* Is there something secret at the start of `here`? Then append what replaces
 * it and return how much of it is done, else 0. */
static size_t redact_here(const struct trace_redactor *redactor, struct slice here,
                          struct slice before, struct buf *out)
{
    bool field_start = before.len == 0 || !name_byte(before.at[before.len - 1]);
    if (here.at[0] == '<') {
        struct slice name = tag_name(here);
        if (!is_secret_element(name))
            return 0;
        buf_add(out, before);
        return redact_element(redactor, here, name, out);
    }
    for (size_t i = 0; field_start && i < COUNT(secret_fields); i++)
        if (slice_starts_nocase(here, slice_of(secret_fields[i]))) {
            buf_add(out, before);
            return redact_field(redactor, here, slice_of(secret_fields[i]), out);
        }
    return 0;
}

static void redact_body(const struct trace_redactor *redactor, struct slice body, struct buf *out)
{
    size_t plain = 0, i = 0;
    while (i < body.len) {
        struct slice before = slice_head(slice_from(body, plain), i - plain);
        size_t done = redact_here(redactor, slice_from(body, i), before, out);
        i += done ? done : 1;
        if (done)
            plain = i;
    }
    buf_add(out, slice_from(body, plain));
}

void trace_redact(const struct trace_redactor *redactor, struct slice message, struct buf *out)
{
    ptrdiff_t blank = slice_find(message, SLICE("\r\n\r\n"));
    struct slice head = blank < 0 ? message : slice_head(message, (size_t)blank + 4), line;
    bool more = true;
    while (more) {
        more = slice_cut(head, '\n', &line, &head);
        redact_header(redactor, line, out);
        if (more)
            buf_add_byte(out, '\n');
    }
    if (blank >= 0)
        redact_body(redactor, slice_from(message, (size_t)blank + 4), out);
}
