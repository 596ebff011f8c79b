// Whom the incident that is looked at has reached: of its scopes, what was held and when, and the verdicts.
#include <stdlib.h>

#include "commands/status_inside.h"
#include "common/room.h"

static void note_release(struct status_board *board, const struct json_value *values)
{
    int64_t issued_ms = status_time(board, &values[SPOKEN_ISSUED]);
    if (json_string_equals(&values[SPOKEN_INCIDENT], view_of(board->incident)) &&
            issued_ms > board->released_at_ms) {
        board->released_at_ms = issued_ms;
    }
}

static struct view message_key(struct status_board *board, struct view tenant, struct view id)
{
    strbuf_reset(&board->key);
    strbuf_printf(&board->key, "%.*s\n%.*s", VIEW_ARGS(tenant), VIEW_ARGS(id));
    return strbuf_view(&board->key);
}

static enum err note_word(struct status_board *board, struct last_words *words, struct view key,
        const struct spoken_word *word)
{
    enum err e = last_words_note(words, key, word);
    board->overflowed += e == ERR_CEILING;
    return e == ERR_CEILING ? ERR_NONE : e;
}

// What is said of a message or recipient. Which messages of a recipient are concerned the verdicts tell.
static enum err see_single(struct status_board *board, const struct json_value *values)
{
    struct spoken_word word;
    if (!spoken_word_read(values, &word)) {
        return ERR_NONE;
    }
    struct view key = message_key(board, status_text(board, &values[SPOKEN_TENANT]),
            status_text(board, &values[SPOKEN_ID]));
    struct last_words *words = word.of_recipient ? board->of_recipients : board->of_messages;
    enum err e = word.is_judges ? ERR_NONE : note_word(board, words, key, &word);
    return e != ERR_NONE || word.is_release || word.of_recipient
                   ? e
                   : status_put_once(board, board->held_messages, key);
}

enum err status_see_command(struct status_board *board, const struct raw_message *raw)
{
    struct json_value values[SPOKEN_FIELD_COUNT];
    if (!status_scan(board, board->command_fields, raw->value, values)) {
        return ERR_NONE;
    }
    if (json_string_equals(&values[SPOKEN_KIND], VIEW("message")) ||
            json_string_equals(&values[SPOKEN_KIND], VIEW("recipient"))) {
        return see_single(board, values);
    }
    if (!json_string_equals(&values[SPOKEN_ACTION], VIEW("hold"))) {
        note_release(board, values);
        return ERR_NONE;
    }
    struct view kind = status_text(board, &values[SPOKEN_KIND]);
    struct view id = status_text(board, &values[SPOKEN_ID]);
    struct view tenant = status_text(board, &values[SPOKEN_TENANT]);
    if (!json_string_equals(&values[SPOKEN_INCIDENT], view_of(board->incident))) {
        return ERR_NONE;
    }
    int64_t issued_ms = status_time(board, &values[SPOKEN_ISSUED]);
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

// What a person has said last.
static enum last_word word_of(struct status_board *board, const struct json_value *values,
        struct view tenant, struct view message, int64_t at_ms)
{
    enum last_word own = last_words_of(board->of_messages, message, at_ms);
    struct view recipient = // overwrites the message's
            message_key(board, tenant, status_text(board, &values[VERDICT_PSEUDONYM]));
    return last_word_together(own, last_words_of(board->of_recipients, recipient, at_ms),
            json_array_has(&values[VERDICT_REASONS], VIEW("blocked")));
}

static enum err keep_message(struct status_board *board, const struct status_message *message)
{
    if (board->message_count == STATUS_MESSAGES_MAX) {
        board->overflowed++;
        free(message->text);
        return ERR_NONE;
    }
    struct status_message *messages = room_for_row(
            board->messages, board->message_count, &board->message_capacity, 64, sizeof *messages);
    if (messages == NULL) {
        free(message->text);
        return ERR_NO_MEMORY;
    }
    board->messages = messages;
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
    int64_t end_ms = board->released_at_ms != 0 ? board->released_at_ms : board->closed_at_ms;
    bool is_behind = end_ms != 0 && at_ms > end_ms; // as the incident report has it
    if (at_ms < board->since_ms || is_behind || !is_of_incident(board, values, tenant)) {
        return ERR_NONE;
    }
    struct view key = message_key(board, tenant, status_text(board, &values[VERDICT_MESSAGE]));
    if (hashmap_find(board->seen_messages, key) != HASHMAP_ABSENT) {
        return ERR_NONE;
    }
    bool has_hold = hashmap_find(board->held_messages, key) != HASHMAP_ABSENT;
    enum last_word word = word_of(board, values, tenant, key, at_ms); // overwrites the key
    bool is_released = word == LAST_WORD_RELEASE || word == LAST_WORD_RELEASE_AT_ONCE;
    const struct status_message message = {
            .text = view_dup(raw->value),
            .n = raw->value.n,
            .at_ms = at_ms,
            .was_sent = board->held_at_ms == 0 || at_ms < board->held_at_ms,
            .is_held = has_hold && !is_released,
            .is_released = is_released,
            .is_at_once = word == LAST_WORD_RELEASE_AT_ONCE,
    };
    if (message.text == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = keep_message(board, &message);
    key = message_key(board, tenant, status_text(board, &values[VERDICT_MESSAGE]));
    return e != ERR_NONE || board->message_count == STATUS_MESSAGES_MAX
                   ? e
                   : status_put_once(board, board->seen_messages, key);
}
