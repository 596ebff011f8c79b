// The command record and what follows from it for the state of quarantine:
// schemas/quarantine-command.schema.json and quarantine-state.schema.json. Key
// of both: tenant/kind/id.
#pragma once

#include "emit/encoding.h"
#include "model/action.h"

// `source` is the ce_source; none = without CloudEvents headers.
MUST_CHECK enum err encode_command(struct encoding *enc, const struct command_action *action,
        struct view source, struct record *ret_record);
// For scope commands only. A hold is what is held from now on; a release is a
// tombstone, which tells its sequence in the header wn.sequence, so that a
// reader can still order it (files: see file_sink.h).
MUST_CHECK enum err encode_quarantine_state(struct encoding *enc,
        const struct command_action *action, struct view source, struct record *ret_record);
