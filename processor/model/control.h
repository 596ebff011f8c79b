// What a person commands through the control topic (design §7): who, what about, why, until when.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/action.h"

// In the order of frames.
#define CONTROL_ACTION_TABLE(ROW)                                                                  \
    ROW(CONTROL_HOLD, hold)                                                                        \
    ROW(CONTROL_RELEASE, release)                                                                  \
    ROW(CONTROL_CONFIRM, confirm)                                                                  \
    ROW(CONTROL_ACKNOWLEDGE, acknowledge)                                                          \
    ROW(CONTROL_MODE, mode)                                                                        \
    ROW(CONTROL_DRILL, drill)

enum control_action {
#define CONTROL_ACTION_ROW(id, name) id,
    CONTROL_ACTION_TABLE(CONTROL_ACTION_ROW)
#undef CONTROL_ACTION_ROW
            CONTROL_ACTION_COUNT,
};

extern const char *const control_action_names[CONTROL_ACTION_COUNT];

// What it is about.
enum control_object {
    CONTROL_OF_SCOPE,     // `scope`
    CONTROL_OF_MESSAGE,   // `scope.id` is a message_id of tenant `scope.tenant_id`
    CONTROL_OF_RECIPIENT, // `recipient`: all messages to it, of the tenant
    CONTROL_OF_INCIDENT,  // `incident_id`
    CONTROL_OF_RULE, // `rule`: what was held for that reason, of `scope.tenant_id` or of all (none)
    CONTROL_OF_CONTROL, // of confirm: `confirms`
    CONTROL_OBJECT_COUNT,
};

// As it was verified: whoever reads it here need not look at signatures again. Views are none where absent.
struct control {
    struct view control_id;
    enum control_action action;
    enum control_object object;
    struct scope_name scope;
    struct view recipient; // a pseudonym, "kid:base64url"; never a number
    struct digest_id incident_id;
    struct view rule; // the word of a reason, or of a cause
    struct view confirms;
    enum mode mode; // of action mode
    struct view operator_id;
    struct view reason;
    int64_t issued_at_ms;
    int64_t expires_at_ms; // 0 = none is named
    bool at_once;          // of a release: without a canary
    bool is_signed;
};

// Whether every tally partition has its part of it: a rule of all tenants.
static inline bool control_is_everywhere(const struct control *control)
{
    return control->object == CONTROL_OF_RULE && control->scope.tenant_id.n == 0;
}
