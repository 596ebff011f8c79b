// The streams of evidence beside the verdicts (detect/streams.h).
#pragma once

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
