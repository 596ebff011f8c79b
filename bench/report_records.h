// The records of a run, one function a kind, fit for report_each_line. What cannot be understood is
// counted and left out.
#pragma once

#include "bench/report.h"
#include "bench/report_json.h"

struct report_pointers {
    const char *const *texts;
    size_t count;
};
#define REPORT_POINTERS(array)                                                                     \
    {                                                                                              \
        (array), sizeof(array) / sizeof(array)[0]                                                  \
    }

// Those of alerts, causes and contributors.
const struct report_pointers *report_alert_pointers(enum report_record record);
MUST_CHECK enum err report_pointers_create(struct report *report);
// Makes room for one more, zeroed.
MUST_CHECK enum err report_grow(void **array, uint32_t count, uint32_t *capacity, size_t size);
// False, and counted as a bad line, where it is no JSON.
bool report_scan(struct report *report, enum report_record record, struct view line,
        struct json_value *ret_values);

MUST_CHECK enum err report_take_summary(struct report *report, struct view line);
MUST_CHECK enum err report_take_alert(struct report *report, struct view line);
MUST_CHECK enum err report_take_command(struct report *report, struct view line);
MUST_CHECK enum err report_take_dead_letter(struct report *report, struct view line);
MUST_CHECK enum err report_take_label(struct report *report, struct view line);
MUST_CHECK enum err report_take_scenario(struct report *report, struct view line);

// Of three values side by side: kind, id, tenant. False where it is no scope.
bool report_scope_take(
        struct report *report, const struct json_value *values, struct scope_name *ret_scope);
// The scope's row, made when it is new; UINT32_MAX where the table is full.
MUST_CHECK enum err report_scope_find(struct report *report, enum scope_kind kind,
        struct view tenant, struct view id, uint32_t *ret_scope);
// A kind or tier by its word; SCOPE_KIND_COUNT and TIER_COUNT for none.
enum scope_kind report_scope_kind(const struct json_value *word);
enum tier report_tier(const struct json_value *word);

// The values of RECORD_VERDICT and RECORD_TRACE.
enum verdict_value {
    V_MESSAGE,
    V_OCCURRED,
    V_TENANT,
    V_VERDICT,
    V_REASONS,
    V_RECIPIENT,
    V_CAMPAIGN,
    V_TEMPLATE,
    V_SENDER,
    V_VENDOR,
    V_OFFSET,
    V_TOPIC,
};
enum trace_value {
    R_KIND,
    R_ID,
    R_TENANT,
    R_W,
    R_MISDIRECTED = R_W + NODE_COUNT,
    R_MESSAGE,
    R_JUDGED,
    R_LAST_MESSAGE,
};
