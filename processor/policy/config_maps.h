// The two options whose keys are the user's own: kafka.properties and policy.purposes.
#pragma once

#include "common/conf_bind.h"

#define CONFIG_DEFAULT_PURPOSES                                                                    \
    "{collection: [no_record, other_tenant, wrong_debt, third_party, closed_loan, "                \
    "reassigned_number], reminder: [no_record, other_tenant, wrong_debt, third_party, "            \
    "closed_loan, reassigned_number]}"

extern const struct conf_map config_properties_map;
extern const struct conf_map config_purposes_map;
extern const struct conf_map config_vendors_map;
