#include "bench/healthy_frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

enum {
    SOURCE_MAX = 64,
    FRAME_OFFSETS_MAX = 2000,
    LEAF_MAX = CHUNK_OFFSETS,
    ID_BYTES = 24,
    NO_LEAF = -1,
    ALL_SENDERS = HEALTHY_ALL_VENDORS * HEALTHY_SENDERS,
    ALL_TEMPLATES = HEALTHY_TENANTS * HEALTHY_TEMPLATES,
};

// What the last judged message of a scope was, if this chunk had one.
struct last {
    int64_t chunk; // the one that it is of; -1 = none yet
    bool misdirected;
};

struct leaf {
    uint64_t campaign;
    char campaign_id[ID_BYTES];
    uint32_t slot;
    uint32_t sender;
    uint32_t template_;
    struct leaf_counts counts;
    struct last last;
    int32_t in_frame; // index among the frame's leaves; NO_LEAF
};

struct source {
    int64_t offset; // the next
    struct leaf leaves[LEAF_MAX];
    uint32_t leaf_count;
    int32_t of_slot[HEALTHY_ALL_SLOTS]; // the leaf of the slot's last campaign; NO_LEAF
    struct last templates[ALL_TEMPLATES];
    struct last senders[ALL_SENDERS];
    struct last vendors[HEALTHY_ALL_VENDORS];
    struct last tenants[HEALTHY_TENANTS];
};

struct healthy_frames {
    struct healthy_world *world;
    struct source *sources;
    uint32_t source_count;
    uint64_t frame_count;
    char tenant_ids[HEALTHY_TENANTS][ID_BYTES];
    char vendor_ids[HEALTHY_ALL_VENDORS][ID_BYTES];
    char sender_ids[ALL_SENDERS][ID_BYTES];
    char template_ids[ALL_TEMPLATES][ID_BYTES];
    // of the frame
    struct frame_leaf leaves[LEAF_MAX];
    uint32_t listed[LEAF_MAX]; // leaf by index among the frame's
    uint32_t listed_count;
    struct frame_entry entries[FRAME_OFFSETS_MAX];
    char message_ids[FRAME_OFFSETS_MAX][ID_BYTES];
    uint32_t entry_count;
};

static void name(char id[ID_BYTES], const char *kind, uint64_t number)
{
    (void)snprintf(id, ID_BYTES, "%s-%llu", kind, (unsigned long long)number);
}

static void source_start_chunk(struct source *source)
{
    source->leaf_count = 0;
    for (uint32_t slot = 0; slot < HEALTHY_ALL_SLOTS; slot++) {
        source->of_slot[slot] = NO_LEAF;
    }
}

static void forget(struct last *lasts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        lasts[i].chunk = -1;
    }
}

enum err healthy_frames_create(
        struct healthy_frames **ret_frames, struct healthy_world *world, uint32_t sources)
{
    ASSURE(sources > 0 && sources <= SOURCE_MAX);
    struct healthy_frames *frames = calloc(1, sizeof *frames);
    struct source *all = calloc(sources, sizeof *all);
    if (frames == NULL || all == NULL) {
        free(frames);
        free(all);
        return ERR_NO_MEMORY;
    }
    frames->world = world;
    frames->sources = all;
    frames->source_count = sources;
    for (uint32_t i = 0; i < sources; i++) {
        source_start_chunk(&all[i]);
        forget(all[i].templates, ALL_TEMPLATES);
        forget(all[i].senders, ALL_SENDERS);
        forget(all[i].vendors, HEALTHY_ALL_VENDORS);
        forget(all[i].tenants, HEALTHY_TENANTS);
    }
    for (uint32_t i = 0; i < HEALTHY_TENANTS; i++) {
        name(frames->tenant_ids[i], "tenant", i);
    }
    for (uint32_t i = 0; i < HEALTHY_ALL_VENDORS; i++) {
        name(frames->vendor_ids[i], "vendor", i);
    }
    for (uint32_t i = 0; i < ALL_SENDERS; i++) {
        name(frames->sender_ids[i], "sender", i);
    }
    for (uint32_t i = 0; i < ALL_TEMPLATES; i++) {
        name(frames->template_ids[i], "template", i);
    }
    *ret_frames = frames;
    return ERR_NONE;
}

void healthy_frames_destroy(struct healthy_frames *frames)
{
    if (frames != NULL) {
        free(frames->sources);
        free(frames);
    }
}

// --- counting ---------------------------------------------------------------------------------

// The chunk's leaf of a campaign.
static struct leaf *leaf_of(struct source *source, const struct healthy_campaign *campaign)
{
    int32_t at = source->of_slot[campaign->slot];
    if (at != NO_LEAF && source->leaves[at].campaign == campaign->number) {
        return &source->leaves[at];
    }
    source->of_slot[campaign->slot] = (int32_t)source->leaf_count;
    struct leaf *leaf = &source->leaves[source->leaf_count++]; // one a message at most
    *leaf = (struct leaf){
            .campaign = campaign->number,
            .slot = campaign->slot,
            .sender = campaign->slot / HEALTHY_SLOTS * HEALTHY_SENDERS + campaign->sender,
            .template_ = campaign->slot / (HEALTHY_SLOTS * HEALTHY_VENDORS) * HEALTHY_TEMPLATES +
                         campaign->template_,
            .counts = {.planned_size = campaign->planned_size},
            .last = {.chunk = -1},
            .in_frame = NO_LEAF,
    };
    name(leaf->campaign_id, "campaign", campaign->number);
    return leaf;
}

static void list_leaf(struct healthy_frames *frames, struct source *source, struct leaf *leaf)
{
    if (leaf->in_frame == NO_LEAF) {
        leaf->in_frame = (int32_t)frames->listed_count;
        frames->listed[frames->listed_count++] = (uint32_t)(leaf - source->leaves);
    }
}

// Most are plainly not of this lender; some are another reason's, so that not all of a tenant's look
// like one feed that lags.
static reason_set draw_reason(struct healthy_world *world)
{
    static const enum reason reasons[8] = {REASON_NO_RECORD, REASON_NO_RECORD, REASON_NO_RECORD,
            REASON_NO_RECORD, REASON_NO_RECORD, REASON_CLOSED_LOAN, REASON_WRONG_DEBT,
            REASON_THIRD_PARTY};
    return REASON_BIT(reasons[healthy_world_random(world) >> 61]);
}

static void add_entry(struct healthy_frames *frames, struct leaf *leaf, int64_t offset,
        struct last *const lasts[SCOPE_KIND_COUNT], int64_t chunk)
{
    struct frame_entry *entry = &frames->entries[frames->entry_count];
    char *id = frames->message_ids[frames->entry_count++];
    name(id, "m", healthy_world_sent(frames->world));
    *entry = (struct frame_entry){
            .offset = offset,
            .leaf = (uint32_t)leaf->in_frame,
            .reasons = draw_reason(frames->world),
            .occurred_at_ms = healthy_world_now_ms(frames->world),
            .message_id = view_of(id),
    };
    uint64_t tag = healthy_world_random(frames->world); // nobody is met twice
    memcpy(entry->tag, &tag, sizeof tag);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        bool is_first = lasts[kind]->chunk != chunk;
        entry->first_in_chunk |= (uint8_t)(is_first << kind);
        entry->previous_misdirected |= (uint8_t)((!is_first && lasts[kind]->misdirected) << kind);
    }
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        leaf->counts.reasons[reason] += entry->reasons >> reason & 1;
    }
}

static void note_last(struct last *const lasts[SCOPE_KIND_COUNT], int64_t chunk, bool misdirected)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        *lasts[kind] = (struct last){chunk, misdirected};
    }
}

// Counts `messages` of a campaign in a row.
static void count_run(struct healthy_frames *frames, struct source *source,
        struct healthy_campaign *campaign, uint32_t messages)
{
    struct leaf *leaf = leaf_of(source, campaign);
    list_leaf(frames, source, leaf);
    uint32_t vendor = leaf->slot / HEALTHY_SLOTS;
    struct last *const lasts[SCOPE_KIND_COUNT] = {
            [SCOPE_CAMPAIGN] = &leaf->last,
            [SCOPE_TEMPLATE] = &source->templates[leaf->template_],
            [SCOPE_SENDER] = &source->senders[leaf->sender],
            [SCOPE_VENDOR] = &source->vendors[vendor],
            [SCOPE_TENANT] = &source->tenants[vendor / HEALTHY_VENDORS],
    };
    int64_t chunk = source->offset >> CHUNK_BITS;
    while (messages > 0) {
        uint32_t sent;
        bool misdirected = healthy_world_send(frames->world, campaign, messages, &sent);
        messages -= sent;
        source->offset += sent;
        if (misdirected && sent > 1) {
            note_last(lasts, chunk, false);
        }
        if (misdirected) {
            add_entry(frames, leaf, source->offset - 1, lasts, chunk);
        }
        note_last(lasts, chunk, misdirected);
        leaf->counts.judged += sent;
        leaf->counts.misdirected += misdirected;
    }
    leaf->counts.last_judged_offset = source->offset - 1;
    leaf->counts.last_misdirected = leaf->last.misdirected;
    leaf->counts.last_occurred_at_ms = healthy_world_now_ms(frames->world);
}

// --- frames -----------------------------------------------------------------------------------

static struct leaf_key key_of(const struct healthy_frames *frames, const struct leaf *leaf)
{
    uint32_t vendor = leaf->slot / HEALTHY_SLOTS;
    return (struct leaf_key){
            .ids =
                    {
                            [SCOPE_CAMPAIGN] = view_of(leaf->campaign_id),
                            [SCOPE_TEMPLATE] = view_of(frames->template_ids[leaf->template_]),
                            [SCOPE_SENDER] = view_of(frames->sender_ids[leaf->sender]),
                            [SCOPE_VENDOR] = view_of(frames->vendor_ids[vendor]),
                            [SCOPE_TENANT] = view_of(frames->tenant_ids[vendor / HEALTHY_VENDORS]),
                    },
            .channel = VIEW("sms"),
    };
}

// Log-uniform from 1 to FRAME_OFFSETS_MAX.
static uint32_t draw_offsets(struct healthy_world *world)
{
    double unit = (double)(healthy_world_random(world) >> 11) * 0x1p-53;
    return (uint32_t)floor(exp(unit * log(FRAME_OFFSETS_MAX + 1.0)));
}

enum err healthy_frames_next(struct healthy_frames *frames, struct frame *ret_frame)
{
    uint32_t number = (uint32_t)(frames->frame_count++ % frames->source_count);
    struct source *source = &frames->sources[number];
    int64_t chunk = source->offset >> CHUNK_BITS;
    int64_t chunk_end = (chunk + 1) << CHUNK_BITS;
    int64_t to = source->offset + draw_offsets(frames->world);
    to = to < chunk_end ? to : chunk_end;
    frames->listed_count = 0;
    frames->entry_count = 0;
    while (source->offset < to) {
        uint32_t messages;
        struct healthy_campaign *campaign =
                healthy_world_next(frames->world, (uint32_t)(to - source->offset), &messages);
        if (campaign == NULL) {
            return ERR_NO_MEMORY;
        }
        count_run(frames, source, campaign, messages);
    }
    bool closing = to == chunk_end;
    for (uint32_t i = 0; i < source->leaf_count && closing; i++) {
        list_leaf(frames, source, &source->leaves[i]); // T3
    }
    for (uint32_t i = 0; i < frames->listed_count; i++) {
        struct leaf *leaf = &source->leaves[frames->listed[i]];
        frames->leaves[i] = (struct frame_leaf){key_of(frames, leaf), leaf->counts};
        leaf->in_frame = NO_LEAF;
    }
    int64_t now_ms = healthy_world_now_ms(frames->world);
    *ret_frame = (struct frame){
            .source_topic = VIEW("healthy"),
            .source_partition = (int32_t)number,
            .chunk = chunk,
            .first_offset = chunk << CHUNK_BITS,
            .to_offset = to,
            .judged_at_ms = now_ms,
            .watermark_ms = now_ms,
            .closing = closing,
            .cache = CACHE_TRUSTED,
            .leaves = frames->leaves,
            .leaf_count = frames->listed_count,
            .entries = frames->entries,
            .entry_count = frames->entry_count,
    };
    if (closing) {
        source->leaf_count = 0; // what the frame points to stays
        source_start_chunk(source);
    }
    return ERR_NONE;
}
