// policy.rules in the configuration: a list of mappings, each with a table of its own.
#pragma once

#include "common/conf_bind.h"

// The reasons that a policy may count.
extern const char *const config_counting_words[];
extern const struct conf_map config_rules_map;
