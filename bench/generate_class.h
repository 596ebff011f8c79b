// Classes of incidents: for a score that rests on many of one sort. Each incident (or each two that
// belong together) has a tenant of its own and twenty minutes of its own, so that none disturbs
// another.
#pragma once

#include "bench/generate_options.h"

// The class of that name, or NULL; the names in order, then NULL.
const char *class_find(struct view name);
const char *class_name_at(size_t i);
// Settles tenants, days and messages of a class. ERR_USAGE: its options are refused, `why` says so.
MUST_CHECK enum err class_check(struct generate_options *options, struct strbuf *why);
