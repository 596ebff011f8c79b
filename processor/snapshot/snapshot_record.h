// The records of the state topic as protobuf (schemas/detector_state.proto): a snapshot is parts, and
// a manifest that is written when all of them are acknowledged. snapshot_record.c is the only file
// that knows the generated code.
#pragma once

#include <stdint.h>

#include "common/arena.h"
#include "common/digest.h"
#include "common/err.h"
#include "common/strbuf.h"

enum {
    SNAPSHOT_VERSION = 1,
    SNAPSHOT_ID_BYTES_MAX = 128,
    SNAPSHOT_PART_BYTES = 512 * 1024, // of state; below message.max.bytes with what is around it
    SNAPSHOT_PARTS_MAX = 2048,        // a gigabyte
};

struct snapshot_manifest {
    struct view snapshot_id;
    int32_t tally_partition;
    int64_t next_offset; // the state is that of the log before it
    uint32_t parts;
    uint64_t state_bytes;
    uint8_t sha256[SHA256_BYTES]; // of the state
    struct view detector_version;
    struct view policy_version;
    int64_t log_time_ms;
    uint32_t tally_partitions; // of the tally topic; 0 = not known
    int64_t sequence_base;     // sequences are offsets and this (run/detect_half.c)
};

enum snapshot_kind { SNAPSHOT_PART, SNAPSHOT_MANIFEST, SNAPSHOT_TOMBSTONE };

struct snapshot_record {
    enum snapshot_kind kind;
    struct view snapshot_id;
    uint32_t number;   // of a part, and of a part's tombstone
    bool is_manifest;  // a tombstone: of the manifest
    struct view state; // of a part
    struct snapshot_manifest manifest;
};

// How many parts a state of that many bytes has; at least one.
uint32_t snapshot_parts(uint64_t state_bytes);
// The bytes of one of them.
struct view snapshot_part(struct view state, uint32_t number);

void snapshot_add_part_key(struct strbuf *sb, struct view snapshot_id, uint32_t number);
void snapshot_add_manifest_key(struct strbuf *sb, struct view snapshot_id);
// Append a record's value.
MUST_CHECK enum err snapshot_encode_part(
        struct strbuf *sb, struct view snapshot_id, uint32_t number, struct view state);
MUST_CHECK enum err snapshot_encode_manifest(
        struct strbuf *sb, const struct snapshot_manifest *manifest, struct arena *arena);
// Reads a record; no value = a tombstone. What it points to is in `arena` or in the key. ERR_DATA,
// with `ret_why`, for what is none, says one thing and is keyed by another, or is of a version that
// is not known.
MUST_CHECK enum err snapshot_decode(struct view key, struct view value, struct arena *arena,
        struct snapshot_record *ret_record, const char **ret_why);
