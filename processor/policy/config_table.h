// The options of a configuration, one row each: what config.c reads, describes and prints.
#pragma once

#include "common/conf_bind.h"
#include "policy/config.h"

extern const struct conf_table config_table;
