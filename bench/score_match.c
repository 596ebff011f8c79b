#include "bench/score_match.h"

#include <stdlib.h>

#include "bench/score_place.h"

const char *const score_relation_names[RELATION_COUNT] = {
        "none", "exact", "equivalent", "narrower", "wider", "overlapping"};

// Whether a row is the first about a message that an incident made misdirected; which incident.
static bool is_of_incident(const struct score_data *data, uint32_t row, uint32_t *ret_incident)
{
    const struct score_message *message = &data->messages[row];
    const struct score_label *label = score_label_of(data, message);
    if (label == NULL || message->again || label->incident == SCORE_NONE ||
            label->expected != VERDICT_MISDIRECTED) {
        return false;
    }
    *ret_incident = label->incident;
    return true;
}

// --- what was planted -------------------------------------------------------------------------

static uint32_t row_of_message(const struct score_data *data, struct view id)
{
    uint32_t label = view_is_none(id) ? HASHMAP_ABSENT : hashmap_find(data->label_ids, id);
    return label == HASHMAP_ABSENT ? SCORE_NONE : data->labels[label].row;
}

static enum err list_incidents(struct score_match *match, struct score_data *data)
{
    uint32_t count = data->incident_count;
    match->truths = calloc((size_t)count + 1, sizeof *match->truths);
    match->rows = malloc(((size_t)data->message_count + 1) * sizeof *match->rows);
    if (match->truths == NULL || match->rows == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t incident;
    for (uint32_t row = 0; row < data->message_count; row++) {
        if (is_of_incident(data, row, &incident)) {
            match->truths[incident].row_count++;
        }
    }
    uint32_t begin = 0;
    for (uint32_t i = 0; i < count; i++) {
        match->truths[i].row_begin = begin;
        begin += match->truths[i].row_count;
        match->truths[i].row_count = 0;
    }
    for (uint32_t row = 0; row < data->message_count; row++) {
        if (is_of_incident(data, row, &incident)) {
            struct score_truth *truth = &match->truths[incident];
            match->rows[truth->row_begin + truth->row_count++] = row;
        }
    }
    return ERR_NONE;
}

// Its stretch, from the scenario's ids and from the labels, whichever is longer.
static void find_stretch(
        const struct score_match *match, struct score_data *data, uint32_t incident)
{
    struct score_truth *truth = &match->truths[incident];
    uint32_t first = row_of_message(data, data->incidents[incident].first_id);
    uint32_t last = row_of_message(data, data->incidents[incident].last_id);
    if (truth->row_count > 0) {
        uint32_t low = match->rows[truth->row_begin];
        uint32_t high = match->rows[truth->row_begin + truth->row_count - 1];
        first = first == SCORE_NONE || low < first ? low : first;
        last = last == SCORE_NONE || high > last ? high : last;
    }
    if (last == SCORE_NONE || (first != SCORE_NONE && last < first)) {
        last = first;
    }
    truth->first_row = first;
    truth->last_row = last;
    truth->stop_row = SCORE_NONE;
    truth->stop_hold = SCORE_NONE;
    truth->first_found = SCORE_NONE;
    truth->alert_row = SCORE_NONE;
    uint32_t count;
    const uint32_t *rows = score_rows(data, data->incidents[incident].scope, &count);
    uint32_t i = first == SCORE_NONE
                         ? count
                         : score_rows_before(data, data->incidents[incident].scope, first);
    for (; i < count && rows[i] <= last; i++) {
        data->messages[rows[i]].in_incident = true;
    }
}

// --- holds ------------------------------------------------------------------------------------

// The scopes that are held while the commands are gone through.
struct open_holds {
    uint32_t *hold;    // by scope; SCORE_NONE = it is not held
    int64_t *sequence; // last that was heeded
};

static void end_hold(const struct score_match *match, const struct score_data *data, uint32_t hold,
        int64_t at_ms)
{
    uint32_t until = at_ms >= 0 ? score_row_of_time(data, at_ms) : data->message_count;
    struct score_hold *held = &match->holds[hold];
    held->until_row =
            held->frame_row != SCORE_NONE && until <= held->last_row ? held->last_row + 1 : until;
}

static void release(struct score_match *match, const struct score_data *data,
        struct open_holds *open, const struct score_command *command)
{
    uint32_t hold = open->hold[command->scope];
    uint32_t first;
    uint32_t last;
    if (hold == SCORE_NONE) {
        return;
    }
    end_hold(match, data, hold, match->holds[hold].expires_at_ms);
    if (score_place(data, command, &first, &last) && last + 1 < match->holds[hold].until_row) {
        match->holds[hold].until_row = last + 1;
    }
    open->hold[command->scope] = SCORE_NONE;
}

static void hold(struct score_match *match, const struct score_data *data, struct open_holds *open,
        const struct score_command *command)
{
    uint32_t at = open->hold[command->scope];
    if (at != SCORE_NONE && command->issued_at_ms <= match->holds[at].expires_at_ms) {
        struct score_hold *held = &match->holds[at];
        held->tier = command->tier > held->tier ? command->tier : held->tier;
        held->expires_at_ms = command->expires_at_ms;
        return;
    }
    if (at != SCORE_NONE) {
        end_hold(match, data, at, match->holds[at].expires_at_ms);
    }
    struct score_hold *held = &match->holds[match->hold_count];
    *held = (struct score_hold){
            .line = command->line,
            .scope = command->scope,
            .found = command->found,
            .tier = command->tier,
            .frame_row = SCORE_NONE,
            .last_row = SCORE_NONE,
            .expires_at_ms = command->expires_at_ms >= 0 ? command->expires_at_ms : INT64_MAX - 1,
            .incident = SCORE_NONE,
            .change_row = SCORE_NONE,
    };
    match->unplaced += !score_place(data, command, &held->frame_row, &held->last_row);
    open->hold[command->scope] = match->hold_count++;
}

static enum err follow_commands(struct score_match *match, const struct score_data *data)
{
    size_t scopes = (size_t)data->scope_count + 1;
    struct open_holds open = {
            .hold = malloc(scopes * sizeof *open.hold),
            .sequence = malloc(scopes * sizeof *open.sequence),
    };
    match->holds = calloc((size_t)data->command_count + 1, sizeof *match->holds);
    if (open.hold == NULL || open.sequence == NULL || match->holds == NULL) {
        free(open.hold);
        free(open.sequence);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < scopes; i++) {
        open.hold[i] = SCORE_NONE;
        open.sequence[i] = -1;
    }
    for (uint32_t i = 0; i < data->command_count; i++) {
        const struct score_command *command = &data->commands[i];
        if (command->sequence >= 0 && command->sequence <= open.sequence[command->scope]) {
            continue; // what every reader of commands does with it
        }
        open.sequence[command->scope] = command->sequence;
        if (command->is_hold) {
            hold(match, data, &open, command);
        } else {
            release(match, data, &open, command);
        }
    }
    for (uint32_t scope = 0; scope < data->scope_count; scope++) {
        if (open.hold[scope] != SCORE_NONE) {
            end_hold(match, data, open.hold[scope], match->holds[open.hold[scope]].expires_at_ms);
        }
    }
    free(open.hold);
    free(open.sequence);
    return ERR_NONE;
}

// --- which is about which ---------------------------------------------------------------------

static enum score_relation relation_of(const struct score_match *match,
        const struct score_data *data, uint32_t scope, uint32_t incident)
{
    uint32_t truth_scope = data->incidents[incident].scope;
    if (scope == truth_scope) {
        return RELATION_EXACT;
    }
    const struct score_truth *truth = &match->truths[incident];
    uint32_t inside = 0;
    for (uint32_t i = 0; i < truth->row_count; i++) {
        inside += score_is_in(data, match->rows[truth->row_begin + i], scope);
    }
    uint32_t count;
    const uint32_t *rows = score_rows(data, scope, &count);
    bool has_others = false;
    for (uint32_t i = 0; i < count && !has_others; i++) {
        has_others = !score_is_in(data, rows[i], truth_scope);
    }
    if (inside == 0) {
        return RELATION_NONE;
    }
    if (inside == truth->row_count) {
        return has_others ? RELATION_WIDER : RELATION_EQUIVALENT;
    }
    return has_others ? RELATION_OVERLAPPING : RELATION_NARROWER;
}

// The incident that most misdirected messages of a scope between two rows belong to; SCORE_NONE
// when none of them belongs to any. `tally` has a zero for every incident, and has again after.
static uint32_t most_of(const struct score_data *data, uint32_t scope, uint32_t from_row,
        uint32_t to_row, uint32_t *tally)
{
    uint32_t count;
    const uint32_t *rows = score_rows(data, scope, &count);
    uint32_t begin = score_rows_before(data, scope, from_row);
    uint32_t most = SCORE_NONE;
    uint32_t incident;
    for (uint32_t i = begin; i < count && rows[i] <= to_row; i++) {
        if (is_of_incident(data, rows[i], &incident)) {
            tally[incident]++;
        }
    }
    for (uint32_t i = begin; i < count && rows[i] <= to_row; i++) {
        if (is_of_incident(data, rows[i], &incident) && tally[incident] > 0) {
            if (most == SCORE_NONE || tally[incident] > tally[most]) {
                most = incident;
            }
        }
    }
    for (uint32_t i = begin; i < count && rows[i] <= to_row; i++) {
        if (is_of_incident(data, rows[i], &incident)) {
            tally[incident] = 0;
        }
    }
    return most;
}

static uint32_t from_row_of(uint32_t change, uint32_t last)
{
    return change == SCORE_NONE || change > last ? 0 : change;
}

static enum err match_founds(
        struct score_match *match, const struct score_data *data, uint32_t *tally)
{
    match->found_count = hashmap_count(data->found_ids);
    match->founds = calloc((size_t)match->found_count + 1, sizeof *match->founds);
    if (match->founds == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < match->found_count; i++) {
        match->founds[i] = (struct score_found){.top_alert = SCORE_NONE,
                .last_alert = SCORE_NONE,
                .alert_row = SCORE_NONE,
                .top_row = SCORE_NONE,
                .incident = SCORE_NONE};
    }
    for (uint32_t i = 0; i < data->alert_count; i++) {
        const struct score_alert *alert = &data->alerts[i];
        struct score_found *found = &match->founds[alert->found];
        found->records++;
        if (found->top_alert == SCORE_NONE || (alert->raises && alert->tier > found->tier)) {
            found->top_alert = i;
            found->tier = alert->tier;
        }
        if (alert->raises && alert->tier >= TIER_ALERT && found->alert_row == SCORE_NONE) {
            uint32_t end = score_row_of_time(data, alert->occurred_at_ms + 1);
            found->alert_row = end > 0 ? end - 1 : 0;
        }
        if (alert->tier > TIER_NONE || found->last_alert == SCORE_NONE) {
            found->last_alert = i;
        }
    }
    for (uint32_t i = 0; i < match->found_count; i++) {
        struct score_found *found = &match->founds[i];
        if (found->top_alert == SCORE_NONE) {
            continue; // told by commands only
        }
        const struct score_alert *alert = &data->alerts[found->top_alert];
        uint32_t end = score_row_of_time(data, alert->occurred_at_ms + 1);
        uint32_t change = score_change_row(data, alert);
        uint32_t last = end > 0 ? end - 1 : 0;
        last = change != SCORE_NONE && change > last ? change : last;
        found->top_row = last;
        found->incident = most_of(data, alert->scope, from_row_of(change, last), last, tally);
    }
    return ERR_NONE;
}

static void match_holds(struct score_match *match, const struct score_data *data, uint32_t *tally)
{
    for (uint32_t i = 0; i < match->hold_count; i++) {
        struct score_hold *hold = &match->holds[i];
        if (hold->found != SCORE_NONE && match->founds[hold->found].top_alert != SCORE_NONE) {
            hold->change_row =
                    score_change_row(data, &data->alerts[match->founds[hold->found].top_alert]);
        }
        if (hold->frame_row == SCORE_NONE) {
            continue;
        }
        uint32_t from = from_row_of(hold->change_row, hold->last_row);
        hold->incident = most_of(data, hold->scope, from, hold->last_row, tally);
        if (hold->incident != SCORE_NONE) {
            hold->relation = relation_of(match, data, hold->scope, hold->incident);
        }
    }
}

// What each incident's story was: what was found of it, and the first hold that stopped it.
static void tell_truths(struct score_match *match)
{
    for (uint32_t i = 0; i < match->found_count; i++) {
        const struct score_found *found = &match->founds[i];
        if (found->incident == SCORE_NONE) {
            continue;
        }
        struct score_truth *truth = &match->truths[found->incident];
        truth->found_count++;
        truth->alert_records += found->records;
        if (found->alert_row < truth->alert_row) {
            truth->alert_row = found->alert_row;
        }
        if (truth->first_found == SCORE_NONE ||
                found->tier > match->founds[truth->first_found].tier) {
            truth->first_found = i;
        }
    }
    for (uint32_t i = 0; i < match->hold_count; i++) {
        const struct score_hold *hold = &match->holds[i];
        if (hold->incident == SCORE_NONE) {
            continue;
        }
        struct score_truth *truth = &match->truths[hold->incident];
        if (hold->last_row < truth->stop_row) {
            truth->stop_row = hold->last_row;
            truth->stop_hold = i;
        }
        if (truth->best == RELATION_NONE || hold->relation < truth->best) {
            truth->best = hold->relation;
        }
    }
}

enum err score_match_make(struct score_match *match, struct score_data *data)
{
    *match = (struct score_match){0};
    uint32_t *tally = calloc((size_t)data->incident_count + 1, sizeof *tally);
    enum err e = tally != NULL ? list_incidents(match, data) : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        for (uint32_t i = 0; i < data->incident_count; i++) {
            find_stretch(match, data, i);
        }
        score_number_frames(data);
        e = follow_commands(match, data);
    }
    if (e == ERR_NONE) {
        e = match_founds(match, data, tally);
    }
    if (e == ERR_NONE) {
        match_holds(match, data, tally);
        tell_truths(match);
    }
    free(tally);
    return e;
}

uint32_t score_false_holds_in(
        const struct score_data *data, const struct score_match *match, uint32_t scope)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < match->hold_count; i++) {
        const struct score_hold *hold = &match->holds[i];
        count += hold->incident == SCORE_NONE && hold->frame_row != SCORE_NONE &&
                 score_is_in(data, hold->last_row, scope);
    }
    return count;
}

uint32_t score_false_alerts_in(
        const struct score_data *data, const struct score_match *match, uint32_t scope)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < match->found_count; i++) {
        const struct score_found *found = &match->founds[i];
        count += found->incident == SCORE_NONE && found->tier >= TIER_ALERT &&
                 found->top_row != SCORE_NONE && score_is_in(data, found->top_row, scope);
    }
    return count;
}

void score_match_fini(struct score_match *match)
{
    free(match->holds);
    free(match->founds);
    free(match->truths);
    free(match->rows);
    *match = (struct score_match){0};
}
