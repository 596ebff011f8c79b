// What a loader does on the server in one step (Lua; schemas/redis-keys.md gives the protocols they
// are part of).
#pragma once

// KEYS: lock. ARGV: token, milliseconds. 1, or 0 when the lock is another's.
extern const char script_renew[];
// KEYS: lock. ARGV: token. 1, or 0 when the lock is another's.
extern const char script_release[];
// KEYS: lock, next, journal, the epoch of tag 0. ARGV: token, next, the data's watermark or '' where it
// does not matter. Says what is being written, and empties the journal. WNLOCK, WNOLDER.
extern const char script_begin[];
// KEYS: next, journal. ARGV: next. Takes that back.
extern const char script_end[];
// KEYS: lock, next, journal, the deltas' lock, the epoch of every tag there is or was. ARGV: token,
// generation, the epoch's text up to the count, the count without the journal's, watermark, the
// epoch's text from valid_for_ms on without heartbeats, how many tags there are, 1 where a later
// watermark in force is taken over. Puts the generation in force and removes the epochs of the other
// tags; 0 where the journal is not empty. Where the epoch in force has heartbeats and somebody holds
// the deltas' lock, the new one wants them too and has none yet. WNLOCK, or WNEPOCH where a generation
// in force is not older (but for this very epoch, which it may be told of again).
extern const char script_flip[];
// The same for one tag of a cluster, where the lock is on another node. KEYS: epoch. ARGV:
// generation, epoch text.
extern const char script_flip_tag[];
// KEYS: lock, next, the full load's lock, every tag's epoch. ARGV: token, text expected, new text, the
// load that was written to ('' = none). 1, or 0 where an epoch's text is another, or 2 where another
// load is at work; never creates one. WNLOCK.
extern const char script_advance[];
// The same for one tag of a cluster, after the first one's epoch has moved. KEYS: epoch. ARGV:
// generation, source watermark, new text. Answers WNEPOCH where another generation is in force, and
// leaves a later watermark alone.
extern const char script_advance_tag[];
// KEYS: epoch, bucket, on one server also the lock. ARGV: generation, with a lock its token, then
// records in ascending order of suffix, a bare suffix to remove one. How many records more there are
// now, or WNEPOCH, or WNBUCKET, or WNLOCK.
extern const char script_change[];
// A delta beside a full load. KEYS: next, the load's lock, journal, a bucket that is being written, the
// deltas' lock. ARGV: next, the load's token, the deltas' token, then pseudonyms, each with its record,
// in ascending order of suffix. Changes the bucket, or the journal where there is no bucket yet; 0
// where that load is not at work any more. WNLOCK, WNBUCKET.
extern const char script_beside[];
// KEYS: lock, journal, bucket. ARGV: token, pseudonym. Moves a record into its bucket. WNLOCK, WNBUCKET.
extern const char script_drain[];
