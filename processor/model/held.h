// A scope that is held, as the quarantine-state topic tells it.
#pragma once

#include <stdbool.h>

#include "model/incident.h"
#include "model/scope.h"

struct held_scope {
    struct scope_name name;
    enum tier tier;
    bool has_incident;
    struct digest_id incident_id; // of a hold without an incident: the id of its command
    bool is_commanded;            // a person asked for it, ...
    struct digest_id control;     // ... by the command that this stands for
    int64_t sequence;             // of the last that was told of the scope
    int64_t issued_at_ms;
    int64_t expires_at_ms;
};
