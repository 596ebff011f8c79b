// The likely cause of an incident, from what its misdirected messages have in common. Pure.
#pragma once

#include <stdbool.h>

#include "model/incident.h"
#include "model/signal.h"

// The numbers that a cause rests on. "Looked at" are the misdirected messages since the change
// point that are still remembered, at most 64.
struct cause_evidence {
    enum scope_kind kind; // of the scope whose evidence it is
    uint32_t messages;    // looked at; may be 0 when a stream of its own spoke (invalid numbers)
    uint32_t reasons[REASON_COUNT]; // of them
    uint32_t signals[SIGNAL_COUNT]; // of them
    // how many different scopes of each kind they came through, and the greatest share of one
    uint32_t spread[SCOPE_KIND_COUNT];
    uint32_t largest[SCOPE_KIND_COUNT];
    // Bit a kind: the one that most of them came through was first heard of not long before the
    // change point, while its tenant was known well before.
    uint8_t new_kinds;
    bool vendor_is_unregistered; // a list of vendors is configured, and theirs is not on it
    // of the scope since the change point, all of its messages
    int64_t judged;
    int64_t misdirected;
    int64_t invalid; // unknown for the number's own sake
    int64_t signals_of_all[SIGNAL_COUNT];
};

// Ranks the causes that the evidence speaks for, likeliest first; shares add up to 1. The number of
// causes ranked.
uint32_t cause_rank(const struct cause_evidence *evidence, struct ranked ret_causes[CAUSE_MAX]);
