// A status board as JSON: the records as they came, sorted by what holds now.
#include "commands/status_inside.h"
#include "common/json_out.h"

static struct view row_text(const struct status_row *row)
{
    return row->text != NULL ? view_bytes(row->text, row->n) : VIEW_NONE;
}

static void add_text_or_null(struct json_out *out, const char *key, const char *text)
{
    json_string_or_null(out, key, text != NULL ? view_of(text) : VIEW_NONE);
}

static void add_incident(struct json_out *out, const struct status_row *row)
{
    json_object(out, NULL);
    add_text_or_null(out, "opened_at", row->opened_at);
    add_text_or_null(out, "acknowledged_by", row->acknowledged_by);
    json_raw(out, "last_alert", row_text(row));
    json_object_end(out);
}

static void add_messages(struct json_out *out, const struct status_board *board)
{
    json_array(out, "messages");
    for (uint32_t i = 0; i < board->message_count; i++) {
        const struct status_message *message = &board->messages[i];
        json_object(out, NULL);
        json_bool(out, "reached", status_has_reached(message));
        json_bool(out, "before_hold", message->was_sent);
        json_bool(out, "message_hold", message->is_held);
        json_bool(out, "message_released", message->is_released);
        json_raw(out, "verdict", view_bytes(message->text, message->n));
        json_object_end(out);
    }
    json_array_end(out);
}

static void add_holds(struct json_out *out, const char *key, const struct status_board *board,
        int64_t now_ms, bool has_run_out)
{
    json_array(out, key);
    for (uint32_t i = 0; i < hashmap_count(board->held.by_key); i++) {
        const struct status_row *row = &board->held.rows[i];
        if (row->text != NULL && status_has_run_out(row, now_ms) == has_run_out) {
            json_raw(out, NULL, row_text(row));
        }
    }
    json_array_end(out);
}

static void add_commands(struct json_out *out, const char *key, const struct status_board *board,
        int64_t now_ms, enum status_standing standing)
{
    json_array(out, key);
    for (uint32_t i = 0; i < hashmap_count(board->records.by_key); i++) {
        if (status_standing_of(board, i, true, now_ms) == standing) {
            json_raw(out, NULL, row_text(&board->records.rows[i]));
        }
    }
    for (uint32_t i = 0; i < hashmap_count(board->outcomes.by_key); i++) {
        struct json_value control;
        if (status_standing_of(board, i, false, now_ms) == standing &&
                json_scan(board->control, row_text(&board->outcomes.rows[i]), &control, NULL) ==
                        JSON_FINE) {
            json_raw(out, NULL, control.raw);
        }
    }
    json_array_end(out);
}

void status_add_json(
        struct strbuf *sb, const struct status_board *board, const struct status_look *look)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_time(&out, "as_of", look->now_ms);
    add_holds(&out, "held", board, look->now_ms, false);
    add_holds(&out, "ran_out", board, look->now_ms, true);
    add_commands(&out, "pending", board, look->now_ms, STANDING_PENDING);
    add_commands(&out, "in_force", board, look->now_ms, STANDING_IN_FORCE);
    json_array(&out, "incidents");
    for (uint32_t i = 0; i < hashmap_count(board->incidents.by_key); i++) {
        if (board->incidents.rows[i].text != NULL) {
            add_incident(&out, &board->incidents.rows[i]);
        }
    }
    json_array_end(&out);
    if (board->incident != NULL) {
        add_messages(&out, board);
    }
    json_int(&out, "unreadable", (int64_t)board->unreadable);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
}
