#include "audit/audit_outcome.h"

#include <stdlib.h>

#include "common/json_out.h"
#include "common/json_scan.h"
#include "common/room.h"

const char *const audit_outcome_names[AUDIT_OUTCOME_COUNT] = {
        NULL, "committed", "aborted", "unsure"};

struct audit_told_range {
    struct audit_range range;
    enum audit_outcome outcome;
};

void audit_pending_add(struct audit_pending *pending, uint64_t seq)
{
    struct audit_range *last = pending->count > 0 ? &pending->ranges[pending->count - 1] : NULL;
    if (last != NULL && last->to + 1 == seq) {
        last->to = seq;
    } else if (pending->count == AUDIT_PENDING_RANGES) {
        pending->left_out++;
    } else {
        pending->ranges[pending->count++] = (struct audit_range){seq, seq};
    }
}

void audit_outcome_write(struct strbuf *sb, const struct audit_pending *pending, struct view half,
        enum audit_outcome outcome)
{
    struct json_out out;
    strbuf_reset(sb);
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_string(&out, "half", half);
    json_text(&out, "outcome", audit_outcome_names[outcome]);
    json_array(&out, "records");
    for (uint32_t i = 0; i < pending->count; i++) {
        json_array(&out, NULL);
        json_int(&out, NULL, (int64_t)pending->ranges[i].from);
        json_int(&out, NULL, (int64_t)pending->ranges[i].to);
        json_array_end(&out);
    }
    json_array_end(&out);
    json_int(&out, "left_out", (int64_t)pending->left_out);
    json_object_end(&out);
}

// --- reading -----------------------------------------------------------------------------------

static enum audit_outcome outcome_of(struct view word)
{
    for (unsigned i = AUDIT_OUTCOME_COMMITTED; i < AUDIT_OUTCOME_COUNT; i++) {
        if (view_is(word, audit_outcome_names[i])) {
            return (enum audit_outcome)i;
        }
    }
    return AUDIT_OUTCOME_UNKNOWN;
}

static bool take_number(struct view *pair, uint64_t *ret_number)
{
    struct json_value value;
    int64_t number;
    if (!json_array_take(pair, &value) || value.kind != JSON_NUMBER ||
            json_integer_read(value.raw, &number) != JSON_INTEGER || number <= 0) {
        return false;
    }
    *ret_number = (uint64_t)number;
    return true;
}

static enum err add_range(struct audit_outcomes *outcomes, const struct audit_told_range *told)
{
    if (outcomes->count == AUDIT_OUTCOME_RANGES_MAX) {
        return ERR_CEILING;
    }
    struct audit_told_range *ranges =
            room_for_row(outcomes->told, outcomes->count, &outcomes->capacity, 64, sizeof *ranges);
    if (ranges == NULL) {
        return ERR_NO_MEMORY;
    }
    outcomes->told = ranges;
    outcomes->told[outcomes->count++] = *told;
    outcomes->is_sorted = false;
    return ERR_NONE;
}

enum err audit_outcomes_take(struct audit_outcomes *outcomes, const struct audit_line *line)
{
    struct view rest = line->record;
    struct view records = VIEW_NONE;
    struct json_value key;
    struct json_value value;
    struct audit_told_range told = {.outcome = AUDIT_OUTCOME_UNKNOWN};
    if (line->kind != AUDIT_LOG || !view_is(line->type, "audit.outcome") || view_is_none(rest)) {
        return ERR_NONE;
    }
    while (json_object_take(&rest, &key, &value)) {
        if (view_is(key.raw, "outcome") && value.kind == JSON_STRING) {
            told.outcome = outcome_of(value.raw);
        } else if (view_is(key.raw, "records") && value.kind == JSON_ARRAY) {
            records = value.raw;
        }
    }
    enum err e = ERR_NONE;
    while (e == ERR_NONE && told.outcome != AUDIT_OUTCOME_UNKNOWN && !view_is_none(records) &&
            json_array_take(&records, &value)) {
        struct view pair = value.raw;
        if (value.kind == JSON_ARRAY && take_number(&pair, &told.range.from) &&
                take_number(&pair, &told.range.to)) {
            e = add_range(outcomes, &told);
        }
    }
    return e;
}

static int compare(const void *a, const void *b)
{
    const struct audit_told_range *x = a;
    const struct audit_told_range *y = b;
    return (x->range.from > y->range.from) - (x->range.from < y->range.from);
}

enum audit_outcome audit_outcomes_find(struct audit_outcomes *outcomes, uint64_t seq)
{
    if (!outcomes->is_sorted && outcomes->count > 0) {
        qsort(outcomes->told, outcomes->count, sizeof *outcomes->told, compare);
        outcomes->is_sorted = true;
    }
    size_t low = 0;
    size_t high = outcomes->count;
    while (low < high) { // the first range that begins behind it
        size_t middle = low + (high - low) / 2;
        if (outcomes->told[middle].range.from <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct audit_told_range *told = low > 0 ? &outcomes->told[low - 1] : NULL;
    return told != NULL && seq <= told->range.to ? told->outcome : AUDIT_OUTCOME_UNKNOWN;
}

void audit_outcomes_fini(struct audit_outcomes *outcomes)
{
    free(outcomes->told);
    *outcomes = (struct audit_outcomes){NULL, 0, 0, false};
}
