// Follows the control-state topic for a judge half: a thread that reads it from its beginning, without a
// group, and puts its records into a box of a bounded size, which the half empties between batches. What
// is wrong with the topic is told in the log, and tried again: nobody waits for it but at the start.
#pragma once

#include <stdatomic.h>

#include "common/err.h"
#include "model/raw.h"
#include "policy/config.h"

struct standing_feed;

// Begins to read. `config` and `stop` are borrowed.
MUST_CHECK enum err standing_feed_start(
        struct standing_feed **ret_feed, const struct config *config, const atomic_bool *stop);
// ERR_DEADLINE when its client did not let go in time: the process should end by _exit.
enum err standing_feed_stop(struct standing_feed *feed);

// Hands over what is in the box, in its order, key, value and headers; what is handed over lives until the
// call of `see` returns. Stops at an error, which is returned.
MUST_CHECK enum err standing_feed_take(struct standing_feed *feed,
        enum err (*see)(void *self, const struct raw_message *raw), void *self);
// Whether all has been read that was there at the start, or it is known that nothing can be read now.
bool standing_feed_is_settled(struct standing_feed *feed);
// Whether the topic is being followed: read to an end, and no trouble since. Any thread.
bool standing_feed_is_current(const struct standing_feed *feed);
// Waits so long at most for something to be in the box.
void standing_feed_wait(struct standing_feed *feed, int64_t timeout_ms);
