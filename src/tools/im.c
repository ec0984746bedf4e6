#include "tools/im.h"

#include "base/clock.h"
#include "tools/account.h"
#include "tools/signin_show.h"

#include <stdio.h>
#include <string.h>

enum {
    WAIT_MAX_S = 24 * 3600,
    TEXT_MAX = 64 * 1024
};

const struct verb_option im_options[] = {
    {"wait", "SECONDS", "wait so long for messages, and print them", false},
    ACCOUNT_AS_OPTIONS,
    {0},
};

static void on_message(void *arg, const struct lychgate_message *message)
{
    const struct invocation *invocation = arg;
    if (invocation->json) {
        json_t *line =
            json_pack("{s:o,s:o,s:o}", "from", signin_text_json(message->from), "type",
                      signin_text_json(message->type), "text", signin_text_json(message->text));
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else {
        scoped(buf) struct buf out = BUF_INIT;
        signin_put_clean(&out, slice_of(message->from));
        buf_add_string(&out, ": ");
        signin_put_clean(&out, slice_trim(slice_of(message->text)));
        buf_add_byte(&out, '\n');
        fwrite(buf_string(&out), 1, out.len, stdout);
    }
    fflush(stdout);
}

static enum tool_exit talk(struct account *account, void *arg)
{
    const struct invocation *invocation = account->invocation;
    const char *text = arg;
    uint64_t seconds;
    if (!invocation_number(invocation, "wait", 0, WAIT_MAX_S, &seconds))
        return TOOL_USAGE;
    int err = text ? lychgate_send(account->gate, invocation->operands[0], text) : 0;
    int64_t until = clock_monotonic() + (int64_t)seconds * 1000, left;
    while (err >= 0 && seconds > 0 && (left = until - clock_monotonic()) > 0)
        err = lychgate_wait(account->gate, (int)left);
    if (err < 0 && strcmp(lychgate_problem(account->gate)->finding, "stopped") == 0)
        err = 0;
    return err < 0 ? account_fail(account, err) : TOOL_FINE;
}

/* The whole of standard input; NULL, with a message, when it is empty or too long. */
static const char *read_text(struct arena *arena)
{
    char *text = arena_alloc(arena, TEXT_MAX + 2);
    size_t len = fread(text, 1, TEXT_MAX + 1, stdin);
    if (len > 0 && len <= TEXT_MAX)
        return text;
    fprintf(stderr, "lychgate: standard input has %s\n",
            len ? "more than 64 KiB" : "nothing to send");
    return NULL;
}

enum tool_exit im_run(struct invocation *invocation)
{
    struct lychgate_session_options session = {
        .parts = LYCHGATE_MESSAGES, .message = on_message, .arg = invocation};
    const char *password = invocation_value(invocation, "password-file");
    if (invocation->operand_count == 0 && invocation_has(invocation, "wait"))
        return account_run(invocation, &session, talk, NULL);
    if (invocation->operand_count < 2)
        return tool_usage("say to whom and what; without either, --wait SECONDS");
    const char *text = invocation->operands[1];
    if (strcmp(text, "-") == 0) {
        if (password && strcmp(password, "-") == 0)
            return tool_usage("standard input cannot be both the password and the text");
        text = read_text(invocation->arena);
    }
    if (!text)
        return TOOL_USAGE;
    return account_run(invocation, &session, talk, arena_string(invocation->arena, slice_of(text)));
}
