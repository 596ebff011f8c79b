// The two kinds of replay: messages through both halves, and recorded tally frames through the
// second.
#pragma once

#include "detect_line.h"
#include "emit/emitter.h"
#include "emit/file_sink.h"
#include "identity/keyring.h"
#include "policy/config.h"

struct replay_options {
    const char *verb;          // for complaints
    const char *events;        // "-" = standard input
    const char *complaints;    // NULL = none
    const char *controls;      // NULL = none
    const char *relationships; // one of these two
    const char *redis;
    const char *tallies;
    const char *config_path; // NULL = the defaults
    const char *out;
    enum verdict_output verdicts;
    uint32_t frame_messages;
    uint32_t batch_messages; // 0 = the configuration's
    uint32_t restart_frames; // 0 = never
};

// Both return the exit status and say on stderr what is wrong.
int replay_events(const struct replay_options *options);
int replay_tallies(const struct replay_options *options);

// What both need: a configuration, and files to write to.
struct replay_output {
    struct config *config;
    struct file_sink *sink;
    struct emitter emitter;
    struct strbuf why;
};

MUST_CHECK enum err replay_output_open(
        struct replay_output *output, const struct replay_options *options);
// Writes summary.json.
MUST_CHECK enum err replay_write_summary(const struct replay_options *options, struct view text);
// Saves the line, throws it away and restores it into a new one.
MUST_CHECK enum err replay_restart(struct replay_output *output, struct detect_line **line);
// Closes the files; false when any byte of them may be missing.
bool replay_output_close(struct replay_output *output);
