#include "sync/sync_record.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json_scan.h"
#include "relationship/ndjson.h"

enum { ARENA_BYTES = 8 << 20, WHY_BYTES = 4096 };

struct sync_records {
    const char *default_region;
    struct ndjson *ndjson;
    struct json_pointers *heartbeat;
    struct arena *arena;
    struct strbuf why;
};

enum err sync_records_create(struct sync_records **ret_records, const char *default_region)
{
    static const char *const pointers[] = {"/at"};
    struct sync_records *records = calloc(1, sizeof *records);
    if (records == NULL) {
        return ERR_NO_MEMORY;
    }
    records->default_region = default_region;
    strbuf_init(&records->why, WHY_BYTES);
    records->arena = arena_create(ARENA_BYTES);
    enum err e = records->arena == NULL ? ERR_NO_MEMORY
                                        : ndjson_create(&records->ndjson, default_region);
    if (e == ERR_NONE) {
        e = json_pointers_create(&records->heartbeat, pointers, 1, NULL);
    }
    if (e != ERR_NONE) {
        sync_records_destroy(records);
        return e;
    }
    *ret_records = records;
    return ERR_NONE;
}

void sync_records_destroy(struct sync_records *records)
{
    if (records != NULL) {
        ndjson_destroy(records->ndjson);
        json_pointers_destroy(records->heartbeat);
        arena_destroy(records->arena);
        strbuf_fini(&records->why);
        free(records);
    }
}

static enum sync_record_kind refuse(struct sync_records *records, const char *why)
{
    strbuf_reset(&records->why);
    strbuf_add_text(&records->why, why);
    return SYNC_REFUSED;
}

// --- heartbeats ---------------------------------------------------------------------------------

static bool read_time(struct sync_records *records, struct view value, int64_t *ret_ms)
{
    struct json_value at;
    if (json_scan(records->heartbeat, value, &at, NULL) != JSON_FINE || at.duplicate) {
        return false;
    }
    if (at.kind == JSON_NUMBER) {
        return json_integer_read(at.raw, ret_ms) == JSON_INTEGER;
    }
    return at.kind == JSON_STRING && clock_parse_rfc3339(at.raw, ret_ms) == CLOCK_OK;
}

static enum sync_record_kind read_heartbeat(
        struct sync_records *records, const struct raw_message *raw, int64_t *ret_at_ms)
{
    int64_t at_ms = raw->timestamp_ms;
    bool is_good = raw->value.n == 0 || read_time(records, raw->value, &at_ms);
    if (!is_good || !clock_is_accepted(at_ms)) {
        return refuse(records, "the heartbeat says no time that can be read");
    }
    *ret_at_ms = at_ms;
    return SYNC_HEARTBEAT;
}

// --- changes ------------------------------------------------------------------------------------

// The recipient that a key names.
static struct recipient read_key(struct sync_records *records, struct view key)
{
    enum recipient_kind kind = RECIPIENT_PHONE;
    for (unsigned i = 0; i < RECIPIENT_INVALID; i++) {
        struct view name = view_of(recipient_kind_names[i]);
        if (view_starts_with(key, name) && key.n > name.n && key.p[name.n] == ':') {
            kind = (enum recipient_kind)i;
            key = view_skip(key, name.n + 1);
            break;
        }
    }
    return key.n > 0 ? recipient_normalise(key, kind, records->default_region, records->arena)
                     : (struct recipient){RECIPIENT_INVALID, VIEW("")};
}

static enum sync_record_kind read_line(
        struct sync_records *records, const struct raw_message *raw, struct relationship *ret_rel)
{
    struct relationship rel;
    strbuf_reset(&records->why);
    if (raw->value.n > NDJSON_LINE_MAX_BYTES) {
        return refuse(records, "the line is longer than 1 MiB");
    }
    enum err e = ndjson_parse(
            records->ndjson, json_skip_bom(raw->value), records->arena, &rel, &records->why);
    if (e != ERR_NONE) {
        if (e == ERR_DATA) {
            return SYNC_REFUSED;
        }
        return arena_lacks_memory(records->arena)
                       ? SYNC_UNREAD
                       : refuse(records, "the line needs more memory than a line may");
    }
    struct recipient named = read_key(records, raw->key);
    if (recipient_is_unread(&named)) {
        return SYNC_UNREAD;
    }
    if (named.kind != rel.recipient.kind || !view_equal(named.canonical, rel.recipient.canonical)) {
        return refuse(records, "the key names another recipient than the line");
    }
    *ret_rel = rel;
    return SYNC_CHANGE;
}

enum sync_record_kind sync_records_read(struct sync_records *records, const struct raw_message *raw,
        struct relationship *ret_rel, int64_t *ret_at_ms)
{
    arena_reset(records->arena);
    if (view_is(raw->key, "_heartbeat")) {
        return read_heartbeat(records, raw, ret_at_ms);
    }
    if (!view_is_none(raw->value)) {
        return read_line(records, raw, ret_rel);
    }
    struct recipient named = read_key(records, raw->key);
    if (recipient_is_unread(&named)) {
        return SYNC_UNREAD;
    }
    if (named.kind == RECIPIENT_INVALID) {
        return refuse(records, "the tombstone's key is no possible phone number");
    }
    *ret_rel = (struct relationship){.recipient = named, .deleted = true};
    return SYNC_CHANGE;
}

const char *sync_records_why(const struct sync_records *records)
{
    return records->why.n > 0 ? records->why.p : "";
}
