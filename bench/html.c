#include "bench/html.h"

#include <math.h>

enum { SHORT_ID_BYTES = 26 };

#define NARROW_SPACE "\xe2\x80\xaf"

void html_id(struct strbuf *out, struct view id)
{
    if (view_is_none(id)) {
        strbuf_add_text(out, "–");
        return;
    }
    // short ones stay on one line
    strbuf_add_text(out, id.n <= SHORT_ID_BYTES ? "<code class=\"short\">" : "<code>");
    html_text(out, id);
    strbuf_add_text(out, "</code>");
}

void html_count(struct strbuf *out, int64_t count)
{
    if (count < 0) {
        strbuf_add_text(out, "−");
    }
    uint64_t rest = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    uint64_t power = 1;
    while (rest / power >= 1000) {
        power *= 1000;
    }
    strbuf_printf(out, "%u", (unsigned)(rest / power));
    for (rest %= power; power > 1; rest %= power) {
        power /= 1000;
        strbuf_printf(out, ",%03u", (unsigned)(rest / power));
    }
}

void html_counted(struct strbuf *out, int64_t count, const char *one, const char *many)
{
    if (count == 0) {
        strbuf_add_text(out, "no");
    } else {
        html_count(out, count);
    }
    strbuf_printf(out, " %s", count == 1 ? one : many);
}

void html_percent(struct strbuf *out, double share)
{
    double percent = share * 100;
    int digits = percent == 0 || percent >= 99.95 ? 0 : percent >= 10 ? 1 : percent >= 0.1 ? 2 : 3;
    strbuf_printf(out, "%.*f" NARROW_SPACE "%%", digits, percent);
}

struct moment {
    int64_t year;
    unsigned month; // 1 … 12
    unsigned day;
    unsigned hour;
    unsigned minute;
    unsigned second;
};

// Days to a date by Howard Hinnant's civil_from_days.
static struct moment moment_of(int64_t ms)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    unsigned rest = (unsigned)(seconds - days * 86400);
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * of_year + 2) / 153;
    struct moment moment = {
            .day = of_year - (153 * month_from_march + 2) / 5 + 1,
            .month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9,
            .hour = rest / 3600,
            .minute = rest / 60 % 60,
            .second = rest % 60,
    };
    moment.year = (int64_t)year_of_era + era * 400 + (moment.month <= 2);
    return moment;
}

static const char *const months[12] = {"January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December"};

void html_moment(struct strbuf *out, int64_t ms)
{
    struct moment at = moment_of(ms);
    strbuf_printf(out, "%u %s %lld, %02u:%02u:%02u UTC", at.day, months[at.month - 1],
            (long long)at.year, at.hour, at.minute, at.second);
}

void html_clock(struct strbuf *out, int64_t ms, bool with_day)
{
    struct moment at = moment_of(ms);
    if (with_day) {
        strbuf_printf(out, "%u %.3s ", at.day, months[at.month - 1]);
    }
    strbuf_printf(out, "%02u:%02u:%02u", at.hour, at.minute, at.second);
}

void html_span(struct strbuf *out, int64_t ms)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    if (ms < 1000) {
        strbuf_printf(out, "%lld ms", (long long)(ms > 0 ? ms : 0));
        return;
    }
    int64_t rest = (ms + 500) / 1000;
    unsigned parts = 0;
    for (unsigned i = 0; i < 4 && parts < 2; i++) {
        int64_t count = rest / units[i].seconds;
        rest %= units[i].seconds;
        if (count > 0) {
            strbuf_printf(out, "%s%lld %s%s", parts > 0 ? " " : "", (long long)count, units[i].name,
                    count == 1 ? "" : "s");
        }
        parts += count > 0 || parts > 0;
    }
}

void html_large(struct strbuf *out, double number)
{
    static const struct {
        double at;
        const char *name;
    } names[] = {{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}};
    if (number >= 1e15) {
        int power = (int)floor(log10(number));
        strbuf_printf(out, "%.1f × 10<sup>%d</sup>", number / pow(10, power), power);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (number >= names[i].at) {
            strbuf_printf(out, number >= 100 * names[i].at ? "%.0f %s" : "%.3g %s",
                    number / names[i].at, names[i].name);
            return;
        }
    }
    html_count(out, (int64_t)(number + 0.5));
}
