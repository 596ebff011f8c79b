// How every verb comes by its configuration.
#pragma once

#include "policy/config.h"

// Loads `path` (NULL = the defaults) and checks also what only other rooms can tell, such as
// librdkafka's properties. Every finding goes to stderr, one a line.
MUST_CHECK enum err command_load_config(struct config **ret_config, const char *path);
// The same with the findings into `findings`.
MUST_CHECK enum err command_read_config(
        struct config **ret_config, const char *path, struct strbuf *findings);
// The same for a verb that needs some sections only (config_load_sections); NULL = all.
MUST_CHECK enum err command_read_sections(struct config **ret_config, const char *path,
        struct strbuf *findings, const char *const *sections);
