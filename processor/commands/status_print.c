// A status board as text, for a person who has just been called.
#include "commands/shown.h"
#include "commands/status_printing.h"
#include "common/clock.h"

enum { ARENA_BYTES = 1024 * 1024, PEOPLE_MAX = 1 << 20 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

// --- what is held -----------------------------------------------------------------------------

// "canary 2 of 3: 200 may be sent, 50 judged and 0 wrong by 08:00:00Z"
static void add_canary(const struct printing *p, const struct json_value *state)
{
    strbuf_add_text(p->sb, PRINT_INDENT "canary ");
    print_value(p, &state[STATE_STEP]);
    strbuf_add_text(p->sb, "of 3: ");
    print_value(p, &state[STATE_LIMIT]);
    strbuf_add_text(p->sb, "may be sent");
    struct strbuf key;
    strbuf_init(&key, 8192);
    const struct status_row *row = status_row_find(&p->board->releases,
            status_scope_key(&key, print_text_of(p, &state[STATE_KIND]),
                    print_text_of(p, &state[STATE_TENANT]), print_text_of(p, &state[STATE_ID]),
                    print_text_of(p, &state[STATE_CHANNEL])));
    struct json_value told[INCIDENT_FIELD_COUNT];
    // The arena is not emptied: the state's texts are still in use.
    if (row != NULL && row->text != NULL &&
            json_scan(p->board->incident_fields, print_row_text(row), told, NULL) == JSON_FINE &&
            print_is_said(&told[INCIDENT_STEP]) &&
            view_equal(told[INCIDENT_STEP].raw, state[STATE_STEP].raw)) {
        strbuf_add_text(p->sb, "; ");
        print_value(p, &told[INCIDENT_JUDGED]);
        strbuf_add_text(p->sb, "judged and ");
        print_value(p, &told[INCIDENT_MISDIRECTED]);
        strbuf_add_text(p->sb, "of them wrong when it was told last, at ");
        print_time(p, row->at_ms);
    }
    strbuf_add_byte(p->sb, '\n');
    strbuf_fini(&key);
}

static void add_held(const struct printing *p, const struct status_row *row)
{
    struct json_value values[STATE_FIELD_COUNT];
    if (!print_scan(p, p->board->state_fields, print_row_text(row), values)) {
        return;
    }
    bool is_canary = print_is_said(&values[STATE_STEP]);
    strbuf_add_text(p->sb, "  ");
    shown_add_value(p->sb, &values[STATE_TIER], 10, p->arena);
    shown_add_scope(p->sb, &values[STATE_KIND], &values[STATE_ID], &values[STATE_TENANT], p->arena);
    print_channel(p, &values[STATE_CHANNEL]);
    if (print_is_said(&values[STATE_OPERATOR])) {
        print_part(p, is_canary ? "| being released by " : "| by ", &values[STATE_OPERATOR]);
    } else {
        strbuf_add_text(p->sb, is_canary ? "| being released by itself " : "| by the detector ");
    }
    print_until(p, row->until_ms);
    print_drill(p, &values[STATE_DRILL]);
    if (json_string_equals(&values[STATE_MODE], VIEW("monitor"))) {
        strbuf_add_text(p->sb, "| monitor only: senders were not told ");
    }
    print_end_line(p);
    print_line(p, "why: ", &values[STATE_REASON]);
    if (is_canary) {
        add_canary(p, values);
    }
    print_line(p, "incident ", &values[STATE_INCIDENT]);
}

static uint32_t count_held(const struct printing *p, bool has_run_out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hashmap_count(p->board->held.by_key); i++) {
        const struct status_row *row = &p->board->held.rows[i];
        count += row->text != NULL && status_has_run_out(row, p->look->now_ms) == has_run_out;
    }
    return count;
}

static void add_holds(const struct printing *p)
{
    const uint32_t count = hashmap_count(p->board->held.by_key);
    const uint32_t ran_out = count_held(p, true);
    strbuf_printf(p->sb, "held: %u\n", count_held(p, false));
    for (uint32_t i = 0; i < count; i++) {
        const struct status_row *row = &p->board->held.rows[i];
        if (row->text != NULL && !status_has_run_out(row, p->look->now_ms)) {
            add_held(p, row);
        }
    }
    if (ran_out > 0) {
        strbuf_printf(p->sb,
                "ran out: %u (not held any more; the processor says so with the tenant's next "
                "messages)\n",
                ran_out);
    }
    for (uint32_t i = 0; i < count && ran_out > 0; i++) {
        const struct status_row *row = &p->board->held.rows[i];
        if (row->text != NULL && status_has_run_out(row, p->look->now_ms)) {
            add_held(p, row);
        }
    }
}

// Of the last day, and not held again: what is watched more closely for a while.
static void add_released(const struct printing *p)
{
    bool has_said = false;
    for (uint32_t i = 0; i < hashmap_count(p->board->releases.by_key); i++) {
        const struct status_row *row = &p->board->releases.rows[i];
        struct json_value values[INCIDENT_FIELD_COUNT];
        if (row->text == NULL || row->at_ms < p->look->now_ms - DAY_MS ||
                !print_scan(p, p->board->incident_fields, print_row_text(row), values) ||
                !json_string_equals(&values[INCIDENT_RELEASE], VIEW("released"))) {
            continue;
        }
        strbuf_add_text(
                p->sb, has_said ? "  released   " : "released within a day:\n  released   ");
        has_said = true;
        shown_add_scope(p->sb, &values[INCIDENT_KIND], &values[INCIDENT_SCOPE],
                &values[INCIDENT_TENANT], p->arena);
        strbuf_add_text(p->sb, "| at ");
        print_time(p, row->at_ms);
        strbuf_add_byte(p->sb, ' ');
        print_part(p, "by ", &values[INCIDENT_RELEASED_BY]);
        print_end_line(p);
        if (print_is_said(&values[INCIDENT_PROBATION])) {
            strbuf_add_text(p->sb, PRINT_INDENT "on probation for its next ");
            print_value(p, &values[INCIDENT_PROBATION]);
            strbuf_add_text(p->sb, "messages\n");
        }
    }
}

// --- incidents --------------------------------------------------------------------------------

// One definition everywhere: `impact` of schemas/alert.schema.json.
static void add_impact(const struct printing *p, const struct json_value *values)
{
    strbuf_add_text(p->sb, PRINT_INDENT "escaped ");
    print_value(p, &values[INCIDENT_ESCAPED]);
    strbuf_add_text(p->sb, "| held ");
    print_value(p, &values[INCIDENT_HELD]);
    bool are_more = values[INCIDENT_AT_LEAST].kind == JSON_TRUE;
    print_part(
            p, are_more ? "| people at least about " : "| people about ", &values[INCIDENT_PEOPLE]);
    print_part(p, "| cause ", &values[INCIDENT_CAUSE]);
    print_end_line(p);
}

static void add_incident(const struct printing *p, const struct status_row *row)
{
    struct json_value values[INCIDENT_FIELD_COUNT];
    if (!print_scan(p, p->board->incident_fields, print_row_text(row), values)) {
        return;
    }
    strbuf_add_text(p->sb, "  ");
    shown_add_value(p->sb, &values[INCIDENT_TIER], 10, p->arena);
    shown_add_scope(p->sb, &values[INCIDENT_KIND], &values[INCIDENT_SCOPE],
            &values[INCIDENT_TENANT], p->arena);
    print_channel(p, &values[INCIDENT_CHANNEL]);
    print_part(p, "| incident ", &values[INCIDENT_ID]);
    print_drill(p, &values[INCIDENT_DRILL]);
    if (json_string_equals(&values[INCIDENT_TYPE], VIEW("incident.closed"))) {
        strbuf_add_text(p->sb, "| closed ");
    }
    print_end_line(p);
    add_impact(p, values);
    strbuf_add_text(p->sb, PRINT_INDENT);
    int64_t opened_ms = 0;
    if (row->opened_at != NULL &&
            clock_parse_rfc3339(view_of(row->opened_at), &opened_ms) == CLOCK_OK) {
        strbuf_add_text(p->sb, "opened ");
        print_time(p, opened_ms);
        strbuf_add_text(p->sb, " | ");
    }
    if (row->acknowledged_by != NULL) {
        strbuf_add_text(p->sb, "acknowledged by ");
        shown_add(p->sb, view_of(row->acknowledged_by));
    } else {
        strbuf_add_text(p->sb, "nobody has acknowledged it");
    }
    strbuf_add_byte(p->sb, '\n');
    print_line(p, "not held for now: ", &values[INCIDENT_WITHHELD]);
}

static void add_incidents(const struct printing *p)
{
    const struct status_table *table = &p->board->incidents;
    uint32_t count = 0;
    for (uint32_t i = 0; i < hashmap_count(table->by_key); i++) {
        count += table->rows[i].text != NULL;
    }
    strbuf_printf(
            p->sb, "%s: %u\n", p->board->incident != NULL ? "incident" : "open incidents", count);
    for (uint32_t i = 0; i < hashmap_count(table->by_key); i++) {
        if (table->rows[i].text != NULL) {
            add_incident(p, &table->rows[i]);
        }
    }
}

// --- whom one incident has reached ------------------------------------------------------------

enum { MESSAGE_TIME, MESSAGE_ID, MESSAGE_PSEUDONYM, MESSAGE_FIELD_COUNT };
static const char *const message_pointers[MESSAGE_FIELD_COUNT] = {
        "/occurred_at", "/message_id", "/recipient_pseudonym"};

struct tally {
    uint32_t messages;
    uint32_t held; // one by one
    uint32_t people;
};

static struct tally count_messages(
        const struct printing *p, const struct json_pointers *fields, bool has_reached)
{
    struct tally tally = {0};
    struct hashmap *people = hashmap_create(PEOPLE_MAX);
    for (uint32_t i = 0; i < p->board->message_count && people != NULL; i++) {
        const struct status_message *message = &p->board->messages[i];
        struct json_value values[MESSAGE_FIELD_COUNT];
        if (status_has_reached(message) == has_reached) {
            tally.messages++;
            tally.held += message->is_held;
            bool is_read = print_scan(p, fields, view_bytes(message->text, message->n), values);
            struct view who = is_read ? print_text_of(p, &values[MESSAGE_PSEUDONYM]) : VIEW_NONE;
            tally.people += !view_is_none(who) && hashmap_find(people, who) == HASHMAP_ABSENT &&
                            hashmap_put(people, who, 0) == ERR_NONE;
        }
    }
    p->sb->failed = people == NULL ? ERR_NO_MEMORY : p->sb->failed;
    hashmap_destroy(people);
    return tally;
}

static void add_messages(
        const struct printing *p, const struct json_pointers *fields, bool has_reached)
{
    const struct tally tally = count_messages(p, fields, has_reached);
    strbuf_printf(p->sb, "%s: %u misdirected messages to %u people",
            has_reached ? "reached" : "spared", tally.messages, tally.people);
    if (has_reached) {
        strbuf_add_text(p->sb, ", judged before the hold or released by a person at once\n");
    } else {
        strbuf_printf(p->sb, ", %u of them held one by one\n", tally.held);
    }
    for (uint32_t i = 0; i < p->board->message_count; i++) {
        const struct status_message *message = &p->board->messages[i];
        struct json_value values[MESSAGE_FIELD_COUNT];
        if (status_has_reached(message) != has_reached ||
                !print_scan(p, fields, view_bytes(message->text, message->n), values)) {
            continue;
        }
        strbuf_add_text(p->sb, "  ");
        print_time(p, message->at_ms);
        strbuf_add_byte(p->sb, ' ');
        print_value(p, &values[MESSAGE_ID]);
        print_value(p, &values[MESSAGE_PSEUDONYM]);
        strbuf_add_text(p->sb, message->is_held        ? "held by itself"
                               : !message->is_released ? ""
                               : has_reached           ? "released by a person"
                                                       : "released by a person, its scope is held");
        print_end_line(p);
    }
}

// --- all of it --------------------------------------------------------------------------------

static void add_all(const struct printing *p, const struct json_pointers *fields)
{
    add_holds(p);
    print_pending(p);
    print_in_force(p);
    add_incidents(p);
    if (p->board->incident == NULL) {
        add_released(p);
    } else {
        add_messages(p, fields, true);
        add_messages(p, fields, false);
    }
}

void status_add_text(
        struct strbuf *sb, const struct status_board *board, const struct status_look *look)
{
    struct json_pointers *fields = NULL;
    const struct printing p = {sb, arena_create(ARENA_BYTES), board, look};
    if (p.arena == NULL || json_pointers_create(&fields, message_pointers, MESSAGE_FIELD_COUNT,
                                   NULL) != ERR_NONE) {
        sb->failed = ERR_NO_MEMORY;
    } else {
        add_all(&p, fields);
    }
    json_pointers_destroy(fields);
    arena_destroy(p.arena);
}
