// What people have commanded: what waits for a second person, what is in force, and which holds are on their
// way to the end. The control-state topic says most of the former; the outcomes among the alerts say the rest
// where that topic is not there, and what is over.
#include "commands/status_inside.h"

// Keeps what the last word on a command is: once it is over it stays so, in whichever order partitions are read.
enum err status_see_outcome(
        struct status_board *board, const struct json_value *values, const struct raw_message *raw)
{
    struct view id = status_text(board, &values[INCIDENT_CONTROL_ID]);
    bool is_pending = json_string_equals(&values[INCIDENT_STATE], VIEW("pending"));
    if (view_is_none(id) || json_string_equals(&values[INCIDENT_STATE], VIEW("unknown"))) {
        return ERR_NONE;
    }
    if (board->incident != NULL &&
            !json_string_equals(&values[INCIDENT_OF_CONTROL], view_of(board->incident))) {
        return ERR_NONE;
    }
    enum err e;
    struct status_row *row = status_row_of(board, &board->outcomes, id, &e);
    if (row == NULL || row->is_over) {
        return e;
    }
    if (!is_pending) {
        row->is_over = true;
        status_drop_text(row);
        return ERR_NONE;
    }
    struct json_value asked[ASKED_FIELD_COUNT];
    if (!status_scan(board, board->outcome_fields, raw->value, asked)) {
        return ERR_NONE;
    }
    row->until_ms = status_time(board, &asked[ASKED_EXPIRES]);
    return status_keep_text(row, raw->value);
}

static enum err note_record(
        struct status_board *board, const struct json_value *asked, bool is_pending)
{
    enum err e = ERR_NONE;
    struct view id = status_text(board, &asked[ASKED_ID]);
    struct status_row *row =
            is_pending && !view_is_none(id) ? status_row_of(board, &board->outcomes, id, &e) : NULL;
    if (row != NULL) {
        row->has_record = true;
    }
    return e;
}

enum err status_see_control_state(struct status_board *board, const struct raw_message *raw)
{
    struct json_value asked[ASKED_FIELD_COUNT];
    enum err e;
    if (view_is_none(raw->key)) {
        board->unreadable++;
        return ERR_NONE;
    }
    if (view_is_none(raw->value)) {
        struct status_row *lifted = status_row_find(&board->records, raw->key);
        if (lifted != NULL) {
            status_drop_text(lifted);
        }
        return ERR_NONE;
    }
    if (!status_scan(board, board->record_fields, raw->value, asked)) {
        return ERR_NONE;
    }
    if (board->incident != NULL &&
            !json_string_equals(&asked[ASKED_INCIDENT], view_of(board->incident))) {
        return ERR_NONE;
    }
    int64_t sequence = -1;
    bool has_sequence = asked[ASKED_SEQUENCE].kind == JSON_NUMBER &&
                        json_integer_read(asked[ASKED_SEQUENCE].raw, &sequence) == JSON_INTEGER;
    board->unreadable += !has_sequence;
    struct status_row *row =
            has_sequence ? status_row_of(board, &board->records, raw->key, &e) : NULL;
    if (row == NULL) {
        return has_sequence ? e : ERR_NONE;
    }
    if (sequence <= row->sequence) { // a zombie's
        return ERR_NONE;
    }
    row->sequence = sequence;
    row->until_ms = status_time(board, &asked[ASKED_EXPIRES]);
    e = status_keep_text(row, raw->value);
    return e != ERR_NONE ? e
                         : note_record(board, asked,
                                   json_string_equals(&asked[ASKED_STATE], VIEW("pending")));
}

enum err status_see_release(
        struct status_board *board, const struct json_value *values, const struct raw_message *raw)
{
    if (values[INCIDENT_RELEASE].kind != JSON_STRING) {
        return ERR_NONE;
    }
    struct view key = status_scope_key(&board->key, status_text(board, &values[INCIDENT_KIND]),
            status_text(board, &values[INCIDENT_TENANT]),
            status_text(board, &values[INCIDENT_SCOPE]),
            status_text(board, &values[INCIDENT_CHANNEL]));
    int64_t at_ms = status_time(board, &values[INCIDENT_TIME]);
    enum err e = board->key.failed;
    struct status_row *row = e == ERR_NONE ? status_row_of(board, &board->releases, key, &e) : NULL;
    if (row == NULL || at_ms < row->at_ms) { // of another incident, in another partition
        return e;
    }
    row->at_ms = at_ms;
    return status_keep_text(row, raw->value);
}

// --- what is shown ----------------------------------------------------------------------------

static bool is_over(const struct status_board *board, struct view control_id)
{
    const struct status_row *row = status_row_find(&board->outcomes, control_id);
    return row != NULL && row->is_over;
}

static enum status_standing standing_by(int64_t until_ms, int64_t now_ms)
{
    return until_ms == 0 || until_ms > now_ms ? STANDING_PENDING : STANDING_VOID;
}

enum status_standing status_standing_of(
        const struct status_board *board, uint32_t row, bool is_record, int64_t now_ms)
{
    const struct status_row *shown =
            is_record ? &board->records.rows[row] : &board->outcomes.rows[row];
    if (shown->text == NULL) {
        return STANDING_NONE;
    }
    if (!is_record) {
        return shown->has_record ? STANDING_NONE : standing_by(shown->until_ms, now_ms);
    }
    struct json_value asked[ASKED_FIELD_COUNT];
    arena_reset(board->arena);
    if (json_scan(board->record_fields, view_bytes(shown->text, shown->n), asked, NULL) !=
            JSON_FINE) {
        return STANDING_NONE;
    }
    if (!json_string_equals(&asked[ASKED_STATE], VIEW("pending"))) {
        return shown->until_ms == 0 || shown->until_ms > now_ms ? STANDING_IN_FORCE : STANDING_NONE;
    }
    struct view id = asked[ASKED_ID].kind == JSON_STRING
                             ? json_string_take(&asked[ASKED_ID], board->arena)
                             : VIEW_NONE;
    return is_over(board, id) ? STANDING_NONE : standing_by(shown->until_ms, now_ms);
}

struct view status_pending_operator(const struct status_board *board, struct view control_id)
{
    for (int is_record = 0; is_record < 2; is_record++) {
        const struct status_table *table = is_record ? &board->records : &board->outcomes;
        const struct json_pointers *fields =
                is_record ? board->record_fields : board->outcome_fields;
        for (uint32_t i = 0; i < hashmap_count(table->by_key); i++) {
            const struct status_row *row = &table->rows[i];
            struct json_value asked[ASKED_FIELD_COUNT];
            arena_reset(board->arena);
            if (row->text != NULL &&
                    json_scan(fields, view_bytes(row->text, row->n), asked, NULL) == JSON_FINE &&
                    json_string_equals(&asked[ASKED_ID], control_id) &&
                    json_string_equals(&asked[ASKED_STATE], VIEW("pending"))) {
                return asked[ASKED_OPERATOR].kind == JSON_STRING
                               ? json_string_take(&asked[ASKED_OPERATOR], board->arena)
                               : VIEW_NONE;
            }
        }
    }
    return VIEW_NONE;
}
