// Any bytes, as a file of a time zone. What must hold: what is let through is a table in order, within its
// years and offsets, that reads the same twice and says one thing at and between its changes.
#include "common/zone.h"

#include "common/assure.h"
#include "input.h"

enum { WHY_MAX_BYTES = 4096 };

#define FROM_MS INT64_C(946684800000)
#define UNTIL_MS INT64_C(4133980800000)

static void check_changes(const struct zone *zone)
{
    int64_t at_ms = FROM_MS - 1;
    int32_t before_s = zone_offset_s(zone, INT64_MIN / 2);
    size_t changes = 0;
    ASSURE(zone_offset_s(zone, at_ms) == before_s);
    while ((at_ms = zone_next_change_ms(zone, at_ms)) != ZONE_NEVER) {
        ASSURE(at_ms >= FROM_MS && at_ms < UNTIL_MS);
        ASSURE(zone_offset_s(zone, at_ms - 1) == before_s);
        int32_t offset_s = zone_offset_s(zone, at_ms);
        ASSURE(offset_s != before_s);
        int32_t second;
        int64_t day = zone_day(zone, at_ms, &second);
        ASSURE(second >= 0 && second < 86400);
        ASSURE(day * 86400 + second == at_ms / 1000 + offset_s);
        before_s = offset_s;
        changes++;
    }
    ASSURE(changes == zone->count && zone_offset_s(zone, INT64_MAX / 2) == before_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = fuzz_copy(view_bytes(data, size));
    struct strbuf why;
    struct strbuf digest;
    strbuf_init(&why, WHY_MAX_BYTES);
    strbuf_init(&digest, WHY_MAX_BYTES);
    struct zone *zone = NULL;
    struct zone *again = NULL;
    enum err e = zone_parse(&zone, VIEW("Fuzzed"), bytes, &why);
    ASSURE(e == zone_parse(&again, VIEW("Fuzzed"), bytes, &why));
    if (e == ERR_NONE) {
        check_changes(zone);
        zone_add_digest(&digest, zone);
        zone_add_digest(&digest, again);
        ASSURE(digest.n == 32 && memcmp(digest.p, digest.p + 16, 16) == 0);
        strbuf_reset(&why);
        zone_format(&why, zone, FROM_MS);
        ASSURE(why.failed == ERR_NONE && why.n == 29);
    } else {
        ASSURE(e == ERR_CONFIG && why.n > 0);
    }
    zone_destroy(zone);
    zone_destroy(again);
    strbuf_fini(&why);
    strbuf_fini(&digest);
    fuzz_free(bytes);
    return 0;
}
