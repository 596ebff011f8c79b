// The whole state of the detect half as a snapshot keeps it, and records of the tally topic that come
// after it. What must hold: a state that is let through comes back the same when it is saved, restored
// and saved again, and frames make the same records of both.
//
// Two bytes: how many bytes the records have (fuzz_detect has their form). Then these, then the
// state; none = a new one.
#include "common/assure.h"
#include "common/hash.h"
#include "detect_line.h"
#include "input.h"
#include "state/frame_codec.h"

enum {
    FRAME_MAX = 16,
    ARENA_BYTES = 64 << 20,
    STATE_BYTES = 64 << 20,
    MAX_SCOPES = 64,
    MAX_INCIDENTS = 4
};

// A line, and what came out of it.
struct heard {
    struct emitter emitter;
    struct detect_line *line;
    uint64_t records;
    uint64_t hash;
};

static struct arena *arena;
static struct config *config;
static struct heard first;
static struct heard second;

static void hear(struct heard *heard, struct view bytes)
{
    heard->hash = hash_bytes(bytes.p, bytes.n, heard->hash);
}

static enum err send(void *self, const struct record *record)
{
    struct heard *heard = self;
    ASSURE(record->header_count <= RECORD_HEADER_MAX);
    heard->records++;
    hear(heard, view_is_none(record->key) ? VIEW("-") : record->key);
    hear(heard, view_is_none(record->value) ? VIEW("-") : record->value);
    return ERR_NONE;
}

static void heard_init(struct heard *heard)
{
    static const struct sink_ops ops = {send};
    const struct emitter_options options = {
            .writes_monitor = true, .writes_headers = true, .group = VIEW("group")};
    ASSURE(emitter_init(&heard->emitter, (struct sink){&ops, heard}, &options) == ERR_NONE);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL && config_create_default(&config) == ERR_NONE);
    // So few that inputs reach the ceilings.
    config->detector.max_scopes = MAX_SCOPES;
    config->detector.max_incidents = MAX_INCIDENTS;
    heard_init(&first);
    heard_init(&second);
    return 0;
}

static void line_begin(struct heard *heard)
{
    ASSURE(detect_line_create(&heard->line, config, &heard->emitter) == ERR_NONE);
    heard->records = 0;
    heard->hash = 0;
}

static void line_end(struct heard *heard)
{
    detect_line_destroy(heard->line);
    heard->line = NULL;
}

static void save(struct heard *heard, struct strbuf *sb)
{
    strbuf_init(sb, STATE_BYTES);
    struct archive writer = archive_writer(sb);
    detect_line_archive(heard->line, &writer);
    ASSURE(archive_end(&writer) == ERR_NONE);
}

static enum err restore(struct heard *heard, struct view bytes)
{
    struct archive reader = archive_reader(bytes);
    detect_line_archive(heard->line, &reader);
    enum err e = archive_end(&reader);
    ASSURE((e == ERR_NONE) == (reader.wrong == NULL));
    return e;
}

static void check_same(void)
{
    struct strbuf x;
    struct strbuf y;
    save(&first, &x);
    save(&second, &y);
    ASSURE(view_equal(strbuf_view(&x), strbuf_view(&y)));
    ASSURE(first.records == second.records && first.hash == second.hash);
    strbuf_fini(&x);
    strbuf_fini(&y);
}

static void fold_both(const struct frame *frame, int64_t sequence)
{
    bool gaps[2];
    ASSURE(detect_line_frame(first.line, frame, 0, sequence, false, NULL, &gaps[0]) == ERR_NONE);
    ASSURE(detect_line_frame(second.line, frame, 0, sequence, false, NULL, &gaps[1]) == ERR_NONE);
    ASSURE(gaps[0] == gaps[1]);
    ASSURE(first.records == second.records && first.hash == second.hash);
    struct detect_counts counts = detect_line_counts(first.line);
    ASSURE(counts.scopes <= MAX_SCOPES && counts.incidents <= MAX_INCIDENTS);
}

static void fold_all(struct view rest)
{
    for (int64_t sequence = 0; rest.n > 0 && sequence < FRAME_MAX; sequence++) {
        arena_reset(arena);
        struct frame frame;
        const char *why;
        struct view record = fuzz_copy(fuzz_take(&rest, fuzz_take_be16(&rest)));
        if (frame_decode(record, arena, &frame, &why) == ERR_NONE) {
            fold_both(&frame, sequence);
        }
        fuzz_free(record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    struct view frames = fuzz_take(&rest, fuzz_take_be16(&rest));
    struct view bytes = fuzz_copy(rest);
    line_begin(&first);
    if (bytes.n == 0 || restore(&first, bytes) == ERR_NONE) {
        struct strbuf saved;
        line_begin(&second);
        save(&first, &saved);
        ASSURE(restore(&second, strbuf_view(&saved)) == ERR_NONE);
        check_same();
        fold_all(frames);
        check_same();
        strbuf_fini(&saved);
        line_end(&second);
    }
    line_end(&first);
    fuzz_free(bytes);
    return 0;
}
