// The schemas of what we read and the code that reads it agree: each good example is taken, each
// bad one refused. Runs in the project's root, as ctest does.
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "decode/decode_complaint.h"
#include "decode/decode_control.h"
#include "relationship/ndjson.h"
#include "tests/support/unit.h"

enum { EXAMPLE_MAX_BYTES = 64 * 1024, ARENA_BYTES = 1024 * 1024 };

// Whether the reader takes it.
typedef bool (*take_fn)(void *reader, struct view text, struct arena *arena);

static bool take_message(void *reader, struct view text, struct arena *arena)
{
    struct raw_message raw = {.topic = VIEW("t"), .timestamp_ms = -1, .value = text};
    struct event ev;
    struct decode_failure failure;
    enum decode_result result = decode_event(reader, &raw, arena, &ev, &failure);
    CU_ASSERT_NOT_EQUAL(result, DECODE_NO_ROOM);
    return result == DECODE_EVENT;
}

static bool take_complaint(void *reader, struct view text, struct arena *arena)
{
    struct raw_message raw = {.topic = VIEW("t"), .timestamp_ms = -1, .value = text};
    struct complaint complaint;
    struct decode_failure failure;
    return decode_complaint(reader, &raw, arena, &complaint, &failure) == DECODE_EVENT;
}

static bool take_control(void *reader, struct view text, struct arena *arena)
{
    struct raw_message raw = {.topic = VIEW("t"), .timestamp_ms = -1, .value = text};
    struct control_record record;
    struct decode_failure failure;
    return decode_control(reader, &raw, arena, &record, &failure) == DECODE_EVENT;
}

static bool take_relationship(void *reader, struct view text, struct arena *arena)
{
    struct relationship rel;
    struct strbuf why;
    strbuf_init(&why, EXAMPLE_MAX_BYTES);
    enum err e = ndjson_parse(reader, text, arena, &rel, &why);
    CU_ASSERT(e == ERR_NONE || e == ERR_DATA);
    strbuf_fini(&why);
    return e == ERR_NONE;
}

static void check_example(const char *path, bool good, take_fn take, void *reader)
{
    char text[EXAMPLE_MAX_BYTES];
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    CU_ASSERT_FATAL(n > 0 && n < sizeof text);
    struct arena *arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    bool taken = take(reader, (struct view){text, n}, arena);
    CU_ASSERT_EQUAL(taken, good);
    if (taken != good) {
        fprintf(stderr, "%s: is %s\n", path, taken ? "taken" : "refused");
    }
    arena_destroy(arena);
}

static void check_folder(const char *schema, bool good, take_fn take, void *reader)
{
    char folder[256];
    snprintf(folder, sizeof folder, "schemas/examples/%s/%s", good ? "good" : "bad", schema);
    DIR *dir = opendir(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    size_t count = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, ".json") != NULL) {
            char path[640];
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            check_example(path, good, take, reader);
            count++;
        }
    }
    closedir(dir);
    CU_ASSERT(count >= 3);
}

static void outbound_message(void)
{
    struct decoder *decoder;
    CU_ASSERT_EQUAL_FATAL(decoder_create(&decoder, NULL, NULL), ERR_NONE);
    check_folder("outbound-message", true, take_message, decoder);
    check_folder("outbound-message", false, take_message, decoder);
    decoder_destroy(decoder);
}

static void complaint(void)
{
    struct complaint_decoder *decoder;
    CU_ASSERT_EQUAL_FATAL(complaint_decoder_create(&decoder), ERR_NONE);
    check_folder("complaint", true, take_complaint, decoder);
    check_folder("complaint", false, take_complaint, decoder);
    complaint_decoder_destroy(decoder);
}

static void control(void)
{
    struct control_decoder *decoder;
    CU_ASSERT_EQUAL_FATAL(control_decoder_create(&decoder), ERR_NONE);
    check_folder("control", true, take_control, decoder);
    check_folder("control", false, take_control, decoder);
    control_decoder_destroy(decoder);
}

static void relationship(void)
{
    struct ndjson *ndjson;
    CU_ASSERT_EQUAL_FATAL(ndjson_create(&ndjson, "CN"), ERR_NONE);
    check_folder("relationship", true, take_relationship, ndjson);
    check_folder("relationship", false, take_relationship, ndjson);
    ndjson_destroy(ndjson);
}

static const struct unit_test tests[] = {
        {"outbound_message", outbound_message},
        {"complaint", complaint},
        {"control", control},
        {"relationship", relationship},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "schema_examples", tests);
}
