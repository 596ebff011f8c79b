// What can go wrong as a whole: a campaign, a template, a sender, a vendor, a tenant.
#pragma once

#include <stdint.h>

#include "common/view.h"

// From the narrowest to the widest; ties in attribution go to the narrower.
enum scope_kind {
    SCOPE_CAMPAIGN,
    SCOPE_TEMPLATE,
    SCOPE_SENDER,
    SCOPE_VENDOR,
    SCOPE_TENANT,
    SCOPE_KIND_COUNT,
};

enum tier { TIER_NONE, TIER_NOTICE, TIER_ALERT, TIER_QUARANTINE, TIER_STOP, TIER_COUNT };

extern const char *const scope_kind_names[SCOPE_KIND_COUNT];
extern const char *const tier_names[TIER_COUNT];

// A scope by its names. Of a tenant scope, id = tenant_id.
struct scope_name {
    enum scope_kind kind;
    struct view id;
    struct view tenant_id;
    struct view channel; // only its messages of that channel; none = of all
};
