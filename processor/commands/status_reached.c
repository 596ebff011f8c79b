// Whom the incident that is looked at has reached: of its scopes, what was held and when, and the verdicts.
#include <stdlib.h>

#include "commands/status_inside.h"

enum err status_see_command(struct status_board *board, const struct raw_message *raw)
{
    struct json_value values[COMMAND_FIELD_COUNT];
    if (!status_scan(board, board->command_fields, raw->value, values) ||
            !json_string_equals(&values[COMMAND_ACTION], VIEW("hold"))) {
        return ERR_NONE;
    }
    struct view kind = status_text(board, &values[COMMAND_KIND]);
    struct view id = status_text(board, &values[COMMAND_ID]);
    struct view tenant = status_text(board, &values[COMMAND_TENANT]);
    if (view_is(kind, "message")) {
        if (json_string_equals(&values[COMMAND_MODE], VIEW("monitor"))) {
            return ERR_NONE;
        }
        strbuf_reset(&board->key);
        strbuf_printf(&board->key, "%.*s\n%.*s", VIEW_ARGS(tenant), VIEW_ARGS(id));
        return status_put_once(board, board->held_messages, strbuf_view(&board->key));
    }
    if (!json_string_equals(&values[COMMAND_INCIDENT], view_of(board->incident))) {
        return ERR_NONE;
    }
    int64_t issued_ms = status_time(board, &values[COMMAND_ISSUED]);
    if (issued_ms != 0 && (board->held_at_ms == 0 || issued_ms < board->held_at_ms)) {
        board->held_at_ms = issued_ms;
    }
    return status_note_scope(board, kind, id, tenant);
}

static bool has_scope(
        struct status_board *board, const char *kind, struct view tenant, struct view id)
{
    struct view key = status_scope_key(&board->key, view_of(kind), tenant, id, VIEW_NONE);
    return !view_is_none(id) && hashmap_find(board->scopes, key) != HASHMAP_ABSENT;
}

static bool is_of_incident(
        struct status_board *board, const struct json_value *values, struct view tenant)
{
    return has_scope(board, "campaign", tenant, status_text(board, &values[VERDICT_CAMPAIGN])) ||
           has_scope(board, "template", tenant, status_text(board, &values[VERDICT_TEMPLATE])) ||
           has_scope(board, "sender", tenant, status_text(board, &values[VERDICT_SENDER])) ||
           has_scope(board, "vendor", tenant, status_text(board, &values[VERDICT_VENDOR])) ||
           has_scope(board, "tenant", tenant, tenant);
}

static enum err keep_message(struct status_board *board, const struct status_message *message)
{
    if (board->message_count == STATUS_MESSAGES_MAX) {
        board->overflowed++;
        free(message->text);
        return ERR_NONE;
    }
    if (board->message_count == board->message_capacity) {
        uint32_t capacity = board->message_capacity == 0 ? 64 : board->message_capacity * 2;
        struct status_message *grown = realloc(board->messages, capacity * sizeof *grown);
        if (grown == NULL) {
            free(message->text);
            return ERR_NO_MEMORY;
        }
        board->messages = grown;
        board->message_capacity = capacity;
    }
    board->messages[board->message_count++] = *message;
    return ERR_NONE;
}

enum err status_see_verdict(struct status_board *board, const struct raw_message *raw)
{
    struct json_value values[VERDICT_FIELD_COUNT];
    if (!status_scan(board, board->verdict_fields, raw->value, values) ||
            !json_string_equals(&values[VERDICT_WORD], VIEW("misdirected"))) {
        return ERR_NONE;
    }
    struct view tenant = status_text(board, &values[VERDICT_TENANT]);
    tenant = view_is_none(tenant) ? VIEW("default") : tenant;
    int64_t at_ms = status_time(board, &values[VERDICT_TIME]);
    if (at_ms < board->since_ms || !is_of_incident(board, values, tenant)) {
        return ERR_NONE;
    }
    strbuf_reset(&board->key);
    strbuf_printf(&board->key, "%.*s\n%.*s", VIEW_ARGS(tenant),
            VIEW_ARGS(status_text(board, &values[VERDICT_MESSAGE])));
    const struct status_message message = {
            .text = view_dup(raw->value),
            .n = raw->value.n,
            .at_ms = at_ms,
            .was_sent = board->held_at_ms == 0 || at_ms < board->held_at_ms,
            .is_held =
                    hashmap_find(board->held_messages, strbuf_view(&board->key)) != HASHMAP_ABSENT,
    };
    return message.text != NULL ? keep_message(board, &message) : ERR_NO_MEMORY;
}
