#include <stdio.h>

#include "bench/sweep.h"
#include "common/json_out.h"

static const char *on_or_off(bool is_on)
{
    return is_on ? "on" : "off";
}

static const char *config_name(const struct sweep_options *options, uint32_t config)
{
    return options->configs[config] != NULL ? options->configs[config] : "(defaults)";
}

// --- for people -------------------------------------------------------------------------------

void sweep_print_table(const struct sweep_options *options, const struct sweep_rows *rows)
{
    int width = (int)sizeof "configuration" - 1;
    for (uint32_t i = 0; i < options->config_count; i++) {
        int n = (int)strlen(config_name(options, i));
        width = n > width ? n : width;
    }
    bool knows_truth = options->labels != NULL;
    fprintf(stderr, "%-*s  budget   prior guard learn credit | incidents holds       held", width,
            "configuration");
    fprintf(stderr, knows_truth ? " |  false  caught   k mean    escaped  good held\n" : "\n");
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct sweep_row *row = &rows->rows[i];
        const struct sweep_setting *setting = &row->setting;
        fprintf(stderr, "%-*s  %6s %6.3f%% %5s %5s %6s | %9u %5u %10llu", width,
                config_name(options, setting->config), policy_budget_names[setting->budget],
                setting->prior_rate_millionths / 1e4, on_or_off(setting->clump_guard),
                on_or_off(setting->learning), on_or_off(setting->start_credit), row->incidents,
                row->holds, (unsigned long long)row->counts.held);
        if (knows_truth) {
            fprintf(stderr, " | %6llu %3u/%-3u %8.2f %10llu %10llu",
                    (unsigned long long)row->counts.false_holds, row->sums.quarantined,
                    row->sums.incidents, row->sums.until.mean,
                    (unsigned long long)row->sums.escaped,
                    (unsigned long long)row->counts.good_held);
        }
        fprintf(stderr, "\n");
    }
}

// --- for programs -----------------------------------------------------------------------------

static void add_mean(struct json_out *out, const char *key, const struct spread *spread)
{
    if (spread->count > 0) {
        json_millionths(out, key, (int64_t)(spread->mean * 1e6));
    } else {
        json_null(out, key);
    }
}

static void add_truth(struct json_out *out, const struct sweep_row *row)
{
    json_int(out, "false_quarantines", (int64_t)row->counts.false_holds);
    json_int(out, "healthy_messages", (int64_t)row->counts.healthy);
    json_int(out, "planted", row->sums.incidents);
    json_int(out, "quarantined", row->sums.quarantined);
    json_int(out, "detectable", row->sums.detectable);
    json_int(out, "detectable_quarantined", row->sums.detectable_quarantined);
    json_int(out, "misdirected", (int64_t)row->sums.misdirected);
    json_int(out, "escaped_scope", (int64_t)row->sums.escaped);
    json_int(out, "good_held", (int64_t)row->counts.good_held);
    add_mean(out, "mean_misdirected_until_quarantine", &row->sums.until);
    add_mean(out, "mean_of_oracle", &row->sums.oracle_mean);
}

static void add_row(
        struct json_out *out, const struct sweep_options *options, const struct sweep_row *row)
{
    const struct sweep_setting *setting = &row->setting;
    json_object(out, NULL);
    json_object(out, "setting");
    if (options->configs[setting->config] != NULL) {
        json_text(out, "config", options->configs[setting->config]);
    } else {
        json_null(out, "config");
    }
    json_text(out, "budget", policy_budget_names[setting->budget]);
    json_millionths(out, "prior_rate", setting->prior_rate_millionths);
    json_bool(out, "clump_guard", setting->clump_guard);
    json_bool(out, "learning", setting->learning);
    json_bool(out, "start_credit", setting->start_credit);
    json_text(out, "policy_version", setting->policy_version);
    json_object_end(out);
    json_int(out, "messages", (int64_t)row->messages);
    json_int(out, "incidents", row->incidents);
    json_object(out, "incidents_by_tier");
    for (unsigned tier = TIER_NOTICE; tier < TIER_COUNT; tier++) {
        json_int(out, tier_names[tier], row->by_tier[tier]);
    }
    json_object_end(out);
    json_int(out, "alerts", row->alerts);
    json_int(out, "holds", row->holds);
    json_int(out, "messages_held", (int64_t)row->counts.held);
    if (options->labels != NULL) {
        add_truth(out, row);
    }
    json_object_end(out);
}

void sweep_add_json(
        struct strbuf *sb, const struct sweep_options *options, const struct sweep_rows *rows)
{
    struct json_out out;
    json_begin(&out, sb);
    json_array(&out, NULL);
    for (uint32_t i = 0; i < rows->count; i++) {
        add_row(&out, options, &rows->rows[i]);
        strbuf_add_byte(sb, '\n');
    }
    json_array_end(&out);
    strbuf_add_byte(sb, '\n');
}
