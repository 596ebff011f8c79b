// What reads complaints: a thread beside the judge half that reads their topic as a member of its
// own consumer group (<group>.complaints) and drives the complaint line. It resumes at what is
// committed; nothing is read again (complaint/complaint_frames.h, C1).
#pragma once

#include "run/half.h"

// As judge_half_run.
MUST_CHECK enum err complaint_half_run(const struct half_options *options);
