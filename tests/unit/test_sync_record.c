// Records of the relationships topic: lines, tombstones, the source's heartbeats.
#include "sync/sync_record.h"

#include <string.h>

#include "tests/support/unit.h"

enum { NO_VALUE_TIME = 1763769600 };

struct row {
    const char *key;
    const char *value; // NULL = none
    enum sync_record_kind kind;
    const char *canonical; // of a change
    bool deleted;
    int64_t at_ms;   // of a heartbeat
    const char *why; // of a refusal
};

static const struct row rows[] = {
        {"+8613800138000", "{\"recipient\":\"+8613800138000\"}", SYNC_CHANGE, "+8613800138000",
                false, 0, NULL},
        {"13800138000", "{\"recipient\":\"+86 138 0013 8000\"}", SYNC_CHANGE, "+8613800138000",
                false, 0, NULL},
        {"phone:13800138000", "{\"recipient\":\"13800138000\",\"deleted\":true}", SYNC_CHANGE,
                "+8613800138000", true, 0, NULL},
        {"email:a@b.example", "{\"recipient\":\"a@b.example\",\"kind\":\"email\"}", SYNC_CHANGE,
                "a@b.example", false, 0, NULL},
        {"+8613800138000", NULL, SYNC_CHANGE, "+8613800138000", true, 0, NULL},
        {"wechat:ou_7d8a", NULL, SYNC_CHANGE, "ou_7d8a", true, 0, NULL},
        {"wechat:", NULL, SYNC_REFUSED, NULL, false, 0, "the tombstone's key"},
        {"ou_7d8a", NULL, SYNC_REFUSED, NULL, false, 0, "the tombstone's key"},
        {"", NULL, SYNC_REFUSED, NULL, false, 0, "the tombstone's key"},
        {"", "{\"recipient\":\"+8613800138000\"}", SYNC_REFUSED, NULL, false, 0,
                "the key names another recipient"},
        {"B-77", "{\"recipient\":\"+8613800138000\"}", SYNC_REFUSED, NULL, false, 0,
                "the key names another recipient"},
        {"ou_7d8a", "{\"recipient\":\"ou_7d8a\",\"kind\":\"wechat\"}", SYNC_REFUSED, NULL, false, 0,
                "the key names another recipient"},
        {"+8613800138000", "{\"recipient\":\"+8613800138001\"}", SYNC_REFUSED, NULL, false, 0,
                "the key names another recipient"},
        {"+8613800138000", "", SYNC_REFUSED, NULL, false, 0, "not JSON"},
        {"+8613800138000", "{\"recipient\":\"+8613800138000\"", SYNC_REFUSED, NULL, false, 0,
                "not JSON"},
        {"_heartbeat", NULL, SYNC_HEARTBEAT, NULL, false, NO_VALUE_TIME *INT64_C(1000), NULL},
        {"_heartbeat", "", SYNC_HEARTBEAT, NULL, false, NO_VALUE_TIME *INT64_C(1000), NULL},
        {"_heartbeat", "{\"at\":\"2026-11-20T08:00:00Z\"}", SYNC_HEARTBEAT, NULL, false,
                INT64_C(1795161600000), NULL},
        {"_heartbeat", "{\"more\":[],\"at\":1795161600001}", SYNC_HEARTBEAT, NULL, false,
                INT64_C(1795161600001), NULL},
        {"_heartbeat", "{\"at\":1795161600}", SYNC_REFUSED, NULL, false, 0, "the heartbeat"},
        {"_heartbeat", "{\"at\":1,\"at\":1795161600000}", SYNC_REFUSED, NULL, false, 0,
                "the heartbeat"},
        {"_heartbeat", "{}", SYNC_REFUSED, NULL, false, 0, "the heartbeat"},
        {"_heartbeat", "x", SYNC_REFUSED, NULL, false, 0, "the heartbeat"},
};

static void reads_each(void)
{
    struct sync_records *records = NULL;
    CU_ASSERT_EQUAL_FATAL(sync_records_create(&records, "CN"), ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        const struct raw_message raw = {
                .key = view_of(row->key),
                .value = row->value != NULL ? view_of(row->value) : VIEW_NONE,
                .timestamp_ms = NO_VALUE_TIME * INT64_C(1000),
        };
        struct relationship rel;
        int64_t at_ms = 0;
        enum sync_record_kind kind = sync_records_read(records, &raw, &rel, &at_ms);
        if (kind != row->kind) {
            printf("row %zu: %d, %s\n", i, (int)kind, sync_records_why(records));
        }
        CU_ASSERT_EQUAL_FATAL(kind, row->kind);
        if (kind == SYNC_CHANGE) {
            CU_ASSERT_TRUE(view_is(rel.recipient.canonical, row->canonical));
            CU_ASSERT_EQUAL(rel.deleted, row->deleted);
        } else if (kind == SYNC_HEARTBEAT) {
            CU_ASSERT_EQUAL(at_ms, row->at_ms);
        } else {
            CU_ASSERT_PTR_NOT_NULL(strstr(sync_records_why(records), row->why));
        }
    }
    sync_records_destroy(records);
}

static void a_heartbeat_without_any_time_is_refused(void)
{
    struct sync_records *records = NULL;
    CU_ASSERT_EQUAL_FATAL(sync_records_create(&records, "CN"), ERR_NONE);
    const struct raw_message raw = {
            .key = VIEW("_heartbeat"), .value = VIEW_NONE, .timestamp_ms = -1};
    struct relationship rel;
    int64_t at_ms;
    CU_ASSERT_EQUAL(sync_records_read(records, &raw, &rel, &at_ms), SYNC_REFUSED);
    sync_records_destroy(records);
}

static const struct unit_test tests[] = {
        {"reads_each", reads_each},
        {"a_heartbeat_without_any_time_is_refused", a_heartbeat_without_any_time_is_refused},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "sync_record", tests);
}
