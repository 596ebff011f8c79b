// The sink that is a directory: files, lines, and trouble with the disk.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit/file_sink.h"
#include "tests/support/unit.h"

static const char *const names[] = {"verdicts.ndjson", "alerts.ndjson",
        "quarantine-commands.ndjson", "quarantine-state.ndjson", "control-state.ndjson",
        "dead-letter.ndjson"};

struct stage {
    char directory[64]; // the sink's; does not exist before it
    char parent[32];
    struct strbuf text;
    struct file_sink *sink;
    struct sink role;
};

static void stage_prepare(struct stage *stage)
{
    *stage = (struct stage){.parent = "/tmp/wn-file-sink-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->parent));
    snprintf(stage->directory, sizeof stage->directory, "%s/out", stage->parent);
    strbuf_init(&stage->text, 64 * 1024);
}

static void stage_open(struct stage *stage)
{
    stage_prepare(stage);
    CU_ASSERT_EQUAL_FATAL(
            file_sink_create(&stage->sink, stage->directory, VIEW("dl"), &stage->text), ERR_NONE);
    stage->role = file_sink_role(stage->sink);
}

static void stage_clean(struct stage *stage)
{
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", stage->directory, names[i]);
        unlink(path);
    }
    rmdir(stage->directory);
    CU_ASSERT_EQUAL(rmdir(stage->parent), 0);
    strbuf_fini(&stage->text);
}

static void check_file(struct stage *stage, const char *name, const char *expected)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", stage->directory, name);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    strbuf_reset(&stage->text);
    char *room = strbuf_room(&stage->text, 32 * 1024);
    strbuf_grown(&stage->text, fread(room, 1, 32 * 1024, file));
    fclose(file);
    unit_check_text(name, stage->text.p, expected);
}

static void send_ok(struct stage *stage, const struct record *record)
{
    CU_ASSERT_EQUAL(sink_send(&stage->role, record), ERR_NONE);
}

static void each_topic_in_its_file(void)
{
    struct stage stage;
    stage_open(&stage);
    send_ok(&stage, &(struct record){.topic = OUT_VERDICTS, .value = VIEW("{\"v\":1}")});
    send_ok(&stage, &(struct record){.topic = OUT_ALERTS, .value = VIEW("{\"a\":1}")});
    send_ok(&stage, &(struct record){.topic = OUT_VERDICTS, .value = VIEW("{\"v\":2}")});
    send_ok(&stage, &(struct record){.topic = OUT_COMMANDS, .value = VIEW("{\"c\":1}")});
    send_ok(&stage,
            &(struct record){
                    .topic = OUT_STATE, .key = VIEW("t/k/\"i"), .value = VIEW("{\"s\":1}")});
    send_ok(&stage, &(struct record){.topic = OUT_STATE, .key = VIEW("t/k/i")});
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_NONE);

    check_file(&stage, "verdicts.ndjson", "{\"v\":1}\n{\"v\":2}\n");
    check_file(&stage, "alerts.ndjson", "{\"a\":1}\n");
    check_file(&stage, "quarantine-commands.ndjson", "{\"c\":1}\n");
    check_file(&stage, "quarantine-state.ndjson",
            "{\"key\":\"t/k/\\\"i\",\"value\":{\"s\":1}}\n{\"key\":\"t/k/i\",\"value\":null}\n");
    check_file(&stage, "dead-letter.ndjson", "");
    stage_clean(&stage);
}

static void dead_letters_as_kcat(void)
{
    static const struct header plain[] = {{{"a", 1}, {"1", 1}}, {{"n", 1}, {NULL, 0}}};
    static const struct header binary[] = {
            {{"b", 1}, {"\xff\x00", 2}}, {{"e", 1}, {"", 0}}, {{"n", 1}, {NULL, 0}}};
    struct stage stage;
    stage_open(&stage);
    send_ok(&stage, &(struct record){.topic = OUT_DEAD_LETTER,
                            .partition = PARTITION_ANY,
                            .key = VIEW("k"),
                            .value = VIEW("{\"x\":\n"),
                            .headers = plain,
                            .header_count = 2,
                            .timestamp_ms = 1795334400000});
    send_ok(&stage, &(struct record){.topic = OUT_DEAD_LETTER,
                            .partition = PARTITION_ANY,
                            .key = VIEW("\xc3\x28"),
                            .value = VIEW("a\0b"),
                            .headers = binary,
                            .header_count = 3});
    send_ok(&stage, &(struct record){.topic = OUT_DEAD_LETTER, .partition = 3, .value = VIEW("")});
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_NONE);
    check_file(&stage, "dead-letter.ndjson",
            "{\"topic\":\"dl\",\"partition\":0,\"offset\":0,\"tstype\":\"create\","
            "\"ts\":1795334400000,\"broker\":-1,\"headers\":[\"a\",\"1\",\"n\",null],"
            "\"key\":\"k\",\"payload\":\"{\\\"x\\\":\\n\"}\n"
            "{\"topic\":\"dl\",\"partition\":0,\"offset\":1,\"broker\":-1,"
            "\"headers\":[\"b\",null,\"e\",\"\",\"n\",null],"
            "\"headers_base64\":[\"Yg==\",\"/wA=\",\"ZQ==\",\"\",\"bg==\",null],"
            "\"key\":null,\"key_base64\":\"wyg=\",\"payload\":null,\"payload_base64\":\"YQBi\"}\n"
            "{\"topic\":\"dl\",\"partition\":3,\"offset\":2,\"broker\":-1,\"headers\":[],"
            "\"key\":null,\"payload\":\"\"}\n");
    stage_clean(&stage);
}

static void second_run_starts_empty(void)
{
    struct stage stage;
    stage_open(&stage);
    send_ok(&stage, &(struct record){.topic = OUT_ALERTS, .value = VIEW("{}")});
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_NONE);
    CU_ASSERT_EQUAL(
            file_sink_create(&stage.sink, stage.directory, VIEW("dl"), &stage.text), ERR_NONE);
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_NONE);
    check_file(&stage, "alerts.ndjson", "");
    stage_clean(&stage);
}

static void directory_cannot_be_made(void)
{
    struct stage stage;
    stage_prepare(&stage);
    char deep[128];
    snprintf(deep, sizeof deep, "%s/not/there", stage.directory);
    CU_ASSERT_EQUAL(file_sink_create(&stage.sink, deep, VIEW("dl"), &stage.text), ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.text.p, "/not/there: No such file or directory"));
    CU_ASSERT_PTR_NULL(stage.sink);
    stage_clean(&stage);
}

// One of the files leads to a device that is always full.
static void full_disk_stage(struct stage *stage)
{
    stage_open(stage);
    CU_ASSERT_EQUAL(file_sink_close(stage->sink, &stage->text), ERR_NONE);
    char path[128];
    snprintf(path, sizeof path, "%s/verdicts.ndjson", stage->directory);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(symlink("/dev/full", path), 0);
    CU_ASSERT_EQUAL_FATAL(
            file_sink_create(&stage->sink, stage->directory, VIEW("dl"), &stage->text), ERR_NONE);
    stage->role = file_sink_role(stage->sink);
}

// A short run fits the buffer: only the close can tell.
static void full_disk_at_close(void)
{
    struct stage stage;
    full_disk_stage(&stage);
    send_ok(&stage, &(struct record){.topic = OUT_VERDICTS, .value = VIEW("{}")});
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_IO);
    unit_check_text("why", stage.text.p, "verdicts.ndjson: No space left on device");
    stage_clean(&stage);
}

// A long one fails in the middle, and then every record is refused.
static void full_disk_while_writing(void)
{
    struct stage stage;
    full_disk_stage(&stage);
    static char value[4096];
    memset(value, 'x', sizeof value);
    struct record verdict = {.topic = OUT_VERDICTS, .value = {value, sizeof value}};
    enum err e = ERR_NONE;
    for (size_t i = 0; i < 1000 && e == ERR_NONE; i++) {
        e = sink_send(&stage.role, &verdict);
    }
    CU_ASSERT_EQUAL(e, ERR_IO);
    struct record alert = {.topic = OUT_ALERTS, .value = VIEW("{}")};
    CU_ASSERT_EQUAL(sink_send(&stage.role, &alert), ERR_IO);
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_IO);
    unit_check_text("why", stage.text.p, "verdicts.ndjson: No space left on device");
    stage_clean(&stage);
}

// 3 MiB of control characters are 18 MiB of JSON, above the ceiling of a line. Nothing of it is
// written.
static void line_too_long(void)
{
    enum { LONG_BYTES = 3 * 1024 * 1024 };
    char *bytes = malloc(LONG_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 1, LONG_BYTES);
    struct stage stage;
    stage_open(&stage);
    struct record record = {.topic = OUT_DEAD_LETTER, .value = {bytes, LONG_BYTES}};
    CU_ASSERT_EQUAL(sink_send(&stage.role, &record), ERR_INTERNAL);
    record.value = VIEW("x");
    send_ok(&stage, &record);
    CU_ASSERT_EQUAL(file_sink_close(stage.sink, &stage.text), ERR_NONE);
    check_file(&stage, "dead-letter.ndjson",
            "{\"topic\":\"dl\",\"partition\":0,\"offset\":0,\"broker\":-1,\"headers\":[],"
            "\"key\":null,\"payload\":\"x\"}\n");
    free(bytes);
    stage_clean(&stage);
}

static const struct unit_test tests[] = {
        {"each_topic_in_its_file", each_topic_in_its_file},
        {"dead_letters_as_kcat", dead_letters_as_kcat},
        {"second_run_starts_empty", second_run_starts_empty},
        {"directory_cannot_be_made", directory_cannot_be_made},
        {"full_disk_at_close", full_disk_at_close},
        {"full_disk_while_writing", full_disk_while_writing},
        {"line_too_long", line_too_long},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "file_sink", tests);
}
