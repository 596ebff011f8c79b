// "sync1 GENERATION SINCE SOURCE ENDED GAP COUNT NEXT:REACH… TOPIC", one space between two words.
#include "sync/sync_state.h"

#include <string.h>

static void add_number(struct strbuf *sb, int64_t number, char behind)
{
    strbuf_add_i64(sb, number);
    strbuf_add_byte(sb, (uint8_t)behind);
}

void sync_state_add(struct strbuf *sb, const struct sync_state *state)
{
    strbuf_add_text(sb, "sync1 ");
    add_number(sb, (int64_t)state->generation, ' ');
    add_number(sb, state->since_ms, ' ');
    add_number(sb, state->source_ms, ' ');
    add_number(sb, state->ended_ms, ' ');
    add_number(sb, state->has_gap ? 1 : 0, ' ');
    add_number(sb, state->partition_count, ' ');
    for (uint32_t i = 0; i < state->partition_count; i++) {
        add_number(sb, state->positions[i].next, ':');
        add_number(sb, state->positions[i].reach, ' ');
    }
    strbuf_add_text(sb, state->topic);
}

// A whole number of at most 18 digits and the byte behind it.
static bool take_number(
        struct view *text, int64_t least, int64_t most, char behind, int64_t *ret_number)
{
    bool is_negative = text->n > 0 && text->p[0] == '-';
    struct view rest = view_skip(*text, is_negative ? 1 : 0);
    int64_t number = 0;
    size_t digits = 0;
    for (; rest.n > 0 && rest.p[0] >= '0' && rest.p[0] <= '9' && digits < 18; digits++) {
        number = number * 10 + (rest.p[0] - '0');
        rest = view_skip(rest, 1);
    }
    number = is_negative ? -number : number;
    if (digits == 0 || rest.n == 0 || rest.p[0] != behind || number < least || number > most) {
        return false;
    }
    *text = view_skip(rest, 1);
    *ret_number = number;
    return true;
}

static bool take_position(struct view *text, struct sync_position *position)
{
    return take_number(text, -1, INT64_MAX, ':', &position->next) &&
           take_number(text, position->next, INT64_MAX, ' ', &position->reach);
}

enum err sync_state_parse(struct sync_state *ret_state, struct view text)
{
    struct sync_state state = {.generation = 0};
    int64_t generation;
    int64_t gap;
    int64_t count;
    if (!view_starts_with(text, VIEW("sync1 "))) {
        return ERR_DATA;
    }
    text = view_skip(text, 6);
    if (!take_number(&text, 1, INT64_MAX, ' ', &generation) ||
            !take_number(&text, 0, INT64_MAX, ' ', &state.since_ms) ||
            !take_number(&text, 0, INT64_MAX, ' ', &state.source_ms) ||
            !take_number(&text, 0, INT64_MAX, ' ', &state.ended_ms) ||
            !take_number(&text, 0, 1, ' ', &gap) ||
            !take_number(&text, 0, SYNC_PARTITION_MAX, ' ', &count)) {
        return ERR_DATA;
    }
    for (int64_t i = 0; i < count; i++) {
        if (!take_position(&text, &state.positions[i])) {
            return ERR_DATA;
        }
    }
    if (text.n == 0 || text.n >= sizeof state.topic) {
        return ERR_DATA;
    }
    memcpy(state.topic, text.p, text.n);
    state.generation = (uint64_t)generation;
    state.has_gap = gap == 1;
    state.partition_count = (uint32_t)count;
    *ret_state = state;
    return ERR_NONE;
}

bool sync_state_reaches(const struct sync_state *state)
{
    for (uint32_t i = 0; i < state->partition_count; i++) {
        if (state->positions[i].next < state->positions[i].reach) {
            return false;
        }
    }
    return true;
}
