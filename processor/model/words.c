// The words of the schemas for the numbers of the model.
#include "model/action.h"
#include "model/complaint.h"
#include "model/control.h"
#include "model/control_state.h"
#include "model/facts.h"
#include "model/incident.h"
#include "model/scope.h"
#include "model/signal.h"
#include "model/stream.h"
#include "model/verdict.h"

const char *const role_names[ROLE_COUNT] = {"borrower", "co_borrower", "guarantor", "contact"};
const char *const status_names[STATUS_COUNT] = {
        "active", "overdue", "closed", "written_off", "sold"};
const char *const reassigned_names[3] = {"no_data", "no", "yes"};
const char *const verdict_names[VERDICT_COUNT] = {"clear", "misdirected", "unknown", "exempt"};
const char *const reason_names[REASON_TOLD_COUNT] = {
#define REASON_ROW(id, name) [id] = #name,
        REASON_TABLE(REASON_ROW) POLICY_REASON_TABLE(REASON_ROW)
#undef REASON_ROW
};
const char *const scope_kind_names[SCOPE_KIND_COUNT] = {
        "campaign", "template", "sender", "vendor", "tenant"};
const char *const tier_names[TIER_COUNT] = {"none", "notice", "alert", "quarantine", "stop"};
const char *const alert_kind_names[] = {
        [ALERT_INCIDENT_OPENED] = "incident.opened",
        [ALERT_INCIDENT_ESCALATED] = "incident.escalated",
        [ALERT_INCIDENT_UPDATED] = "incident.updated",
        [ALERT_INCIDENT_RELEASED] = "incident.released",
        [ALERT_INCIDENT_CLOSED] = "incident.closed",
        [ALERT_CACHE_SUSPECT] = "cache.suspect",
        [ALERT_CACHE_RECOVERED] = "cache.recovered",
        [ALERT_DRILL_COMPLETED] = "drill.completed",
        [ALERT_CONTROL_OUTCOME] = "control.outcome",
};
_Static_assert(sizeof alert_kind_names / sizeof *alert_kind_names == ALERT_KIND_COUNT,
        "each kind of alert has its word");
const char *const control_standing_names[2] = {"in_force", "pending"};
const char *const mode_names[2] = {"monitor", "enforce"};

const char *const signal_names[SIGNAL_COUNT] = {
#define SIGNAL_ROW(id, name) [id] = #name,
        SIGNAL_TABLE(SIGNAL_ROW)
#undef SIGNAL_ROW
};

const char *const stream_names[STREAM_COUNT] = {
#define STREAM_ROW(id, name) [id] = #name,
        STREAM_TABLE(STREAM_ROW)
#undef STREAM_ROW
};

const char *const source_names[SOURCE_COUNT + 1] = {
#define SOURCE_ROW(id, name) [id] = #name,
        STREAM_TABLE(SOURCE_ROW)
#undef SOURCE_ROW
                [SOURCE_VOLUME] = "volume",
        [SOURCE_COMPLAINTS] = "complaints",
        [SOURCE_UNREGISTERED_VENDOR] = "unregistered_vendor",
        [SOURCE_BASELINE_MOVED] = "baseline_moved",
};

const char *const complaint_kind_names[COMPLAINT_KIND_COUNT] = {
#define COMPLAINT_KIND_ROW(id, name) [id] = #name,
        COMPLAINT_KIND_TABLE(COMPLAINT_KIND_ROW)
#undef COMPLAINT_KIND_ROW
};

const char *const control_action_names[CONTROL_ACTION_COUNT] = {
#define CONTROL_ACTION_ROW(id, name) [id] = #name,
        CONTROL_ACTION_TABLE(CONTROL_ACTION_ROW)
#undef CONTROL_ACTION_ROW
};

const char *const outcome_state_names[OUTCOME_STATE_COUNT] = {
#define OUTCOME_WORD(id, name) [id] = #name,
        OUTCOME_TABLE(OUTCOME_WORD)
#undef OUTCOME_WORD
};
