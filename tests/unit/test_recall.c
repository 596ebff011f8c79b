// What is held stays held when the log that says why is gone: what the quarantine-state topic says,
// and what a line makes of it.
#include "run/recall.h"

#include <stdio.h>
#include <string.h>

#include "incident/incidents.h"
#include "unit.h"

enum { RECORDS_MAX = 64, RECORD_BYTES = 160 };

#define INCIDENT "1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d"
#define START_MS INT64_C(1795334400000) // 2026-11-22T08:00:00Z
#define HOUR_MS INT64_C(3600000)

// --- the ledger -------------------------------------------------------------------------------

static struct held_ledger *ledger_of(uint32_t tally_partitions, uint32_t max_scopes)
{
    struct held_ledger *ledger;
    CU_ASSERT_EQUAL_FATAL(held_ledger_create(&ledger, 0, tally_partitions, max_scopes), ERR_NONE);
    return ledger;
}

static void see_value(struct held_ledger *ledger, const char *key, const char *value)
{
    const struct raw_message raw = {.key = view_of(key), .value = view_of(value)};
    CU_ASSERT_EQUAL(held_ledger_see(ledger, &raw), ERR_NONE);
}

static void see_held(struct held_ledger *ledger, const char *campaign, int64_t sequence)
{
    char key[64];
    char value[1024];
    snprintf(key, sizeof key, "t/campaign/%s", campaign);
    snprintf(value, sizeof value,
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"%s\",\"tenant_id\":\"t\"},"
            "\"state\":\"held\",\"tier\":\"quarantine\",\"reason\":\"x\",\"incident_id\":"
            "\"" INCIDENT "\",\"command_id\":\"c0ffee00c0ffee00c0ffee00c0ffee00\","
            "\"sequence\":%lld,\"issued_at\":\"2026-11-22T07:00:00.000Z\","
            "\"expires_at\":\"2026-11-22T10:00:00.000Z\",\"mode\":\"enforce\"}",
            campaign, (long long)sequence);
    see_value(ledger, key, value);
}

// `sequence` of NULL: a tombstone that does not say.
static void see_lifted(struct held_ledger *ledger, const char *campaign, const char *sequence)
{
    char key[64];
    snprintf(key, sizeof key, "t/campaign/%s", campaign);
    const struct header header = {VIEW("wn.sequence"), view_of(sequence)};
    const struct raw_message raw = {.key = view_of(key),
            .value = VIEW_NONE,
            .headers = &header,
            .header_count = sequence != NULL};
    CU_ASSERT_EQUAL(held_ledger_see(ledger, &raw), ERR_NONE);
}

static void check_campaign(
        struct held_ledger *ledger, const char *campaign, bool is_held, int64_t sequence)
{
    const struct scope_name name = {SCOPE_CAMPAIGN, view_of(campaign), VIEW("t"), VIEW_NONE};
    CU_ASSERT_EQUAL(held_ledger_sequence(ledger, &name), sequence);
    bool was_found = false;
    for (uint32_t i = 0; i < held_ledger_count(ledger); i++) {
        struct held_scope held;
        bool holds = held_ledger_at(ledger, i, &held);
        if (view_is(held.name.id, campaign)) {
            was_found = true;
            CU_ASSERT_EQUAL(holds, is_held);
        }
    }
    CU_ASSERT_EQUAL(was_found, sequence >= 0);
}

static void test_order(void)
{
    struct held_ledger *ledger = ledger_of(1, 100);
    CU_ASSERT_EQUAL(held_ledger_highest(ledger), -1);
    see_held(ledger, "a", 5);
    see_held(ledger, "b", 7);
    see_lifted(ledger, "b", "9");
    see_held(ledger, "c", 11);
    see_lifted(ledger, "c", "11"); // not greater: ignored (L1)
    see_held(ledger, "d", 20);
    see_lifted(ledger, "d", "25");
    see_held(ledger, "d", 21); // a zombie's (L1)
    see_held(ledger, "e", 30);
    see_lifted(ledger, "e", NULL); // L2
    see_lifted(ledger, "f", "3");  // of a hold that compaction has taken away
    see_held(ledger, "g", 40);
    see_lifted(ledger, "g", "-1"); // no sequence (L3)
    see_lifted(ledger, "g", "4{e9999999999999999999999");
    see_lifted(ledger, "g", "");
    see_held(ledger, "a", 6);
    check_campaign(ledger, "a", true, 6);
    check_campaign(ledger, "b", false, 9);
    check_campaign(ledger, "c", true, 11);
    check_campaign(ledger, "d", false, 25);
    check_campaign(ledger, "e", false, 30);
    check_campaign(ledger, "f", false, 3);
    check_campaign(ledger, "g", true, 40);
    check_campaign(ledger, "h", false, -1);
    CU_ASSERT_EQUAL(held_ledger_highest(ledger), 40);
    CU_ASSERT_EQUAL(held_ledger_unreadable(ledger), 3);
    held_ledger_destroy(ledger);
}

// A hold that a person commanded, with an incident and without.
static void test_commanded(void)
{
    static const struct {
        const char *incident;
        const char *extra; // behind the mode
        bool is_read;
        bool has_incident;
        bool is_commanded;
    } rows[] = {
            {"\"" INCIDENT "\"", "", true, true, false},
            {"null", "", true, false, false},
            {"null", ",\"operator\":\"li\",\"control_id\":\"h\\u0031\"", true, false, true},
            {"\"" INCIDENT "\"", ",\"operator\":\"li\",\"control_id\":\"h1\"", true, true, true},
            {"\"" INCIDENT "\"", ",\"control_id\":\"h1\",\"canary\":{\"step\":1,\"limit\":20}",
                    true, true, false}, // the record of the release
            {"null", ",\"control_id\":\"h1\",\"canary\":{\"step\":1,\"limit\":20}", true, false,
                    true},
            {"null", ",\"control_id\":null", true, false, false},
            {"null", ",\"control_id\":1", false, false, false},
            {"null", ",\"control_id\":\"a\",\"control_id\":\"b\"", false, false, false},
    };
    const struct digest_id h1 = incident_control_digest(VIEW("h1"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct held_ledger *ledger = ledger_of(1, 100);
        char value[1024];
        snprintf(value, sizeof value,
                "{\"target\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},"
                "\"state\":\"held\",\"tier\":\"quarantine\",\"reason\":\"x\",\"incident_id\":%s,"
                "\"command_id\":\"c0ffee00c0ffee00c0ffee00c0ffee00\",\"sequence\":5,"
                "\"issued_at\":\"2026-11-22T07:00:00.000Z\","
                "\"expires_at\":\"2026-11-22T10:00:00.000Z\",\"mode\":\"enforce\"%s}",
                rows[i].incident, rows[i].extra);
        see_value(ledger, "t/campaign/a", value);
        CU_ASSERT_EQUAL(held_ledger_unreadable(ledger), !rows[i].is_read);
        CU_ASSERT_EQUAL_FATAL(held_ledger_count(ledger), rows[i].is_read);
        struct held_scope held = {.is_commanded = false};
        if (rows[i].is_read) {
            CU_ASSERT_TRUE(held_ledger_at(ledger, 0, &held));
        }
        CU_ASSERT_EQUAL(held.has_incident, rows[i].has_incident);
        CU_ASSERT_EQUAL(held.is_commanded, rows[i].is_commanded);
        CU_ASSERT_TRUE(!held.is_commanded || memcmp(&held.control, &h1, sizeof h1) == 0);
        held_ledger_destroy(ledger);
    }
}

static void test_names(void)
{
    struct held_ledger *ledger = ledger_of(1, 100);
    see_value(ledger, "a%2Fb%25/vendor/v%2F1/sms",
            "{\"target\":{\"kind\":\"vendor\",\"id\":\"v/1\",\"tenant_id\":\"a/b%\","
            "\"channel\":\"sms\"},\"state\":\"held\",\"tier\":\"stop\",\"reason\":\"x\","
            "\"incident_id\":null,\"command_id\":\"c0ffee00c0ffee00c0ffee00c0ffee00\","
            "\"sequence\":8,\"issued_at\":\"2026-11-22T07:00:00.000Z\","
            "\"expires_at\":\"2026-11-22T08:00:00.000Z\",\"mode\":\"enforce\"}");
    struct held_scope held;
    CU_ASSERT_EQUAL_FATAL(held_ledger_count(ledger), 1);
    CU_ASSERT_TRUE(held_ledger_at(ledger, 0, &held));
    CU_ASSERT_EQUAL(held.name.kind, SCOPE_VENDOR);
    CU_ASSERT_TRUE(view_is(held.name.id, "v/1"));
    CU_ASSERT_TRUE(view_is(held.name.tenant_id, "a/b%"));
    CU_ASSERT_TRUE(view_is(held.name.channel, "sms"));
    CU_ASSERT_EQUAL(held.tier, TIER_STOP);
    CU_ASSERT_EQUAL(held.incident_id.bytes[0], 0xc0); // its command's
    CU_ASSERT_EQUAL(held.expires_at_ms, START_MS);
    CU_ASSERT_EQUAL(held_ledger_sequence(ledger, &held.name), 8);
    held_ledger_destroy(ledger);
}

static void test_garbage(void)
{
    static const char *const keys[] = {"", "t", "t/campaign", "t/message/m", "t/campaign/a/sms/x",
            "t%2f/campaign/a", "t/campaign/%"};
    static const char *const values[] = {"", "{}", "[1]", "not json", "{\"target\":1}",
            // of another campaign than its key says
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"b\",\"tenant_id\":\"t\"},\"state\":"
            "\"held\",\"tier\":\"stop\",\"incident_id\":\"" INCIDENT "\",\"command_id\":"
            "\"" INCIDENT "\",\"sequence\":8,\"issued_at\":\"2026-11-22T07:00:00Z\","
            "\"expires_at\":\"2026-11-22T08:00:00Z\",\"mode\":\"enforce\"}",
            // monitor holds nobody
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},\"state\":"
            "\"held\",\"tier\":\"stop\",\"incident_id\":\"" INCIDENT "\",\"command_id\":"
            "\"" INCIDENT "\",\"sequence\":8,\"issued_at\":\"2026-11-22T07:00:00Z\","
            "\"expires_at\":\"2026-11-22T08:00:00Z\",\"mode\":\"monitor\"}"};
    struct held_ledger *ledger = ledger_of(1, 1);
    const size_t key_count = sizeof keys / sizeof *keys;
    const size_t value_count = sizeof values / sizeof *values;
    for (size_t i = 0; i < key_count; i++) {
        see_value(ledger, keys[i], "{}");
    }
    for (size_t i = 0; i < value_count; i++) {
        see_value(ledger, "t/campaign/a", values[i]);
    }
    CU_ASSERT_EQUAL(held_ledger_unreadable(ledger), key_count + value_count);
    CU_ASSERT_EQUAL(held_ledger_count(ledger), 0);
    see_held(ledger, "a", 1);
    see_held(ledger, "b", 2);
    CU_ASSERT_EQUAL(held_ledger_count(ledger), 1);
    CU_ASSERT_EQUAL(held_ledger_overflowed(ledger), 1);
    held_ledger_destroy(ledger);
    // Tenants of other tally partitions are others' affair: murmur2("t") mod 2 and mod 3 differ.
    unsigned seen = 0;
    for (int32_t partition = 0; partition < 3; partition++) {
        CU_ASSERT_EQUAL_FATAL(held_ledger_create(&ledger, partition, 3, 10), ERR_NONE);
        see_held(ledger, "a", 1);
        seen += held_ledger_count(ledger);
        held_ledger_destroy(ledger);
    }
    CU_ASSERT_EQUAL(seen, 1);
}

// --- a line -----------------------------------------------------------------------------------

struct line {
    struct config *config;
    struct emitter emitter;
    struct detect_line *line;
    struct held_ledger *ledger;
    int64_t chunk;
    int64_t sequence;
    int64_t at_ms;
    uint64_t people;
    char records[RECORDS_MAX][RECORD_BYTES]; // "topic key start of the value"
    unsigned record_count;
};

static enum err keep_record(void *self, const struct record *record)
{
    struct line *l = self;
    static const char *const names[OUT_TOPIC_COUNT] = {
            [OUT_COMMANDS] = "command", [OUT_STATE] = "state", [OUT_ALERTS] = "alert"};
    const char *name = names[record->topic];
    struct view value = record->value;
    const char *type = strstr(value.n > 0 ? value.p : "", "\"type\":\"");
    if (type != NULL && record->topic == OUT_ALERTS) {
        value = view_bytes(type + 8, strcspn(type + 8, "\""));
    } else if (value.n > 0) {
        value = VIEW("held");
    } else {
        value = VIEW("lifted");
    }
    CU_ASSERT_TRUE_FATAL(l->record_count < RECORDS_MAX);
    snprintf(l->records[l->record_count++], RECORD_BYTES, "%s %.*s %.*s", name != NULL ? name : "?",
            VIEW_ARGS(record->key), VIEW_ARGS(value));
    return ERR_NONE;
}

static void line_init(struct line *l)
{
    static const struct sink_ops keeps = {keep_record};
    const struct emitter_options emits = {.group = VIEW("unit"), .instance = VIEW("unit")};
    *l = (struct line){.at_ms = START_MS};
    CU_ASSERT_EQUAL_FATAL(config_create_default(&l->config), ERR_NONE);
    l->config->policy.mode = MODE_ENFORCE;
    l->config->policy.unconfirmed = UNCONFIRMED_EXPIRES;
    l->config->policy.acknowledge_within_ms = INT64_C(1) << 40;
    CU_ASSERT_EQUAL_FATAL(emitter_init(&l->emitter, (struct sink){&keeps, l}, &emits), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&l->line, l->config, &l->emitter), ERR_NONE);
    l->ledger = ledger_of(1, 100);
}

static void line_fini(struct line *l)
{
    detect_line_destroy(l->line);
    held_ledger_destroy(l->ledger);
    emitter_fini(&l->emitter);
    config_destroy(l->config);
}

// A frame of a campaign with so many messages, `misdirected` (0 or 1) of them.
static void send_frame(struct line *l, const char *campaign, uint32_t judged, uint32_t misdirected)
{
    int64_t first = l->chunk++ << CHUNK_BITS;
    const struct frame_leaf leaf = {
            .key.ids = {[SCOPE_CAMPAIGN] = view_of(campaign), [SCOPE_TENANT] = VIEW("t")},
            .counts = {.judged = judged,
                    .misdirected = misdirected,
                    .reasons = {[REASON_NO_RECORD] = misdirected},
                    .last_occurred_at_ms = l->at_ms,
                    .last_judged_offset = first + judged - 1}};
    struct frame_entry entry = {.offset = first,
            .reasons = REASON_BIT(REASON_NO_RECORD),
            .occurred_at_ms = l->at_ms,
            .message_id = VIEW("m")};
    l->people++;
    memcpy(entry.tag, &l->people, sizeof entry.tag);
    const struct frame frame = {.source_topic = VIEW("in"),
            .chunk = first >> CHUNK_BITS,
            .first_offset = first,
            .to_offset = first + CHUNK_OFFSETS,
            .judged_at_ms = l->at_ms,
            .cache = CACHE_TRUSTED,
            .leaves = &leaf,
            .leaf_count = 1,
            .entries = &entry,
            .entry_count = misdirected};
    bool gap;
    CU_ASSERT_EQUAL_FATAL(
            detect_line_frame(l->line, &frame, 0, l->sequence++, false, NULL, &gap), ERR_NONE);
    l->at_ms += 1000;
}

static void send_wrong(struct line *l, const char *campaign, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        send_frame(l, campaign, 1, 1);
    }
}

static unsigned count_records(const struct line *l, const char *text)
{
    unsigned count = 0;
    for (unsigned i = 0; i < l->record_count; i++) {
        count += strstr(l->records[i], text) != NULL;
    }
    return count;
}

// The log begins at 100 and the line knows nothing.
static struct recalled recall_lost(struct line *l)
{
    const struct log_range log = {0, 100, 200, 150};
    const struct known known = {0};
    struct recalled recalled;
    CU_ASSERT_EQUAL_FATAL(recall(l->line, l->ledger, &log, &known, &recalled), ERR_NONE);
    l->sequence = log.low;
    return recalled;
}

// C1: what is held feeds no detector, and its end is told, with what it belongs to.
static void test_stays_held(void)
{
    struct line l;
    line_init(&l);
    see_held(l.ledger, "c", 50);
    see_held(l.ledger, "lifted", 51);
    see_lifted(l.ledger, "lifted", "52");
    struct recalled recalled = recall_lost(&l);
    CU_ASSERT_EQUAL(recalled.held_count, 1);
    send_frame(&l, "healthy", 3000, 0);
    send_wrong(&l, "c", 60);
    CU_ASSERT_EQUAL(l.record_count, 0);
    l.at_ms = START_MS + 2 * HOUR_MS; // when it expires
    send_frame(&l, "healthy", 100, 0);
    CU_ASSERT_EQUAL(l.record_count, 2);
    unit_check_text("lifted", l.records[0], "state t/campaign/c lifted");
    unit_check_text("closed", l.records[1], "alert " INCIDENT " incident.closed");
    send_wrong(&l, "c", 60);
    CU_ASSERT_EQUAL(count_records(&l, "command t/campaign/c held"), 1);
    line_fini(&l);
}

// Two scopes of one incident, saved and restored while they are held.
static void test_archive(void)
{
    struct line l;
    line_init(&l);
    see_held(l.ledger, "c", 50);
    see_held(l.ledger, "d", 60);
    CU_ASSERT_EQUAL(recall_lost(&l).held_count, 2);
    CU_ASSERT_EQUAL(recall_lost(&l).held_count, 0); // held already
    CU_ASSERT_EQUAL(detect_line_counts(l.line).incidents, 1);
    struct strbuf bytes;
    strbuf_init(&bytes, 1 << 24);
    struct archive writer = archive_writer(&bytes);
    detect_line_archive(l.line, &writer);
    CU_ASSERT_EQUAL(archive_end(&writer), ERR_NONE);
    detect_line_destroy(l.line);
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&l.line, l.config, &l.emitter), ERR_NONE);
    struct archive reader = archive_reader(strbuf_view(&bytes));
    detect_line_archive(l.line, &reader);
    CU_ASSERT_EQUAL(archive_end(&reader), ERR_NONE);
    strbuf_fini(&bytes);
    send_wrong(&l, "d", 40);
    CU_ASSERT_EQUAL(l.record_count, 0);
    l.at_ms = START_MS + 2 * HOUR_MS;
    send_frame(&l, "healthy", 100, 0);
    CU_ASSERT_EQUAL(count_records(&l, "lifted"), 2);
    CU_ASSERT_EQUAL(count_records(&l, "alert " INCIDENT " incident.closed"), 1);
    line_fini(&l);
}

// C2: a hold that was told of, or lifted, behind the log's beginning is not told by folding it again.
static void test_not_told_twice(void)
{
    struct line l;
    line_init(&l);
    see_held(l.ledger, "c", 140);
    see_lifted(l.ledger, "c", "180");
    struct recalled recalled = recall_lost(&l);
    CU_ASSERT_TRUE(recalled.watches_told);
    CU_ASSERT_EQUAL(recalled.held_count, 0);
    send_frame(&l, "healthy", 3000, 0);
    send_wrong(&l, "c", 60);
    send_wrong(&l, "d", 60); // never told of
    CU_ASSERT_EQUAL(count_records(&l, "command t/campaign/c"), 0);
    CU_ASSERT_EQUAL(count_records(&l, "state t/campaign/c"), 0);
    CU_ASSERT_EQUAL(count_records(&l, "command t/campaign/d held"), 1);
    line_fini(&l);
}

// What is lost, and above what sequences begin.
static void test_what_is_lost(void)
{
    static const struct {
        const char *name;
        int64_t told; // highest sequence; -1 = none
        struct log_range log;
        struct known known;
        int64_t lost_from;
        int64_t base;
        bool watches;
        bool holds;
    } rows[] = {
            {"a first start", -1, {0, 0, 0, -1}, {0, 0, 0, false}, -1, 0, false, false},
            {"a whole log", 80, {0, 0, 100, 90}, {0, 0, 0, false}, -1, 0, false, false},
            {"no beginning", 40, {0, 50, 100, 90}, {0, 0, 0, false}, 0, 0, false, true},
            {"no beginning, told behind it", 80, {0, 50, 100, 90}, {0, 0, 0, false}, 0, 0, true,
                    true},
            {"an old snapshot", 40, {0, 50, 100, 90}, {30, 30, 0, false}, 30, 0, false, true},
            {"nothing is left", 40, {0, 100, 100, 90}, {30, 30, 0, false}, 30, 0, false, true},
            {"another log by what was told", 80, {0, 0, 10, -1}, {0, 0, 0, false}, 81, 81, false,
                    true},
            {"by what is committed", 5, {0, 0, 10, 90}, {0, 0, 0, false}, 90, 90, false, true},
            {"by snapshots", 80, {0, 0, 10, 0}, {0, 120, 0, false}, 120, 120, false, true},
            {"one more", 1080, {0, 0, 10, 5}, {0, 1200, 1000, false}, 200, 1200, false, true},
            {"a younger one", 8, {0, 0, 100, -1}, {0, 0, 0, true}, 101, 101, false, true},
            {"a younger one, told above its end", 180, {0, 0, 100, -1}, {0, 0, 0, true}, 181, 181,
                    false, true},
            {"its successor, whole", 1080, {0, 0, 100, 90}, {50, 1050, 1000, false}, -1, 1000,
                    false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line l;
        line_init(&l);
        if (rows[i].told >= 0) {
            see_held(l.ledger, "c", rows[i].told);
        }
        struct recalled recalled;
        CU_ASSERT_EQUAL(
                recall(l.line, l.ledger, &rows[i].log, &rows[i].known, &recalled), ERR_NONE);
        bool is_right = recalled.lost.from == rows[i].lost_from &&
                        recalled.sequence_base == rows[i].base &&
                        recalled.watches_told == rows[i].watches &&
                        (recalled.held_count > 0) == rows[i].holds;
        if (!is_right) {
            printf("    %s: lost from %lld, base %lld\n", rows[i].name,
                    (long long)recalled.lost.from, (long long)recalled.sequence_base);
        }
        CU_ASSERT_TRUE(is_right);
        line_fini(&l);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"order", test_order},
            {"commanded", test_commanded},
            {"names", test_names},
            {"garbage", test_garbage},
            {"stays_held", test_stays_held},
            {"archive", test_archive},
            {"not_told_twice", test_not_told_twice},
            {"what_is_lost", test_what_is_lost},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "recall", tests);
}
