#include "snapshot/snapshot_record.h"

#include "detector_state.pb-c.h"

typedef Wrongnumber__V1__DetectorState pb_record;
typedef Wrongnumber__V1__SnapshotPart pb_part;
typedef Wrongnumber__V1__SnapshotManifest pb_manifest;

#define MANIFEST_WORD VIEW("manifest")

uint32_t snapshot_parts(uint64_t state_bytes)
{
    return state_bytes == 0 ? 1 : (uint32_t)((state_bytes - 1) / SNAPSHOT_PART_BYTES + 1);
}

struct view snapshot_part(struct view state, uint32_t number)
{
    size_t from = (size_t)number * SNAPSHOT_PART_BYTES;
    if (from >= state.n) {
        return view_bytes("", 0);
    }
    struct view rest = view_skip(state, from);
    return view_bytes(rest.p, rest.n < SNAPSHOT_PART_BYTES ? rest.n : SNAPSHOT_PART_BYTES);
}

void snapshot_add_part_key(struct strbuf *sb, struct view snapshot_id, uint32_t number)
{
    strbuf_add_view(sb, snapshot_id);
    strbuf_add_byte(sb, '/');
    strbuf_add_u64(sb, number);
}

void snapshot_add_manifest_key(struct strbuf *sb, struct view snapshot_id)
{
    strbuf_add_view(sb, snapshot_id);
    strbuf_add_byte(sb, '/');
    strbuf_add_view(sb, MANIFEST_WORD);
}

// --- encoding ---------------------------------------------------------------------------------

static enum err add_packed(struct strbuf *sb, const pb_record *pb)
{
    size_t bytes = wrongnumber__v1__detector_state__get_packed_size(pb);
    char *room = strbuf_room(sb, bytes);
    if (room == NULL) {
        return sb->failed;
    }
    strbuf_grown(sb, wrongnumber__v1__detector_state__pack(pb, (uint8_t *)room));
    return ERR_NONE;
}

static ProtobufCBinaryData bytes_of(const void *p, size_t n)
{
    // packing reads only; protobuf-c has no const
    union {
        const void *given;
        uint8_t *wanted;
    } pointer = {.given = p};
    return (ProtobufCBinaryData){.len = n, .data = pointer.wanted};
}

static char *text_of(struct arena *arena, struct view text)
{
    char *copy = arena_take(arena, text.n + 1);
    if (copy != NULL) {
        memcpy(copy, text.n > 0 ? text.p : "", text.n);
        copy[text.n] = '\0';
    }
    return copy;
}

enum err snapshot_encode_part(
        struct strbuf *sb, struct view snapshot_id, uint32_t number, struct view state)
{
    if (snapshot_id.n == 0 || snapshot_id.n > SNAPSHOT_ID_BYTES_MAX) {
        return ERR_DATA;
    }
    char id[SNAPSHOT_ID_BYTES_MAX + 1] = {0};
    memcpy(id, snapshot_id.p, snapshot_id.n);
    pb_part part;
    wrongnumber__v1__snapshot_part__init(&part);
    part.snapshot_id = id;
    part.number = number;
    part.state = bytes_of(state.p, state.n);
    pb_record record;
    wrongnumber__v1__detector_state__init(&record);
    record.record_case = WRONGNUMBER__V1__DETECTOR_STATE__RECORD_PART;
    record.part = &part;
    return add_packed(sb, &record);
}

enum err snapshot_encode_manifest(
        struct strbuf *sb, const struct snapshot_manifest *manifest, struct arena *arena)
{
    pb_manifest pb;
    wrongnumber__v1__snapshot_manifest__init(&pb);
    pb.version = SNAPSHOT_VERSION;
    pb.snapshot_id = text_of(arena, manifest->snapshot_id);
    pb.tally_partition = manifest->tally_partition;
    pb.next_offset = manifest->next_offset;
    pb.parts = manifest->parts;
    pb.state_bytes = manifest->state_bytes;
    pb.state_sha256 = bytes_of(manifest->sha256, sizeof manifest->sha256);
    pb.detector_version = text_of(arena, manifest->detector_version);
    pb.policy_version = text_of(arena, manifest->policy_version);
    pb.log_time = manifest->log_time_ms;
    pb.tally_partitions = manifest->tally_partitions;
    pb.sequence_base = manifest->sequence_base;
    if (pb.snapshot_id == NULL || pb.detector_version == NULL || pb.policy_version == NULL) {
        return ERR_NO_MEMORY;
    }
    pb_record record;
    wrongnumber__v1__detector_state__init(&record);
    record.record_case = WRONGNUMBER__V1__DETECTOR_STATE__RECORD_MANIFEST;
    record.manifest = &pb;
    return add_packed(sb, &record);
}

// --- decoding ---------------------------------------------------------------------------------

static void *take(void *arena, size_t bytes)
{
    return arena_take(arena, bytes);
}

static void give(void *arena, void *p)
{
    (void)arena; // goes with the arena
    (void)p;
}

// A part's number, or that the key is the manifest's.
static const char *key_in(struct view key, struct snapshot_record *ret_record)
{
    const char *slash = key.n > 0 ? memrchr(key.p, '/', key.n) : NULL;
    size_t id_bytes = slash == NULL ? 0 : (size_t)(slash - key.p);
    if (id_bytes == 0 || id_bytes > SNAPSHOT_ID_BYTES_MAX) {
        return "its key is not a snapshot's";
    }
    ret_record->snapshot_id = view_bytes(key.p, id_bytes);
    struct view word = view_skip(key, id_bytes + 1);
    ret_record->is_manifest = view_equal(word, MANIFEST_WORD);
    if (ret_record->is_manifest) {
        return NULL;
    }
    // One way to write a number, so that what is thrown away by its number is thrown away.
    if (word.n > 1 && word.p[0] == '0') {
        return "its key names no part";
    }
    uint32_t number = 0;
    for (size_t i = 0; i < word.n; i++) {
        bool is_digit = word.p[i] >= '0' && word.p[i] <= '9';
        number = is_digit ? number * 10 + (uint32_t)(word.p[i] - '0') : SNAPSHOT_PARTS_MAX;
        if (number >= SNAPSHOT_PARTS_MAX) {
            return "its key names no part";
        }
    }
    ret_record->number = number;
    return word.n > 0 ? NULL : "its key names no part";
}

static const char *part_in(const pb_part *pb, struct snapshot_record *ret_record)
{
    if (ret_record->is_manifest || pb->number != ret_record->number ||
            !view_is(ret_record->snapshot_id, pb->snapshot_id)) {
        return "it is keyed as something else";
    }
    ret_record->kind = SNAPSHOT_PART;
    ret_record->state = view_bytes(pb->state.len > 0 ? (char *)pb->state.data : "", pb->state.len);
    return NULL;
}

static const char *manifest_in(const pb_manifest *pb, struct snapshot_record *ret_record)
{
    if (!ret_record->is_manifest || !view_is(ret_record->snapshot_id, pb->snapshot_id)) {
        return "it is keyed as something else";
    }
    if (pb->version != SNAPSHOT_VERSION) {
        return "its version is not known";
    }
    if (pb->next_offset < 0 || pb->parts == 0 || pb->parts > SNAPSHOT_PARTS_MAX ||
            pb->state_bytes > (uint64_t)SNAPSHOT_PARTS_MAX * SNAPSHOT_PART_BYTES ||
            pb->parts != snapshot_parts(pb->state_bytes) || pb->state_sha256.len != SHA256_BYTES) {
        return "its manifest contradicts itself";
    }
    ret_record->kind = SNAPSHOT_MANIFEST;
    ret_record->manifest = (struct snapshot_manifest){
            .snapshot_id = ret_record->snapshot_id,
            .tally_partition = pb->tally_partition,
            .next_offset = pb->next_offset,
            .parts = pb->parts,
            .state_bytes = pb->state_bytes,
            .detector_version = view_of(pb->detector_version),
            .policy_version = view_of(pb->policy_version),
            .log_time_ms = pb->log_time,
            .tally_partitions = pb->tally_partitions,
            .sequence_base = pb->sequence_base,
    };
    memcpy(ret_record->manifest.sha256, pb->state_sha256.data, SHA256_BYTES);
    return NULL;
}

enum err snapshot_decode(struct view key, struct view value, struct arena *arena,
        struct snapshot_record *ret_record, const char **ret_why)
{
    *ret_record = (struct snapshot_record){.kind = SNAPSHOT_TOMBSTONE};
    *ret_why = key_in(key, ret_record);
    if (*ret_why != NULL || view_is_none(value)) {
        return *ret_why != NULL ? ERR_DATA : ERR_NONE;
    }
    ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = arena};
    const pb_record *pb =
            wrongnumber__v1__detector_state__unpack(&allocator, value.n, (const uint8_t *)value.p);
    if (pb == NULL) {
        *ret_why = "it is not protobuf";
    } else if (pb->record_case == WRONGNUMBER__V1__DETECTOR_STATE__RECORD_PART) {
        *ret_why = part_in(pb->part, ret_record);
    } else if (pb->record_case == WRONGNUMBER__V1__DETECTOR_STATE__RECORD_MANIFEST) {
        *ret_why = manifest_in(pb->manifest, ret_record);
    } else {
        *ret_why = "it is neither part nor manifest";
    }
    return *ret_why != NULL ? ERR_DATA : ERR_NONE;
}
