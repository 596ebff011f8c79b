// What was said of messages for want of a record and may have to be taken back: runs of offsets of
// one source partition. It travels as the text of the partition's commit, so that whoever reads the
// partition next says the same again before taking it back:
//
//   recheck=OLDEST said=NEWEST.RUNS crc=HEX
//
// OLDEST is the oldest offset that may still be taken back; to there a resumption returns. RUNS are
// pairs of numbers, from the newest run down to the oldest: how many offsets lie between a run and
// the one above it, then 4 × (its length - 1) + its kind. A number is one or more of A–Z a–z 0–9 - _,
// each five bits of it, the lowest first, and 32 more where another follows. The CRC-32C is of all
// that stands before its blank. ASCII only, and no more than SAID_TEXT_BYTES: older runs that find no
// room are left out.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "model/verdict.h"

enum said_kind {
    SAID_NO_RECORD,
    SAID_OTHER_TENANT,
    SAID_WRONG_DEBT,
    SAID_UNKNOWN, // for the cache's sake; held by policy.unknown: hold
    SAID_KIND_COUNT,
    SAID_NOTHING = SAID_KIND_COUNT,
};

enum { SAID_TEXT_BYTES = 4000, SAID_OFFSETS_MAX = 1 << 20 };

struct said_run {
    int64_t first;
    int64_t count;
    enum said_kind kind;
};

// All zero is a good beginning.
struct said {
    struct said_run *runs; // in offset order, apart
    uint32_t count;
    uint32_t capacity;
    uint32_t passed; // runs that said_meet has left behind
};

void said_fini(struct said *said);
void said_clear(struct said *said);
// An offset above all others.
MUST_CHECK enum err said_add(struct said *said, int64_t offset, enum said_kind kind);
// A run above all others.
MUST_CHECK enum err said_add_run(struct said *said, const struct said_run *run);
// What was said of the offset; forgets everything up to it. Offsets rise.
enum said_kind said_meet(struct said *said, int64_t offset);
// The first offset that said_meet has not left behind; -1 = there is none.
int64_t said_first(const struct said *said);
// So many offsets below `offset` are in there.
int64_t said_count_below(const struct said *said, int64_t offset);

// Writes the text, from scratch; `oldest` -1 = nothing will be taken back.
void said_write(struct strbuf *text, const struct said *said, int64_t oldest);
// Reads a text that came from outside into an empty `said`. ERR_DATA when it is no such text; then
// `said` stays empty.
MUST_CHECK enum err said_read(struct said *said, struct view text, int64_t *ret_oldest);

// The kind that a misdirected verdict with these reasons has: SAID_NOTHING unless one of them rests
// on a link that is not there.
enum said_kind said_kind_of(reason_set reasons);
// The reason of a kind; of SAID_UNKNOWN, cache_untrusted.
reason_set said_reasons(enum said_kind kind);
