// policy.rules in the configuration: a list of mappings, each with a table of its own.
#pragma once

#include "common/conf_bind.h"

struct config;

// The reasons that a policy may count.
extern const char *const config_counting_words[];
extern const struct conf_map config_rules_map;
// What rules may not say beside the detector's own options, once all of them are read.
void config_check_rules(const struct config *config, struct conf_report *report);
