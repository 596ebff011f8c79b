// The open incidents, saved and restored: they keep their places and the order of their scopes, by
// which they are told.
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "incident/incidents_inside.h"
#include "state/recent.h"
#include "state/scopes.h"

enum { WORD_MAX = 4096 };

#define AMOUNT_MAX (INT64_C(1) << 40)

static void number(struct archive *archive, int64_t *value)
{
    archive_i64(archive, value, INT64_MIN, INT64_MAX);
}

// Of messages: sums and products of two stay in their type.
static void amount(struct archive *archive, int64_t *value)
{
    archive_i64(archive, value, -AMOUNT_MAX, AMOUNT_MAX);
}

static void time_ms(struct archive *archive, int64_t *value)
{
    archive_i64(archive, value, 0, CLOCK_END_MS);
}

static void count(struct archive *archive, uint32_t *value)
{
    archive_u32(archive, value, UINT32_MAX);
}

// --- texts ------------------------------------------------------------------------------------

// A text that is ended by NUL and stays as long as the incidents do.
static struct view word_keep(struct archive *archive, struct incidents *incidents, struct view text)
{
    char ended[WORD_MAX + 1];
    memcpy(ended, text.n > 0 ? text.p : "", text.n);
    ended[text.n] = '\0';
    const struct view key = view_bytes(ended, text.n + 1);
    uint32_t at = hashmap_find(incidents->words, key);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(incidents->words);
        enum err e = hashmap_put(incidents->words, key, at);
        if (e != ERR_NONE) {
            archive_fail(archive, e, "incidents: a text");
            return view_bytes("", 0);
        }
    }
    return view_bytes(hashmap_key(incidents->words, at).p, text.n);
}

static void text_archive(struct archive *archive, struct incidents *incidents, struct view *text)
{
    archive_view(archive, text, WORD_MAX);
    if (archive_reads(archive) && !view_is_none(*text)) {
        *text = word_keep(archive, incidents, *text);
    }
}

static void word_archive(struct archive *archive, struct incidents *incidents, const char **word)
{
    struct view text = view_of(*word);
    text_archive(archive, incidents, &text);
    *word = text.p;
}

// --- evidence ---------------------------------------------------------------------------------

static void sums_archive(struct archive *archive, struct message_sums *sums)
{
    amount(archive, &sums->watched);
    amount(archive, &sums->misdirected);
    amount(archive, &sums->invalid);
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        amount(archive, &sums->signals[i]);
    }
}

static void name_archive(
        struct archive *archive, struct incidents *incidents, struct scope_name *name)
{
    uint8_t kind = (uint8_t)name->kind;
    archive_u8(archive, &kind, SCOPE_KIND_COUNT - 1);
    name->kind = (enum scope_kind)kind;
    text_archive(archive, incidents, &name->id);
    text_archive(archive, incidents, &name->tenant_id);
    text_archive(archive, incidents, &name->channel);
}

static void evidence_archive(
        struct archive *archive, struct incidents *incidents, struct evidence *evidence)
{
    name_archive(archive, incidents, &evidence->scope);
    archive_u64(archive, &evidence->start_serial, UINT64_MAX);
    amount(archive, &evidence->judged);
    amount(archive, &evidence->misdirected);
    amount(archive, &evidence->guarded);
    count(archive, &evidence->distinct_recipients);
    archive_bool(archive, &evidence->distinct_is_lower_bound);
    number(archive, &evidence->baseline_millionths);
    number(archive, &evidence->lowest_baseline_millionths);
    number(archive, &evidence->start_credit_nat6);
    number(archive, &evidence->estimated_rate_millionths);
    number(archive, &evidence->interval_millionths[0]);
    number(archive, &evidence->interval_millionths[1]);
    number(archive, &evidence->log_likelihood_ratio_nat6);
    number(archive, &evidence->threshold_nat6);
    number(archive, &evidence->false_alarm_budget);
    time_ms(archive, &evidence->change_point.occurred_at_ms);
    archive_i32(archive, &evidence->change_point.partition, INT32_MIN, INT32_MAX);
    number(archive, &evidence->change_point.offset);
    sums_archive(archive, &evidence->since);
    sums_archive(archive, &evidence->before);
    sums_archive(archive, &evidence->tenant_all);
    amount(archive, &evidence->tenant_watched_before);
    amount(archive, &evidence->tenant_misdirected_before);
    amount(archive, &evidence->tenant_judged);
    amount(archive, &evidence->tenant_misdirected);
    archive_u64(archive, &evidence->tenant_start_serial, UINT64_MAX);
    archive_bool(archive, &evidence->vendor_is_unregistered);
    word_archive(archive, incidents, &evidence->stream);
    word_archive(archive, incidents, &evidence->node);
    archive_u32(archive, &evidence->node_index, UINT8_MAX);
}

static void habit_archive(struct archive *archive, struct cause_habit *habit)
{
    amount(archive, &habit->watched);
    amount(archive, &habit->misdirected);
    amount(archive, &habit->invalid);
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        amount(archive, &habit->signals[i]);
    }
}

static void because_archive(struct archive *archive, struct cause_evidence *because)
{
    uint8_t kind = (uint8_t)because->kind;
    archive_u8(archive, &kind, SCOPE_KIND_COUNT - 1);
    because->kind = (enum scope_kind)kind;
    count(archive, &because->messages);
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        count(archive, &because->reasons[i]);
    }
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        count(archive, &because->signals[i]);
        amount(archive, &because->signals_of_all[i]);
    }
    archive_u32(archive, &because->first_messages, RECENT_MAX);
    archive_u32(archive, &because->first_same_block, because->first_messages);
    for (unsigned i = 0; i < SCOPE_KIND_COUNT; i++) {
        archive_u32(archive, &because->spread[i], RECENT_MAX);
        archive_u32(archive, &because->largest[i], RECENT_MAX);
        count(archive, &because->campaigns_without[i]);
    }
    archive_u8(archive, &because->new_kinds, UINT8_MAX);
    archive_bool(archive, &because->vendors_are_listed);
    archive_bool(archive, &because->vendor_is_unregistered);
    amount(archive, &because->elsewhere);
    amount(archive, &because->elsewhere_no_record);
    amount(archive, &because->elsewhere_judged);
    amount(archive, &because->tenant_judged_before);
    amount(archive, &because->tenant_misdirected_before);
    amount(archive, &because->tenant_judged);
    amount(archive, &because->tenant_misdirected);
    amount(archive, &because->tenant_no_record);
    amount(archive, &because->judged);
    amount(archive, &because->misdirected);
    amount(archive, &because->invalid);
    habit_archive(archive, &because->before);
}

static void cause_archive(
        struct archive *archive, struct incidents *incidents, struct ranked *cause)
{
    text_archive(archive, incidents, &cause->name);
    number(archive, &cause->share_millionths);
    archive_u32(archive, &cause->number_count, CAUSE_NUMBER_MAX);
    for (uint32_t i = 0; i < cause->number_count; i++) {
        word_archive(archive, incidents, &cause->numbers[i].feature);
        number(archive, &cause->numbers[i].count);
        number(archive, &cause->numbers[i].of);
    }
}

// --- what was told ----------------------------------------------------------------------------

// A text of its own; NULL when it is none.
static char *copy_archive(struct archive *archive, const char *text)
{
    struct view view = view_of(text);
    archive_view(archive, &view, WORD_MAX);
    if (!archive_reads(archive) || view_is_none(view)) {
        return NULL;
    }
    char *copy = view_dup(view);
    if (copy == NULL) {
        archive_fail(archive, ERR_NO_MEMORY, "incidents: a text");
    }
    return copy;
}

static void told_archive(struct archive *archive, struct incidents *incidents, struct told_row *row)
{
    struct told *told = &row->told;
    evidence_archive(archive, incidents, &told->evidence);
    archive_u32(archive, &told->cause_count, CAUSE_MAX);
    for (uint32_t i = 0; i < told->cause_count; i++) {
        cause_archive(archive, incidents, &told->causes[i]);
    }
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        count(archive, &told->reasons[i]);
    }
    because_archive(archive, &told->because);
    char *topic = copy_archive(archive, row->topic);
    char *message_id = copy_archive(archive, row->message_id);
    if (archive_reads(archive)) {
        row->topic = topic;
        row->message_id = message_id;
        told->evidence.change_point.topic = view_of(topic);
        told->evidence.change_point.message_id = view_of(message_id);
    }
}

static void told_pointer_archive(
        struct archive *archive, struct incidents *incidents, struct incident *incident)
{
    bool has_told = incident->told != NULL;
    archive_bool(archive, &has_told);
    if (!has_told) {
        if (archive_reads(archive)) {
            archive_fail(archive, ERR_DATA, "incidents: one that nobody was told of");
        }
        return;
    }
    if (!archive_reads(archive)) {
        // told is the first member of its row
        told_archive(archive, incidents, (struct told_row *)(uintptr_t)incident->told);
        return;
    }
    struct told_row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        archive_fail(archive, ERR_NO_MEMORY, "incidents: what was told");
        return;
    }
    incident->told = &row->told;
    told_archive(archive, incidents, row);
}

// --- incidents --------------------------------------------------------------------------------

// One scope of the chain; `*link` is where its number stands.
static void scope_archive(struct archive *archive, struct incidents *incidents,
        const struct scopes *scopes, uint32_t incident, int32_t *link)
{
    archive_i32(archive, link, 0, (int32_t)scopes_end(scopes) - 1);
    if (!archive_is_good(archive)) {
        return;
    }
    enum err e = scopes_is_live(scopes, *link) ? incidents_make_room(incidents, *link) : ERR_DATA;
    if (e == ERR_NONE && archive_reads(archive) && incidents->scopes[*link].incident != 0) {
        e = ERR_DATA;
    }
    if (e != ERR_NONE) {
        archive_fail(archive, e, "incidents: a scope");
        return;
    }
    struct scope_row *row = &incidents->scopes[*link];
    row->incident = incident;
    archive_u8(archive, &row->tier, TIER_COUNT - 1);
    archive_bool(archive, &row->lags);
}

static void chain_archive(struct archive *archive, struct incidents *incidents,
        const struct scopes *scopes, struct incident *incident, uint32_t at)
{
    incident->scope_count = archive_count(archive, incident->scope_count, scopes_end(scopes));
    bool has_root = false;
    int32_t scope = incident->first_scope;
    int32_t before = SCOPE_NONE;
    for (uint32_t i = 0; i < incident->scope_count && archive_is_good(archive); i++) {
        scope_archive(archive, incidents, scopes, at + 1, &scope);
        if (!archive_is_good(archive)) {
            break;
        }
        has_root = has_root || scope == incident->root;
        if (!archive_reads(archive)) {
            scope = incidents->scopes[scope].next;
            continue;
        }
        incidents->scopes[scope].next = SCOPE_NONE;
        if (before == SCOPE_NONE) {
            incident->first_scope = scope;
        } else {
            incidents->scopes[before].next = scope;
        }
        before = scope;
    }
    if (archive_is_good(archive) && !has_root) {
        archive_fail(archive, ERR_DATA, "incidents: one without its root");
    }
}

static void acknowledged_archive(struct archive *archive, struct incident *incident)
{
    time_ms(archive, &incident->urgent_ms);
    archive_bool(archive, &incident->was_reminded);
    int64_t at_ms = incident->acknowledged_ms;
    struct view by = incident->acknowledged_by;
    time_ms(archive, &at_ms);
    if (at_ms == 0) {
        return;
    }
    archive_view(archive, &by, OPERATOR_BYTES_MAX);
    if (archive_reads(archive) && archive_is_good(archive)) {
        incidents_acknowledge(incident, by, at_ms);
    }
}

static void incident_archive(struct archive *archive, struct incidents *incidents,
        const struct scopes *scopes, uint32_t at)
{
    struct incident *incident = incidents->rows[at];
    archive_bytes(archive, incident->id.bytes, sizeof incident->id.bytes);
    uint8_t tier = (uint8_t)incident->tier;
    archive_u8(archive, &tier, TIER_COUNT - 1);
    incident->tier = (enum tier)tier;
    archive_i32(archive, &incident->root, 0, INT32_MAX);
    chain_archive(archive, incidents, scopes, incident, at);
    archive_bool(archive, &incident->lags);
    told_pointer_archive(archive, incidents, incident);
    time_ms(archive, &incident->told_ms);
    amount(archive, &incident->told_misdirected);
    amount(archive, &incident->escaped);
    amount(archive, &incident->held);
    sketch_archive(archive, &incident->people);
    archive_bool(archive, &incident->people_are_more);
    archive_u64(archive, &incident->start_serial, UINT64_MAX);
    amount(archive, &incident->cleared);
    amount(archive, &incident->told_cleared);
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        count(archive, &incident->cleared_reasons[i]);
    }
    because_archive(archive, &incident->since);
    acknowledged_archive(archive, incident);
    time_ms(archive, &incident->calm_since_ms);
    count(archive, &incident->calm_messages);
}

static void rows_archive(
        struct archive *archive, struct incidents *incidents, const struct scopes *scopes)
{
    uint32_t rows = archive_count(archive, incidents->row_count, 2 * incidents->max_open + 16);
    if (archive_reads(archive) && rows > 0) {
        incidents->rows = calloc(rows, sizeof *incidents->rows);
        if (incidents->rows == NULL) {
            archive_fail(archive, ERR_NO_MEMORY, "incidents: the table");
            return;
        }
        incidents->row_count = rows;
    }
    for (uint32_t at = 0; at < rows && archive_is_good(archive); at++) {
        bool is_open = incidents->rows[at] != NULL;
        archive_bool(archive, &is_open);
        if (!is_open) {
            continue;
        }
        if (archive_reads(archive) && incidents->open_count == incidents->max_open) {
            archive_fail(archive, ERR_DATA, "incidents: too many");
        } else if (archive_reads(archive)) {
            incidents->rows[at] = calloc(1, sizeof *incidents->rows[at]);
            if (incidents->rows[at] == NULL) {
                archive_fail(archive, ERR_NO_MEMORY, "incidents: the table");
                return;
            }
            incidents->open_count++;
        }
        incident_archive(archive, incidents, scopes, at);
    }
}

static void lately_archive(struct archive *archive, struct incidents *incidents)
{
    archive_u32(archive, &incidents->lately_count, LATELY_SCOPES_MAX);
    for (uint32_t i = 0; i < incidents->lately_count; i++) {
        archive_i32(archive, &incidents->lately[i].scope, SCOPE_NONE, INT32_MAX);
        for (unsigned n = 0; n < LATELY_MAX; n++) {
            bool has_been = incidents->lately[i].at_ms[n] != INT64_MIN;
            archive_bool(archive, &has_been);
            incidents->lately[i].at_ms[n] = has_been ? incidents->lately[i].at_ms[n] : INT64_MIN;
            if (has_been) {
                time_ms(archive, &incidents->lately[i].at_ms[n]);
            }
        }
    }
}

void incidents_archive(
        struct archive *archive, struct incidents *incidents, const struct scopes *scopes)
{
    archive_mark(archive, "incidents");
    archive_u64(archive, &incidents->overflowed, INT64_MAX);
    lately_archive(archive, incidents);
    rows_archive(archive, incidents, scopes);
    incidents_archive_holds(archive, incidents, scopes);
}
