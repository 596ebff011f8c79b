// The complaints of a replay: a file of them in, frames to whoever takes them, in the order of
// their times.
#pragma once

#include "complaint_line.h"

struct replay_complaints;

// Opens a file of complaints, one a line or in the envelope of `kcat -J`, sorted by time, and says
// on stderr when it cannot. All but the path are borrowed.
MUST_CHECK enum err replay_complaints_create(struct replay_complaints **ret_complaints,
        const char *path, const struct config *config, const struct keyring *ring,
        struct emitter *emitter, struct frame_taker frames);
void replay_complaints_destroy(struct replay_complaints *complaints);
// When the next one is told; INT64_MAX = there is none. One that cannot be read has no time: 0.
int64_t replay_complaints_next_ms(const struct replay_complaints *complaints);
// Tells it.
MUST_CHECK enum err replay_complaints_tell(struct replay_complaints *complaints);
const struct complaint_counts *replay_complaints_counts(const struct replay_complaints *complaints);
