// A full load and deltas at the same time, on one server (in a cluster they keep each other out).
//
// The load says in P:{00}:next what it is writing. A delta writes to the data in force, then to what
// is being written as well: into the bucket where that is there already, else into the journal
// P:{00}:journal, by recipient, the newest record only. Once all buckets are there the load moves the
// journal into them, and the flip sees in one script that it is empty.
//
//   1. What a delta wrote into a bucket is never overwritten by the load: it writes a bucket once,
//      before the delta finds it, and moves a record out of the journal only while it is the newest
//      (who changes the bucket takes the recipient out of the journal).
//   2. A delta is told as loaded only by a script that sees that no load is at work which it has not
//      written to, and that the generation is the one it wrote to. So a load that began or ended
//      meanwhile makes it write again, and who was told that a delta is in force need not load it
//      again.
//   3. A load whose data are older than a delta that is in force is refused where it begins. A delta
//      that is older than the load's data goes to the data in force alone: the load has it.
//   4. A load counts as at work while it holds its lock. What one that died left is nobody's.
#pragma once

#include "load/session.h"

// The loader: says what is being written. ERR_DATA: the data in force are from a later time.
MUST_CHECK enum err beside_begin(struct session *s, const struct generation *g);
// Moves the journal into the buckets, all of which are there.
MUST_CHECK enum err beside_drain(struct session *s, const struct generation *g);
// Takes back what beside_begin said.
void beside_end(struct session *s, const struct generation *g);

// The delta: writes the table to the load at work, if there is one. ERR_LOCKED: it packs with
// another key.
MUST_CHECK enum err beside_join(struct session *s);
