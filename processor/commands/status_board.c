#include <stdlib.h>
#include <string.h>

#include "commands/status_inside.h"
#include "common/clock.h"
#include "common/room.h"

enum {
    HELD_MAX = 1 << 20,
    INCIDENTS_MAX = 1 << 18,
    OUTCOMES_MAX = 1 << 18,
    RECORDS_MAX = 1 << 18,
    RELEASES_MAX = 1 << 18,
    SCOPES_MAX = 1 << 12,
    ARENA_BYTES = 4 * 1024 * 1024,
    KEY_MAX_BYTES = 64 * 1024,
};

// --- making and unmaking ----------------------------------------------------------------------

enum err status_board_create(struct status_board **ret_board, struct view incident)
{
    struct status_board *board = calloc(1, sizeof *board);
    if (board == NULL) {
        return ERR_NO_MEMORY;
    }
    strbuf_init(&board->key, KEY_MAX_BYTES);
    board->arena = arena_create(ARENA_BYTES);
    board->held.by_key = hashmap_create(HELD_MAX);
    board->incidents.by_key = hashmap_create(INCIDENTS_MAX);
    board->outcomes.by_key = hashmap_create(OUTCOMES_MAX);
    board->records.by_key = hashmap_create(RECORDS_MAX);
    board->releases.by_key = hashmap_create(RELEASES_MAX);
    board->scopes = hashmap_create(SCOPES_MAX);
    board->held_messages = hashmap_create(STATUS_MESSAGES_MAX);
    board->seen_messages = hashmap_create(STATUS_MESSAGES_MAX);
    board->incident = view_is_none(incident) ? NULL : view_dup(incident);
    enum err e = status_fields_create(board);
    e = e != ERR_NONE ? e : last_words_create(&board->of_messages, STATUS_MESSAGES_MAX);
    e = e != ERR_NONE ? e : last_words_create(&board->of_recipients, STATUS_MESSAGES_MAX);
    bool has_memory = board->arena != NULL && board->held.by_key != NULL &&
                      board->incidents.by_key != NULL && board->outcomes.by_key != NULL &&
                      board->records.by_key != NULL && board->releases.by_key != NULL &&
                      board->scopes != NULL && board->held_messages != NULL &&
                      board->seen_messages != NULL &&
                      (board->incident != NULL || view_is_none(incident));
    if (e != ERR_NONE || !has_memory) {
        status_board_destroy(board);
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    *ret_board = board;
    return ERR_NONE;
}

static void table_fini(struct status_table *table)
{
    uint32_t count = table->by_key != NULL ? hashmap_count(table->by_key) : 0;
    for (uint32_t i = 0; i < count; i++) {
        free(table->rows[i].text);
        free(table->rows[i].opened_at);
        free(table->rows[i].acknowledged_by);
    }
    free(table->rows);
    hashmap_destroy(table->by_key);
}

void status_board_destroy(struct status_board *board)
{
    if (board == NULL) {
        return;
    }
    table_fini(&board->held);
    table_fini(&board->incidents);
    table_fini(&board->outcomes);
    table_fini(&board->records);
    table_fini(&board->releases);
    hashmap_destroy(board->scopes);
    hashmap_destroy(board->held_messages);
    last_words_destroy(board->of_messages);
    last_words_destroy(board->of_recipients);
    hashmap_destroy(board->seen_messages);
    for (uint32_t i = 0; i < board->message_count; i++) {
        free(board->messages[i].text);
    }
    free(board->messages);
    status_fields_destroy(board);
    arena_destroy(board->arena);
    strbuf_fini(&board->key);
    free(board->incident);
    free(board);
}

uint64_t status_unreadable(const struct status_board *board)
{
    return board->unreadable;
}

bool status_knows_incident(const struct status_board *board)
{
    return board->is_known;
}

// --- rows -------------------------------------------------------------------------------------

struct status_row *status_row_of(
        struct status_board *board, struct status_table *table, struct view key, enum err *ret_e)
{
    uint32_t at = hashmap_find(table->by_key, key);
    *ret_e = ERR_NONE;
    if (at != HASHMAP_ABSENT) {
        return &table->rows[at];
    }
    at = hashmap_count(table->by_key);
    struct status_row *rows = room_for_row(table->rows, at, &table->capacity, 64, sizeof *rows);
    if (rows == NULL) {
        *ret_e = ERR_NO_MEMORY;
        return NULL;
    }
    table->rows = rows;
    enum err e = hashmap_put(table->by_key, key, at);
    if (e != ERR_NONE) {
        board->overflowed += e == ERR_CEILING;
        *ret_e = e == ERR_CEILING ? ERR_NONE : e;
        return NULL;
    }
    table->rows[at] = (struct status_row){.sequence = -1};
    return &table->rows[at];
}

struct status_row *status_row_find(const struct status_table *table, struct view key)
{
    uint32_t at = hashmap_find(table->by_key, key);
    return at != HASHMAP_ABSENT ? &table->rows[at] : NULL;
}

enum err status_keep_text(struct status_row *row, struct view text)
{
    char *copy = view_dup(text);
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    free(row->text);
    row->text = copy;
    row->n = text.n;
    return ERR_NONE;
}

void status_drop_text(struct status_row *row)
{
    free(row->text);
    row->text = NULL;
    row->n = 0;
}

struct view status_text(struct status_board *board, const struct json_value *value)
{
    return value->kind == JSON_STRING ? json_string_take(value, board->arena) : VIEW_NONE;
}

int64_t status_time(struct status_board *board, const struct json_value *value)
{
    int64_t ms = 0;
    return clock_parse_rfc3339(status_text(board, value), &ms) == CLOCK_OK ? ms : 0;
}

bool status_scan(struct status_board *board, const struct json_pointers *fields, struct view json,
        struct json_value *ret_values)
{
    arena_reset(board->arena);
    bool is_good = !view_is_none(json) && json_scan(fields, json, ret_values, NULL) == JSON_FINE;
    board->unreadable += !is_good;
    return is_good;
}

// --- what is held -----------------------------------------------------------------------------

static enum err lift(struct status_board *board, const struct raw_message *raw)
{
    struct status_row *row = status_row_find(&board->held, raw->key);
    if (row != NULL) {
        status_drop_text(row);
    }
    return ERR_NONE;
}

enum err status_see_state(struct status_board *board, const struct raw_message *raw)
{
    struct json_value values[STATE_FIELD_COUNT];
    if (view_is_none(raw->key)) {
        board->unreadable++;
        return ERR_NONE;
    }
    if (view_is_none(raw->value)) {
        return lift(board, raw);
    }
    if (!status_scan(board, board->state_fields, raw->value, values)) {
        return ERR_NONE;
    }
    int64_t sequence = -1;
    if (values[STATE_SEQUENCE].kind != JSON_NUMBER ||
            json_integer_read(values[STATE_SEQUENCE].raw, &sequence) != JSON_INTEGER) {
        board->unreadable++;
        return ERR_NONE;
    }
    bool is_meant = board->incident == NULL ||
                    json_string_equals(&values[STATE_INCIDENT], view_of(board->incident));
    enum err e;
    struct status_row *row = is_meant ? status_row_of(board, &board->held, raw->key, &e) : NULL;
    if (row == NULL) {
        return is_meant ? e : lift(board, raw); // another incident's now
    }
    if (sequence <= row->sequence) { // a zombie's
        return ERR_NONE;
    }
    row->sequence = sequence;
    row->until_ms = status_time(board, &values[STATE_EXPIRES]);
    return status_keep_text(row, raw->value);
}

// --- incidents --------------------------------------------------------------------------------

static enum err keep_opening(
        struct status_board *board, const struct json_value *values, struct status_row *row)
{
    if (row->opened_at == NULL &&
            json_string_equals(&values[INCIDENT_TYPE], VIEW("incident.opened"))) {
        row->opened_at = view_dup(status_text(board, &values[INCIDENT_TIME]));
        return row->opened_at != NULL ? ERR_NONE : ERR_NO_MEMORY;
    }
    return ERR_NONE;
}

// The first stays: whoever comes later finds it acknowledged before.
static enum err keep_acknowledged(
        struct status_board *board, struct status_row *row, const struct json_value *operator_id)
{
    if (row->acknowledged_by != NULL || operator_id->kind != JSON_STRING) {
        return ERR_NONE;
    }
    row->acknowledged_by = view_dup(status_text(board, operator_id));
    return row->acknowledged_by != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err see_acknowledged(struct status_board *board, const struct json_value *values)
{
    if (!json_string_equals(&values[INCIDENT_ACTION], VIEW("acknowledge")) ||
            !json_string_equals(&values[INCIDENT_STATE], VIEW("applied")) ||
            !json_string_equals(&values[INCIDENT_WHY], VIEW("acknowledged"))) {
        return ERR_NONE;
    }
    uint32_t at =
            hashmap_find(board->incidents.by_key, status_text(board, &values[INCIDENT_OF_CONTROL]));
    return at != HASHMAP_ABSENT ? keep_acknowledged(board, &board->incidents.rows[at],
                                          &values[INCIDENT_OPERATOR])
                                : ERR_NONE;
}

struct view status_scope_key(struct strbuf *sb, struct view kind, struct view tenant,
        struct view id, struct view channel)
{
    strbuf_reset(sb);
    const struct view parts[] = {kind, tenant, id, channel};
    for (size_t i = 0; i < 4; i++) {
        strbuf_add_text(sb, i > 0 ? "\n" : "");
        strbuf_add_view(sb, parts[i]);
    }
    return strbuf_view(sb);
}

enum err status_put_once(struct status_board *board, struct hashmap *map, struct view key)
{
    if (hashmap_find(map, key) != HASHMAP_ABSENT) {
        return ERR_NONE;
    }
    enum err e = hashmap_put(map, key, 0);
    board->overflowed += e == ERR_CEILING;
    return e == ERR_CEILING ? ERR_NONE : e;
}

enum err status_note_scope(
        struct status_board *board, struct view kind, struct view id, struct view tenant)
{
    if (view_is_none(kind) || view_is_none(id) || view_is_none(tenant)) {
        return ERR_NONE;
    }
    struct view key = status_scope_key(&board->key, kind, tenant, id, VIEW_NONE);
    return board->key.failed != ERR_NONE ? board->key.failed
                                         : status_put_once(board, board->scopes, key);
}

static enum err look_closely(struct status_board *board, const struct json_value *values)
{
    board->is_known = true;
    if (json_string_equals(&values[INCIDENT_TYPE], VIEW("incident.closed"))) {
        board->closed_at_ms = status_time(board, &values[INCIDENT_TIME]);
    }
    int64_t since_ms = status_time(board, &values[INCIDENT_SINCE]);
    if (since_ms != 0 && (board->since_ms == 0 || since_ms < board->since_ms)) {
        board->since_ms = since_ms;
    }
    return status_note_scope(board, status_text(board, &values[INCIDENT_KIND]),
            status_text(board, &values[INCIDENT_SCOPE]),
            status_text(board, &values[INCIDENT_TENANT]));
}

// Whether an alert is of an incident that is open by then. The release of a person's hold has an id of its
// own, which no incident was ever opened with; nothing that comes behind the end opens it again.
static bool is_of_open(const struct status_board *board, struct view type, struct view id)
{
    uint32_t at = hashmap_find(board->incidents.by_key, id);
    return view_is(type, "incident.opened") || view_is(type, "incident.escalated") ||
           (at != HASHMAP_ABSENT && board->incidents.rows[at].text != NULL);
}

enum err status_see_alert(struct status_board *board, const struct raw_message *raw)
{
    struct json_value values[INCIDENT_FIELD_COUNT];
    if (!status_scan(board, board->incident_fields, raw->value, values)) {
        return ERR_NONE;
    }
    struct view type = status_text(board, &values[INCIDENT_TYPE]);
    struct view id = status_text(board, &values[INCIDENT_ID]);
    if (view_is(type, "control.outcome")) {
        enum err e = see_acknowledged(board, values);
        return e != ERR_NONE ? e : status_see_outcome(board, values, raw);
    }
    if (!view_starts_with(type, VIEW("incident.")) || view_is_none(id) ||
            (board->incident != NULL && !view_is(id, board->incident))) {
        return ERR_NONE;
    }
    enum err e = status_see_release(board, values, raw); // also of a hold that has no incident
    if (e != ERR_NONE || (board->incident == NULL && !is_of_open(board, type, id))) {
        return e;
    }
    e = board->incident != NULL ? look_closely(board, values) : ERR_NONE;
    struct status_row *row = e == ERR_NONE ? status_row_of(board, &board->incidents, id, &e) : NULL;
    if (row == NULL) {
        return e;
    }
    if (view_is(type, "incident.closed") && board->incident == NULL) {
        status_drop_text(row);
        return ERR_NONE;
    }
    e = keep_opening(board, values, row);
    e = e != ERR_NONE ? e : keep_acknowledged(board, row, &values[INCIDENT_ANSWERED_BY]);
    return e != ERR_NONE ? e : status_keep_text(row, raw->value);
}
