// Where in the records is what status shows.
#include "commands/status_inside.h"

static const char *const state_pointers[STATE_FIELD_COUNT] = {
        [STATE_KIND] = "/target/kind",
        [STATE_ID] = "/target/id",
        [STATE_TENANT] = "/target/tenant_id",
        [STATE_CHANNEL] = "/target/channel",
        [STATE_TIER] = "/tier",
        [STATE_REASON] = "/reason",
        [STATE_INCIDENT] = "/incident_id",
        [STATE_SEQUENCE] = "/sequence",
        [STATE_ISSUED] = "/issued_at",
        [STATE_EXPIRES] = "/expires_at",
        [STATE_MODE] = "/mode",
        [STATE_OPERATOR] = "/operator",
        [STATE_STEP] = "/canary/step",
        [STATE_LIMIT] = "/canary/limit",
        [STATE_DRILL] = "/drill",
};

static const char *const incident_pointers[INCIDENT_FIELD_COUNT] = {
        [INCIDENT_TYPE] = "/type",
        [INCIDENT_ID] = "/incident_id",
        [INCIDENT_TIME] = "/occurred_at",
        [INCIDENT_TIER] = "/tier",
        [INCIDENT_KIND] = "/scope/kind",
        [INCIDENT_SCOPE] = "/scope/id",
        [INCIDENT_TENANT] = "/scope/tenant_id",
        [INCIDENT_CHANNEL] = "/scope/channel",
        [INCIDENT_CAUSE] = "/cause/likely",
        [INCIDENT_ESCAPED] = "/impact/escaped",
        [INCIDENT_HELD] = "/impact/held",
        [INCIDENT_PEOPLE] = "/impact/distinct_recipients",
        [INCIDENT_AT_LEAST] = "/impact/distinct_is_lower_bound",
        [INCIDENT_SINCE] = "/evidence/change_point/occurred_at",
        [INCIDENT_WITHHELD] = "/evidence/withheld",
        [INCIDENT_CONTROL_ID] = "/control/control_id",
        [INCIDENT_ACTION] = "/control/action",
        [INCIDENT_STATE] = "/control/state",
        [INCIDENT_OPERATOR] = "/control/operator",
        [INCIDENT_OF_CONTROL] = "/control/incident_id",
        [INCIDENT_WHY] = "/control/why",
        [INCIDENT_ANSWERED_BY] = "/acknowledged/operator",
        [INCIDENT_RELEASE] = "/release/state",
        [INCIDENT_STEP] = "/release/canary/step",
        [INCIDENT_LIMIT] = "/release/canary/limit",
        [INCIDENT_JUDGED] = "/release/canary/judged",
        [INCIDENT_MISDIRECTED] = "/release/canary/misdirected",
        [INCIDENT_PROBATION] = "/release/probation",
        [INCIDENT_RELEASED_BY] = "/release/operator",
        [INCIDENT_DRILL] = "/drill",
};

static const char *const outcome_pointers[ASKED_FIELD_COUNT] = {
        [ASKED_ID] = "/control/control_id",
        [ASKED_ACTION] = "/control/action",
        [ASKED_STATE] = "/control/state",
        [ASKED_KIND] = "/control/scope/kind",
        [ASKED_SCOPE] = "/control/scope/id",
        [ASKED_TENANT] = "/control/scope/tenant_id",
        [ASKED_CHANNEL] = "/control/scope/channel",
        [ASKED_INCIDENT] = "/control/incident_id",
        [ASKED_RULE] = "/control/rule", // not told, as the next two and the reason
        [ASKED_RULE_TENANT] = "/control/tenant_id",
        [ASKED_MODE] = "/control/mode",
        [ASKED_OPERATOR] = "/control/operator",
        [ASKED_REASON] = "/control/reason",
        [ASKED_EXPIRES] = "/control/expires_at",
        [ASKED_SEQUENCE] = "/control/sequence",
};

static const char *const record_pointers[ASKED_FIELD_COUNT] = {
        [ASKED_ID] = "/control_id",
        [ASKED_ACTION] = "/action",
        [ASKED_STATE] = "/state",
        [ASKED_KIND] = "/scope/kind",
        [ASKED_SCOPE] = "/scope/id",
        [ASKED_TENANT] = "/scope/tenant_id",
        [ASKED_CHANNEL] = "/scope/channel",
        [ASKED_INCIDENT] = "/incident_id",
        [ASKED_RULE] = "/rule",
        [ASKED_RULE_TENANT] = "/tenant_id",
        [ASKED_MODE] = "/mode",
        [ASKED_OPERATOR] = "/operator",
        [ASKED_REASON] = "/reason",
        [ASKED_EXPIRES] = "/expires_at",
        [ASKED_SEQUENCE] = "/sequence",
};

static const char *const verdict_pointers[VERDICT_FIELD_COUNT] = {
        [VERDICT_WORD] = "/verdict",
        [VERDICT_MESSAGE] = "/message_id",
        [VERDICT_TIME] = "/occurred_at",
        [VERDICT_TENANT] = "/tenant_id",
        [VERDICT_CAMPAIGN] = "/campaign_id",
        [VERDICT_TEMPLATE] = "/template_id",
        [VERDICT_SENDER] = "/sender_id",
        [VERDICT_VENDOR] = "/vendor_id",
        [VERDICT_REASONS] = "/reasons",
        [VERDICT_PSEUDONYM] = "/recipient_pseudonym",
};

static const char *const control_pointers[] = {"/control"};

enum err status_fields_create(struct status_board *board)
{
    const struct {
        struct json_pointers **ret_fields;
        const char *const *pointers;
        size_t count;
    } readings[] = {
            {&board->state_fields, state_pointers, STATE_FIELD_COUNT},
            {&board->incident_fields, incident_pointers, INCIDENT_FIELD_COUNT},
            {&board->outcome_fields, outcome_pointers, ASKED_FIELD_COUNT},
            {&board->record_fields, record_pointers, ASKED_FIELD_COUNT},
            {&board->command_fields, spoken_word_pointers, SPOKEN_FIELD_COUNT},
            {&board->verdict_fields, verdict_pointers, VERDICT_FIELD_COUNT},
            {&board->control, control_pointers, 1},
    };
    enum err e = ERR_NONE;
    for (size_t i = 0; i < sizeof readings / sizeof *readings && e == ERR_NONE; i++) {
        e = json_pointers_create(
                readings[i].ret_fields, readings[i].pointers, readings[i].count, NULL);
    }
    return e;
}

void status_fields_destroy(struct status_board *board)
{
    json_pointers_destroy(board->state_fields);
    json_pointers_destroy(board->incident_fields);
    json_pointers_destroy(board->outcome_fields);
    json_pointers_destroy(board->record_fields);
    json_pointers_destroy(board->command_fields);
    json_pointers_destroy(board->verdict_fields);
    json_pointers_destroy(board->control);
}
