// The topics of the design: which there are, and how each is to be made. Knows no librdkafka.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/record.h"
#include "policy/config.h"

enum { TOPIC_PLAN_MAX = 12 };

struct topic_plan {
    const char *name; // the configuration's
    const char *role; // a word for people: "outbound", "tallies", …
    uint32_t partitions;
    uint32_t replication;
    bool is_input;        // the pipeline's own topic: it is there before us
    bool compacted;       // else the broker's default retention, or `retention_ms`
    int64_t retention_ms; // 0 = the broker's default
};

// Fills in all that are wanted, inputs first, and returns how many. The names borrow from the
// configuration.
int topic_plans(const struct config *config, struct topic_plan ret_plans[TOPIC_PLAN_MAX]);
// The name of an output.
const char *topic_out_name(const struct config *config, enum out_topic topic);
