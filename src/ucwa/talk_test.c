/* Conversations, both ways. */
#include "ucwa/test_world_priv.h"

static void tell_chat(enum phone_chat_state chat_state)
{
    fake.chat.state = chat_state;
    fake_tell((struct phone_news){.kind = PHONE_CHAT, .chat = &fake.chat});
    fake.face.settle(fake.face.arg);
}

static void test_send_an_im(void **state)
{
    (void)state;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    struct asked got = ask(HTTP_POST, "/communication/messagingInvitations",
                           "{\"to\":\"sip:bob@contoso.test\",\"operationId\":\"op-1\"}");
    assert_int_equal(got.reply.status, 201);
    assert_true(
        slice_ends(http_reply_get(&got.reply, "Location"), SLICE("/messagingInvitations/7")));
    got = ask(HTTP_GET, "/events?ack=2", "");
    expect(&got, 200, "\"operationId\":\"op-1\"");
    assert_true(holds(&got, "\"type\":\"started\""));
    assert_true(holds(&got, "\"cancel\""));
    assert_false(holds(&got, "sendMessage"));
    got = ask(HTTP_POST, "/communication/conversations/7/messaging/typing", "");
    expect(&got, 409, "Conflict");
    hold(HTTP_GET, "/events?ack=3", JSON, "");
    tell_chat(PHONE_CHAT_CONNECTED);
    expect(&held, 200, "sendMessage");
    assert_true(holds(&held, "acceptedByParticipant"));
    assert_true(holds(&held, "\"status\":\"Success\""));
    hold(HTTP_POST, "/communication/conversations/7/messaging/messages", "text/plain",
         "Hello & <you>");
    assert_string_equal(fake.text, "Hello & <you>");
    expect_done(201);
    assert_false(slice_empty(http_reply_get(&held.reply, "Location")));
    hold(HTTP_POST, "/communication/conversations/7/messaging/terminate", JSON, "");
    assert_string_equal(fake.called, "leave");
    expect_done(204);
    tell_chat(PHONE_CHAT_ENDED);
    got = ask(HTTP_GET, "/events?ack=4", "");
    expect(&got, 200, "\"type\":\"deleted\"");
}

static void test_receive_an_im(void **state)
{
    (void)state;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    hold(HTTP_GET, "/events?ack=2", JSON, "");
    fake.chat = (struct phone_chat){.id = 9,
                                    .incoming = true,
                                    .peer = SLICE("bob@contoso.test"),
                                    .peer_name = SLICE("Bob"),
                                    .subject = SLICE(""),
                                    .conversation = SLICE("AAC=")};
    tell_chat(PHONE_CHAT_INVITED);
    expect(&held, 200, "/communication/messagingInvitations/9/accept");
    assert_true(holds(&held, "\"direction\":\"Incoming\""));
    hold(HTTP_POST, "/communication/messagingInvitations/9/accept?sessionContext=1", JSON, "");
    assert_string_equal(fake.called, "accept");
    expect_done(204);
    tell_chat(PHONE_CHAT_CONNECTED);
    struct asked got = ask(HTTP_POST, "/communication/messagingInvitations/9/decline", "");
    expect(&got, 409, "Conflict");
    fake_tell((struct phone_news){.kind = PHONE_MESSAGE,
                                  .chat = &fake.chat,
                                  .text = SLICE("Tea, now?"),
                                  .type = SLICE("text/plain; charset=UTF-8")});
    got = ask(HTTP_GET, "/events?ack=3", "");
    expect(&got, 200, "data:text/plain;charset=utf-8,Tea%2C%20now%3F");
    got = ask(HTTP_GET, "/communication/conversations", "");
    expect(&got, 200, "\"state\":\"Connected\"");
    got = ask(HTTP_GET, "/communication/conversations/9/participants/bob@contoso.test", "");
    expect(&got, 200, "\"name\":\"Bob\"");
    got = ask(HTTP_GET, "/communication/conversations/8", "");
    expect(&got, 404, "NotFound");
}

static void test_nobody_answers(void **state)
{
    (void)state;
    struct fault fault;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    ask(HTTP_POST, "/communication/messagingInvitations", "{\"to\":\"sip:bob@contoso.test\"}");
    fake.chat.state = PHONE_CHAT_ENDED;
    fault_set(&fault, ERR_EXPIRED, FINDING_CONNECTION_TIMEOUT, "408");
    fake_tell((struct phone_news){.kind = PHONE_CHAT, .chat = &fake.chat, .fault = &fault});
    struct asked got = ask(HTTP_GET, "/events?ack=2", "");
    expect(&got, 200, "\"status\":\"Failure\"");
    assert_true(holds(&got, "\"reason\""));
    got = ask(HTTP_POST, "/communication/messagingInvitations", "{\"to\":\"nobody\"}");
    expect(&got, 400, "ParameterValidationFailure");
}

#define INVITE "/communication/messagingInvitations"

/* What came along with the invitation is said once it is accepted, and only then. */
static void test_first_message(void **state)
{
    (void)state;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    struct asked got = ask(HTTP_POST, INVITE,
                           "{\"to\":\"sip:bob@contoso.test\",\"_links\":{\"message\":{\"href\":"
                           "\"data:text/plain;charset=utf-8,Hello%20Bob%21\"}}}");
    assert_int_equal(got.reply.status, 201);
    assert_string_equal(fake.called, "invite");
    tell_chat(PHONE_CHAT_CONNECTED);
    assert_string_equal(fake.called, "say");
    assert_string_equal(fake.text, "Hello Bob!");
    fake.called[0] = '\0';
    tell_chat(PHONE_CHAT_CONNECTED);
    assert_string_equal(fake.called, "");
    ask(HTTP_GET, "/events?ack=2", "");
    done(NULL);
    got = ask(HTTP_GET, "/events?ack=3", "");
    expect(&got, 200, "\"direction\":\"Outgoing\"");
    assert_true(holds(&got, "\"status\":\"Success\""));
}

static void test_first_message_read(void **state)
{
    (void)state;
    available();
    static const char *const bad[] = {"http://x.test/",           "data:image/png,x",
                                      "data:text/plain",          "data:text/plain,%zz",
                                      "data:text/plain;base64,*", "data:text/plain,a%00b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct slice body = arena_print(arena,
                                        "{\"to\":\"sip:bob@contoso.test\",\"_links\":{\"message\":{"
                                        "\"href\":\"%s\"}}}",
                                        bad[i]);
        struct asked got = ask(HTTP_POST, INVITE, body.at);
        expect(&got, 400, "ParameterValidationFailure");
    }
    ask(HTTP_POST, INVITE,
        "{\"to\":\"sip:bob@contoso.test\",\"_links\":{\"message\":{\"href\":"
        "\"data:text/html;base64,PGI+aGk8L2I+\"}}}");
    tell_chat(PHONE_CHAT_CONNECTED);
    assert_string_equal(fake.text, "<b>hi</b>");
}

/* An invitation that nobody accepts takes its message with it. */
static void test_first_message_unsaid(void **state)
{
    (void)state;
    available();
    ask(HTTP_POST, INVITE,
        "{\"to\":\"sip:bob@contoso.test\",\"_links\":{\"message\":{\"href\":\"data:,Hi\"}}}");
    tell_chat(PHONE_CHAT_ENDED);
    assert_string_equal(fake.called, "invite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_send_an_im),    TEST(test_receive_an_im),      TEST(test_nobody_answers),
        TEST(test_first_message), TEST(test_first_message_read), TEST(test_first_message_unsaid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
