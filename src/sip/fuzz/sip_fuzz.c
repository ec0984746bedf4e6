/* Any bytes: cut into messages, parsed, every iterator walked to its end, answered,
 * and what we print must be readable again with the same signed fields. */
#include "sip/dispatch.h"
#include "sip/frame.h"
#include "sip/print.h"
#include "sip/transaction.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void walk_values(const struct sip_message *m)
{
    for (size_t i = 0; i < m->header_count; i++) {
        struct slice rest = m->header[i].value, item;
        struct sip_param param;
        struct sip_address address;
        struct sip_via via;
        struct sip_auth auth;
        sip_address_parse(rest, "fuzz", &address, NULL);
        sip_via_parse(rest, &via, NULL);
        if (sip_auth_parse(rest, &auth, NULL) == 0)
            for (struct slice p = auth.params; sip_auth_next(&p, &param) > 0;)
                must(param.name.len > 0);
        while (sip_list_next(&rest, &item) > 0)
            must(item.len > 0 && item.len <= m->header[i].value.len);
        slice_cut(m->header[i].value, ';', &item, &rest);
        rest = slice_from(m->header[i].value, item.len);
        while (sip_param_next(&rest, &param) > 0)
            must(param.name.len > 0);
    }
}

static void walk_known(const struct sip_message *m, struct arena *arena)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    struct sip_auth auth;
    struct slice text;
    while (sip_contact_next(m, &it, &contact))
        if (sip_uri_aor(arena, &contact.address.uri, &text, NULL) == 0)
            must(sip_uri_same_aor(&contact.address.uri, &contact.address.uri));
    sip_uri_user(arena, &m->from.uri, &text);
    sip_has_tag(m, SIP_HEADER_SUPPORTED, SLICE("gruu-10"));
    sip_credentials(m, (struct slice){0}, &auth);
    sip_challenge(m, SLICE("TLS-DSK"), &auth);
    sip_auth_info(m, SLICE("TLS-DSK"), &auth);
    sip_value_word(m, SIP_HEADER_EVENT);
}

static void must_sign_alike(const struct sip_signature_fields *a,
                            const struct sip_signature_fields *b)
{
    must(slice_eq(a->call_id, b->call_id) && slice_eq(a->cseq_number, b->cseq_number));
    must(slice_eq(a->cseq_method, b->cseq_method) && slice_eq(a->from_uri, b->from_uri));
    must(slice_eq(a->from_tag, b->from_tag) && slice_eq(a->to_uri, b->to_uri));
    must(slice_eq(a->to_tag, b->to_tag) && slice_eq(a->expires, b->expires));
    must(slice_eq(a->identity_sip, b->identity_sip) && slice_eq(a->identity_tel, b->identity_tel));
    must(a->status == b->status);
}

/* readable: the request was good, so the answer must be. */
static void answer(const struct sip_message *m, struct arena *arena, bool readable)
{
    static const struct sip_dispatch nothing = {.source = {.at = "fe", .len = 2}};
    static const struct sip_out_options options = {.received_host = {.at = "192.0.2.1", .len = 9},
                                                   .received_port = 1,
                                                   .received_cid = {.at = "1", .len = 1}};
    scoped(buf) struct buf buf = BUF_INIT;
    struct sip_reply reply;
    struct sip_out out;
    struct sip_message back;
    struct sip_signature_fields sent, seen;
    sip_dispatch(&nothing, NULL, m, arena, &reply);
    sip_reply_header(&reply, "X-Echo", "%.*s", SLICE_ARG(m->uri.text));
    sip_out_reply(&out, arena, m, &reply, &options);
    sip_out_signature(&out, &sent);
    sip_print(&out, SLICE("Authentication-Info"), SLICE("TLS-DSK rspauth=\"0\""), &buf);
    int err = sip_parse(&back, buf_slice(&buf), NULL);
    /* The echo may have more Vias than fit with what we add. */
    must(err == 0 || err == -ERR_LIMIT || !readable);
    if (err == 0) {
        sip_signature_fields(&back, &seen);
        must_sign_alike(&sent, &seen);
    }
}

static void one_message(struct slice bytes, struct sip_transactions *table)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_message m;
    struct fault fault;
    struct sip_transaction *tx;
    struct sip_signature_fields fields;
    bool good = sip_parse(&m, bytes, &fault) == 0;
    walk_values(&m);
    walk_known(&m, arena);
    sip_signature_fields(&m, &fields);
    if (good && !sip_is_request(&m)) {
        sip_client_received(table, &m, 1);
        return;
    }
    if (good && sip_server_received(table, &m, 1, &tx) == SIP_ARRIVAL_NEW && m.cseq % 2)
        sip_server_replied(table, tx, 200 + (int)(m.cseq % 400), 1);
    if (sip_reply_possible(&m))
        answer(&m, arena, good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make(data, size);
    struct sip_transactions *table = sip_transactions_new(8);
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    one_message(rest, table);
    sip_client_sent(table, SLICE("z9hG4bK1"), SLICE("REGISTER"), 0, 0, NULL, NULL);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.kind != SIP_FRAME_MORE) {
        must(frame.len > 0 && frame.len <= rest.len);
        if (frame.kind == SIP_FRAME_MESSAGE)
            one_message(frame.bytes, table);
        rest = slice_from(rest, frame.len);
    }
    sip_transactions_expire(table, 1000000, NULL, NULL);
    sip_transactions_free(table);
    return 0;
}
