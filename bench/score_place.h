// Where among the messages something happened: by frame, by time, by message id.
#pragma once

#include "bench/score_data.h"

// Numbers the frames of a replay whose summary says how many messages went into one: a frame after
// every so many lines if there was a message among them, and one at the end of every chunk.
void score_number_frames(struct score_data *data);
// First row whose log time is not below `ms`.
uint32_t score_row_of_time(const struct score_data *data, int64_t ms);
// The messages of the frame that caused a command, first and last row: by its number, when the run
// numbers them and the time agrees; else by the time alone, of messages of one time the last
// misdirected one in the scope. False when the command is older than all messages.
bool score_place(const struct score_data *data, const struct score_command *command,
        uint32_t *ret_first, uint32_t *ret_last);
// Where the evidence of an alert begins; SCORE_NONE where it does not say.
uint32_t score_change_row(const struct score_data *data, const struct score_alert *alert);
