// Records of the tally topic, one after another (two bytes of length, then the record), through the
// whole detect half. What must hold: whatever frame_decode lets through is folded without an error,
// and once: the same frame again changes nothing.
#include "common/assure.h"
#include "detect_line.h"
#include "input.h"
#include "state/frame_codec.h"

enum { FRAME_MAX = 64, ARENA_BYTES = 64 << 20, MAX_SCOPES = 24, MAX_INCIDENTS = 4 };

static struct arena *arena;
static struct config *config;
static struct emitter emitter;

static enum err send(void *self, const struct record *record)
{
    (void)self;
    ASSURE(record->header_count <= RECORD_HEADER_MAX);
    return ERR_NONE;
}

static const struct sink_ops ops = {send};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const struct emitter_options options = {
            .writes_monitor = true, .writes_headers = true, .group = VIEW("group")};
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL && config_create_default(&config) == ERR_NONE);
    ASSURE(emitter_init(&emitter, (struct sink){&ops, NULL}, &options) == ERR_NONE);
    // So few that inputs reach the ceilings.
    config->detector.max_scopes = MAX_SCOPES;
    config->detector.max_incidents = MAX_INCIDENTS;
    return 0;
}

static void fold(struct detect_line *line, const struct frame *frame, int64_t sequence)
{
    bool gap;
    ASSURE(detect_line_frame(line, frame, 0, sequence, false, NULL, &gap) == ERR_NONE);
}

static void check_counts(const struct detect_counts *counts)
{
    ASSURE(counts->scopes <= MAX_SCOPES && counts->incidents <= MAX_INCIDENTS);
    ASSURE(counts->applied <= counts->frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    struct detect_line *line;
    ASSURE(detect_line_create(&line, config, &emitter) == ERR_NONE);
    for (int64_t sequence = 0; rest.n > 0 && sequence < FRAME_MAX; sequence++) {
        arena_reset(arena);
        struct view record = fuzz_copy(fuzz_take(&rest, fuzz_take_be16(&rest)));
        struct frame frame;
        const char *why;
        if (frame_decode(record, arena, &frame, &why) == ERR_NONE) {
            fold(line, &frame, 2 * sequence);
            struct detect_counts before = detect_line_counts(line);
            check_counts(&before);
            fold(line, &frame, 2 * sequence + 1);
            struct detect_counts after = detect_line_counts(line);
            ASSURE(after.applied == before.applied && after.scopes == before.scopes);
            ASSURE(after.alerts == before.alerts && after.commands == before.commands);
        }
        fuzz_free(record);
    }
    detect_line_destroy(line);
    return 0;
}
