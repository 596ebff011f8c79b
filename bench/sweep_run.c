#include <stdio.h>
#include <stdlib.h>

#include "bench/replay_judge.h"
#include "bench/score_read.h"
#include "bench/sweep.h"
#include "commands/load_config.h"
#include "detect_line.h"
#include "state/frame_codec.h"

enum { PATH_BYTES = 4096, PART_BYTES = 1024 * 1024, SCRATCH_BYTES = 64 * 1024 * 1024 };
// Frames and records of one run in memory.
static const size_t STORE_BYTES = (size_t)16 * 1024 * 1024 * 1024;

// One configuration, judged.
struct judged {
    const struct sweep_options *options;
    struct config *config;
    struct score_data data;
    struct strbuf why;
    struct arena *store; // of encoded frames
    struct view *frames;
    uint32_t frame_count;
    uint32_t frame_room;
    struct arena *scratch;
    struct strbuf bytes;                  // a frame on its way in or out
    struct strbuf texts[OUT_TOPIC_COUNT]; // records that nobody has read yet
};

// --- records ----------------------------------------------------------------------------------

static enum err read_verdicts(struct judged *judged)
{
    struct strbuf *text = &judged->texts[OUT_VERDICTS];
    const struct score_source source = {"verdicts", strbuf_view(text)};
    enum err e = text->failed;
    if (e == ERR_NONE) {
        e = score_read_verdicts(&judged->data, &source, &judged->why);
    }
    strbuf_reset(text);
    return e;
}

static enum err send_record(void *self, const struct record *record)
{
    struct judged *judged = self;
    struct strbuf *text = &judged->texts[record->topic];
    if (record->topic != OUT_VERDICTS && record->topic != OUT_ALERTS &&
            record->topic != OUT_COMMANDS) {
        return ERR_NONE;
    }
    strbuf_add_view(text, record->value);
    strbuf_add_byte(text, '\n');
    if (record->topic == OUT_VERDICTS && text->n >= PART_BYTES) {
        return read_verdicts(judged);
    }
    return text->failed;
}

static const struct sink_ops sink_ops = {send_record};

static enum err open_emitter(
        struct emitter *emitter, struct judged *judged, enum verdict_output verdicts)
{
    const struct emitter_options options = {
            .verdicts = verdicts,
            .writes_monitor = true,
            .group = VIEW("replay"),
            .instance = VIEW("replay"),
    };
    const struct sink sink = {&sink_ops, judged};
    return emitter_init(emitter, sink, &options);
}

// --- judging ----------------------------------------------------------------------------------

static enum err keep_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    (void)tally_partition; // there is one
    struct judged *judged = self;
    strbuf_reset(&judged->bytes);
    arena_reset(judged->scratch);
    enum err e = frame_encode(&judged->bytes, frame, judged->scratch);
    if (e != ERR_NONE) {
        return e;
    }
    struct view *frames =
            score_grown(judged->frames, judged->frame_count, &judged->frame_room, sizeof *frames);
    if (frames == NULL) {
        return ERR_NO_MEMORY;
    }
    judged->frames = frames;
    frames[judged->frame_count] = arena_copy(judged->store, strbuf_view(&judged->bytes));
    return view_is_none(frames[judged->frame_count++]) ? ERR_NO_MEMORY : ERR_NONE;
}

static enum err read_truth(struct judged *judged)
{
    const struct sweep_options *options = judged->options;
    if (options->labels == NULL) {
        return ERR_NONE;
    }
    char path[PATH_BYTES];
    score_scenario_path(path, sizeof path, options->labels, options->scenario);
    enum err e = score_read_scenario(&judged->data, path, &judged->why);
    const struct score_source labels = {options->labels, VIEW_NONE};
    return e == ERR_NONE ? score_read_labels(&judged->data, &labels, &judged->why) : e;
}

static enum err judge_messages(struct judged *judged)
{
    struct emitter emitter;
    enum err e = open_emitter(&emitter, judged, VERDICTS_ALL);
    if (e != ERR_NONE) {
        return e;
    }
    struct replay_judge *replay = NULL;
    const struct frame_taker frames = {keep_frame, judged};
    e = replay_judge_create(
            &replay, &judged->options->replay, judged->config, &emitter, frames, &judged->why);
    if (e == ERR_NONE) {
        e = replay_judge_run(replay);
    }
    if (e == ERR_NONE) {
        e = read_verdicts(judged);
    }
    replay_judge_destroy(replay);
    emitter_fini(&emitter);
    if (e == ERR_NONE && judged->options->labels != NULL) {
        e = score_check_messages(&judged->data, judged->options->replay.events, &judged->why);
    }
    return e;
}

static enum err judged_init(
        struct judged *judged, const struct sweep_options *options, const char *config_path)
{
    *judged = (struct judged){.options = options};
    strbuf_init(&judged->why, 2 * PATH_BYTES);
    strbuf_init(&judged->bytes, FRAME_MAX_BYTES);
    for (unsigned i = 0; i < OUT_TOPIC_COUNT; i++) {
        strbuf_init(&judged->texts[i], STORE_BYTES);
    }
    judged->store = arena_create(STORE_BYTES);
    judged->scratch = arena_create(SCRATCH_BYTES);
    enum err e = score_data_init(&judged->data);
    if (e == ERR_NONE && (judged->store == NULL || judged->scratch == NULL)) {
        e = ERR_NO_MEMORY;
    }
    if (e == ERR_NONE) {
        e = command_load_config(&judged->config, config_path);
    }
    if (e == ERR_NONE) {
        e = read_truth(judged);
    }
    judged->data.frame_messages = options->replay.frame_messages;
    return e == ERR_NONE ? judge_messages(judged) : e;
}

static void judged_fini(struct judged *judged)
{
    score_data_fini(&judged->data);
    for (unsigned i = 0; i < OUT_TOPIC_COUNT; i++) {
        strbuf_fini(&judged->texts[i]);
    }
    strbuf_fini(&judged->bytes);
    strbuf_fini(&judged->why);
    arena_destroy(judged->store);
    arena_destroy(judged->scratch);
    free(judged->frames);
    config_destroy(judged->config);
}

// --- detecting --------------------------------------------------------------------------------

static enum err detect_frames(struct judged *judged)
{
    struct emitter emitter;
    enum err e = open_emitter(&emitter, judged, VERDICTS_NONE);
    if (e != ERR_NONE) {
        return e;
    }
    struct detect_line *line = NULL;
    e = detect_line_create(&line, judged->config, &emitter);
    for (uint32_t i = 0; i < judged->frame_count && e == ERR_NONE; i++) {
        arena_reset(judged->scratch);
        struct frame frame;
        const char *why;
        bool gap;
        e = frame_decode(judged->frames[i], judged->scratch, &frame, &why);
        if (e == ERR_NONE) {
            e = detect_line_frame(line, &frame, 0, i, false, NULL, &gap);
        }
    }
    detect_line_destroy(line);
    emitter_fini(&emitter);
    return e;
}

static enum err read_records(struct judged *judged)
{
    const struct score_source alerts = {"alerts", strbuf_view(&judged->texts[OUT_ALERTS])};
    const struct score_source commands = {"commands", strbuf_view(&judged->texts[OUT_COMMANDS])};
    score_forget_records(&judged->data);
    enum err e = score_read_alerts(&judged->data, &alerts, &judged->why);
    if (e == ERR_NONE) {
        e = score_read_commands(&judged->data, &commands, &judged->why);
    }
    return e == ERR_NONE ? score_list_rows(&judged->data) : e;
}

static enum err measure(struct judged *judged, struct sweep_row *row)
{
    struct score_match match;
    struct score_measured measured = {0};
    enum err e = score_match_make(&match, &judged->data);
    if (e == ERR_NONE) {
        e = score_measure(&measured, &judged->data, &match);
    }
    if (e == ERR_NONE) {
        e = score_sums_make(&row->sums, &judged->data, &match, &measured, VIEW_NONE);
    }
    if (e == ERR_NONE) {
        row->incidents = match.found_count;
        for (uint32_t i = 0; i < match.found_count; i++) {
            row->by_tier[match.founds[i].tier]++;
        }
        row->alerts = judged->data.alert_count;
        row->holds = match.hold_count;
        row->messages = judged->data.message_count;
        row->counts = measured.counts;
    }
    score_measured_fini(&measured);
    score_match_fini(&match);
    return e;
}

// The setting's values into the configuration, and its version back.
static enum err apply(struct sweep_setting *setting, struct policy *policy)
{
    policy->budget = setting->budget;
    policy->prior_rate_millionths = setting->prior_rate_millionths;
    policy->clump_guard = setting->clump_guard;
    policy->learning = setting->learning;
    policy->start_credit = setting->start_credit;
    enum err e = policy_seal(policy);
    memcpy(setting->policy_version, policy->version, sizeof setting->policy_version);
    return e;
}

static enum err run_setting(struct judged *judged, struct sweep_row *row)
{
    strbuf_reset(&judged->texts[OUT_ALERTS]);
    strbuf_reset(&judged->texts[OUT_COMMANDS]);
    enum err e = apply(&row->setting, &judged->config->policy);
    if (e == ERR_NONE) {
        e = detect_frames(judged);
    }
    if (e == ERR_NONE) {
        e = read_records(judged);
    }
    return e == ERR_NONE ? measure(judged, row) : e;
}

// --- settings ---------------------------------------------------------------------------------

// How many values a list stands for: without any it is the configuration's own.
static uint32_t at_least_one(uint32_t count)
{
    return count > 0 ? count : 1;
}

static uint32_t count_settings(const struct sweep_options *options)
{
    return at_least_one(options->budget_count) * at_least_one(options->prior_rate_count) *
           at_least_one(options->guard_count) * at_least_one(options->learning_count) *
           at_least_one(options->credit_count);
}

// The number-th setting of a configuration whose own values are `own`.
static struct sweep_setting setting_of(
        const struct sweep_options *options, const struct sweep_setting *own, uint32_t number)
{
    struct sweep_setting setting = *own;
    uint32_t rest = number;
    if (options->credit_count > 0) {
        setting.start_credit = options->credit[rest % options->credit_count];
    }
    rest /= at_least_one(options->credit_count);
    if (options->learning_count > 0) {
        setting.learning = options->learning[rest % options->learning_count];
    }
    rest /= at_least_one(options->learning_count);
    if (options->guard_count > 0) {
        setting.clump_guard = options->guards[rest % options->guard_count];
    }
    rest /= at_least_one(options->guard_count);
    if (options->prior_rate_count > 0) {
        setting.prior_rate_millionths = options->prior_rates[rest % options->prior_rate_count];
    }
    rest /= at_least_one(options->prior_rate_count);
    if (options->budget_count > 0) {
        setting.budget = options->budgets[rest];
    }
    return setting;
}

static enum err run_config(
        const struct sweep_options *options, uint32_t number, struct sweep_rows *rows)
{
    struct judged judged;
    enum err e = judged_init(&judged, options, options->configs[number]);
    if (e == ERR_NONE) {
        const struct policy *policy = &judged.config->policy;
        const struct sweep_setting own = {
                .config = number,
                .budget = policy->budget,
                .prior_rate_millionths = policy->prior_rate_millionths,
                .clump_guard = policy->clump_guard,
                .learning = policy->learning,
                .start_credit = policy->start_credit,
        };
        uint32_t settings = count_settings(options);
        for (uint32_t i = 0; i < settings && e == ERR_NONE; i++) {
            struct sweep_row *row = &rows->rows[i * options->config_count + number];
            row->setting = setting_of(options, &own, i);
            e = run_setting(&judged, row);
        }
    }
    if (e != ERR_NONE) {
        struct view why = judged.why.n > 0 ? strbuf_view(&judged.why) : view_of(err_text(e));
        fprintf(stderr, "wrongnumber-bench sweep: %.*s\n", VIEW_ARGS(why));
    }
    judged_fini(&judged);
    return e;
}

enum err sweep_run(const struct sweep_options *options, struct sweep_rows *ret_rows)
{
    uint32_t count = count_settings(options) * options->config_count;
    *ret_rows = (struct sweep_rows){.rows = calloc(count, sizeof *ret_rows->rows), .count = count};
    enum err e = ret_rows->rows != NULL ? ERR_NONE : ERR_NO_MEMORY;
    for (uint32_t i = 0; i < options->config_count && e == ERR_NONE; i++) {
        e = run_config(options, i, ret_rows);
    }
    return e;
}

void sweep_rows_fini(struct sweep_rows *rows)
{
    free(rows->rows);
    *rows = (struct sweep_rows){0};
}
