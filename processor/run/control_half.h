// What reads the commands of operators, in the consumer group <group>.control (run/aside_half.h).
// Detection must go on whatever is wrong with this: while the topic is not there it is looked for, and
// a half that has ended by itself is begun again.
#pragma once

#include "run/half.h"

// As judge_half_run; ends by itself for want of memory only.
MUST_CHECK enum err control_half_run(const struct half_options *options);
