// Commands of operators from the bytes of their topic, and why some are none.
#include "decode/decode_control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

#define SIGNATURE "abababababababababababababababababababababababababababababababab"

enum { ARENA_BYTES = 1024 * 1024 };

static struct control_decoder *decoder;
static struct arena *arena;

static void begin(void)
{
    CU_ASSERT_EQUAL_FATAL(control_decoder_create(&decoder), ERR_NONE);
    arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
}

static void end(void)
{
    control_decoder_destroy(decoder);
    arena_destroy(arena);
}

static enum decode_result read_control(
        struct view text, struct control_record *ret_record, struct decode_failure *ret_failure)
{
    struct raw_message raw = {.topic = VIEW("t"), .timestamp_ms = -1, .value = text};
    return decode_control(decoder, &raw, arena, ret_record, ret_failure);
}

static void test_every_field(void)
{
    begin();
    struct control_record record;
    struct decode_failure failure;
    struct view text = VIEW(
            "{\"control_id\": 7, \"action\": \"hold\", \"scope\": {\"kind\": \"vendor\","
            "\"id\": \"v\\u0031\", \"tenant_id\": \"acme\", \"channel\": \"sms\", \"more\": 1},"
            "\"operator\": \"li.wei\", \"reason\": \"sends another's list\","
            "\"issued_at\": \"2026-11-22T01:00:00Z\", \"expires_at\": 1795312800000,"
            "\"signature\": \"" SIGNATURE "\", \"incident_id\": null, \"more\": [1]}");
    CU_ASSERT_EQUAL_FATAL(read_control(text, &record, &failure), DECODE_EVENT);
    const struct control *control = &record.control;
    CU_ASSERT_TRUE(view_is(control->control_id, "7"));
    CU_ASSERT_EQUAL(control->action, CONTROL_HOLD);
    CU_ASSERT_EQUAL(control->object, CONTROL_OF_SCOPE);
    CU_ASSERT_EQUAL(control->scope.kind, SCOPE_VENDOR);
    CU_ASSERT_TRUE(view_is(control->scope.id, "v1"));
    CU_ASSERT_TRUE(view_is(control->scope.tenant_id, "acme"));
    CU_ASSERT_TRUE(view_is(control->scope.channel, "sms"));
    CU_ASSERT_TRUE(view_is(control->operator_id, "li.wei"));
    CU_ASSERT_TRUE(view_is(control->reason, "sends another's list"));
    CU_ASSERT_EQUAL(control->issued_at_ms, INT64_C(1795309200000));
    CU_ASSERT_EQUAL(control->expires_at_ms, INT64_C(1795312800000));
    CU_ASSERT_TRUE(view_is(record.signature, SIGNATURE));
    CU_ASSERT_TRUE(view_equal(record.json, text));
    CU_ASSERT_FALSE(control->is_signed || control->at_once);
    CU_ASSERT_TRUE(view_is_none(record.recipient) && view_is_none(control->recipient));
    end();
}

#define HEAD                                                                                       \
    "{\"control_id\":\"c\",\"operator\":\"o\",\"reason\":\"r\",\"issued_at\":1795309200000,"
#define SCOPE(kind, id) "\"scope\":{\"kind\":\"" kind "\",\"id\":\"" id "\",\"tenant_id\":\"t\"}"

// What a command is about, by what it names.
static void test_objects(void)
{
    static const struct {
        const char *text;
        enum control_action action;
        enum control_object object;
    } rows[] = {
            {HEAD "\"action\":\"hold\"," SCOPE("campaign", "x") "}", CONTROL_HOLD,
                    CONTROL_OF_SCOPE},
            {HEAD "\"action\":\"hold\"," SCOPE("tenant", "t") "}", CONTROL_HOLD, CONTROL_OF_SCOPE},
            {HEAD "\"action\":\"release\"," SCOPE("message", "x") "}", CONTROL_RELEASE,
                    CONTROL_OF_MESSAGE},
            {HEAD "\"action\":\"release\"," SCOPE("recipient", "138") "}", CONTROL_RELEASE,
                    CONTROL_OF_RECIPIENT},
            {HEAD "\"action\":\"release\",\"at_once\":true,"
                  "\"incident_id\":\"0123456789abcdef0123456789abcdef\"}",
                    CONTROL_RELEASE, CONTROL_OF_INCIDENT},
            {HEAD "\"action\":\"acknowledge\","
                  "\"incident_id\":\"0123456789abcdef0123456789abcdef\"}",
                    CONTROL_ACKNOWLEDGE, CONTROL_OF_INCIDENT},
            {HEAD "\"action\":\"release\",\"rule\":\"no_record\"}", CONTROL_RELEASE,
                    CONTROL_OF_RULE},
            {HEAD "\"action\":\"release\",\"rule\":\"no_record\",\"tenant_id\":\"t\"}",
                    CONTROL_RELEASE, CONTROL_OF_RULE},
            {HEAD "\"action\":\"confirm\",\"confirms\":\"c0\"}", CONTROL_CONFIRM,
                    CONTROL_OF_CONTROL},
            {HEAD "\"action\":\"mode\",\"mode\":\"enforce\"," SCOPE("tenant", "t") "}",
                    CONTROL_MODE, CONTROL_OF_SCOPE},
            {HEAD "\"action\":\"drill\"," SCOPE("campaign", "x") "}", CONTROL_DRILL,
                    CONTROL_OF_SCOPE},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct control_record record;
        struct decode_failure failure;
        CU_ASSERT_EQUAL_FATAL(read_control(view_of(rows[i].text), &record, &failure), DECODE_EVENT);
        CU_ASSERT_EQUAL(record.control.action, rows[i].action);
        CU_ASSERT_EQUAL(record.control.object, rows[i].object);
        bool is_recipient = rows[i].object == CONTROL_OF_RECIPIENT;
        CU_ASSERT_EQUAL(!view_is_none(record.recipient), is_recipient);
        CU_ASSERT_EQUAL(record.control.at_once, strstr(rows[i].text, "at_once") != NULL);
        CU_ASSERT_EQUAL(record.control.expires_at_ms, 0);
    }
    end();
}

static void test_refusals(void)
{
    static const struct {
        const char *text;
        enum dead_reason reason;
    } rows[] = {
            {"{", DEAD_NOT_JSON},
            {"[]", DEAD_MISSING_FIELD},
            {"{\"control_id\":\"c\",\"action\":\"hold\",\"reason\":\"r\",\"issued_at\":0,"
             "\"operator\":\"o\"}",
                    DEAD_BAD_TIME},
            {"{\"control_id\":\"c\",\"action\":\"hold\",\"reason\":\"\","
             "\"issued_at\":1795309200000,\"operator\":\"o\"," SCOPE("campaign", "x") "}",
                    DEAD_MISSING_FIELD},
            {"{\"control_id\":\"c\",\"action\":\"hold\",\"reason\":\"r\","
             "\"issued_at\":1795309200000," SCOPE("campaign", "x") "}",
                    DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"hold\"}", DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"stop\"," SCOPE("campaign", "x") "}", DEAD_BAD_TYPE},
            {HEAD "\"action\":\"hold\"," SCOPE("person", "x") "}", DEAD_BAD_TYPE},
            {HEAD "\"action\":\"hold\"," SCOPE("tenant", "x") "}", DEAD_BAD_TYPE},
            {HEAD "\"action\":\"hold\",\"scope\":\"x\"}", DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"hold\",\"scope\":{\"kind\":\"campaign\",\"id\":\"x\"}}",
                    DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"hold\"," SCOPE("campaign", "x") "," SCOPE("campaign", "y") "}",
                    DEAD_DUPLICATE_KEY},
            {HEAD "\"action\":\"hold\"," SCOPE(
                     "campaign", "x") ",\"incident_id\":\"0123456789abcdef0123456789abcdef\"}",
                    DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"release\",\"incident_id\":\"0123456789ABCDEF0123456789abcdef\"}",
                    DEAD_BAD_TYPE},
            {HEAD "\"action\":\"release\",\"incident_id\":\"0123\"}", DEAD_BAD_TYPE},
            {HEAD "\"action\":\"release\",\"at_once\":1," SCOPE("campaign", "x") "}",
                    DEAD_BAD_TYPE},
            {HEAD "\"action\":\"hold\",\"rule\":\"no_record\"}", DEAD_BAD_TYPE},
            {HEAD "\"action\":\"release\",\"rule\":\"no_record\",\"tenant_id\":\"\"}",
                    DEAD_BAD_TYPE},
            {HEAD "\"action\":\"hold\",\"scope\":{\"kind\":\"campaign\",\"id\":\"x\","
                  "\"tenant_id\":\"t\",\"channel\":\"\"}}",
                    DEAD_BAD_TYPE},
            {HEAD "\"action\":\"confirm\"}", DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"release\",\"rule\":\"x\",\"signature\":\"AB\"}",
                    DEAD_BAD_SIGNATURE},
            {HEAD "\"action\":\"mode\"," SCOPE("tenant", "t") "}", DEAD_MISSING_FIELD},
            {HEAD "\"action\":\"mode\",\"mode\":\"off\"," SCOPE("tenant", "t") "}", DEAD_BAD_TYPE},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct control_record record;
        struct decode_failure failure = {0};
        enum decode_result result = read_control(view_of(rows[i].text), &record, &failure);
        CU_ASSERT_EQUAL(result, DECODE_DEAD_LETTER);
        CU_ASSERT_EQUAL(failure.code, rows[i].reason);
        if (result != DECODE_DEAD_LETTER || failure.code != rows[i].reason) {
            fprintf(stderr, "%s: %s\n", rows[i].text, failure.text);
        }
    }
    end();
}

// A reason may be a sentence or two; a record may not be a book.
static void test_lengths(void)
{
    static const struct {
        int reason_bytes;
        int padding_bytes;
        enum decode_result result;
        enum dead_reason reason;
    } rows[] = {
            {1024, 0, DECODE_EVENT, 0},
            {1025, 0, DECODE_DEAD_LETTER, DEAD_BAD_TYPE},
            {10, CONTROL_MAX_BYTES - 300, DECODE_EVENT, 0},
            {10, CONTROL_MAX_BYTES, DECODE_DEAD_LETTER, DEAD_TOO_LARGE},
    };
    begin();
    char *text = malloc(2 * CONTROL_MAX_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = snprintf(text, 2 * CONTROL_MAX_BYTES,
                "{\"control_id\":\"c\",\"action\":\"hold\",\"operator\":\"o\",\"reason\":\"%0*d\","
                "\"issued_at\":1795309200000," SCOPE("campaign", "x") ",\"more\":\"%*s\"}",
                rows[i].reason_bytes, 7, rows[i].padding_bytes, "");
        struct control_record record;
        struct decode_failure failure = {0};
        CU_ASSERT_EQUAL(
                read_control(view_bytes(text, (size_t)n), &record, &failure), rows[i].result);
        CU_ASSERT_EQUAL(failure.code, rows[i].reason);
    }
    free(text);
    end();
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"every_field", test_every_field},
            {"objects", test_objects},
            {"refusals", test_refusals},
            {"lengths", test_lengths},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decode_control", tests);
}
