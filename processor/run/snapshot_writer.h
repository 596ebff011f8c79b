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
    struct kafka_producer *producer; // borrowed; its tickets are writers: see _reported
    int32_t tally_partition;
    struct view instance; // makes ids unique; copied
};

MUST_CHECK enum err snapshot_writer_create(
        struct snapshot_writer **ret_writer, const struct snapshot_writer_options *options);
// No report may come after this.
void snapshot_writer_destroy(struct snapshot_writer *writer);

bool snapshot_writer_is_resting(const struct snapshot_writer *writer);
// Begins one, when resting: where its state is to be put by the caller, good until the next call of
// anything else here.
struct strbuf *snapshot_writer_begin(struct snapshot_writer *writer);
// The state is there. `manifest` says what it is; its id, parts, bytes and digest are filled in here.
MUST_CHECK enum err snapshot_writer_go(
        struct snapshot_writer *writer, const struct snapshot_manifest *manifest);
// Goes on with it. `settled`: before that offset everything that was told is acknowledged. `shelf`
// knows what the topic has, and is told what comes to it.
void snapshot_writer_step(struct snapshot_writer *writer, struct shelf *shelf, int64_t settled);
// No more of it is written.
void snapshot_writer_break_off(struct snapshot_writer *writer);
// The delivery report of a record of the writer's.
void snapshot_writer_reported(struct snapshot_writer *writer, enum err err);
// Snapshots that were finished.
uint64_t snapshot_writer_finished(const struct snapshot_writer *writer);
