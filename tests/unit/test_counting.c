// Counts that cannot be counted twice: the same random messages through judge-side tally and fold
// in many ways. Batches of any size, a death at any point and a resumption from the chunk start of
// any offset that was committed, frames delivered twice, two owners of one source at the same time.
// The final counts equal a count by hand, and each misdirected message is applied exactly once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "fold/fold.h"
#include "frame_log.h"
#include "state/frame_codec.h"
#include "tally/tally.h"
#include "unit.h"

#define AT INT64_C(1763769600000)

enum {
    SOURCES = 3,
    TALLY_PARTITIONS = 2,
    MESSAGES = 9000, // offsets of each source: three chunks, some of them not messages
    TENANTS = 4,
    CAMPAIGNS = 6,
    ROUNDS = 20,
};

// What the offset of a source is: a function of nothing but the two, so that whoever reads it again
// gets the same.
struct message {
    bool is_there; // else a hole in the log
    bool is_skipped;
    unsigned tenant;
    unsigned campaign;
    enum verdict verdict;
};

static struct message message_at(uint32_t source, int64_t offset)
{
    uint64_t x = hash_mix64((uint64_t)offset * 31 + source);
    struct message m = {
            .is_there = x % 13 != 0,
            .is_skipped = x % 11 == 0,
            .tenant = (unsigned)((x >> 8) % TENANTS),
            .campaign = (unsigned)((x >> 16) % CAMPAIGNS),
            .verdict = (x >> 24) % 8 == 0    ? VERDICT_MISDIRECTED
                       : (x >> 24) % 16 == 1 ? VERDICT_UNKNOWN
                                             : VERDICT_CLEAR,
    };
    // A hole that is wider than a chunk's end.
    m.is_there = m.is_there && !(source == 1 && offset > 4000 && offset < 4200);
    return m;
}

static struct view name_of(char *text, size_t size, const char *prefix, unsigned number)
{
    snprintf(text, size, "%s%u", prefix, number);
    return view_of(text);
}

// --- one owner of one source -----------------------------------------------------------------------

struct owner {
    uint32_t source;
    struct tally *tally;
    int64_t next;
    int64_t may_commit;   // once the frames of the batch in hand are out
    struct frame_log log; // of the batch in hand
};

static void owner_open(struct owner *owner, uint32_t source, int64_t committed)
{
    const struct tally_options options = {
            .tally_partitions = TALLY_PARTITIONS, .max_leaves = 100, .max_leaf_bytes = 256 * 1024};
    int64_t start = committed >> CHUNK_BITS << CHUNK_BITS;
    *owner = (struct owner){.source = source, .next = start};
    frame_log_init(&owner->log);
    CU_ASSERT_EQUAL_FATAL(tally_create(&owner->tally, &options), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            tally_open(owner->tally, VIEW("in"), (int32_t)source, start, committed), ERR_NONE);
}

static void owner_close(struct owner *owner)
{
    tally_destroy(owner->tally);
    frame_log_fini(&owner->log);
}

static void owner_count(struct owner *owner, int64_t offset, const struct message *m)
{
    struct frame_taker taker = frame_log_taker(&owner->log);
    struct tally_source *source = tally_find(owner->tally, (int32_t)owner->source);
    enum err e;
    if (m->is_skipped) {
        e = tally_skip(owner->tally, source, offset, AT, CACHE_TRUSTED, &taker);
    } else {
        char tenant[16];
        char campaign[16];
        uint8_t tag[RECIPIENT_TAG_BYTES] = {
                (uint8_t)owner->source, (uint8_t)(offset >> 8), (uint8_t)offset};
        const struct event ev = {
                .message_id = VIEW("m"),
                .occurred_at = {AT},
                .tenant_id = name_of(tenant, sizeof tenant, "t", m->tenant),
                .campaign_id = name_of(campaign, sizeof campaign, "c", m->campaign),
        };
        const struct tally_message message = {
                .ev = &ev, .offset = offset, .verdict = m->verdict, .recipient_tag = tag};
        e = tally_count(owner->tally, source, &message, AT, CACHE_TRUSTED, &taker);
    }
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
}

// Judges up to `count` offsets; the frames are in the owner's log then. What may be committed is
// behind the last message, or, when the log is known to hold no more, behind the hole that follows
// it.
static void owner_batch(struct owner *owner, uint32_t count, bool totals)
{
    frame_log_fini(&owner->log);
    frame_log_init(&owner->log);
    for (; count > 0 && owner->next < MESSAGES; count--, owner->next++) {
        const struct message m = message_at(owner->source, owner->next);
        if (m.is_there) {
            owner_count(owner, owner->next, &m);
        }
    }
    struct frame_taker taker = frame_log_taker(&owner->log);
    struct tally_source *source = tally_find(owner->tally, (int32_t)owner->source);
    if (totals && owner->next > tally_reached(source)) {
        CU_ASSERT_EQUAL_FATAL(
                tally_skip(owner->tally, source, owner->next - 1, AT, CACHE_TRUSTED, &taker),
                ERR_NONE);
    }
    owner->may_commit = tally_reached(source);
    CU_ASSERT_EQUAL_FATAL(
            tally_flush(owner->tally, source, AT, CACHE_TRUSTED, false, totals, &taker), ERR_NONE);
}

// --- the detect side ---------------------------------------------------------------------------------

struct reader {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    int64_t sequence;
    int64_t unknown[1000]; // by scope, what the deltas say in all
};

// What is counted by hand.
struct expected_counts {
    struct fold_counts known;
    int64_t unknown;
};

struct world {
    struct reader readers[TALLY_PARTITIONS];
    // how often the entry of a misdirected message came out of a fold
    uint8_t applied[SOURCES][MESSAGES];
    uint64_t random;
    struct arena *scratch;
    struct strbuf wire;
};

static struct world *world_create(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world);
    world->random = seed;
    world->scratch = arena_create(64 * 1024 * 1024);
    strbuf_init(&world->wire, FRAME_MAX_BYTES);
    for (unsigned i = 0; i < TALLY_PARTITIONS; i++) {
        struct reader *reader = &world->readers[i];
        CU_ASSERT_EQUAL_FATAL(scopes_create(&reader->scopes, 1000), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(recent_create(&reader->recent,
                                      &(const struct recent_options){.max_entries = 10000}),
                ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(
                fold_create(&reader->fold, reader->scopes, reader->recent, 0), ERR_NONE);
    }
    return world;
}

static void world_destroy(struct world *world)
{
    for (unsigned i = 0; i < TALLY_PARTITIONS; i++) {
        fold_destroy(world->readers[i].fold);
        recent_destroy(world->readers[i].recent);
        scopes_destroy(world->readers[i].scopes);
    }
    arena_destroy(world->scratch);
    strbuf_fini(&world->wire);
    free(world);
}

// Over the wire and into the fold of its tally partition.
static void deliver(struct world *world, const struct logged_frame *logged)
{
    struct frame frame;
    struct delta delta;
    const char *why = NULL;
    strbuf_reset(&world->wire);
    arena_reset(world->scratch);
    CU_ASSERT_EQUAL_FATAL(frame_encode(&world->wire, &logged->frame, world->scratch), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            frame_decode(strbuf_view(&world->wire), world->scratch, &frame, &why), ERR_NONE);
    struct reader *reader = &world->readers[logged->tally_partition];
    CU_ASSERT_EQUAL_FATAL(fold_frame(reader->fold, &frame, (int32_t)logged->tally_partition,
                                  reader->sequence++, &delta),
            ERR_NONE);
    for (uint32_t i = 0; delta.applied && i < delta.scope_count; i++) {
        reader->unknown[delta.scopes[i].scope] += delta.scopes[i].unknown;
    }
    for (uint32_t i = 0; i < delta.entry_count; i++) {
        world->applied[frame.source_partition][delta.entries[i].entry->offset]++;
    }
}

// The first `count` frames of a batch, in order, each perhaps twice.
static void deliver_batch(struct world *world, const struct frame_log *log, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        deliver(world, &log->frames[i]);
        if (test_random_below(&world->random, 4) == 0) {
            deliver(world, &log->frames[test_random_below(&world->random, (uint32_t)i + 1)]);
        }
    }
}

// --- the count by hand -------------------------------------------------------------------------------

static void check_scope(struct world *world, enum scope_kind kind, struct view tenant_id,
        struct view id, const struct expected_counts *expected)
{
    struct reader *reader = &world->readers[tally_partition_of(tenant_id, TALLY_PARTITIONS)];
    int32_t scope;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(reader->scopes, kind, tenant_id, id, VIEW_NONE, &scope), ERR_NONE);
    struct fold_counts got = fold_scope_counts(reader->fold, scope);
    CU_ASSERT_EQUAL(got.judged, expected->known.judged);
    CU_ASSERT_EQUAL(got.misdirected, expected->known.misdirected);
    CU_ASSERT_EQUAL(reader->unknown[scope], expected->unknown);
}

static void add(struct expected_counts *counts, enum verdict verdict)
{
    counts->known.judged += verdict != VERDICT_UNKNOWN;
    counts->known.misdirected += verdict == VERDICT_MISDIRECTED;
    counts->unknown += verdict == VERDICT_UNKNOWN;
}

static void check_world(struct world *world)
{
    struct expected_counts tenants[TENANTS] = {0};
    struct expected_counts campaigns[TENANTS][CAMPAIGNS] = {0};
    unsigned wrong = 0;
    for (uint32_t source = 0; source < SOURCES; source++) {
        for (int64_t offset = 0; offset < MESSAGES; offset++) {
            const struct message m = message_at(source, offset);
            bool counts = m.is_there && !m.is_skipped;
            if (counts) {
                add(&tenants[m.tenant], m.verdict);
                add(&campaigns[m.tenant][m.campaign], m.verdict);
            }
            unsigned expected = counts && m.verdict == VERDICT_MISDIRECTED;
            wrong += world->applied[source][offset] != expected;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (unsigned t = 0; t < TENANTS; t++) {
        char tenant_text[16];
        char campaign_text[16];
        struct view tenant_id = name_of(tenant_text, sizeof tenant_text, "t", t);
        check_scope(world, SCOPE_TENANT, tenant_id, tenant_id, &tenants[t]);
        for (unsigned c = 0; c < CAMPAIGNS; c++) {
            check_scope(world, SCOPE_CAMPAIGN, tenant_id,
                    name_of(campaign_text, sizeof campaign_text, "c", c), &campaigns[t][c]);
        }
    }
    for (unsigned i = 0; i < TALLY_PARTITIONS; i++) {
        CU_ASSERT_EQUAL(fold_gaps(world->readers[i].fold), 0); // nothing was ever missing
    }
}

static uint32_t batch_size(struct world *world)
{
    static const uint32_t sizes[] = {1, 3, 40, 500, 3000, 9000};
    return 1 + test_random_below(&world->random, sizes[test_random_below(&world->random, 6)]);
}

// --- the ways ----------------------------------------------------------------------------------------

// One owner after the other: each dies at some point, with some of its last frames out, and the
// next begins at an offset that was committed: at the end of a batch whose frames are all out.
static void test_deaths(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct world *world = world_create(round + 1);
        for (uint32_t source = 0; source < SOURCES; source++) {
            int64_t committed = 0;
            while (committed < MESSAGES) {
                struct owner owner;
                owner_open(&owner, source, committed);
                bool dies = false;
                while (owner.next < MESSAGES && !dies) {
                    owner_batch(
                            &owner, batch_size(world), test_random_below(&world->random, 5) == 0);
                    dies = test_random_below(&world->random, 6) == 0;
                    size_t out =
                            dies ? test_random_below(&world->random, (uint32_t)owner.log.count + 1)
                                 : owner.log.count;
                    deliver_batch(world, &owner.log, out);
                    if (!dies && owner.may_commit > committed &&
                            test_random_below(&world->random, 3) != 0) {
                        committed = owner.may_commit;
                    }
                }
                committed = dies ? committed : MESSAGES;
                owner_close(&owner);
            }
        }
        check_world(world);
        world_destroy(world);
    }
}

// Two owners of each source at once, neither of which knows of the other: a zombie that goes on
// from an older offset, and frames of both in any order of batches. One of them gets to the end.
static void test_zombies(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct world *world = world_create(1000 + round);
        for (uint32_t source = 0; source < SOURCES; source++) {
            struct owner owners[2];
            int64_t committed = 0;
            owner_open(&owners[0], source, 0);
            while (owners[0].next < MESSAGES / 3) {
                owner_batch(&owners[0], batch_size(world), false);
                deliver_batch(world, &owners[0].log, owners[0].log.count);
                committed = test_random_below(&world->random, 3) == 0 ? owners[0].may_commit
                                                                      : committed;
            }
            owner_open(&owners[1], source, committed);
            while (owners[0].next < MESSAGES || owners[1].next < MESSAGES) {
                struct owner *owner = &owners[test_random_below(&world->random, 2)];
                owner_batch(owner, batch_size(world), false);
                deliver_batch(world, &owner->log, owner->log.count);
            }
            owner_close(&owners[0]);
            owner_close(&owners[1]);
        }
        check_world(world);
        world_destroy(world);
    }
}

// Sources side by side, as one tally partition sees them.
static void test_interleaved_sources(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct world *world = world_create(2000 + round);
        struct owner owners[SOURCES];
        for (uint32_t source = 0; source < SOURCES; source++) {
            owner_open(&owners[source], source, 0);
        }
        bool busy = true;
        while (busy) {
            struct owner *owner = &owners[test_random_below(&world->random, SOURCES)];
            owner_batch(owner, batch_size(world), true);
            deliver_batch(world, &owner->log, owner->log.count);
            busy = false;
            for (uint32_t source = 0; source < SOURCES; source++) {
                busy = busy || owners[source].next < MESSAGES;
            }
        }
        for (uint32_t source = 0; source < SOURCES; source++) {
            owner_close(&owners[source]);
        }
        check_world(world);
        world_destroy(world);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"deaths", test_deaths},
            {"zombies", test_zombies},
            {"interleaved_sources", test_interleaved_sources},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "counting", tests);
}
