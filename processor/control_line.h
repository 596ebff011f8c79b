// The way of a person's command (aside_line.h): decode → signature → pseudonym → frames. A command of one
// tenant goes to the tenant's tally partition, any other to every one.
#pragma once

#include "aside_line.h"

MUST_CHECK enum err control_line_create(
        struct aside_line **ret_line, const struct aside_line_options *options);
