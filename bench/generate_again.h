// Messages that are sent twice: the same event, some seconds later, because nobody acknowledged the
// first. A share of all; at most 4,096 wait at a time, and what finds no room is not sent again.
#pragma once

#include "bench/generate_incident.h"
#include "bench/generate_label.h"

struct sent_message {
    struct message message;
    struct campaign campaign; // that the message points to
    struct label label;
    const struct incident *incident;
    uint64_t due_us;
};

struct again;

MUST_CHECK enum err again_create(struct again **ret_again, uint32_t millionths);
void again_destroy(struct again *again);
// Draws whether a message that goes out now is sent again.
void again_offer(struct again *again, struct random *rng, uint64_t now_us,
        const struct message *message, const struct label *label, const struct incident *incident);
// The next that is due by then, good until the next call, or NULL.
const struct sent_message *again_take(struct again *again, uint64_t by_us);
// How many have been taken.
uint64_t again_count(const struct again *again);
