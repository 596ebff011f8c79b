#include "policy/windows.h"

#include <stdlib.h>

enum { DAY_MINUTES = 24 * 60, MINUTE_MS = 60 * 1000 };

static void release_names(char *names[4])
{
    for (unsigned i = 0; i < 4; i++) {
        free(names[i]);
    }
}

void maintenance_release(struct maintenance *maintenance)
{
    release_names(maintenance->names);
    free(maintenance->from);
    free(maintenance->until);
    free(maintenance->reason);
    free(maintenance->owner);
    *maintenance = (struct maintenance){0};
}

void hours_release(struct hours *hours)
{
    release_names(hours->names);
    free(hours->allowed);
    free(hours->zone);
    *hours = (struct hours){0};
}

enum err windows_add_maintenance(
        struct policy_windows *windows, const struct maintenance *maintenance)
{
    if (windows->maintenance_count == WINDOWS_MAX) {
        return ERR_CEILING;
    }
    struct maintenance *grown = realloc(
            windows->maintenance, (windows->maintenance_count + 1) * sizeof *windows->maintenance);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    windows->maintenance = grown;
    grown[windows->maintenance_count++] = *maintenance;
    return ERR_NONE;
}

enum err windows_add_hours(struct policy_windows *windows, const struct hours *hours)
{
    if (windows->hours_count == WINDOWS_MAX) {
        return ERR_CEILING;
    }
    struct hours *grown =
            realloc(windows->hours, (windows->hours_count + 1) * sizeof *windows->hours);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    windows->hours = grown;
    grown[windows->hours_count++] = *hours;
    return ERR_NONE;
}

void windows_clear_maintenance(struct policy_windows *windows)
{
    for (uint32_t i = 0; i < windows->maintenance_count; i++) {
        maintenance_release(&windows->maintenance[i]);
    }
    free(windows->maintenance);
    windows->maintenance = NULL;
    windows->maintenance_count = 0;
}

void windows_clear_hours(struct policy_windows *windows)
{
    for (uint32_t i = 0; i < windows->hours_count; i++) {
        hours_release(&windows->hours[i]);
    }
    free(windows->hours);
    windows->hours = NULL;
    windows->hours_count = 0;
}

// --- when -------------------------------------------------------------------------------------

bool windows_in_maintenance(
        const struct policy_windows *windows, const struct policy_subject *subject, int64_t at_ms)
{
    for (uint32_t i = 0; i < windows->maintenance_count; i++) {
        const struct maintenance *one = &windows->maintenance[i];
        if (at_ms >= one->from_ms && at_ms < one->until_ms &&
                rule_specificity(one->parts, one->names, subject) > 0) {
            return true;
        }
    }
    return false;
}

// How many minutes of local time it is before the hours begin; 0 when they are on.
static int minutes_to_wait(const struct hours *hours, int minute)
{
    int length = (hours->until_minute - hours->from_minute + DAY_MINUTES) % DAY_MINUTES;
    int since = (minute - hours->from_minute + DAY_MINUTES) % DAY_MINUTES;
    return length == 0 || since < length ? 0 : DAY_MINUTES - since;
}

const struct hours *windows_outside(const struct policy_windows *windows,
        const struct policy_subject *subject, int64_t at_ms, int64_t *ret_allowed_ms)
{
    const struct hours *own = NULL;
    unsigned best = 0;
    for (uint32_t i = 0; i < windows->hours_count; i++) {
        const struct hours *hours = &windows->hours[i];
        unsigned named = rule_specificity(hours->parts, hours->names, subject);
        if (named > best) {
            best = named;
            own = hours;
        }
    }
    if (own == NULL) {
        return NULL;
    }
    int64_t minute = at_ms / MINUTE_MS; // times that are accepted are after 1970
    int local = (int)((minute + own->offset_minutes + DAY_MINUTES) % DAY_MINUTES);
    int wait = minutes_to_wait(own, local);
    *ret_allowed_ms = (minute + wait) * MINUTE_MS;
    return wait > 0 ? own : NULL;
}

// --- texts ------------------------------------------------------------------------------------

// Two digits, up to `max`; -1 when they are none.
static int two_digits(const char *p, int max)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return -1;
    }
    int value = (p[0] - '0') * 10 + (p[1] - '0');
    return value <= max ? value : -1;
}

// "08:00" as minutes; -1 when it is none.
static int clock_minutes(const char *p, int max_hours)
{
    int hours = two_digits(p, max_hours);
    int minutes = p[2] == ':' ? two_digits(p + 3, 59) : -1;
    return hours < 0 || minutes < 0 ? -1 : hours * 60 + minutes;
}

bool hours_read_allowed(struct view text, int *ret_from_minute, int *ret_until_minute)
{
    if (text.n != 11 || text.p[5] != '-') {
        return false;
    }
    int from = clock_minutes(text.p, 23);
    int until = clock_minutes(text.p + 6, 24);
    if (from < 0 || until < 0 || until > DAY_MINUTES || from == until) {
        return false;
    }
    *ret_from_minute = from;
    *ret_until_minute = until;
    return true;
}

bool hours_read_zone(struct view text, int *ret_offset_minutes)
{
    if (text.n != 6 || (text.p[0] != '+' && text.p[0] != '-')) {
        return false;
    }
    int minutes = clock_minutes(text.p + 1, 14);
    if (minutes < 0 || minutes > 14 * 60) {
        return false;
    }
    *ret_offset_minutes = text.p[0] == '-' ? -minutes : minutes;
    return true;
}

// --- the canonical text -----------------------------------------------------------------------

void windows_add_canonical_hours(const struct policy_windows *windows, struct json_out *out)
{
    if (windows->hours_count == 0) {
        return;
    }
    json_array(out, "hours");
    for (uint32_t i = 0; i < windows->hours_count; i++) {
        const struct hours *hours = &windows->hours[i];
        json_object(out, NULL);
        json_int(out, "from_minute", hours->from_minute);
        rule_add_canonical_match(hours->parts, hours->names, out);
        json_text(out, "mode", mode_names[hours->mode]);
        json_int(out, "offset_minutes", hours->offset_minutes);
        json_int(out, "until_minute", hours->until_minute);
        json_object_end(out);
    }
    json_array_end(out);
}

void windows_add_canonical_maintenance(const struct policy_windows *windows, struct json_out *out)
{
    if (windows->maintenance_count == 0) {
        return;
    }
    json_array(out, "maintenance");
    for (uint32_t i = 0; i < windows->maintenance_count; i++) {
        const struct maintenance *one = &windows->maintenance[i];
        json_object(out, NULL);
        json_int(out, "from_ms", one->from_ms);
        rule_add_canonical_match(one->parts, one->names, out);
        json_text(out, "owner", one->owner);
        json_text(out, "reason", one->reason);
        json_int(out, "until_ms", one->until_ms);
        json_object_end(out);
    }
    json_array_end(out);
}
