#include "control_bench.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_BYTES_MAX = 4 * 1024 * 1024, TOLD_BYTES_MAX = 4096 };

struct control control_of(const char *id, enum control_action action, const char *operator_id)
{
    return (struct control){.control_id = view_of(id),
            .action = action,
            .operator_id = view_of(operator_id),
            .reason = VIEW("because"),
            .issued_at_ms = DECIDE_AT,
            .at_once = true};
}

struct control control_hold_of(
        const char *id, enum scope_kind kind, const char *name, const char *operator_id)
{
    struct control control = control_of(id, CONTROL_HOLD, operator_id);
    control.object = CONTROL_OF_SCOPE;
    control.scope = (struct scope_name){kind, view_of(name), VIEW("t"), VIEW_NONE};
    return control;
}

struct control control_confirm_of(const char *id, const char *confirms, const char *operator_id)
{
    struct control control = control_of(id, CONTROL_CONFIRM, operator_id);
    control.object = CONTROL_OF_CONTROL;
    control.confirms = view_of(confirms);
    return control;
}

void control_bench_give(struct decide_bench *b, const struct control *controls, uint32_t count)
{
    struct frame_control rows[4];
    CU_ASSERT_TRUE_FATAL(count <= 4);
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = (struct frame_control){.offset = i, .control = controls[i]};
    }
    const struct frame frame = {
            .source_topic = VIEW("control"), .controls = rows, .control_count = count};
    const struct delta delta = {.frame = &frame,
            .sequence = b->sequence++,
            .tally_partition = b->tally_partition,
            .log_time_ms = b->log_time_ms,
            .applied = true,
            .controls = rows,
            .control_count = count};
    const struct decision_taker taker = decide_bench_taker(b);
    CU_ASSERT_EQUAL_FATAL(decide_control(b->decide, &delta, &taker), ERR_NONE);
}

void control_bench_hold_by_two(struct decide_bench *b, enum scope_kind kind, const char *name)
{
    const struct control hold = control_hold_of("two-people", kind, name, "one");
    const struct control confirm = control_confirm_of("two-people-2", "two-people", "another");
    control_bench_give(b, &hold, 1);
    control_bench_give(b, &confirm, 1);
    b->taken_count = 0;
}

static void add_outcome(struct strbuf *sb, const struct alert_action *alert)
{
    const struct control_outcome *outcome = &alert->outcome;
    strbuf_add_view(sb, outcome->control_id);
    strbuf_printf(sb, " %s %s", outcome_state_names[outcome->state], outcome->why);
    if (!view_is_none(outcome->confirmed_by)) {
        strbuf_add_byte(sb, ' ');
        strbuf_add_view(sb, outcome->confirmed_by);
    }
}

static bool is_outcome(const struct taken *taken)
{
    return !taken->is_command && taken->alert.kind == ALERT_CONTROL_OUTCOME;
}

static void expect(struct strbuf *sb, const char *expected)
{
    CU_ASSERT_EQUAL_FATAL(sb->failed, ERR_NONE);
    CU_ASSERT_TRUE(view_equal(strbuf_view(sb), view_of(expected)));
    if (!view_equal(strbuf_view(sb), view_of(expected))) {
        fprintf(stderr, "told:     %.*s\nexpected: %s\n", VIEW_ARGS(strbuf_view(sb)), expected);
    }
    strbuf_fini(sb);
}

void control_bench_told(const struct decide_bench *b, unsigned at, const char *expected)
{
    struct strbuf sb;
    strbuf_init(&sb, TOLD_BYTES_MAX);
    CU_ASSERT_TRUE_FATAL(at < b->taken_count && is_outcome(&b->taken[at]));
    add_outcome(&sb, &b->taken[at].alert);
    expect(&sb, expected);
}

void control_bench_outcomes_but(
        const struct decide_bench *b, const char *control_id, const char *expected)
{
    struct strbuf sb;
    strbuf_init(&sb, TOLD_BYTES_MAX);
    for (unsigned i = 0; i < b->taken_count; i++) {
        const struct taken *taken = &b->taken[i];
        if (is_outcome(taken) && !view_is(taken->alert.outcome.control_id, control_id)) {
            strbuf_add_text(&sb, strbuf_view(&sb).n > 0 ? ", " : "");
            add_outcome(&sb, &taken->alert);
        }
    }
    expect(&sb, expected);
}

void control_bench_outcomes(const struct decide_bench *b, const char *expected)
{
    control_bench_outcomes_but(b, "", expected);
}

void control_bench_states(const struct decide_bench *b, const char *expected)
{
    struct strbuf sb;
    strbuf_init(&sb, TOLD_BYTES_MAX);
    for (unsigned i = 0; i < b->state_count; i++) {
        strbuf_add_text(&sb, i > 0 ? ", " : "");
        strbuf_add_text(&sb, b->states[i]);
    }
    expect(&sb, expected);
}

// --- saved and restored -----------------------------------------------------------------------

static void archive_all(struct archive *archive, struct decide_bench *b)
{
    scopes_archive(archive, b->scopes);
    recent_archive(archive, b->recent, scopes_end(b->scopes));
    decide_archive(archive, b->decide);
    recent_archive_pins(archive, b->recent);
}

static void save(struct decide_bench *b, struct strbuf *state)
{
    struct archive writer = archive_writer(state);
    archive_all(&writer, b);
    CU_ASSERT_EQUAL_FATAL(archive_end(&writer), ERR_NONE);
}

void control_bench_restore(struct decide_bench *from, struct decide_bench *to)
{
    struct strbuf state;
    struct strbuf again;
    strbuf_init(&state, STATE_BYTES_MAX);
    strbuf_init(&again, STATE_BYTES_MAX);
    save(from, &state);
    struct archive reader = archive_reader(strbuf_view(&state));
    archive_all(&reader, to);
    CU_ASSERT_EQUAL_FATAL(archive_end(&reader), ERR_NONE);
    save(to, &again);
    CU_ASSERT_TRUE(view_equal(strbuf_view(&state), strbuf_view(&again)));
    to->log_time_ms = from->log_time_ms;
    to->sequence = from->sequence;
    to->serial = from->serial;
    strbuf_fini(&state);
    strbuf_fini(&again);
}

void control_bench_compare(const struct decide_bench *left, const struct decide_bench *right)
{
    CU_ASSERT_EQUAL_FATAL(left->taken_count, right->taken_count);
    for (unsigned i = 0; i < left->taken_count; i++) {
        const struct taken *a = &left->taken[i];
        const struct taken *b = &right->taken[i];
        CU_ASSERT_EQUAL_FATAL(a->is_command, b->is_command);
        bool same = a->is_command ? memcmp(&a->command.command_id, &b->command.command_id,
                                            sizeof a->command.command_id) == 0
                                  : memcmp(&a->alert.alert_id, &b->alert.alert_id,
                                            sizeof a->alert.alert_id) == 0;
        CU_ASSERT_TRUE(same);
        CU_ASSERT_EQUAL(a->command.expires_at_ms, b->command.expires_at_ms);
        CU_ASSERT_TRUE(view_equal(a->command.reason, b->command.reason));
    }
}
