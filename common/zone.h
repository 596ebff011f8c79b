// Time zones: what a clock on a wall shows at a moment. A zone is read once, from a TZif file of the
// system's time zone data (RFC 8536) or from a fixed offset, into a table that never changes after
// that: its changes of 2000 to 2100, those of the years behind the file's last one by the rule in its
// footer. Nothing here knows the process's own zone (TZ), and any thread may read.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo" // Debian's tzdata
#define ZONE_NEVER INT64_MAX

enum { ZONE_NAME_MAX = 64, ZONE_FILE_MAX_BYTES = 64 * 1024, ZONES_MAX = 2048 };

struct zone_change {
    int64_t at_s;     // since 1970
    int32_t offset_s; // seconds east of UTC, from then on
};

struct zone {
    char name[ZONE_NAME_MAX + 1]; // as it was asked for
    bool is_fixed;                // an offset, not a zone by name
    int32_t first_offset_s;       // before the first change
    uint32_t count;
    uint32_t capacity;
    struct zone_change *changes; // ascending, each another offset than before
};

// Whether it can name a file of zones: letters, digits, _ + - in parts between slashes, so that it
// never leads out of their directory. A name that would be of this machine alone (localtime) is none.
bool zone_is_name(struct view name);
// Reads an offset such as +08:00, up to fourteen hours, into a zone that owns nothing. False when it is
// none.
bool zone_read_offset(struct view text, struct zone *ret_zone);
// An offset, or a zone of `directory`. ERR_CONFIG when there is none of that name or the file is not
// as it must be: `why` then says what was expected and what it is. ERR_NO_MEMORY.
MUST_CHECK enum err zone_open(
        struct zone **ret_zone, struct view name, const char *directory, struct strbuf *why);
// A zone from the bytes of a TZif file of version 2 or later. Errors as above.
MUST_CHECK enum err zone_parse(
        struct zone **ret_zone, struct view name, struct view bytes, struct strbuf *why);
void zone_destroy(struct zone *zone);

// Seconds east of UTC at that moment; before 2000 and from 2101 on as at the nearer end.
int32_t zone_offset_s(const struct zone *zone, int64_t at_ms);
// The first moment after this one at which the offset changes; ZONE_NEVER when there is none.
int64_t zone_next_change_ms(const struct zone *zone, int64_t at_ms);
// The local day of a moment, in days since 1970-01-01, and the second of that day that clocks show.
int64_t zone_day(const struct zone *zone, int64_t at_ms, int32_t *ret_second);
// Appends 2026-11-22T16:00:00.000+08:00.
void zone_format(struct strbuf *sb, const struct zone *zone, int64_t at_ms);
// Appends 16 hex digits that tell its table from others.
void zone_add_digest(struct strbuf *sb, const struct zone *zone);

// Every zone of a directory, by name.
struct zones;

// Without posix/ and right/, which are the same again. ERR_CONFIG when one of them cannot be read, or
// there are more than ZONES_MAX. ERR_NO_MEMORY.
MUST_CHECK enum err zones_open(struct zones **ret_zones, const char *directory, struct strbuf *why);
void zones_destroy(struct zones *zones);
size_t zones_count(const struct zones *zones);
// NULL when there is none.
const struct zone *zones_find(const struct zones *zones, struct view name);
// As zone_add_digest, of them all.
void zones_add_digest(struct strbuf *sb, const struct zones *zones);
