#include "tests/support/unit.h"

#include <stdio.h>

#include "common/strbuf.h"
#include "decode/envelope.h"
#include "emit/kcat_line.h"

struct fixture {
    struct envelope_reader *reader;
    struct arena *arena;
    struct raw_message raw;
};

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.arena = arena_create(1 << 20)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->arena);
    CU_ASSERT_EQUAL_FATAL(envelope_reader_create(&f->reader), ERR_NONE);
}

static void fixture_fini(struct fixture *f)
{
    envelope_reader_destroy(f->reader);
    arena_destroy(f->arena);
}

static void check_kind(struct fixture *f, struct view line, enum envelope_kind expected)
{
    arena_reset(f->arena);
    enum envelope_kind kind = envelope_read_line(f->reader, line, f->arena, &f->raw);
    CU_ASSERT_EQUAL(kind, expected);
    if (kind != expected) {
        fprintf(stderr, "  %.*s: %d\n", VIEW_ARGS(line), (int)kind);
    }
}

static void check_view(struct view got, struct view expected)
{
    bool same = view_is_none(got) == view_is_none(expected) && view_equal(got, expected);
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "  got %.*s, expected %.*s\n", VIEW_ARGS(got), VIEW_ARGS(expected));
    }
}

#define PLACE "\"topic\":\"t\",\"partition\":3,\"offset\":12"

static void test_blank(void)
{
    const struct view lines[] = {
            VIEW(""), VIEW(" "), VIEW("\t \r"), VIEW("\xef\xbb\xbf"), VIEW("\xef\xbb\xbf \r")};
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_kind(&f, lines[i], LINE_BLANK);
    }
    fixture_fini(&f);
}

static void test_plain(void)
{
    const struct view lines[] = {
            VIEW("{\"message_id\":\"m\"}"),
            VIEW("{" PLACE "}"),
            VIEW("{\"partition\":3,\"offset\":12,\"payload\":\"x\"}"),
            VIEW("{\"x\":{" PLACE ",\"payload\":\"x\"}}"),
            VIEW("[{" PLACE ",\"payload\":\"x\"}]"),
            VIEW("not json \xff"),
            VIEW("\0\x01"),
            VIEW("{" PLACE ",\"payload\":\"x\""),
            VIEW("{" PLACE ",\"payload\":\"x\"}}"),
            // Envelopes that are not whole.
            VIEW("{" PLACE ",\"payload\":\"x\",\"payload\":\"y\"}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"offset\":13}"),
            VIEW("{" PLACE ",\"payload\":\"\\ud800\"}"),
            VIEW("{\"topic\":7,\"partition\":3,\"offset\":12,\"payload\":\"x\"}"),
            VIEW("{\"topic\":\"t\",\"partition\":-1,\"offset\":12,\"payload\":\"x\"}"),
            VIEW("{\"topic\":\"t\",\"partition\":2147483648,\"offset\":12,\"payload\":\"x\"}"),
            VIEW("{\"topic\":\"t\",\"partition\":\"3\",\"offset\":12,\"payload\":\"x\"}"),
            VIEW("{\"topic\":\"t\",\"partition\":3,\"offset\":1.5,\"payload\":\"x\"}"),
            VIEW("{\"topic\":\"t\",\"partition\":3,\"offset\":-1,\"payload\":\"x\"}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"key\":7}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"ts\":\"now\"}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"headers\":{}}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"headers\":[\"a\"]}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"headers\":[null,\"a\"]}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"headers\":[\"a\",[]]}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"headers\":[[\"a\",\"b\"],\"c\"]}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"headers_base64\":[\"YQ\",\"YQ==\"]}"),
            VIEW("{" PLACE ",\"payload_base64\":\"?\"}"),
            VIEW("{" PLACE ",\"payload_base64\":7}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"payload_base64\":\"eA==\"}"),
            VIEW("{" PLACE ",\"payload\":{},\"payload_base64\":\"eA==\"}"),
            VIEW("{" PLACE ",\"payload\":\"x\",\"key\":\"x\",\"key_base64\":\"eA==\"}"),
            VIEW("{" PLACE ",\"payload_base64\":null}"),
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_kind(&f, lines[i], LINE_PLAIN);
        check_view(f.raw.value, lines[i]);
        check_view(f.raw.topic, VIEW_NONE);
        check_view(f.raw.key, VIEW_NONE);
        CU_ASSERT_EQUAL(f.raw.partition, 0);
        CU_ASSERT_EQUAL(f.raw.offset, 0);
        CU_ASSERT_EQUAL(f.raw.timestamp_ms, -1);
        CU_ASSERT_EQUAL(f.raw.header_count, 0);
    }
    fixture_fini(&f);
}

// Members may be written with escapes; no line is taken for a plain one because of that.
static void test_escaped_name(void)
{
    struct fixture f;
    fixture_init(&f);
    check_kind(&f, VIEW("{\"topic\":\"t\",\"p\\u0061rtition\":3,\"offset\":12,\"payload\":\"x\"}"),
            LINE_ENVELOPE);
    CU_ASSERT_EQUAL(f.raw.partition, 3);
    check_view(f.raw.value, VIEW("x"));
    fixture_fini(&f);
}

static void test_kcat(void)
{
    struct fixture f;
    fixture_init(&f);
    // As kcat 1.7.1 writes it.
    check_kind(&f,
            VIEW("{\"topic\":\"collections.outbound.v1\",\"partition\":3,\"offset\":12,\"tstype\":"
                 "\"create\","
                 "\"ts\":1795334400000,\"broker\":1,\"headers\":[\"a\",\"1\",\"b\",null,\"a\","
                 "\"\\u00002\"],"
                 "\"key\":\"k\\n\",\"payload\":\"{\\\"message_id\\\":\\\"\\u4e2d\\\"}\"}\r"),
            LINE_ENVELOPE);
    check_view(f.raw.topic, VIEW("collections.outbound.v1"));
    CU_ASSERT_EQUAL(f.raw.partition, 3);
    CU_ASSERT_EQUAL(f.raw.offset, 12);
    CU_ASSERT_EQUAL(f.raw.timestamp_ms, 1795334400000);
    check_view(f.raw.key, VIEW("k\n"));
    check_view(f.raw.value, VIEW("{\"message_id\":\"\xe4\xb8\xad\"}"));
    CU_ASSERT_EQUAL_FATAL(f.raw.header_count, 3);
    check_view(f.raw.headers[0].name, VIEW("a"));
    check_view(f.raw.headers[1].value, VIEW_NONE);
    check_view(raw_header(&f.raw, "a"), VIEW("\0"
                                             "2"));

    check_kind(&f,
            VIEW("\xef\xbb\xbf{" PLACE ",\"ts\":-7,\"headers\":[],\"key\":null,\"payload\":null}"),
            LINE_ENVELOPE);
    CU_ASSERT_EQUAL(f.raw.timestamp_ms, -1);
    check_view(f.raw.key, VIEW_NONE);
    check_view(f.raw.value, VIEW_NONE);
    CU_ASSERT_EQUAL(f.raw.header_count, 0);

    check_kind(&f, VIEW("{" PLACE ",\"key\":\"\",\"payload\":\"\"}"), LINE_ENVELOPE);
    check_view(f.raw.key, VIEW(""));
    check_view(f.raw.value, VIEW(""));

    // A payload that kcat has decoded itself.
    check_kind(&f, VIEW("{" PLACE ",\"payload\":{\"a\": [1]}}"), LINE_ENVELOPE);
    check_view(f.raw.value, VIEW("{\"a\": [1]}"));
    fixture_fini(&f);
}

static void test_dead_letter_file(void)
{
    struct fixture f;
    fixture_init(&f);
    check_kind(&f,
            VIEW("{" PLACE ",\"broker\":-1,\"headers\":[\"wn.reason\",\"bad_utf8\",\"x\",null],"
                 "\"headers_base64\":[\"d24ucmVhc29u\",\"YmFkX3V0Zjg=\",\"eA==\",\"/"
                 "w==\",\"eQ==\",null],"
                 "\"key\":null,\"key_base64\":\"AAE=\",\"payload\":null,\"payload_base64\":\"eyL\\/"
                 "fQ==\"}"),
            LINE_ENVELOPE);
    check_view(f.raw.key, VIEW("\0\x01"));
    check_view(f.raw.value, VIEW("{\"\xff}"));
    CU_ASSERT_EQUAL_FATAL(f.raw.header_count, 3);
    check_view(f.raw.headers[0].name, VIEW("wn.reason"));
    check_view(f.raw.headers[0].value, VIEW("bad_utf8"));
    check_view(f.raw.headers[1].value, VIEW("\xff"));
    check_view(f.raw.headers[2].value, VIEW_NONE);
    CU_ASSERT_EQUAL(f.raw.timestamp_ms, -1);

    check_kind(&f, VIEW("{" PLACE ",\"payload_base64\":\"\"}"), LINE_ENVELOPE);
    check_view(f.raw.value, VIEW(""));
    fixture_fini(&f);
}

// What our own files hold is read back byte for byte.
static void test_round_trip(void)
{
    const struct header headers[] = {{VIEW("wn.reason"), VIEW("bad_utf8")}, {VIEW("n"), VIEW_NONE},
            {VIEW("\xff"), VIEW("\0")}, {VIEW("e"), VIEW("")}};
    const struct view values[] = {
            VIEW("{\"a\":\"\xe4\xb8\xad\\n\"}\r\n\x01"), VIEW("\xff\xfe\0"), VIEW(""), VIEW_NONE};
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < 4; i++) {
        for (size_t count = 0; count <= 4; count++) {
            struct strbuf sb;
            strbuf_init(&sb, 4096);
            struct record record = {.partition = 2,
                    .key = values[3 - i],
                    .value = values[i],
                    .headers = headers,
                    .header_count = count,
                    .timestamp_ms = 1795334400000};
            kcat_line_write(&sb, VIEW("t"), 41, &record);
            check_kind(&f, strbuf_view(&sb), LINE_ENVELOPE);
            check_view(f.raw.key, record.key);
            check_view(f.raw.value, record.value);
            CU_ASSERT_EQUAL(f.raw.partition, 2);
            CU_ASSERT_EQUAL(f.raw.offset, 41);
            CU_ASSERT_EQUAL(f.raw.timestamp_ms, record.timestamp_ms);
            CU_ASSERT_EQUAL_FATAL(f.raw.header_count, count);
            for (size_t j = 0; j < count; j++) {
                check_view(f.raw.headers[j].name, headers[j].name);
                check_view(f.raw.headers[j].value, headers[j].value);
            }
            strbuf_fini(&sb);
        }
    }
    fixture_fini(&f);
}

// As many as a record of the topic may have: nothing but its size limits them.
static void test_many_headers(void)
{
    struct fixture f;
    fixture_init(&f);
    struct strbuf sb;
    strbuf_init(&sb, 1 << 16);
    strbuf_add_text(&sb, "{" PLACE ",\"payload\":\"x\",\"headers\":[");
    for (size_t i = 0; i < 1000; i++) {
        strbuf_printf(&sb, "%s\"h%zu\",\"v%zu\"", i > 0 ? "," : "", i, i);
    }
    strbuf_add_text(&sb, "]}");
    check_kind(&f, strbuf_view(&sb), LINE_ENVELOPE);
    CU_ASSERT_EQUAL_FATAL(f.raw.header_count, 1000);
    CU_ASSERT(view_is(f.raw.headers[999].name, "h999"));
    CU_ASSERT(view_is(f.raw.headers[999].value, "v999"));
    strbuf_fini(&sb);
    check_kind(
            &f, VIEW("{" PLACE ",\"payload\":\"x\",\"headers\":[\"h\",\"v\",\"h\"]}"), LINE_PLAIN);
    fixture_fini(&f);
}

static void test_no_room(void)
{
    struct fixture f;
    fixture_init(&f);
    arena_destroy(f.arena);
    f.arena = arena_create(0);
    check_kind(&f, VIEW("{" PLACE ",\"payload\":\"x\"}"), LINE_NO_ROOM);
    check_kind(&f, VIEW("x"), LINE_NO_ROOM);
    check_kind(&f, VIEW(""), LINE_BLANK);
    fixture_fini(&f);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"blank", test_blank}, {"plain", test_plain},
            {"escaped_name", test_escaped_name}, {"kcat", test_kcat},
            {"dead_letter_file", test_dead_letter_file}, {"round_trip", test_round_trip},
            {"many_headers", test_many_headers}, {"no_room", test_no_room}, {NULL, NULL}};
    return unit_main(argc, argv, "envelope", tests);
}
