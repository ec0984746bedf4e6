/* The grammar that the framer and the parser share (RFC 9110 section 5, RFC
 * 9112 sections 3, 5 and 7.1): single lines, without their CRLF. */
#ifndef LYCHGATE_HTTP_GRAMMAR_PRIV_H
#define LYCHGATE_HTTP_GRAMMAR_PRIV_H

#include "http/message.h"

struct http_request_line {
    struct slice method;
    struct slice target;
    unsigned minor;
};

/* A non-empty run of token characters? */
bool http_is_token(struct slice s);
bool http_is_token_byte(char c);

/* Is there a byte below blank other than a tab, or DEL? */
bool http_has_control(struct slice s);

/* "GET /path HTTP/1.1". -ERR_MALFORMED, or -ERR_UNSUPPORTED for another version. */
int http_request_line_parse(struct slice line, struct http_request_line *out, struct fault *fault);

/* "Name: value"; `number` counts header lines from 1, for the fault. */
int http_field_parse(struct slice line, size_t number, struct http_field *out, struct fault *fault);

/* "1a;name=value". -ERR_MALFORMED, or -ERR_LIMIT when it exceeds max. */
int http_chunk_line_parse(struct slice line, uint64_t max, uint64_t *size_out, struct fault *fault);

/* Take the next line off *text, which holds whole lines ended by CRLF. */
struct slice http_take_line(struct slice *text);

/* Split a request target in origin form (absent authority) or absolute form. */
int http_target_split(struct slice target, struct slice *authority_out, struct slice *origin_out,
                      struct fault *fault);

#endif
