#include "bench/stages/traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "state/frame_codec.h"

enum {
    SCOPES_A_TENANT = 2000,
    MESSAGES_A_MS = 20,
    GROUP_MAX = 250, // campaigns that are warmed up at a time
    GROUPS_A_CALL = 20,
    WARM_MESSAGES = 1000,
    WARM_ENTRIES = 64, // at most
    MESSAGES_A_CAMPAIGN = 1000,
    SOURCE = 0,
    WARM_UP_SOURCE = 1,
};

static const int64_t start_ms = INT64_C(1795334400000); // 2026-11-22T08:00:00Z

static uint32_t at_least_one(uint32_t n)
{
    return n > 0 ? n : 1;
}

struct world world_of(uint32_t scopes)
{
    uint32_t tenants = at_least_one(scopes / SCOPES_A_TENANT);
    uint32_t each = scopes / tenants;
    struct world world = {
            .tenants = tenants,
            .vendors = at_least_one(each / 200),
            .senders = at_least_one(each / 200),
            .templates = at_least_one(each / 50),
    };
    world.campaigns = each - 1 - world.vendors - world.senders - world.templates;
    return world;
}

uint32_t world_scopes(const struct world *world)
{
    return world->tenants *
           (1 + world->vendors + world->senders + world->templates + world->campaigns);
}

static uint32_t world_campaigns(const struct world *world)
{
    return world->tenants * world->campaigns;
}

static struct view name(struct arena *arena, const char *kind, uint32_t number)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%s-%06u", kind, number);
    struct view copy = arena_copy(arena, view_bytes(text, (size_t)n));
    ASSURE(!view_is_none(copy));
    return copy;
}

// Of one of all tenants' campaigns.
static struct leaf_key world_key(const struct world *world, uint32_t campaign, struct arena *arena)
{
    uint32_t of_tenant = campaign / world->tenants;
    return (struct leaf_key){
            .ids = {[SCOPE_CAMPAIGN] = name(arena, "2026-11-22-reminder", of_tenant),
                    [SCOPE_TEMPLATE] = name(arena, "template",
                            (uint32_t)random_mix(0, of_tenant) % world->templates),
                    [SCOPE_SENDER] = name(
                            arena, "sender", (uint32_t)random_mix(1, of_tenant) % world->senders),
                    [SCOPE_VENDOR] = name(
                            arena, "vendor", (uint32_t)random_mix(2, of_tenant) % world->vendors),
                    [SCOPE_TENANT] = name(arena, "tenant", campaign % world->tenants)},
            .channel = VIEW("sms"),
    };
}

void traffic_init(struct traffic *traffic, const struct world *world, uint32_t rate_millionths)
{
    *traffic = (struct traffic){
            .world = *world,
            .rate_millionths = rate_millionths,
            .names = arena_create(SIZE_MAX),
            .scratch = arena_create(SIZE_MAX),
            .frames = {.arena = arena_create(SIZE_MAX)},
    };
    ASSURE(traffic->names != NULL && traffic->scratch != NULL && traffic->frames.arena != NULL);
    random_init(&traffic->rng, 1);
    strbuf_init(&traffic->bytes, FRAME_MAX_BYTES);
    const struct tally_options options = {
            .tally_partitions = 1,
            .max_leaves = FRAME_MAX_LEAVES,
            .max_leaf_bytes = FRAME_MAX_BYTES,
    };
    enum err e = tally_create(&traffic->tally, &options);
    if (e == ERR_NONE) {
        e = tally_open(traffic->tally, VIEW("collections.outbound.v1"), SOURCE, 0, 0);
    }
    ASSURE(e == ERR_NONE);
    traffic->source = tally_find(traffic->tally, SOURCE);
}

void traffic_fini(struct traffic *traffic)
{
    tally_destroy(traffic->tally);
    strbuf_fini(&traffic->bytes);
    arena_destroy(traffic->names);
    arena_destroy(traffic->scratch);
    arena_destroy(traffic->frames.arena);
    free(traffic->frames.rows);
}

static struct frame *frames_add(struct frames *frames)
{
    if (frames->count == frames->capacity) {
        frames->capacity = frames->capacity == 0 ? 1024 : frames->capacity * 2;
        frames->rows = realloc(frames->rows, frames->capacity * sizeof *frames->rows);
        ASSURE(frames->rows != NULL);
    }
    return &frames->rows[frames->count++];
}

static void frames_reset(struct traffic *traffic)
{
    traffic->frames.count = 0;
    arena_reset(traffic->frames.arena);
    arena_reset(traffic->names);
}

// To the wire and back, as a frame that went through Kafka.
static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    (void)tally_partition;
    struct traffic *traffic = self;
    const char *why;
    strbuf_reset(&traffic->bytes);
    arena_reset(traffic->scratch);
    enum err e = frame_encode(&traffic->bytes, frame, traffic->scratch);
    struct view bytes = arena_copy(traffic->frames.arena, strbuf_view(&traffic->bytes));
    if (e == ERR_NONE) {
        e = frame_decode(bytes, traffic->frames.arena, frames_add(&traffic->frames), &why);
    }
    return e;
}

// Which campaign sends the next message.
static uint32_t draw_campaign(struct traffic *traffic)
{
    uint32_t campaigns = world_campaigns(&traffic->world);
    if (traffic->at_a_time == 0) {
        return (uint32_t)random_below(&traffic->rng, campaigns);
    }
    uint64_t first = (uint64_t)traffic->offset / MESSAGES_A_CAMPAIGN;
    return (uint32_t)((first + random_below(&traffic->rng, traffic->at_a_time)) % campaigns);
}

static void count_message(struct traffic *traffic, const struct frame_taker *taker)
{
    uint32_t campaign = draw_campaign(traffic);
    const struct leaf_key key = world_key(&traffic->world, campaign, traffic->names);
    uint64_t recipient = random_next(&traffic->rng);
    uint8_t tag[RECIPIENT_TAG_BYTES];
    char phone[16];
    memcpy(tag, &recipient, sizeof tag);
    int phone_bytes =
            snprintf(phone, sizeof phone, "+861%010u", (unsigned)(recipient % 10000000000u));
    bool misdirected = random_chance(&traffic->rng, traffic->rate_millionths);
    int64_t now_ms = start_ms + traffic->offset / MESSAGES_A_MS;
    const struct event ev = {
            .message_id = name(traffic->names, "message", (uint32_t)traffic->offset),
            .occurred_at = {now_ms - 40},
            .channel = key.channel,
            .tenant_id = key.ids[SCOPE_TENANT],
            .campaign_id = key.ids[SCOPE_CAMPAIGN],
            .template_id = key.ids[SCOPE_TEMPLATE],
            .sender_id = key.ids[SCOPE_SENDER],
            .vendor_id = key.ids[SCOPE_VENDOR],
            .planned_size = -1,
    };
    const struct tally_message message = {
            .ev = &ev,
            .offset = traffic->offset++,
            .verdict = misdirected ? VERDICT_MISDIRECTED : VERDICT_CLEAR,
            .reasons = misdirected ? REASON_BIT(REASON_NO_RECORD) : 0,
            .recipient_tag = tag,
            .phone = view_bytes(phone, (size_t)phone_bytes),
            .signals = SIGNAL_BIT(SIGNAL_LOAN_NAMED),
    };
    enum err e =
            tally_count(traffic->tally, traffic->source, &message, now_ms, CACHE_TRUSTED, taker);
    ASSURE(e == ERR_NONE);
}

void traffic_make(struct traffic *traffic, uint32_t messages, uint32_t per_frame)
{
    const struct frame_taker taker = {take_frame, traffic};
    frames_reset(traffic);
    for (uint32_t made = 0; made < messages; made += per_frame) {
        for (uint32_t i = 0; i < per_frame; i++) {
            count_message(traffic, &taker);
        }
        int64_t now_ms = start_ms + traffic->offset / MESSAGES_A_MS;
        enum err e = tally_flush(
                traffic->tally, traffic->source, now_ms, CACHE_TRUSTED, false, false, &taker);
        ASSURE(e == ERR_NONE);
    }
}

// --- warming up -------------------------------------------------------------------------------

static uint32_t group_size(const struct world *world)
{
    uint32_t half = at_least_one(world_campaigns(world) / 2);
    return half < GROUP_MAX ? half : GROUP_MAX;
}

// How many healthy messages come before the next misdirected one.
static uint32_t draw_gap(struct traffic *traffic)
{
    double chance = ((double)(random_next(&traffic->rng) >> 11) + 1) / 9007199254740992.0;
    double healthy = 1 - traffic->rate_millionths / 1e6;
    return (uint32_t)(log(chance) / log(healthy));
}

// A frame by hand, such as many chunks would give together. It never was on the wire, which has no
// room for 1,000 messages of 500 campaigns in a chunk.
struct warm_frame {
    struct frame_leaf leaves[2 * GROUP_MAX];
    struct frame_entry entries[(1 + WARM_ENTRIES) * GROUP_MAX];
};

static void warm_entry(struct traffic *traffic, struct warm_frame *warm, struct frame *frame)
{
    struct frame_entry *entry = &warm->entries[frame->entry_count];
    uint64_t recipient = random_next(&traffic->rng);
    *entry = (struct frame_entry){
            .offset = frame->first_offset + frame->entry_count++,
            .leaf = frame->leaf_count,
            .reasons = REASON_BIT(REASON_NO_RECORD),
            .occurred_at_ms = frame->judged_at_ms,
            .message_id = VIEW("message-000000"),
    };
    memcpy(entry->tag, &recipient, sizeof entry->tag);
}

static void warm_leaf(struct traffic *traffic, struct warm_frame *warm, struct frame *frame,
        uint32_t campaign, uint32_t judged, uint32_t misdirected)
{
    for (uint32_t i = 0; i < misdirected; i++) {
        warm_entry(traffic, warm, frame);
    }
    warm->leaves[frame->leaf_count++] = (struct frame_leaf){
            .key = world_key(&traffic->world, campaign, traffic->names),
            .counts = {.judged = judged,
                    .misdirected = misdirected,
                    .reasons = {[REASON_NO_RECORD] = misdirected},
                    .last_occurred_at_ms = frame->judged_at_ms,
                    .last_judged_offset = frame->to_offset - 1},
    };
}

// Of 1,000.
static uint32_t draw_misdirected(struct traffic *traffic)
{
    uint32_t misdirected = 0;
    for (uint32_t at = draw_gap(traffic); at < WARM_MESSAGES && misdirected < WARM_ENTRIES;
            at += 1 + draw_gap(traffic)) {
        misdirected++;
    }
    return misdirected;
}

static void warm_group(struct traffic *traffic, uint32_t group)
{
    struct warm_frame *warm = arena_take(traffic->frames.arena, sizeof *warm);
    ASSURE(warm != NULL);
    struct frame *frame = frames_add(&traffic->frames);
    *frame = (struct frame){
            .source_topic = VIEW("collections.outbound.v1"),
            .source_partition = WARM_UP_SOURCE,
            .chunk = group,
            .first_offset = (int64_t)group << CHUNK_BITS,
            .to_offset = ((int64_t)group + 1) << CHUNK_BITS,
            .judged_at_ms = start_ms - 1,
            .cache = CACHE_TRUSTED,
            .leaves = warm->leaves,
            .entries = warm->entries,
    };
    uint32_t size = group_size(&traffic->world);
    for (uint32_t age = 0; age < 2 && age <= group; age++) {
        for (uint32_t i = 0; i < size; i++) {
            uint32_t campaign = (group - age) * size + i;
            if (campaign >= world_campaigns(&traffic->world)) {
                break;
            }
            if (age == 0) {
                warm_leaf(traffic, warm, frame, campaign, WARM_MESSAGES, draw_misdirected(traffic));
            } else {
                warm_leaf(traffic, warm, frame, campaign, 1 + draw_gap(traffic), 1);
            }
        }
    }
}

bool traffic_warm_up(struct traffic *traffic)
{
    uint32_t size = group_size(&traffic->world);
    uint32_t groups = (world_campaigns(&traffic->world) + size - 1) / size + 1;
    frames_reset(traffic);
    for (unsigned i = 0; i < GROUPS_A_CALL && traffic->warmed < groups; i++) {
        warm_group(traffic, traffic->warmed++);
    }
    return traffic->frames.count > 0;
}
