// Writes the snapshots of one tally partition to the state topic: parts, then, once they are all
// acknowledged, the manifest, then the tombstones of what is outdated. Never waits: each call does
// what can be done. One thread.
//
//   resting --begin--> held back --settled >= next_offset--> parts --acknowledged--> manifest
//      ^                                                                                |
//      '----------- a record failed: broken off ----------------------- acknowledged: outdated ones go
#pragma once

#include "kafka/producer.h"
#include "snapshot/snapshot_shelf.h"

struct snapshot_writer;

struct snapshot_writer_options {
    struct kafka_producer *producer; // its tickets are writers: see snapshot_writer_reported
    struct shelf *shelf;             // what the topic has; both are borrowed
    int32_t tally_partition;
    struct view instance; // makes ids unique; copied
};

MUST_CHECK enum err snapshot_writer_create(
        struct snapshot_writer **ret_writer, const struct snapshot_writer_options *options);
// No report may be outstanding.
void snapshot_writer_destroy(struct snapshot_writer *writer);

bool snapshot_writer_is_resting(const struct snapshot_writer *writer);
// Begins one, when resting: where its state is to be put by the caller, good until the next call of
// anything else here.
struct strbuf *snapshot_writer_begin(struct snapshot_writer *writer);
// The state is there. `manifest` says what it is; its id, parts, bytes and digest are filled in here.
MUST_CHECK enum err snapshot_writer_go(
        struct snapshot_writer *writer, const struct snapshot_manifest *manifest);
// Goes on with it. `settled`: before that offset everything that was told is acknowledged.
void snapshot_writer_step(struct snapshot_writer *writer, int64_t settled);
// The delivery report of a record of the writer's.
void snapshot_writer_reported(struct snapshot_writer *writer, enum err err);
// Snapshots that were finished.
uint64_t snapshot_writer_finished(const struct snapshot_writer *writer);
