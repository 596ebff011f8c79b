// What a loader does on the server in one step (Lua; schemas/redis-keys.md gives the protocols they
// are part of).
#pragma once

// KEYS: lock. ARGV: token, milliseconds. 1, or 0 when the lock is another's.
extern const char script_renew[];
// KEYS: lock. ARGV: token. 1, or 0 when the lock is another's.
extern const char script_release[];
// KEYS: lock, the epoch of every tag there is or was. ARGV: token, generation, epoch text, how many
// tags there are. Puts the generation in force and removes the epochs of the other tags, or answers
// WNLOCK, or WNEPOCH where a generation in force is not older (but for this very
// epoch, which it may be told of again).
extern const char script_flip[];
// The same for one tag of a cluster, where the lock is on another node. KEYS: epoch. ARGV:
// generation, epoch text.
extern const char script_flip_tag[];
// KEYS: lock, every tag's epoch. ARGV: token, text expected, new text. 1, or 0 where an epoch's
// text is another; never creates one. WNLOCK.
extern const char script_advance[];
// The same for one tag of a cluster, after the first one's epoch has moved. KEYS: epoch. ARGV:
// generation, source watermark, new text. Answers WNEPOCH where another generation is in force, and
// leaves a later watermark alone.
extern const char script_advance_tag[];
// KEYS: epoch, bucket, on one server also the lock. ARGV: generation, with a lock its token, then
// records in ascending order of suffix, a bare suffix to remove one. How many records more there are
// now, or WNEPOCH, or WNBUCKET, or WNLOCK.
extern const char script_change[];
