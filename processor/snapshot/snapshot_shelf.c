#include "snapshot/snapshot_shelf.h"

#include <stdlib.h>

#include "common/assure.h"

enum {
    SHELF_MAX = 64, // snapshots that are known at a time; the one heard of last longest ago goes
    SHELF_KEPT = 2, // whole ones that are never outdated
    SHELF_TEXT_MAX = 256, // of a version
};

struct shelf_item {
    char id[SNAPSHOT_ID_BYTES_MAX + 1];
    int64_t first_offset; // of its first record in the topic
    int64_t last_offset;
    uint32_t part_end; // one above the highest part seen
    bool has_manifest;
    bool is_of_ours; // its manifest is of our partition and detector
    bool tried;
    struct snapshot_manifest manifest; // snapshot_id is `id`; no versions
};

struct shelf {
    char detector_version[SHELF_TEXT_MAX];
    int32_t tally_partition;
    struct shelf_item items[SHELF_MAX];
    unsigned item_count;
    uint64_t unreadable;
    struct arena *arena;
    // of the chosen one
    struct shelf_item *chosen; // NULL = none
    struct strbuf state;
    uint32_t parts_taken;
};

enum err shelf_create(
        struct shelf **ret_shelf, struct view detector_version, int32_t tally_partition)
{
    ASSURE(detector_version.n < SHELF_TEXT_MAX);
    struct shelf *shelf = calloc(1, sizeof *shelf);
    if (shelf == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(shelf->detector_version, detector_version.p, detector_version.n);
    shelf->tally_partition = tally_partition;
    shelf->arena = arena_create(4 * SNAPSHOT_PART_BYTES);
    strbuf_init(&shelf->state, (size_t)SNAPSHOT_PARTS_MAX * SNAPSHOT_PART_BYTES);
    if (shelf->arena == NULL) {
        shelf_destroy(shelf);
        return ERR_NO_MEMORY;
    }
    *ret_shelf = shelf;
    return ERR_NONE;
}

void shelf_destroy(struct shelf *shelf)
{
    if (shelf != NULL) {
        arena_destroy(shelf->arena);
        strbuf_fini(&shelf->state);
        free(shelf);
    }
}

uint64_t shelf_unreadable(const struct shelf *shelf)
{
    return shelf->unreadable;
}

// --- what there is ----------------------------------------------------------------------------

static struct shelf_item *item_find(struct shelf *shelf, struct view id)
{
    for (unsigned i = 0; i < shelf->item_count; i++) {
        if (view_is(id, shelf->items[i].id)) {
            return &shelf->items[i];
        }
    }
    return NULL;
}

static void item_drop(struct shelf *shelf, struct shelf_item *item)
{
    *item = shelf->items[--shelf->item_count];
    shelf->chosen = NULL;
}

static struct shelf_item *item_begin(struct shelf *shelf, struct view id, int64_t offset)
{
    if (shelf->item_count == SHELF_MAX) {
        struct shelf_item *oldest = &shelf->items[0];
        for (unsigned i = 1; i < SHELF_MAX; i++) {
            struct shelf_item *other = &shelf->items[i];
            oldest = other->last_offset < oldest->last_offset ? other : oldest;
        }
        item_drop(shelf, oldest);
    }
    struct shelf_item *item = &shelf->items[shelf->item_count++];
    *item = (struct shelf_item){.first_offset = offset};
    memcpy(item->id, id.p, id.n);
    return item;
}

static void manifest_seen(
        struct shelf *shelf, struct shelf_item *item, const struct snapshot_manifest *manifest)
{
    item->has_manifest = true;
    item->is_of_ours = view_is(manifest->detector_version, shelf->detector_version) &&
                       manifest->tally_partition == shelf->tally_partition;
    item->manifest = *manifest;
    item->manifest.detector_version = VIEW_NONE; // were borrowed
    item->manifest.policy_version = VIEW_NONE;
}

void shelf_see(struct shelf *shelf, int64_t offset, struct view key, struct view value)
{
    arena_reset(shelf->arena);
    struct snapshot_record record;
    const char *why;
    if (snapshot_decode(key, value, shelf->arena, &record, &why) != ERR_NONE) {
        shelf->unreadable++;
        return;
    }
    struct shelf_item *item = item_find(shelf, record.snapshot_id);
    if (record.kind == SNAPSHOT_TOMBSTONE) {
        if (item != NULL && record.is_manifest) {
            item_drop(shelf, item);
        }
        return;
    }
    if (item == NULL) {
        item = item_begin(shelf, record.snapshot_id, offset);
    }
    item->last_offset = offset;
    if (record.kind == SNAPSHOT_MANIFEST) {
        manifest_seen(shelf, item, &record.manifest);
    } else if (record.number >= item->part_end) {
        item->part_end = record.number + 1;
    }
}

// --- the newest -------------------------------------------------------------------------------

// How far a snapshot goes, over all logs that the tally topic has had.
static int64_t reach_of(const struct shelf_item *item)
{
    return item->manifest.sequence_base + item->manifest.next_offset;
}

static bool is_newer(const struct shelf_item *a, const struct shelf_item *b)
{
    return reach_of(a) != reach_of(b) ? reach_of(a) > reach_of(b) : a->last_offset > b->last_offset;
}

// The base of the last of these logs.
static int64_t last_base(const struct shelf *shelf)
{
    int64_t base = 0;
    for (unsigned i = 0; i < shelf->item_count; i++) {
        const struct shelf_item *item = &shelf->items[i];
        bool counts = item->is_of_ours && item->manifest.sequence_base > base;
        base = counts ? item->manifest.sequence_base : base;
    }
    return base;
}

int64_t shelf_reach(const struct shelf *shelf)
{
    int64_t reach = 0;
    for (unsigned i = 0; i < shelf->item_count; i++) {
        const struct shelf_item *item = &shelf->items[i];
        reach = item->is_of_ours && reach_of(item) > reach ? reach_of(item) : reach;
    }
    return reach;
}

const struct snapshot_manifest *shelf_choose(struct shelf *shelf, int64_t max_next_offset)
{
    shelf->chosen = NULL;
    strbuf_reset(&shelf->state);
    shelf->parts_taken = 0;
    int64_t base = last_base(shelf);
    for (unsigned i = 0; i < shelf->item_count; i++) {
        struct shelf_item *item = &shelf->items[i];
        bool can_be = item->is_of_ours && !item->tried && item->manifest.sequence_base == base &&
                      item->manifest.next_offset <= max_next_offset;
        if (can_be && (shelf->chosen == NULL || is_newer(item, shelf->chosen))) {
            shelf->chosen = item;
        }
    }
    if (shelf->chosen == NULL) {
        return NULL;
    }
    shelf->chosen->tried = true;
    shelf->chosen->manifest.snapshot_id = view_of(shelf->chosen->id);
    return &shelf->chosen->manifest;
}

int64_t shelf_first_offset(const struct shelf *shelf)
{
    ASSURE(shelf->chosen != NULL);
    return shelf->chosen->first_offset;
}

void shelf_collect(struct shelf *shelf, struct view key, struct view value)
{
    ASSURE(shelf->chosen != NULL);
    arena_reset(shelf->arena);
    struct snapshot_record record;
    const char *why;
    bool is_next = snapshot_decode(key, value, shelf->arena, &record, &why) == ERR_NONE &&
                   record.kind == SNAPSHOT_PART && view_is(record.snapshot_id, shelf->chosen->id) &&
                   record.number == shelf->parts_taken;
    if (is_next) {
        strbuf_add_view(&shelf->state, record.state);
        shelf->parts_taken++;
    }
}

bool shelf_is_whole(const struct shelf *shelf)
{
    return shelf->chosen != NULL && shelf->parts_taken == shelf->chosen->manifest.parts;
}

enum err shelf_state(struct shelf *shelf, struct view *ret_state, const char **ret_why)
{
    *ret_state = VIEW_NONE;
    *ret_why = NULL;
    if (shelf->state.failed != ERR_NONE) {
        return shelf->state.failed;
    }
    if (!shelf_is_whole(shelf)) {
        *ret_why = "parts of it are missing";
        return ERR_DATA;
    }
    struct view state = strbuf_view(&shelf->state);
    uint8_t sha256[SHA256_BYTES];
    digest_sha256(state, sha256);
    if (memcmp(sha256, shelf->chosen->manifest.sha256, sizeof sha256) != 0) {
        *ret_why = "it is not what was written";
        return ERR_DATA;
    }
    *ret_state = state;
    return ERR_NONE;
}

void shelf_let_go(struct shelf *shelf)
{
    shelf->chosen = NULL;
    shelf->parts_taken = 0;
    strbuf_fini(&shelf->state);
    strbuf_init(&shelf->state, (size_t)SNAPSHOT_PARTS_MAX * SNAPSHOT_PART_BYTES);
}

// --- what can go ------------------------------------------------------------------------------

static bool is_outdated(const struct shelf *shelf, const struct shelf_item *item)
{
    unsigned newer = 0;
    for (unsigned i = 0; i < shelf->item_count; i++) {
        const struct shelf_item *other = &shelf->items[i];
        if (other != item && other->has_manifest) {
            newer += item->has_manifest ? is_newer(other, item)
                                        : other->first_offset > item->last_offset;
        }
    }
    return newer >= SHELF_KEPT;
}

enum err shelf_each_outdated(
        struct shelf *shelf, enum err (*take)(void *self, struct view key), void *self)
{
    struct strbuf key;
    strbuf_init(&key, 2 * SNAPSHOT_ID_BYTES_MAX);
    enum err e = ERR_NONE;
    // From behind: seeing the tombstones takes the item away, and puts the last one in its place.
    for (unsigned i = shelf->item_count; i-- > 0 && e == ERR_NONE;) {
        struct shelf_item *item = &shelf->items[i];
        if (!is_outdated(shelf, item)) {
            continue;
        }
        for (uint32_t part = 0; part < item->part_end && e == ERR_NONE; part++) {
            strbuf_reset(&key);
            snapshot_add_part_key(&key, view_of(item->id), part);
            e = key.failed != ERR_NONE ? key.failed : take(self, strbuf_view(&key));
        }
        // The manifest goes last: until then somebody will look for the parts, here too.
        strbuf_reset(&key);
        snapshot_add_manifest_key(&key, view_of(item->id));
        e = e != ERR_NONE ? e : key.failed != ERR_NONE ? key.failed : take(self, strbuf_view(&key));
    }
    strbuf_fini(&key);
    return e;
}
