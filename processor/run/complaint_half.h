// What reads complaints, in the consumer group <group>.complaints (run/aside_half.h).
#pragma once

#include "run/half.h"

// As judge_half_run.
MUST_CHECK enum err complaint_half_run(const struct half_options *options);
