// A recipient's relationship data as a loader line says it (design §2, last bullet of "Records
// out").
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"
#include "identity/recipient.h"
#include "model/facts.h"

enum { PARTY_MAX = 1000, OPTED_OUT_MAX = 16 };

struct party {
    struct view tenant_id; // none = "default"
    struct view loan_id;   // none where absent
    enum party_role role;
    enum loan_status status;
    int64_t closed_at_ms; // TIME_NONE = undated
};

struct relationship {
    struct recipient recipient; // canonical
    bool deleted;
    enum reassigned reassigned;
    int64_t reassigned_at_ms; // TIME_NONE = undated
    struct view opted_out[OPTED_OUT_MAX];
    uint16_t opted_out_count;
    uint16_t party_count;
    const struct party *parties;
};
