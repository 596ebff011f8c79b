// The detect half at work: a thread that reads the tally topic as a member of its own consumer
// group (<group>.detect) and drives one detect line a tally partition. Its state is a function of
// the log: an assignment folds the partition from its beginning, in silence up to the committed
// offset, and goes on telling from there.
#pragma once

#include "run/half.h"

// As judge_half_run.
MUST_CHECK enum err detect_half_run(const struct half_options *options);
