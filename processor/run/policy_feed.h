// The policy in force, handed from whoever reads configurations to the halves, which take it between
// batches. A policy stays while a half goes by it. Any thread, but for a half's own slot.
#pragma once

#include "policy/config.h"

struct policy_feed;
struct policy_issue;

// What one half goes by; all zero before the first take.
struct policy_slot {
    struct policy_issue *issue;
};

// Begins with a configuration that is borrowed for as long as the feed is there.
MUST_CHECK enum err policy_feed_create(struct policy_feed **ret_feed, const struct config *config);
// Nobody has a slot any more.
void policy_feed_destroy(struct policy_feed *feed);
// A new policy is in force: takes over the configuration that it is of. On ERR_NO_MEMORY it stays the
// caller's, and the old one is in force.
MUST_CHECK enum err policy_feed_give(struct policy_feed *feed, struct config *config);
// The policy in force; good until the next take into the slot.
const struct policy *policy_feed_take(struct policy_feed *feed, struct policy_slot *slot);
void policy_feed_return(struct policy_feed *feed, struct policy_slot *slot);
