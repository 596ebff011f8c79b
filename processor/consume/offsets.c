#include "consume/offsets.h"

#include <stdlib.h>

#include "common/assure.h"

struct segment {
    struct segment *next; // of the same partition, later
    int32_t partition;    // -1: the partition was closed meanwhile (O3)
    int64_t to_offset;
    uint64_t serial;
    uint32_t pending; // records, and 1 while it is open
};

struct partition {
    bool begun;
    bool failed;
    int64_t settled;
    uint64_t opened; // segments
    uint64_t settled_serial;
    struct segment *first;
    struct segment *last;
};

struct offsets {
    struct partition *partitions;
    int32_t capacity;
    uint32_t unsettled;
};

enum { PARTITION_MAX = 100000 };

enum err offsets_create(struct offsets **ret_offsets)
{
    struct offsets *offsets = calloc(1, sizeof *offsets);
    if (offsets == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_offsets = offsets;
    return ERR_NONE;
}

void offsets_destroy(struct offsets *offsets)
{
    if (offsets == NULL) {
        return;
    }
    for (int32_t i = 0; i < offsets->capacity; i++) {
        struct segment *segment = offsets->partitions[i].first;
        while (segment != NULL) {
            struct segment *next = segment->next;
            free(segment);
            segment = next;
        }
    }
    free(offsets->partitions);
    free(offsets);
}

static struct partition *offsets_partition(const struct offsets *offsets, int32_t partition)
{
    bool known = partition >= 0 && partition < offsets->capacity;
    return known && offsets->partitions[partition].begun ? &offsets->partitions[partition] : NULL;
}

enum err offsets_begin(struct offsets *offsets, int32_t partition, int64_t settled)
{
    if (partition < 0 || partition >= PARTITION_MAX) {
        return ERR_CEILING;
    }
    if (partition >= offsets->capacity) {
        int32_t capacity = partition + 1;
        struct partition *grown = realloc(offsets->partitions, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        for (int32_t i = offsets->capacity; i < capacity; i++) {
            grown[i] = (struct partition){0};
        }
        offsets->partitions = grown;
        offsets->capacity = capacity;
    }
    offsets_close(offsets, partition);
    offsets->partitions[partition] = (struct partition){.begun = true, .settled = settled};
    return ERR_NONE;
}

void offsets_close(struct offsets *offsets, int32_t partition)
{
    struct partition *state = offsets_partition(offsets, partition);
    if (state == NULL) {
        return;
    }
    struct segment *segment = state->first;
    while (segment != NULL) {
        struct segment *next = segment->next;
        offsets->unsettled--;
        if (segment->pending == 0) {
            free(segment);
        } else {
            segment->partition = -1; // its last report frees it
            segment->next = NULL;
        }
        segment = next;
    }
    *state = (struct partition){0};
}

bool offsets_is_begun(const struct offsets *offsets, int32_t partition)
{
    return offsets_partition(offsets, partition) != NULL;
}

int32_t offsets_partition_end(const struct offsets *offsets)
{
    return offsets->capacity;
}

enum err offsets_open(
        struct offsets *offsets, int32_t partition, int64_t to_offset, struct segment **ret_segment)
{
    struct partition *state = offsets_partition(offsets, partition);
    ASSURE(state != NULL);
    ASSURE(state->last == NULL || state->last->to_offset <= to_offset); // O2
    struct segment *segment = calloc(1, sizeof *segment);
    if (segment == NULL) {
        return ERR_NO_MEMORY;
    }
    *segment = (struct segment){
            .partition = partition,
            .to_offset = to_offset,
            .serial = ++state->opened,
            .pending = 1,
    };
    if (state->last == NULL) {
        state->first = segment;
    } else {
        state->last->next = segment;
    }
    state->last = segment;
    offsets->unsettled++;
    *ret_segment = segment;
    return ERR_NONE;
}

static void offsets_settle(struct offsets *offsets, struct partition *state)
{
    while (state->first != NULL && state->first->pending == 0 && !state->failed) { // O1, O4
        struct segment *segment = state->first;
        if (segment->to_offset > state->settled) {
            state->settled = segment->to_offset;
        }
        state->settled_serial = segment->serial;
        state->first = segment->next;
        state->last = state->first == NULL ? NULL : state->last;
        offsets->unsettled--;
        free(segment);
    }
}

void offsets_extend(struct segment *segment, int64_t to_offset)
{
    ASSURE(segment->next == NULL && segment->to_offset <= to_offset); // O2
    segment->to_offset = to_offset;
}

void offsets_done(struct offsets *offsets, struct segment *segment)
{
    offsets_reported(offsets, segment, ERR_NONE);
}

void offsets_sent(struct segment *segment)
{
    segment->pending++;
}

void offsets_reported(struct offsets *offsets, struct segment *segment, enum err err)
{
    ASSURE(segment->pending > 0);
    segment->pending--;
    struct partition *state = offsets_partition(offsets, segment->partition);
    if (state == NULL) { // O3
        if (segment->pending == 0) {
            free(segment);
        }
        return;
    }
    state->failed = state->failed || err != ERR_NONE;
    offsets_settle(offsets, state);
}

uint64_t offsets_serial(const struct segment *segment)
{
    return segment->serial;
}

uint64_t offsets_settled_serial(const struct offsets *offsets, int32_t partition)
{
    const struct partition *state = offsets_partition(offsets, partition);
    ASSURE(state != NULL);
    return state->settled_serial;
}

int64_t offsets_settled(const struct offsets *offsets, int32_t partition)
{
    const struct partition *state = offsets_partition(offsets, partition);
    ASSURE(state != NULL);
    return state->settled;
}

int64_t offsets_reached(const struct offsets *offsets, int32_t partition)
{
    const struct partition *state = offsets_partition(offsets, partition);
    ASSURE(state != NULL);
    return state->last != NULL ? state->last->to_offset : -1;
}

bool offsets_has_failed(const struct offsets *offsets, int32_t partition)
{
    const struct partition *state = offsets_partition(offsets, partition);
    return state != NULL && state->failed;
}

uint32_t offsets_unsettled(const struct offsets *offsets)
{
    return offsets->unsettled;
}
