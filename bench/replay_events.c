#include <stdio.h>
#include <stdlib.h>

#include "bench/replay.h"
#include "bench/replay_judge.h"
#include "common/json_out.h"
#include "detect_line.h"

struct replay {
    struct replay_output output;
    struct replay_judge *judge;
    struct detect_line *detect;
    int64_t frame_number;
    uint32_t restart_frames;
};

// The tally topic of a replay: one partition, in memory.
static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    struct replay *replay = self;
    bool gap;
    enum err e = detect_line_frame(replay->detect, frame, (int32_t)tally_partition,
            replay->frame_number++, false, NULL, &gap);
    bool restarts =
            replay->restart_frames != 0 && replay->frame_number % replay->restart_frames == 0;
    return e == ERR_NONE && restarts ? replay_restart(&replay->output, &replay->detect) : e;
}

static enum err write_summary(const struct replay *replay, const struct replay_options *options,
        int64_t wall_ns, int64_t cpu_ns)
{
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    const struct judge_counts *judged = replay_judge_counts(replay->judge);
    struct detect_counts detected = detect_line_counts(replay->detect);
    struct json_out out;
    json_begin(&out, &text);
    json_object(&out, NULL);
    json_int(&out, "messages", (int64_t)judged->messages);
    json_object(&out, "verdicts");
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        json_int(&out, verdict_names[i], (int64_t)judged->verdicts[i]);
    }
    json_object_end(&out);
    json_object(&out, "reasons");
    for (unsigned i = 0; i < REASON_TOLD_COUNT; i++) {
        json_int(&out, reason_names[i], (int64_t)judged->reasons[i]);
    }
    json_object_end(&out);
    if (judged->attempts.counted + judged->attempts.full + judged->attempts.unknown > 0) {
        json_object(&out, "attempts");
        json_int(&out, "counted", (int64_t)judged->attempts.counted);
        json_int(&out, "full", (int64_t)judged->attempts.full);
        json_int(&out, "unknown", (int64_t)judged->attempts.unknown);
        json_object_end(&out);
    }
    json_int(&out, "dead_letters", (int64_t)judged->dead_letters);
    json_int(&out, "overflowed", (int64_t)judged->overflowed);
    const struct aside_counts *complaints = replay_judge_beside(replay->judge, REPLAY_COMPLAINTS);
    if (complaints != NULL) {
        json_int(&out, "complaints", (int64_t)complaints->taken);
        json_int(&out, "complaint_dead_letters", (int64_t)complaints->dead_letters);
    }
    const struct aside_counts *controls = replay_judge_beside(replay->judge, REPLAY_CONTROLS);
    if (controls != NULL) {
        json_int(&out, "controls", (int64_t)controls->taken);
        json_int(&out, "control_dead_letters", (int64_t)controls->dead_letters);
    }
    json_int(&out, "incidents", (int64_t)detected.incidents);
    json_int(&out, "alerts", (int64_t)detected.alerts);
    json_int(&out, "scope_commands", (int64_t)detected.commands);
    json_int(&out, "frames", (int64_t)detected.frames);
    json_int(&out, "frame_messages", options->frame_messages);
    json_text(&out, "verdict_lines", verdict_output_words[options->verdicts]);
    json_millionths(&out, "wall_seconds", wall_ns / 1000);
    json_millionths(&out, "cpu_seconds", cpu_ns / 1000);
    int64_t per_second =
            wall_ns > 0 ? (int64_t)((double)judged->messages * 1e9 / (double)wall_ns) : 0;
    json_int(&out, "messages_per_second", per_second);
    json_text(&out, "policy_version", replay->output.config->policy.version);
    json_object_end(&out);
    strbuf_add_byte(&text, '\n');

    enum err e = text.failed != ERR_NONE ? text.failed
                                         : replay_write_summary(options, strbuf_view(&text));
    strbuf_fini(&text);
    return e;
}

static enum err replay_run(struct replay *replay, const struct replay_options *options)
{
    struct replay_output *output = &replay->output;
    enum err e = detect_line_create(&replay->detect, output->config, &output->emitter);
    if (e == ERR_NONE) {
        const struct frame_taker frames = {take_frame, replay};
        e = replay_judge_create(
                &replay->judge, options, output->config, &output->emitter, frames, &output->why);
    }
    if (e != ERR_NONE) {
        return e;
    }
    struct mono_time wall_start = clock_mono();
    int64_t cpu_start_ns = clock_cpu_ns();
    e = replay_judge_run(replay->judge);
    if (e == ERR_NONE) {
        e = write_summary(
                replay, options, clock_mono().ns - wall_start.ns, clock_cpu_ns() - cpu_start_ns);
    }
    return e;
}

int replay_events(const struct replay_options *options)
{
    struct replay replay = {.restart_frames = options->restart_frames};
    enum err e = replay_output_open(&replay.output, options);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    e = replay_run(&replay, options);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: %s%s%.*s\n", err_text(e),
                replay.output.why.n > 0 ? ": " : "", VIEW_ARGS(strbuf_view(&replay.output.why)));
    }
    replay_judge_destroy(replay.judge);
    detect_line_destroy(replay.detect);
    if (!replay_output_close(&replay.output) && e == ERR_NONE) {
        e = ERR_IO;
    }
    return err_exit_status(e);
}
