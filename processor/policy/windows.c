#include "policy/windows.h"

#include <stdlib.h>

enum { DAY_MINUTES = 24 * 60, DAY_SECONDS = 24 * 3600, CHANGES_MAX = 8 };

const char *const zone_from_names[] = {"policy", "recipient", NULL};

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
    zone_destroy(hours->clock);
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
    zones_destroy(windows->zones);
    windows->hours = NULL;
    windows->hours_count = 0;
    windows->zones = NULL;
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

// How many seconds of local time it is before the hours begin; 0 when they are on.
static int32_t seconds_to_wait(const struct hours *hours, int32_t second)
{
    int32_t length = (hours->until_minute - hours->from_minute + DAY_MINUTES) % DAY_MINUTES * 60;
    int32_t since = (second - hours->from_minute * 60 + DAY_SECONDS) % DAY_SECONDS;
    return length == 0 || since < length ? 0 : DAY_SECONDS - since;
}

// When clocks of the zone next show an allowed time. Where they are put forward or back before that, it
// is looked for from there on.
static int64_t begin_again_ms(const struct hours *hours, const struct zone *zone, int64_t at_ms)
{
    for (int i = 0; i < CHANGES_MAX; i++) {
        int32_t second;
        (void)zone_day(zone, at_ms, &second);
        int32_t wait_s = seconds_to_wait(hours, second);
        int64_t begin_ms = (at_ms / 1000 + wait_s) * 1000; // times that are accepted are after 1970
        int64_t change_ms = zone_next_change_ms(zone, at_ms);
        if (wait_s == 0 || begin_ms < change_ms) {
            return begin_ms;
        }
        at_ms = change_ms;
    }
    return at_ms;
}

// The recipient's own zone, or the hours'. `fixed` is where an offset is put.
static const struct zone *find_zone(const struct policy_windows *windows, const struct hours *hours,
        struct view recipient_zone, struct zone *fixed, enum zone_known *ret_known)
{
    if (hours->zone_from == ZONE_FROM_POLICY) {
        *ret_known = ZONE_NOT_ASKED;
        return hours->clock;
    }
    if (view_is_none(recipient_zone)) {
        *ret_known = ZONE_ABSENT;
        return hours->clock;
    }
    const struct zone *zone = zone_read_offset(recipient_zone, fixed)
                                      ? fixed
                                      : zones_find(windows->zones, recipient_zone);
    *ret_known = zone != NULL ? ZONE_KNOWN : ZONE_UNKNOWN;
    return zone != NULL ? zone : hours->clock;
}

struct hours_ruling windows_rule_hours(const struct policy_windows *windows,
        const struct policy_subject *subject, struct view recipient_zone, int64_t at_ms)
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
    struct hours_ruling ruling = {.outside = NULL};
    if (own != NULL) {
        struct zone fixed;
        const struct zone *zone = find_zone(windows, own, recipient_zone, &fixed, &ruling.zone);
        int32_t second;
        (void)zone_day(zone, at_ms, &second);
        if (seconds_to_wait(own, second) > 0) {
            ruling.outside = own;
            ruling.allowed_ms = begin_again_ms(own, zone, at_ms);
        }
    }
    return ruling;
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

// --- the canonical text -----------------------------------------------------------------------

// The table of a zone by name is part of the policy, since the data of zones change: two machines of one
// version go by the same clocks.
static void add_digest(
        struct json_out *out, const char *key, const struct hours *hours, const struct zones *zones)
{
    struct strbuf digest;
    strbuf_init(&digest, 64);
    if (zones != NULL) {
        zones_add_digest(&digest, zones);
    } else {
        zone_add_digest(&digest, hours->clock);
    }
    json_string(out, key, strbuf_view(&digest));
    strbuf_fini(&digest);
}

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
        if (hours->clock->is_fixed) {
            json_int(out, "offset_minutes", hours->clock->first_offset_s / 60);
        }
        json_int(out, "until_minute", hours->until_minute);
        if (!hours->clock->is_fixed) {
            json_text(out, "zone", hours->zone);
        }
        if (hours->zone_from == ZONE_FROM_RECIPIENT) {
            json_text(out, "zone_from", zone_from_names[hours->zone_from]);
        }
        if (!hours->clock->is_fixed) {
            add_digest(out, "zone_table", hours, NULL);
        }
        if (hours->zone_from == ZONE_FROM_RECIPIENT) {
            add_digest(out, "zones", hours, windows->zones);
        }
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
