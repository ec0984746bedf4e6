#include "im/test_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    STEPS_MAX = 14
};

/* What is done, what goes out by it; see test_world_priv.h. */
struct flow_row {
    const char *name;
    struct {
        const char *line, *out;
    } steps[STEPS_MAX];
    size_t left; /* transactions afterwards */
};

#define FORK    "a1 INVITE bob", "a1:100 b1:INVITE b2:INVITE"
#define MESSAGE "a1 MESSAGE bob", "b1:MESSAGE b2:MESSAGE"

static const struct flow_row rows[] = {
    /* ---- INVITE ---- */
    {"a call is taken at one of two places",
     {{FORK},
      {"b1 100", ""},
      {"b1 180", "a1:180"},
      {"b2 183", "a1:183"},
      {"b1 200", "a1:200 b2:CANCEL"},
      {"b2 200 cancel", ""},
      {"b2 487", "b2:ACK"},
      {"b2 487", ""},
      {"a1 ACK bob gruu=b1 branch=2 tag=b1 epid=b1b1", "b1:ACK"},
      {"a1 MESSAGE bob gruu=b1 branch=3 cseq=2 tag=b1", "b1:MESSAGE"},
      {"b1 200", "a1:200"},
      {"b1 BYE alice gruu=a1 tag=f1 call=1 cseq=9", "a1:BYE"},
      {"a1 200", "b1:200"},
      {"+32000", ""}},
     0},
    {"a late 200 is disposed of, once",
     {{FORK},
      {"b1 200", "a1:200 b2:CANCEL"},
      {"+10000", ""},
      {"b2 200", "b2:ACK b2:BYE"},
      {"b2 200 cancel", ""},
      {"b2 200", ""},
      {"b1 200", ""},
      {"b1 200 tag=other", ""}},
     1},
    {"a 200 after everything is forgotten",
     {{FORK}, {"b1 200", "a1:200 b2:CANCEL"}, {"+32000", ""}, {"b2 200", ""}},
     0},
    {"all refuse: the best is told, when the last has spoken",
     {{FORK}, {"b1 486", "b1:ACK"}, {"b2 415", "b2:ACK a1:415"}, {"a1 ACK bob tag=b2", ""}},
     1},
    {"all refuse: the lowest class",
     {{FORK}, {"b1 500", "b1:ACK"}, {"b2 486", "b2:ACK a1:486"}},
     1},
    {"all refuse: a spoken no before a silent one",
     {{FORK}, {"lost b1", ""}, {"b2 486", "b2:ACK a1:486"}},
     1},
    {"all refuse: redirection is of the lowest class",
     {{FORK}, {"b1 404", "b1:ACK"}, {"b2 302", "b2:ACK a1:302"}},
     1},
    {"6xx ends it everywhere",
     {{FORK},
      {"b2 180", "a1:180"},
      {"b1 603", "b1:ACK b2:CANCEL"},
      {"b2 180", ""},
      {"b2 487", "b2:ACK a1:603"}},
     1},
    {"6xx, and the other place says nothing",
     {{FORK}, {"b1 600", "b1:ACK b2:CANCEL"}, {"+2000", "a1:600"}, {"b2 200", "b2:ACK b2:BYE"}},
     1},
    {"6xx crosses with a 200", {{FORK}, {"b1 603", "b1:ACK b2:CANCEL"}, {"b2 200", "a1:200"}}, 1},
    {"an endpoint may not challenge",
     {{FORK}, {"b1 401", "b1:ACK"}, {"b2 503", "b2:ACK a1:500"}},
     1},
    {"the caller takes it back",
     {{FORK},
      {"b1 180", "a1:180"},
      {"a1 CANCEL bob", "a1:200 b1:CANCEL b2:CANCEL"},
      {"b1 180", ""},
      {"b1 487", "b1:ACK"},
      {"b2 487", "b2:ACK a1:487"},
      {"a1 CANCEL bob", "a1:200"},
      {"a1 ACK bob tag=b1", ""}},
     1},
    {"the caller takes it back, SIPE answers neither CANCEL nor INVITE",
     {{FORK},
      {"a1 CANCEL bob", "a1:200 b1:CANCEL b2:CANCEL"},
      {"a1 CANCEL bob", "a1:200"},
      {"b1 486", "b1:ACK"},
      {"+1999", ""},
      {"+1", "a1:487"},
      {"+8000", ""},
      {"b2 200", "b2:ACK b2:BYE"}},
     1},
    {"CANCEL crosses with a 200",
     {{FORK},
      {"a1 CANCEL bob", "a1:200 b1:CANCEL b2:CANCEL"},
      {"b2 200", "b2:ACK b2:BYE"},
      {"b1 487", "b1:ACK a1:487"}},
     1},
    {"CANCEL of nothing", {{"a1 CANCEL bob", "a1:481"}}, 0},
    {"CANCEL of another branch, connection or call",
     {{FORK},
      {"a1 CANCEL bob branch=2", "a1:481"},
      {"a2 CANCEL bob", "a2:481"},
      {"e1 CANCEL bob from=alice@contoso.test", "e1:403"},
      {"a1 CANCEL bob cseq=2", "a1:481"}},
     1},
    {"nobody answers", {{FORK}, {"+31999", ""}, {"+1", "b1:CANCEL b2:CANCEL a1:408"}}, 1},
    {"one rings, one says nothing",
     {{FORK},
      {"+30000", ""},
      {"b1 180", "a1:180"},
      {"+2000", "b2:CANCEL"},
      {"b2 200", "b2:ACK b2:BYE"},
      {"+177999", ""},
      {"+1", "b1:CANCEL a1:408"}},
     1},
    {"ringing again keeps it, but not for ever",
     {{"a1 INVITE bob gruu=b1", "a1:100 b1:INVITE"},
      {"b1 100", ""},
      {"+170000", ""},
      {"b1 180", "a1:180"},
      {"+170000", ""},
      {"b1 183", "a1:183"},
      {"+170000", ""},
      {"b1 180", "a1:180"},
      {"+89999", ""},
      {"+1", "b1:CANCEL a1:408"}},
     1},
    {"the delayed 200 of SIPE", {{FORK}, {"+10000", ""}, {"b2 200", "a1:200 b1:CANCEL"}}, 1},
    {"the callee's connections end", {{FORK}, {"lost b1", ""}, {"lost b2", "a1:480"}}, 1},
    {"the caller's connection ends",
     {{FORK},
      {"lost a1", "b1:CANCEL b2:CANCEL"},
      {"b1 200", "b1:ACK b1:BYE"},
      {"+2000", ""},
      {"b2 200", "b2:ACK b2:BYE"},
      {"+32000", ""}},
     0},
    {"the caller's connection ends behind his CANCEL",
     {{FORK},
      {"a1 CANCEL bob", "a1:200 b1:CANCEL b2:CANCEL"},
      {"lost a1", ""},
      {"b1 487", "b1:ACK"},
      {"b2 487", "b2:ACK"}},
     0},
    {"the same request again does not fork again",
     {{FORK}, {"a1 INVITE bob", ""}, {"b1 200", "a1:200 b2:CANCEL"}, {"a1 INVITE bob", ""}},
     1},
    {"one endpoint, by GRUU", {{"a1 INVITE bob gruu=b2", "a1:100 b2:INVITE"}}, 1},
    {"within a dialog, by the epid of To",
     {{"a1 INVITE bob tag=7 epid=b2b2", "a1:100 b2:INVITE"}, {"b2 200", "a1:200"}},
     1},
    /* ---- MESSAGE and others ---- */
    {"a message is confirmed by the first who takes it",
     {{MESSAGE}, {"b2 480", ""}, {"b1 200", "a1:200"}, {"b1 200", ""}},
     0},
    {"a message that one place takes, the other answers late",
     {{MESSAGE}, {"b1 202", "a1:202"}, {"b2 200", ""}, {"b2 415", ""}},
     0},
    {"a message that nobody takes", {{MESSAGE}, {"b1 480", ""}, {"b2 415", "a1:415"}}, 0},
    {"6xx of one place does not keep the other from taking it",
     {{MESSAGE}, {"b1 603", ""}, {"b2 200", "a1:200"}},
     0},
    {"a message without answer", {{MESSAGE}, {"b1 100", ""}, {"+31999", ""}, {"+1", "a1:408"}}, 0},
    {"a message while the callee leaves", {{MESSAGE}, {"lost b2", ""}, {"lost b1", "a1:480"}}, 0},
    {"a message while the caller leaves", {{MESSAGE}, {"lost a1", ""}, {"b1 200", ""}}, 0},
    {"a message twice", {{MESSAGE}, {"a1 MESSAGE bob", ""}}, 1},
    {"typing, to one endpoint",
     {{"a1 INFO bob gruu=b1 tag=7", "b1:INFO"}, {"b1 200", "a1:200"}},
     0},
    {"any other method", {{"a1 X-ODD bob gruu=b1", "b1:X-ODD"}, {"b1 501", "a1:501"}}, 0},
    {"the end of a transfer is told",
     {{"a1 NOTIFY bob gruu=b1 tag=1 more=Event:_refer;id=2", "b1:NOTIFY"}, {"b1 200", "a1:200"}},
     0},
    {"a new place gets what comes after it",
     {{"here b3", ""},
      {"a1 MESSAGE bob", "b1:MESSAGE b2:MESSAGE b3:MESSAGE"},
      {"b3 200", "a1:200"}},
     0},
    {"an ACK finds its endpoint without GRUU", {{"a1 ACK bob tag=7 epid=b2b2", "b2:ACK"}}, 0},
    {"an ACK to nobody is no reason to answer",
     {{"lost b1", ""},
      {"a1 ACK bob gruu=b1", ""},
      {"a1 ACK bob unknown", ""},
      {"a1 ACK bob hops=0", ""}},
     0},
    /* ---- to oneself ---- */
    {"to oneself: the other place", {{"a1 MESSAGE alice", "a2:MESSAGE"}, {"a2 200", "a1:200"}}, 0},
    {"to oneself: the only place",
     {{"lost a2", ""}, {"a1 MESSAGE alice", "a1:MESSAGE"}, {"a1 200", "a1:200"}},
     0},
    {"to oneself, and then gone",
     {{"lost a2", ""}, {"a1 INVITE alice", "a1:100 a1:INVITE"}, {"lost a1", "a1:CANCEL"}},
     0},
    /* ---- refusals ---- */
    {"nobody signed in", {{"lost b1", ""}, {"lost b2", ""}, {"a1 INVITE bob", "a1:480"}}, 0},
    {"not signed in there", {{"lost b1", ""}, {"a1 MESSAGE bob gruu=b1", "a1:480"}}, 0},
    {"no such user", {{"a1 MESSAGE carol unknown", "a1:404"}}, 0},
    {"blocked", {{"a1 MESSAGE bob blocked", "a1:480"}, {"a1 INVITE bob blocked", "a1:480"}}, 0},
    {"blocked, but a session may end",
     {{"a1 BYE bob gruu=b1 tag=1 blocked", "b1:BYE"}, {"b1 200", "a1:200"}},
     0},
    {"as somebody else", {{"e1 MESSAGE bob from=alice@contoso.test", "e1:403"}}, 0},
    {"From in another case",
     {{"a1 MESSAGE bob from=ALICE@Contoso.test", "b1:MESSAGE b2:MESSAGE"}},
     1},
    {"hops used up", {{"a1 MESSAGE bob hops=0", "a1:483"}}, 0},
    {"the last hop", {{"a1 MESSAGE bob hops=1", "b1:MESSAGE b2:MESSAGE"}}, 1},
    {"unknown in Proxy-Require",
     {{"a1 INVITE bob more=Proxy-Require:_ms-benotify,_odd", "a1:420"}},
     0},
    {"known in Proxy-Require",
     {{"a1 INVITE bob gruu=b1 more=Proxy-Require:_ms-benotify", "a1:100 b1:INVITE"}},
     1},
    {"a forged notification",
     {{"e1 NOTIFY bob more=Event:_registration-notify", "e1:489"},
      {"e1 NOTIFY bob more=Event:_presence", "e1:489"},
      {"e1 NOTIFY bob", "e1:489"}},
     0},
    {"not ours to pass on",
     {{"e1 BENOTIFY bob", "e1:405"}, {"e1 SUBSCRIBE bob", "e1:405"}, {"e1 REGISTER eve", "e1:405"}},
     0},
    {"too many of one caller",
     {{"a1 MESSAGE bob call=1", "b1:MESSAGE b2:MESSAGE"},
      {"a1 MESSAGE bob call=2", "b1:MESSAGE b2:MESSAGE"},
      {"a2 MESSAGE bob call=3", "b1:MESSAGE b2:MESSAGE"},
      {"a2 MESSAGE bob call=4", "a2:503"},
      {"b1 200", "a2:200"},
      {"a2 MESSAGE bob call=4", "b1:MESSAGE b2:MESSAGE"}},
     3},
    {"too many in all",
     {{"a1 MESSAGE bob call=1", "b1:MESSAGE b2:MESSAGE"},
      {"a1 MESSAGE bob call=2", "b1:MESSAGE b2:MESSAGE"},
      {"e1 MESSAGE bob call=3", "b1:MESSAGE b2:MESSAGE"},
      {"e1 MESSAGE bob call=4", "b1:MESSAGE b2:MESSAGE"},
      {"e1 MESSAGE bob call=5", "e1:503"}},
     4},
    /* ---- hostile answers ---- */
    {"an answer for somebody else",
     {{"a1 INVITE bob gruu=b1", "a1:100 b1:INVITE"},
      {"b2 200 as=b1", ""},
      {"e1 200 as=b1", ""},
      {"a1 200 as=b1", ""},
      {"b1 200", "a1:200"}},
     1},
    {"an answer to nothing",
     {{FORK},
      {"b1 200 branch=z9hG4bKim3.0123456789abcdef0123456789abcdef", ""},
      {"b1 200 branch=z9hG4bKim3.", ""},
      {"b1 200 branch=", ""}},
     1},
    {"an answer to another call or person, or to us",
     {{FORK},
      {"b1 200 call=other", ""},
      {"b1 200 to=eve@contoso.test", ""},
      {"b1 200 alone", ""},
      {"b1 200 to=BOB@contoso.test", "a1:200 b2:CANCEL"}},
     1},
    {"a 200 to CANCEL is not a 200 to INVITE",
     {{FORK},
      {"a1 CANCEL bob", "a1:200 b1:CANCEL b2:CANCEL"},
      {"b1 200 cancel", ""},
      {"b2 481 cancel", ""},
      {"+2000", "a1:487"}},
     1},
    {"within a dialog another tag is no answer",
     {{"a1 MESSAGE bob gruu=b1 tag=b1", "b1:MESSAGE"}, {"b1 200 to=bob@contoso.test;tag=x", ""}},
     1},
};

static void run_row(const struct flow_row *row)
{
    struct world world;
    world_init(&world, &(struct im_options){.calls_max = 4, .caller_calls_max = 3});
    for (size_t i = 0; i < STEPS_MAX && row->steps[i].line; i++) {
        const char *out = world_do(&world, row->steps[i].line);
        if (strcmp(out, row->steps[i].out) != 0)
            fail_msg("%s, step %zu, \"%s\": \"%s\" instead of \"%s\"", row->name, i + 1,
                     row->steps[i].line, out, row->steps[i].out);
    }
    if (im_count(world.im) != row->left)
        fail_msg("%s: %zu transactions are left", row->name, im_count(world.im));
    world_do(&world, "+700000");
    world_do(&world, "+32000");
    if (im_count(world.im) != 0)
        fail_msg("%s: %zu transactions stay for ever", row->name, im_count(world.im));
    world_fini(&world);
}

static void test_flows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run_row(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
