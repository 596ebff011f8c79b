// The verdict of one message and its reasons. The words are those of the schemas.
#pragma once

#include <stdint.h>

enum verdict { VERDICT_CLEAR, VERDICT_MISDIRECTED, VERDICT_UNKNOWN, VERDICT_EXEMPT, VERDICT_COUNT };

// In the order in which reasons are listed everywhere.
#define REASON_TABLE(ROW)                                                                          \
    ROW(REASON_NO_RECORD, no_record)                                                               \
    ROW(REASON_OTHER_TENANT, other_tenant)                                                         \
    ROW(REASON_WRONG_DEBT, wrong_debt)                                                             \
    ROW(REASON_THIRD_PARTY, third_party)                                                           \
    ROW(REASON_CLOSED_LOAN, closed_loan)                                                           \
    ROW(REASON_REASSIGNED_NUMBER, reassigned_number)                                               \
    ROW(REASON_OPTED_OUT, opted_out)                                                               \
    ROW(REASON_INVALID_NUMBER, invalid_number)                                                     \
    ROW(REASON_CACHE_UNREACHABLE, cache_unreachable)                                               \
    ROW(REASON_CACHE_UNTRUSTED, cache_untrusted)                                                   \
    ROW(REASON_CACHE_STALE, cache_stale)

enum reason {
#define REASON_ROW(id, name) id,
    REASON_TABLE(REASON_ROW)
#undef REASON_ROW
            REASON_COUNT,
};

// What the policy adds to them (policy/lists.h, policy/windows.h): told in verdicts and commands, and no
// evidence, so that frames and what is folded of them do not know them.
#define POLICY_REASON_TABLE(ROW)                                                                   \
    ROW(REASON_BLOCKED, blocked)                                                                   \
    ROW(REASON_OVERRIDDEN, overridden)                                                             \
    ROW(REASON_ALLOWED, allowed)                                                                   \
    ROW(REASON_RELEASED, released)                                                                 \
    ROW(REASON_OUTSIDE_HOURS, outside_hours)                                                       \
    ROW(REASON_HELD_BY_OPERATOR, held_by_operator)                                                 \
    ROW(REASON_TOO_OFTEN, too_often)

enum policy_reason {
    REASON_BEFORE_POLICY = REASON_COUNT - 1,
#define REASON_ROW(id, name) id,
    POLICY_REASON_TABLE(REASON_ROW)
#undef REASON_ROW
            REASON_TOLD_COUNT,
};

// A set of reasons.
typedef uint32_t reason_set;
#define REASON_BIT(reason) ((reason_set)1 << (reason))

extern const char *const verdict_names[VERDICT_COUNT];
// The reasons that are evidence.
#define REASONS_OF_DATA (REASON_BIT(REASON_COUNT) - 1)
extern const char *const reason_names[REASON_TOLD_COUNT];
