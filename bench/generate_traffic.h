// The messages of a plan in the order in which they go out: the tenants' campaigns run beside each
// other, incidents begin where the options say. Holds nothing of the messages that have gone but
// the few that are to be sent again.
#pragma once

#include "bench/generate_label.h"
#include "bench/generate_plan.h"

struct traffic;

// The options must outlive it.
MUST_CHECK enum err traffic_create(
        struct traffic **ret_traffic, const struct generate_options *options);
void traffic_destroy(struct traffic *traffic);

// The next message with its label, good until the next call. *ret_incident is the one that concerns
// it, wrong or not, or NULL. A message that is sent again has the number of the first. False when
// there are no more.
bool traffic_next(struct traffic *traffic, struct message *ret_message, struct label *ret_label,
        const struct incident **ret_incident);

const struct people *traffic_people(const struct traffic *traffic);
// With the counts of its incidents, negatives and episodes, which are final after the last message.
const struct plan *traffic_plan(const struct traffic *traffic);
uint64_t traffic_duplicates(const struct traffic *traffic);
// "msg-SEED-NUMBER"
void message_id_write(uint64_t seed, uint64_t number, char ret_id[MESSAGE_ID_MAX_BYTES]);
