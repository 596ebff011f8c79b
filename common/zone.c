#include "common/zone.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/digest.h"
#include "common/room.h"
#include "common/zone_inside.h"

enum {
    CHANGES_MAX = 8192,
    DAY_SECONDS = 86400,
    OFFSET_TEXT_BYTES = 6,
    OFFSET_HOURS_MAX = 14,
    DIGEST_BYTES = 8,
    TABLE_MAX_BYTES = 1024 * 1024,
};

// --- names ------------------------------------------------------------------------------------

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-';
}

bool zone_is_name(struct view name)
{
    if (name.n == 0 || name.n > ZONE_NAME_MAX || view_is(name, "localtime")) {
        return false;
    }
    bool has_part = false;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '/' ? !has_part : !is_name_byte(name.p[i])) {
            return false;
        }
        has_part = name.p[i] != '/';
    }
    return has_part && name.p[0] != '+' && name.p[0] != '-';
}

// Two digits, up to `max`; -1 when they are none.
static int two_digits(const char *p, int max)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return -1;
    }
    int value = (p[0] - '0') * 10 + (p[1] - '0');
    return value <= max ? value : -1;
}

bool zone_read_offset(struct view text, struct zone *ret_zone)
{
    if (text.n != OFFSET_TEXT_BYTES || (text.p[0] != '+' && text.p[0] != '-') || text.p[3] != ':') {
        return false;
    }
    int hours = two_digits(text.p + 1, OFFSET_HOURS_MAX);
    int minutes = two_digits(text.p + 4, 59);
    if (hours < 0 || minutes < 0 || hours * 60 + minutes > OFFSET_HOURS_MAX * 60) {
        return false;
    }
    int32_t offset_s = (hours * 60 + minutes) * 60;
    *ret_zone = (struct zone){
            .is_fixed = true, .first_offset_s = text.p[0] == '-' ? -offset_s : offset_s};
    memcpy(ret_zone->name, text.p, text.n);
    return true;
}

// --- tables -----------------------------------------------------------------------------------

enum err zone_create(struct zone **ret_zone, struct view name)
{
    struct zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t n = name.n <= ZONE_NAME_MAX ? name.n : ZONE_NAME_MAX;
    memcpy(zone->name, name.p, n);
    *ret_zone = zone;
    return ERR_NONE;
}

void zone_destroy(struct zone *zone)
{
    if (zone != NULL) {
        free(zone->changes);
        free(zone);
    }
}

enum err zone_add(struct zone *zone, int64_t at_s, int32_t offset_s)
{
    if (at_s < ZONE_FROM_S) {
        zone->first_offset_s = offset_s;
        return ERR_NONE;
    }
    int32_t before_s =
            zone->count > 0 ? zone->changes[zone->count - 1].offset_s : zone->first_offset_s;
    if (at_s >= ZONE_UNTIL_S || offset_s == before_s) {
        return ERR_NONE;
    }
    if (zone->count == CHANGES_MAX) {
        return ERR_DATA;
    }
    struct zone_change *changes =
            room_for_row(zone->changes, zone->count, &zone->capacity, 256, sizeof *changes);
    if (changes == NULL) {
        return ERR_NO_MEMORY;
    }
    zone->changes = changes;
    zone->changes[zone->count++] = (struct zone_change){at_s, offset_s};
    return ERR_NONE;
}

enum err zone_open(
        struct zone **ret_zone, struct view name, const char *directory, struct strbuf *why)
{
    struct zone fixed;
    if (zone_read_offset(name, &fixed)) {
        enum err e = zone_create(ret_zone, name);
        if (e == ERR_NONE) {
            **ret_zone = fixed;
        }
        return e;
    }
    if (!zone_is_name(name)) {
        strbuf_add_text(why, "expected an offset such as +08:00, or a zone such as Asia/Shanghai");
        return ERR_CONFIG;
    }
    enum err e = zone_open_file(ret_zone, name, directory, why);
    return e == ERR_NO_INPUT ? ERR_CONFIG : e;
}

// --- moments ----------------------------------------------------------------------------------

static int64_t floor_div(int64_t number, int64_t by)
{
    int64_t quotient = number / by;
    return number % by < 0 ? quotient - 1 : quotient;
}

// How many changes are at that moment or before it.
static size_t count_changes(const struct zone *zone, int64_t at_s)
{
    size_t low = 0;
    size_t high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at_s <= at_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int32_t zone_offset_s(const struct zone *zone, int64_t at_ms)
{
    size_t behind = count_changes(zone, floor_div(at_ms, 1000));
    return behind == 0 ? zone->first_offset_s : zone->changes[behind - 1].offset_s;
}

int64_t zone_next_change_ms(const struct zone *zone, int64_t at_ms)
{
    size_t behind = count_changes(zone, floor_div(at_ms, 1000));
    return behind == zone->count ? ZONE_NEVER : zone->changes[behind].at_s * 1000;
}

int64_t zone_day(const struct zone *zone, int64_t at_ms, int32_t *ret_second)
{
    int64_t local_s = floor_div(at_ms, 1000) + zone_offset_s(zone, at_ms);
    int64_t day = floor_div(local_s, DAY_SECONDS);
    *ret_second = (int32_t)(local_s - day * DAY_SECONDS);
    return day;
}

void zone_format(struct strbuf *sb, const struct zone *zone, int64_t at_ms)
{
    size_t from = sb->n;
    int32_t offset_s = zone_offset_s(zone, at_ms);
    clock_format(sb, at_ms + (int64_t)offset_s * 1000);
    if (sb->failed == ERR_NONE && sb->n > from) {
        strbuf_truncate(sb, sb->n - 1); // the Z
        int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
        strbuf_printf(sb, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
    }
}

static void add_table(struct strbuf *bytes, const struct zone *zone)
{
    strbuf_add_be(bytes, (uint32_t)zone->first_offset_s, 4);
    for (size_t i = 0; i < zone->count; i++) {
        strbuf_add_be(bytes, (uint64_t)zone->changes[i].at_s, 8);
        strbuf_add_be(bytes, (uint32_t)zone->changes[i].offset_s, 4);
    }
}

void zone_add_digest(struct strbuf *sb, const struct zone *zone)
{
    struct strbuf bytes;
    strbuf_init(&bytes, TABLE_MAX_BYTES);
    add_table(&bytes, zone);
    digest_add_sha256_hex(sb, strbuf_view(&bytes), DIGEST_BYTES);
    strbuf_fini(&bytes);
}
