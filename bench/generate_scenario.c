#include "bench/generate_scenario.h"

#include <stdlib.h>

#include "bench/generate_write.h"

// --- vendors ----------------------------------------------------------------------------------

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err write_vendors(struct strbuf *sb, const struct traffic *traffic)
{
    const struct plan *plan = traffic_plan(traffic);
    size_t count = 0;
    const char **ids = calloc((size_t)plan->campaign_count + plan->incident_count + 1, sizeof *ids);
    if (ids == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < plan->campaign_count; i++) {
        ids[count++] = plan->campaigns[i].vendor_id;
    }
    for (uint32_t i = 0; i < plan->incident_count; i++) {
        if (plan->incidents[i].options.kind != KIND_UNREGISTERED_VENDOR) {
            ids[count++] = plan->incidents[i].like.vendor_id;
        }
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(ids[i], ids[i - 1]) != 0) {
            strbuf_add_text(sb, ids[i]);
            strbuf_add_byte(sb, '\n');
        }
    }
    free(ids);
    return ERR_NONE;
}

// --- arguments --------------------------------------------------------------------------------

// A seed above 2^53 would not survive every JSON reader as a number.
static void add_seed(struct json_out *out, uint64_t seed)
{
    char text[GENERATED_ID_MAX_BYTES];
    generated_id(text, "%llu", (unsigned long long)seed);
    if (seed < UINT64_C(1000000000000000)) {
        json_raw(out, "seed", view_of(text));
    } else {
        json_text(out, "seed", text);
    }
}

static void add_world(struct json_out *out, const struct generate_options *options)
{
    json_text(out, "healthy", options->is_realistic ? "realistic" : "steady");
    json_int(out, "days", options->days);
    if (options->p0_millionths == P0_MIXED) {
        json_text(out, "p0", "mixed");
    } else if (options->p0_millionths == P0_NONE) {
        json_null(out, "p0");
    } else {
        json_millionths(out, "p0", options->p0_millionths);
    }
    json_millionths(out, "clumps", options->clumps_millionths);
    json_millionths(out, "duplicates", options->duplicates_millionths);
    json_bool(out, "disorder", options->has_disorder);
    json_bool(out, "drift", options->has_drift);
    json_int(out, "lag_episodes", options->lag_episodes);
    if (options->class_name != NULL) {
        json_text(out, "class", options->class_name);
        json_text(out, "class_options", options->class_options);
    }
}

static void add_arguments(struct json_out *out, const struct generate_options *options)
{
    json_object(out, "arguments");
    json_int(out, "messages", (int64_t)options->messages);
    json_int(out, "tenants", options->tenants);
    json_int(out, "campaigns", options->campaigns);
    json_array(out, "incidents");
    for (uint32_t i = 0; i < options->incident_count; i++) {
        json_text(out, NULL, options->incidents[i].text);
    }
    json_array_end(out);
    json_array(out, "negatives");
    for (uint32_t i = 0; i < options->negative_count; i++) {
        json_text(out, NULL, options->negatives[i].text);
    }
    json_array_end(out);
    add_world(out, options);
    json_object_end(out);
}

// --- what happened ----------------------------------------------------------------------------

static void add_scope(
        struct json_out *out, enum incident_spread kind, const char *id, uint32_t tenant)
{
    json_object(out, "scope");
    json_text(out, "kind", incident_spread_names[kind]);
    json_text(out, "id", id);
    write_tenant(out, tenant);
    json_object_end(out);
}

static void add_tally(struct json_out *out, uint64_t seed, const struct tally *tally)
{
    if (tally->messages > 0) {
        write_message_id(out, "first_message_id", seed, tally->first_message);
        write_message_id(out, "last_message_id", seed, tally->last_message);
    } else {
        json_null(out, "first_message_id");
        json_null(out, "last_message_id");
    }
    json_int(out, "misdirected", (int64_t)tally->misdirected);
    json_int(out, "unknown", (int64_t)tally->unknown);
    json_int(out, "messages", (int64_t)tally->messages);
    uint64_t count = tally->messages > 0 ? tally->messages : 1;
    json_millionths(out, "healthy_rate", (int64_t)(tally->p0_sum_millionths / count));
}

// The share of the scope's messages that is wrong while the incident goes on: of many small
// campaigns, that of their vendor.
static int64_t scope_rate(const struct incident *incident)
{
    const struct incident_options *options = &incident->options;
    if (options->spread != SPREAD_MANY_SMALL) {
        return incident->rate_millionths;
    }
    int64_t share = options->share_millionths;
    int64_t p0 = incident->like.p0_millionths;
    return (share * incident->rate_millionths + (ONE_MILLION - share) * p0) / ONE_MILLION;
}

static void add_shape(struct json_out *out, const struct incident *incident)
{
    const struct incident_options *options = &incident->options;
    json_text(out, "shape", incident_shape_names[options->shape]);
    bool has_off = options->shape == SHAPE_STOP_AND_GO || options->shape == SHAPE_RELAPSE;
    if (has_off || options->shape == SHAPE_BURST) {
        json_int(out, "on", (int64_t)options->on);
    }
    if (has_off) {
        json_int(out, "off", (int64_t)options->off);
    }
    if (options->shape == SHAPE_RAMP) {
        json_int(out, "ramp", (int64_t)options->ramp);
    }
    json_text(out, "spread", incident_spread_names[options->spread]);
    if (options->spread == SPREAD_MANY_SMALL) {
        json_int(out, "campaigns", incident->campaign_count);
        json_int(out, "each", (int64_t)options->each);
        json_millionths(out, "share", options->share_millionths);
    }
}

static void add_incident(struct json_out *out, uint64_t seed, const struct incident *incident)
{
    const struct incident_options *options = &incident->options;
    json_object(out, NULL);
    json_text(out, "id", incident->id);
    json_text(out, "kind", incident_kind_names[options->kind]);
    json_text(out, "cause", incident_kind_names[options->kind]);
    if (incident->class_name != NULL) {
        json_text(out, "class", incident->class_name);
    }
    add_scope(out, incident->scope, incident->scope_id, incident->like.tenant);
    add_tally(out, seed, &incident->tally);
    json_bool(out, "healthy_lag", options->kind == KIND_FEED_LAG);
    json_millionths(out, "rate", incident->rate_millionths);
    json_millionths(out, "scope_rate", scope_rate(incident));
    add_shape(out, incident);
    json_int(out, "before", (int64_t)incident->before);
    json_text(out, "options", options->text);
    json_object_end(out);
}

static void add_incidents(struct json_out *out, uint64_t seed, const struct plan *plan)
{
    json_array(out, "incidents");
    for (uint32_t i = 0; i < plan->incident_count; i++) {
        add_incident(out, seed, &plan->incidents[i]);
    }
    json_array_end(out);
}

static void add_negatives(struct json_out *out, uint64_t seed, const struct plan *plan)
{
    json_array(out, "negatives");
    for (uint32_t i = 0; i < plan->negative_count; i++) {
        const struct negative *negative = &plan->negatives[i];
        json_object(out, NULL);
        json_text(out, "id", negative->id);
        json_text(out, "kind", negative_kind_names[negative->options.kind]);
        add_scope(out, negative->scope, negative->scope_id, negative->tenant);
        add_tally(out, seed, &negative->tally);
        json_object_end(out);
    }
    json_array_end(out);
}

static void add_episodes(struct json_out *out, uint64_t seed, const struct plan *plan)
{
    json_array(out, "episodes");
    for (uint32_t i = 0; i < plan->episode_count; i++) {
        const struct episode *episode = &plan->episodes[i];
        char tenant_id[GENERATED_ID_MAX_BYTES];
        generated_id(tenant_id, "tenant-%u", episode->tenant + 1);
        json_object(out, NULL);
        add_scope(out, SPREAD_TENANT, tenant_id, episode->tenant);
        add_tally(out, seed, &episode->tally);
        json_object_end(out);
    }
    json_array_end(out);
}

// A scenario of one class bears its name; others say what there is in them.
static const char *class_of(const struct generate_options *options)
{
    return options->class_name != NULL   ? options->class_name
           : options->incident_count > 0 ? "mixed"
           : options->negative_count > 0 ? "negatives"
                                         : "healthy";
}

void write_scenario(struct strbuf *sb, const struct generate_options *options,
        const struct traffic *traffic, const struct scenario_counts *counts)
{
    const struct plan *plan = traffic_plan(traffic);
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    add_seed(&out, options->seed);
    json_text(&out, "class", class_of(options));
    add_arguments(&out, options);
    json_int(&out, "relationships", (int64_t)counts->relationships);
    json_int(&out, "lines", (int64_t)counts->messages);
    json_int(&out, "duplicates", (int64_t)traffic_duplicates(traffic));
    json_object(&out, "expected");
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        json_int(&out, verdict_names[i], (int64_t)counts->verdicts[i]);
    }
    json_object_end(&out);
    json_int(&out, "scattered", (int64_t)counts->scattered);
    add_incidents(&out, options->seed, plan);
    add_negatives(&out, options->seed, plan);
    add_episodes(&out, options->seed, plan);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
}
