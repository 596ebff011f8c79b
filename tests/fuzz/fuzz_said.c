// The text of a commit, which may be anybody's (commit metadata): as it comes, and with a checksum
// that is right, so that what it guards is reached. What must hold: a text that is taken gives runs in
// order and apart; these, written and read again, are the same runs; and none is written that is not
// read.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/hash.h"
#include "input.h"
#include "recheck/said.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void check_runs(const struct said *said)
{
    int64_t end = -1; // of the run before
    int64_t sum = 0;
    for (uint32_t i = 0; i < said->count; i++) {
        const struct said_run *run = &said->runs[i];
        bool is_joined = i > 0 && run->first == end && run->kind == said->runs[i - 1].kind;
        ASSURE(run->first >= 0 && run->first >= end && run->count > 0 && !is_joined);
        ASSURE((unsigned)run->kind < SAID_KIND_COUNT);
        end = run->first + run->count;
        sum += run->count;
    }
    ASSURE(sum <= SAID_OFFSETS_MAX);
    ASSURE(said_count_below(said, INT64_MAX) == sum);
    ASSURE(said_first(said) == (said->count > 0 ? said->runs[0].first : -1));
}

// What is written of them is read as the same; where there is no room for all, as the newest.
static void check_again(const struct said *said, int64_t oldest)
{
    struct strbuf text;
    strbuf_init(&text, SIZE_MAX);
    said_write(&text, said, oldest);
    ASSURE(text.failed == ERR_NONE && text.n <= SAID_TEXT_BYTES);
    struct said again = {0};
    int64_t oldest_again = -2;
    enum err e = said_read(&again, strbuf_view(&text), &oldest_again);
    ASSURE(text.n == 0 ? said->count == 0 && oldest < 0 : e == ERR_NONE && oldest_again == oldest);
    ASSURE(again.count <= said->count);
    for (uint32_t i = 0; i < again.count; i++) {
        const struct said_run *mine = &said->runs[said->count - again.count + i];
        const struct said_run *other = &again.runs[i];
        // The oldest that found room may be a part of a run.
        ASSURE(other->kind == mine->kind);
        ASSURE(other->first + other->count == mine->first + mine->count);
        ASSURE(i == 0 ? other->count <= mine->count : other->count == mine->count);
    }
    said_fini(&again);
    strbuf_fini(&text);
}

static void read_text(struct view text)
{
    struct said said = {0};
    int64_t oldest = -2;
    enum err e = said_read(&said, text, &oldest);
    ASSURE(e == ERR_NONE ? oldest >= -1 : said.count == 0 && oldest == -2);
    if (e == ERR_NONE) {
        check_runs(&said);
        check_again(&said, oldest);
    }
    said_fini(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = fuzz_copy(view_bytes(data, size));
    read_text(text);
    struct strbuf signed_text;
    strbuf_init(&signed_text, SIZE_MAX);
    strbuf_add_view(&signed_text, text);
    strbuf_printf(&signed_text, " crc=%08x", (unsigned)hash_crc32c(text.p, text.n));
    ASSURE(signed_text.failed == ERR_NONE);
    struct view copy = fuzz_copy(strbuf_view(&signed_text));
    read_text(copy);
    fuzz_free(copy);
    strbuf_fini(&signed_text);
    fuzz_free(text);
    return 0;
}
