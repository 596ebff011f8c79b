// Classes of incidents: for a score that rests on many of one sort. Each incident (or each two that
// belong together) has a tenant of its own and twenty minutes of its own, so that none disturbs
// another.
#pragma once

#include "bench/generate_options.h"

// The class of that name, or NULL; the names in order, then NULL.
const char *class_find(struct view name);
const char *class_name_at(size_t i);
// A theatre is where one incident, or two together, take place: a tenant of its own for twenty
// minutes, with that many healthy campaigns.
enum { THEATRES_A_DAY = 39, THEATRE_CAMPAIGNS = 40 };

// What happens in a theatre.
struct class_part {
    char *text; // the caller's to free; the options point to it
    bool is_negative;
    struct incident_options incident;
    struct negative_options negative;
};
uint32_t class_part_count(const struct generate_options *options);
MUST_CHECK enum err class_read_part(struct class_part *ret_part,
        const struct generate_options *options, uint32_t part, uint32_t theatre,
        struct strbuf *why);
// Settles tenants, days and messages of a class. ERR_USAGE: its options are refused, `why` says so.
MUST_CHECK enum err class_check(struct generate_options *options, struct strbuf *why);
