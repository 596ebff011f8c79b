// policy.maintenance and policy.hours in the configuration: lists of mappings, each with a table of its
// own.
#pragma once

#include "common/conf_bind.h"

extern const struct conf_map config_maintenance_map;
extern const struct conf_map config_hours_map;
