#include "policy/policy_priv.h"

#include "base/buf.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* An honest rule takes a few hundred steps; these limits keep the worst under a
 * millisecond or two. */
enum {
    MATCH_STEPS = 20000,
    MATCH_DEPTH = 2000,
    MATCH_HEAP_KIB = 256,
    GROUPS_MAX = 9,
    PCRE2_TEXT_MAX = 120
};

static inline void scoped_pcre2_free(pcre2_code **code)
{
    pcre2_code_free(*code);
}

static int invalid(struct fault *fault, const struct dialplan_rule *rule, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_DIALPLAN_RULE_INVALID, "rule %u: %s",
                     rule->priority, what);
}

static pcre2_code *compile(const struct dialplan_rule *rule, struct fault *fault)
{
    int error;
    PCRE2_SIZE at;
    char text[PCRE2_TEXT_MAX];
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)rule->pattern.at, rule->pattern.len,
                      PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
                          PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY,
                      &error, &at, NULL);
    if (code)
        return code;
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    fault_set(fault, ERR_MALFORMED, FINDING_DIALPLAN_RULE_INVALID, "rule %u: pattern, byte %zu: %s",
              rule->priority, (size_t)at, text);
    return NULL;
}

/* ---- what a rule must be ------------------------------------------------------------------ */

static bool printable(struct slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    return text.len <= max;
}

static bool is_reference(struct slice text, size_t i)
{
    return text.at[i] == '$' && i + 1 < text.len && text.at[i + 1] >= '1' && text.at[i + 1] <= '9';
}

static int check_groups(const struct dialplan_rule *rule, const pcre2_code *code,
                        struct fault *fault)
{
    uint32_t groups = 0;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups > GROUPS_MAX)
        return invalid(fault, rule, "the pattern has more than 9 groups");
    for (size_t i = 0; i < rule->translation.len; i++)
        if (is_reference(rule->translation, i) &&
            (uint32_t)(rule->translation.at[i + 1] - '0') > groups)
            return invalid(fault, rule, "the translation names a group that the pattern lacks");
    return 0;
}

int dialplan_rule_check(const struct dialplan_rule *rule, struct fault *fault)
{
    struct slice pattern = rule->pattern;
    if (rule->priority == 0)
        return invalid(fault, rule, "priority counts from 1");
    if (!printable(rule->name, DIALPLAN_NAME_MAX))
        return invalid(fault, rule, "the name has up to 64 printable ASCII characters");
    if (!printable(pattern, DIALPLAN_PATTERN_MAX))
        return invalid(fault, rule, "the pattern has up to 512 printable ASCII characters");
    if (slice_empty(rule->translation) || !printable(rule->translation, DIALPLAN_TRANSLATION_MAX))
        return invalid(fault, rule, "the translation has 1 to 256 printable ASCII characters");
    if (pattern.len < 2 || pattern.at[0] != '^' || pattern.at[pattern.len - 1] != '$' ||
        pattern.at[pattern.len - 2] == '\\')
        return invalid(fault, rule, "the pattern begins with ^ and ends with $");
    __attribute__((cleanup(scoped_pcre2_free))) pcre2_code *code = compile(rule, fault);
    return code ? check_groups(rule, code, fault) : -ERR_MALFORMED;
}

/* ---- normalizing --------------------------------------------------------------------------- */

struct matcher {
    pcre2_match_context *context;
    pcre2_match_data *data;
};

static inline void scoped_matcher_free(struct matcher *matcher)
{
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
}

static bool matcher_init(struct matcher *matcher)
{
    matcher->context = pcre2_match_context_create(NULL);
    matcher->data = pcre2_match_data_create(GROUPS_MAX + 1, NULL);
    if (!matcher->context || !matcher->data)
        return false;
    pcre2_set_match_limit(matcher->context, MATCH_STEPS);
    pcre2_set_depth_limit(matcher->context, MATCH_DEPTH);
    pcre2_set_heap_limit(matcher->context, MATCH_HEAP_KIB);
    return true;
}

static struct slice translate(const struct dialplan_rule *rule, struct slice number,
                              const struct matcher *matcher, uint32_t groups, struct arena *arena)
{
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(matcher->data);
    struct slice text = rule->translation;
    scoped(buf) struct buf out = BUF_INIT;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_reference(text, i)) {
            buf_add_byte(&out, text.at[i]);
            continue;
        }
        uint32_t group = (uint32_t)(text.at[++i] - '0');
        if (group < groups && place[2 * group] != PCRE2_UNSET)
            buf_add(&out, slice_make(number.at + place[2 * group],
                                     place[2 * group + 1] - place[2 * group]));
    }
    return arena_copy(arena, slice_of(buf_string(&out)));
}

/* Returns 1 for a match, 0 for none. */
static int try_rule(const struct dialplan_rule *rule, struct slice number,
                    const struct matcher *matcher, struct arena *arena, struct slice *out,
                    struct fault *fault)
{
    __attribute__((cleanup(scoped_pcre2_free))) pcre2_code *code = compile(rule, fault);
    if (!code)
        return -ERR_MALFORMED;
    int count =
        pcre2_match(code, (PCRE2_SPTR)number.at, number.len, 0, 0, matcher->data, matcher->context);
    if (count == PCRE2_ERROR_NOMATCH)
        return 0;
    if (count < 0)
        return fault_set(fault, ERR_LIMIT, FINDING_DIALPLAN_RULE_COSTLY,
                         "rule %u (%.*s) gave up on a number of %zu characters", rule->priority,
                         SLICE_ARG(slice_head(rule->name, 64)), number.len);
    *out = translate(rule, number, matcher, (uint32_t)count, arena);
    return 1;
}

/* What people write between digits, and no rule should have to know. */
static struct slice strip(struct slice number, struct arena *arena)
{
    char *kept = arena_alloc(arena, number.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < number.len; i++)
        if (!strchr(" .-/()[]", number.at[i]))
            kept[len++] = number.at[i];
    return slice_make(kept, len);
}

int dialplan_normalize(const struct dialplan *plan, struct slice number, struct arena *arena,
                       struct dialplan_result *result, struct fault *fault)
{
    *result = (struct dialplan_result){0};
    if (!printable(number, DIALPLAN_NUMBER_MAX))
        return fault_set(fault, ERR_MALFORMED, FINDING_DIALPLAN_NUMBER,
                         "not up to %d printable ASCII characters", DIALPLAN_NUMBER_MAX);
    result->number = strip(number, arena);
    if (slice_empty(result->number))
        return fault_set(fault, ERR_MALFORMED, FINDING_DIALPLAN_NUMBER, "nothing was dialled");
    __attribute__((cleanup(scoped_matcher_free))) struct matcher matcher = {0};
    if (!matcher_init(&matcher))
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "no memory for a match");
    struct slice dialled = result->number;
    for (size_t i = 0; i < plan->count; i++) {
        int matched = try_rule(&plan->rule[i], dialled, &matcher, arena, &result->number, fault);
        if (matched == 0)
            continue;
        result->rule = &plan->rule[i];
        result->index = i;
        return matched < 0 ? matched : 0;
    }
    return 0;
}

/* ---- plans --------------------------------------------------------------------------------- */

/* As Lync's plan without rules: "Keep All". */
static const struct dialplan_rule keep_all = {
    .priority = 1,
    .name = {"Keep All", 8},
    .pattern = {"^(\\d+)$", 7},
    .translation = {"$1", 2},
};

/* A name must do as a phone-context (RFC 3966 section 3), so other bytes than these are
 * written '_'; what is made of a scope is "Global", "Site.Redmond", "Tag.Mobile". */
static struct slice plan_name(const struct policy *policy, struct arena *arena)
{
    struct slice name = policy_text(policy, "SimpleName");
    if (slice_empty(name))
        name = policy->scope;
    if (!arena)
        return name;
    char *text = arena_string(arena, name);
    for (size_t i = 0; i < name.len; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '_';
        if (!plain)
            text[i] = c == ':' ? '.' : '_';
    }
    return slice_make(text, name.len);
}

void dialplan_finish(const struct policy *policy, struct arena *arena, struct dialplan *plan)
{
    plan->name = plan_name(policy, arena);
    plan->prefix = policy_text(policy, "ExternalAccessPrefix");
    plan->optimize = policy_bool(policy, "OptimizeDeviceDialing");
    if (plan->count == 0) {
        plan->rule = &keep_all;
        plan->count = 1;
    }
}

static int unknown(struct fault *fault, struct slice name)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_DIALPLAN_UNKNOWN, "no dial plan %.*s",
                     SLICE_ARG(slice_head(name, 80)));
}

static int load(struct store_reader *reader, const struct policy *policy, struct arena *arena,
                struct dialplan *out, struct fault *fault)
{
    *out = (struct dialplan){0};
    int result = dialplan_rules_read(store_reader_db(reader), policy_key(arena, policy->scope),
                                     arena, out, fault);
    if (result == 0)
        dialplan_finish(policy, arena, out);
    return result;
}

int dialplan_load(struct store_reader *reader, struct slice scope, struct arena *arena,
                  struct dialplan *out, struct fault *fault)
{
    struct policy policy;
    int result = policy_get(reader, POLICY_DIAL_PLAN, scope, arena, &policy, fault);
    if (result == -ERR_UNKNOWN)
        return unknown(fault, scope);
    return result < 0 ? result : load(reader, &policy, arena, out, fault);
}

int dialplan_find(struct store_reader *reader, struct slice name, struct arena *arena,
                  struct dialplan *out, struct fault *fault)
{
    struct policy *list;
    size_t count;
    int result = policy_list(reader, POLICY_DIAL_PLAN, arena, &list, &count, fault);
    for (size_t i = 0; i < count && result == 0; i++)
        if (slice_eq_nocase(plan_name(&list[i], arena), name))
            return load(reader, &list[i], arena, out, fault);
    return result < 0 ? result : unknown(fault, name);
}
