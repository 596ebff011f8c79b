// What incidents of each cause look like: the table that causes are ranked by.
#pragma once

#include "decide/likeness.h"

// What is counted of an incident. Each is a share, `count` of `of`.
//
//   word                       count                            of
//   no_record, other_tenant, wrong_debt, third_party, closed_loan, reassigned_number
//                              those with that reason           misdirected messages looked at
//   loan_named                 those that name a loan           the same
//   walking, repeated          those with that signal           the same
//   same_block                 those with that signal           those that an alert told of, not
//                                                               those since
//   mixed_lenders              those with that signal           those with reason other_tenant, but
//                                                               for the first
//   closed_recently            those whose loan ended lately    those with reason closed_loan
//   misread_number             numbers that are none, that are  those that are none, and the
//                              fixed lines, or that begin with  misdirected
//                              the digits of a date
//   misdirected                misdirected                      judged
//   somebody_elses             other_tenant or wrong_debt       misdirected messages looked at
//   one_campaign               those of the busiest one         the same, and those misdirected
//                                                               elsewhere beyond what is usual
//   one_template, one_sender, one_vendor
//                              those of the busiest one         the same; 1 of 1 where there can be
//                                                               only one
//   new_template, new_sender, new_vendor, unregistered_vendor
//                              1 when it is                     1
//   no_record_elsewhere        those with no record, beyond     misdirected, through other scopes
//                              what is usual                    of the tenant; no fewer than half of
//                                                               what would be as bad as here; at
//                                                               most 16
//
// usual: the shape that it has in incidents at large. votes: as how many messages a share of one
// counts. floor: the most that can be said against a cause by it, in milli-nats; one feature that
// an incident of a new kind has wrong must not decide by itself.
#define FEATURE_TABLE(ROW)                                                                         \
    ROW(FEATURE_NO_RECORD, no_record, NONE, 0, 4000)                                               \
    ROW(FEATURE_OTHER_TENANT, other_tenant, NONE, 0, 4000)                                         \
    ROW(FEATURE_WRONG_DEBT, wrong_debt, NONE, 0, 6000)                                             \
    ROW(FEATURE_THIRD_PARTY, third_party, NONE, 0, 4000)                                           \
    ROW(FEATURE_CLOSED_LOAN, closed_loan, NONE, 0, 4000)                                           \
    ROW(FEATURE_REASSIGNED_NUMBER, reassigned_number, NONE, 0, 5000)                               \
    ROW(FEATURE_LOAN_NAMED, loan_named, EITHER, 0, 3000)                                           \
    ROW(FEATURE_WALKING, walking, NONE, 0, 5000)                                                   \
    ROW(FEATURE_SAME_BLOCK, same_block, NONE, 0, 5000)                                             \
    ROW(FEATURE_CLOSED_RECENTLY, closed_recently, ANY, 0, 1000)                                    \
    ROW(FEATURE_REPEATED, repeated, NONE, 0, 5000)                                                 \
    ROW(FEATURE_MIXED_LENDERS, mixed_lenders, ANY, 0, 4000)                                        \
    ROW(FEATURE_MISREAD_NUMBER, misread_number, HARDLY, 0, 12000)                                  \
    ROW(FEATURE_MISDIRECTED, misdirected, ANY, 0, 5000)                                            \
    ROW(FEATURE_SOMEBODY_ELSES, somebody_elses, ANY, 0, 4000)                                      \
    ROW(FEATURE_ONE_CAMPAIGN, one_campaign, ANY, 8, 3500)                                          \
    ROW(FEATURE_ONE_TEMPLATE, one_template, ANY, 0, 3000)                                          \
    ROW(FEATURE_ONE_SENDER, one_sender, ANY, 0, 3000)                                              \
    ROW(FEATURE_ONE_VENDOR, one_vendor, ANY, 2, 3000)                                              \
    ROW(FEATURE_NEW_TEMPLATE, new_template, FEW, 1, 1500)                                          \
    ROW(FEATURE_NEW_SENDER, new_sender, FEW, 2, 3000)                                              \
    ROW(FEATURE_NEW_VENDOR, new_vendor, FEW, 2, 3000)                                              \
    ROW(FEATURE_UNREGISTERED_VENDOR, unregistered_vendor, NONE, 64, 12000)                         \
    ROW(FEATURE_NO_RECORD_ELSEWHERE, no_record_elsewhere, FEW, 0, 5000)

enum feature {
#define FEATURE_ROW(id, name, usual, votes, floor) id,
    FEATURE_TABLE(FEATURE_ROW)
#undef FEATURE_ROW
            FEATURE_COUNT,
};

struct feature_kind {
    const char *name;
    enum shape usual;
    uint32_t votes;
    int32_t floor_mnat;
};

extern const struct feature_kind feature_kinds[FEATURE_COUNT];

enum cause {
    CAUSE_WRONG_LIST,
    CAUSE_CLOSED_LOANS,
    CAUSE_SHIFTED_COLUMN,
    CAUSE_NUMBER_WALKING,
    CAUSE_FEED_LAG,
    CAUSE_RECYCLED_NUMBERS,
    CAUSE_UNREGISTERED_VENDOR,
    CAUSE_LEAKED_LIST,
    CAUSE_BROAD_RULE,
    CAUSE_COUNT,
};

// The words of the schemas.
extern const char *const cause_names[CAUSE_COUNT];

enum { CAUSE_VARIANT_MAX = 64 };

// One way in which a cause shows: percent of the cause's incidents, and what is expected of each
// feature; SHAPE_USUAL where it is as in incidents at large. The percents of a cause add up to 100.
struct cause_variant {
    enum cause cause;
    uint32_t percent;
    uint8_t shapes[FEATURE_COUNT]; // enum shape
};

extern const struct cause_variant cause_variants[];
extern const uint32_t cause_variant_count;
