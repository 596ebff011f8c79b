#include "run/snapshot_writer.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/failpoint.h"
#include "common/log.h"

enum {
    IN_FLIGHT_MAX = 8, // parts; the producer's queue is not theirs alone
    ARENA_BYTES = 64 * 1024,
};

enum writer_phase { PHASE_RESTING, PHASE_HELD_BACK, PHASE_PARTS, PHASE_MANIFEST };

struct snapshot_writer {
    struct snapshot_writer_options options;
    char instance[SNAPSHOT_ID_BYTES_MAX];
    enum writer_phase phase;
    struct snapshot_manifest manifest;
    struct strbuf id;
    struct strbuf state;
    struct strbuf key;
    struct strbuf value;
    struct arena *arena;
    uint32_t parts_sent;
    uint32_t in_flight;
    bool has_failed;
    struct shelf *shelf; // during a step
    uint64_t begun;
    uint64_t finished;
};

enum err snapshot_writer_create(
        struct snapshot_writer **ret_writer, const struct snapshot_writer_options *options)
{
    struct snapshot_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return ERR_NO_MEMORY;
    }
    writer->options = *options;
    writer->options.instance = VIEW_NONE;
    size_t n = options->instance.n;
    n = n < sizeof writer->instance / 2 ? n : sizeof writer->instance / 2;
    memcpy(writer->instance, options->instance.p, n);
    strbuf_init(&writer->id, SNAPSHOT_ID_BYTES_MAX);
    strbuf_init(&writer->state, (size_t)SNAPSHOT_PARTS_MAX * SNAPSHOT_PART_BYTES);
    strbuf_init(&writer->key, 2 * SNAPSHOT_ID_BYTES_MAX);
    strbuf_init(&writer->value, 2 * SNAPSHOT_PART_BYTES);
    writer->arena = arena_create(ARENA_BYTES);
    if (writer->arena == NULL) {
        snapshot_writer_destroy(writer);
        return ERR_NO_MEMORY;
    }
    *ret_writer = writer;
    return ERR_NONE;
}

void snapshot_writer_destroy(struct snapshot_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    strbuf_fini(&writer->id);
    strbuf_fini(&writer->state);
    strbuf_fini(&writer->key);
    strbuf_fini(&writer->value);
    arena_destroy(writer->arena);
    free(writer);
}

bool snapshot_writer_is_resting(const struct snapshot_writer *writer)
{
    return writer->phase == PHASE_RESTING && writer->in_flight == 0;
}

uint64_t snapshot_writer_finished(const struct snapshot_writer *writer)
{
    return writer->finished;
}

struct strbuf *snapshot_writer_begin(struct snapshot_writer *writer)
{
    ASSURE(snapshot_writer_is_resting(writer));
    strbuf_reset(&writer->state);
    return &writer->state;
}

enum err snapshot_writer_go(
        struct snapshot_writer *writer, const struct snapshot_manifest *manifest)
{
    struct view state = strbuf_view(&writer->state);
    if (writer->state.failed != ERR_NONE) {
        return writer->state.failed;
    }
    strbuf_reset(&writer->id);
    strbuf_printf(&writer->id, "%d-%lld-%s-%llu", manifest->tally_partition,
            (long long)manifest->next_offset, writer->instance,
            (unsigned long long)++writer->begun);
    writer->manifest = *manifest;
    writer->manifest.snapshot_id = strbuf_view(&writer->id);
    writer->manifest.parts = snapshot_parts(state.n);
    writer->manifest.state_bytes = state.n;
    digest_sha256(state, writer->manifest.sha256);
    writer->parts_sent = 0;
    writer->has_failed = false;
    writer->phase = PHASE_HELD_BACK;
    return writer->id.failed;
}

// --- sending ----------------------------------------------------------------------------------

static enum err send(struct snapshot_writer *writer, struct view key, struct view value)
{
    const struct record record = {
            .topic = OUT_DETECTOR_STATE,
            .partition = writer->options.tally_partition,
            .key = key,
            .value = value,
            .ticket = writer,
    };
    writer->in_flight++; // its report may come before send returns
    enum err e = kafka_producer_send(writer->options.producer, &record);
    if (e != ERR_NONE) {
        writer->in_flight--;
        return e;
    }
    // As the topic will have it, behind all that was read of it.
    shelf_see(writer->shelf, INT64_MAX / 2 + (int64_t)writer->begun, key, value);
    return ERR_NONE;
}

static enum err send_part(struct snapshot_writer *writer)
{
    uint32_t number = writer->parts_sent;
    struct view part = snapshot_part(strbuf_view(&writer->state), number);
    strbuf_reset(&writer->key);
    strbuf_reset(&writer->value);
    snapshot_add_part_key(&writer->key, writer->manifest.snapshot_id, number);
    enum err e = snapshot_encode_part(&writer->value, writer->manifest.snapshot_id, number, part);
    e = e != ERR_NONE ? e : send(writer, strbuf_view(&writer->key), strbuf_view(&writer->value));
    writer->parts_sent += e == ERR_NONE ? 1 : 0;
    failpoint("snapshot.sent_a_part");
    return e;
}

static enum err send_manifest(struct snapshot_writer *writer)
{
    arena_reset(writer->arena);
    strbuf_reset(&writer->key);
    strbuf_reset(&writer->value);
    snapshot_add_manifest_key(&writer->key, writer->manifest.snapshot_id);
    enum err e = snapshot_encode_manifest(&writer->value, &writer->manifest, writer->arena);
    return e != ERR_NONE ? e : send(writer, strbuf_view(&writer->key), strbuf_view(&writer->value));
}

static enum err send_tombstone(void *self, struct view key)
{
    return send(self, key, VIEW_NONE);
}

void snapshot_writer_break_off(struct snapshot_writer *writer)
{
    writer->phase = PHASE_RESTING;
    // It may be as large as the line itself, and is not needed until the next one.
    strbuf_fini(&writer->state);
    strbuf_init(&writer->state, (size_t)SNAPSHOT_PARTS_MAX * SNAPSHOT_PART_BYTES);
}

static void finish(struct snapshot_writer *writer)
{
    writer->finished++;
    snapshot_writer_break_off(writer); // it is all there
    failpoint("snapshot.manifest_is_acknowledged");
    // A tombstone that is not sent now is sent behind the next snapshot.
    enum err e = shelf_each_outdated(writer->shelf, send_tombstone, writer);
    failpoint("snapshot.sent_tombstones");
    if (e != ERR_NONE) {
        log_warn("snapshot", "tally partition %d: old snapshots stay for now: %s",
                writer->options.tally_partition, err_text(e));
    }
}

void snapshot_writer_step(struct snapshot_writer *writer, struct shelf *shelf, int64_t settled)
{
    writer->shelf = shelf;
    enum err e = ERR_NONE;
    if (writer->phase == PHASE_HELD_BACK && settled >= writer->manifest.next_offset) {
        writer->phase = PHASE_PARTS;
    }
    if (writer->phase == PHASE_PARTS && !writer->has_failed) {
        while (e == ERR_NONE && writer->parts_sent < writer->manifest.parts &&
                writer->in_flight < IN_FLIGHT_MAX) {
            e = send_part(writer);
        }
        if (e == ERR_NONE && writer->parts_sent == writer->manifest.parts &&
                writer->in_flight == 0) {
            failpoint("snapshot.parts_are_acknowledged");
            e = send_manifest(writer);
            failpoint("snapshot.sent_a_manifest");
            writer->phase = e == ERR_NONE ? PHASE_MANIFEST : writer->phase;
        }
    }
    // A full queue is no trouble: the rest goes another time.
    bool is_hopeless = e != ERR_NONE && e != ERR_UNAVAILABLE;
    if (is_hopeless || (writer->has_failed && writer->in_flight == 0)) {
        log_warn("snapshot",
                "tally partition %d: snapshot %.*s is broken off; the one before holds",
                writer->options.tally_partition, VIEW_ARGS(writer->manifest.snapshot_id));
        snapshot_writer_break_off(writer);
    } else if (writer->phase == PHASE_MANIFEST && writer->in_flight == 0) {
        finish(writer);
    }
}

void snapshot_writer_reported(struct snapshot_writer *writer, enum err err)
{
    ASSURE(writer->in_flight > 0);
    writer->in_flight--;
    writer->has_failed = writer->has_failed || err != ERR_NONE;
}
