// The epoch record and the names of the packed layout's keys.
#include "redis/epoch.h"

#include <stdio.h>

#include "redis/packed_keys.h"
#include "tests/support/unit.h"

enum { TEXT_CEILING = 8192 };

static const char good[] =
        "{\"layout\":\"packed1\",\"generation\":7,\"key_id\":\"k1\",\"bucket_bits\":17,"
        "\"bucket_count\":131072,\"tags\":1,\"record_count\":1000000,"
        "\"source_watermark\":1763769600000,\"valid_for_ms\":93600000,\"heartbeat_ms\":0}";

static const struct epoch good_epoch = {
        .layout = EPOCH_PACKED1,
        .generation = 7,
        .key_id = "k1",
        .bucket_bits = 17,
        .bucket_count = 131072,
        .tags = 1,
        .record_count = 1000000,
        .source_watermark_ms = 1763769600000,
        .valid_for_ms = 93600000,
};

static void writes_the_pinned_text(void)
{
    struct strbuf text;
    strbuf_init(&text, TEXT_CEILING);
    epoch_add(&text, &good_epoch);
    unit_check_text("epoch", text.p, good);
    struct epoch back;
    CU_ASSERT_EQUAL_FATAL(epoch_parse(&back, strbuf_view(&text)), ERR_NONE);
    CU_ASSERT_TRUE(epoch_is_same(&back, &good_epoch));
    CU_ASSERT_EQUAL(back.record_count, good_epoch.record_count);
    CU_ASSERT_EQUAL(back.source_watermark_ms, good_epoch.source_watermark_ms);
    CU_ASSERT_EQUAL(back.valid_for_ms, good_epoch.valid_for_ms);
    CU_ASSERT_EQUAL(back.heartbeat_ms, 0);
    strbuf_fini(&text);
}

static void reads_what_others_write(void)
{
    static const char *const texts[] = {
            " {\n \"heartbeat_ms\" : 5000 , \"note\": \"by hand\", \"more\": null, \"yes\":true,\n"
            "\t\"valid_for_ms\":1,\"source_watermark\":1763769600000,\"record_count\":0,\"tags\":"
            "64,"
            "\"bucket_count\":64,\"bucket_bits\":6,\"key_id\":\"A-b.c_9\",\"generation\":1,"
            "\"layout\":\"packed1\"}\r\n",
            "{\"layout\":\"hash1\",\"generation\":9007199254740991,\"record_count\":5,"
            "\"source_watermark\":1763769600000,\"valid_for_ms\":93600000}",
            "{\"layout\":\"hash1\",\"generation\":1,\"key_id\":\"k\",\"bucket_bits\":0,"
            "\"bucket_count\":0,\"tags\":1,\"record_count\":5,\"source_watermark\":1763769600000,"
            "\"valid_for_ms\":93600000,\"heartbeat_ms\":0}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct epoch epoch;
        CU_ASSERT_EQUAL(epoch_parse(&epoch, view_of(texts[i])), ERR_NONE);
    }
}

// The good text with one piece of it replaced.
static void add_changed(struct strbuf *sb, const char *from, const char *to)
{
    const char *at = strstr(good, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    strbuf_reset(sb);
    strbuf_add(sb, good, (size_t)(at - good));
    strbuf_add_text(sb, to);
    strbuf_add_text(sb, at + strlen(from));
}

static void refuses_what_is_not_whole(void)
{
    static const struct {
        const char *from;
        const char *to;
    } rows[] = {
            {"packed1", "packed2"},
            {"packed1", "hash1"}, // with the geometry of the other
            {"\"layout\":\"packed1\",", ""},
            {"\"generation\":7", "\"generation\":0"},
            {"\"generation\":7", "\"generation\":-7"},
            {"\"generation\":7", "\"generation\":7.0"},
            {"\"generation\":7", "\"generation\":7e0"},
            {"\"generation\":7", "\"generation\":07"},
            {"\"generation\":7", "\"generation\":\"7\""},
            {"\"generation\":7", "\"generation\":null"},
            {"\"generation\":7", "\"generation\":9007199254740992"},
            {"\"generation\":7", "\"generation\":99999999999999999999999999"},
            {"\"generation\":7", "\"generation\":"},
            {"\"generation\":7", "\"generation\":7,\"generation\":7"},
            {"\"generation\":7,", ""},
            {"\"k1\"", "\"\""},
            {"\"k1\"", "\"k:1\""},
            {"\"k1\"", "\"k\\u0031\""},
            {"\"k1\"", "\"123456789012345678901234567890123\""},
            {"\"k1\"", "1"},
            {"\"k1\"", "\"k1"},
            {"\"bucket_bits\":17", "\"bucket_bits\":16"},
            {"\"bucket_bits\":17", "\"bucket_bits\":0"},
            {"\"bucket_bits\":17", "\"bucket_bits\":33"},
            {"131072", "131071"},
            {"\"tags\":1", "\"tags\":0"},
            {"\"tags\":1", "\"tags\":2"},
            {"\"tags\":1", "\"tags\":128"},
            {"1763769600000", "1763769600"}, // seconds
            {"1763769600000", "9007199254740991"},
            {"\"valid_for_ms\":93600000", "\"valid_for_ms\":0"},
            {",\"heartbeat_ms\":0", ""},
            {",\"heartbeat_ms\":0", ",\"heartbeat_ms\":0,"},
            {",\"heartbeat_ms\":0", ",\"heartbeat_ms\":0,\"x\":[]"},
            {",\"heartbeat_ms\":0", " \"heartbeat_ms\":0"},
            {"{\"layout", "[{\"layout"},
            {"0}", "0}}"},
            {"0}", "0} x"},
            {"0}", "0"},
    };
    struct strbuf text;
    strbuf_init(&text, TEXT_CEILING);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        add_changed(&text, rows[i].from, rows[i].to);
        struct epoch epoch = {.generation = 77};
        enum err e = epoch_parse(&epoch, strbuf_view(&text));
        if (e != ERR_DATA) {
            printf("\naccepted: %s\n", text.p);
        }
        CU_ASSERT_EQUAL(e, ERR_DATA);
        CU_ASSERT_EQUAL(epoch.generation, 77);
    }
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct epoch epoch;
        CU_ASSERT_EQUAL(epoch_parse(&epoch, view_bytes(good, n)), ERR_DATA);
    }
    strbuf_reset(&text);
    for (int i = 0; i < EPOCH_MAX_BYTES; i++) {
        strbuf_add_byte(&text, ' ');
    }
    strbuf_add_text(&text, good);
    struct epoch epoch;
    CU_ASSERT_EQUAL(epoch_parse(&epoch, strbuf_view(&text)), ERR_DATA);
    strbuf_fini(&text);
}

static void wants_the_heart_to_beat(void)
{
    static const struct {
        int64_t heartbeat_ms;
        int64_t away_ms; // from now back to the heartbeat
        bool is_fresh;
    } rows[] = {
            {0, INT64_C(3600000), true}, {5000, 0, true}, {5000, 5000, true}, {5000, 5001, false},
            {5000, -5000, true}, {5000, -5001, false}, // a clock that is wrong tells nothing
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct epoch epoch = good_epoch;
        const struct wall_time now = {epoch.source_watermark_ms + 60000};
        epoch.heartbeat_ms = rows[i].heartbeat_ms;
        epoch.heartbeat_at_ms = now.ms - rows[i].away_ms;
        CU_ASSERT_EQUAL(epoch_is_fresh(&epoch, now), rows[i].is_fresh);
    }
    struct epoch never = good_epoch;
    never.heartbeat_ms = 5000;
    CU_ASSERT_FALSE(epoch_is_fresh(&never, (struct wall_time){never.source_watermark_ms}));
}

static void keeps_the_heartbeat(void)
{
    struct epoch epoch = good_epoch;
    struct epoch back;
    struct strbuf text;
    strbuf_init(&text, TEXT_CEILING);
    epoch.heartbeat_ms = 5000;
    epoch.heartbeat_at_ms = INT64_C(1763769612345);
    epoch_add(&text, &epoch);
    CU_ASSERT_EQUAL(epoch_parse(&back, strbuf_view(&text)), ERR_NONE);
    CU_ASSERT_EQUAL(back.heartbeat_ms, 5000);
    CU_ASSERT_EQUAL(back.heartbeat_at_ms, INT64_C(1763769612345));
    strbuf_fini(&text);
}

static void compares_what_decides_the_keys(void)
{
    struct epoch other = good_epoch;
    other.record_count++;
    other.source_watermark_ms++;
    other.valid_for_ms++;
    other.heartbeat_ms++;
    CU_ASSERT_TRUE(epoch_is_same(&other, &good_epoch));
    other.generation++;
    CU_ASSERT_FALSE(epoch_is_same(&other, &good_epoch));
    other = good_epoch;
    other.key_id[1] = '2';
    CU_ASSERT_FALSE(epoch_is_same(&other, &good_epoch));
    other = good_epoch;
    other.bucket_bits++;
    CU_ASSERT_FALSE(epoch_is_same(&other, &good_epoch));
    other = good_epoch;
    other.tags = 64;
    CU_ASSERT_FALSE(epoch_is_same(&other, &good_epoch));
    other = good_epoch;
    other.layout = EPOCH_HASH1;
    CU_ASSERT_FALSE(epoch_is_same(&other, &good_epoch));
}

static void is_fresh_up_to_its_last_millisecond(void)
{
    const int64_t end = good_epoch.source_watermark_ms + good_epoch.valid_for_ms;
    CU_ASSERT_TRUE(epoch_is_fresh(&good_epoch, (struct wall_time){end}));
    CU_ASSERT_FALSE(epoch_is_fresh(&good_epoch, (struct wall_time){end + 1}));
    const int64_t begin = good_epoch.source_watermark_ms - EPOCH_AHEAD_MAX_MS;
    CU_ASSERT_TRUE(epoch_is_fresh(&good_epoch, (struct wall_time){begin}));
    CU_ASSERT_FALSE(epoch_is_fresh(&good_epoch, (struct wall_time){begin - 1})); // of the future
}

static void names_keys(void)
{
    static const struct pseudonym pseudonym = {{0xab, 0xcd, 0xef, 0x01, 0x23}};
    static const struct {
        unsigned bits;
        unsigned tags;
        const char *key;
    } rows[] = {
            {1, 1, "wn:{00}:7:1"},
            {17, 1, "wn:{00}:7:1579b"},
            {32, 1, "wn:{00}:7:abcdef01"},
            {6, 64, "wn:{2a}:7:2a"},
            {17, 64, "wn:{2a}:7:1579b"},
            {32, 64, "wn:{2a}:7:abcdef01"},
    };
    struct strbuf text;
    strbuf_init(&text, TEXT_CEILING);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t bucket = packed_bucket_number(&pseudonym, rows[i].bits);
        unsigned tag = packed_bucket_tag(bucket, rows[i].bits, rows[i].tags);
        strbuf_reset(&text);
        packed_add_bucket_key(&text, VIEW("wn"), tag, 7, bucket);
        unit_check_text("bucket", text.p, rows[i].key);
    }
    strbuf_reset(&text);
    packed_add_bucket_key(&text, VIEW("p"), 63, 1, 0);
    packed_add_epoch_key(&text, VIEW(" q"), 63);
    packed_add_lock_key(&text, VIEW(" r"));
    packed_add_loading_key(&text, VIEW(" s"));
    unit_check_text("others", text.p, "p:{3f}:1:0 q:{3f}:epoch r:{00}:lock s:{00}:loading");
    strbuf_fini(&text);
    CU_ASSERT_FALSE(packed_geometry_is_valid(5, 64));
    CU_ASSERT_FALSE(packed_geometry_is_valid(0, 1));
    CU_ASSERT_FALSE(packed_geometry_is_valid(33, 1));
    CU_ASSERT_FALSE(packed_geometry_is_valid(8, 8));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"writes_the_pinned_text", writes_the_pinned_text},
            {"reads_what_others_write", reads_what_others_write},
            {"refuses_what_is_not_whole", refuses_what_is_not_whole},
            {"compares_what_decides_the_keys", compares_what_decides_the_keys},
            {"is_fresh_up_to_its_last_millisecond", is_fresh_up_to_its_last_millisecond},
            {"names_keys", names_keys},
            {"wants_the_heart_to_beat", wants_the_heart_to_beat},
            {"keeps_the_heartbeat", keeps_the_heartbeat},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "epoch", tests);
}
