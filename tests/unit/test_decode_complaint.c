// Complaints from the bytes of their topic, and why some are none.
#include "decode/decode_complaint.h"

#include "tests/support/unit.h"

enum { ARENA_BYTES = 1024 * 1024 };

static struct complaint_decoder *decoder;
static struct arena *arena;

static void begin(void)
{
    CU_ASSERT_EQUAL_FATAL(complaint_decoder_create(&decoder), ERR_NONE);
    arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
}

static void end(void)
{
    complaint_decoder_destroy(decoder);
    arena_destroy(arena);
}

static enum decode_result read_complaint(
        struct view text, struct complaint *ret_complaint, struct decode_failure *ret_failure)
{
    struct raw_message raw = {.topic = VIEW("t"), .timestamp_ms = -1, .value = text};
    return decode_complaint(decoder, &raw, arena, ret_complaint, ret_failure);
}

static void test_every_field(void)
{
    begin();
    struct complaint complaint;
    struct decode_failure failure;
    CU_ASSERT_EQUAL_FATAL(
            read_complaint(VIEW("{\"complaint_id\": 7, \"occurred_at\": \"2026-11-22T01:00:00Z\","
                                "\"recipient\": \"13800138000\", \"message_id\": \"m\\u0031\","
                                "\"kind\": \"not_my_debt\", \"channel\": \"sms\","
                                "\"tenant_id\": \"a\", \"campaign_id\": \"c\","
                                "\"template_id\": \"t\", \"sender_id\": \"s\","
                                "\"vendor_id\": \"v\", \"more\": [1]}"),
                    &complaint, &failure),
            DECODE_EVENT);
    CU_ASSERT_TRUE(view_is(complaint.complaint_id, "7"));
    CU_ASSERT_EQUAL(complaint.occurred_at.ms, INT64_C(1795309200000));
    CU_ASSERT_TRUE(view_is(complaint.recipient, "13800138000"));
    CU_ASSERT_TRUE(view_is(complaint.message_id, "m1"));
    CU_ASSERT_EQUAL(complaint.kind, COMPLAINT_NOT_MY_DEBT);
    CU_ASSERT_TRUE(view_is(complaint.channel, "sms"));
    CU_ASSERT_TRUE(view_is(complaint.tenant_id, "a"));
    CU_ASSERT_TRUE(view_is(complaint.campaign_id, "c"));
    CU_ASSERT_TRUE(view_is(complaint.template_id, "t"));
    CU_ASSERT_TRUE(view_is(complaint.sender_id, "s"));
    CU_ASSERT_TRUE(view_is(complaint.vendor_id, "v"));
    end();
}

static void test_kinds(void)
{
    static const struct {
        const char *text;
        enum complaint_kind kind;
    } rows[] = {
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\","
             "\"kind\":\"wrong_number\"}",
                    COMPLAINT_WRONG_NUMBER},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\","
             "\"kind\":\"stop\"}",
                    COMPLAINT_STOP},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\","
             "\"kind\":\"harassment\"}",
                    COMPLAINT_HARASSMENT},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\","
             "\"kind\":\"other\"}",
                    COMPLAINT_OTHER},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\","
             "\"kind\":\"a new word\"}",
                    COMPLAINT_OTHER},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct complaint complaint;
        struct decode_failure failure;
        CU_ASSERT_EQUAL(read_complaint(view_of(rows[i].text), &complaint, &failure), DECODE_EVENT);
        CU_ASSERT_EQUAL(complaint.kind, rows[i].kind);
        CU_ASSERT_TRUE(view_is_none(complaint.tenant_id));
        CU_ASSERT_TRUE(view_is_none(complaint.recipient));
    }
    end();
}

static void test_dead_letters(void)
{
    static const struct {
        const char *text;
        const char *reason;
        const char *explanation;
    } rows[] = {
            {"", "empty", "the value has no bytes"},
            {"{", "not_json", NULL},
            {"{\"complaint_id\":\"1\",\"complaint_id\":\"1\"}", "duplicate_key",
                    "complaint_id is given twice"},
            {"{\"occurred_at\":1795309200000,\"message_id\":\"m\",\"kind\":\"stop\"}",
                    "missing_field", "complaint_id is missing"},
            {"{\"complaint_id\":\"1\",\"message_id\":\"m\",\"kind\":\"stop\"}", "missing_field",
                    "occurred_at is missing"},
            {"{\"complaint_id\":\"1\",\"occurred_at\":12,\"message_id\":\"m\","
             "\"kind\":\"stop\"}",
                    "bad_time", "occurred_at is outside 2000 to 2100"},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\"}",
                    "missing_field", "kind is missing"},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":\"m\","
             "\"kind\":5}",
                    "bad_type", "kind is not a string"},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":[],"
             "\"kind\":\"stop\"}",
                    "bad_type", "message_id is neither a string nor an integer"},
            {"{\"complaint_id\":\"1\",\"occurred_at\":1795309200000,\"message_id\":null,"
             "\"recipient\":\"\",\"kind\":\"stop\"}",
                    "missing_field", "recipient and message_id are both missing"},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct complaint complaint;
        struct decode_failure failure = {.reason = "", .text = ""};
        CU_ASSERT_EQUAL(
                read_complaint(view_of(rows[i].text), &complaint, &failure), DECODE_DEAD_LETTER);
        unit_check_text("reason", failure.reason, rows[i].reason);
        if (rows[i].explanation != NULL) {
            unit_check_text("explanation", failure.text, rows[i].explanation);
        }
    }
    end();
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"every_field", test_every_field},
            {"kinds", test_kinds},
            {"dead_letters", test_dead_letters},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decode_complaint", tests);
}
