#include "run/held_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/assure.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/hashmap.h"
#include "common/json_scan.h"
#include "common/room.h"
#include "emit/target_key.h"
#include "incident/incidents.h"
#include "run/told_sequence.h"
#include "tally/tally.h"

enum { ARENA_BYTES = 256 * 1024, KEY_BYTES_MAX = 4096 };

enum held_field {
    HELD_KIND,
    HELD_ID,
    HELD_TENANT,
    HELD_CHANNEL,
    HELD_STATE,
    HELD_TIER,
    HELD_INCIDENT,
    HELD_COMMAND,
    HELD_SEQUENCE,
    HELD_ISSUED,
    HELD_EXPIRES,
    HELD_MODE,
    HELD_CONTROL,
    HELD_CANARY,
    HELD_FIELD_COUNT,
};

static const char *const pointers[HELD_FIELD_COUNT] = {
        [HELD_KIND] = "/target/kind",
        [HELD_ID] = "/target/id",
        [HELD_TENANT] = "/target/tenant_id",
        [HELD_CHANNEL] = "/target/channel",
        [HELD_STATE] = "/state",
        [HELD_TIER] = "/tier",
        [HELD_INCIDENT] = "/incident_id",
        [HELD_COMMAND] = "/command_id",
        [HELD_SEQUENCE] = "/sequence",
        [HELD_ISSUED] = "/issued_at",
        [HELD_EXPIRES] = "/expires_at",
        [HELD_MODE] = "/mode",
        [HELD_CONTROL] = "/control_id",
        [HELD_CANARY] = "/canary/step",
};

struct ledger_row {
    struct held_scope held;
    char *texts; // of its name: tenant, id and channel
    bool is_held;
};

struct held_ledger {
    int32_t tally_partition;
    uint32_t tally_partitions;
    uint32_t max_scopes;
    struct json_pointers *pointers;
    struct arena *arena; // of the record in hand
    struct strbuf key;
    struct hashmap *by_key;
    struct ledger_row *rows;
    uint32_t capacity;
    int64_t highest;
    uint64_t unreadable;
    uint64_t overflowed;
};

enum err held_ledger_create(struct held_ledger **ret_ledger, int32_t tally_partition,
        uint32_t tally_partitions, uint32_t max_scopes)
{
    struct held_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return ERR_NO_MEMORY;
    }
    ledger->tally_partition = tally_partition;
    ledger->tally_partitions = tally_partitions;
    ledger->max_scopes = max_scopes;
    ledger->highest = -1;
    strbuf_init(&ledger->key, KEY_BYTES_MAX);
    ledger->arena = arena_create(ARENA_BYTES);
    ledger->by_key = hashmap_create(max_scopes);
    enum err e = json_pointers_create(&ledger->pointers, pointers, HELD_FIELD_COUNT, NULL);
    if (e != ERR_NONE || ledger->arena == NULL || ledger->by_key == NULL) {
        held_ledger_destroy(ledger);
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    *ret_ledger = ledger;
    return ERR_NONE;
}

void held_ledger_destroy(struct held_ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    uint32_t count = ledger->by_key != NULL ? hashmap_count(ledger->by_key) : 0;
    for (uint32_t i = 0; i < count; i++) {
        free(ledger->rows[i].texts);
    }
    free(ledger->rows);
    hashmap_destroy(ledger->by_key);
    json_pointers_destroy(ledger->pointers);
    arena_destroy(ledger->arena);
    strbuf_fini(&ledger->key);
    free(ledger);
}

// --- a record ---------------------------------------------------------------------------------

static bool read_word(struct view word, const char *const *words, unsigned count, unsigned *ret_at)
{
    for (unsigned i = 0; i < count; i++) {
        if (view_is(word, words[i])) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

// tenant/kind/id, and /channel of some.
static bool read_key(struct held_ledger *ledger, struct view key, struct scope_name *ret_name)
{
    struct view parts[TARGET_KEY_PARTS];
    unsigned kind = 0;
    if (target_key_split(key, ledger->arena, parts) < 3 ||
            !read_word(parts[1], scope_kind_names, SCOPE_KIND_COUNT, &kind)) {
        return false;
    }
    *ret_name = (struct scope_name){(enum scope_kind)kind, parts[2], parts[0], parts[3]};
    return true;
}

static bool read_id(const struct json_value *value, struct digest_id *ret_id)
{
    return value->kind == JSON_STRING && hex_read(value->raw, ret_id->bytes, sizeof ret_id->bytes);
}

static bool read_time(const struct json_value *value, int64_t *ret_ms)
{
    return value->kind == JSON_STRING && clock_parse_rfc3339(value->raw, ret_ms) == CLOCK_OK;
}

static bool names_scope(const struct json_value *values, const struct scope_name *name)
{
    const struct json_value *channel = &values[HELD_CHANNEL];
    bool has_channel = channel->kind == JSON_STRING && json_string_equals(channel, name->channel);
    return json_string_equals(&values[HELD_KIND], view_of(scope_kind_names[name->kind])) &&
           json_string_equals(&values[HELD_ID], name->id) &&
           json_string_equals(&values[HELD_TENANT], name->tenant_id) &&
           (view_is_none(name->channel) ? channel->kind == JSON_ABSENT : has_channel);
}

// Whether a person commanded it, and by which record. In a canary the record is that of the release,
// and whose hold it was is not told: that of an incident goes on until somebody ends it.
static bool read_control(
        struct held_ledger *ledger, const struct json_value *value, struct held_scope *held)
{
    held->is_commanded = value->kind != JSON_ABSENT && value->kind != JSON_NULL;
    if (!held->is_commanded) {
        return true;
    }
    struct view control_id =
            value->kind == JSON_STRING ? json_string_take(value, ledger->arena) : VIEW_NONE;
    held->control = incident_control_digest(control_id);
    return !view_is_none(control_id);
}

// A value that says `held`, of the scope that its key names.
static bool read_held(struct held_ledger *ledger, struct view text, struct held_scope *held)
{
    struct json_value values[HELD_FIELD_COUNT];
    if (json_scan(ledger->pointers, text, values, NULL) != JSON_FINE) {
        return false;
    }
    for (unsigned i = 0; i < HELD_FIELD_COUNT; i++) {
        bool may_be_else = i == HELD_CHANNEL || i == HELD_INCIDENT || i == HELD_SEQUENCE ||
                           i == HELD_CONTROL || i == HELD_CANARY;
        if (values[i].duplicate || (!may_be_else && values[i].kind != JSON_STRING)) {
            return false;
        }
    }
    unsigned tier = 0;
    const struct json_value *id = &values[HELD_INCIDENT];
    id = id->kind == JSON_NULL ? &values[HELD_COMMAND] : id;
    bool is_read = names_scope(values, &held->name) &&
                   json_string_equals(&values[HELD_STATE], VIEW("held")) &&
                   json_string_equals(&values[HELD_MODE], VIEW("enforce")) &&
                   read_word(values[HELD_TIER].raw, tier_names, TIER_COUNT, &tier) &&
                   read_id(id, &held->incident_id) && values[HELD_SEQUENCE].kind == JSON_NUMBER &&
                   json_integer_read(values[HELD_SEQUENCE].raw, &held->sequence) == JSON_INTEGER &&
                   read_time(&values[HELD_ISSUED], &held->issued_at_ms) &&
                   read_time(&values[HELD_EXPIRES], &held->expires_at_ms);
    held->tier = (enum tier)tier;
    held->has_incident = values[HELD_INCIDENT].kind != JSON_NULL;
    is_read = is_read && read_control(ledger, &values[HELD_CONTROL], held);
    held->is_commanded =
            held->is_commanded && (values[HELD_CANARY].kind == JSON_ABSENT || !held->has_incident);
    return is_read && held->sequence >= 0;
}

// --- the table --------------------------------------------------------------------------------

static struct view keep(char **at, struct view text)
{
    if (view_is_none(text)) {
        return VIEW_NONE;
    }
    memcpy(*at, text.p, text.n);
    *at += text.n;
    return view_bytes(*at - text.n, text.n);
}

// A row of its own, with copies of its names.
static enum err add_row(struct held_ledger *ledger, struct view key, const struct scope_name *name)
{
    uint32_t at = hashmap_count(ledger->by_key);
    struct ledger_row *rows = room_for_row(ledger->rows, at, &ledger->capacity, 64, sizeof *rows);
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    ledger->rows = rows;
    char *texts = malloc(name->tenant_id.n + name->id.n + name->channel.n + 1);
    if (texts == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = hashmap_put(ledger->by_key, key, at);
    if (e != ERR_NONE) {
        free(texts);
        return e;
    }
    char *end = texts;
    struct held_scope held = {.sequence = -1, .name.kind = name->kind};
    held.name.tenant_id = keep(&end, name->tenant_id);
    held.name.id = keep(&end, name->id);
    held.name.channel = keep(&end, name->channel);
    ledger->rows[at] = (struct ledger_row){.held = held, .texts = texts};
    return ERR_NONE;
}

static void take(struct held_ledger *ledger, struct ledger_row *row, const struct held_scope *held,
        bool is_held)
{
    struct scope_name name = row->held.name;
    if ((is_held || held->sequence >= 0) && held->sequence <= row->held.sequence) { // L1
        return;
    }
    int64_t sequence = held->sequence >= 0 ? held->sequence : row->held.sequence; // L2
    row->held = *held;
    row->held.name = name;
    row->held.sequence = sequence;
    row->is_held = is_held;
    ledger->highest = sequence > ledger->highest ? sequence : ledger->highest;
}

enum err held_ledger_see(struct held_ledger *ledger, const struct raw_message *raw)
{
    arena_reset(ledger->arena);
    struct held_scope held = {.sequence = -1};
    if (raw->key.n > KEY_BYTES_MAX || !read_key(ledger, raw->key, &held.name)) {
        ledger->unreadable++; // L3
        return ERR_NONE;
    }
    uint32_t partition = tally_partition_of(held.name.tenant_id, ledger->tally_partitions);
    if (partition != (uint32_t)ledger->tally_partition) {
        return ERR_NONE;
    }
    bool is_held = !view_is_none(raw->value);
    if (!(is_held ? read_held(ledger, raw->value, &held)
                  : told_sequence_read(raw, &held.sequence))) {
        ledger->unreadable++; // L3
        return ERR_NONE;
    }
    uint32_t at = hashmap_find(ledger->by_key, raw->key);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(ledger->by_key);
        if (at == ledger->max_scopes) {
            ledger->overflowed++;
            return ERR_NONE;
        }
        enum err e = add_row(ledger, raw->key, &held.name);
        if (e != ERR_NONE) {
            return e;
        }
    }
    take(ledger, &ledger->rows[at], &held, is_held);
    return ERR_NONE;
}

// --- what it says -----------------------------------------------------------------------------

uint32_t held_ledger_count(const struct held_ledger *ledger)
{
    return hashmap_count(ledger->by_key);
}

bool held_ledger_at(const struct held_ledger *ledger, uint32_t i, struct held_scope *ret_held)
{
    ASSURE(i < hashmap_count(ledger->by_key));
    *ret_held = ledger->rows[i].held;
    return ledger->rows[i].is_held;
}

int64_t held_ledger_highest(const struct held_ledger *ledger)
{
    return ledger->highest;
}

int64_t held_ledger_first_issued_ms(const struct held_ledger *ledger)
{
    int64_t first = -1;
    for (uint32_t i = 0; i < hashmap_count(ledger->by_key); i++) {
        const struct ledger_row *row = &ledger->rows[i];
        if (row->is_held && (first < 0 || row->held.issued_at_ms < first)) {
            first = row->held.issued_at_ms;
        }
    }
    return first;
}

int64_t held_ledger_sequence(struct held_ledger *ledger, const struct scope_name *name)
{
    strbuf_reset(&ledger->key);
    target_key_add(&ledger->key, name, scope_kind_names[name->kind]);
    uint32_t at = ledger->key.failed == ERR_NONE
                          ? hashmap_find(ledger->by_key, strbuf_view(&ledger->key))
                          : HASHMAP_ABSENT;
    return at == HASHMAP_ABSENT ? -1 : ledger->rows[at].held.sequence;
}

uint64_t held_ledger_unreadable(const struct held_ledger *ledger)
{
    return ledger->unreadable;
}

uint64_t held_ledger_overflowed(const struct held_ledger *ledger)
{
    return ledger->overflowed;
}
