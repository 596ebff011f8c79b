#include "tally/tally.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/hash.h"
#include "tally/source.h"

enum { SOURCE_MAX = 4096 };

struct tally_source {
    char *topic;
    size_t topic_bytes;
    int32_t partition;
    int64_t to_offset; // everything below it and from the chunk's first offset on is counted
    int64_t resume_until;
    int64_t watermark_ms;
    bool idle;
    enum cache_state told_cache; // of the last totals
    bool told_jumped;            // and whether these had jumped
    struct chunk chunk;
    bool *dirty_partitions; // tally partitions with something new
};

struct tally {
    struct tally_options options;
    struct tally_source **sources; // by partition; NULL where not assigned
    int32_t source_capacity;
    uint64_t overflowed;
    // scratch for putting a frame together
    struct frame_leaf *frame_leaves;
    uint32_t frame_leaf_capacity;
    struct frame_entry *frame_entries;
    uint32_t frame_entry_capacity;
};

uint32_t tally_partition_of(struct view tenant_id, uint32_t tally_partitions)
{
    return hash_murmur2(tenant_id.p, tenant_id.n) % tally_partitions;
}

enum err tally_create(struct tally **ret_tally, const struct tally_options *options)
{
    ASSURE(options->tally_partitions > 0 && options->max_leaves > 1 &&
            options->max_leaves <= CHUNK_OFFSETS + 1);
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL) {
        return ERR_NO_MEMORY;
    }
    tally->options = *options;
    *ret_tally = tally;
    return ERR_NONE;
}

static void source_destroy(struct tally_source *source)
{
    if (source != NULL) {
        chunk_fini(&source->chunk);
        free(source->topic);
        free(source->dirty_partitions);
        free(source);
    }
}

void tally_destroy(struct tally *tally)
{
    if (tally == NULL) {
        return;
    }
    for (int32_t i = 0; i < tally->source_capacity; i++) {
        source_destroy(tally->sources[i]);
    }
    free(tally->sources);
    free(tally->frame_leaves);
    free(tally->frame_entries);
    free(tally);
}

static enum err tally_make_room(struct tally *tally, int32_t partition)
{
    if (partition < 0 || partition >= SOURCE_MAX) {
        return ERR_CEILING;
    }
    if (partition >= tally->source_capacity) {
        int32_t capacity = partition + 1;
        struct tally_source **grown =
                realloc(tally->sources, (size_t)capacity * sizeof *tally->sources);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        for (int32_t i = tally->source_capacity; i < capacity; i++) {
            grown[i] = NULL;
        }
        tally->sources = grown;
        tally->source_capacity = capacity;
    }
    return ERR_NONE;
}

enum err tally_open(struct tally *tally, struct view topic, int32_t partition, int64_t start_offset,
        int64_t resume_until)
{
    enum err e = tally_make_room(tally, partition);
    if (e != ERR_NONE) {
        return e;
    }
    tally_close(tally, partition);
    struct tally_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return ERR_NO_MEMORY;
    }
    source->topic = view_dup(topic);
    source->topic_bytes = topic.n;
    source->dirty_partitions =
            calloc(tally->options.tally_partitions, sizeof *source->dirty_partitions);
    e = chunk_init(&source->chunk);
    if (source->topic == NULL || source->dirty_partitions == NULL || e != ERR_NONE) {
        source_destroy(source);
        return ERR_NO_MEMORY;
    }
    source->partition = partition;
    source->to_offset = start_offset;
    source->resume_until = resume_until;
    chunk_start(&source->chunk, start_offset >> CHUNK_BITS, start_offset);
    tally->sources[partition] = source;
    return ERR_NONE;
}

void tally_close(struct tally *tally, int32_t partition)
{
    if (partition < tally->source_capacity) {
        source_destroy(tally->sources[partition]);
        tally->sources[partition] = NULL;
    }
}

struct tally_source *tally_find(const struct tally *tally, int32_t partition)
{
    return partition >= 0 && partition < tally->source_capacity ? tally->sources[partition] : NULL;
}

int64_t tally_reached(const struct tally_source *source)
{
    return source->to_offset;
}

bool tally_is_resuming(const struct tally_source *source, int64_t offset)
{
    return offset < source->resume_until;
}

// Makes the scratch arrays large enough for any frame of this source.
static enum err tally_make_scratch(struct tally *tally, const struct chunk *chunk)
{
    if (tally->frame_leaf_capacity < chunk->leaf_capacity) {
        struct frame_leaf *grown =
                realloc(tally->frame_leaves, chunk->leaf_capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        tally->frame_leaves = grown;
        tally->frame_leaf_capacity = chunk->leaf_capacity;
    }
    if (tally->frame_entry_capacity < chunk->entry_capacity) {
        struct frame_entry *grown =
                realloc(tally->frame_entries, chunk->entry_capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        tally->frame_entries = grown;
        tally->frame_entry_capacity = chunk->entry_capacity;
    }
    return ERR_NONE;
}

// Puts the leaves and entries that belong to one tally partition into the frame.
static void tally_fill(struct tally *tally, struct tally_source *source, uint32_t tally_partition,
        struct frame *frame)
{
    struct chunk *chunk = &source->chunk;
    uint32_t candidates = frame->closing ? chunk->leaf_count : chunk->dirty_count;
    for (uint32_t i = 0; i < candidates; i++) {
        struct leaf *leaf = &chunk->leaves[frame->closing ? i : chunk->dirty[i]];
        if (leaf->tally_partition == tally_partition) {
            leaf->frame_index = frame->leaf_count;
            tally->frame_leaves[frame->leaf_count++] = (struct frame_leaf){leaf->key, leaf->counts};
        }
    }
    for (uint32_t i = 0; i < chunk->entry_count; i++) {
        const struct leaf *leaf = &chunk->leaves[chunk->entries[i].leaf];
        if (leaf->tally_partition == tally_partition) {
            struct frame_entry *entry = &tally->frame_entries[frame->entry_count++];
            *entry = chunk->entries[i];
            entry->leaf = leaf->frame_index;
        }
    }
    frame->leaves = tally->frame_leaves;
    frame->entries = tally->frame_entries;
}

// Sends frames and marks everything as told. `everyone`: also to tally partitions without news.
static enum err tally_send(struct tally *tally, struct tally_source *source,
        const struct frame *prototype, bool everyone, const struct frame_taker *taker)
{
    struct chunk *chunk = &source->chunk;
    enum err e = tally_make_scratch(tally, chunk);
    for (uint32_t i = 0; i < tally->options.tally_partitions && e == ERR_NONE; i++) {
        if (everyone || source->dirty_partitions[i]) {
            struct frame frame = *prototype;
            tally_fill(tally, source, i, &frame);
            e = taker->take(taker->self, i, &frame);
            source->dirty_partitions[i] = false;
        }
    }
    chunk_settle(chunk);
    return e;
}

static struct frame source_frame(const struct tally_source *source, int64_t to_offset,
        int64_t judged_at_ms, enum cache_state cache)
{
    return (struct frame){
            .source_topic = {source->topic, source->topic_bytes},
            .source_partition = source->partition,
            .chunk = source->chunk.number,
            .first_offset = source->chunk.first_offset,
            .to_offset = to_offset,
            .judged_at_ms = judged_at_ms,
            .watermark_ms = source->watermark_ms,
            .idle = source->idle,
            .cache = cache,
    };
}

// Adds the totals to a frame: when they are due, and as soon as they say that the cache or the feed
// has broken, or has not.
static bool source_add_totals(struct tally_source *source, struct frame *frame, bool due)
{
    bool has_jumped = totals_have_jumped(&source->chunk.totals);
    bool is_news = frame->cache != source->told_cache || (has_jumped && !source->told_jumped);
    frame->has_totals = due || is_news;
    frame->totals = source->chunk.totals;
    if (frame->has_totals) {
        source->told_cache = frame->cache;
        source->told_jumped = has_jumped;
    }
    return frame->has_totals;
}

// Before an offset of a later chunk: the closing frames (T3), then the new chunk.
static enum err tally_enter_chunk(struct tally *tally, struct tally_source *source, int64_t offset,
        int64_t judged_at_ms, enum cache_state cache, bool totals, const struct frame_taker *taker)
{
    int64_t number = offset >> CHUNK_BITS;
    if (number == source->chunk.number) {
        return ERR_NONE;
    }
    ASSURE(number > source->chunk.number);
    int64_t next_first = number << CHUNK_BITS;
    enum err e = ERR_NONE;
    if (next_first > source->resume_until) { // T5
        struct frame frame = source_frame(source, next_first, judged_at_ms, cache);
        frame.closing = true;
        (void)source_add_totals(source, &frame, totals);
        e = tally_send(tally, source, &frame, true, taker);
    }
    chunk_start(&source->chunk, number, next_first);
    source->to_offset = next_first;
    return e;
}

enum err tally_skip(struct tally *tally, struct tally_source *source, int64_t offset,
        int64_t judged_at_ms, enum cache_state cache, const struct frame_taker *taker)
{
    ASSURE(offset >= source->to_offset);
    enum err e = tally_enter_chunk(tally, source, offset, judged_at_ms, cache, false, taker);
    source->to_offset = offset + 1;
    source->idle = false;
    return e;
}

enum err tally_count(struct tally *tally, struct tally_source *source,
        const struct tally_message *message, int64_t judged_at_ms, enum cache_state cache,
        const struct frame_taker *taker)
{
    enum err e = tally_skip(tally, source, message->offset, judged_at_ms, cache, taker);
    if (e != ERR_NONE) {
        return e;
    }
    struct chunk_counted counted;
    bool makes_entry = !tally_is_resuming(source, message->offset); // T4
    e = chunk_count(&source->chunk, &tally->options, message, makes_entry, &counted);
    if (e != ERR_NONE) {
        return e;
    }
    tally->overflowed += counted.overflowed;
    source->dirty_partitions[counted.tally_partition] = true;
    if (message->ev->occurred_at.ms > source->watermark_ms) {
        source->watermark_ms = message->ev->occurred_at.ms;
    }
    return ERR_NONE;
}

// What the cache is like, while nothing can be counted: no offsets, so that the fold takes nothing of
// it.
static enum err tally_tell_cache(const struct tally *tally, const struct tally_source *source,
        int64_t judged_at_ms, enum cache_state cache, const struct frame_taker *taker)
{
    struct frame frame = source_frame(source, source->chunk.first_offset, judged_at_ms, cache);
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < tally->options.tally_partitions && e == ERR_NONE; i++) {
        e = taker->take(taker->self, i, &frame);
    }
    return e;
}

enum err tally_flush(struct tally *tally, struct tally_source *source, int64_t judged_at_ms,
        enum cache_state cache, bool idle, bool totals, const struct frame_taker *taker)
{
    source->idle = idle;
    if (source->to_offset < source->resume_until ||
            source->to_offset == source->chunk.first_offset) { // T5, or nothing counted yet
        return totals && cache != CACHE_TRUSTED
                       ? tally_tell_cache(tally, source, judged_at_ms, cache, taker)
                       : ERR_NONE;
    }
    if (source->to_offset >> CHUNK_BITS != source->chunk.number) {
        // The chunk is whole: closed now, because a resumption from exactly here would not know of
        // it.
        return tally_enter_chunk(
                tally, source, source->to_offset, judged_at_ms, cache, totals, taker);
    }
    struct frame frame = source_frame(source, source->to_offset, judged_at_ms, cache);
    totals = source_add_totals(source, &frame, totals);
    return tally_send(tally, source, &frame, totals, taker);
}

uint64_t tally_overflowed(const struct tally *tally)
{
    return tally->overflowed;
}
