#include "run/standing_record.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json_scan.h"
#include "emit/target_key.h"
#include "run/told_sequence.h"

enum { ARENA_BYTES = 256 * 1024, KEY_BYTES_MAX = 4096, VALUE_BYTES_MAX = 64 * 1024 };

enum state_field {
    STATE_STATE,
    STATE_CONTROL_ID,
    STATE_ACTION,
    STATE_MODE,
    STATE_KIND,
    STATE_ID,
    STATE_TENANT,
    STATE_CHANNEL,
    STATE_OPERATOR,
    STATE_EXPIRES,
    STATE_SEQUENCE,
    STATE_FIELD_COUNT,
};

static const char *const pointers[STATE_FIELD_COUNT] = {
        [STATE_STATE] = "/state",
        [STATE_CONTROL_ID] = "/control_id",
        [STATE_ACTION] = "/action",
        [STATE_MODE] = "/mode",
        [STATE_KIND] = "/scope/kind",
        [STATE_ID] = "/scope/id",
        [STATE_TENANT] = "/scope/tenant_id",
        [STATE_CHANNEL] = "/scope/channel",
        [STATE_OPERATOR] = "/operator",
        [STATE_EXPIRES] = "/expires_at",
        [STATE_SEQUENCE] = "/sequence",
};

struct standing_reader {
    struct json_pointers *pointers;
    struct arena *arena; // of the record in hand
};

enum err standing_reader_create(struct standing_reader **ret_reader)
{
    struct standing_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    reader->arena = arena_create(ARENA_BYTES);
    enum err e = json_pointers_create(&reader->pointers, pointers, STATE_FIELD_COUNT, NULL);
    if (e != ERR_NONE || reader->arena == NULL) {
        standing_reader_destroy(reader);
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    *ret_reader = reader;
    return ERR_NONE;
}

void standing_reader_destroy(struct standing_reader *reader)
{
    if (reader != NULL) {
        json_pointers_destroy(reader->pointers);
        arena_destroy(reader->arena);
        free(reader);
    }
}

// What a kind says of the object, and which kind of scope.
static bool read_kind(struct view word, struct standing_key *key)
{
    key->object = view_is(word, "message")     ? CONTROL_OF_MESSAGE
                  : view_is(word, "recipient") ? CONTROL_OF_RECIPIENT
                                               : CONTROL_OF_SCOPE;
    for (unsigned kind = 0; key->object == CONTROL_OF_SCOPE; kind++) {
        if (kind == SCOPE_KIND_COUNT) {
            return false;
        }
        if (view_is(word, scope_kind_names[kind])) {
            key->kind = (enum scope_kind)kind;
            break;
        }
    }
    return true;
}

// tenant/kind/id, and /channel of some; or what waits.
static enum standing_news read_key(
        struct standing_reader *reader, struct view text, struct standing_key *key)
{
    struct view parts[TARGET_KEY_PARTS];
    unsigned count = text.n <= KEY_BYTES_MAX ? target_key_split(text, reader->arena, parts) : 0;
    if (count == 2 && view_is(parts[0], "pending")) {
        return STANDING_NOTHING;
    }
    *key = (struct standing_key){.kind = (enum scope_kind)0};
    bool is_read = count >= 3 && read_kind(parts[1], key) && parts[0].n > 0 && parts[2].n > 0 &&
                   (key->object == CONTROL_OF_SCOPE || count == 3);
    if (!is_read) {
        return STANDING_BAD;
    }
    key->tenant_id = parts[0];
    key->id = parts[2];
    key->channel = parts[3];
    return STANDING_ORDER;
}

// Whether the value is about what its key names.
static bool names(const struct json_value *values, const struct standing_key *key)
{
    const char *kind = key->object == CONTROL_OF_MESSAGE     ? "message"
                       : key->object == CONTROL_OF_RECIPIENT ? "recipient"
                                                             : scope_kind_names[key->kind];
    const struct json_value *channel = &values[STATE_CHANNEL];
    bool has_channel = channel->kind == JSON_STRING && json_string_equals(channel, key->channel);
    bool is_of_channel = view_is_none(key->channel) ? channel->kind == JSON_ABSENT : has_channel;
    return json_string_equals(&values[STATE_KIND], view_of(kind)) &&
           json_string_equals(&values[STATE_ID], key->id) &&
           json_string_equals(&values[STATE_TENANT], key->tenant_id) && is_of_channel;
}

static bool read_action(const struct json_value *values, struct standing_order *order)
{
    struct view action = values[STATE_ACTION].raw;
    if (order->key.object != CONTROL_OF_SCOPE) {
        bool is_hold = view_is(action, "hold");
        order->action = is_hold ? CONTROL_HOLD : CONTROL_RELEASE;
        return is_hold || view_is(action, "release");
    }
    order->action = CONTROL_MODE;
    const struct json_value *mode = &values[STATE_MODE];
    bool is_enforce = mode->kind == JSON_STRING && view_is(mode->raw, "enforce");
    order->mode = is_enforce ? MODE_ENFORCE : MODE_MONITOR;
    return view_is(action, "mode") && mode->kind == JSON_STRING &&
           (is_enforce || view_is(mode->raw, "monitor"));
}

static bool read_value(
        struct standing_reader *reader, struct view text, struct standing_order *order)
{
    struct json_value values[STATE_FIELD_COUNT];
    if (text.n > VALUE_BYTES_MAX || json_scan(reader->pointers, text, values, NULL) != JSON_FINE) {
        return false;
    }
    for (unsigned i = 0; i < STATE_FIELD_COUNT; i++) {
        bool may_be_else = i == STATE_CHANNEL || i == STATE_MODE || i == STATE_SEQUENCE;
        if (values[i].duplicate || (!may_be_else && values[i].kind != JSON_STRING)) {
            return false;
        }
    }
    order->control_id = json_string_take(&values[STATE_CONTROL_ID], reader->arena);
    order->operator_id = json_string_take(&values[STATE_OPERATOR], reader->arena);
    return json_string_equals(&values[STATE_STATE], VIEW("in_force")) &&
           names(values, &order->key) && read_action(values, order) && order->control_id.n > 0 &&
           order->operator_id.n > 0 && values[STATE_SEQUENCE].kind == JSON_NUMBER &&
           json_integer_read(values[STATE_SEQUENCE].raw, &order->sequence) == JSON_INTEGER &&
           order->sequence >= 0 &&
           clock_parse_rfc3339(values[STATE_EXPIRES].raw, &order->until_ms) == CLOCK_OK;
}

enum standing_news standing_reader_read(struct standing_reader *reader,
        const struct raw_message *raw, struct standing_order *ret_order)
{
    arena_reset(reader->arena);
    struct standing_order order = {.until_ms = 0};
    enum standing_news news = read_key(reader, raw->key, &order.key);
    if (news != STANDING_ORDER) {
        return news;
    }
    bool is_tombstone = view_is_none(raw->value);
    bool is_read = is_tombstone ? told_sequence_read(raw, &order.sequence)
                                : read_value(reader, raw->value, &order);
    if (is_read) {
        *ret_order = order;
    }
    return is_read ? STANDING_ORDER : STANDING_BAD;
}
