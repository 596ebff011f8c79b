// How much a vendor or a tenant sends against its own history, up and down: notices only. Pure,
// integer only.
//
// Traffic comes in bursts, by day and night, by weekday; the rate of the last minutes foretells the
// next burst as little as its end. So what is usual is not a mean:
//
//   up     Steps of ten minutes. The *envelope* is the most that a step has held: it rises by 1/96 octave a step at
//          most (twice the volume is usual after 16 busy hours), and on days with traffic sinks by an octave in four
//          weeks. A step of f times the envelope adds log2 f - 1, 4 at most, any other takes 1 off: a CUSUM of the
//          e-value f / 2, fair where P(step > x envelopes) <= 1 / x^2. Only after seven days with traffic.
//   down   Slots of two hours, twelve a day, those of weekends apart. Each has a *level*, the octave that it has
//          reached every day of late, and is *sure* of it after about 16 working days in a row without a fall below
//          a quarter (three of which it takes to forget). A sure slot of 64 messages that reaches 1/g of its level
//          adds log2 g - 1, 1.6 at most; one that does not fall by half ends the count; all others say nothing. Only
//          after 28 days with traffic.
//
// A notice at log2 A: A = 1e5 steps up, 1e4 slots down, each about two years of time; what told
// itself is usual from then on. That would bound false notices if steps were independent of each
// other, which bursts are not. What holds is what tests/unit/test_volume.c measures, in notices a
// scope and year: none by day and night (with weekends), none or 0.01 in bursts (30 % of the time,
// of 20 minutes to 3 hours), 0.6 where ten campaigns a day of lognormal sizes (sigma 1.8) are all
// there is, 0.6 where one campaign of days follows another.
//
// What it sees: 10 times a steady volume within 2 hours, 5 times within 4; 10 times a volume that
// varies by day within 4 busy ones; 10 times a bursty one in most cases within a day. Not 3 times or
// less. A fall to a tenth or to nothing of what has been there at the same hours for a month: within
// 18 such hours, two days for most. Not the end of what ran for less than three weeks, nor anything
// where hours differ from day to day. Days off at a date, not a weekday, do look like a fall.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"

enum { VOLUME_SLOTS = 12 };

// All zero = nothing was ever sent.
struct volume {
    uint32_t step : 24;    // of ten minutes since 1970 UTC: the one that is open
    uint32_t age_days : 7; // on which anything was sent
    uint32_t sent_today : 1;
    uint32_t step_count;            // messages of the open step
    uint32_t slot_count;            // of the open slot's steps before it
    uint16_t envelope;              // log2, in 1/2048
    uint8_t w_up;                   // in 1/8 octave
    uint8_t w_down;                 // likewise
    uint8_t usual[2][VOLUME_SLOTS]; // working days, weekends: level << 3 | confidence
};
_Static_assert(sizeof(struct volume) <= 40, "a scope has room for 40 bytes of volume");

// "volume_up", "volume_down"
extern const char *const volume_node_names[2];

struct volume_notice {
    bool is_down;
    uint32_t messages; // of the step or slot that told it
    uint32_t usual;    // the envelope, or the level
    int64_t minutes;   // that it is of
    int64_t w_nat6;
    int64_t threshold_nat6;
    int64_t budget; // A, in steps or slots
};

// Closes the steps that end at or before `at_ms`: the greatest event time heard of, but not beyond
// log time, so that work left over from an outage is no burst. Time that runs back closes nothing.
// True when a notice is due. To be called before volume_count, and now and then for scopes that have
// fallen silent.
bool volume_advance(struct volume *volume, int64_t at_ms, struct volume_notice *ret_notice);
// Messages of the open step.
void volume_count(struct volume *volume, uint64_t messages);
// Saves or restores one, and a notice of one.
void volume_archive(struct archive *archive, struct volume *volume);
void volume_notice_archive(struct archive *archive, struct volume_notice *notice);
