#include "bench/stages/halves.h"

#include "common/assure.h"

enum { SMALL_FRAME = 50, INTERRUPTED_NS = 20000, CLOCK_TRIES = 10000 };

static enum err drop_record(void *self, const struct record *record)
{
    (void)self;
    (void)record;
    return ERR_NONE;
}

static const struct sink_ops drop_ops = {drop_record};

static enum tier no_tier(const void *self, int32_t scope)
{
    (void)self;
    (void)scope;
    return TIER_NONE;
}

static bool is_quiet(void *self, int32_t scope)
{
    const struct front *front = self;
    return detect_is_calm(front->detect, scope, SOURCES_ALL);
}

void front_init(struct front *front, const struct config *config)
{
    const struct policy *policy = &config->policy;
    const struct detect_options options = {
            .baseline = baseline_defaults,
            .learning = policy->learning,
            .guard = policy->clump_guard,
            .start_credit = policy->start_credit,
            .streams = stream_levels_default(),
    };
    const struct recent_options remembers = {detect_line_recent_entries(config), is_quiet, front};
    *front = (struct front){.sequence = 0};
    enum err e = scopes_create(&front->scopes, config->detector.max_scopes);
    e = e != ERR_NONE ? e : recent_create(&front->recent, &remembers);
    e = e != ERR_NONE ? e : fold_create(&front->fold, front->scopes, front->recent, 0);
    e = e != ERR_NONE ? e : detect_create(&front->detect, &options, front->recent);
    ASSURE(e == ERR_NONE);
}

void front_fini(struct front *front)
{
    detect_destroy(front->detect);
    fold_destroy(front->fold);
    recent_destroy(front->recent);
    scopes_destroy(front->scopes);
}

void whole_init(struct whole *whole, const struct config *config)
{
    const struct emitter_options emits = {.group = VIEW("bench"), .instance = VIEW("bench")};
    const struct sink sink = {&drop_ops, NULL};
    *whole = (struct whole){.sequence = 0};
    enum err e = emitter_init(&whole->emitter, sink, &emits);
    e = e != ERR_NONE ? e : detect_line_create(&whole->line, config, &whole->emitter);
    ASSURE(e == ERR_NONE);
}

void whole_fini(struct whole *whole)
{
    detect_line_destroy(whole->line);
    emitter_fini(&whole->emitter);
}

void whole_take(struct whole *whole, const struct frames *frames)
{
    for (size_t i = 0; i < frames->count; i++) {
        bool gap;
        enum err e = detect_line_frame(
                whole->line, &frames->rows[i], 0, whole->sequence++, false, NULL, &gap);
        ASSURE(e == ERR_NONE);
    }
}

// --- time -------------------------------------------------------------------------------------

double stopwatch_ns(const struct stopwatch *watch)
{
    struct timespec t;
    clock_gettime(watch->id, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct stopwatch stopwatch_for(uint32_t per_frame)
{
    bool small = per_frame < SMALL_FRAME;
    struct stopwatch watch = {
            .id = small ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID,
            .interrupted_ns = small ? INTERRUPTED_NS : 1e18,
    };
    const struct stopwatch cpu = {.id = CLOCK_THREAD_CPUTIME_ID};
    double start = stopwatch_ns(&cpu);
    for (unsigned i = 0; i < CLOCK_TRIES; i++) {
        (void)stopwatch_ns(&watch);
    }
    watch.read_ns = (stopwatch_ns(&cpu) - start) / CLOCK_TRIES;
    return watch;
}

struct front_time front_take(
        struct front *front, const struct frames *frames, const struct stopwatch *watch)
{
    static const struct detect_asks asks = {.tier = no_tier};
    struct front_time sum = {0, 0};
    size_t timed = 0;
    for (size_t i = 0; i < frames->count; i++) {
        struct delta delta;
        double start = stopwatch_ns(watch);
        enum err e = fold_frame(front->fold, &frames->rows[i], 0, front->sequence++, &delta);
        double folded = stopwatch_ns(watch);
        if (e == ERR_NONE) {
            e = detect_delta(front->detect, &delta, &asks);
        }
        double detected = stopwatch_ns(watch);
        ASSURE(e == ERR_NONE);
        if (detected - start < watch->interrupted_ns || frames->rows[i].closing) {
            sum.fold += folded - start - watch->read_ns;
            sum.detect += detected - folded - watch->read_ns;
            timed++;
        }
    }
    double frames_a_timed = timed > 0 ? (double)frames->count / (double)timed : 0;
    return (struct front_time){sum.fold * frames_a_timed, sum.detect * frames_a_timed};
}
