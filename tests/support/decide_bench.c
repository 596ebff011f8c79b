#include "decide_bench.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "common/hash.h"

// What is handed over lives until the call returns.
static void keep(struct view *text, char *ret_copy)
{
    if (text->n > 0 && text->n <= sizeof((struct taken *)NULL)->texts[0]) {
        memcpy(ret_copy, text->p, text->n);
        text->p = ret_copy;
    }
}

static enum err take_alert(void *self, const struct alert_action *alert)
{
    struct decide_bench *b = self;
    CU_ASSERT_TRUE_FATAL(b->taken_count < TAKEN_MAX);
    struct taken *taken = &b->taken[b->taken_count++];
    *taken = (struct taken){.alert = *alert};
    keep(&taken->alert.outcome.control_id, taken->texts[0]);
    keep(&taken->alert.outcome.operator_id, taken->texts[1]);
    keep(&taken->alert.drill.operator_id, taken->texts[3]);
    keep(&taken->alert.acknowledged_by, taken->texts[2]);
    return ERR_NONE;
}

static enum err take_command(void *self, const struct command_action *command)
{
    struct decide_bench *b = self;
    CU_ASSERT_TRUE_FATAL(b->taken_count < TAKEN_MAX);
    struct taken *taken = &b->taken[b->taken_count++];
    *taken = (struct taken){.command = *command, .is_command = true};
    keep(&taken->command.control_id, taken->texts[0]);
    keep(&taken->command.operator_id, taken->texts[1]);
    keep(&taken->command.reason, taken->texts[2]);
    return ERR_NONE;
}

static enum err take_control_state(void *self, const struct control_state_action *state)
{
    struct decide_bench *b = self;
    CU_ASSERT_TRUE_FATAL(b->state_count < STATES_MAX);
    char *text = b->states[b->state_count++];
    const struct control *control = state->control;
    bool is_pending = state->standing == CONTROL_PENDING;
    const char *kind = control->object == CONTROL_OF_MESSAGE ? "message"
                       : control->object == CONTROL_OF_RECIPIENT
                               ? "recipient"
                               : scope_kind_names[control->scope.kind];
    struct view id = is_pending                                ? control->control_id
                     : control->object == CONTROL_OF_RECIPIENT ? control->recipient
                                                               : control->scope.id;
    int n = snprintf(text, TOLD_STATE_BYTES, "%s%s %s %.*s", state->is_over ? "over " : "",
            control_standing_names[state->standing], is_pending ? "control" : kind, VIEW_ARGS(id));
    if (!state->is_over) {
        snprintf(text + n, TOLD_STATE_BYTES - (size_t)n, " %s%s%s +%llds",
                control_action_names[control->action], control->action == CONTROL_MODE ? " " : "",
                control->action == CONTROL_MODE ? mode_names[control->mode] : "",
                (long long)(state->expires_at_ms - b->log_time_ms) / 1000);
    }
    return ERR_NONE;
}

static void take_explained(
        void *self, int32_t parent, int32_t child, uint32_t share_num, uint32_t share_den)
{
    struct decide_bench *b = self;
    CU_ASSERT_TRUE_FATAL(b->explained_count < TAKEN_MAX);
    b->explained[b->explained_count++] = (struct explained){parent, child, share_num, share_den};
}

static void take_closed(void *self, int32_t scope)
{
    struct decide_bench *b = self;
    CU_ASSERT_TRUE_FATAL(b->closed_count < TAKEN_MAX);
    b->closed[b->closed_count++] = scope;
}

static void take_alarmed(void *self, int32_t scope)
{
    struct decide_bench *b = self;
    b->alarmed = scope;
}

static int64_t heard(void *self, int32_t scope)
{
    const struct decide_bench *b = self;
    (void)scope;
    return b->heard;
}

static int64_t ratio(void *self, int32_t scope, unsigned node)
{
    struct decide_bench *b = self;
    (void)node;
    return b->ratios_nat6[scopes_name(b->scopes, scope).kind];
}

// Its nodes say nothing of their own: what is known of a tenant is in the evidence.
static bool window(void *self, int32_t scope, unsigned node, struct window *ret_window)
{
    (void)self;
    (void)scope;
    (void)node;
    (void)ret_window;
    return false;
}

static void interval(void *self, int64_t misdirected, int64_t judged, int64_t ret_millionths[2])
{
    const struct decide_bench *b = self;
    (void)misdirected;
    (void)judged;
    ret_millionths[0] = b->lower_millionths;
    ret_millionths[1] = 1000000;
}

struct decision_taker decide_bench_taker(struct decide_bench *b)
{
    return (struct decision_taker){take_alert, take_command, take_control_state, take_explained,
            take_closed, take_alarmed, heard, ratio, window, interval, b};
}

void decide_bench_init(struct decide_bench *b, uint32_t max_incidents)
{
    decide_bench_init_capped(b, max_incidents, HOLD_CAP_MAX);
}

void decide_bench_init_capped(struct decide_bench *b, uint32_t max_incidents, uint32_t hold_cap)
{
    *b = (struct decide_bench){.alarmed = SCOPE_NONE,
            .lower_millionths = 400000,
            .tenant_id = VIEW("t"),
            .heard = 1000000,
            .log_time_ms = DECIDE_AT,
            .sequence = 100,
            .tally_partition = 1};
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        b->ratios_nat6[kind] = DECIDE_RATIO_NAT6;
    }
    policy_init(&b->policy);
    b->policy.hold_cap = hold_cap;
    b->policy.unconfirmed = UNCONFIRMED_EXPIRES; // nobody is there to acknowledge anything, ...
    b->policy.acknowledge_within_ms = INT64_C(1) << 40; // ... and nobody waits for it
    CU_ASSERT_EQUAL_FATAL(policy_seal(&b->policy), ERR_NONE);
    const struct decide_options options = {&b->policy, "test-1", max_incidents, DECIDE_MAX_AGE_MS};
    const struct recent_options recent_options = {.max_entries = 10000};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, 1000), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(recent_create(&b->recent, &recent_options), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(decide_create(&b->decide, &options, b->scopes, b->recent), ERR_NONE);
}

void decide_bench_fini(struct decide_bench *b)
{
    decide_destroy(b->decide);
    recent_destroy(b->recent);
    scopes_destroy(b->scopes);
}

int32_t decide_bench_scope(struct decide_bench *b, enum scope_kind kind, const char *id)
{
    int32_t scope = SCOPE_NONE;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(b->scopes, kind, b->tenant_id, view_of(id), VIEW_NONE, &scope), ERR_NONE);
    return scope;
}

enum tier decide_bench_tier(struct decide_bench *b, enum scope_kind kind, const char *id)
{
    return decide_tier(b->decide, decide_bench_scope(b, kind, id));
}

static void path_scopes(
        struct decide_bench *b, const struct path *path, int32_t ret_scopes[SCOPE_KIND_COUNT])
{
    const char *const ids[SCOPE_KIND_COUNT] = {path->campaign, path->template_, path->sender,
            path->vendor, tenant_is_drill(b->tenant_id) ? NULL : "t"};
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        ret_scopes[kind] = ids[kind] == NULL
                                   ? SCOPE_NONE
                                   : decide_bench_scope(b, (enum scope_kind)kind, ids[kind]);
    }
}

uint64_t decide_bench_tag(uint64_t serial)
{
    return hash_mix64(serial + 1);
}

void decide_bench_meet(struct decide_bench *b, const struct path *path, enum reason reason)
{
    int32_t scopes[SCOPE_KIND_COUNT];
    path_scopes(b, path, scopes);
    const struct recent_message message = {.tag = decide_bench_tag(b->serial),
            .serial = b->serial,
            .log_time_ms = b->log_time_ms,
            .reasons = REASON_BIT(reason),
            .signals = SIGNAL_BIT(SIGNAL_LOAN_NAMED),
            .vendor = scopes[SCOPE_VENDOR],
            .vendor_generation = scopes[SCOPE_VENDOR] == SCOPE_NONE
                                         ? 0
                                         : scopes_generation(b->scopes, scopes[SCOPE_VENDOR])};
    b->serial++;
    uint32_t entry;
    CU_ASSERT_EQUAL_FATAL(recent_enter(b->recent, &message, &entry), ERR_NONE);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (scopes[kind] != SCOPE_NONE) {
            CU_ASSERT_EQUAL_FATAL(
                    recent_link(b->recent, entry, scopes[kind], (enum scope_kind)kind), ERR_NONE);
        }
    }
}

void decide_bench_meet_all(struct decide_bench *b, const char *campaigns)
{
    for (; *campaigns != '\0'; campaigns++) {
        const char name[] = {*campaigns, '\0'};
        const struct path path = {.campaign = name, .vendor = "v"};
        decide_bench_meet(b, &path, REASON_NO_RECORD);
    }
}

struct evidence decide_bench_evidence(int64_t n)
{
    return (struct evidence){.judged = n,
            .misdirected = n,
            .baseline_millionths = 8000,
            .estimated_rate_millionths = 1000000,
            .interval_millionths = {400000, 1000000},
            .log_likelihood_ratio_nat6 = DECIDE_RATIO_NAT6,
            .threshold_nat6 = 20000000};
}

void decide_bench_delta(
        struct decide_bench *b, const struct path *path, uint32_t messages, bool held)
{
    int32_t scopes[SCOPE_KIND_COUNT];
    path_scopes(b, path, scopes);
    b->frame_leaf = (struct frame_leaf){.key = {.channel = b->channel}};
    b->frame = (struct frame){
            .source_topic = VIEW("in"), .to_offset = 6, .leaves = &b->frame_leaf, .leaf_count = 1};
    b->entry = (struct frame_entry){.offset = 5,
            .occurred_at_ms = b->log_time_ms - 7,
            .message_id = VIEW("m5"),
            .traceparent = VIEW("tp")};
    b->delta_entry = (struct delta_entry){.entry = &b->entry};
    b->leaf = (struct leaf_delta){.held = held, .judged = messages, .misdirected = messages};
    uint32_t rows = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        b->delta_entry.scopes[kind] = scopes[kind];
        b->leaf.uses[kind].row = scopes[kind] == SCOPE_NONE ? -1 : (int32_t)rows;
        if (scopes[kind] == SCOPE_NONE) {
            continue;
        }
        b->delta_entry.uses[kind] = held ? ENTRY_UNUSED : ENTRY_FRESH;
        b->rows[rows++] = (struct scope_delta){.scope = scopes[kind],
                .kind = (enum scope_kind)kind,
                .judged = held ? 0 : messages,
                .misdirected = held ? 0 : messages,
                .fresh = held ? 0 : 1,
                .first_entry = held ? -1 : 0,
                .last_entry = held ? -1 : 0,
                .last_occurred_at_ms = b->log_time_ms - 7};
    }
    b->delta = (struct delta){.frame = &b->frame,
            .sequence = b->sequence++,
            .tally_partition = b->tally_partition,
            .log_time_ms = b->log_time_ms,
            .applied = true,
            .leaves = &b->leaf,
            .leaf_count = 1,
            .scopes = b->rows,
            .scope_count = rows,
            .entries = &b->delta_entry,
            .entry_count = 1};
}

struct scope_delta *decide_bench_row(struct decide_bench *b, enum scope_kind kind)
{
    CU_ASSERT_TRUE_FATAL(b->leaf.uses[kind].row >= 0);
    return &b->rows[b->leaf.uses[kind].row];
}

void decide_bench_raise(struct decide_bench *b, const struct path *path, enum scope_kind kind,
        enum tier tier, const struct evidence *evidence)
{
    const struct decision_taker taker = decide_bench_taker(b);
    decide_bench_delta(b, path, 1, false);
    const struct scope_delta *row = decide_bench_row(b, kind);
    struct hearing hearing;
    decide_hear(b->decide, &b->delta, row, evidence, &taker, &hearing);
    enum err e = evidence->stream == NULL
                         ? decide_raise(b->decide, &hearing, tier)
                         : decide_raise_stream(b->decide, &b->delta, row, tier, evidence, &taker);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
}

void decide_bench_follow(
        struct decide_bench *b, const struct path *path, uint32_t messages, bool held, bool is_calm)
{
    const struct decision_taker taker = decide_bench_taker(b);
    decide_bench_delta(b, path, messages, held);
    if (is_calm) {
        b->leaf.misdirected = 0;
        b->delta.entry_count = 0;
    }
    CU_ASSERT_EQUAL_FATAL(decide_expire(b->decide, &b->delta, &taker), ERR_NONE);
    decide_count(b->decide, &b->delta);
    for (uint32_t i = 0; i < b->delta.scope_count; i++) {
        CU_ASSERT_EQUAL_FATAL(
                decide_follow(b->decide, &b->delta, &b->rows[i], is_calm, &taker), ERR_NONE);
    }
    CU_ASSERT_EQUAL_FATAL(decide_drill_follow(b->decide, &b->delta, &taker), ERR_NONE);
}

enum tier decide_bench_admit(struct decide_bench *b, const struct scope_delta *row, enum tier tier,
        bool is_cold, const struct evidence *evidence)
{
    const struct decision_taker taker = decide_bench_taker(b);
    struct hearing hearing;
    decide_hear(b->decide, &b->delta, row, evidence, &taker, &hearing);
    return decide_admit(b->decide, &hearing, tier, is_cold);
}
