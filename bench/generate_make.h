// One message of a stream: when it occurred, to whom it goes, what it says, and what must be said of
// it.
#pragma once

#include "bench/generate_label.h"
#include "bench/generate_plan.h"

struct moment {
    struct plan *plan;
    uint64_t us;     // of the plan's traffic
    uint64_t number; // how many messages have gone before
};

// Makes the stream's next message, and counts it for what concerns it. *ret_incident is the incident
// that made it wrong, else the one whose campaign it is of, else the one that comes over it, or
// NULL. The message points to a campaign that is good until the next message.
void make_message(const struct moment *now, struct stream *stream, struct message *ret_message,
        struct label *ret_label, const struct incident **ret_incident);
