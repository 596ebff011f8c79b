#include "policy/config_windows.h"

#include "common/clock.h"
#include "policy/config.h"

enum { WHY_MAX_BYTES = 8192 };

static const char *expected_time(struct view text)
{
    int64_t ms;
    return clock_parse_rfc3339(text, &ms) == CLOCK_OK ? NULL : "an RFC 3339 time from 2000 to 2099";
}

static const char *expected_allowed(struct view text)
{
    int from;
    int until;
    return hours_read_allowed(text, &from, &until) ? NULL : "hours such as 08:00-22:00";
}

static const char *const mode_words[] = {"monitor", "enforce", NULL};

// In the order of their tables, behind what they match (enum rule_part).
enum maintenance_part {
    MAINTENANCE_FROM = RULE_OF_CHANNEL + 1,
    MAINTENANCE_UNTIL,
    MAINTENANCE_REASON,
    MAINTENANCE_OWNER,
    MAINTENANCE_PART_COUNT,
};

enum hours_part {
    HOURS_ALLOWED = RULE_OF_PURPOSE + 1,
    HOURS_ZONE,
    HOURS_MODE,
    HOURS_ZONE_FROM,
    HOURS_PART_COUNT,
};

// clang-format off: one row an option, as a table.
// NOLINTBEGIN(bugprone-macro-parentheses): members and initialisers, not expressions.
#define TEXT(part, word, type_, member, max_, check_, about)                                       \
    [part] = {.path = word,                                                                        \
            .type = CONF_TEXT,                                                                     \
            .offset = offsetof(type_, member),                                                     \
            .min = 1,                                                                              \
            .max = max_,                                                                           \
            .check = check_,                                                                       \
            .text = about}
#define MATCH(type_)                                                                               \
    TEXT(RULE_OF_TENANT, "match.tenant", type_, names[RULE_OF_TENANT], 256, NULL,                  \
            "only this tenant"),                                                                   \
            TEXT(RULE_OF_VENDOR, "match.vendor", type_, names[RULE_OF_VENDOR], 256, NULL,          \
                    "only this vendor"),                                                           \
            TEXT(RULE_OF_CHANNEL, "match.channel", type_, names[RULE_OF_CHANNEL], 256, NULL,       \
                    "only this channel")

static const struct conf_option maintenance_options[MAINTENANCE_PART_COUNT] = {
        MATCH(struct maintenance),
        TEXT(MAINTENANCE_FROM, "from", struct maintenance, from, 40, expected_time, "from then on"),
        TEXT(MAINTENANCE_UNTIL, "until", struct maintenance, until, 40, expected_time,
                "up to then"),
        TEXT(MAINTENANCE_REASON, "reason", struct maintenance, reason, 256, NULL, "why"),
        TEXT(MAINTENANCE_OWNER, "owner", struct maintenance, owner, 256, NULL,
                "who answers for it"),
};

static const struct conf_option hours_options[HOURS_PART_COUNT] = {
        MATCH(struct hours),
        TEXT(RULE_OF_PURPOSE, "match.purpose", struct hours, names[RULE_OF_PURPOSE], 256, NULL,
                "only this purpose"),
        TEXT(HOURS_ALLOWED, "allowed", struct hours, allowed, 11, expected_allowed, "08:00-22:00"),
        TEXT(HOURS_ZONE, "zone", struct hours, zone, ZONE_NAME_MAX, NULL,
                "offset from UTC, +08:00, or a zone such as America/New_York"),
        [HOURS_MODE] = {.path = "mode",
                .type = CONF_WORD,
                .offset = offsetof(struct hours, mode),
                .words = mode_words,
                .text = "monitor: told in reasons; enforce: held until allowed"},
        [HOURS_ZONE_FROM] = {.path = "zone_from",
                .type = CONF_WORD,
                .offset = offsetof(struct hours, zone_from),
                .words = zone_from_names,
                .text = "recipient: by fields.recipient_zone, and by zone where it is unknown"},
};
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

static const struct conf_table maintenance_table = {maintenance_options, MAINTENANCE_PART_COUNT};
static const struct conf_table hours_table = {hours_options, HOURS_PART_COUNT};

// Reports every option of the table from `first` on that is not given.
static void check_given(struct conf_report *report, const struct conf_table *table, size_t first,
        size_t end, uint32_t parts, struct conf_mark mark, const char *path)
{
    for (size_t i = first; i < end; i++) {
        if ((parts >> i & 1) == 0) {
            conf_find(report, mark, path, "expected %s, got none", table->options[i].path);
        }
    }
}

// --- policy.maintenance -----------------------------------------------------------------------

static void maintenance_forget(void *target)
{
    struct config *config = target;
    windows_clear_maintenance(&config->policy.windows);
}

static void maintenance_take(
        struct conf_reader *reader, const struct conf_node *node, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    struct conf_place places[MAINTENANCE_PART_COUNT] = {{{0, 0}, false, false}};
    struct maintenance one = {0};
    uint32_t before = report->count;
    if (conf_read_entry(reader, node, path, &maintenance_table, &one, places)) {
        one.parts = conf_places_given(&maintenance_table, places);
        check_given(report, &maintenance_table, MAINTENANCE_FROM, MAINTENANCE_PART_COUNT, one.parts,
                node->mark, path);
    }
    enum err e = ERR_CONFIG;
    if (report->count == before && !report->out_of_memory) {
        (void)clock_parse_rfc3339(view_of(one.from), &one.from_ms); // expected_time
        (void)clock_parse_rfc3339(view_of(one.until), &one.until_ms);
        if (one.from_ms >= one.until_ms) {
            conf_find(report, places[MAINTENANCE_UNTIL].mark, path, "expected until after from");
        } else {
            e = windows_add_maintenance(&config->policy.windows, &one);
        }
    }
    if (e == ERR_CEILING) {
        conf_find(report, node->mark, path, "expected at most %d windows", WINDOWS_MAX);
    }
    report->out_of_memory |= e == ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        maintenance_release(&one);
    }
}

static void maintenance_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    const struct policy_windows *windows = &config->policy.windows;
    strbuf_add_text(sb, windows->maintenance_count == 0 ? " []\n" : "\n");
    for (uint32_t i = 0; i < windows->maintenance_count; i++) {
        const struct maintenance *one = &windows->maintenance[i];
        conf_print_entry(&maintenance_table, one, one->parts, sb, indent);
    }
}

const struct conf_map config_maintenance_map = {.of = "windows",
        .clear = maintenance_forget,
        .add = maintenance_take,
        .print = maintenance_print};

// --- policy.hours -----------------------------------------------------------------------------

static void hours_forget(void *target)
{
    struct config *config = target;
    windows_clear_hours(&config->policy.windows);
}

// Reads the data of the zone, and of all zones once recipients may be in any of them. ERR_CONFIG when
// something was reported.
static enum err open_zones(struct policy_windows *windows, struct hours *hours,
        struct conf_report *report, struct conf_mark mark, const char *path)
{
    struct strbuf why;
    struct strbuf zone_path;
    strbuf_init(&why, WHY_MAX_BYTES);
    strbuf_init(&zone_path, WHY_MAX_BYTES);
    enum err e = zone_open(&hours->clock, view_of(hours->zone), ZONE_DIRECTORY, &why);
    if (e == ERR_NONE && hours->zone_from == ZONE_FROM_RECIPIENT && windows->zones == NULL) {
        e = zones_open(&windows->zones, ZONE_DIRECTORY, &why);
    }
    if (e == ERR_CONFIG) {
        strbuf_printf(&zone_path, "%s.zone", path);
        conf_find(report, mark, strbuf_view(&zone_path).p, "%s", strbuf_view(&why).p);
    }
    strbuf_fini(&why);
    strbuf_fini(&zone_path);
    return e;
}

static void hours_take(
        struct conf_reader *reader, const struct conf_node *node, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    struct conf_place places[HOURS_PART_COUNT] = {{{0, 0}, false, false}};
    struct hours hours = {.mode = MODE_MONITOR};
    uint32_t before = report->count;
    if (conf_read_entry(reader, node, path, &hours_table, &hours, places)) {
        hours.parts = conf_places_given(&hours_table, places);
        check_given(report, &hours_table, HOURS_ALLOWED, HOURS_MODE, hours.parts, node->mark, path);
    }
    enum err e = ERR_CONFIG;
    if (report->count == before && !report->out_of_memory) {
        (void)hours_read_allowed(view_of(hours.allowed), &hours.from_minute, &hours.until_minute);
        e = open_zones(&config->policy.windows, &hours, report, places[HOURS_ZONE].mark, path);
        e = e != ERR_NONE ? e : windows_add_hours(&config->policy.windows, &hours);
    }
    if (e == ERR_CEILING) {
        conf_find(report, node->mark, path, "expected at most %d hours", WINDOWS_MAX);
    }
    report->out_of_memory |= e == ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        hours_release(&hours);
    }
}

static void hours_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    const struct policy_windows *windows = &config->policy.windows;
    strbuf_add_text(sb, windows->hours_count == 0 ? " []\n" : "\n");
    for (uint32_t i = 0; i < windows->hours_count; i++) {
        conf_print_entry(&hours_table, &windows->hours[i], windows->hours[i].parts, sb, indent);
    }
}

const struct conf_map config_hours_map = {
        .of = "hours", .clear = hours_forget, .add = hours_take, .print = hours_print};
