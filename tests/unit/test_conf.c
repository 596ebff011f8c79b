// YAML to a tree, scalars to numbers, tables of options to findings.
#include "common/conf_bind.h"
#include "common/conf_scalar.h"
#include "tests/support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

// --- a small table of every type --------------------------------------------------------------

struct sample {
    char *name;
    char *file;
    uint32_t color;
    uint32_t sides;
    bool is_on;
    uint32_t count;
    uint32_t rate_millionths;
    int64_t wait_ms;
    int64_t room_bytes;
    uint32_t tag_count;
    char last_tag[64];
};

static void tags_clear(void *target)
{
    ((struct sample *)target)->tag_count = 0;
}

static void tags_add(
        struct conf_reader *reader, const struct conf_node *entry, const char *path, void *target)
{
    struct sample *sample = target;
    struct view text;
    if (conf_read_text(reader, entry, path, "a tag", &text)) {
        sample->tag_count++;
        snprintf(sample->last_tag, sizeof sample->last_tag, "%.*s=%.*s", VIEW_ARGS(entry->key),
                VIEW_ARGS(text));
    }
}

static void tags_print(struct strbuf *sb, const void *target, unsigned indent)
{
    (void)indent;
    strbuf_printf(sb, " {count: \"%u\"}\n", ((const struct sample *)target)->tag_count);
}

static const char *check_name(struct view text)
{
    return view_is(text, "root") ? "another name than root" : NULL;
}

static const char *const colors[] = {"red", "green", "blue", NULL};
static const char *const sides[] = {"left", "right", NULL};
static const struct conf_map tags_map = {.clear = tags_clear, .add = tags_add, .print = tags_print};

// clang-format off: one row an option, as a table.
#define AT(member) .offset = offsetof(struct sample, member)
static const struct conf_option sample_options[] = {
        {.path = "name",
                .type = CONF_TEXT,
                AT(name),
                .fallback = "nobody",
                .min = 1,
                .max = 12,
                .check = check_name,
                .text = "who"},
        {.path = "file", .type = CONF_FILE, AT(file), .text = "where"},
        {.path = "look.color", .type = CONF_WORD, AT(color), .fallback = "green", .words = colors},
        {.path = "look.sides",
                .type = CONF_WORDS,
                AT(sides),
                .fallback = "[left]",
                .min = 1,
                .words = sides},
        {.path = "look.deep.is_on", .type = CONF_BOOL, AT(is_on), .fallback = "true"},
        {.path = "count", .type = CONF_COUNT, AT(count), .fallback = "10", .min = 1, .max = 100},
        {.path = "rate",
                .type = CONF_PERCENT,
                AT(rate_millionths),
                .fallback = "0.5%",
                .min = 1,
                .max = 500000},
        {.path = "wait",
                .type = CONF_DURATION,
                AT(wait_ms),
                .fallback = "20ms",
                .min = 1,
                .max = 60000},
        {.path = "room",
                .type = CONF_SIZE,
                AT(room_bytes),
                .fallback = "64KiB",
                .min = 1024,
                .max = 1024 * 1024},
        {.path = "tags", .type = CONF_MAP, .fallback = "{}", .map = &tags_map},
};
// clang-format on
static const struct conf_table sample_table = {sample_options, COUNT_OF(sample_options)};

// Reads `text` over the defaults and compares the findings.
static enum err read_sample(struct view text, struct sample *sample, struct strbuf *findings)
{
    struct conf_report report;
    conf_report_init(&report, "f", findings);
    struct arena *arena = arena_create(4 * 1024 * 1024);
    struct conf_node *root = NULL;
    *sample = (struct sample){0};
    CU_ASSERT_EQUAL_FATAL(conf_bind_defaults(&sample_table, sample), ERR_NONE);
    enum err e = conf_parse(&root, text, arena, &report);
    if (e == ERR_NONE) {
        e = conf_bind(&sample_table, root, sample, NULL, &report);
    }
    CU_ASSERT_EQUAL(e == ERR_CONFIG, report.count > 0);
    arena_destroy(arena);
    return e;
}

static void expect_findings(struct view text, const char *expected)
{
    struct sample sample;
    struct strbuf findings;
    strbuf_init(&findings, 1024 * 1024);
    enum err e = read_sample(text, &sample, &findings);
    CU_ASSERT_EQUAL(e, expected[0] != '\0' ? ERR_CONFIG : ERR_NONE);
    char what[81];
    snprintf(what, sizeof what, "%.*s", text.n < 80 ? (int)text.n : 80, text.p);
    unit_check_text(what, strbuf_view(&findings).p, expected);
    strbuf_fini(&findings);
    conf_release(&sample_table, &sample);
}

struct finding_case {
    const char *yaml;
    const char *findings;
};

static void expect_all(const struct finding_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect_findings(view_of(cases[i].yaml), cases[i].findings);
    }
}

// --- scalars ----------------------------------------------------------------------------------

static void test_scalars(void)
{
    static const struct {
        enum conf_type type;
        const char *text;
        enum conf_reading reading;
        int64_t number;
    } cases[] = {
            {CONF_COUNT, "0", CONF_READ_OK, 0},
            {CONF_COUNT, "4611686018427387904", CONF_READ_WRONG, 0},
            {CONF_COUNT, "99999999999999999999999", CONF_READ_WRONG, 0},
            {CONF_COUNT, "007", CONF_READ_WRONG, 0},
            {CONF_COUNT, "0x10", CONF_READ_WRONG, 0},
            {CONF_COUNT, "1e3", CONF_READ_WRONG, 0},
            {CONF_COUNT, "1_000", CONF_READ_WRONG, 0},
            {CONF_COUNT, "+1", CONF_READ_WRONG, 0},
            {CONF_COUNT, "-1", CONF_READ_WRONG, 0},
            {CONF_COUNT, " 1", CONF_READ_WRONG, 0},
            {CONF_COUNT, "1 ", CONF_READ_WRONG, 0},
            {CONF_COUNT, "5m", CONF_READ_WRONG, 0},
            {CONF_COUNT, "1.0", CONF_READ_WRONG, 0},
            {CONF_COUNT, "", CONF_READ_WRONG, 0},
            {CONF_DURATION, "20ms", CONF_READ_OK, 20},
            {CONF_DURATION, "5s", CONF_READ_OK, 5000},
            {CONF_DURATION, "10m", CONF_READ_OK, 600000},
            {CONF_DURATION, "26h", CONF_READ_OK, 93600000},
            {CONF_DURATION, "3d", CONF_READ_OK, 259200000},
            {CONF_DURATION, "0s", CONF_READ_OK, 0},
            {CONF_DURATION, "20", CONF_READ_NO_UNIT, 0},
            {CONF_DURATION, "20 ms", CONF_READ_BAD_UNIT, 0},
            {CONF_DURATION, "20sec", CONF_READ_BAD_UNIT, 0},
            {CONF_DURATION, "20MS", CONF_READ_BAD_UNIT, 0},
            {CONF_DURATION, "1.5s", CONF_READ_BAD_UNIT, 0},
            {CONF_DURATION, "ms", CONF_READ_WRONG, 0},
            {CONF_DURATION, "020ms", CONF_READ_WRONG, 0},
            {CONF_DURATION, "4611686018427387d", CONF_READ_WRONG, 0},
            {CONF_SIZE, "512B", CONF_READ_OK, 512},
            {CONF_SIZE, "64KiB", CONF_READ_OK, 65536},
            {CONF_SIZE, "16MiB", CONF_READ_OK, 16777216},
            {CONF_SIZE, "2GiB", CONF_READ_OK, 2147483648},
            {CONF_SIZE, "64KB", CONF_READ_BAD_UNIT, 0},
            {CONF_SIZE, "64", CONF_READ_NO_UNIT, 0},
            {CONF_PERCENT, "0.5%", CONF_READ_OK, 5000},
            {CONF_PERCENT, "0.0001%", CONF_READ_OK, 1},
            {CONF_PERCENT, "100%", CONF_READ_OK, 1000000},
            {CONF_PERCENT, "2.25%", CONF_READ_OK, 22500},
            {CONF_PERCENT, "0.00001%", CONF_READ_WRONG, 0},
            {CONF_PERCENT, "0.5", CONF_READ_NO_UNIT, 0},
            {CONF_PERCENT, ".5%", CONF_READ_WRONG, 0},
            {CONF_PERCENT, "5.%", CONF_READ_WRONG, 0},
            {CONF_PERCENT, "0,5%", CONF_READ_BAD_UNIT, 0},
            {CONF_PERCENT, "1.2.3%", CONF_READ_WRONG, 0},
            {CONF_PERCENT, "nan", CONF_READ_WRONG, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t number = -7;
        enum conf_reading reading =
                conf_scalar_read(cases[i].type, view_of(cases[i].text), &number);
        bool is_as_expected = reading == cases[i].reading &&
                              number == (reading == CONF_READ_OK ? cases[i].number : -7);
        CU_ASSERT_TRUE(is_as_expected);
        if (!is_as_expected) {
            fprintf(stderr, "'%s': %d, %" PRId64 "\n", cases[i].text, (int)reading, number);
        }
    }
}

static void test_scalars_print(void)
{
    static const struct {
        enum conf_type type;
        int64_t number;
        const char *text;
    } cases[] = {
            {CONF_COUNT, 1000, "1000"},
            {CONF_DURATION, 0, "0ms"},
            {CONF_DURATION, 1500, "1500ms"},
            {CONF_DURATION, 93600000, "26h"},
            {CONF_DURATION, 259200000, "3d"},
            {CONF_SIZE, 65536, "64KiB"},
            {CONF_SIZE, 1025, "1025B"},
            {CONF_PERCENT, 5000, "0.5%"},
            {CONF_PERCENT, 1, "0.0001%"},
            {CONF_PERCENT, 1000000, "100%"},
            {CONF_PERCENT, 10500, "1.05%"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct strbuf sb;
        strbuf_init(&sb, 64);
        conf_scalar_add(&sb, cases[i].type, cases[i].number);
        unit_check_text("printed", strbuf_view(&sb).p, cases[i].text);
        strbuf_fini(&sb);
    }
}

static void test_expansion(void)
{
    static const struct {
        const char *text;
        const char *expanded; // NULL = refused
    } cases[] = {
            {"plain", "plain"},
            {"${WN_SET}", "value"},
            {"a${WN_SET}b${WN_SET}", "avaluebvalue"},
            {"${WN_UNSET:-fallback}", "fallback"},
            {"${WN_UNSET:-}", ""},
            {"${WN_EMPTY:-full}", "full"},
            {"${WN_EMPTY}", ""},
            {"${WN_SET:-other}", "value"},
            {"$${WN_SET}", "${WN_SET}"},
            {"cost $5, $WN_SET, $", "cost $5, $WN_SET, $"},
            {"${WN_UNSET}", NULL},
            {"${WN_SET", NULL},
            {"${}", NULL},
            {"${1X}", NULL},
            {"${WN_SET-x}", NULL},
            {"${WN SET}", NULL},
    };
    setenv("WN_SET", "value", 1);
    setenv("WN_EMPTY", "", 1);
    unsetenv("WN_UNSET");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct strbuf sb;
        strbuf_init(&sb, 1024);
        const char *wrong = conf_expand(&sb, view_of(cases[i].text));
        CU_ASSERT_EQUAL(wrong == NULL, cases[i].expanded != NULL);
        if (cases[i].expanded != NULL) {
            unit_check_text(cases[i].text, strbuf_view(&sb).p, cases[i].expanded);
        }
        strbuf_fini(&sb);
    }
}

// --- binding ----------------------------------------------------------------------------------

static void test_defaults_and_values(void)
{
    struct sample sample;
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    CU_ASSERT_EQUAL(read_sample(VIEW("# nothing\n"), &sample, &findings), ERR_NONE);
    unit_check_text("name", sample.name, "nobody");
    CU_ASSERT_PTR_NULL(sample.file);
    CU_ASSERT_EQUAL(sample.color, 1);
    CU_ASSERT_EQUAL(sample.sides, 1);
    CU_ASSERT_TRUE(sample.is_on);
    CU_ASSERT_EQUAL(sample.wait_ms, 20);
    CU_ASSERT_EQUAL(sample.room_bytes, 65536);
    conf_release(&sample_table, &sample);

    setenv("WN_SET", "from env", 1);
    enum err e =
            read_sample(VIEW("name: ${WN_SET}\nfile: /x\ncount: \"7\"\nrate: 2%\nwait: 1m\n"
                             "look: {color: blue, sides: [right, left], deep: {is_on: false}}\n"
                             "room: 1MiB\ntags: {a: 1, b: [x]}\n"),
                    &sample, &findings);
    CU_ASSERT_EQUAL(e, ERR_CONFIG);
    unit_check_text("one finding", strbuf_view(&findings).p,
            "f:8:17: tags.b: expected a tag, got a list\n");
    unit_check_text("name", sample.name, "from env");
    unit_check_text("file", sample.file, "/x");
    CU_ASSERT_EQUAL(sample.color, 2);
    CU_ASSERT_EQUAL(sample.sides, 3);
    CU_ASSERT_FALSE(sample.is_on);
    CU_ASSERT_EQUAL(sample.count, 7);
    CU_ASSERT_EQUAL(sample.rate_millionths, 20000);
    CU_ASSERT_EQUAL(sample.wait_ms, 60000);
    CU_ASSERT_EQUAL(sample.room_bytes, 1024 * 1024);
    CU_ASSERT_EQUAL(sample.tag_count, 1);
    unit_check_text("tag", sample.last_tag, "a=1");
    conf_release(&sample_table, &sample);
    strbuf_fini(&findings);
}

static void test_findings(void)
{
    static const struct finding_case cases[] = {
            {"", ""},
            {"---\n", ""},
            {"look:\n", ""},
            {"file: null\nlook: ~\n", ""},
            {"nam: x\n", "f:1:1: nam: expected a known key, got 'nam' (did you mean name?)\n"},
            {"look:\n  colour: red\n",
                    "f:2:3: look.colour: expected a known key, got 'colour' (did you mean "
                    "look.color?)\n"},
            {"is_on: true\n", "f:1:1: is_on: expected a known key, got 'is_on' (did you mean "
                              "look.deep.is_on?)\n"},
            {"zzzzzzzz: 1\n", "f:1:1: zzzzzzzz: expected a known key, got 'zzzzzzzz'\n"},
            {"look.color: red\n", "f:1:1: look.color: expected a known key, got 'look.color'\n"},
            {"\"\": 1\n", "f:1:1: : expected a known key, got ''\n"},
            {"\"a\\0b\\n\": 1\n", "f:1:1: a?b?: expected a known key, got 'a\\x00b\\x0a'\n"},
            {"name: x\ncount: 5\nname: y\n",
                    "f:3:1: name: expected once, got it again (first in line 1)\n"},
            {"look: {color: red}\nlook: {sides: [left]}\n",
                    "f:2:1: look: expected once, got it again (first in line 1)\n"},
            {"tags: {a: 1, a: 2}\n",
                    "f:1:14: tags.a: expected once, got it again (first in line 1)\n"},
            {"name: [a]\n", "f:1:7: name: expected text of 1 to 12 bytes, got a list\n"},
            {"name: {a: b}\n", "f:1:7: name: expected text of 1 to 12 bytes, got a mapping\n"},
            {"name:\n", "f:1:1: name: expected text of 1 to 12 bytes, got nothing\n"},
            {"name: ''\n", "f:1:7: name: expected text of 1 to 12 bytes, got ''\n"},
            {"name: abcdefghijklm\n",
                    "f:1:7: name: expected text of 1 to 12 bytes, got 'abcdefghijklm'\n"},
            {"name: \"a\\0b\"\n",
                    "f:1:7: name: expected UTF-8 text without control characters, got "
                    "'a\\x00b'\n"},
            {"name: root\n", "f:1:7: name: expected another name than root, got 'root'\n"},
            {"look: 5\n", "f:1:7: look: expected a mapping, got '5'\n"},
            {"look: {color: Red}\n",
                    "f:1:15: look.color: expected red, green or blue, got 'Red'\n"},
            {"look: {sides: left}\n",
                    "f:1:15: look.sides: expected a list of left or right, got 'left'\n"},
            {"look: {sides: []}\n",
                    "f:1:15: look.sides: expected at least one of its words, got none\n"},
            {"look: {sides: [left, up, left]}\n",
                    "f:1:22: look.sides[1]: expected left or right, got 'up'\n"
                    "f:1:26: look.sides[2]: expected each word once, got 'left' again\n"},
            {"look: {deep: {is_on: yes}}\n",
                    "f:1:22: look.deep.is_on: expected true or false, got 'yes'\n"},
            {"count: 101\n", "f:1:8: count: expected a whole number from 1 to 100, got '101'\n"},
            {"count: 0x10\n", "f:1:8: count: expected a whole number from 1 to 100, got '0x10'\n"},
            {"count: 1e1\n", "f:1:8: count: expected a whole number from 1 to 100, got '1e1'\n"},
            {"count: 010\n", "f:1:8: count: expected a whole number from 1 to 100, got '010'\n"},
            {"rate: 0.5\n",
                    "f:1:7: rate: expected a percentage from 0.0001% to 50%, got '0.5' without a "
                    "unit (%)\n"},
            {"wait: 20\n",
                    "f:1:7: wait: expected a duration from 1ms to 1m, got '20' without a unit (ms, "
                    "s, m, h, d)\n"},
            {"wait: 20sec\n",
                    "f:1:7: wait: expected a duration from 1ms to 1m, got '20sec' with an unknown "
                    "unit (ms, s, m, h, d)\n"},
            {"wait: 2m\n", "f:1:7: wait: expected a duration from 1ms to 1m, got '2m'\n"},
            {"room: 1KB\n",
                    "f:1:7: room: expected a size from 1KiB to 1MiB, got '1KB' with an unknown "
                    "unit (B, KiB, MiB, GiB)\n"},
            {"tags: [a]\n", "f:1:7: tags: expected a mapping, got a list\n"},
            {"- a\n", "f:1:1: YAML: expected a mapping, got a list\n"},
            {"hello\n", "f:1:1: YAML: expected a mapping, got 'hello'\n"},
            {"name: ${WN_UNSET}\n",
                    "f:1:7: name: expected a variable that is set in the environment, got "
                    "'${WN_UNSET}'\n"},
            {"name: ${WN_SET\n", "f:1:7: name: expected a } after ${, got '${WN_SET'\n"},
            // Never the value: it may be a secret.
            {"count: ${WN_SECRET}\n",
                    "f:1:8: count: expected a whole number from 1 to 100, got '${WN_SECRET}'\n"},
            {"# é\nname: é\nnmae: 日本\n",
                    "f:3:1: nmae: expected a known key, got 'nmae' (did you mean name?)\n"},
            // Several at once, in the order of the file.
            {"count: 0\nwait: 3\nlook:\n  color: pink\n  deep: {is_on: 1}\nnope: 1\n",
                    "f:1:8: count: expected a whole number from 1 to 100, got '0'\n"
                    "f:2:7: wait: expected a duration from 1ms to 1m, got '3' without a unit (ms, "
                    "s, m, h, d)\n"
                    "f:4:10: look.color: expected red, green or blue, got 'pink'\n"
                    "f:5:17: look.deep.is_on: expected true or false, got '1'\n"
                    "f:6:1: nope: expected a known key, got 'nope' (did you mean name?)\n"},
    };
    unsetenv("WN_UNSET");
    setenv("WN_SECRET", "hunter2", 1);
    expect_all(cases, COUNT_OF(cases));
}

// --- YAML -------------------------------------------------------------------------------------

static void test_yaml(void)
{
    static const struct finding_case cases[] = {
            {"a: 1\n\tb: 2\n",
                    "f:1:4: YAML: expected well-formed YAML, got: invalid multiline plain key\n"},
            {"name: [1,\ncount: 2\n",
                    "f:2:1: YAML: expected well-formed YAML, got: wrongly indented flow "
                    "sequence\n"},
            {"name: \"\\q\"\n",
                    "f:1:8: YAML: expected well-formed YAML, got: invalid escape 'q' in "
                    "double-quoted string\n"},
            {"name: a: b\n",
                    "f:1:8: YAML: expected well-formed YAML, got: invalid nested block mapping on "
                    "the same line\n"},
            {"%YAML 3.0\n---\nname: x\n", "f:1:1: YAML: expected well-formed YAML\n"},
            {"name: x\n---\nname: y\n", "f:2:1: YAML: expected one document, got a second\n"},
            {"name: &a x\n", "f:1:10: YAML: expected a plain value, got an anchor (&)\n"},
            {"name: !!str x\n", "f:1:13: YAML: expected a plain value, got a tag (!)\n"},
            {"look: &a {}\n", "f:1:10: YAML: expected a plain value, got an anchor (&)\n"},
            {"look: !x {}\n", "f:1:10: YAML: expected a plain value, got a tag (!)\n"},
            {"look: &a []\n", "f:1:10: YAML: expected a plain value, got an anchor (&)\n"},
            {"look: *a\n", "f:1:7: YAML: expected a plain value, got an alias (*)\n"},
            {"<<: *a\n", "f:1:5: YAML: expected a plain value, got an alias (*)\n"},
            {"? [a]\n: b\n", "f:1:3: YAML: expected a word as key, got a list\n"},
            {"? {a: b}\n: b\n", "f:1:3: YAML: expected a word as key, got a mapping\n"},
            {"name: x\nb: \xff\n", "f:2:4: YAML: expected UTF-8, got byte 0xff\n"},
            {"name: \xc0\xaf\n", "f:1:7: YAML: expected UTF-8, got byte 0xc0\n"},
    };
    expect_all(cases, COUNT_OF(cases));
    expect_findings(VIEW("name: a\0b\n"), "f:1:8: YAML: expected text, got byte 0x00\n");
}

// `count` times `text`, then `end`.
static struct view repeated(struct strbuf *sb, const char *text, size_t count, const char *end)
{
    strbuf_reset(sb);
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(sb, text);
    }
    strbuf_add_text(sb, end);
    CU_ASSERT_EQUAL_FATAL(sb->failed, ERR_NONE);
    return strbuf_view(sb);
}

static void test_hostile(void)
{
    struct strbuf sb;
    strbuf_init(&sb, 16 * 1024 * 1024);
    expect_findings(
            repeated(&sb, "[", 100000, ""), "f:1:17: YAML: expected at most 16 levels, got more\n");
    expect_findings(repeated(&sb, "{a: ", 60000, ""),
            "f:1:65: YAML: expected at most 16 levels, got more\n");
    expect_findings(repeated(&sb, "- ", 100000, "x\n"),
            "f:1:33: YAML: expected at most 16 levels, got more\n");
    expect_findings(repeated(&sb, "# 10 MB of nothing\n", 560000, ""),
            "f:1:1: YAML: expected at most 256 KiB of text, got more\n");
    expect_findings(repeated(&sb, "- x\n", 5000, ""),
            "f:4096:3: YAML: expected at most 4096 values, got more\n");
    expect_findings(VIEW("a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n"),
            "f:1:7: YAML: expected a plain value, got an anchor (&)\n");
    strbuf_fini(&sb);
}

static void test_findings_have_a_ceiling(void)
{
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    for (int i = 0; i < 500; i++) {
        strbuf_printf(&text, "unknown%d: 1\n", i);
    }
    struct sample sample;
    struct strbuf findings;
    strbuf_init(&findings, 1024 * 1024);
    CU_ASSERT_EQUAL(read_sample(strbuf_view(&text), &sample, &findings), ERR_CONFIG);
    size_t lines = 0;
    for (size_t i = 0; i < findings.n; i++) {
        lines += findings.p[i] == '\n';
    }
    CU_ASSERT_EQUAL(lines, CONF_FINDING_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(findings.p, "f: more findings are left out\n"));
    conf_release(&sample_table, &sample);
    strbuf_fini(&findings);
    strbuf_fini(&text);
}

// A caller's buffer that is too small loses lines, never the verdict.
static void test_small_buffer_still_fails(void)
{
    struct sample sample;
    struct strbuf findings;
    strbuf_init(&findings, 8);
    CU_ASSERT_EQUAL(read_sample(VIEW("count: 0\n"), &sample, &findings), ERR_CONFIG);
    conf_release(&sample_table, &sample);
    strbuf_fini(&findings);
}

static void test_print_reads_back(void)
{
    static const char expected[] =
            "name: \"a\\\"b\\\\$${c}\"\nlook:\n  color: green\n  sides: [left]\n"
            "  deep:\n    is_on: true\ncount: 10\nrate: 0.5%\nwait: 20ms\n"
            "room: 64KiB\ntags: {count: \"1\"}\n";
    struct sample sample;
    struct strbuf findings;
    struct strbuf printed;
    strbuf_init(&findings, 4096);
    strbuf_init(&printed, 4096);
    CU_ASSERT_EQUAL(
            read_sample(VIEW("name: 'a\"b\\$${c}'\ntags: {x: 1}\n"), &sample, &findings), ERR_NONE);
    unit_check_text("name", sample.name, "a\"b\\${c}");
    conf_print(&sample_table, &sample, &printed);
    unit_check_text("printed", strbuf_view(&printed).p, expected);
    conf_release(&sample_table, &sample);

    CU_ASSERT_EQUAL(read_sample(strbuf_view(&printed), &sample, &findings), ERR_NONE);
    unit_check_text("name again", sample.name, "a\"b\\${c}");
    conf_release(&sample_table, &sample);
    strbuf_fini(&printed);
    strbuf_fini(&findings);
}

static const struct unit_test tests[] = {
        {"scalars", test_scalars},
        {"scalars_print", test_scalars_print},
        {"expansion", test_expansion},
        {"defaults_and_values", test_defaults_and_values},
        {"findings", test_findings},
        {"yaml", test_yaml},
        {"hostile", test_hostile},
        {"findings_have_a_ceiling", test_findings_have_a_ceiling},
        {"small_buffer_still_fails", test_small_buffer_still_fails},
        {"print_reads_back", test_print_reads_back},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "conf", tests);
}
