// How far a group has come with a topic, asked again and again without joining it. One thread.
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "policy/config.h"

struct kafka_group_offsets;

// Needs no broker to be there. `group` is copied. ERR_CONFIG with findings for properties that are not
// acceptable.
MUST_CHECK enum err kafka_group_offsets_create(struct kafka_group_offsets **ret_offsets,
        const struct config *config, const char *group, struct strbuf *findings);
enum err kafka_group_offsets_destroy(struct kafka_group_offsets *offsets, int64_t timeout_ms);

// The group's next offset of the partitions 0 .. count - 1; -1 = it has committed none. ERR_DEADLINE,
// ERR_UNAVAILABLE: nothing was written, it may be asked again.
MUST_CHECK enum err kafka_group_offsets_read(struct kafka_group_offsets *offsets, const char *topic,
        int32_t count, int64_t timeout_ms, int64_t *ret_offsets);
