// What reads a topic of things that are said beside the messages: a thread beside the judge half that
// reads it as a member of its own consumer group and drives an aside line. It resumes at what is
// committed; nothing is read again (aside/aside_frames.h, C1).
#pragma once

#include "aside_line.h"
#include "run/half.h"

struct aside_topic {
    struct half_role role; // of aside_half_role
    const char *client_id;
    const char *group_suffix;
    const char *(*name)(const struct config *config);
    enum err (*create_line)(struct aside_line **ret_line, const struct aside_line_options *options);
};

struct half_role aside_half_role(const char *name, const char *lost_what);
// As judge_half_run.
MUST_CHECK enum err aside_half_run(
        const struct aside_topic *topic, const struct half_options *options);
