// The generator against the processor: what `generate` says of each message must be what decode,
// normalise, lookup and judge say of it, and what it writes must have the shape that its users rely
// on.
#include "bench/generate_traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/commands.h"
#include "bench/generate_scenario.h"
#include "bench/generate_write.h"
#include "common/hash.h"
#include "decode/decode.h"
#include "identity/phone.h"
#include "judge/judge.h"
#include "relationship/memory_store.h"
#include "relationship/ndjson.h"
#include "tests/support/unit.h"

enum { ARGS_MAX = 32, ARENA_BYTES = 1 << 20, LINE_BYTES = 1 << 16 };

// getopt wants what it does not change to be changeable.
static char *arg(const char *text)
{
    char *changeable;
    memcpy(&changeable, &text, sizeof changeable);
    return changeable;
}

static struct generate_options options_of(const char *const *args)
{
    char *argv[ARGS_MAX] = {arg("generate")};
    int argc = 1;
    while (args[argc - 1] != NULL) {
        CU_ASSERT_FATAL(argc < ARGS_MAX);
        argv[argc] = arg(args[argc - 1]);
        argc++;
    }
    struct generate_options options = {0};
    struct strbuf why;
    strbuf_init(&why, LINE_BYTES);
    enum err e = generate_options_read(&options, argc, argv, &why);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    strbuf_fini(&why);
    return options;
}

#define OPTIONS(...) options_of((const char *const[]){"--out", ".", __VA_ARGS__, NULL})

static struct traffic *traffic_of(const struct generate_options *options)
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
    strbuf_init(&why, LINE_BYTES);
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
    strbuf_init(&processor->line, LINE_BYTES);
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

// Returns how many messages of each verdict there were.
static struct scenario_counts compare(const struct generate_options *options)
{
    struct traffic *traffic = traffic_of(options);
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

static void labels_are_what_the_judge_says(void)
{
    static const char *const seeds[] = {"1", "2", "3", "18446744073709551615"};
    static const char *const tenants[] = {"4", "1", "7", "2"};
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        struct generate_options options = OPTIONS("--seed", seeds[i], "--messages", "20000",
                "--tenants", tenants[i], "--incident", "wrong_list:at=5%,size=200", "--incident",
                "closed_loans:size=200", "--incident", "shifted_column:size=200", "--incident",
                "number_walking:size=200,rate=50%", "--incident", "feed_lag:size=200,at=0",
                "--incident", "recycled_numbers:size=200", "--incident",
                "unregistered_vendor:size=200", "--incident", "leaked_list:size=200", "--incident",
                "broad_rule:size=200,rate=1");
        struct scenario_counts counts = compare(&options);
        for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            CU_ASSERT(counts.verdicts[verdict] > 0);
        }
    }
}

// --- the shape of the traffic -------------------------------------------------------------------

static void healthy_traffic_has_few_wrong_numbers(void)
{
    struct generate_options options =
            OPTIONS("--seed", "5", "--messages", "60000", "--campaigns", "200");
    struct scenario_counts counts = compare(&options);
    uint64_t wrong = counts.verdicts[VERDICT_MISDIRECTED] + counts.verdicts[VERDICT_UNKNOWN];
    uint64_t watched = wrong + counts.verdicts[VERDICT_CLEAR];
    CU_ASSERT_EQUAL(wrong, counts.scattered);
    CU_ASSERT(wrong * 1000 >= watched);     // 0.1 %
    CU_ASSERT(wrong * 1000 <= watched * 5); // 0.5 %
    CU_ASSERT(watched * 10 > options.messages * 8);
}

static void an_incident_begins_where_it_is_told_to(void)
{
    struct generate_options options = OPTIONS("--seed", "9", "--messages", "5000", "--incident",
            "leaked_list:at=60%,size=400,tenant=2,vendor=v-9,campaign=c 1");
    struct traffic *traffic = traffic_of(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t count = 0;
    uint64_t of_incident = 0;
    int64_t latest_ms = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        CU_ASSERT_EQUAL(message.number, count);
        CU_ASSERT(message.occurred_ms >= latest_ms - 2000);
        latest_ms = message.occurred_ms > latest_ms ? message.occurred_ms : latest_ms;
        if (incident != NULL) {
            CU_ASSERT_EQUAL(message.campaign->tenant, 1);
            unit_check_text("campaign", message.campaign->id, "c 1");
            unit_check_text("vendor", message.campaign->vendor_id, "v-9");
            CU_ASSERT_EQUAL(label.expected, VERDICT_MISDIRECTED);
            CU_ASSERT_EQUAL(label.reasons, REASON_BIT(REASON_NO_RECORD));
            of_incident++;
        }
        count++;
    }
    CU_ASSERT_EQUAL(count, 5000);
    CU_ASSERT_EQUAL(of_incident, 400);
    uint32_t incident_count;
    incident = traffic_incidents(traffic, &incident_count);
    CU_ASSERT_EQUAL_FATAL(incident_count, 1);
    CU_ASSERT_EQUAL(incident->tally.first_message, 3000);
    CU_ASSERT_EQUAL(incident->tally.messages, 400);
    CU_ASSERT_EQUAL(incident->tally.misdirected, 400);
    traffic_destroy(traffic);
}

static void an_incident_may_go_on_in_a_healthy_campaign(void)
{
    struct generate_options options = OPTIONS("--seed", "9", "--messages", "5000", "--incident",
            "wrong_list:size=50,campaign=campaign-3-003");
    struct traffic *traffic = traffic_of(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    char template_id[2][GENERATED_ID_MAX_BYTES] = {"none", "neither"};
    while (traffic_next(traffic, &message, &label, &incident)) {
        if (strcmp(message.campaign->id, "campaign-3-003") == 0) {
            memcpy(template_id[incident != NULL], message.campaign->template_id,
                    sizeof template_id[0]);
        }
    }
    unit_check_text("template", template_id[1], template_id[0]);
    traffic_destroy(traffic);
}

// --- numbers --------------------------------------------------------------------------------------

static void spellings_are_read_as_the_same_number(void)
{
    struct address_book book = address_book_make(3);
    struct random rng;
    random_init(&rng, 3);
    struct arena *arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    for (unsigned i = 0; i < 40000; i++) {
        struct address address = address_of(&book, i % 2 == 0 ? i : STRANGER_FIRST + i);
        char text[ADDRESS_MAX_BYTES];
        char canonical[ADDRESS_MAX_BYTES];
        size_t n = address_spell(&address, random_next(&rng), text);
        size_t canonical_n = address_write(&address, canonical);
        arena_reset(arena);
        struct recipient read = recipient_normalise(view_bytes(text, n), address.kind, "CN", arena);
        CU_ASSERT_EQUAL(read.kind, address.kind);
        if (!view_equal(read.canonical, view_bytes(canonical, canonical_n))) {
            unit_check_text(text, read.canonical.p, canonical);
        }
        if (address.kind == RECIPIENT_PHONE && !address.is_foreign) {
            CU_ASSERT_EQUAL(address_index_of_mobile(&book, address.national), address.index);
        }
        n = address_write_junk(random_next(&rng), text);
        char e164[PHONE_E164_MAX_BYTES];
        CU_ASSERT_EQUAL(phone_read(text, n, "CN", e164), 0);
    }
    arena_destroy(arena);
}

static void chance_is_the_same_everywhere(void)
{
    // Computed with a second implementation in Python.
    struct random rng;
    random_init(&rng, 42);
    CU_ASSERT_EQUAL(random_next(&rng), UINT64_C(0x15780b2e0c2ec716));
    CU_ASSERT_EQUAL(random_next(&rng), UINT64_C(0x6104d9866d113a7e));
    CU_ASSERT_EQUAL(random_mix(42, 7), UINT64_C(0xd7b4e7617ebe519f));
    struct permutation perm = permutation_make(1, 1000);
    bool seen[1000] = {false};
    for (uint64_t x = 0; x < 1000; x++) {
        uint64_t y = permutation_map(&perm, x);
        CU_ASSERT_FATAL(y < 1000);
        CU_ASSERT(!seen[y]);
        seen[y] = true;
        CU_ASSERT_EQUAL(permutation_unmap(&perm, y), x);
    }
}

// --- the verb -------------------------------------------------------------------------------------

static const char *const file_names[] = {
        "relationships.ndjson", "events.ndjson", "labels.ndjson", "scenario.json", "vendors.txt"};
enum { FILE_COUNT = sizeof file_names / sizeof file_names[0] };

static int run_verb(const char *out, const char *messages, const char *incident)
{
    char *argv[] = {arg("generate"), arg("--seed"), arg("7"), arg("--messages"), arg(messages),
            arg("--incident"), arg(incident), arg("--out"), arg(out), NULL};
    return bench_generate(9, argv);
}

// Reads a file whole and removes it.
static void take_file(struct strbuf *sb, const char *dir, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char bytes[4096];
    size_t n;
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0) {
        strbuf_add(sb, bytes, n);
    }
    fclose(file);
    unlink(path);
}

static void the_same_arguments_give_the_same_bytes(void)
{
    char root[] = "/tmp/wn-generate-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    char dirs[2][64];
    snprintf(dirs[0], sizeof dirs[0], "%s/a", root);
    snprintf(dirs[1], sizeof dirs[1], "%s/b", root);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(run_verb(dirs[i], "3000", "wrong_list:at=40%"), 0);
    }
    uint32_t crc[FILE_COUNT];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct strbuf bytes[2];
        for (size_t j = 0; j < 2; j++) {
            strbuf_init(&bytes[j], 16 << 20);
            take_file(&bytes[j], dirs[j], file_names[i]);
            CU_ASSERT_EQUAL_FATAL(bytes[j].failed, ERR_NONE);
        }
        CU_ASSERT(view_equal(strbuf_view(&bytes[0]), strbuf_view(&bytes[1])));
        crc[i] = hash_crc32c(bytes[0].p, bytes[0].n);
        strbuf_fini(&bytes[0]);
        strbuf_fini(&bytes[1]);
    }
    // On every machine. Whoever changes the generator on purpose puts the new sums here.
    static const uint32_t expected[FILE_COUNT] = {0x38d804da, 0xcf30a26f, 0x1890bff3, 0xfb481523, 0x12f1ab89};
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (crc[i] != expected[i]) {
            printf("%s: CRC-32C is %#x\n", file_names[i], crc[i]);
        }
        CU_ASSERT_EQUAL(crc[i], expected[i]);
    }
    rmdir(dirs[0]);
    rmdir(dirs[1]);
    rmdir(root);
}

static void check_refused(const char *messages, const char *incident)
{
    char *argv[] = {arg("generate"), arg("--seed"), arg("7"), arg("--messages"), arg(messages),
            arg("--incident"), arg(incident), arg("--out"), arg("."), NULL};
    struct generate_options options;
    struct strbuf why;
    strbuf_init(&why, LINE_BYTES);
    CU_ASSERT_EQUAL(generate_options_read(&options, 9, argv, &why), ERR_USAGE);
    CU_ASSERT(why.n > 0);
    strbuf_fini(&why);
}

static void wrong_arguments_are_refused(void)
{
    static const char *const incidents[] = {
            "nonsense",
            "",
            "wrong_list:colour=red",
            "wrong_list:size",
            "wrong_list:size=0",
            "wrong_list:size=101",
            "wrong_list:rate=1.01",
            "wrong_list:rate=30%%",
            "wrong_list:rate=.5",
            "wrong_list:at=101%",
            "wrong_list:at=-1",
            "wrong_list:at=95,size=10",
            "wrong_list:tenant=5",
            "wrong_list:tenant=0",
            "wrong_list:campaign=",
            "wrong_list:vendor=\xff",
            "wrong_list:at=18446744073709551616",
    };
    for (size_t i = 0; i < sizeof incidents / sizeof incidents[0]; i++) {
        check_refused("100", incidents[i]);
    }
    check_refused("0", "wrong_list");
    check_refused("100000001", "wrong_list");
    check_refused("1e3", "wrong_list");
    // The verb says so on stderr.
    CU_ASSERT_EQUAL(run_verb("/nonexistent", "100", "nonsense"), 64);
    CU_ASSERT_EQUAL(run_verb("/dev/null/x", "100", "wrong_list"), 74);
}

static const struct unit_test tests[] = {
        {"labels_are_what_the_judge_says", labels_are_what_the_judge_says},
        {"healthy_traffic_has_few_wrong_numbers", healthy_traffic_has_few_wrong_numbers},
        {"an_incident_begins_where_it_is_told_to", an_incident_begins_where_it_is_told_to},
        {"an_incident_may_go_on_in_a_healthy_campaign",
                an_incident_may_go_on_in_a_healthy_campaign},
        {"spellings_are_read_as_the_same_number", spellings_are_read_as_the_same_number},
        {"chance_is_the_same_everywhere", chance_is_the_same_everywhere},
        {"the_same_arguments_give_the_same_bytes", the_same_arguments_give_the_same_bytes},
        {"wrong_arguments_are_refused", wrong_arguments_are_refused},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "generate", tests);
}
