// bench_judge: what the first half costs, stage by stage: nanoseconds and allocations a message.
//
// The stages are called as judge_line and enrich_batch call them, batch by batch, with a clock
// between them; then the same messages go through judge_line itself, which is timed from outside:
// what it takes beyond the stages' sum is its own. CPU time of the thread, so the wait for a Redis
// is not in it. Figures are medians of seven runs, each with the least and the greatest. The first
// pass over the day is not counted: memory grows in it, and numbers are read for the first time.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bench/stages/allocations.h"
#include "bench/stages/day.h"
#include "bench/stages/figures.h"
#include "bench/stages/halves.h"
#include "common/assure.h"
#include "judge/standing.h"
#include "judge_line.h"
#include "state/frame_codec.h"

enum { ARENA_BYTES = 256 * 1024 * 1024, TEXT_BYTES = 512, LEAF_NAME_BYTES = 256 * 1024 };

static const char *const help =
        "Usage: bench_judge --day DIR [--redis URI] [--batch N] [--messages N] [--json]\n"
        "\n"
        "Measures decode, normalise, pseudonymise, lookup, judge, encode, tally and frame, and "
        "the\n"
        "whole first half, on a day that wrongnumber-bench generate has made.\n"
        "\n"
        "      --day DIR      its folder\n"
        "      --redis URI    lookups go there (as of wrongnumber-bench replay), not to memory\n"
        "      --batch N      messages a batch (1000)\n"
        "      --messages N   of the day (200000)\n"
        "      --json         one object a line instead of a table\n"
        "  -h, --help\n";

#define STAGE_TABLE(ROW)                                                                           \
    ROW(STAGE_DECODE, decode)                                                                      \
    ROW(STAGE_NORMALISE, normalise)                                                                \
    ROW(STAGE_PSEUDONYMISE, pseudonymise)                                                          \
    ROW(STAGE_LOOKUP, lookup)                                                                      \
    ROW(STAGE_JUDGE, judge)                                                                        \
    ROW(STAGE_ENCODE, encode)                                                                      \
    ROW(STAGE_TALLY, tally)                                                                        \
    ROW(STAGE_FRAME, frame)                                                                        \
    ROW(STAGE_WHOLE, whole)

enum stage {
#define STAGE_ROW(id, name) id,
    STAGE_TABLE(STAGE_ROW)
#undef STAGE_ROW
            STAGE_COUNT,
};

static const char *const stage_names[STAGE_COUNT] = {
#define STAGE_ROW(id, name) [id] = #name,
        STAGE_TABLE(STAGE_ROW)
#undef STAGE_ROW
};

struct plan {
    const char *day;
    const char *redis;
    size_t batch;
    size_t messages;
    bool as_json;
};

// What has been spent.
struct cost {
    double ns[STAGE_COUNT];
    uint64_t allocations[STAGE_COUNT];
};

struct lap {
    struct stopwatch watch;
    double at_ns;
    uint64_t allocations;
};

// The stages of one process, and a batch between them.
struct half {
    const struct day *day;
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

static void tally_all(struct half *half, const struct judge_item *items, size_t count, int64_t at)
{
    const struct frame_taker taker = {take_frame, half};
    struct tally_source *source = tally_find(half->tally, 0);
    enum err e = ERR_NONE;
    for (size_t i = 0; i < count && e == ERR_NONE; i++) {
        if (!half->is_event[i]) {
            e = tally_skip(
                    half->tally, source, items[i].raw.offset + at, at, CACHE_TRUSTED, &taker);
            continue;
        }
        const struct recipient *recipient = &half->recipients[i];
        const struct tally_message message = {
                .ev = &half->events[i],
                .offset = items[i].raw.offset + at,
                .verdict = half->judgements[i].verdict,
                .reasons = half->judgements[i].reasons & REASONS_OF_DATA,
                .recipient_tag = half->pseudonyms[i].bytes,
                .phone = recipient->kind == RECIPIENT_PHONE ? recipient->canonical : VIEW_NONE,
                .signals = half->judgements[i].signals,
                .other_lender = half->judgements[i].other_lender,
        };
        e = tally_count(
                half->tally, source, &message, message.ev->occurred_at.ms, CACHE_TRUSTED, &taker);
    }
    if (e == ERR_NONE) {
        e = tally_flush(half->tally, source, half->events[0].occurred_at.ms, CACHE_TRUSTED, false,
                false, &taker);
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

static enum err open_stages(struct half *half, const struct plan *plan)
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
            .frame_messages = (uint32_t)plan->batch,
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

static void half_open(struct half *half, const struct day *day, const struct plan *plan)
{
    *half = (struct half){
            .day = day,
            .arena = arena_create(ARENA_BYTES),
            .frame_arena = arena_create(ARENA_BYTES),
            .events = calloc(plan->batch, sizeof *half->events),
            .is_event = calloc(plan->batch, sizeof *half->is_event),
            .recipients = calloc(plan->batch, sizeof *half->recipients),
            .pseudonyms = calloc(plan->batch, sizeof *half->pseudonyms),
            .lookups = calloc(plan->batch, sizeof *half->lookups),
            .judgements = calloc(plan->batch, sizeof *half->judgements),
            .lap.watch.id = CLOCK_THREAD_CPUTIME_ID,
    };
    ASSURE(half->arena != NULL && half->frame_arena != NULL && half->events != NULL &&
            half->is_event != NULL && half->recipients != NULL && half->pseudonyms != NULL &&
            half->lookups != NULL && half->judgements != NULL);
    strbuf_init(&half->text, TEXT_BYTES);
    strbuf_init(&half->frame_bytes, FRAME_MAX_BYTES);
    enum err e = open_stages(half, plan);
    ASSURE(e == ERR_NONE);
}

static void half_close(struct half *half)
{
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
}

// --- measuring and telling --------------------------------------------------------------------

static size_t batch_at(const struct day *day, const struct plan *plan, size_t at)
{
    size_t left = day->count - at;
    return left < plan->batch ? left : plan->batch;
}

// One pass over the day each for the stages and the whole; `pass` counts them.
static struct cost measure(struct half *half, const struct plan *plan, unsigned pass)
{
    const struct day *day = half->day;
    const int64_t shift = (int64_t)pass * (int64_t)day->count;
    half->cost = (struct cost){{0}, {0}};
    for (size_t at = 0; at < day->count; at += plan->batch) {
        take_stages(half, day->items + at, batch_at(day, plan, at), shift);
    }
    // Not batch by batch beside the stages, which would leave each batch in the processor's caches.
    for (size_t at = 0; at < day->count; at += plan->batch) {
        take_whole(half, day->items + at, batch_at(day, plan, at), shift);
    }
    return half->cost;
}

static void tell(
        const struct plan *plan, const char *name, const struct figure *ns, double allocations)
{
    if (!plan->as_json) {
        printf("| %-12s", name);
        figure_print(ns);
        printf(" | %.4f |\n", allocations);
        return;
    }
    struct strbuf sb;
    struct json_out out;
    strbuf_init(&sb, 4096);
    json_begin(&out, &sb);
    json_object(&out, NULL);
    json_string(&out, "stage", view_of(name));
    figure_add_json(&out, "ns", ns);
    json_millionths(&out, "allocations", (int64_t)(allocations * 1e6));
    json_object_end(&out);
    printf("%.*s\n", (int)sb.n, sb.p);
    strbuf_fini(&sb);
}

static void run(const struct day *day, const struct plan *plan)
{
    struct half half;
    double ns[STAGE_COUNT][RUNS];
    uint64_t allocations[STAGE_COUNT] = {0};
    half_open(&half, day, plan);
    (void)measure(&half, plan, 0);
    for (unsigned run = 0; run < RUNS; run++) {
        const struct cost cost = measure(&half, plan, run + 1);
        for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
            ns[stage][run] = cost.ns[stage] / (double)day->count;
            allocations[stage] += cost.allocations[stage];
        }
    }
    if (!plan->as_json) {
        puts("| stage | ns a message (least-most) | allocations |\n|-|-|-|");
    }
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        const struct figure figure = figure_of(ns[stage]);
        tell(plan, stage_names[stage], &figure,
                (double)allocations[stage] / (RUNS * (double)day->count));
    }
    half_close(&half);
}

static bool read_number(const char *text, size_t *ret_number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *ret_number = value;
    return end != text && *end == '\0' && value > 0 && value <= 100000000;
}

static bool read_option(struct plan *plan, int option, const char *text)
{
    switch (option) {
    case 'd':
        plan->day = text;
        return true;
    case 'r':
        plan->redis = text;
        return true;
    case 'b':
        return read_number(text, &plan->batch) && plan->batch <= 100000;
    case 'm':
        return read_number(text, &plan->messages);
    case 'j':
        plan->as_json = true;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
            {"day", required_argument, NULL, 'd'},
            {"redis", required_argument, NULL, 'r'},
            {"batch", required_argument, NULL, 'b'},
            {"messages", required_argument, NULL, 'm'},
            {"json", no_argument, NULL, 'j'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct plan plan = {.batch = 1000, .messages = 200000};
    bool is_right = true;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EX_OK;
        }
        is_right = is_right && read_option(&plan, c, optarg);
    }
    if (!is_right || plan.day == NULL || optind != argc) {
        fputs(help, stderr);
        return EX_USAGE;
    }
    struct day day;
    enum err e = day_open(&day, plan.day, plan.redis, plan.messages);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    run(&day, &plan);
    day_close(&day);
    return EX_OK;
}
