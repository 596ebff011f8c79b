// The generator against the processor: what `generate` says of each message must be what decode,
// normalise, lookup and judge say of it, and what it writes must have the shape that its users rely
// on.
#include "bench/generate_traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/commands.h"
#include "common/hash.h"
#include "identity/phone.h"
#include "tests/support/generated.h"
#include "tests/support/unit.h"

enum { ARENA_BYTES = 1 << 20, ARGS_MAX = 64 };

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
        struct scenario_counts counts = generated_compare(&options);
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
    struct scenario_counts counts = generated_compare(&options);
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
    struct traffic *traffic = generated_traffic(&options);
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
    CU_ASSERT_EQUAL_FATAL(traffic_plan(traffic)->incident_count, 1);
    incident = traffic_plan(traffic)->incidents;
    CU_ASSERT_EQUAL(incident->tally.first_message, 3000);
    CU_ASSERT_EQUAL(incident->tally.messages, 400);
    CU_ASSERT_EQUAL(incident->tally.misdirected, 400);
    traffic_destroy(traffic);
}

static void an_incident_may_go_on_in_a_healthy_campaign(void)
{
    struct generate_options options = OPTIONS("--seed", "9", "--messages", "5000", "--incident",
            "wrong_list:size=50,campaign=campaign-3-003");
    struct traffic *traffic = generated_traffic(&options);
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

// `words`: the arguments, separated by single spaces.
static int run_verb(const char *out, const char *words)
{
    char text[1024];
    char *argv[ARGS_MAX] = {generated_arg("generate"), generated_arg("--out"), generated_arg(out)};
    int argc = 3;
    snprintf(text, sizeof text, "%s", words);
    for (char *rest = text; rest != NULL && argc < ARGS_MAX - 1;) {
        argv[argc++] = strsep(&rest, " ");
    }
    return bench_generate(argc, argv);
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

static void check_bytes(const char *words, const uint32_t expected[FILE_COUNT])
{
    char root[] = "/tmp/wn-generate-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    char dirs[2][64];
    snprintf(dirs[0], sizeof dirs[0], "%s/a", root);
    snprintf(dirs[1], sizeof dirs[1], "%s/b", root);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(run_verb(dirs[i], words), 0);
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct strbuf bytes[2];
        for (size_t j = 0; j < 2; j++) {
            strbuf_init(&bytes[j], 16 << 20);
            take_file(&bytes[j], dirs[j], file_names[i]);
            CU_ASSERT_EQUAL_FATAL(bytes[j].failed, ERR_NONE);
        }
        CU_ASSERT(view_equal(strbuf_view(&bytes[0]), strbuf_view(&bytes[1])));
        uint32_t crc = hash_crc32c(bytes[0].p, bytes[0].n);
        if (crc != expected[i]) {
            printf("%s: CRC-32C is %#x\n", file_names[i], crc);
        }
        CU_ASSERT_EQUAL(crc, expected[i]);
        strbuf_fini(&bytes[0]);
        strbuf_fini(&bytes[1]);
    }
    rmdir(dirs[0]);
    rmdir(dirs[1]);
    rmdir(root);
}

// On every machine. Whoever changes the generator on purpose puts the new sums here.
static void the_same_arguments_give_the_same_bytes(void)
{
    static const struct {
        const char *words;
        uint32_t expected[FILE_COUNT];
    } rows[] = {
            {"--seed 7 --messages 3000 --incident wrong_list:at=40%",
                    {0x38d804da, 0xcf30a26f, 0x1890bff3, 0xb25498ee, 0x12f1ab89}},
            {"--seed 7 --messages 3000 --healthy realistic --clumps 0.1 --duplicates 2% --disorder "
             "--drift --lag-episodes 3 --days 2 --negative sorted_list --negative mix_change "
             "--incident leaked_list:at=mid --incident closed_loans:spread=vendor,size=100",
                    {0x83606abe, 0x3a2c5ebd, 0x161ece7b, 0x6f5493b5, 0x387695d8}},
            {"--seed 7 --class many_small:size=100 --incidents 5 --messages 500 --p0 mixed",
                    {0x83cd06f3, 0x8b645199, 0xd2034378, 0xe14ca786, 0xaf801df7}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_bytes(rows[i].words, rows[i].expected);
    }
}

static void check_refused(const char *words)
{
    char text[1024];
    char *argv[ARGS_MAX] = {generated_arg("generate")};
    int argc = 1;
    snprintf(text, sizeof text, "%s", words);
    for (char *rest = text; rest != NULL && argc < ARGS_MAX - 1;) {
        argv[argc++] = strsep(&rest, " ");
    }
    struct generate_options options;
    struct strbuf why;
    strbuf_init(&why, GENERATED_LINE_BYTES);
    enum err e = generate_options_read(&options, argc, argv, &why);
    if (e != ERR_USAGE) {
        printf("taken: %s\n", words);
    }
    CU_ASSERT_EQUAL(e, ERR_USAGE);
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
            "wrong_list:at=middle",
            "wrong_list:at=95,size=10",
            "wrong_list:tenant=5",
            "wrong_list:tenant=0",
            "wrong_list:campaign=",
            "wrong_list:vendor=\xff",
            "wrong_list:at=18446744073709551616",
            "wrong_list:shape=square",
            "wrong_list:spread=country",
            "wrong_list:size=10,before=10",
            "wrong_list:spread=vendor,at=mid",
            "unregistered_vendor:spread=vendor",
            "wrong_list:spread=many_small,size=20,share=10%",
            "wrong_list:spread=many_small,size=20,share=0",
            "wrong_list:spread=many_small,size=20,at=mid",
            "wrong_list:on=0",
    };
    for (size_t i = 0; i < sizeof incidents / sizeof incidents[0]; i++) {
        char words[256];
        snprintf(
                words, sizeof words, "--out . --seed 7 --messages 100 --incident %s", incidents[i]);
        check_refused(words);
    }
    static const char *const lines[] = {
            "--messages 100 --out .",
            "--seed 7 --messages 100",
            "--seed 7 --out .",
            "--seed 7 --messages 0 --out .",
            "--seed 7 --messages 100000001 --out .",
            "--seed 7 --messages 1e3 --out .",
            "--seed 7 --messages 100 --out . more",
            "--seed 7 --messages 100 --out . --p0 11%",
            "--seed 7 --messages 100 --out . --clumps 1",
            "--seed 7 --messages 100 --out . --days 0",
            "--seed 7 --messages 100 --out . --healthy sick",
            "--seed 7 --messages 100 --out . --negative positive",
            "--seed 7 --messages 100 --out . --negative sorted_list:size=101",
            "--seed 7 --messages 100 --out . --negative sorted_list:rate=1",
            "--seed 7 --messages 100 --out . --incidents 5",
            "--seed 7 --out . --class steppe",
            "--seed 7 --out . --class step:tenant=1",
            "--seed 7 --out . --class step:size=none",
            "--seed 7 --out . --class step --incidents 0",
            "--seed 7 --out . --class step --incidents 10 --messages 399",
            "--seed 7 --out . --class step --incident wrong_list",
            "--seed 7 --out . --class step --healthy realistic",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_refused(lines[i]);
    }
    // The verb says so on stderr.
    CU_ASSERT_EQUAL(run_verb("/nonexistent", "--seed 7 --messages 100 --incident nonsense"), 64);
    CU_ASSERT_EQUAL(run_verb("/dev/null/x", "--seed 7 --messages 100"), 74);
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
