// The numbers that the likely cause of an incident rests on (decide/cause.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/scope.h"
#include "model/signal.h"
#include "model/verdict.h"

// What its tenant was like before the change point: a signal that it shows every day speaks for
// nothing.
struct cause_habit {
    int64_t watched;     // judged and unknown; less than 200: nothing is known of it
    int64_t misdirected; // of them
    int64_t invalid;     // of them, unknown for the number's own sake
    int64_t signals[SIGNAL_COUNT];
};

// The numbers that a cause rests on. "Looked at" are the misdirected messages since the change
// point that are still remembered, at most 64. Their reasons and signals, and the sums, must be
// told; a spread, a habit, elsewhere and the vendors' list that are not (0, false) are left out.
struct cause_evidence {
    enum scope_kind kind; // of the scope whose evidence it is
    uint32_t messages;    // looked at; may be 0 when a stream of its own spoke (invalid numbers)
    uint32_t reasons[REASON_COUNT]; // of them
    uint32_t signals[SIGNAL_COUNT]; // of them
    // Those that the alert before an update told of, or all; and with that signal: once many numbers
    // have been sent, some of them share a block anyhow.
    uint32_t first_messages;
    uint32_t first_same_block;
    // through how many different scopes of each kind these came, and the greatest share of one
    uint32_t spread[SCOPE_KIND_COUNT];
    uint32_t largest[SCOPE_KIND_COUNT];
    // Bit a kind: the one that most of them came through had hardly any messages before the change
    // point, by what its tenant had. Bit SCOPE_TENANT: the tenant was not known well before, and
    // the other bits say nothing.
    uint8_t new_kinds;
    bool vendors_are_listed;     // a list of vendors is configured
    bool vendor_is_unregistered; // and theirs is not on it
    // By kind: how many campaigns of the tenant had come in a row without a new scope of that kind.
    uint32_t campaigns_without[SCOPE_KIND_COUNT];
    // The tenant's misdirected messages since the change point that did not come through this scope,
    // as far as they are remembered, and how many of them have no record: what befalls all of a
    // tenant's campaigns at once is the data, not a list.
    int64_t elsewhere;
    int64_t elsewhere_no_record;
    // all its messages there in that time; 0: there were none, or it is not known
    int64_t elsewhere_judged;
    // what the tenant had come to at the change point
    int64_t tenant_judged_before;
    int64_t tenant_misdirected_before;
    // what it has come to now (decide/tenants.h), so that a later alert knows what came since
    int64_t tenant_judged;
    int64_t tenant_misdirected;
    int64_t tenant_no_record;
    // of the scope since the change point, all of its messages
    int64_t judged;
    int64_t misdirected;
    int64_t invalid; // unknown for the number's own sake
    int64_t signals_of_all[SIGNAL_COUNT];
    struct cause_habit before;
};
