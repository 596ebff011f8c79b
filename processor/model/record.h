// One record on its way out, and the two places it can go: Kafka and files (style.md: a role is a
// const struct of named functions).
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "model/raw.h"

enum out_topic {
    OUT_VERDICTS,
    OUT_DEAD_LETTER,
    OUT_COMMANDS,
    OUT_STATE,
    OUT_ALERTS,
    OUT_TALLIES,
    OUT_DETECTOR_STATE,
    OUT_CONTROL_STATE, // only where commands of people are read
    OUT_CONTROL,       // of the verbs, as the next; no half writes them
    OUT_OUTBOUND,      // a drill's messages, and nothing else
    OUT_TOPIC_COUNT,
};

enum { RECORD_HEADER_MAX = 64, PARTITION_ANY = -1 };

struct record {
    enum out_topic topic;
    int32_t partition; // PARTITION_ANY: by the key
    struct view key;   // none = null
    struct view value; // none = null (a tombstone)
    const struct header *headers;
    size_t header_count;
    int64_t timestamp_ms; // 0 = now
    void *ticket;         // told to the sink's owner when the record is acknowledged; may be NULL
};

struct sink_ops {
    // Takes the record; its bytes are copied before it returns. ERR_UNAVAILABLE: nothing was taken
    // and the caller must hold; a full queue is waited out inside.
    enum err (*send)(void *self, const struct record *record);
};

struct sink {
    const struct sink_ops *ops;
    void *self;
};

MUST_CHECK static inline enum err sink_send(const struct sink *sink, const struct record *record)
{
    return sink->ops->send(sink->self, record);
}
