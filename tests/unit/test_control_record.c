// What the verbs write is what the processor reads: each object, the signature, and no number.
#include "commands/control_record.h"
#include "commands/control_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_reader.h"
#include "tests/support/unit.h"

#define AT INT64_C(1795309200000)
#define KEY_TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

enum { TEXT_BYTES = 64 * 1024 };

struct rig {
    struct config *config;
    struct keyring *ring;
    struct control_keys *keys;
    struct control_reader *reader;
    struct arena *arena;
    struct strbuf record;
    struct strbuf key;
    struct strbuf why;
};

static void begin(struct rig *rig)
{
    char path[] = "/tmp/wn-control-record-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0 && write(fd, KEY_TEXT, 64) == 64);
    close(fd);
    strbuf_init(&rig->record, TEXT_BYTES);
    strbuf_init(&rig->key, TEXT_BYTES);
    strbuf_init(&rig->why, TEXT_BYTES);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&rig->config), ERR_NONE);
    rig->config->control.key_file = strdup(path);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&rig->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(control_keys_load(&rig->keys, path, NULL, &rig->why), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            control_reader_create(&rig->reader, rig->config, rig->ring, &rig->why), ERR_NONE);
    rig->arena = arena_create(1024 * 1024);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->arena);
    unlink(path);
}

static void end(struct rig *rig)
{
    control_reader_destroy(rig->reader);
    control_keys_destroy(rig->keys);
    keyring_destroy(rig->ring);
    config_destroy(rig->config);
    arena_destroy(rig->arena);
    strbuf_fini(&rig->record);
    strbuf_fini(&rig->key);
    strbuf_fini(&rig->why);
}

static enum err write_record(struct rig *rig, const struct control_words *words)
{
    const struct control_record_options options = {
            .ring = rig->ring, .default_region = "CN", .keys = rig->keys, .now_ms = AT};
    strbuf_reset(&rig->record);
    strbuf_reset(&rig->key);
    strbuf_reset(&rig->why);
    return control_record_write(words, &options, &rig->record, &rig->key, &rig->why);
}

static void test_read_again(void)
{
    static const struct {
        struct control_words words;
        enum control_object object;
        const char *key;
    } rows[] = {
            {{.action = CONTROL_HOLD,
                     .scope_kind = "campaign",
                     .scope_id = "a/b",
                     .tenant = "t",
                     .for_ms = 60000},
                    CONTROL_OF_SCOPE, "t/campaign/a%2Fb"},
            {{.action = CONTROL_HOLD, .scope_kind = "tenant", .tenant = "t"}, CONTROL_OF_SCOPE,
                    "t/tenant/t"},
            {{.action = CONTROL_RELEASE, .message = "m", .tenant = "t"}, CONTROL_OF_MESSAGE,
                    "t/message/m"},
            {{.action = CONTROL_RELEASE, .recipient = "138 0013 8000", .tenant = "t"},
                    CONTROL_OF_RECIPIENT, NULL},
            {{.action = CONTROL_HOLD,
                     .recipient = "demo:AAAAAAAAAAAAAAAAAAAA-_",
                     .tenant = "t",
                     .for_ms = 1},
                    CONTROL_OF_RECIPIENT, "t/recipient/demo:AAAAAAAAAAAAAAAAAAAA-_"},
            {{.action = CONTROL_RELEASE,
                     .incident = "0123456789abcdef0123456789abcdef",
                     .at_once = true},
                    CONTROL_OF_INCIDENT, "id"},
            {{.action = CONTROL_RELEASE, .rule = "no_record", .tenant = "t"}, CONTROL_OF_RULE,
                    "id"},
            {{.action = CONTROL_CONFIRM, .confirms = "c0"}, CONTROL_OF_CONTROL, "id"},
            {{.action = CONTROL_MODE,
                     .mode = "enforce",
                     .scope_kind = "vendor",
                     .scope_id = "v",
                     .tenant = "t"},
                    CONTROL_OF_SCOPE, "t/vendor/v"},
    };
    struct rig rig;
    begin(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct control_words words = rows[i].words;
        words.control_id = "id";
        words.operator_id = "li \"wei\"";
        words.reason = "\xe6\x9d\x8e";
        CU_ASSERT_PTR_NULL(control_words_wrong(&words));
        CU_ASSERT_EQUAL_FATAL(write_record(&rig, &words), ERR_NONE);
        CU_ASSERT_PTR_NULL(strstr(rig.record.p, "13800138000"));
        const struct raw_message raw = {.timestamp_ms = -1, .value = strbuf_view(&rig.record)};
        struct control control;
        struct decode_failure failure = {.text = ""};
        CU_ASSERT_EQUAL_FATAL(
                control_reader_read(rig.reader, &raw, rig.arena, &control, &failure), DECODE_EVENT);
        CU_ASSERT_TRUE(control.is_signed);
        CU_ASSERT_EQUAL(control.action, words.action);
        CU_ASSERT_EQUAL(control.object, rows[i].object);
        CU_ASSERT_EQUAL(control.at_once, words.at_once);
        CU_ASSERT_TRUE(view_is(control.operator_id, words.operator_id));
        CU_ASSERT_EQUAL(control.issued_at_ms, AT);
        CU_ASSERT_TRUE(words.for_ms == 0 || control.expires_at_ms == AT + words.for_ms);
        CU_ASSERT_TRUE(rows[i].key == NULL || view_is(strbuf_view(&rig.key), rows[i].key));
    }
    end(&rig);
}

// A hold without an end has that of the policy: of a scope as a scope's, of one message or recipient as a
// message's.
static void test_ends_of_policy(void)
{
    static const struct {
        struct control_words words;
        int64_t lasts_ms;
    } rows[] = {
            {{.scope_kind = "campaign", .scope_id = "a", .tenant = "t"}, 7200000},
            {{.message = "m", .tenant = "t"}, 5400000},
            {{.recipient = "138 0013 8000", .tenant = "t"}, 5400000},
    };
    struct rig rig;
    begin(&rig);
    rig.config->policy.message_hold_ms = 5400000;
    rig.config->policy.scope_hold_ms = 7200000;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct control_words words = rows[i].words;
        words.action = CONTROL_HOLD;
        words.control_id = "id";
        words.operator_id = "li";
        words.reason = "r";
        CU_ASSERT_EQUAL_FATAL(write_record(&rig, &words), ERR_NONE);
        const struct raw_message raw = {.timestamp_ms = -1, .value = strbuf_view(&rig.record)};
        struct control control;
        struct decode_failure failure = {.text = ""};
        CU_ASSERT_EQUAL_FATAL(
                control_reader_read(rig.reader, &raw, rig.arena, &control, &failure), DECODE_EVENT);
        CU_ASSERT_EQUAL(control.expires_at_ms - AT, rows[i].lasts_ms);
    }
    end(&rig);
}

static void test_what_is_missing(void)
{
    static const struct control_words rows[] = {
            {.reason = "r", .scope_kind = "campaign", .scope_id = "x", .tenant = "t"},
            {.operator_id = "", .reason = "r", .message = "x", .tenant = "t"},
            {.operator_id = "o", .scope_kind = "campaign", .scope_id = "x", .tenant = "t"},
            {.operator_id = "o", .reason = "r"},
            {.operator_id = "o", .reason = "r", .scope_kind = "campaign", .tenant = "t"},
            {.operator_id = "o", .reason = "r", .scope_kind = "campaign", .scope_id = "x"},
            {.operator_id = "o", .reason = "r", .message = "m", .rule = "x", .tenant = "t"},
            {.operator_id = "o", .reason = "r", .message = "m", .scope_id = "x", .tenant = "t"},
            {.operator_id = "o", .reason = "r", .incident = "i", .tenant = "t"},
            {.operator_id = "o", .reason = "r", .rule = "no_record", .tenant = ""},
            {.operator_id = "o", .reason = "r", .incident = ""},
            {.operator_id = "o",
                    .reason = "r",
                    .scope_kind = "campaign",
                    .scope_id = "x",
                    .tenant = "t",
                    .channel = ""},
            {.action = CONTROL_CONFIRM, .operator_id = "o", .reason = "r", .confirms = ""},
            {.action = CONTROL_RELEASE,
                    .operator_id = "o",
                    .reason = "r",
                    .scope_kind = "campaign",
                    .scope_id = "x",
                    .tenant = "t",
                    .for_ms = 1},
            {.action = CONTROL_MODE,
                    .operator_id = "o",
                    .reason = "r",
                    .message = "m",
                    .tenant = "t",
                    .mode = "enforce"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_PTR_NOT_NULL(control_words_wrong(&rows[i]));
    }
}

// What the processor would not take is not written.
static void test_refused_here(void)
{
    static const struct control_words rows[] = {
            {.action = CONTROL_RELEASE, .recipient = "12", .tenant = "t"},
            {.action = CONTROL_RELEASE, .recipient = "other:AAAAAAAAAAAAAAAAAAAAAA", .tenant = "t"},
            {.action = CONTROL_HOLD, .scope_kind = "person", .scope_id = "x", .tenant = "t"},
            {.action = CONTROL_HOLD, .scope_kind = "tenant", .scope_id = "x", .tenant = "t"},
            {.action = CONTROL_RELEASE, .incident = "no-hex"},
            {.action = CONTROL_MODE,
                    .mode = "off",
                    .scope_kind = "vendor",
                    .scope_id = "x",
                    .tenant = "t"},
    };
    struct rig rig;
    begin(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct control_words words = rows[i];
        words.control_id = "id";
        words.operator_id = "o";
        words.reason = "r";
        CU_ASSERT_EQUAL(write_record(&rig, &words), ERR_DATA);
        CU_ASSERT_TRUE(rig.why.n > 0 && strstr(rig.why.p, "12 ") == NULL);
    }
    end(&rig);
}

// What --wait makes of the outcomes of several partitions, in whatever order they come.
static void test_outcomes(void)
{
    static const struct {
        const char *states[3];
        bool is_of_tenant;
        enum control_answer answer;
        int shown; // which of them is printed
        bool is_last;
    } rows[] = {
            {{"unknown", "refused"}, false, ANSWER_REFUSED, 1, false},
            {{"refused", "unknown"}, false, ANSWER_REFUSED, 0, false},
            {{"unknown", "unknown", "expired"}, false, ANSWER_REFUSED, 2, false},
            {{"refused", "refused"}, false, ANSWER_REFUSED, 0, false},
            {{"unknown", "refused", "applied"}, false, ANSWER_APPLIED, 2, true},
            {{"unknown", "pending"}, false, ANSWER_PENDING, 1, true},
            {{"unknown"}, false, ANSWER_UNKNOWN, 0, false},
            {{"unknown"}, true, ANSWER_UNKNOWN, 0, true},
            {{"refused"}, true, ANSWER_REFUSED, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum control_answer answer = ANSWER_NONE;
        int shown = -1;
        bool is_last = false;
        for (int n = 0; n < 3 && rows[i].states[n] != NULL; n++) {
            struct view state = view_of(rows[i].states[n]);
            if (control_answer_hear(&answer, state, rows[i].is_of_tenant, &is_last)) {
                shown = n;
            }
        }
        CU_ASSERT_EQUAL(answer, rows[i].answer);
        CU_ASSERT_EQUAL(shown, rows[i].shown);
        CU_ASSERT_EQUAL(is_last, rows[i].is_last);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"read_again", test_read_again},
            {"ends_of_policy", test_ends_of_policy},
            {"what_is_missing", test_what_is_missing},
            {"refused_here", test_refused_here},
            {"outcomes", test_outcomes},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "control_record", tests);
}
