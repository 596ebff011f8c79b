// The footer of a TZif file: a POSIX TZ string, such as EST5EDT,M3.2.0,M11.1.0, with the extensions of
// RFC 8536 (times of a rule from -167 to 167 hours). Offsets are written west of UTC.
#include <stdlib.h>

#include "common/clock.h"
#include "common/zone_inside.h"

#define DAY_S INT64_C(86400)

enum { HOUR_S = 3600, RULE_HOURS_MAX = 167, OFFSET_HOURS_MAX = 24, NAME_MIN = 3 };

enum date_kind {
    DATE_JULIAN, // J1 to J365: 29 February is never counted
    DATE_DAY,    // 0 to 365: it is
    DATE_MONTH,  // M3.2.0: the second Sunday of March; week 5 is the last
};

struct rule_date {
    enum date_kind kind;
    int month;
    int week;
    int day;
    int32_t time_s; // of the local time before it
};

struct zone_rule {
    int32_t standard_s;
    bool has_daylight;
    int32_t daylight_s;
    struct rule_date begin;
    struct rule_date end;
};

// --- reading ----------------------------------------------------------------------------------

static bool take_byte(struct view *text, char c)
{
    bool is_there = text->n > 0 && text->p[0] == c;
    if (is_there) {
        *text = view_skip(*text, 1);
    }
    return is_there;
}

// One to three digits from `min` to `max`.
static bool take_number(struct view *text, int min, int max, int *ret_number)
{
    int number = 0;
    unsigned digits = 0;
    while (text->n > 0 && digits < 3 && text->p[0] >= '0' && text->p[0] <= '9') {
        number = number * 10 + (text->p[0] - '0');
        digits++;
        *text = view_skip(*text, 1);
    }
    *ret_number = number;
    return digits > 0 && number >= min && number <= max;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The name of a time is read over: EST, or <+0330> in brackets.
static bool skip_name(struct view *text)
{
    bool is_quoted = take_byte(text, '<');
    size_t n = 0;
    while (n < text->n &&
            (is_letter(text->p[n]) ||
                    (is_quoted && (text->p[n] == '+' || text->p[n] == '-' ||
                                          (text->p[n] >= '0' && text->p[n] <= '9'))))) {
        n++;
    }
    *text = view_skip(*text, n);
    return n >= NAME_MIN && (!is_quoted || take_byte(text, '>'));
}

// 5, -3:30, +10:00:15
static bool take_time(struct view *text, int max_hours, int32_t *ret_s)
{
    bool is_negative = take_byte(text, '-');
    if (!is_negative) {
        (void)take_byte(text, '+');
    }
    int hours;
    int minutes = 0;
    int seconds = 0;
    if (!take_number(text, 0, max_hours, &hours) ||
            (take_byte(text, ':') &&
                    (!take_number(text, 0, 59, &minutes) ||
                            (take_byte(text, ':') && !take_number(text, 0, 59, &seconds))))) {
        return false;
    }
    int32_t s = hours * HOUR_S + minutes * 60 + seconds;
    *ret_s = is_negative ? -s : s;
    return true;
}

static bool take_date(struct view *text, struct rule_date *ret_date)
{
    struct rule_date date = {.time_s = 2 * HOUR_S};
    bool is_good;
    if (take_byte(text, 'M')) {
        date.kind = DATE_MONTH;
        is_good = take_number(text, 1, 12, &date.month) && take_byte(text, '.') &&
                  take_number(text, 1, 5, &date.week) && take_byte(text, '.') &&
                  take_number(text, 0, 6, &date.day);
    } else if (take_byte(text, 'J')) {
        date.kind = DATE_JULIAN;
        is_good = take_number(text, 1, 365, &date.day);
    } else {
        date.kind = DATE_DAY;
        is_good = take_number(text, 0, 365, &date.day);
    }
    is_good = is_good && (!take_byte(text, '/') || take_time(text, RULE_HOURS_MAX, &date.time_s));
    *ret_date = date;
    return is_good;
}

static bool read_rule(struct view text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = {0};
    if (!skip_name(&text) || !take_time(&text, OFFSET_HOURS_MAX, &rule.standard_s)) {
        return false;
    }
    rule.standard_s = -rule.standard_s;
    rule.has_daylight = text.n > 0;
    if (rule.has_daylight) {
        rule.daylight_s = rule.standard_s + HOUR_S;
        if (!skip_name(&text)) {
            return false;
        }
        if (text.n > 0 && text.p[0] != ',') {
            if (!take_time(&text, OFFSET_HOURS_MAX, &rule.daylight_s)) {
                return false;
            }
            rule.daylight_s = -rule.daylight_s;
        }
        if (!take_byte(&text, ',') || !take_date(&text, &rule.begin) || !take_byte(&text, ',') ||
                !take_date(&text, &rule.end)) {
            return false;
        }
    }
    *ret_rule = rule;
    return text.n == 0;
}

// --- the years --------------------------------------------------------------------------------

static int64_t days_of_date(const struct rule_date *date, int year)
{
    int64_t first = clock_days_of(year, 1, 1);
    if (date->kind == DATE_DAY) {
        return first + date->day;
    }
    if (date->kind == DATE_JULIAN) {
        bool is_leap = clock_days_of(year, 3, 1) - first == 60;
        return first + date->day - 1 + (is_leap && date->day >= 60);
    }
    first = clock_days_of(year, date->month, 1);
    int64_t end = date->month == 12 ? clock_days_of(year + 1, 1, 1)
                                    : clock_days_of(year, date->month + 1, 1);
    int64_t weekday = (first + 4) % 7; // 1970-01-01 was a Thursday
    int64_t day = first + (date->day - weekday + 7) % 7 + INT64_C(7) * (date->week - 1);
    return day < end ? day : day - 7;
}

// The moment of the rule in that year, clocks being `offset_s` east of UTC before it.
static int64_t moment_of(const struct rule_date *date, int year, int32_t offset_s)
{
    return days_of_date(date, year) * DAY_S + date->time_s - offset_s;
}

static int compare(const void *one, const void *other)
{
    const struct zone_change *a = one;
    const struct zone_change *b = other;
    return (a->at_s > b->at_s) - (a->at_s < b->at_s);
}

// Where one year's end is the next one's beginning, it goes on.
static enum err add_years(struct zone *zone, const struct zone_rule *rule, int64_t last_s)
{
    enum { YEARS = ZONE_END_YEAR - ZONE_FIRST_YEAR + 2 };
    struct zone_change moments[2 * YEARS];
    for (int i = 0; i < YEARS; i++) {
        int year = ZONE_FIRST_YEAR - 1 + i;
        moments[2 * i] = (struct zone_change){
                moment_of(&rule->end, year, rule->daylight_s), rule->standard_s};
        moments[2 * i + 1] = (struct zone_change){
                moment_of(&rule->begin, year, rule->standard_s), rule->daylight_s};
    }
    qsort(moments, 2 * YEARS, sizeof *moments, compare);
    enum err e = ERR_NONE;
    for (int i = 0; i < 2 * YEARS && e == ERR_NONE; i++) {
        bool is_end = moments[i].offset_s == rule->standard_s;
        bool goes_on =
                is_end && ((i > 0 && moments[i - 1].at_s == moments[i].at_s) ||
                                  (i + 1 < 2 * YEARS && moments[i + 1].at_s == moments[i].at_s));
        if (moments[i].at_s > last_s && !goes_on) {
            e = zone_add(zone, moments[i].at_s, moments[i].offset_s);
        }
    }
    return e;
}

enum err zone_add_rule(struct zone *zone, struct view footer, int64_t last_s)
{
    struct zone_rule rule;
    if (footer.n == 0) {
        return ERR_NONE;
    }
    if (!read_rule(footer, &rule)) {
        return ERR_DATA;
    }
    if (rule.has_daylight) {
        return add_years(zone, &rule, last_s);
    }
    int32_t offset_s =
            zone->count > 0 ? zone->changes[zone->count - 1].offset_s : zone->first_offset_s;
    return offset_s == rule.standard_s ? ERR_NONE : ERR_DATA;
}
