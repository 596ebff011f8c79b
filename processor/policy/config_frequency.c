#include "policy/config_frequency.h"

enum { WHY_MAX_BYTES = 8192 };

static const char *expected_window(struct view text)
{
    int64_t ms;
    return frequency_read_window(text, &ms) ? NULL : "day, or a duration from 1h to 31d";
}

static const char *const mode_words[] = {"monitor", "enforce", NULL};

// In the order of the table, behind what they match (enum rule_part).
enum frequency_part {
    FREQUENCY_LIMIT = RULE_OF_PURPOSE + 1,
    FREQUENCY_WINDOW,
    FREQUENCY_ZONE,
    FREQUENCY_PER,
    FREQUENCY_ACROSS,
    FREQUENCY_MODE,
    FREQUENCY_REASON,
    FREQUENCY_PART_COUNT,
};

// clang-format off: one row an option, as a table.
// NOLINTBEGIN(bugprone-macro-parentheses): members and initialisers, not expressions.
#define AT(member) .offset = offsetof(struct frequency_limit, member)
#define TEXT(part, word, member, max_, check_, about)                                              \
    [part] = {.path = word,                                                                        \
            .type = CONF_TEXT,                                                                     \
            AT(member),                                                                            \
            .min = 1,                                                                              \
            .max = max_,                                                                           \
            .check = check_,                                                                       \
            .text = about}
#define WORD(part, word, member, words_, about)                                                    \
    [part] = {.path = word, .type = CONF_WORD, AT(member), .words = words_, .text = about}

static const struct conf_option options[FREQUENCY_PART_COUNT] = {
        TEXT(RULE_OF_TENANT, "match.tenant", names[RULE_OF_TENANT], 256, NULL, "only this tenant"),
        TEXT(RULE_OF_VENDOR, "match.vendor", names[RULE_OF_VENDOR], 256, NULL, "only this vendor"),
        TEXT(RULE_OF_CHANNEL, "match.channel", names[RULE_OF_CHANNEL], 256, NULL,
                "only this channel"),
        TEXT(RULE_OF_PURPOSE, "match.purpose", names[RULE_OF_PURPOSE], 256, NULL,
                "only this purpose"),
        [FREQUENCY_LIMIT] = {.path = "limit",
                .type = CONF_COUNT,
                AT(limit),
                .min = 1,
                .max = FREQUENCY_LIMIT_MAX,
                .text = "so many within the window, and no more"},
        TEXT(FREQUENCY_WINDOW, "window", window, 16, expected_window,
                "day, of the clocks of zone, or a time up to the message: 7d"),
        TEXT(FREQUENCY_ZONE, "zone", zone, ZONE_NAME_MAX, NULL,
                "of days: +08:00, or Asia/Shanghai"),
        WORD(FREQUENCY_PER, "per", per, frequency_per_names,
                "number; loan: of the number and the message's loan"),
        WORD(FREQUENCY_ACROSS, "across", across, frequency_across_names,
                "tenant: of a tenant, all its vendors together; vendor; all: everybody's"),
        WORD(FREQUENCY_MODE, "mode", mode, mode_words,
                "monitor: told in reasons; enforce: held until it would be allowed"),
        TEXT(FREQUENCY_REASON, "reason", reason, 256, NULL, "why, for people"),
};
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

static const struct conf_table table = {options, FREQUENCY_PART_COUNT};

static void frequency_forget(void *target)
{
    struct config *config = target;
    frequency_clear(&config->policy.frequency);
}

// ERR_CONFIG when something was reported.
static enum err open_zone(struct frequency_limit *limit, struct conf_report *report,
        struct conf_mark mark, const char *path)
{
    if (limit->window_ms == 0 && limit->zone == NULL) {
        conf_find(report, mark, path, "expected zone, since a day is one of its clocks; got none");
        return ERR_CONFIG;
    }
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    struct view name = limit->zone != NULL ? view_of(limit->zone) : VIEW("+00:00");
    enum err e = zone_open(&limit->clock, name, ZONE_DIRECTORY, &why);
    if (e == ERR_CONFIG) {
        conf_find(report, mark, path, "zone: %s", strbuf_view(&why).p);
    }
    strbuf_fini(&why);
    return e;
}

static void frequency_take(
        struct conf_reader *reader, const struct conf_node *node, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    struct conf_place places[FREQUENCY_PART_COUNT] = {{{0, 0}, false, false}};
    struct frequency_limit limit = {.mode = MODE_MONITOR};
    uint32_t before = report->count;
    if (conf_read_entry(reader, node, path, &table, &limit, places)) {
        limit.parts = conf_places_given(&table, places);
        for (size_t i = FREQUENCY_LIMIT; i <= FREQUENCY_WINDOW; i++) {
            if (!places[i].is_given) {
                conf_find(report, node->mark, path, "expected %s, got none", options[i].path);
            }
        }
    }
    enum err e = ERR_CONFIG;
    if (report->count == before && !report->out_of_memory) {
        (void)frequency_read_window(view_of(limit.window), &limit.window_ms); // expected_window
        struct conf_mark mark =
                places[FREQUENCY_ZONE].is_given ? places[FREQUENCY_ZONE].mark : node->mark;
        e = open_zone(&limit, report, mark, path);
        e = e != ERR_NONE ? e : frequency_add(&config->policy.frequency, &limit);
    }
    if (e == ERR_CEILING) {
        conf_find(report, node->mark, path, "expected at most %d limits", FREQUENCY_MAX);
    }
    report->out_of_memory |= e == ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        frequency_limit_release(&limit);
    }
}

static void frequency_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    const struct frequency *frequency = &config->policy.frequency;
    bool has_any = frequency->count > 0 && !frequency->limits[0].is_of_pack;
    strbuf_add_text(sb, has_any ? "\n" : " []\n");
    for (uint32_t i = 0; i < frequency->count; i++) {
        const struct frequency_limit *limit = &frequency->limits[i];
        if (!limit->is_of_pack) { // policy.frequency_packs tells those
            conf_print_entry(&table, limit, limit->parts, sb, indent);
        }
    }
}

const struct conf_map config_frequency_map = {
        .of = "limits", .clear = frequency_forget, .add = frequency_take, .print = frequency_print};

enum err config_frequency_finish(struct config *config, struct conf_report *report)
{
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    enum err e = frequency_add_packs(&config->policy.frequency, config->frequency_packs, &why);
    if (e == ERR_CONFIG || e == ERR_CEILING) {
        conf_find(report, (struct conf_mark){1, 1}, "policy.frequency_packs", "%s",
                e == ERR_CEILING ? "expected fewer limits: there are more than 16 with the packs'"
                                 : strbuf_view(&why).p);
        e = ERR_NONE;
    }
    strbuf_fini(&why);
    return e;
}
