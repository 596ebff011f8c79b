// Records of the state topic, one after another: any bytes, tombstones, and parts and manifests as
// we write them, in any order. What must hold: a record that is read is keyed as we would key it and
// comes back the same; what the shelf gives out as a state has the digest that its manifest tells;
// what was thrown away is gone.
#include "input.h"
#include "snapshot/snapshot_shelf.h"

#include "common/assure.h"

#define DETECTOR VIEW("d")

enum { RECORD_MAX = 64, PARTITION = 3, ARENA_BYTES = 4 << 20, LOG_END = 200 };

enum operation { OP_ANY, OP_TOMBSTONE, OP_PART, OP_MANIFEST, OP_COUNT };

struct topic {
    struct strbuf keys[RECORD_MAX];
    struct strbuf values[RECORD_MAX];
    bool is_tombstone[RECORD_MAX];
    unsigned count;
};

static struct arena *arena;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL);
    return 0;
}

// --- the topic --------------------------------------------------------------------------------

static void write_part(struct topic *topic, unsigned i, struct view *rest)
{
    struct view id = fuzz_take(rest, 1);
    uint32_t number = fuzz_take_byte(rest) % 4;
    struct view state = fuzz_take(rest, fuzz_take_byte(rest));
    if (id.n > 0) {
        snapshot_add_part_key(&topic->keys[i], id, number);
        ASSURE(snapshot_encode_part(&topic->values[i], id, number, state) == ERR_NONE);
    }
}

// Of the next bytes as if they were the whole state.
static void write_manifest(struct topic *topic, unsigned i, struct view *rest)
{
    struct view id = fuzz_take(rest, 1);
    struct snapshot_manifest manifest = {
            .snapshot_id = id,
            .tally_partition = PARTITION,
            .next_offset = fuzz_take_byte(rest),
            .parts = fuzz_take_byte(rest) % 4 + 1u,
            .detector_version = DETECTOR,
            .policy_version = VIEW("p"),
    };
    manifest.state_bytes = (uint64_t)manifest.parts * SNAPSHOT_PART_BYTES;
    digest_sha256(fuzz_take(rest, fuzz_take_byte(rest)), manifest.sha256);
    if (id.n > 0) {
        snapshot_add_manifest_key(&topic->keys[i], id);
        ASSURE(snapshot_encode_manifest(&topic->values[i], &manifest, arena) == ERR_NONE);
    }
}

static void write_record(struct topic *topic, struct view *rest)
{
    unsigned i = topic->count++;
    strbuf_init(&topic->keys[i], ARENA_BYTES);
    strbuf_init(&topic->values[i], ARENA_BYTES);
    enum operation operation = (enum operation)(fuzz_take_byte(rest) % OP_COUNT);
    topic->is_tombstone[i] = operation == OP_TOMBSTONE;
    switch (operation) {
    case OP_ANY:
        strbuf_add_view(&topic->keys[i], fuzz_take(rest, fuzz_take_byte(rest)));
        strbuf_add_view(&topic->values[i], fuzz_take(rest, fuzz_take_be16(rest)));
        break;
    case OP_TOMBSTONE:
        strbuf_add_view(&topic->keys[i], fuzz_take(rest, fuzz_take_byte(rest)));
        break;
    case OP_PART:
        write_part(topic, i, rest);
        break;
    case OP_MANIFEST:
    case OP_COUNT:
        write_manifest(topic, i, rest);
        break;
    }
}

static struct view key_of(const struct topic *topic, unsigned i)
{
    return strbuf_view(&topic->keys[i]);
}

static struct view value_of(const struct topic *topic, unsigned i)
{
    return topic->is_tombstone[i] ? VIEW_NONE : strbuf_view(&topic->values[i]);
}

// --- one record -------------------------------------------------------------------------------

static void check_manifest(const struct snapshot_manifest *a, const struct snapshot_manifest *b)
{
    ASSURE(view_equal(a->snapshot_id, b->snapshot_id) && a->tally_partition == b->tally_partition);
    ASSURE(a->next_offset == b->next_offset && a->next_offset >= 0);
    ASSURE(a->parts == b->parts && a->parts >= 1 && a->parts <= SNAPSHOT_PARTS_MAX);
    ASSURE(a->state_bytes == b->state_bytes);
    ASSURE(a->state_bytes <= (uint64_t)a->parts * SNAPSHOT_PART_BYTES);
    ASSURE(memcmp(a->sha256, b->sha256, SHA256_BYTES) == 0 && a->log_time_ms == b->log_time_ms);
    ASSURE(view_equal(a->detector_version, b->detector_version));
    ASSURE(view_equal(a->policy_version, b->policy_version));
}

static void check_written_again(const struct snapshot_record *record)
{
    struct strbuf key;
    struct strbuf value;
    strbuf_init(&key, ARENA_BYTES);
    strbuf_init(&value, ARENA_BYTES);
    if (record->kind == SNAPSHOT_MANIFEST) {
        snapshot_add_manifest_key(&key, record->snapshot_id);
        ASSURE(snapshot_encode_manifest(&value, &record->manifest, arena) == ERR_NONE);
    } else {
        snapshot_add_part_key(&key, record->snapshot_id, record->number);
        ASSURE(snapshot_encode_part(&value, record->snapshot_id, record->number, record->state) ==
                ERR_NONE);
    }
    struct snapshot_record back;
    const char *why;
    ASSURE(snapshot_decode(strbuf_view(&key), strbuf_view(&value), arena, &back, &why) == ERR_NONE);
    ASSURE(back.kind == record->kind && view_equal(back.snapshot_id, record->snapshot_id));
    if (record->kind == SNAPSHOT_MANIFEST) {
        check_manifest(&record->manifest, &back.manifest);
    } else {
        ASSURE(back.number == record->number && view_equal(back.state, record->state));
    }
    strbuf_fini(&key);
    strbuf_fini(&value);
}

static void check_record(struct view key_bytes, struct view value_bytes)
{
    struct view key = fuzz_copy(key_bytes);
    struct view value = view_is_none(value_bytes) ? VIEW_NONE : fuzz_copy(value_bytes);
    struct snapshot_record record;
    const char *why;
    arena_reset(arena);
    enum err e = snapshot_decode(key, value, arena, &record, &why);
    ASSURE((e == ERR_NONE) == (why == NULL) && (e == ERR_NONE || e == ERR_DATA));
    if (e == ERR_NONE) {
        struct strbuf written;
        strbuf_init(&written, ARENA_BYTES);
        if (record.is_manifest) {
            snapshot_add_manifest_key(&written, record.snapshot_id);
        } else {
            snapshot_add_part_key(&written, record.snapshot_id, record.number);
        }
        ASSURE(view_equal(strbuf_view(&written), key));
        ASSURE((record.kind == SNAPSHOT_TOMBSTONE) == view_is_none(value));
        strbuf_fini(&written);
    }
    if (e == ERR_NONE && record.kind != SNAPSHOT_TOMBSTONE) {
        check_written_again(&record);
    }
    fuzz_free(key);
    if (!view_is_none(value)) {
        fuzz_free(value);
    }
}

// --- the shelf --------------------------------------------------------------------------------

static void check_chosen(
        struct shelf *shelf, const struct topic *topic, const struct snapshot_manifest *manifest)
{
    int64_t first = shelf_first_offset(shelf);
    ASSURE(first >= 0 && first < topic->count);
    for (unsigned i = (unsigned)first; i < topic->count && !shelf_is_whole(shelf); i++) {
        shelf_collect(shelf, key_of(topic, i), value_of(topic, i));
    }
    struct view state;
    const char *why;
    enum err e = shelf_state(shelf, &state, &why);
    if (e == ERR_NONE) {
        uint8_t sha256[SHA256_BYTES];
        digest_sha256(state, sha256);
        ASSURE(memcmp(sha256, manifest->sha256, sizeof sha256) == 0);
    } else {
        ASSURE(e == ERR_DATA && why != NULL && view_is_none(state));
    }
}

static enum err sweep(void *self, struct view key)
{
    shelf_see(self, RECORD_MAX, key, VIEW_NONE);
    return ERR_NONE;
}

static enum err find_nothing(void *self, struct view key)
{
    (void)self;
    (void)key;
    return ERR_INTERNAL;
}

static void check_shelf(const struct topic *topic)
{
    struct shelf *shelf;
    ASSURE(shelf_create(&shelf, DETECTOR, PARTITION) == ERR_NONE);
    for (unsigned i = 0; i < topic->count; i++) {
        shelf_see(shelf, i, key_of(topic, i), value_of(topic, i));
    }
    int64_t newest = LOG_END;
    const struct snapshot_manifest *manifest;
    while ((manifest = shelf_choose(shelf, LOG_END)) != NULL) {
        ASSURE(manifest->next_offset <= newest);
        newest = manifest->next_offset;
        check_chosen(shelf, topic, manifest);
    }
    ASSURE(shelf_each_outdated(shelf, sweep, shelf) == ERR_NONE);
    ASSURE(shelf_each_outdated(shelf, find_nothing, shelf) == ERR_NONE);
    shelf_destroy(shelf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct topic topic = {.count = 0};
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    arena_reset(arena);
    while (rest.n > 0 && topic.count < RECORD_MAX) {
        write_record(&topic, &rest);
    }
    for (unsigned i = 0; i < topic.count; i++) {
        check_record(key_of(&topic, i), value_of(&topic, i));
    }
    check_shelf(&topic);
    for (unsigned i = 0; i < topic.count; i++) {
        strbuf_fini(&topic.keys[i]);
        strbuf_fini(&topic.values[i]);
    }
    return 0;
}
