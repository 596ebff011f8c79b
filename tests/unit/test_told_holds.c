// What the status page knows of holds: who wanted each, and why, until it ends.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/told_holds.h"
#include "unit.h"

static struct command_action hold_of(const char *id, const char *reason, const char *who)
{
    return (struct command_action){.kind = COMMAND_HOLD,
            .target = TARGET_SCOPE,
            .scope = {SCOPE_CAMPAIGN, view_of(id), VIEW("t"), VIEW_NONE},
            .reason = view_of(reason),
            .operator_id = who != NULL ? view_of(who) : VIEW_NONE,
            .issued_at_ms = 1000};
}

static void test_life(void)
{
    struct told_holds *holds = calloc(1, sizeof *holds);
    CU_ASSERT_PTR_NOT_NULL_FATAL(holds);
    struct command_action command = hold_of("c", "7 of 8 misdirected", NULL);
    CU_ASSERT_PTR_NULL(told_holds_find(holds, &command.scope));
    told_holds_note(holds, &command);
    const struct told_hold *told = told_holds_find(holds, &command.scope);
    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    unit_check_text("reason", told->reason, "7 of 8 misdirected");
    unit_check_text("operator", told->operator_id, "");
    CU_ASSERT_EQUAL(told->since_ms, 1000);
    // A person holds it, too; it goes on, and a canary is let through: who and why stay.
    command = hold_of("c", "list withdrawn", "ann");
    command.issued_at_ms = 2000;
    told_holds_note(holds, &command);
    command = hold_of("c", "the hold goes on", NULL);
    command.is_renewal = true;
    told_holds_note(holds, &command);
    command = hold_of("c", "canary", "ben");
    command.canary_limit = 20;
    told_holds_note(holds, &command);
    told = told_holds_find(holds, &command.scope);
    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    unit_check_text("reason", told->reason, "list withdrawn");
    unit_check_text("operator", told->operator_id, "ann");
    CU_ASSERT_EQUAL(told->since_ms, 1000);
    // Another campaign, another lender, another channel.
    struct scope_name other = command.scope;
    other.tenant_id = VIEW("u");
    CU_ASSERT_PTR_NULL(told_holds_find(holds, &other));
    other = command.scope;
    other.channel = VIEW("sms");
    CU_ASSERT_PTR_NULL(told_holds_find(holds, &other));
    command = hold_of("c", "released", "ann");
    command.kind = COMMAND_RELEASE;
    told_holds_note(holds, &command);
    CU_ASSERT_PTR_NULL(told_holds_find(holds, &command.scope));
    told_holds_note(holds, &command); // nothing is there to end
    free(holds);
}

// More than there is room for: the oldest go, and that is counted.
static void test_full(void)
{
    struct told_holds *holds = calloc(1, sizeof *holds);
    CU_ASSERT_PTR_NOT_NULL_FATAL(holds);
    char id[32];
    for (int i = 0; i < TOLD_HOLDS_MAX + 3; i++) {
        snprintf(id, sizeof id, "c%d", i);
        const struct command_action command = hold_of(id, id, NULL);
        told_holds_note(holds, &command);
    }
    CU_ASSERT_EQUAL(holds->forgotten, 3);
    struct command_action command = hold_of("c2", "", NULL);
    CU_ASSERT_PTR_NULL(told_holds_find(holds, &command.scope));
    command = hold_of("c3", "", NULL);
    CU_ASSERT_PTR_NOT_NULL(told_holds_find(holds, &command.scope));
    const struct told_hold *last = NULL;
    snprintf(id, sizeof id, "c%d", TOLD_HOLDS_MAX + 2);
    command = hold_of(id, "", NULL);
    last = told_holds_find(holds, &command.scope);
    CU_ASSERT_PTR_NOT_NULL_FATAL(last);
    unit_check_text("reason", last->reason, id);
    free(holds);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"life", test_life},
            {"full", test_full},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "told_holds", tests);
}
