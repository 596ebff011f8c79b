#include <stdio.h>
#include <stdlib.h>

#include "bench/replay.h"
#include "bench/tally_log.h"
#include "common/json_out.h"
#include "detect_line.h"

enum { PARTITION_MAX = 4096, SUMMARY_MAX_BYTES = 16 * 1024 * 1024 };

struct tally_replay {
    struct replay_output output;
    struct tally_log *log;
    struct detect_line *lines[PARTITION_MAX];
    uint64_t refused;
    uint64_t frames;
    uint32_t restart_frames;
    struct strbuf summary; // JSON, up to its end
    struct json_out out;
};

// Each policy that a log names, where it comes into force.
static void note_policy(
        struct tally_replay *replay, const struct tally_log_row *row, struct detect_policy before)
{
    const struct detect_policy now = detect_line_policy(replay->lines[row->partition]);
    if (now.serial < row->frame.policy.serial) {
        fprintf(stderr, "line %llu: policy %.*s cannot be read by this version: left out\n",
                (unsigned long long)row->line, VIEW_ARGS(row->frame.policy.version));
    } else if (before.serial == 0 || !view_equal(before.version, now.version)) {
        json_object(&replay->out, NULL);
        json_int(&replay->out, "partition", row->partition);
        json_int(&replay->out, "offset", row->offset);
        json_string(&replay->out, "policy_version", now.version);
        json_object_end(&replay->out);
    }
}

static enum err replay_frame(struct tally_replay *replay, const struct tally_log_row *row)
{
    if (row->partition < 0 || row->partition >= PARTITION_MAX) {
        return ERR_DATA;
    }
    struct detect_line **line = &replay->lines[row->partition];
    if (*line == NULL) {
        enum err e = detect_line_create(line, replay->output.config, &replay->output.emitter);
        if (e != ERR_NONE) {
            return e;
        }
    }
    bool gap;
    const struct detect_policy before = detect_line_policy(*line);
    char version[POLICY_VERSION_HEX + 1];
    snprintf(version, sizeof version, "%.*s", VIEW_ARGS(before.version));
    enum err e =
            detect_line_frame(*line, &row->frame, row->partition, row->offset, false, NULL, &gap);
    if (e == ERR_NONE && row->frame.policy.serial != 0) {
        note_policy(replay, row,
                (struct detect_policy){.version = view_of(version), .serial = before.serial});
    }
    if (gap) {
        fprintf(stderr, "line %llu: offsets of source partition %d are missing\n",
                (unsigned long long)row->line, (int)row->frame.source_partition);
    }
    replay->frames++;
    bool restarts = replay->restart_frames != 0 && replay->frames % replay->restart_frames == 0;
    return e == ERR_NONE && restarts ? replay_restart(&replay->output, line) : e;
}

static enum err replay_log(struct tally_replay *replay)
{
    for (;;) {
        struct tally_log_row row;
        bool has_row;
        enum err e = tally_log_next(replay->log, &row, &has_row);
        if (e != ERR_NONE || !has_row) {
            return e;
        }
        if (row.wrong != NULL) {
            fprintf(stderr, "line %llu: left out: %s\n", (unsigned long long)row.line, row.wrong);
            replay->refused++;
            continue;
        }
        e = replay_frame(replay, &row);
        if (e != ERR_NONE) {
            return e;
        }
    }
}

static void begin_summary(struct tally_replay *replay)
{
    strbuf_init(&replay->summary, SUMMARY_MAX_BYTES);
    json_begin(&replay->out, &replay->summary);
    json_object(&replay->out, NULL);
    json_text(&replay->out, "policy_version", replay->output.config->policy.version);
    json_array(&replay->out, "policies");
}

static enum err end_summary(struct tally_replay *replay, const struct replay_options *options)
{
    json_array_end(&replay->out);
    json_int(&replay->out, "frames", (int64_t)replay->frames);
    json_int(&replay->out, "refused", (int64_t)replay->refused);
    json_object_end(&replay->out);
    strbuf_add_byte(&replay->summary, '\n');
    enum err e = replay->summary.failed;
    return e != ERR_NONE ? e : replay_write_summary(options, strbuf_view(&replay->summary));
}

int replay_tallies(const struct replay_options *options)
{
    struct tally_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        fprintf(stderr, "wrongnumber-bench replay: %s\n", err_text(ERR_NO_MEMORY));
        return err_exit_status(ERR_NO_MEMORY);
    }
    replay->restart_frames = options->restart_frames;
    enum err e = replay_output_open(&replay->output, options);
    if (e != ERR_NONE) {
        free(replay);
        return err_exit_status(e);
    }
    begin_summary(replay);
    e = tally_log_open(&replay->log, options->tallies);
    if (e == ERR_NONE) {
        e = replay_log(replay);
    }
    if (e == ERR_NONE) {
        e = end_summary(replay, options);
    }
    strbuf_fini(&replay->summary);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: %s: %s\n", options->tallies, err_text(e));
    } else if (replay->refused > 0) {
        e = ERR_DATA;
    }
    tally_log_close(replay->log);
    for (size_t i = 0; i < PARTITION_MAX; i++) {
        detect_line_destroy(replay->lines[i]);
    }
    if (!replay_output_close(&replay->output) && e == ERR_NONE) {
        e = ERR_IO;
    }
    free(replay);
    return err_exit_status(e);
}
