// What the detect half goes by, as text that goes through the tally log (model/frame.h, frame_policy) and
// reads back as the same: a part of a configuration. Of policy.* without what only verdicts and single
// messages go by, and detector.budget; of lists the entries, of the file too, that are of no recipient. What
// else the detector is made of is no part of it: that changes with a restart only. Pure.
#pragma once

#include "policy/config.h"

// Appends the text; the same policy gives the same. ERR_NO_MEMORY; ERR_CEILING above
// FRAME_POLICY_MAX_BYTES, which is no policy that a configuration can have (config_checks.c).
MUST_CHECK enum err policy_text_add(struct strbuf *sb, const struct policy *policy);
// Reads one: `ret_config->policy` has what it says, `version`, and of `own` what is not in it, whose
// purposes, hours and the like it does not have. ERR_CONFIG, and what is wrong with it in `findings`.
// The config is the caller's.
MUST_CHECK enum err policy_text_read(struct config **ret_config, struct view text,
        struct view version, const struct policy *own, struct strbuf *findings);
