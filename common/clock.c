#include "common/clock.h"

#include <time.h>

static int64_t clock_read_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct wall_time clock_wall(void)
{
    return (struct wall_time){clock_read_ns(CLOCK_REALTIME) / 1000000};
}

struct mono_time clock_mono(void)
{
    return (struct mono_time){clock_read_ns(CLOCK_MONOTONIC)};
}

int64_t clock_cpu_ns(void)
{
    return clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_nap(int64_t ms)
{
    const struct timespec length = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&length, NULL);
}

int64_t mono_left_ms(struct mono_time now, struct mono_time then)
{
    return then.ns <= now.ns ? 0 : (then.ns - now.ns + 999999) / 1000000;
}

bool clock_is_accepted(int64_t ms)
{
    return ms >= CLOCK_MIN_MS && ms < CLOCK_END_MS;
}

// Hinnant, "chrono-compatible low-level date algorithms", days_from_civil. The year starts in March,
// so that leap days come last.
int64_t clock_days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t mp = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * mp + 2) / 5 + 1;
    *ret_month = mp + (mp < 10 ? 3 : -9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

// Reads exactly `count` digits at the front of *text; -1 when they are not there.
static int take_digits(struct view *text, unsigned count)
{
    int number = 0;
    if (text->n < count) {
        return -1;
    }
    for (unsigned i = 0; i < count; i++) {
        char c = text->p[i];
        if (c < '0' || c > '9') {
            return -1;
        }
        number = number * 10 + (c - '0');
    }
    *text = view_skip(*text, count);
    return number;
}

static bool take_byte(struct view *text, char c)
{
    if (text->n == 0 || text->p[0] != c) {
        return false;
    }
    *text = view_skip(*text, 1);
    return true;
}

// ".123456" into milliseconds; no fraction is 0; -1 when the dot has no digit behind it.
static int take_fraction_ms(struct view *text)
{
    if (!take_byte(text, '.')) {
        return 0;
    }
    int ms = 0;
    int weight = 100;
    size_t digits = 0;
    while (text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9') {
        ms += (text->p[0] - '0') * weight;
        weight /= 10;
        digits++;
        *text = view_skip(*text, 1);
    }
    return digits == 0 ? -1 : ms;
}

// "Z" or "+08:00" into minutes east of UTC.
static bool take_zone(struct view *text, int *ret_minutes)
{
    if (take_byte(text, 'Z') || take_byte(text, 'z')) {
        *ret_minutes = 0;
        return true;
    }
    bool west = text->n > 0 && text->p[0] == '-';
    if (!take_byte(text, '+') && !take_byte(text, '-')) {
        return false;
    }
    int hours = take_digits(text, 2);
    if (hours < 0 || hours > 23 || !take_byte(text, ':')) {
        return false;
    }
    int minutes = take_digits(text, 2);
    if (minutes < 0 || minutes > 59) {
        return false;
    }
    *ret_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

// Two digits; anything else sets *is_bad.
static int read_pair(const char *p, unsigned *is_bad)
{
    unsigned tens = (unsigned)p[0] - '0';
    unsigned ones = (unsigned)p[1] - '0';
    *is_bad |= (tens > 9) | (ones > 9);
    return (int)(tens * 10 + ones);
}

// 2026-03-02T00:46:15.654Z, as most systems write it. False for everything else, and for what has to
// be looked at more closely.
static bool parse_usual(struct view text, int64_t *ret_ms)
{
    const char *p = text.p;
    if (text.n != sizeof "0000-00-00T00:00:00.000Z" - 1 || p[4] != '-' || p[7] != '-' ||
            p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != '.' || p[23] != 'Z') {
        return false;
    }
    unsigned is_bad = 0;
    int year = read_pair(p, &is_bad) * 100 + read_pair(p + 2, &is_bad);
    int month = read_pair(p + 5, &is_bad);
    int day = read_pair(p + 8, &is_bad);
    int hour = read_pair(p + 11, &is_bad);
    int minute = read_pair(p + 14, &is_bad);
    int second = read_pair(p + 17, &is_bad);
    const char hundreds[2] = {'0', p[20]};
    int fraction_ms = read_pair(hundreds, &is_bad) * 100 + read_pair(p + 21, &is_bad);
    if (is_bad || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
            hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t seconds = clock_days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *ret_ms = seconds * 1000 + fraction_ms;
    return clock_is_accepted(*ret_ms);
}

static enum clock_parse parse_any(struct view text, int64_t *ret_ms)
{
    int year = take_digits(&text, 4);
    if (year < 0 || !take_byte(&text, '-')) {
        return CLOCK_BAD_SYNTAX;
    }
    int month = take_digits(&text, 2);
    if (month < 1 || month > 12 || !take_byte(&text, '-')) {
        return CLOCK_BAD_SYNTAX;
    }
    int day = take_digits(&text, 2);
    if (day < 1 || day > days_in_month(year, month)) {
        return CLOCK_BAD_SYNTAX;
    }
    int64_t ms = clock_days_of(year, month, day) * 86400000;
    if (text.n > 0) {
        if (!take_byte(&text, 'T') && !take_byte(&text, 't') && !take_byte(&text, ' ')) {
            return CLOCK_BAD_SYNTAX;
        }
        int hour = take_digits(&text, 2);
        bool colon = take_byte(&text, ':');
        int minute = take_digits(&text, 2);
        bool colon2 = take_byte(&text, ':');
        int second = take_digits(&text, 2);
        int fraction_ms = take_fraction_ms(&text);
        int zone_minutes = 0;
        if (hour < 0 || hour > 23 || !colon || minute < 0 || minute > 59 || !colon2 || second < 0 ||
                second > 60 || fraction_ms < 0 || !take_zone(&text, &zone_minutes) || text.n != 0) {
            return CLOCK_BAD_SYNTAX;
        }
        second = second == 60 ? 59 : second;
        ms += ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + fraction_ms;
        ms -= (int64_t)zone_minutes * 60000;
    }
    if (!clock_is_accepted(ms)) {
        return CLOCK_OUT_OF_RANGE;
    }
    *ret_ms = ms;
    return CLOCK_OK;
}

enum clock_parse clock_parse_rfc3339(struct view text, int64_t *ret_ms)
{
    int64_t ms;
    if (parse_usual(text, &ms)) {
        *ret_ms = ms;
        return CLOCK_OK;
    }
    return parse_any(text, ret_ms);
}

static void put_pair(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
}

void clock_format(struct strbuf *sb, int64_t ms)
{
    int64_t days = ms / 86400000;
    int64_t rest = ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    int64_t year;
    int64_t month;
    int64_t day;
    civil_from_days(days, &year, &month, &day);
    unsigned ms_of_day = (unsigned)rest;
    char text[] = "0000-00-00T00:00:00.000Z";
    put_pair(text, (unsigned)year / 100);
    put_pair(text + 2, (unsigned)year % 100);
    put_pair(text + 5, (unsigned)month);
    put_pair(text + 8, (unsigned)day);
    put_pair(text + 11, ms_of_day / 3600000);
    put_pair(text + 14, ms_of_day / 60000 % 60);
    put_pair(text + 17, ms_of_day / 1000 % 60);
    text[20] = (char)('0' + ms_of_day / 100 % 10);
    put_pair(text + 21, ms_of_day % 100);
    strbuf_add(sb, text, sizeof text - 1);
}
