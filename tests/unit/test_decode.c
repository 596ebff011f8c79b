#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/digest.h"
#include "decode/decode.h"
#include "decode/trace_context.h"

#define REQUIRED                                                                                   \
    "\"message_id\":\"m1\",\"recipient\":\"+8613800138000\",\"occurred_at\":\"2026-11-22T08:00:"   \
    "00Z\""
#define EVENT(more) "{" REQUIRED more "}"
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

struct fixture {
    struct decoder *decoder;
    struct arena *arena;
    struct event ev;
    struct decode_failure failure;
};

static void fixture_init(struct fixture *f, const char *const *fields)
{
    *f = (struct fixture){.arena = arena_create(8 << 20)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->arena);
    CU_ASSERT_EQUAL_FATAL(decoder_create(&f->decoder, fields, NULL), ERR_NONE);
}

static void fixture_fini(struct fixture *f)
{
    decoder_destroy(f->decoder);
    arena_destroy(f->arena);
}

static enum decode_result decode_raw(struct fixture *f, const struct raw_message *raw)
{
    arena_reset(f->arena);
    f->failure = (struct decode_failure){.reason = ""};
    return decode_event(f->decoder, raw, f->arena, &f->ev, &f->failure);
}

static enum decode_result decode_value(struct fixture *f, struct view value)
{
    struct raw_message raw = {.topic = VIEW("t"), .value = value, .timestamp_ms = -1};
    return decode_raw(f, &raw);
}

// `reason` is NULL for an event.
static void check_value(struct fixture *f, struct view value, const char *reason)
{
    enum decode_result result = decode_value(f, value);
    CU_ASSERT_EQUAL(result, reason == NULL ? DECODE_EVENT : DECODE_DEAD_LETTER);
    bool same = strcmp(f->failure.reason, reason == NULL ? "" : reason) == 0;
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "  %.*s: %s (%s), expected %s\n", (int)(value.n > 120 ? 120 : value.n),
                value.p, f->failure.reason, f->failure.text, reason == NULL ? "an event" : reason);
    }
}

static void check_view(struct view got, const char *expected)
{
    bool same = expected == NULL ? view_is_none(got) : view_is(got, expected);
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "  got %.*s, expected %s\n", VIEW_ARGS(got),
                expected == NULL ? "none" : expected);
    }
}

static void test_every_field(void)
{
    struct fixture f;
    fixture_init(&f, NULL);
    check_value(&f,
            VIEW(EVENT(",\"channel\":\"sms\",\"purpose\":\"collection\",\"tenant_id\":\"t\","
                       "\"campaign_id\":\"c\","
                       "\"template_id\":\"te\",\"sender_id\":1069,\"vendor_id\":\"\\u4e2d\\/"
                       "v\",\"loan_id\":-12.0,"
                       "\"borrower_id\":null,\"planned_size\":2e4,\"unknown\":[\"\\u0000\\ud800\",{"
                       "\"x\":1,\"x\":2}]")),
            NULL);
    check_view(f.ev.message_id, "m1");
    check_view(f.ev.recipient, "+8613800138000");
    CU_ASSERT_EQUAL(f.ev.occurred_at.ms, 1795334400000);
    check_view(f.ev.channel, "sms");
    check_view(f.ev.purpose, "collection");
    check_view(f.ev.tenant_id, "t");
    check_view(f.ev.campaign_id, "c");
    check_view(f.ev.template_id, "te");
    check_view(f.ev.sender_id, "1069");
    check_view(f.ev.vendor_id, "\xe4\xb8\xad/v");
    check_view(f.ev.loan_id, "-12");
    check_view(f.ev.borrower_id, NULL);
    CU_ASSERT_EQUAL(f.ev.planned_size, 20000);
    check_view(f.ev.traceparent, NULL);
    check_value(&f, VIEW(EVENT(",\"tenant_id\":-0,\"loan_id\":-0.0e1,\"channel\":1e3")), NULL);
    check_view(f.ev.tenant_id, "0");
    check_view(f.ev.loan_id, "0");
    check_view(f.ev.channel, "1000");
    check_value(&f, VIEW(EVENT("")), NULL);
    check_view(f.ev.tenant_id, NULL);
    CU_ASSERT_EQUAL(f.ev.planned_size, -1);
    fixture_fini(&f);
}

static void test_borrows(void)
{
    struct fixture f;
    fixture_init(&f, NULL);
    const struct view value = VIEW(EVENT(",\"loan_id\":8613800138000"));
    check_value(&f, value, NULL);
    CU_ASSERT_EQUAL(arena_used_bytes(f.arena), 0);
    CU_ASSERT_TRUE(f.ev.message_id.p > value.p && f.ev.message_id.p < value.p + value.n);
    CU_ASSERT_TRUE(f.ev.loan_id.p > value.p && f.ev.loan_id.p < value.p + value.n);
    fixture_fini(&f);
}

static void test_values(void)
{
    const struct {
        struct view value;
        const char *reason;
    } rows[] = {
            {VIEW_NONE, "empty"},
            {VIEW(""), "empty"},
            {VIEW(" "), "not_json"},
            {VIEW("not json"), "not_json"},
            {VIEW(EVENT("") "x"), "not_json"},
            {VIEW(EVENT("") " \r\n\t"), NULL},
            {VIEW(EVENT("") "\0"), "not_json"},
            {VIEW("{" REQUIRED), "not_json"},
            {VIEW(EVENT(",\"x\":01")), "not_json"},
            {VIEW(EVENT(",\"x\":\"a\tb\"")), "not_json"},
            {VIEW(EVENT(",\"x\":\"a\0b\"")), "not_json"},
            {VIEW("{\0"), "not_json"},
            {VIEW("\0"), "not_json"},
            {VIEW("\0\0\0\0"), "not_json"},
            {VIEW("\xef\xbb\xbf" EVENT("")), NULL},
            {VIEW("\xef\xbb\xbf\xef\xbb\xbf" EVENT("")), "not_json"},
            {VIEW("\xef\xbb\xbf"), "not_json"},
            {VIEW(EVENT(",\"x\":\"\xff\"")), "bad_utf8"},
            {VIEW("garbage \xc3"), "bad_utf8"},
            {VIEW("\xff\xfe{\0}\0"), "bad_utf8"},
            // Fields that are not there.
            {VIEW("{}"), "missing_field"},
            {VIEW("[]"), "missing_field"},
            {VIEW("42"), "missing_field"},
            {VIEW("null"), "missing_field"},
            {VIEW("[" EVENT("") "]"), "missing_field"},
            {VIEW("{\"message_id\":null,\"recipient\":\"1\",\"occurred_at\":\"2026-11-22\"}"),
                    "missing_field"},
            {VIEW("{\"message_id\":\"\",\"recipient\":\"1\",\"occurred_at\":\"2026-11-22\"}"),
                    "missing_field"},
            {VIEW("{\"message_id\":\"m\",\"recipient\":\"\",\"occurred_at\":\"2026-11-22\"}"),
                    "missing_field"},
            {VIEW("{\"message_id\":\"m\",\"recipient\":\"1\"}"), "missing_field"},
            {VIEW("{\"message_id\":\"m\",\"recipient\":\"1\",\"occurred_at\":\"\"}"),
                    "missing_field"},
            {VIEW("{\"message_id\":\"m\",\"recipient\":13800138000,\"occurred_at\":\"2026-11-"
                  "22\"}"),
                    NULL},
            {VIEW(EVENT(",\"tenant_id\":\"\",\"channel\":\"\",\"planned_size\":null")), NULL},
            // Types.
            {VIEW("{\"message_id\":true,\"recipient\":\"1\",\"occurred_at\":\"2026-11-22\"}"),
                    "bad_type"},
            {VIEW("{\"message_id\":\"m\",\"recipient\":[\"1\"],\"occurred_at\":\"2026-11-22\"}"),
                    "bad_type"},
            {VIEW("{\"message_id\":\"m\",\"recipient\":{},\"occurred_at\":\"2026-11-22\"}"),
                    "bad_type"},
            {VIEW("{\"message_id\":1.5,\"recipient\":\"1\",\"occurred_at\":\"2026-11-22\"}"),
                    "bad_type"},
            {VIEW("{\"message_id\":9007199254740992,\"recipient\":\"1\",\"occurred_at\":\"2026-11-"
                  "22\"}"),
                    "bad_type"},
            {VIEW(EVENT(",\"loan_id\":\"a\\u0000b\"")), "bad_type"},
            {VIEW(EVENT(",\"loan_id\":\"\\ud800\"")), "bad_type"},
            {VIEW(EVENT(",\"loan_id\":false")), "bad_type"},
            {VIEW(EVENT(",\"loan_id\":1e400")), "bad_type"},
            {VIEW(EVENT(",\"planned_size\":\"100\"")), "bad_type"},
            {VIEW(EVENT(",\"planned_size\":-1")), "bad_type"},
            {VIEW(EVENT(",\"planned_size\":1.5")), "bad_type"},
            {VIEW(EVENT(",\"planned_size\":\"\"")), "bad_type"},
            // Duplicates, of mapped fields only, and before what is wrong with the fields.
            {VIEW(EVENT(",\"message_id\":\"m1\"")), "duplicate_key"},
            {VIEW(EVENT(",\"loan_id\":1,\"loan_\\u0069d\":null")), "duplicate_key"},
            {VIEW("{\"loan_id\":true,\"loan_id\":1}"), "duplicate_key"},
            {VIEW(EVENT(",\"other\":1,\"other\":2")), NULL},
            // The order of the table: message_id before occurred_at.
            {VIEW("{\"occurred_at\":\"never\",\"message_id\":1.5,\"recipient\":\"1\"}"),
                    "bad_type"},
            // Encodings.
            {VIEW("\0\0\0\0\x07" EVENT("")), NULL},
            {VIEW("\0\0\0\0\x07 \n" EVENT("")), NULL},
            {VIEW("\0\0\0\0\x07\xef\xbb\xbf" EVENT("")), NULL},
            {VIEW("\0\0\0\0\x07[1]"), "missing_field"},
            {VIEW("\0\0\0\0\x07{"), "not_json"},
            {VIEW("\0\0\0\0\x07"), "unsupported_encoding"},
            {VIEW("\0\0\0\0\x07\x04m1\x1c"), "unsupported_encoding"},
            {VIEW("\0\0\0\0\x07\nhello"), "unsupported_encoding"},
            {VIEW("\0\0\0\0\x07\0\n\x02m1"), "unsupported_encoding"},
            {VIEW("Obj\x01\x04\x14"
                  "avro.codec"),
                    "unsupported_encoding"},
    };
    struct fixture f;
    fixture_init(&f, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_value(&f, rows[i].value, rows[i].reason);
    }
    fixture_fini(&f);
}

static void test_times(void)
{
    static const struct {
        const char *json;
        const char *reason;
        int64_t ms;
    } rows[] = {
            {"\"2026-11-22T16:00:00.123+08:00\"", NULL, 1795334400123},
            {"\"2026-11-22\"", NULL, 1795305600000},
            {"\"2016-12-31T23:59:60Z\"", NULL, 1483228799000},
            {"1795334400000", NULL, 1795334400000},
            {"1.795334400123e12", NULL, 1795334400123},
            {"\"2000-01-01T00:00:00Z\"", NULL, 946684800000},
            {"\"\\u0032026-11-22\"", NULL, 1795305600000},
            {"\"1999-12-31T23:59:59.999Z\"", "bad_time", 0},
            {"\"2100-01-01\"", "bad_time", 0},
            {"\"0000-01-01T00:00:00Z\"", "bad_time", 0},
            {"\"9999-12-31T23:59:59Z\"", "bad_time", 0},
            {"\"2026-02-30\"", "bad_time", 0},
            {"\"2026-11-22T08:00:00\"", "bad_time", 0},
            {"\"1795334400000\"", "bad_time", 0},
            {"\"yesterday\"", "bad_time", 0},
            {"\"2026-11-22\\u0000\"", "bad_time", 0},
            {"\"\\ud800\"", "bad_time", 0},
            {"1795334400", "bad_time", 0},
            {"1795334400000000000", "bad_time", 0},
            {"0", "bad_time", 0},
            {"-1", "bad_time", 0},
            {"4102444800000", "bad_time", 0},
            {"1795334400000.5", "bad_type", 0},
            {"true", "bad_type", 0},
            {"{}", "bad_type", 0},
            {"[1795334400000]", "bad_type", 0},
            {"null", "missing_field", 0},
    };
    struct fixture f;
    fixture_init(&f, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        int n = snprintf(text, sizeof text,
                "{\"message_id\":\"m\",\"recipient\":\"1\",\"occurred_at\":%s}", rows[i].json);
        check_value(&f, view_bytes(text, (size_t)n), rows[i].reason);
        if (rows[i].reason == NULL) {
            CU_ASSERT_EQUAL(f.ev.occurred_at.ms, rows[i].ms);
        }
    }
    fixture_fini(&f);
}

static void test_long_ids(void)
{
    struct fixture f;
    fixture_init(&f, NULL);
    for (size_t n = 255; n <= 258; n++) {
        struct strbuf plain;
        struct strbuf escaped;
        strbuf_init(&plain, 8192);
        strbuf_init(&escaped, 8192);
        strbuf_add_text(&plain, "{" REQUIRED ",\"loan_id\":\"");
        strbuf_add_text(&escaped, "{" REQUIRED ",\"loan_id\":\"");
        for (size_t i = 0; i < n; i++) {
            strbuf_add_text(&plain, "x");
            strbuf_add_text(&escaped, "\\u0078");
        }
        strbuf_add_text(&plain, "\"}");
        strbuf_add_text(&escaped, "\"}");
        check_value(&f, strbuf_view(&plain), n <= 256 ? NULL : "bad_type");
        check_value(&f, strbuf_view(&escaped), n <= 256 ? NULL : "bad_type");
        CU_ASSERT_EQUAL(f.ev.loan_id.n, n <= 256 ? n : 256);
        strbuf_fini(&plain);
        strbuf_fini(&escaped);
    }
    fixture_fini(&f);
}

static void test_large_and_deep(void)
{
    enum { TEN_MB = 10 * 1024 * 1024 };
    struct fixture f;
    fixture_init(&f, NULL);
    char *text = malloc(TEN_MB);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, ' ', TEN_MB);
    memcpy(text, EVENT(""), sizeof EVENT("") - 1);
    check_value(&f, view_bytes(text, TEN_MB), "too_large");
    check_value(&f, view_bytes(text, MESSAGE_MAX_BYTES + 1), "too_large");
    check_value(&f, view_bytes(text, MESSAGE_MAX_BYTES), NULL);
    memset(text, '[', 10000);
    memset(text + 10000, ']', 10000);
    check_value(&f, view_bytes(text, 20000), "too_deep");
    check_value(&f, view_bytes(text, 10000), "too_deep");
    // A member of the event at the 65th level.
    struct strbuf sb;
    strbuf_init(&sb, 4096);
    strbuf_add_text(&sb, "{" REQUIRED ",\"x\":");
    strbuf_add(&sb, text, 63);
    strbuf_add(&sb, text + 10000, 63);
    strbuf_add_text(&sb, "}");
    check_value(&f, strbuf_view(&sb), NULL);
    strbuf_reset(&sb);
    strbuf_add_text(&sb, "{" REQUIRED ",\"x\":");
    strbuf_add(&sb, text, 64);
    strbuf_add(&sb, text + 10000, 64);
    strbuf_add_text(&sb, "}");
    check_value(&f, strbuf_view(&sb), "too_deep");
    strbuf_fini(&sb);
    free(text);
    fixture_fini(&f);
}

// One header, or two.
struct header_row {
    const char *names[2];
    const char *values[2];
    const char *value;
    const char *reason;
};

static void check_headers(struct fixture *f, const struct header_row *row)
{
    struct header headers[2];
    size_t count = 0;
    while (count < 2 && row->names[count] != NULL) {
        headers[count] = (struct header){view_of(row->names[count]), view_of(row->values[count])};
        count++;
    }
    struct raw_message raw = {
            .value = view_of(row->value), .headers = headers, .header_count = count};
    enum decode_result result = decode_raw(f, &raw);
    bool same = strcmp(f->failure.reason, row->reason == NULL ? "" : row->reason) == 0;
    CU_ASSERT_TRUE(same && (result == DECODE_EVENT) == (row->reason == NULL));
    if (!same) {
        fprintf(stderr, "  %s: %s: %s (%s)\n", row->values[0], row->value, f->failure.reason,
                f->failure.text);
    }
}

#define STRUCTURED "application/cloudevents+json"

static void test_content_types(void)
{
    static const struct header_row rows[] = {
            {{"content-type"}, {"application/json"}, EVENT(""), NULL},
            {{"Content-Type"}, {" Application/JSON ; charset=utf-8"}, EVENT(""), NULL},
            {{"content-type"}, {"text/json"}, EVENT(""), NULL},
            {{"content-type"}, {"application/vnd.lender.v1+json"}, EVENT(""), NULL},
            {{"content-type"}, {""}, EVENT(""), NULL},
            {{"content-type"}, {NULL}, EVENT(""), NULL},
            {{"content-type"}, {"application/avro"}, EVENT(""), "unsupported_encoding"},
            {{"content-type"}, {"application/x-protobuf"}, EVENT(""), "unsupported_encoding"},
            {{"content-type"}, {"application/xml"}, EVENT(""), "unsupported_encoding"},
            {{"content-type"}, {"+json"}, EVENT(""), "unsupported_encoding"},
            {{"content-type"}, {"application/avro"}, "not json", "unsupported_encoding"},
            {{"__value_schema_id"}, {"\x01guid"}, EVENT(""), NULL},
            // CloudEvents, binary.
            {{"ce_specversion", "content-type"}, {"1.0", "application/json"}, EVENT(""), NULL},
            {{"ce_specversion", "content-type"}, {"1.0", "application/avro"}, EVENT(""),
                    "unsupported_encoding"},
            {{"ce_specversion", "ce_datacontenttype"}, {"1.0", "text/xml"}, EVENT(""),
                    "unsupported_encoding"},
            // CloudEvents, structured.
            {{"content-type"}, {STRUCTURED}, "{\"specversion\":\"1.0\",\"data\":" EVENT("") "}",
                    NULL},
            {{"Content-type"}, {"Application/CloudEvents+JSON; charset=UTF-8"},
                    "{\"data\":" EVENT("") "}", NULL},
            {{"content-type"}, {"application/cloudevents"}, "{\"data\":" EVENT("") "}", NULL},
            {{"content-type"}, {"application/cloudevents-batch+json"}, "[]",
                    "unsupported_encoding"},
            {{"content-type"}, {"application/cloudevents+avro"}, "{}", "unsupported_encoding"},
            {{"content-type"}, {STRUCTURED},
                    "{\"datacontenttype\":\"application\\/json\",\"data\":" EVENT("") "}", NULL},
            {{"content-type"}, {STRUCTURED}, "{\"datacontenttype\":null,\"data\":" EVENT("") "}",
                    NULL},
            {{"content-type"}, {STRUCTURED}, "{\"datacontenttype\":\"text/xml\",\"data\":\"<x/>\"}",
                    "unsupported_encoding"},
            {{"content-type"}, {STRUCTURED}, "{\"datacontenttype\":7,\"data\":" EVENT("") "}",
                    "unsupported_encoding"},
            {{"content-type"}, {STRUCTURED},
                    "{\"datacontenttype\":\"a\",\"datacontenttype\":\"b\"}", "duplicate_key"},
            {{"content-type"}, {STRUCTURED}, EVENT(""), "missing_field"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":null}", "missing_field"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":{}}", "missing_field"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":\"{}\"}", "bad_type"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":{},\"data\":{}}", "duplicate_key"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":{},\"data_base64\":\"e30=\"}",
                    "duplicate_key"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":" EVENT(""), "not_json"},
            {{"content-type"}, {STRUCTURED}, "{\"data\":" EVENT(",\"message_id\":1") "}",
                    "duplicate_key"},
            {{"content-type"}, {STRUCTURED}, "{\"data_base64\":\"e30=\"}", "missing_field"},
            {{"content-type"}, {STRUCTURED}, "{\"data_base64\":\"bm9wZQ==\"}", "not_json"},
            {{"content-type"}, {STRUCTURED}, "{\"data_base64\":\"/w==\"}", "bad_utf8"},
            {{"content-type"}, {STRUCTURED}, "{\"data_base64\":\"e30\"}", "bad_type"},
            {{"content-type"}, {STRUCTURED}, "{\"data_base64\":\"\"}", "not_json"},
            {{"content-type"}, {STRUCTURED}, "{\"data_base64\":{}}", "bad_type"},
            {{"content-type"}, {STRUCTURED}, "7", "missing_field"},
    };
    struct fixture f;
    fixture_init(&f, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_headers(&f, &rows[i]);
    }
    // A whole event in base64, with the slashes that some encoders escape.
    struct strbuf sb;
    strbuf_init(&sb, 4096);
    const struct view event = VIEW("\xef\xbb\xbf" EVENT(",\"loan_id\":\"\?\?>~\""));
    base64_add(&sb, (const uint8_t *)event.p, event.n);
    char text[1024];
    snprintf(text, sizeof text, "{\"data_base64\":\"%.*s\"}", VIEW_ARGS(strbuf_view(&sb)));
    check_headers(&f, &(struct header_row){{"content-type"}, {STRUCTURED}, text, NULL});
    check_view(f.ev.loan_id, "\?\?>~");
    strbuf_fini(&sb);
    fixture_fini(&f);
}

static void test_trace(void)
{
    struct fixture f;
    fixture_init(&f, NULL);
    const char *origin = "00-11111111111111111111111111111111-2222222222222222-00";
    check_headers(&f, &(struct header_row){{"traceparent", "tracestate"}, {TRACE, "a=1, b@c=2"},
                              EVENT(""), NULL});
    check_view(f.ev.traceparent, TRACE);
    check_view(f.ev.tracestate, "a=1, b@c=2");
    check_headers(&f, &(struct header_row){
                              {"traceparent", "ce_traceparent"}, {TRACE, origin}, EVENT(""), NULL});
    check_view(f.ev.traceparent, TRACE);
    check_headers(&f, &(struct header_row){{"ce_traceparent", "ce_tracestate"}, {origin, "x=y"},
                              EVENT(""), NULL});
    check_view(f.ev.traceparent, origin);
    check_view(f.ev.tracestate, "x=y");
    check_headers(&f, &(struct header_row){
                              {"traceparent", "tracestate"}, {"nonsense", "a=1"}, EVENT(""), NULL});
    check_view(f.ev.traceparent, NULL);
    check_view(f.ev.tracestate, NULL);
    check_headers(&f,
            &(struct header_row){{"content-type"}, {STRUCTURED},
                    "{\"traceparent\":\"" TRACE "\",\"tracestate\":\"k=v\",\"data\":" EVENT("") "}",
                    NULL});
    check_view(f.ev.traceparent, TRACE);
    check_view(f.ev.tracestate, "k=v");
    fixture_fini(&f);
}

static void test_trace_format(void)
{
    static const struct {
        const char *text;
        bool valid;
    } parents[] = {
            {TRACE, true},
            {"", false},
            {"ff"
             "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    false},
            {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what", true},
            {TRACE "-x", false},
            {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.", false},
            {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
            {"00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
            {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false},
            {"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
    };
    for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
        CU_ASSERT_EQUAL(traceparent_is_valid(view_of(parents[i].text)), parents[i].valid);
    }
    static const struct {
        const char *text;
        bool valid;
    } states[] = {
            {"a=1", true},
            {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true},
            {"a=1,,b=2,", true},
            {"0a@b=x y", true},
            {"", false},
            {",", false},
            {"a", false},
            {"=1", false},
            {"A=1", false},
            {"a=", false},
            {"a=b=c", false},
            {"a=\xc3\xa9", false},
            {"_a=1", false},
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        CU_ASSERT_EQUAL(tracestate_is_valid(view_of(states[i].text)), states[i].valid);
    }
    struct strbuf sb;
    strbuf_init(&sb, 1024);
    for (int i = 0; i < 33; i++) {
        CU_ASSERT_EQUAL(tracestate_is_valid(strbuf_view(&sb)), i > 0);
        strbuf_add_text(&sb, i > 0 ? ",a=1" : "a=1");
    }
    CU_ASSERT_FALSE(tracestate_is_valid(strbuf_view(&sb)));
    strbuf_fini(&sb);
}

static void test_mapping(void)
{
    const char *fields[FIELD_COUNT] = {
            [FIELD_MESSAGE_ID] = "/meta/id",
            [FIELD_RECIPIENT] = "/to/0/phone",
            [FIELD_OCCURRED_AT] = "/meta/at",
            [FIELD_CAMPAIGN_ID] = "/batch~1name",
            [FIELD_TEMPLATE_ID] = "/batch~1name",
    };
    struct fixture f;
    fixture_init(&f, fields);
    check_value(&f,
            VIEW("{\"meta\":{\"id\":7,\"at\":1795334400000},\"to\":[{\"phone\":\"1\"},{\"phone\":"
                 "\"2\"}],"
                 "\"batch/name\":\"b\",\"loan_id\":true}"),
            NULL);
    check_view(f.ev.message_id, "7");
    check_view(f.ev.recipient, "1");
    check_view(f.ev.campaign_id, "b");
    check_view(f.ev.template_id, "b");
    check_view(f.ev.loan_id, NULL);
    check_value(&f, VIEW("{\"meta\":{\"id\":7},\"to\":[],\"meta\":{}}"), "duplicate_key");
    check_value(&f, VIEW("{\"meta\":[1],\"to\":{}}"), "missing_field");
    fixture_fini(&f);

    fields[FIELD_LOAN_ID] = "/meta";
    struct decoder *decoder = NULL;
    struct json_pointer_fault fault = {0, NULL};
    CU_ASSERT_EQUAL(decoder_create(&decoder, fields, &fault), ERR_DATA);
    CU_ASSERT_EQUAL(fault.index, FIELD_LOAN_ID);
    CU_ASSERT_PTR_NULL(decoder);
}

static void test_no_room(void)
{
    struct fixture f;
    fixture_init(&f, NULL);
    arena_destroy(f.arena);
    f.arena = arena_create(0);
    CU_ASSERT_EQUAL(decode_value(&f, VIEW(EVENT(",\"loan_id\":\"\\n\""))), DECODE_NO_ROOM);
    CU_ASSERT_EQUAL(decode_value(&f, VIEW(EVENT(",\"loan_id\":1.0"))), DECODE_NO_ROOM);
    CU_ASSERT_EQUAL(decode_value(&f, VIEW(EVENT(",\"loan_id\":1"))), DECODE_EVENT);
    fixture_fini(&f);
}

// What people are told must not carry a byte of what was sent.
static void test_text_tells_no_payload(void)
{
    const struct view values[] = {VIEW("{\"message_id\":\"SECRET"),
            VIEW("{\"message_id\":[\"SECRET\"]}"),
            VIEW("{\"message_id\":\"m\",\"recipient\":\"r\",\"occurred_at\":\"SECRET\"}"),
            VIEW("SECRET"), VIEW(EVENT(",\"SECRET\":1,\"loan_id\":{\"SECRET\":1}"))};
    struct fixture f;
    fixture_init(&f, NULL);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        CU_ASSERT_EQUAL(decode_value(&f, values[i]), DECODE_DEAD_LETTER);
        CU_ASSERT_PTR_NULL(strstr(f.failure.text, "SECRET"));
        CU_ASSERT_TRUE(strlen(f.failure.text) > 10);
    }
    fixture_fini(&f);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"every_field", test_every_field},
            {"borrows", test_borrows}, {"values", test_values}, {"times", test_times},
            {"long_ids", test_long_ids}, {"large_and_deep", test_large_and_deep},
            {"content_types", test_content_types}, {"trace", test_trace},
            {"trace_format", test_trace_format}, {"mapping", test_mapping},
            {"no_room", test_no_room}, {"text_tells_no_payload", test_text_tells_no_payload},
            {NULL, NULL}};
    return unit_main(argc, argv, "decode", tests);
}
