// emit: dead letters keep what came, and can always be delivered.
#include "emit/encode_dead_letter.h"
#include "tests/support/emit_stage.h"

static struct raw_message raw_of(struct view value, const struct header *headers, size_t count)
{
    return (struct raw_message){
            .topic = VIEW("out"),
            .partition = 2,
            .offset = 41,
            .timestamp_ms = 1795334400000,
            .key = VIEW("k"),
            .value = value,
            .headers = headers,
            .header_count = count,
    };
}

static void record_bytes(void)
{
    struct stage stage;
    stage_open(&stage, live);
    static const struct header headers[] = {
            {{"wn.reason", 9}, {"older", 5}}, {{"empty", 5}, {"", 0}}, {{"null", 4}, {NULL, 0}}};
    struct raw_message raw = raw_of(VIEW("{\"a\":"), headers, 3);
    struct dead_letter_action action = {&raw, "not_json", VIEW("ends too early"), 1795334400001};
    int ticket = 0;
    CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, &ticket), ERR_NONE);
    unit_check_text("dead letter", stage.fake.seen[0].p,
            "k\n{\"a\":\n"
            "wn.reason=older\nempty=\nnull=(null)\n"
            "__connect.errors.topic=out\n"
            "__connect.errors.partition=2\n"
            "__connect.errors.offset=41\n"
            "__connect.errors.connector.name=wrong number\n"
            "__connect.errors.task.id=node-1\n"
            "__connect.errors.stage=DECODE\n"
            "__connect.errors.class.name=wrongnumber.decode\n"
            "__connect.errors.exception.class.name=not_json\n"
            "__connect.errors.exception.message=ends too early\n"
            "wn.reason=not_json\n"
            "wn.failed_at=2026-11-22T08:00:00.001Z");
    CU_ASSERT_EQUAL(stage.fake.records[0].timestamp_ms, 1795334400000);
    CU_ASSERT_EQUAL(stage.fake.records[0].topic, OUT_DEAD_LETTER);
    CU_ASSERT_PTR_EQUAL(stage.fake.records[0].ticket, &ticket);
    stage_close(&stage);
}

static void gap_bytes(void)
{
    struct stage stage;
    stage_open(&stage, live);
    const struct gap_action gap = {VIEW("out"), 2, 41, 77, VIEW("gone"), 1795334400001};
    int ticket = 0;
    CU_ASSERT_EQUAL(emit_gap(&stage.em, &gap, &ticket), ERR_NONE);
    unit_check_text("gap", stage.fake.seen[0].p,
            "(null)\n(null)\n"
            "__connect.errors.topic=out\n"
            "__connect.errors.partition=2\n"
            "__connect.errors.offset=41\n"
            "__connect.errors.connector.name=wrong number\n"
            "__connect.errors.task.id=node-1\n"
            "__connect.errors.stage=CONSUME\n"
            "__connect.errors.class.name=wrongnumber.consume\n"
            "__connect.errors.exception.class.name=offsets_lost\n"
            "__connect.errors.exception.message=gone\n"
            "wn.reason=offsets_lost\n"
            "wn.failed_at=2026-11-22T08:00:00.001Z\n"
            "wn.to_offset=77");
    CU_ASSERT_EQUAL(stage.fake.records[0].topic, OUT_DEAD_LETTER);
    CU_ASSERT_PTR_EQUAL(stage.fake.records[0].ticket, &ticket);
    stage_close(&stage);
}

static void null_value(void)
{
    struct stage stage;
    stage_open(&stage, live);
    struct raw_message raw = raw_of(VIEW_NONE, NULL, 0);
    raw.key = VIEW_NONE;
    raw.timestamp_ms = -1;
    struct dead_letter_action action = {&raw, "empty", VIEW_NONE, -1};
    CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, NULL), ERR_NONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, "(null)\n(null)\n__connect.errors.topic"));
    CU_ASSERT_PTR_NULL(strstr(stage.fake.seen[0].p, "wn.failed_at"));
    CU_ASSERT_EQUAL(stage.fake.records[0].timestamp_ms, 0);
    stage_close(&stage);
}

// Value and key lengths at the ceilings, and what becomes of them.
static void sizes(void)
{
    static const struct {
        size_t value, key, header; // lengths
        size_t kept_value, kept_key;
        const char *has;
        const char *has_not;
    } rows[] = {
            {921600, 1, 0, 921600, 1, "wn.reason", "wn.truncated"},
            {921601, 1, 0, 65536, 1, "wn.truncated=921601", "wn.key_truncated"},
            {1000, 65537, 0, 1000, 65536, "wn.key_truncated=65537", "wn.truncated"},
            {921600, 60000, 1437, 921600, 60000, "big=", "wn.truncated"},
            {921600, 60000, 1438, 65536, 60000, "wn.truncated=921600", "wn.headers_dropped"},
            {65536, 65536, 262141, 65536, 65536, "big=", "wn.headers_dropped"},
            {1, 1, 262142, 1, 1, "wn.headers_dropped=1", "big="},
    };
    char *bytes = calloc(1, 1024 * 1024);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', 1024 * 1024 - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_open(&stage, live);
        struct header header = {VIEW("big"), {bytes, rows[i].header}};
        struct raw_message raw = raw_of((struct view){bytes, rows[i].value}, &header, 1);
        raw.key = (struct view){bytes, rows[i].key};
        struct dead_letter_action action = {&raw, "too_large", VIEW("too large"), -1};
        CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, NULL), ERR_NONE);
        CU_ASSERT_EQUAL(stage.fake.records[0].value.n, rows[i].kept_value);
        CU_ASSERT_EQUAL(stage.fake.records[0].key.n, rows[i].kept_key);
        CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, rows[i].has));
        CU_ASSERT_PTR_NULL(strstr(stage.fake.seen[0].p, rows[i].has_not));
        CU_ASSERT(stage.fake.seen[0].n < 1000000 - 2000);
        stage_close(&stage);
    }
    free(bytes);
}

static void digest(void)
{
    struct stage stage;
    stage_open(&stage, live);
    char *bytes = calloc(1, 1000000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    struct raw_message raw = raw_of((struct view){bytes, 1000000}, NULL, 0);
    struct dead_letter_action action = {&raw, "too_large", VIEW(""), -1};
    CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, NULL), ERR_NONE);
    const char *tail = strrchr(stage.fake.seen[0].p + 2 + 65536, '\n');
    // head -c 1000000 /dev/zero | sha256sum
    unit_check_text("digest", tail != NULL ? tail : "",
            "\nwn.sha256=d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025");
    free(bytes);
    stage_close(&stage);
}

static void many_headers(void)
{
    struct header headers[100];
    for (size_t i = 0; i < 100; i++) {
        headers[i] = (struct header){VIEW("h"), VIEW("v")};
    }
    static const struct {
        size_t count;
        const char *has;
    } rows[] = {{49, NULL}, {50, "\nwn.headers_dropped=1"}, {100, "\nwn.headers_dropped=51"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_open(&stage, live);
        struct raw_message raw = raw_of(VIEW("x"), headers, rows[i].count);
        struct dead_letter_action action = {&raw, "not_json", VIEW("x"), -1};
        CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, NULL), ERR_NONE);
        const char *found = strstr(stage.fake.seen[0].p, "\nwn.headers_dropped");
        unit_check_text("dropped", found != NULL ? found : "", rows[i].has ? rows[i].has : "");
        CU_ASSERT(stage.fake.records[0].header_count <= RECORD_HEADER_MAX);
        stage_close(&stage);
    }
}

// Bytes that are no text go through as they are.
static void binary_bytes(void)
{
    static const struct header headers[] = {{{"\xff", 1}, {"\0\1", 2}}};
    struct stage stage;
    stage_open(&stage, live);
    struct raw_message raw = raw_of(VIEW("\0\0\0\0\7\xfe"), headers, 1);
    raw.key = VIEW("\xc3\x28");
    struct dead_letter_action action = {&raw, "unsupported_encoding", VIEW("Avro"), -1};
    CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, NULL), ERR_NONE);
    static const char expected[] = "\xc3\x28\n\0\0\0\0\7\xfe\n\xff=\0\1\n__connect";
    CU_ASSERT(memcmp(stage.fake.seen[0].p, expected, sizeof expected - 1) == 0);
    stage_close(&stage);
}

// 1,023 bytes of x and then a character of three: cut before it, not in it.
static void long_explanation(void)
{
    char text[1100];
    memset(text, 'x', sizeof text);
    memcpy(text + 1023, "\xe4\xb8\xad", 3);
    struct stage stage;
    stage_open(&stage, live);
    struct raw_message raw = raw_of(VIEW("v"), NULL, 0);
    struct dead_letter_action action = {&raw, "bad_type", {text, sizeof text}, -1};
    CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &action, NULL), ERR_NONE);
    const char *message = strstr(stage.fake.seen[0].p, "exception.message=");
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_EQUAL(strcspn(message + strlen("exception.message="), "\n"), 1023);
    stage_close(&stage);
}

static const struct unit_test tests[] = {
        {"record_bytes", record_bytes},
        {"gap_bytes", gap_bytes},
        {"null_value", null_value},
        {"sizes", sizes},
        {"digest", digest},
        {"many_headers", many_headers},
        {"binary_bytes", binary_bytes},
        {"long_explanation", long_explanation},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "dead_letter", tests);
}
