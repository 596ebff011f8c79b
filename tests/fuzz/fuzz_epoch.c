// Any bytes, as the epoch record of Redis. What must hold: an epoch that is let through has a layout,
// a geometry and times that can be, and is the same when it is written and read again.
#include "redis/epoch.h"

#include "common/assure.h"
#include "input.h"
#include "redis/packed_keys.h"

#define NUMBER_MAX ((uint64_t)1 << 53)

static void check_bounds(const struct epoch *epoch)
{
    ASSURE(epoch->generation >= 1 && epoch->generation < NUMBER_MAX);
    ASSURE(epoch->record_count < NUMBER_MAX && epoch->valid_for_ms >= 1);
    ASSURE(clock_is_accepted(epoch->source_watermark_ms) && epoch->heartbeat_ms >= 0);
    ASSURE(memchr(epoch->key_id, '\0', sizeof epoch->key_id) != NULL);
    if (epoch->layout == EPOCH_PACKED1) {
        ASSURE(epoch->key_id[0] != '\0');
        ASSURE(packed_geometry_is_valid(epoch->bucket_bits, epoch->tags));
        ASSURE(epoch->bucket_count == (uint64_t)1 << epoch->bucket_bits);
    } else {
        ASSURE(epoch->layout == EPOCH_HASH1 && epoch->bucket_bits == 0);
        ASSURE(epoch->bucket_count == 0 && epoch->tags >= 1 && epoch->tags <= HASH_TAG_COUNT);
    }
}

static void check_equal(const struct epoch *a, const struct epoch *b)
{
    ASSURE(epoch_is_same(a, b) && epoch_is_same(b, a));
    ASSURE(a->bucket_count == b->bucket_count && a->record_count == b->record_count);
    ASSURE(a->source_watermark_ms == b->source_watermark_ms);
    ASSURE(a->valid_for_ms == b->valid_for_ms && a->heartbeat_ms == b->heartbeat_ms);
    ASSURE(a->heartbeat_at_ms == b->heartbeat_at_ms);
}

// Fresh from an hour before its watermark until it runs out, while its heart beats.
static void check_freshness(const struct epoch *epoch)
{
    int64_t end = epoch->source_watermark_ms + epoch->valid_for_ms;
    int64_t early = epoch->source_watermark_ms - EPOCH_AHEAD_MAX_MS;
    const int64_t inside[] = {early, epoch->source_watermark_ms, end};
    for (unsigned i = 0; i < sizeof inside / sizeof *inside; i++) {
        struct wall_time now = {inside[i]};
        ASSURE(epoch_is_fresh(epoch, now) == epoch_heart_beats(epoch, now));
    }
    ASSURE(!epoch_is_fresh(epoch, (struct wall_time){early - 1}));
    ASSURE(!epoch_is_fresh(epoch, (struct wall_time){end + 1}));
    // Without heartbeats it always beats.
    int64_t beat = epoch->heartbeat_at_ms;
    int64_t last = beat + epoch->heartbeat_ms;
    ASSURE(epoch_heart_beats(epoch, (struct wall_time){beat}));
    ASSURE(epoch_heart_beats(epoch, (struct wall_time){last}));
    ASSURE(epoch_heart_beats(epoch, (struct wall_time){last + 1}) == (epoch->heartbeat_ms == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = fuzz_copy(view_bytes(data, size));
    struct epoch epoch;
    struct epoch again;
    enum err e = epoch_parse(&epoch, text);
    ASSURE(e == epoch_parse(&again, text));
    if (e == ERR_NONE) {
        check_bounds(&epoch);
        check_equal(&epoch, &again);
        check_freshness(&epoch);
        // What names no key is written with the empty name, which is none to be read.
        if (epoch.key_id[0] != '\0') {
            struct strbuf sb;
            strbuf_init(&sb, EPOCH_MAX_BYTES);
            epoch_add(&sb, &epoch);
            ASSURE(sb.failed == ERR_NONE);
            ASSURE(epoch_parse(&again, strbuf_view(&sb)) == ERR_NONE);
            check_equal(&epoch, &again);
            strbuf_fini(&sb);
        }
    } else {
        ASSURE(e == ERR_DATA);
    }
    fuzz_free(text);
    return 0;
}
