// What is noted of a watched message beside its verdict and reasons. A signal says how something
// went wrong, never whether a message is misdirected: it names causes and raises notices and
// alerts, and holds nothing.
#pragma once

#include <stdint.h>

// In the order of bits and counts everywhere.
//   walking           its phone number lies within 10 of one of the last 64 numbers of its campaign
//                     in this source and chunk
//   same_block        it differs from one of them in the last four digits at most
//   repeated          its campaign has messaged this recipient before in this source and chunk
//   closed_recently   every link that applies has ended, the last less than 30 days before the message
//   loan_named        it names a loan
//   misread           its phone number is a fixed line, or begins with the digits of a date: another
//                     column
//   mixed_lenders     it goes to another lender's customer, and the last such message of its campaign
//                     in this source and chunk went to a third lender's
#define SIGNAL_TABLE(ROW)                                                                          \
    ROW(SIGNAL_WALKING, walking)                                                                   \
    ROW(SIGNAL_SAME_BLOCK, same_block)                                                             \
    ROW(SIGNAL_REPEATED, repeated)                                                                 \
    ROW(SIGNAL_CLOSED_RECENTLY, closed_recently)                                                   \
    ROW(SIGNAL_LOAN_NAMED, loan_named)                                                             \
    ROW(SIGNAL_MISREAD, misread)                                                                   \
    ROW(SIGNAL_MIXED_LENDERS, mixed_lenders)

enum signal {
#define SIGNAL_ROW(id, name) id,
    SIGNAL_TABLE(SIGNAL_ROW)
#undef SIGNAL_ROW
            SIGNAL_COUNT,
};

// A set of signals.
typedef uint8_t signal_set;
#define SIGNAL_BIT(signal) ((signal_set)(1u << (signal)))

extern const char *const signal_names[SIGNAL_COUNT];
