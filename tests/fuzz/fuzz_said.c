// Any bytes, as the text of a commit: as they are, or with the checksum that belongs to them. What
// must hold: a text that is let through tells of offsets in order, and is the same when it is written
// again; and of all that it tells, and nothing else, something was said.
#include <stdio.h>

#include "common/assure.h"
#include "common/hash.h"
#include "input.h"
#include "recheck/said.h"

enum { WHOLE_BYTES = SAID_TEXT_BYTES - 100 }; // a longer one may lose its oldest runs

static void check_runs(const struct said *said)
{
    int64_t end = 0;
    int64_t sum = 0;
    for (uint32_t i = 0; i < said->count; i++) {
        const struct said_run *run = &said->runs[i];
        ASSURE(run->first >= end && run->count >= 1 && run->kind < SAID_KIND_COUNT);
        end = run->first + run->count;
        sum += run->count;
    }
    ASSURE(sum <= SAID_OFFSETS_MAX && said_count_below(said, INT64_MAX) == sum);
}

static void check_meeting(struct said *said)
{
    uint32_t count = said->count;
    for (uint32_t i = 0; i < count; i++) {
        const struct said_run run = said->runs[i];
        int64_t gap_end = i == 0 ? run.first : run.first - 1;
        bool has_gap = i > 0 && said->runs[i - 1].first + said->runs[i - 1].count < run.first;
        ASSURE(!has_gap || said_meet(said, gap_end) == SAID_NOTHING);
        ASSURE(said_first(said) == run.first);
        ASSURE(said_meet(said, run.first) == run.kind);
        ASSURE(run.count == 1 || said_meet(said, run.first + run.count - 1) == run.kind);
    }
    ASSURE(said_first(said) == -1);
}

static void read_text(struct view text)
{
    struct said said = {0};
    int64_t oldest = 0;
    enum err e = said_read(&said, text, &oldest);
    ASSURE(e == ERR_NONE || (e == ERR_DATA && said.count == 0));
    if (e == ERR_NONE) {
        ASSURE(oldest >= -1);
        check_runs(&said);
        struct strbuf again;
        strbuf_init(&again, SAID_TEXT_BYTES);
        said_write(&again, &said, oldest);
        ASSURE(again.failed == ERR_NONE);
        ASSURE(text.n > WHOLE_BYTES || view_equal(strbuf_view(&again), text));
        strbuf_fini(&again);
        check_meeting(&said);
    }
    said_fini(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = fuzz_copy(view_bytes(data, size));
    read_text(text);
    struct strbuf with_crc;
    strbuf_init(&with_crc, 2 * SAID_TEXT_BYTES);
    strbuf_add_view(&with_crc, text);
    strbuf_printf(&with_crc, " crc=%08x", (unsigned)hash_crc32c(text.p, text.n));
    if (with_crc.failed == ERR_NONE) {
        read_text(strbuf_view(&with_crc));
    }
    strbuf_fini(&with_crc);
    fuzz_free(text);
    return 0;
}
