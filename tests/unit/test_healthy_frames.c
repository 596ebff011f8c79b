// Healthy worlds as tally frames: they keep the rules of tally and fold, and their messages have the
// rates that they are said to have.
#include "bench/healthy_frames.h"

#include <math.h>

#include "unit.h"

enum { SOURCES = 3, MESSAGES = 300000 };

struct stage {
    struct healthy_world *world;
    struct healthy_frames *frames;
};

static struct stage begin(uint64_t seed, double clump_rho)
{
    struct stage stage = {.world = healthy_world_create(seed, clump_rho)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage.world);
    CU_ASSERT_EQUAL_FATAL(healthy_frames_create(&stage.frames, stage.world, SOURCES), ERR_NONE);
    return stage;
}

static void end(struct stage *stage)
{
    healthy_frames_destroy(stage->frames);
    healthy_world_destroy(stage->world);
}

static uint64_t count_judged(const struct frame *frame)
{
    uint64_t judged = 0;
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        judged += frame->leaves[i].counts.judged;
    }
    return judged;
}

// T1, T3: frames of a source follow each other without a hole, in chunks of 4,096 offsets, and a
// closing frame's counts are every message of its chunk.
static void test_chunks(void)
{
    struct stage stage = begin(1, 0);
    int64_t reached[SOURCES] = {0};
    uint64_t chunks = 0;
    for (unsigned i = 0; healthy_world_sent(stage.world) < MESSAGES; i++) {
        struct frame frame;
        CU_ASSERT_EQUAL_FATAL(healthy_frames_next(stage.frames, &frame), ERR_NONE);
        CU_ASSERT_EQUAL(frame.source_partition, (int32_t)(i % SOURCES));
        int64_t *at = &reached[i % SOURCES];
        CU_ASSERT_EQUAL(frame.chunk, *at >> CHUNK_BITS);
        CU_ASSERT_EQUAL(frame.first_offset, frame.chunk << CHUNK_BITS);
        CU_ASSERT_TRUE(frame.to_offset > *at);
        CU_ASSERT_TRUE(frame.to_offset <= (frame.chunk + 1) << CHUNK_BITS);
        CU_ASSERT_EQUAL(frame.closing, frame.to_offset == (frame.chunk + 1) << CHUNK_BITS);
        if (frame.closing) {
            chunks++;
            CU_ASSERT_EQUAL(count_judged(&frame), CHUNK_OFFSETS);
        }
        *at = frame.to_offset;
    }
    uint64_t all = 0;
    for (unsigned i = 0; i < SOURCES; i++) {
        all += (uint64_t)reached[i];
    }
    CU_ASSERT_EQUAL(all, healthy_world_sent(stage.world));
    CU_ASSERT_TRUE(chunks > 60);
    end(&stage);
}

// T4: every misdirected message is an entry, once, in the order of offsets and above all that were
// told before.
static void test_entries(void)
{
    struct stage stage = begin(2, 0.1);
    int64_t told[SOURCES] = {0};
    uint64_t entries[SOURCES] = {0}; // of the open chunk
    uint64_t all = 0;
    while (healthy_world_sent(stage.world) < MESSAGES) {
        struct frame frame;
        CU_ASSERT_EQUAL_FATAL(healthy_frames_next(stage.frames, &frame), ERR_NONE);
        unsigned source = (unsigned)frame.source_partition;
        for (uint32_t i = 0; i < frame.entry_count; i++) {
            const struct frame_entry *entry = &frame.entries[i];
            CU_ASSERT_TRUE(entry->offset >= told[source]);
            CU_ASSERT_TRUE(entry->offset < frame.to_offset);
            CU_ASSERT_TRUE(entry->leaf < frame.leaf_count);
            told[source] = entry->offset + 1;
        }
        told[source] = frame.to_offset;
        entries[source] += frame.entry_count;
        all += frame.entry_count;
        if (frame.closing) {
            uint64_t misdirected = 0;
            for (uint32_t i = 0; i < frame.leaf_count; i++) {
                misdirected += frame.leaves[i].counts.misdirected;
            }
            CU_ASSERT_EQUAL(misdirected, entries[source]);
            entries[source] = 0;
        }
    }
    CU_ASSERT_TRUE(all > 1000);
    end(&stage);
}

// What an entry says of the message before it in its scopes, where the entry before tells: in the
// same chunk and at the offset before. The narrower a scope that they share, the wider ones they
// share too.
static void test_behind(void)
{
    struct stage stage = begin(3, 0.2);
    unsigned behind = 0;
    while (healthy_world_sent(stage.world) < MESSAGES) {
        struct frame frame;
        CU_ASSERT_EQUAL_FATAL(healthy_frames_next(stage.frames, &frame), ERR_NONE);
        for (uint32_t i = 1; i < frame.entry_count; i++) {
            const struct frame_entry *entry = &frame.entries[i];
            const struct frame_entry *before = &frame.entries[i - 1];
            const struct leaf_key *key = &frame.leaves[entry->leaf].key;
            const struct leaf_key *key_before = &frame.leaves[before->leaf].key;
            for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
                bool says = (entry->previous_misdirected >> kind & 1) != 0;
                bool is_first = (entry->first_in_chunk >> kind & 1) != 0;
                bool same = view_equal(key->ids[kind], key_before->ids[kind]);
                CU_ASSERT_FALSE(says && is_first);
                CU_ASSERT_FALSE(same && is_first); // the one before is of this chunk
                if (same && entry->offset == before->offset + 1) {
                    CU_ASSERT_TRUE(says);
                    behind += kind == SCOPE_CAMPAIGN;
                }
            }
        }
    }
    CU_ASSERT_TRUE(behind > 100);
    end(&stage);
}

// Misdirected messages come as often as the world says, tenant by tenant, clumps or not.
static void check_rates(double clump_rho)
{
    struct healthy_world *world = healthy_world_create(4, clump_rho);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world);
    double misdirected[HEALTHY_TENANTS] = {0};
    double expected[HEALTHY_TENANTS] = {0};
    while (healthy_world_sent(world) < 20000000) {
        uint32_t messages;
        struct healthy_campaign *campaign = healthy_world_next(world, 1000, &messages);
        CU_ASSERT_PTR_NOT_NULL_FATAL(campaign);
        uint32_t tenant = healthy_campaign_tenant(world, campaign->number);
        double rate = healthy_campaign_rate(world, campaign->number);
        while (messages > 0) {
            uint32_t sent;
            bool ends = healthy_world_send(world, campaign, messages, &sent);
            misdirected[tenant] += ends;
            expected[tenant] += rate * sent;
            messages -= sent;
        }
    }
    unsigned compared = 0;
    for (unsigned t = 0; t < HEALTHY_TENANTS; t++) {
        // Clumps of rho make the variance (1 + rho) / (1 - rho) times as large.
        double deviation = sqrt(expected[t] * (1 + clump_rho) / (1 - clump_rho));
        CU_ASSERT_TRUE(fabs(misdirected[t] - expected[t]) < 4.5 * deviation + 1);
        compared += expected[t] > 100;
    }
    CU_ASSERT_TRUE(compared > HEALTHY_TENANTS / 2);
    healthy_world_destroy(world);
}

static void test_rates(void)
{
    check_rates(0);
    check_rates(0.2);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"chunks", test_chunks},
            {"entries", test_entries},
            {"behind", test_behind},
            {"rates", test_rates},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "healthy_frames", tests);
}
