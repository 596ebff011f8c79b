// policy.lists and policy.lists_file: entries with a table of their own. The file has one entry a line, in
// JSON.
#pragma once

#include "policy/config.h"
#include "policy/config_checks.h"

extern const struct conf_map config_lists_map;

// After all options are read: reads the file, makes pseudonyms of numbers, and the index. Trouble is
// reported. ERR_NO_MEMORY.
MUST_CHECK enum err config_lists_finish(struct config *config, struct conf_report *report);
