// What waits for a second person, and what is in force, as text.
#include "commands/shown.h"
#include "commands/status_printing.h"

enum { ARENA_BYTES = 1024 * 1024 };

static void add_object(const struct printing *p, const struct json_value *values)
{
    if (print_is_said(&values[ASKED_KIND])) {
        shown_add_scope(
                p->sb, &values[ASKED_KIND], &values[ASKED_SCOPE], &values[ASKED_TENANT], p->arena);
        print_channel(p, &values[ASKED_CHANNEL]);
    } else if (print_is_said(&values[ASKED_INCIDENT])) {
        print_part(p, "incident ", &values[ASKED_INCIDENT]);
    } else {
        print_part(p, "whatever is held for ", &values[ASKED_RULE]);
        print_part(p, "of tenant ", &values[ASKED_RULE_TENANT]);
    }
}

static void add_command(const struct printing *p, const struct status_row *row, bool is_record,
        enum status_standing standing)
{
    struct json_value values[ASKED_FIELD_COUNT];
    if (!print_scan(p, is_record ? p->board->record_fields : p->board->outcome_fields,
                print_row_text(row), values)) {
        return;
    }
    strbuf_add_text(p->sb, "  ");
    shown_add_value(p->sb, &values[ASKED_ACTION], 10, p->arena);
    print_part(p, "", &values[ASKED_MODE]);
    add_object(p, values);
    print_part(p, "| by ", &values[ASKED_OPERATOR]);
    print_until(p, row->until_ms);
    print_end_line(p);
    print_line(p, "why: ", &values[ASKED_REASON]);
    if (standing == STANDING_PENDING) {
        print_line(p, "to confirm it: wrongnumber confirm --operator YOU --reason TEXT ",
                &values[ASKED_ID]);
    }
}

static uint32_t count_commands(const struct printing *p, enum status_standing standing)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hashmap_count(p->board->records.by_key); i++) {
        count += status_standing_of(p->board, i, true, p->look->now_ms) == standing;
    }
    for (uint32_t i = 0; i < hashmap_count(p->board->outcomes.by_key); i++) {
        count += status_standing_of(p->board, i, false, p->look->now_ms) == standing;
    }
    return count;
}

static void add_commands(const struct printing *p, enum status_standing standing)
{
    for (uint32_t i = 0; i < hashmap_count(p->board->records.by_key); i++) {
        if (status_standing_of(p->board, i, true, p->look->now_ms) == standing) {
            add_command(p, &p->board->records.rows[i], true, standing);
        }
    }
    for (uint32_t i = 0; i < hashmap_count(p->board->outcomes.by_key); i++) {
        if (status_standing_of(p->board, i, false, p->look->now_ms) == standing) {
            add_command(p, &p->board->outcomes.rows[i], false, standing);
        }
    }
}

void print_pending(const struct printing *p)
{
    const uint32_t overdue = count_commands(p, STANDING_VOID);
    strbuf_printf(p->sb, "waiting for a second person: %u\n", count_commands(p, STANDING_PENDING));
    add_commands(p, STANDING_PENDING);
    if (overdue > 0) {
        strbuf_printf(p->sb, "not confirmed in time: %u\n", overdue);
        add_commands(p, STANDING_VOID);
    }
}

void print_in_force(const struct printing *p)
{
    const uint32_t count = count_commands(p, STANDING_IN_FORCE);
    if (count > 0) {
        strbuf_printf(p->sb, "commanded, in force: %u\n", count);
        add_commands(p, STANDING_IN_FORCE);
    }
}

void status_add_pending(
        struct strbuf *sb, const struct status_board *board, const struct status_look *look)
{
    const struct printing p = {sb, arena_create(ARENA_BYTES), board, look};
    if (p.arena == NULL) {
        sb->failed = ERR_NO_MEMORY;
    } else {
        print_pending(&p);
    }
    arena_destroy(p.arena);
}
