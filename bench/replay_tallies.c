#include <stdio.h>
#include <stdlib.h>

#include "bench/replay.h"
#include "bench/tally_log.h"
#include "detect_line.h"

enum { PARTITION_MAX = 4096 };

struct tally_replay {
    struct replay_output output;
    struct tally_log *log;
    struct detect_line *lines[PARTITION_MAX];
    uint64_t refused;
    uint64_t frames;
    uint32_t restart_frames;
};

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
    enum err e =
            detect_line_frame(*line, &row->frame, row->partition, row->offset, false, NULL, &gap);
    if (gap) {
        fprintf(stderr, "line %llu: offsets of source partition %d are missing\n",
                (unsigned long long)row->line, (int)row->frame.source_partition);
    }
    bool restarts = replay->restart_frames != 0 && ++replay->frames % replay->restart_frames == 0;
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
    e = tally_log_open(&replay->log, options->tallies);
    if (e == ERR_NONE) {
        e = replay_log(replay);
    }
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
