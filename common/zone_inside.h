// Inside of common/zone.h's implementation: zone.c reads tables, zone_file.c makes them of TZif,
// zone_rule.c of the rule in its footer, zones.c has those of a directory.
#pragma once

#include "common/zone.h"

// Seconds since 1970 from which on, and up to which, changes are kept: 2000 to 2100.
#define ZONE_FROM_S INT64_C(946684800)
#define ZONE_UNTIL_S INT64_C(4133980800)

enum { ZONE_FIRST_YEAR = 2000, ZONE_END_YEAR = 2101, ZONE_OFFSET_MAX_S = 26 * 3600 };

MUST_CHECK enum err zone_create(struct zone **ret_zone, struct view name);
// Adds the change behind all others; one out of the years that are kept, or to the same offset, is
// none. `at_s` is not below the last one's; at the same moment the later one stays. ERR_NO_MEMORY.
MUST_CHECK enum err zone_add(struct zone *zone, int64_t at_s, int32_t offset_s);
// Adds what the rule of a footer (POSIX TZ string) says of the years behind `last_s`. ERR_DATA when
// it is none; the rule of an empty footer is that nothing changes any more.
MUST_CHECK enum err zone_add_rule(struct zone *zone, struct view footer, int64_t last_s);
// A zone of the directory; the name has been looked at. As zone_open, and ERR_NO_INPUT for a file that
// does not begin as one of zones does.
MUST_CHECK enum err zone_open_file(
        struct zone **ret_zone, struct view name, const char *directory, struct strbuf *why);
