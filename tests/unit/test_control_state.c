// What people's commands leave in force, from the encoder to the judge's table: the record and its key, what
// is read of it and what is not, and which of two records counts.
#include "control/standing_orders.h"
#include "emit/encode_control_state.h"
#include "run/standing_record.h"

#include <stdlib.h>

#include "tests/support/emit_stage.h"

#define AT INT64_C(1763769600000) // 2025-11-22T00:00:00Z
#define HOUR INT64_C(3600000)
#define PSEUDONYM "demo:AAAAAAAAAAAAAAAAAAAAAA"

static struct control control_of(enum control_action action, enum control_object object)
{
    return (struct control){.control_id = VIEW("ctl-1"),
            .action = action,
            .object = object,
            .scope = {SCOPE_VENDOR, VIEW("n/1"), VIEW("acme"), VIEW_NONE},
            .recipient = VIEW(PSEUDONYM),
            .incident_id = id_of(0x1d),
            .rule = VIEW("no_record"),
            .operator_id = VIEW("li"),
            .reason = VIEW("by hand"),
            .issued_at_ms = AT - 1000};
}

static struct control_state_action state_of(const struct control *control)
{
    return (struct control_state_action){.standing = CONTROL_IN_FORCE,
            .control = control,
            .id = id_of(0xab),
            .sequence = 7,
            .at_ms = AT,
            .expires_at_ms = AT + HOUR};
}

#define TIMES                                                                                      \
    "\"issued_at\":\"2025-11-21T23:59:59.000Z\",\"expires_at\":\"2025-11-22T01:00:00.000Z\","
#define BY_LI "\"operator\":\"li\",\"reason\":\"by hand\","
#define ID "ce_id=abababababababababababababababab"

static void test_records(void)
{
    static const struct {
        enum control_action action;
        enum control_object object;
        enum control_standing standing;
        bool is_over;
        const char *key;
        const char *value; // all but who, when and the sequence
    } rows[] = {
            {CONTROL_MODE, CONTROL_OF_SCOPE, CONTROL_IN_FORCE, false, "acme/vendor/n%2F1",
                    "\"scope\":{\"kind\":\"vendor\",\"id\":\"n/1\",\"tenant_id\":\"acme\"},"
                    "\"mode\":\"monitor\","},
            {CONTROL_RELEASE, CONTROL_OF_MESSAGE, CONTROL_IN_FORCE, false, "acme/message/n%2F1",
                    "\"scope\":{\"kind\":\"message\",\"id\":\"n/1\",\"tenant_id\":\"acme\"},"},
            {CONTROL_HOLD, CONTROL_OF_RECIPIENT, CONTROL_IN_FORCE, false,
                    "acme/recipient/" PSEUDONYM,
                    "\"scope\":{\"kind\":\"recipient\",\"id\":\"" PSEUDONYM
                    "\",\"tenant_id\":\"acme\"},"},
            {CONTROL_HOLD, CONTROL_OF_INCIDENT, CONTROL_PENDING, false, "pending/ctl-1",
                    "\"incident_id\":\"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\","},
            {CONTROL_RELEASE, CONTROL_OF_RULE, CONTROL_PENDING, false, "pending/ctl-1",
                    "\"rule\":\"no_record\",\"tenant_id\":\"acme\","},
            {CONTROL_MODE, CONTROL_OF_SCOPE, CONTROL_PENDING, true, "pending/ctl-1", NULL},
            {CONTROL_MODE, CONTROL_OF_SCOPE, CONTROL_IN_FORCE, true, "acme/vendor/n%2F1", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage stage;
        stage_open(&stage, live);
        const struct control control = control_of(rows[i].action, rows[i].object);
        struct control_state_action state = state_of(&control);
        state.standing = rows[i].standing;
        state.is_over = rows[i].is_over;
        CU_ASSERT_EQUAL_FATAL(emit_control_state(&stage.em, &state, NULL), ERR_NONE);
        CU_ASSERT_EQUAL(stage.fake.records[0].topic, OUT_CONTROL_STATE);
        struct strbuf sb;
        strbuf_init(&sb, 4096);
        const char *word = rows[i].standing == CONTROL_PENDING ? "pending" : "in_force";
        strbuf_printf(&sb, "%s\n", rows[i].key);
        if (rows[i].is_over) {
            strbuf_printf(&sb, "(null)\nwn.sequence=7\n");
        } else {
            strbuf_printf(&sb,
                    "{\"state\":\"%s\",\"control_id\":\"ctl-1\",\"action\":\"%s\",%s" BY_LI TIMES
                    "\"sequence\":7}\n",
                    word, control_action_names[rows[i].action], rows[i].value);
        }
        strbuf_printf(&sb,
                "ce_specversion=1.0\n" ID "\nce_source=/wrongnumber/wrong%%20number\n"
                "ce_type=io.wrongnumber.control-state.%s.v1\nce_time=2025-11-22T00:00:00.000Z%s",
                rows[i].is_over ? "over" : word,
                rows[i].is_over ? "" : "\ncontent-type=application/json");
        check_record(&stage, 0, "control-state", sb.p);
        strbuf_fini(&sb);
        stage_close(&stage);
    }
}

// --- read ---------------------------------------------------------------------------------------

#define ONE(kind, action, more)                                                                    \
    "{\"state\":\"in_force\",\"control_id\":\"c\",\"action\":\"" action                            \
    "\",\"scope\":{\"kind\":\"" kind "\",\"id\":\"x\",\"tenant_id\":\"acme\"" more                 \
    "},\"mode\":\"enforce\",\"operator\":\"li\",\"expires_at\":\"2025-11-22T01:00:00.000Z\","      \
    "\"sequence\":7}"

static void test_read(void)
{
    static const struct {
        const char *key;
        const char *value;
        const char *sequence;
        enum standing_news news;
        enum control_object object;
        int64_t until_ms;
    } rows[] = {
            {"acme/vendor/x", ONE("vendor", "mode", ""), NULL, STANDING_ORDER, CONTROL_OF_SCOPE,
                    AT + HOUR},
            {"acme/vendor/x/sms", ONE("vendor", "mode", ",\"channel\":\"sms\""), NULL,
                    STANDING_ORDER, CONTROL_OF_SCOPE, AT + HOUR},
            {"acme/message/x", ONE("message", "release", ""), NULL, STANDING_ORDER,
                    CONTROL_OF_MESSAGE, AT + HOUR},
            {"acme/recipient/x", ONE("recipient", "hold", ""), NULL, STANDING_ORDER,
                    CONTROL_OF_RECIPIENT, AT + HOUR},
            {"acme/recipient/x", NULL, "8", STANDING_ORDER, CONTROL_OF_RECIPIENT, 0},
            {"acme/tenant/acme", NULL, NULL, STANDING_ORDER, CONTROL_OF_SCOPE, 0},
            {"pending/c", "{}", NULL, STANDING_NOTHING, CONTROL_OF_SCOPE, 0},
            {"pending/c", NULL, "8", STANDING_NOTHING, CONTROL_OF_SCOPE, 0},
            {"acme/vendor/x", ONE("tenant", "mode", ""), NULL, STANDING_BAD, 0, 0},
            {"acme/vendor/y", ONE("vendor", "mode", ""), NULL, STANDING_BAD, 0, 0},
            {"other/vendor/x", ONE("vendor", "mode", ""), NULL, STANDING_BAD, 0, 0},
            {"acme/vendor/x", ONE("vendor", "mode", ",\"channel\":\"sms\""), NULL, STANDING_BAD, 0,
                    0},
            {"acme/vendor/x/sms", ONE("vendor", "mode", ""), NULL, STANDING_BAD, 0, 0},
            {"acme/message/x/sms", ONE("message", "hold", ",\"channel\":\"sms\""), NULL,
                    STANDING_BAD, 0, 0},
            {"acme/vendor/x", ONE("vendor", "hold", ""), NULL, STANDING_BAD, 0, 0},
            {"acme/message/x", ONE("message", "mode", ""), NULL, STANDING_BAD, 0, 0},
            {"acme/shop/x", ONE("shop", "mode", ""), NULL, STANDING_BAD, 0, 0},
            {"acme/vendor/x", "{", NULL, STANDING_BAD, 0, 0},
            {"acme/vendor/x", "[]", NULL, STANDING_BAD, 0, 0},
            {"acme/vendor/x", "", NULL, STANDING_BAD, 0, 0},
            {"acme/vendor/x", NULL, "minus", STANDING_BAD, 0, 0},
            {"acme/vendor", NULL, "8", STANDING_BAD, 0, 0},
            {"acme/vendor/", NULL, "8", STANDING_BAD, 0, 0},
            {"/vendor/x", NULL, "8", STANDING_BAD, 0, 0},
            {"a/vendor/x/y/z", NULL, "8", STANDING_BAD, 0, 0},
            {"acme/vendor/%2", NULL, "8", STANDING_BAD, 0, 0},
            {"", NULL, "8", STANDING_BAD, 0, 0},
            {NULL, NULL, "8", STANDING_BAD, 0, 0},
    };
    struct standing_reader *reader;
    CU_ASSERT_EQUAL_FATAL(standing_reader_create(&reader), ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct header header = {VIEW("wn.sequence"), view_of(rows[i].sequence)};
        const struct raw_message raw = {.key = view_of(rows[i].key),
                .value = view_of(rows[i].value),
                .headers = &header,
                .header_count = rows[i].sequence != NULL};
        struct standing_order order = {.until_ms = -1};
        enum standing_news news = standing_reader_read(reader, &raw, &order);
        CU_ASSERT_EQUAL(news, rows[i].news);
        if (news != rows[i].news) {
            fprintf(stderr, "row %zu, %s: %d\n", i, rows[i].key, news);
        } else if (news == STANDING_ORDER) {
            CU_ASSERT_EQUAL(order.key.object, rows[i].object);
            CU_ASSERT_EQUAL(order.until_ms, rows[i].until_ms);
            CU_ASSERT_EQUAL(order.sequence, rows[i].value != NULL      ? 7
                                            : rows[i].sequence != NULL ? 8
                                                                       : -1);
        }
    }
    standing_reader_destroy(reader);
}

// What is written is read as it was meant.
static void test_round_trip(void)
{
    static const enum control_object objects[] = {
            CONTROL_OF_SCOPE, CONTROL_OF_MESSAGE, CONTROL_OF_RECIPIENT};
    struct standing_reader *reader;
    struct encoding encoding;
    CU_ASSERT_EQUAL_FATAL(standing_reader_create(&reader), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(encoding_init(&encoding), ERR_NONE);
    for (size_t i = 0; i < 6; i++) {
        struct control control = control_of(i < 2 ? CONTROL_MODE : CONTROL_HOLD, objects[i / 2]);
        control.scope.tenant_id = VIEW("a/b%\"\\\xc3\xa4");
        control.scope.channel =
                VIEW("s/m"); // told of a recipient's address, and no part of its key
        control.mode = MODE_ENFORCE;
        struct control_state_action state = state_of(&control);
        state.is_over = i % 2 != 0;
        struct record record;
        CU_ASSERT_EQUAL_FATAL(
                encode_control_state(&encoding, &state, VIEW("/x"), &record), ERR_NONE);
        const struct raw_message raw = {.key = record.key,
                .value = record.value,
                .headers = record.headers,
                .header_count = record.header_count};
        struct standing_order order;
        CU_ASSERT_EQUAL_FATAL(standing_reader_read(reader, &raw, &order), STANDING_ORDER);
        const struct standing_key key = standing_key_of(&control);
        CU_ASSERT_EQUAL(order.key.object, key.object);
        CU_ASSERT_EQUAL(order.key.kind, key.kind);
        CU_ASSERT_TRUE(view_equal(order.key.tenant_id, key.tenant_id));
        CU_ASSERT_TRUE(view_equal(order.key.id, key.id));
        CU_ASSERT_TRUE(view_equal(order.key.channel, key.channel));
        CU_ASSERT_EQUAL(order.sequence, 7);
        CU_ASSERT_EQUAL(order.until_ms, state.is_over ? 0 : AT + HOUR);
        if (!state.is_over) {
            CU_ASSERT_EQUAL(order.action, control.action);
            CU_ASSERT_TRUE(control.action != CONTROL_MODE || order.mode == MODE_ENFORCE);
            CU_ASSERT_TRUE(view_is(order.control_id, "ctl-1") && view_is(order.operator_id, "li"));
        }
    }
    encoding_fini(&encoding);
    standing_reader_destroy(reader);
}

// --- the table ----------------------------------------------------------------------------------

static struct standing_order release_of(const char *message, int64_t sequence, int64_t until_ms)
{
    return (struct standing_order){
            .key = {.object = CONTROL_OF_MESSAGE, .tenant_id = VIEW("t"), .id = view_of(message)},
            .action = CONTROL_RELEASE,
            .until_ms = until_ms,
            .sequence = sequence,
            .control_id = VIEW("c"),
            .operator_id = VIEW("li")};
}

static bool is_released(const struct standing_orders *orders, const char *message, int64_t now_ms)
{
    return standing_of_message(orders, VIEW("t"), view_of(message), VIEW_NONE, now_ms) != NULL;
}

// Records come again, late and in any order: the greatest sequence counts, also of what is over.
static void test_learn(void)
{
    struct standing_orders *orders;
    CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 3), ERR_NONE);
    static const struct {
        int64_t sequence;
        int64_t until_ms;
        bool is_released; // then, at AT
    } rows[] = {{5, AT + 1, true}, {4, 0, true}, {5, 0, true}, {6, 0, false}, {5, AT + 1, false},
            {-1, 0, false}, {8, AT + HOUR, true}, {9, AT, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct standing_order order = release_of("m", rows[i].sequence, rows[i].until_ms);
        CU_ASSERT_EQUAL(standing_learn(orders, &order, AT), ERR_NONE);
        CU_ASSERT_EQUAL(is_released(orders, "m", AT), rows[i].is_released);
        CU_ASSERT_EQUAL(standing_count(orders), 1);
    }
    standing_destroy(orders);
}

// Room is made by what is over, and by nothing else.
static void test_ceiling(void)
{
    struct standing_orders *orders;
    CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 3), ERR_NONE);
    static const char *const names[] = {"a", "b", "c", "d"};
    for (unsigned i = 0; i < 4; i++) {
        const struct standing_order order = release_of(names[i], i, AT + (i == 1 ? 5 : 10));
        CU_ASSERT_EQUAL(standing_learn(orders, &order, AT), i < 3 ? ERR_NONE : ERR_CEILING);
    }
    const struct standing_order more = release_of("d", 9, AT + 20);
    CU_ASSERT_EQUAL(standing_learn(orders, &more, AT + 5), ERR_NONE);
    CU_ASSERT_EQUAL(standing_count(orders), 3);
    CU_ASSERT_TRUE(is_released(orders, "a", AT + 5) && is_released(orders, "c", AT + 5));
    CU_ASSERT_FALSE(is_released(orders, "b", AT));
    CU_ASSERT_TRUE(is_released(orders, "d", AT + 19));
    CU_ASSERT_FALSE(is_released(orders, "d", AT + 20));
    standing_destroy(orders);
}

// A message's own order goes before its recipient's, and neither is another tenant's.
static void test_of_message(void)
{
    struct standing_orders *orders;
    CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 10), ERR_NONE);
    const struct standing_order release = release_of("m", 1, AT + 10);
    struct standing_order hold = release_of(PSEUDONYM, 1, AT + 20);
    hold.key.object = CONTROL_OF_RECIPIENT;
    hold.action = CONTROL_HOLD;
    CU_ASSERT_FALSE(standing_has_recipients(orders));
    CU_ASSERT_EQUAL(standing_put(orders, &release), ERR_NONE);
    CU_ASSERT_EQUAL(standing_put(orders, &hold), ERR_NONE);
    CU_ASSERT_TRUE(standing_has_recipients(orders));
    static const struct {
        const char *tenant;
        const char *message;
        const char *pseudonym;
        int64_t at_ms;
        int action; // -1 = none
    } rows[] = {{"t", "m", PSEUDONYM, AT, CONTROL_RELEASE}, {"t", "n", PSEUDONYM, AT, CONTROL_HOLD},
            {"t", "m", PSEUDONYM, AT + 10, CONTROL_HOLD}, {"t", "m", PSEUDONYM, AT + 20, -1},
            {"u", "m", PSEUDONYM, AT, -1}, {"t", "n", NULL, AT, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct standing_order *order = standing_of_message(orders, view_of(rows[i].tenant),
                view_of(rows[i].message), view_of(rows[i].pseudonym), rows[i].at_ms);
        CU_ASSERT_EQUAL(order != NULL ? (int)order->action : -1, rows[i].action);
    }
    standing_remove(orders, standing_find(orders, &hold.key));
    CU_ASSERT_FALSE(standing_has_recipients(orders));
    standing_destroy(orders);
}

// What no command could leave is not restored.
static void test_restored_wrong(void)
{
    for (unsigned i = 0; i < 5; i++) {
        struct standing_orders *from;
        struct standing_orders *to;
        CU_ASSERT_EQUAL_FATAL(standing_create(&from, 10), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(standing_create(&to, 10), ERR_NONE);
        struct standing_order order = release_of(i == 1 ? "" : "m", 1, AT);
        order.action = i == 2 ? CONTROL_MODE : order.action;
        order.key.object = i == 3   ? CONTROL_OF_SCOPE
                           : i == 4 ? CONTROL_OF_INCIDENT
                                    : order.key.object;
        CU_ASSERT_EQUAL(standing_put(from, &order), ERR_NONE);
        struct strbuf state;
        strbuf_init(&state, 1 << 20);
        struct archive writer = archive_writer(&state);
        standing_archive(&writer, from);
        struct archive reader = archive_reader(strbuf_view(&state));
        standing_archive(&reader, to);
        CU_ASSERT_EQUAL(archive_end(&reader), i == 0 ? ERR_NONE : ERR_DATA);
        CU_ASSERT_EQUAL(standing_count(to), i == 0);
        strbuf_fini(&state);
        standing_destroy(from);
        standing_destroy(to);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"records", test_records},
            {"read", test_read},
            {"round_trip", test_round_trip},
            {"learn", test_learn},
            {"ceiling", test_ceiling},
            {"of_message", test_of_message},
            {"restored_wrong", test_restored_wrong},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "control_state", tests);
}
