// policy.frequency and policy.frequency_packs in the configuration.
#pragma once

#include "policy/config.h"
#include "policy/config_checks.h"

extern const struct conf_map config_frequency_map;

// After all options are read: the limits of the packs that are named. Trouble is reported. ERR_NO_MEMORY.
MUST_CHECK enum err config_frequency_finish(struct config *config, struct conf_report *report);
