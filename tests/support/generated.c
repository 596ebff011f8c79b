#include "generated.h"

#include <stdio.h>

#include "bench/generate_write.h"
#include "decode/decode.h"
#include "judge/judge.h"
#include "relationship/memory_store.h"
#include "relationship/ndjson.h"
#include "unit.h"

enum { ARGS_MAX = 64, ARENA_BYTES = 1 << 20 };

char *generated_arg(const char *text)
{
    char *changeable;
    memcpy(&changeable, &text, sizeof changeable);
    return changeable;
}

struct generate_options generated_options(const char *const *args)
{
    char *argv[ARGS_MAX] = {generated_arg("generate")};
    int argc = 1;
    while (args[argc - 1] != NULL) {
        CU_ASSERT_FATAL(argc < ARGS_MAX);
        argv[argc] = generated_arg(args[argc - 1]);
        argc++;
    }
    struct generate_options options = {0};
    struct strbuf why;
    strbuf_init(&why, GENERATED_LINE_BYTES);
    enum err e = generate_options_read(&options, argc, argv, &why);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    strbuf_fini(&why);
    return options;
}

struct traffic *generated_traffic(const struct generate_options *options)
{
    struct traffic *traffic = NULL;
    CU_ASSERT_EQUAL_FATAL(traffic_create(&traffic, options), ERR_NONE);
    return traffic;
}

// --- the processor's side -----------------------------------------------------------------------

struct processor {
    struct keyring *ring;
    struct store store;
    struct ndjson *ndjson;
    struct decoder *decoder;
    struct policy policy;
    struct arena *arena;
    struct strbuf line;
};

static void feed(struct processor *processor)
{
    struct strbuf why;
    strbuf_init(&why, GENERATED_LINE_BYTES);
    struct relationship rel;
    arena_reset(processor->arena);
    struct view line = {processor->line.p, processor->line.n - 1};
    enum err e = ndjson_parse(processor->ndjson, line, processor->arena, &rel, &why);
    unit_check_text("relationship", why.n > 0 ? why.p : "", "");
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_put(&processor->store, &rel), ERR_NONE);
    strbuf_fini(&why);
}

static void feed_people(struct processor *processor, const struct people *people)
{
    struct person person;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint64_t index = 0; index < people->count; index++) {
            person_make(people, index, &person);
            strbuf_reset(&processor->line);
            if (pass == 0) {
                write_stale_relationship(&processor->line, people, &person);
            } else {
                write_relationship(&processor->line, people, &person);
            }
            if (processor->line.n > 0) {
                feed(processor);
            }
        }
    }
}

static void processor_init(struct processor *processor, const struct people *people)
{
    *processor = (struct processor){0};
    strbuf_init(&processor->line, GENERATED_LINE_BYTES);
    processor->arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(processor->arena);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&processor->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_create(&processor->store, processor->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(ndjson_create(&processor->ndjson, "CN"), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(decoder_create(&processor->decoder, NULL, NULL), ERR_NONE);
    policy_init(&processor->policy);
    feed_people(processor, people);
}

static void processor_fini(struct processor *processor)
{
    decoder_destroy(processor->decoder);
    ndjson_destroy(processor->ndjson);
    processor->store.ops->destroy(processor->store.self);
    keyring_destroy(processor->ring);
    arena_destroy(processor->arena);
    strbuf_fini(&processor->line);
}

static struct judgement judge(struct processor *processor, const struct message *message)
{
    strbuf_reset(&processor->line);
    write_event(&processor->line, 1, message, random_mix(1, message->number));
    const struct raw_message raw = {
            .value = {processor->line.p, processor->line.n - 1}, .timestamp_ms = -1};
    struct event ev;
    struct decode_failure failure;
    arena_reset(processor->arena);
    CU_ASSERT_EQUAL_FATAL(
            decode_event(processor->decoder, &raw, processor->arena, &ev, &failure), DECODE_EVENT);
    struct lookup lookup = {
            .recipient = recipient_normalise(
                    ev.recipient, recipient_kind_of_channel(ev.channel), "CN", processor->arena),
            .tenant_id = ev.tenant_id,
            .loan_id = ev.loan_id,
            .channel = ev.channel,
    };
    processor->store.ops->lookup(
            processor->store.self, &lookup, 1, (struct mono_time){0}, processor->arena);
    return judge_message(&ev, lookup.recipient.kind, &lookup.facts, &processor->policy);
}

struct scenario_counts generated_compare(const struct generate_options *options)
{
    struct traffic *traffic = generated_traffic(options);
    struct processor processor;
    processor_init(&processor, traffic_people(traffic));
    struct scenario_counts counts = {0};
    struct message message;
    struct label label;
    const struct incident *incident;
    while (traffic_next(traffic, &message, &label, &incident)) {
        struct judgement judged = judge(&processor, &message);
        if (judged.verdict != label.expected || judged.reasons != label.reasons) {
            printf("judged %s %#x, labelled %s %#x: %s", verdict_names[judged.verdict],
                    judged.reasons, verdict_names[label.expected], label.reasons, processor.line.p);
            CU_FAIL("the judge and the label differ");
        }
        bool is_wrong = label.expected == VERDICT_MISDIRECTED || label.expected == VERDICT_UNKNOWN;
        CU_ASSERT_EQUAL(is_wrong, message.fault != FAULT_NONE);
        counts.verdicts[label.expected]++;
        counts.scattered += message.fault == FAULT_SCATTERED;
    }
    processor_fini(&processor);
    traffic_destroy(traffic);
    return counts;
}
