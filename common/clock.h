// Time. Three kinds that cannot be mixed by accident; `now` is passed in, pure code never asks for
// it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "common/view.h"

struct event_time { // when the outside says something happened; ms since 1970 UTC
    int64_t ms;
};
struct wall_time { // our own calendar clock; ms since 1970 UTC
    int64_t ms;
};
struct mono_time { // for durations and deadlines only; ns since some start
    int64_t ns;
};

struct wall_time clock_wall(void);
struct mono_time clock_mono(void);
// CPU time of the whole process, all threads.
int64_t clock_cpu_ns(void);

static inline struct mono_time mono_after_ms(struct mono_time t, int64_t ms)
{
    return (struct mono_time){t.ns + ms * 1000000};
}
// Lets the thread sleep so long; a signal ends it sooner.
void clock_nap(int64_t ms);
// Whole milliseconds from `now` until `then`, rounded up, not below 0.
int64_t mono_left_ms(struct mono_time now, struct mono_time then);

// The times that are accepted: 2000-01-01T00:00:00Z up to, not including, 2100-01-01T00:00:00Z.
#define CLOCK_MIN_MS 946684800000
#define CLOCK_END_MS 4102444800000

enum clock_parse {
    CLOCK_OK,
    CLOCK_BAD_SYNTAX, // not RFC 3339 (a date alone is midnight UTC)
    CLOCK_OUT_OF_RANGE,
};
// Reads an RFC 3339 time; second 60 counts as 59; digits below a millisecond are cut.
// Out of 2000–2100 is CLOCK_OUT_OF_RANGE; `ret_ms` is untouched unless CLOCK_OK.
enum clock_parse clock_parse_rfc3339(struct view text, int64_t *ret_ms);
bool clock_is_accepted(int64_t ms);
// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; the day may be past the end
// of its month.
int64_t clock_days_of(int64_t year, int64_t month, int64_t day);
// Appends 2026-11-22T08:00:00.000Z. `ms` must be within years 0–9999.
void clock_format(struct strbuf *sb, int64_t ms);
