// A status board as text and as JSON.
#include "commands/shown.h"
#include "commands/status_inside.h"
#include "common/json_out.h"

enum { ARENA_BYTES = 1024 * 1024 };

static struct view row_text(const struct status_row *row)
{
    return row->text != NULL ? view_bytes(row->text, row->n) : VIEW_NONE;
}

static uint32_t count_rows(const struct status_table *table)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hashmap_count(table->by_key); i++) {
        count += table->rows[i].text != NULL;
    }
    return count;
}

// --- JSON -------------------------------------------------------------------------------------

static void add_text_or_null(struct json_out *out, const char *key, const char *text)
{
    json_string_or_null(out, key, text != NULL ? view_of(text) : VIEW_NONE);
}

static void add_incident_json(struct json_out *out, const struct status_row *row)
{
    json_object(out, NULL);
    add_text_or_null(out, "opened_at", row->opened_at);
    add_text_or_null(out, "acknowledged_by", row->acknowledged_by);
    json_raw(out, "last_alert", row_text(row));
    json_object_end(out);
}

static void add_messages_json(struct json_out *out, const struct status_board *board)
{
    json_array(out, "messages");
    for (uint32_t i = 0; i < board->message_count; i++) {
        const struct status_message *message = &board->messages[i];
        json_object(out, NULL);
        json_bool(out, "sent_before_hold", message->was_sent);
        json_bool(out, "message_hold", message->is_held);
        json_raw(out, "verdict", view_bytes(message->text, message->n));
        json_object_end(out);
    }
    json_array_end(out);
}

void status_add_json(struct strbuf *sb, const struct status_board *board)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_array(&out, "held");
    for (uint32_t i = 0; i < hashmap_count(board->held.by_key); i++) {
        if (board->held.rows[i].text != NULL) {
            json_raw(&out, NULL, row_text(&board->held.rows[i]));
        }
    }
    json_array_end(&out);
    json_array(&out, "incidents");
    for (uint32_t i = 0; i < hashmap_count(board->incidents.by_key); i++) {
        if (board->incidents.rows[i].text != NULL) {
            add_incident_json(&out, &board->incidents.rows[i]);
        }
    }
    json_array_end(&out);
    if (board->incident != NULL) {
        add_messages_json(&out, board);
    }
    json_int(&out, "unreadable", (int64_t)board->unreadable);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
}

// --- text -------------------------------------------------------------------------------------

struct printing {
    struct strbuf *sb;
    struct arena *arena;
};

static void add_value(const struct printing *p, const struct json_value *value)
{
    shown_add_value(p->sb, value, 0, p->arena);
}

// Behind a '|', where there is something to say.
static void add_part(const struct printing *p, const char *word, const struct json_value *value)
{
    if (value->kind == JSON_STRING || value->kind == JSON_NUMBER) {
        strbuf_printf(p->sb, "| %s ", word);
        add_value(p, value);
    }
}

static void end_line(const struct printing *p)
{
    if (p->sb->n > 0 && p->sb->failed == ERR_NONE && p->sb->p[p->sb->n - 1] == ' ') {
        strbuf_truncate(p->sb, p->sb->n - 1);
    }
    strbuf_add_byte(p->sb, '\n');
}

static void add_held(const struct printing *p, const struct status_board *board, struct view json)
{
    struct json_value values[STATE_FIELD_COUNT];
    arena_reset(p->arena);
    if (json_scan(board->state_fields, json, values, NULL) != JSON_FINE) {
        return;
    }
    strbuf_add_text(p->sb, "  ");
    shown_add_value(p->sb, &values[STATE_TIER], 10, p->arena);
    shown_add_scope(p->sb, &values[STATE_KIND], &values[STATE_ID], &values[STATE_TENANT], p->arena);
    add_part(p, "", &values[STATE_REASON]);
    add_part(p, "until", &values[STATE_EXPIRES]);
    add_part(p, "by", &values[STATE_OPERATOR]);
    add_part(p, "canary of", &values[STATE_CANARY]);
    add_part(p, "incident", &values[STATE_INCIDENT]);
    if (json_string_equals(&values[STATE_MODE], VIEW("monitor"))) {
        strbuf_add_text(p->sb, "| monitor only ");
    }
    end_line(p);
}

static void add_incident(
        const struct printing *p, const struct status_board *board, const struct status_row *row)
{
    struct json_value values[INCIDENT_FIELD_COUNT];
    arena_reset(p->arena);
    if (json_scan(board->incident_fields, row_text(row), values, NULL) != JSON_FINE) {
        return;
    }
    strbuf_add_text(p->sb, "  ");
    add_value(p, &values[INCIDENT_ID]);
    shown_add_value(p->sb, &values[INCIDENT_TIER], 10, p->arena);
    shown_add_scope(p->sb, &values[INCIDENT_KIND], &values[INCIDENT_SCOPE],
            &values[INCIDENT_TENANT], p->arena);
    add_part(p, "cause", &values[INCIDENT_CAUSE]);
    add_part(p, "escaped", &values[INCIDENT_ESCAPED]);
    add_part(p, "held", &values[INCIDENT_HELD]);
    if (row->opened_at != NULL) {
        strbuf_add_text(p->sb, "| opened ");
        shown_add(p->sb, view_of(row->opened_at));
        strbuf_add_byte(p->sb, ' ');
    }
    if (row->acknowledged_by != NULL) {
        strbuf_add_text(p->sb, "| acknowledged by ");
        shown_add(p->sb, view_of(row->acknowledged_by));
    }
    if (json_string_equals(&values[INCIDENT_TYPE], VIEW("incident.closed"))) {
        strbuf_add_text(p->sb, "| closed");
    }
    end_line(p);
}

// One list of messages: those judged before the hold, or those behind it.
static void add_messages(const struct printing *p, const struct status_board *board, bool was_sent,
        const struct json_pointers *fields)
{
    uint32_t count = 0;
    uint32_t held = 0;
    for (uint32_t i = 0; i < board->message_count; i++) {
        const struct status_message *message = &board->messages[i];
        count += message->was_sent == was_sent;
        held += message->was_sent == was_sent && message->is_held;
    }
    strbuf_printf(p->sb,
            "judged %s the hold: %u messages to wrong people, of these held one by one %u\n",
            was_sent ? "before" : "behind", count, held);
    for (uint32_t i = 0; i < board->message_count; i++) {
        const struct status_message *message = &board->messages[i];
        struct json_value values[3];
        arena_reset(p->arena);
        if (message->was_sent != was_sent ||
                json_scan(fields, view_bytes(message->text, message->n), values, NULL) !=
                        JSON_FINE) {
            continue;
        }
        strbuf_add_text(p->sb, "  ");
        shown_add_value(p->sb, &values[0], 24, p->arena);
        add_value(p, &values[1]);
        add_value(p, &values[2]);
        strbuf_add_text(p->sb, message->is_held ? "held by itself" : "");
        end_line(p);
    }
}

static void add_all(const struct printing *p, const struct status_board *board)
{
    strbuf_printf(p->sb, "held: %u\n", count_rows(&board->held));
    for (uint32_t i = 0; i < hashmap_count(board->held.by_key); i++) {
        if (board->held.rows[i].text != NULL) {
            add_held(p, board, row_text(&board->held.rows[i]));
        }
    }
    strbuf_printf(p->sb, "%s: %u\n", board->incident != NULL ? "incident" : "open incidents",
            count_rows(&board->incidents));
    for (uint32_t i = 0; i < hashmap_count(board->incidents.by_key); i++) {
        if (board->incidents.rows[i].text != NULL) {
            add_incident(p, board, &board->incidents.rows[i]);
        }
    }
}

void status_add_text(struct strbuf *sb, const struct status_board *board)
{
    static const char *const fields[] = {"/occurred_at", "/message_id", "/recipient_pseudonym"};
    struct json_pointers *pointers = NULL;
    const struct printing p = {sb, arena_create(ARENA_BYTES)};
    if (p.arena == NULL || json_pointers_create(&pointers, fields, 3, NULL) != ERR_NONE) {
        sb->failed = ERR_NO_MEMORY;
    } else {
        add_all(&p, board);
        if (board->incident != NULL) {
            add_messages(&p, board, true, pointers);
            add_messages(&p, board, false, pointers);
        }
    }
    json_pointers_destroy(pointers);
    arena_destroy(p.arena);
}
