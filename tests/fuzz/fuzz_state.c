// A state of the fold (its scopes, its recent messages, its counts) and of what stands beside the
// detectors (volumes, complaints) as a snapshot keeps it, and records of the tally topic that come after it. What must hold: a state that is let through comes
// back the same when it is saved, restored and saved again, and frames make the same of both.
//
// Two bytes: how many bytes the records have (fuzz_detect has their form). Then these, then the
// state; none = a new one.
#include "common/assure.h"
#include "detect/side.h"
#include "fold/fold.h"
#include "input.h"
#include "state/frame_codec.h"

enum {
    FRAME_MAX = 16,
    COMPLAINT_RATE = 500,
    ARENA_BYTES = 64 << 20,
    STATE_BYTES = 64 << 20,
    SCOPES = 24,
    ENTRIES = 40
};

struct state {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct side *side;
};

static struct arena *arena;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL);
    return 0;
}

static void state_init(struct state *state)
{
    const struct recent_options options = {.max_entries = ENTRIES};
    ASSURE(scopes_create(&state->scopes, SCOPES) == ERR_NONE);
    ASSURE(recent_create(&state->recent, &options) == ERR_NONE);
    ASSURE(fold_create(&state->fold, state->scopes, state->recent, 0) == ERR_NONE);
    ASSURE(side_create(&state->side, COMPLAINT_RATE) == ERR_NONE);
}

static void state_fini(struct state *state)
{
    side_destroy(state->side);
    fold_destroy(state->fold);
    recent_destroy(state->recent);
    scopes_destroy(state->scopes);
}

static enum err state_archive(struct state *state, struct archive *archive)
{
    scopes_archive(archive, state->scopes);
    recent_archive(archive, state->recent, scopes_end(state->scopes));
    recent_archive_pins(archive, state->recent);
    fold_archive(archive, state->fold);
    side_archive(archive, state->side, state->scopes);
    return archive_end(archive);
}

static void save(struct state *state, struct strbuf *sb)
{
    strbuf_init(sb, STATE_BYTES);
    struct archive writer = archive_writer(sb);
    ASSURE(state_archive(state, &writer) == ERR_NONE);
}

static enum err restore(struct state *state, struct view bytes)
{
    struct archive reader = archive_reader(bytes);
    enum err e = state_archive(state, &reader);
    ASSURE((e == ERR_NONE) == (reader.wrong == NULL));
    return e;
}

static void check_same(struct state *a, struct state *b)
{
    struct strbuf x;
    struct strbuf y;
    save(a, &x);
    save(b, &y);
    ASSURE(view_equal(strbuf_view(&x), strbuf_view(&y)));
    strbuf_fini(&x);
    strbuf_fini(&y);
}

static int64_t heard(void *self, int32_t scope)
{
    const struct state *state = self;
    return fold_scope_counts(state->fold, scope).judged;
}

static void fold(
        struct state *state, const struct frame *frame, int64_t sequence, struct delta *ret_delta)
{
    const struct side_asks asks = {.heard = heard, .self = state};
    ASSURE(fold_frame(state->fold, frame, 0, sequence, ret_delta) == ERR_NONE);
    if (ret_delta->clearance_count == 0) { // late rows are not for what stands beside
        ASSURE(side_delta(state->side, ret_delta, &asks) == ERR_NONE);
    }
}

static void fold_both(struct state *a, struct state *b, const struct frame *frame, int64_t sequence)
{
    struct delta x;
    struct delta y;
    fold(a, frame, sequence, &x);
    fold(b, frame, sequence, &y);
    ASSURE(x.applied == y.applied && x.gap.is_there == y.gap.is_there);
    ASSURE(x.leaf_count == y.leaf_count && x.entry_count == y.entry_count);
    ASSURE(x.scope_count == y.scope_count && x.log_time_ms == y.log_time_ms);
    ASSURE(x.clearance_count == y.clearance_count);
    for (uint32_t i = 0; i < x.scope_count; i++) {
        const struct scope_delta *row = &x.scopes[i];
        ASSURE(row->scope == y.scopes[i].scope && row->good == y.scopes[i].good);
        ASSURE(row->fresh == y.scopes[i].fresh && row->repeated == y.scopes[i].repeated);
        struct scope_name name = scopes_name(a->scopes, row->scope);
        struct evidence of_a;
        struct evidence of_b;
        ASSURE(side_read(a->side, &name, row, SOURCES_ALL, TIER_NONE, &of_a) ==
                side_read(b->side, &name, &y.scopes[i], SOURCES_ALL, TIER_NONE, &of_b));
        ASSURE(side_is_calm(a->side, row->scope) == side_is_calm(b->side, row->scope));
    }
    ASSURE(side_next_silent(a->side, x.log_time_ms) == side_next_silent(b->side, y.log_time_ms));
}

static void fold_all(struct state *a, struct state *b, struct view rest)
{
    for (int64_t sequence = 0; rest.n > 0 && sequence < FRAME_MAX; sequence++) {
        arena_reset(arena);
        struct frame frame;
        const char *why;
        struct view record = fuzz_copy(fuzz_take(&rest, fuzz_take_be16(&rest)));
        if (frame_decode(record, arena, &frame, &why) == ERR_NONE) {
            fold_both(a, b, &frame, sequence);
        }
        fuzz_free(record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    struct view frames = fuzz_take(&rest, fuzz_take_be16(&rest));
    struct view bytes = fuzz_copy(rest);
    struct state first;
    state_init(&first);
    if (bytes.n == 0 || restore(&first, bytes) == ERR_NONE) {
        struct state second;
        struct strbuf saved;
        state_init(&second);
        save(&first, &saved);
        ASSURE(restore(&second, strbuf_view(&saved)) == ERR_NONE);
        check_same(&first, &second);
        fold_all(&first, &second, frames);
        check_same(&first, &second);
        strbuf_fini(&saved);
        state_fini(&second);
    }
    state_fini(&first);
    fuzz_free(bytes);
    return 0;
}
