// The way of a complaint (aside_line.h): decode → pseudonym → frames.
#pragma once

#include "aside_line.h"

MUST_CHECK enum err complaint_line_create(
        struct aside_line **ret_line, const struct aside_line_options *options);
