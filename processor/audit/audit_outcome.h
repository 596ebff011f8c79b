// What became of records that went out in transactions. A record in the audit log says that something was about to be
// sent. Where `delivery` is transactional, a later record of the log itself (kind log, type audit.outcome) says of which
// records it was sent for good:
//
//   {"half","outcome","records":[[from,to],...],"left_out"}
//
//   committed   readers with isolation.level read_committed have them
//   aborted     they do not, and never will; what was to be sent is sent again, and stands in the log again, with its id
//   unsure      nobody here knows: the topic says
//
// No outcome: it went out without a transaction (holds of single messages), its process was killed before it could tell,
// or there were more than AUDIT_PENDING_RANGES (left_out counts those). Then, too, the topic says.
#pragma once

#include "audit/audit_line.h"

enum { AUDIT_PENDING_RANGES = 512, AUDIT_OUTCOME_RANGES_MAX = 4000000 };

enum audit_outcome {
    AUDIT_OUTCOME_UNKNOWN,
    AUDIT_OUTCOME_COMMITTED,
    AUDIT_OUTCOME_ABORTED,
    AUDIT_OUTCOME_UNSURE,
    AUDIT_OUTCOME_COUNT
};
extern const char *const audit_outcome_names[AUDIT_OUTCOME_COUNT]; // NULL of AUDIT_OUTCOME_UNKNOWN

struct audit_range {
    uint64_t from;
    uint64_t to;
};

// The records of the transaction that is open.
struct audit_pending {
    struct audit_range ranges[AUDIT_PENDING_RANGES];
    uint32_t count;
    uint64_t left_out;
};

// Numbers rise.
void audit_pending_add(struct audit_pending *pending, uint64_t seq);
// Sets `sb` to the record of that outcome.
void audit_outcome_write(struct strbuf *sb, const struct audit_pending *pending, struct view half,
        enum audit_outcome outcome);

// The outcomes that a log tells.
struct audit_outcomes {
    struct audit_told_range *told;
    uint32_t count;
    uint32_t capacity;
    bool is_sorted;
};

// Takes such a record; any other line is passed over. ERR_CEILING, ERR_NO_MEMORY.
MUST_CHECK enum err audit_outcomes_take(
        struct audit_outcomes *outcomes, const struct audit_line *line);
// Behind the last of them.
enum audit_outcome audit_outcomes_find(struct audit_outcomes *outcomes, uint64_t seq);
void audit_outcomes_fini(struct audit_outcomes *outcomes);
