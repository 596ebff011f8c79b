// The streams of evidence beside the verdicts (detect/streams.h).
#pragma once

#include <stdint.h>

// In the order of their configuration and state everywhere.
#define STREAM_TABLE(ROW)                                                                          \
    ROW(STREAM_WALKING, walking)                                                                   \
    ROW(STREAM_REPEATED, repeated)                                                                 \
    ROW(STREAM_CLOSED_RECENTLY, closed_recently)                                                   \
    ROW(STREAM_REASSIGNED, reassigned)                                                             \
    ROW(STREAM_INVALID, invalid)                                                                   \
    ROW(STREAM_OTHER_TENANT, other_tenant)

enum evidence_stream {
#define STREAM_ROW(id, name) id,
    STREAM_TABLE(STREAM_ROW)
#undef STREAM_ROW
            STREAM_COUNT,
};

// What evidence calls its node.
extern const char *const stream_names[STREAM_COUNT];

// All that raises notices and alerts beside the verdicts: the streams, and behind them ...
enum evidence_source {
    SOURCE_VOLUME = STREAM_COUNT, // "volume_up", "volume_down" (detect/volume.h)
    SOURCE_COMPLAINTS,            // "complaints_3", "complaints_10" (detect/complaints.h)
    SOURCE_UNREGISTERED_VENDOR,   // rules
    SOURCE_BASELINE_MOVED,
    SOURCE_COUNT,
};
// A set of them, bit 1 << source.
typedef uint32_t source_set;
#define SOURCE_BIT(source) ((source_set)1 << (source))
#define SOURCES_ALL (SOURCE_BIT(SOURCE_COUNT) - 1)

// As a policy names them; ended by NULL.
extern const char *const source_names[SOURCE_COUNT + 1];
