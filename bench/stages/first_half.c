#include "bench/stages/first_half.h"

#include <stdlib.h>

#include "bench/stages/allocations.h"
#include "common/assure.h"
#include "judge/standing.h"
#include "state/frame_codec.h"

enum { ARENA_BYTES = 256 * 1024 * 1024, TEXT_BYTES = 512, LEAF_NAME_BYTES = 256 * 1024 };

const char *const stage_names[STAGE_COUNT] = {
#define STAGE_ROW(id, name) [id] = #name,
        STAGE_TABLE(STAGE_ROW)
#undef STAGE_ROW
};

struct lap {
    struct stopwatch watch;
    double at_ns;
    uint64_t allocations;
};

// The stages of one process, and a batch between them.
struct half {
    const struct day *day;
    size_t batch;
    struct decoder *decoder;
    struct phone_cache *phones;
    struct tally *tally;
    struct emitter emitter;
    struct judge_line *line;
    struct arena *arena;
    struct arena *frame_arena;
    struct strbuf text;
    struct strbuf frame_bytes;
    struct event *events;
    bool *is_event;
    struct recipient *recipients;
    struct pseudonym *pseudonyms;
    struct lookup *lookups;
    struct judgement *judgements;
    int64_t at_ms; // log time
    struct cost cost;
    struct lap lap;
};

static enum err drop_record(void *self, const struct record *record)
{
    (void)self;
    (void)record;
    return ERR_NONE;
}

static const struct sink_ops drop_ops = {drop_record};

static void lap_begin(struct half *half)
{
    half->lap.allocations = allocations_count();
    half->lap.at_ns = stopwatch_ns(&half->lap.watch);
}

// Books what was spent since the lap began, and begins the next.
static void lap_end(struct half *half, enum stage stage)
{
    half->cost.ns[stage] += stopwatch_ns(&half->lap.watch) - half->lap.at_ns;
    half->cost.allocations[stage] += allocations_count() - half->lap.allocations;
    lap_begin(half);
}

// --- the stages -------------------------------------------------------------------------------

static void decode_all(struct half *half, const struct judge_item *items, size_t count)
{
    struct decode_failure failure;
    for (size_t i = 0; i < count; i++) {
        half->is_event[i] = decode_event(half->decoder, &items[i].raw, half->arena,
                                    &half->events[i], &failure) == DECODE_EVENT;
    }
}

static void normalise_all(struct half *half, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct event *ev = &half->events[i];
        half->recipients[i] = half->is_event[i] ? recipient_normalise_cached(ev->recipient,
                                                          recipient_kind_of_channel(ev->channel),
                                                          half->phones, half->arena)
                                                : (struct recipient){.kind = RECIPIENT_INVALID};
    }
}

static void pseudonymise_all(struct half *half, size_t count)
{
    const struct keyring_key *key = keyring_current(half->day->ring);
    for (size_t i = 0; i < count; i++) {
        half->pseudonyms[i] = keyring_pseudonym(key, half->recipients[i]);
    }
}

static void look_up_all(struct half *half, size_t count)
{
    const struct store *store = &half->day->store;
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        if (half->recipients[i].kind != RECIPIENT_INVALID) {
            const struct event *ev = &half->events[i];
            half->lookups[asked++] = (struct lookup){
                    .recipient = half->recipients[i],
                    .tenant_id = ev->tenant_id,
                    .loan_id = ev->loan_id,
                    .channel = ev->channel,
                    .pseudonym = &half->pseudonyms[i],
                    .key = keyring_current(half->day->ring),
            };
        }
    }
    struct mono_time deadline = mono_after_ms(clock_mono(), half->day->config->redis.deadline_ms);
    store->ops->lookup(store->self, half->lookups, asked, deadline, half->arena);
}

static void judge_all(struct half *half, size_t count)
{
    const struct policy *policy = &half->day->config->policy;
    size_t answer = 0;
    for (size_t i = 0; i < count; i++) {
        struct facts facts = {.lookup = LOOKUP_NOT_ASKED, .reassigned_at_ms = TIME_NONE};
        if (half->recipients[i].kind != RECIPIENT_INVALID) {
            facts = half->lookups[answer++].facts;
        }
        if (half->is_event[i]) {
            struct judgement *judgement = &half->judgements[i];
            *judgement = judge_message(&half->events[i], half->recipients[i].kind, &facts, policy);
            (void)judge_stand(
                    &half->events[i], half->pseudonyms[i].bytes, policy, false, judgement);
        }
    }
}

static void encode_all(struct half *half, const struct judge_item *items, size_t count)
{
    const struct keyring_key *key = keyring_current(half->day->ring);
    for (size_t i = 0; i < count; i++) {
        if (!half->is_event[i]) {
            continue;
        }
        strbuf_reset(&half->text);
        pseudonym_add(&half->text, key, &half->pseudonyms[i]);
        const struct verdict_action verdict = {
                .ev = &half->events[i],
                .verdict = half->judgements[i].verdict,
                .reasons = half->judgements[i].reasons,
                .recipient_pseudonym = strbuf_view(&half->text),
                .source_topic = items[i].raw.topic,
                .source_offset = items[i].raw.offset,
                .policy_version = VIEW("bench"),
        };
        enum err e = emit_verdict(&half->emitter, &verdict, NULL);
        ASSURE(e == ERR_NONE);
    }
}

// Takes a frame that the tally hands out: what was spent until now is the tally's.
static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    (void)tally_partition;
    struct half *half = self;
    lap_end(half, STAGE_TALLY);
    arena_reset(half->frame_arena);
    strbuf_reset(&half->frame_bytes);
    enum err e = frame_encode(&half->frame_bytes, frame, half->frame_arena);
    lap_end(half, STAGE_FRAME);
    return e;
}

// `shift`: see take_stages.
static void tally_all(
        struct half *half, const struct judge_item *items, size_t count, int64_t shift)
{
    const struct frame_taker taker = {take_frame, half};
    struct tally_source *source = tally_find(half->tally, 0);
    enum err e = ERR_NONE;
    for (size_t i = 0; i < count && e == ERR_NONE; i++) {
        const struct event *ev = &half->events[i];
        const struct recipient *recipient = &half->recipients[i];
        const int64_t offset = items[i].raw.offset + shift;
        if (!half->is_event[i]) {
            e = tally_skip(half->tally, source, offset, half->at_ms, CACHE_TRUSTED, &taker);
            continue;
        }
        half->at_ms = ev->occurred_at.ms;
        const struct tally_message message = {
                .ev = ev,
                .offset = offset,
                .verdict = half->judgements[i].verdict,
                .reasons = half->judgements[i].reasons & REASONS_OF_DATA,
                .recipient_tag = half->pseudonyms[i].bytes,
                .phone = recipient->kind == RECIPIENT_PHONE ? recipient->canonical : VIEW_NONE,
                .signals = half->judgements[i].signals,
                .other_lender = half->judgements[i].other_lender,
        };
        e = tally_count(half->tally, source, &message, half->at_ms, CACHE_TRUSTED, &taker);
    }
    if (e == ERR_NONE) {
        e = tally_flush(half->tally, source, half->at_ms, CACHE_TRUSTED, false, false, &taker);
    }
    ASSURE(e == ERR_NONE);
}

// One batch through all stages; its offsets are moved on by `shift`, for they have to rise.
static void take_stages(
        struct half *half, const struct judge_item *items, size_t count, int64_t shift)
{
    arena_reset(half->arena);
    lap_begin(half);
    decode_all(half, items, count);
    lap_end(half, STAGE_DECODE);
    normalise_all(half, count);
    lap_end(half, STAGE_NORMALISE);
    pseudonymise_all(half, count);
    lap_end(half, STAGE_PSEUDONYMISE);
    look_up_all(half, count);
    lap_end(half, STAGE_LOOKUP);
    judge_all(half, count);
    lap_end(half, STAGE_JUDGE);
    encode_all(half, items, count);
    lap_end(half, STAGE_ENCODE);
    tally_all(half, items, count, shift);
    lap_end(half, STAGE_TALLY);
}

static enum err encode_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    (void)tally_partition;
    struct half *half = self;
    arena_reset(half->frame_arena);
    strbuf_reset(&half->frame_bytes);
    return frame_encode(&half->frame_bytes, frame, half->frame_arena);
}

static void take_whole(struct half *half, struct judge_item *items, size_t count, int64_t shift)
{
    struct judge_slice slice = {.partition = 0};
    for (size_t i = 0; i < count; i++) {
        items[i].raw.offset += shift;
    }
    lap_begin(half);
    enum err e =
            judge_line_batch(half->line, items, count, &slice, 1, (struct wall_time){0}, false);
    lap_end(half, STAGE_WHOLE);
    ASSURE(e == ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        items[i].raw.offset -= shift;
    }
}

// --- opening ----------------------------------------------------------------------------------

static enum err open_stages(struct half *half)
{
    const struct config *config = half->day->config;
    const struct tally_options tally_options = {
            .tally_partitions = 1,
            .max_leaves = config->batch.max_leaves,
            .max_leaf_bytes = LEAF_NAME_BYTES,
    };
    const struct emitter_options emits = {.verdicts = VERDICTS_ALL,
            .writes_headers = true,
            .group = VIEW("bench"),
            .instance = VIEW("bench")};
    const struct judge_line_options line_options = {
            .config = config,
            .ring = half->day->ring,
            .store = half->day->store,
            .emitter = &half->emitter,
            .frames = {encode_frame, half},
            .tally_partitions = 1,
            .clock = JUDGE_CLOCK_MESSAGE,
            .frame_messages = (uint32_t)half->batch,
    };
    const struct view topic = VIEW("collections.outbound.v1");
    enum err e = decoder_create(&half->decoder, (const char *const *)config->fields, NULL);
    e = e != ERR_NONE ? e : phone_cache_create(&half->phones, config->identity.default_region);
    e = e != ERR_NONE ? e : tally_create(&half->tally, &tally_options);
    e = e != ERR_NONE ? e : tally_open(half->tally, topic, 0, 0, 0);
    e = e != ERR_NONE ? e : emitter_init(&half->emitter, (struct sink){&drop_ops, NULL}, &emits);
    e = e != ERR_NONE ? e : judge_line_create(&half->line, &line_options);
    return e != ERR_NONE ? e : judge_line_open(half->line, topic, 0, 0, 0);
}

struct half *half_create(const struct day *day, size_t batch)
{
    struct half *half = malloc(sizeof *half);
    ASSURE(half != NULL);
    *half = (struct half){
            .day = day,
            .batch = batch,
            .arena = arena_create(ARENA_BYTES),
            .frame_arena = arena_create(ARENA_BYTES),
            .events = calloc(batch, sizeof *half->events),
            .is_event = calloc(batch, sizeof *half->is_event),
            .recipients = calloc(batch, sizeof *half->recipients),
            .pseudonyms = calloc(batch, sizeof *half->pseudonyms),
            .lookups = calloc(batch, sizeof *half->lookups),
            .judgements = calloc(batch, sizeof *half->judgements),
            .lap.watch.id = CLOCK_THREAD_CPUTIME_ID,
    };
    ASSURE(half->arena != NULL && half->frame_arena != NULL && half->events != NULL &&
            half->is_event != NULL && half->recipients != NULL && half->pseudonyms != NULL &&
            half->lookups != NULL && half->judgements != NULL);
    strbuf_init(&half->text, TEXT_BYTES);
    strbuf_init(&half->frame_bytes, FRAME_MAX_BYTES);
    enum err e = open_stages(half);
    ASSURE(e == ERR_NONE);
    return half;
}

void half_destroy(struct half *half)
{
    if (half == NULL) {
        return;
    }
    judge_line_destroy(half->line);
    emitter_fini(&half->emitter);
    tally_destroy(half->tally);
    phone_cache_destroy(half->phones);
    decoder_destroy(half->decoder);
    strbuf_fini(&half->text);
    strbuf_fini(&half->frame_bytes);
    arena_destroy(half->arena);
    arena_destroy(half->frame_arena);
    free(half->events);
    free(half->is_event);
    free(half->recipients);
    free(half->pseudonyms);
    free(half->lookups);
    free(half->judgements);
    free(half);
}

// --- measuring --------------------------------------------------------------------------------

static size_t batch_at(const struct half *half, size_t at)
{
    size_t left = half->day->count - at;
    return left < half->batch ? left : half->batch;
}

struct cost half_measure(struct half *half, unsigned pass)
{
    const struct day *day = half->day;
    const int64_t shift = (int64_t)pass * (int64_t)day->count;
    half->cost = (struct cost){{0}, {0}};
    for (size_t at = 0; at < day->count; at += half->batch) {
        take_stages(half, day->items + at, batch_at(half, at), shift);
    }
    // Not batch by batch beside the stages, which would leave each batch in the processor's caches.
    for (size_t at = 0; at < day->count; at += half->batch) {
        take_whole(half, day->items + at, batch_at(half, at), shift);
    }
    return half->cost;
}
