// A day of messages in the order of time: the tenants' campaigns run beside each other, incidents
// begin where the options say. Holds the campaigns and nothing of the messages that have gone.
#pragma once

#include "bench/generate_incident.h"
#include "bench/generate_label.h"

// 2026-03-02, a Monday; the messages go out between 08:00 and 21:00 in Shanghai.
#define GENERATE_DAY_MS INT64_C(1772409600000)

struct traffic;

// The options must outlive it.
MUST_CHECK enum err traffic_create(
        struct traffic **ret_traffic, const struct generate_options *options);
void traffic_destroy(struct traffic *traffic);

// The next message with its label. False when there are no more.
bool traffic_next(struct traffic *traffic, struct message *ret_message, struct label *ret_label,
        const struct incident **ret_incident);

const struct people *traffic_people(const struct traffic *traffic);
// With their counts, which are final after the last message.
const struct incident *traffic_incidents(const struct traffic *traffic, uint32_t *ret_count);
// "msg-SEED-NUMBER"
void message_id_write(uint64_t seed, uint64_t number, char ret_id[MESSAGE_ID_MAX_BYTES]);
