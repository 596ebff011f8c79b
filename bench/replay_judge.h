// The judge half of a replay: a file of messages in, verdicts to the emitter, frames to whoever
// takes them.
#pragma once

#include "bench/replay.h"
#include "aside_line.h"
#include "judge_line.h"

struct replay_judge;

// Opens keys, relationships and messages as the options say, and says on stderr what is left out.
// All arguments are borrowed; of the config, the Redis address is replaced by that of the options.
MUST_CHECK enum err replay_judge_create(struct replay_judge **ret_judge,
        const struct replay_options *options, struct config *config, struct emitter *emitter,
        struct frame_taker frames, struct strbuf *why);
void replay_judge_destroy(struct replay_judge *judge);
// Judges the whole file.
MUST_CHECK enum err replay_judge_run(struct replay_judge *judge);
const struct judge_counts *replay_judge_counts(const struct replay_judge *judge);

// What is told beside the events of a replay.
enum replay_beside { REPLAY_COMPLAINTS, REPLAY_CONTROLS, REPLAY_BESIDE_COUNT };
// NULL when none were asked for.
const struct aside_counts *replay_judge_beside(
        const struct replay_judge *judge, enum replay_beside beside);
