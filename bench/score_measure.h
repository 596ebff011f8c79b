// One walk through all messages with the holds that are in force: verdicts against labels, what was
// held without need, what of each incident went out. The rest of detection.md §6 is in
// bench/score_figures.h.
#pragma once

#include "bench/score_figures.h"

// What the run counts whoever is to blame.
struct score_counts {
    uint64_t confusion[VERDICT_COUNT][VERDICT_COUNT]; // [expected][verdict], each message once
    uint64_t again;                                   // verdicts about a message that had one
    uint64_t without_verdict;                         // labels
    uint64_t held;      // watched messages, whatever their label, while a scope of theirs was held
    uint64_t healthy;   // judged, clear or misdirected, of no incident nor in one's stretch
    uint64_t good;      // expected clear
    uint64_t good_held; // of them, while a scope of theirs was held
    uint64_t good_held_inside; // of those, in the stretch of an incident
    uint64_t unlawful_stops;   // tier stop at a vendor or tenant that no incident explains
    uint64_t false_holds;
    uint64_t lag_holds; // of healthy traffic with late data
};

struct score_measured {
    struct score_counts counts;
    struct score_figures *figures; // one an incident
};

MUST_CHECK enum err score_measure(
        struct score_measured *measured, const struct score_data *data, struct score_match *match);
void score_measured_fini(struct score_measured *measured);
