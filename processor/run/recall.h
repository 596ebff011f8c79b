// What a line is told when the tally log does not go back to what it knows, or is not the one that was
// told of: what is held stays held, by what the quarantine-state topic says. The evidence is lost.
//
//   C1  A scope that the topic says is held is held by the line, by the same incident, until the same
//       time; nothing more is told of it before its end.
//   C2  Nothing is told of a scope with a sequence that is not above the last one that was told of it.
//   C3  A log that ends before what was told or ordered, was committed or is in a snapshot is another one, and so is
//       one that nobody has committed in and that begins after something was held (run/log_identity.h): its
//       sequences begin above all of the old one's.
#pragma once

#include "detect_line.h"
#include "run/half.h"
#include "run/held_ledger.h"

// The offsets of a tally partition that the log has, and of these what was told before.
struct log_range {
    int32_t partition;
    int64_t low;
    int64_t high;
    int64_t committed; // -1 = nothing is
};

// What is known of the partition without its log.
struct known {
    int64_t until;         // the line knows the log before that
    int64_t reach;         // sequences below that are in a snapshot, or of orders; 0 = none is
    int64_t sequence_base; // sequences are offsets and this
    bool log_is_younger;   // than what is held
};

struct recalled {
    struct lost_offsets lost; // `from` of -1: nothing is, and the line was not touched
    int64_t sequence_base;
    bool watches_told; // C2 needs the ledger until the log is folded past what it says
    uint32_t held_count;
    uint32_t without_room;
};

// Judges what was read. The line borrows `ledger` when watches_told.
MUST_CHECK enum err recall(struct detect_line *line, struct held_ledger *ledger,
        const struct log_range *log, const struct known *known, struct recalled *ret_recalled);
