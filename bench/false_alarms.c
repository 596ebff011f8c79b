#include "bench/false_alarms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/score_json.h"
#include "common/json_scan.h"

enum { SHOWN_MAX = 200, SHOWN_BYTES = 1 << 20, COLD_MESSAGES = 20000 };

static const double RATE_CEILING = 0.03;

enum {
    ALERT_TYPE,
    ALERT_TIER,
    ALERT_INCIDENT,
    ALERT_EVIDENCE_KIND,
    ALERT_EVIDENCE_ID,
    ALERT_EVIDENCE, // the first of the numbers that are shown
};
static const char *const alert_pointers[] = {"/type", "/tier", "/incident_id",
        "/evidence/scope/kind", "/evidence/scope/id", "/evidence/stream", "/evidence/node",
        "/evidence/judged", "/evidence/misdirected", "/evidence/guarded", "/evidence/baseline",
        "/evidence/lowest_baseline", "/evidence/start_credit", "/evidence/log_likelihood_ratio",
        "/evidence/threshold", "/cause/likely"};
static const char *const shown_names[] = {"stream", "node", "judged", "misdirected", "guarded",
        "baseline", "lowest_baseline", "start_credit", "log_likelihood_ratio", "threshold",
        "cause"};
enum {
    ALERT_STREAM = ALERT_EVIDENCE,
    ALERT_FIELDS = sizeof alert_pointers / sizeof *alert_pointers,
    SHOWN_FIELDS = sizeof shown_names / sizeof *shown_names,
};
_Static_assert((int)ALERT_EVIDENCE + (int)SHOWN_FIELDS == (int)ALERT_FIELDS, "each has a name");

enum { COMMAND_ACTION, COMMAND_TIER, COMMAND_KIND, COMMAND_ID, COMMAND_INCIDENT, COMMAND_FIELDS };
static const char *const command_pointers[COMMAND_FIELDS] = {
        "/action", "/tier", "/target/kind", "/target/id", "/incident_id"};

enum err false_alarms_init(struct false_alarms *alarms)
{
    *alarms = (struct false_alarms){0};
    strbuf_init(&alarms->shown, SHOWN_BYTES);
    strbuf_init(&alarms->evidence, SHOWN_BYTES);
    strbuf_init(&alarms->incident, SHOWN_BYTES);
    enum err e = json_pointers_create(&alarms->alert_pointers, alert_pointers, ALERT_FIELDS, NULL);
    if (e == ERR_NONE) {
        e = json_pointers_create(&alarms->command_pointers, command_pointers, COMMAND_FIELDS, NULL);
    }
    return e;
}

void false_alarms_fini(struct false_alarms *alarms)
{
    strbuf_fini(&alarms->shown);
    strbuf_fini(&alarms->evidence);
    strbuf_fini(&alarms->incident);
    json_pointers_destroy(alarms->alert_pointers);
    json_pointers_destroy(alarms->command_pointers);
}

void false_alarms_begin(struct false_alarms *alarms, struct healthy_world *world)
{
    alarms->world = world;
    for (uint32_t t = 0; t < HEALTHY_TENANTS; t++) {
        alarms->counted[t] = 0;
    }
}

static struct alarm_counts *band_of(struct false_alarms *alarms, uint32_t tenant)
{
    if (alarms->counted[tenant] < COLD_MESSAGES) {
        return &alarms->bands[BAND_COLD];
    }
    double rate = healthy_tenant_rate(alarms->world, tenant);
    return &alarms->bands[rate <= 0.005 ? BAND_LOW : rate <= 0.01 ? BAND_MIDDLE : BAND_HIGH];
}

void false_alarms_count(struct false_alarms *alarms)
{
    for (uint32_t t = 0; t < HEALTHY_TENANTS; t++) {
        uint64_t sent = healthy_world_sent_by(alarms->world, t);
        band_of(alarms, t)->messages += sent - alarms->counted[t];
        alarms->counted[t] = sent;
    }
}

struct alarm_counts false_alarms_settled(const struct false_alarms *alarms)
{
    struct alarm_counts all = {0};
    for (unsigned band = BAND_LOW; band < BAND_COUNT; band++) {
        const struct alarm_counts *of = &alarms->bands[band];
        all.messages += of->messages;
        for (unsigned tier = 0; tier < TIER_COUNT; tier++) {
            all.opened[tier] += of->opened[tier];
            all.streams[tier] += of->streams[tier];
            all.holds[tier] += of->holds[tier];
            all.holds_above[tier] += of->holds_above[tier];
        }
    }
    return all;
}

// --- records ----------------------------------------------------------------------------------

static enum tier tier_named(struct view name)
{
    enum tier tier = TIER_NONE;
    for (unsigned i = 0; i < TIER_COUNT; i++) {
        tier = view_is(name, tier_names[i]) ? (enum tier)i : tier;
    }
    return tier;
}

// A scope of the world by its kind and id (healthy_frames.c).
struct place {
    uint32_t tenant;
    double rate; // NAN: a sender's or template's is its campaigns'
};

static struct place place_of(const struct false_alarms *alarms, struct view kind, struct view id)
{
    uint64_t number = 0;
    for (size_t i = 0; i < id.n; i++) {
        bool is_digit = id.p[i] >= '0' && id.p[i] <= '9';
        number = is_digit ? number * 10 + (uint64_t)(id.p[i] - '0') : 0;
    }
    struct place place = {.rate = NO_NUMBER};
    if (view_is(kind, "campaign")) {
        place.tenant = healthy_campaign_tenant(alarms->world, number);
        place.rate = healthy_campaign_rate(alarms->world, number);
    } else if (view_is(kind, "vendor")) {
        place.tenant = (uint32_t)number / HEALTHY_VENDORS;
        place.rate = healthy_vendor_rate(alarms->world, (uint32_t)number);
    } else if (view_is(kind, "sender")) {
        place.tenant = (uint32_t)number / (HEALTHY_SENDERS * HEALTHY_VENDORS);
    } else if (view_is(kind, "template")) {
        place.tenant = (uint32_t)number / HEALTHY_TEMPLATES;
    } else {
        place.tenant = (uint32_t)number;
        place.rate = healthy_tenant_rate(alarms->world, place.tenant);
    }
    return place;
}

static void keep_evidence(struct false_alarms *alarms, const struct json_value *values)
{
    strbuf_reset(&alarms->incident);
    strbuf_add_view(&alarms->incident, values[ALERT_INCIDENT].raw);
    strbuf_reset(&alarms->evidence);
    strbuf_printf(&alarms->evidence, "\"by\":\"%.*s\"", VIEW_ARGS(values[ALERT_EVIDENCE_ID].raw));
    for (size_t i = 0; i < SHOWN_FIELDS; i++) {
        const struct json_value *value = &values[ALERT_EVIDENCE + i];
        if (value->kind == JSON_NUMBER || value->kind == JSON_STRING) {
            const char *quote = value->kind == JSON_STRING ? "\"" : "";
            strbuf_printf(&alarms->evidence, ",\"%s\":%s%.*s%s", shown_names[i], quote,
                    VIEW_ARGS(value->raw), quote);
        }
    }
}

static void take_alert(struct false_alarms *alarms, const struct json_value *values)
{
    struct view type = values[ALERT_TYPE].raw;
    if (!view_is(type, "incident.opened") && !view_is(type, "incident.escalated")) {
        return;
    }
    struct place place =
            place_of(alarms, values[ALERT_EVIDENCE_KIND].raw, values[ALERT_EVIDENCE_ID].raw);
    struct alarm_counts *counts = band_of(alarms, place.tenant);
    enum tier tier = tier_named(values[ALERT_TIER].raw);
    counts->opened[tier]++;
    counts->streams[tier] += values[ALERT_STREAM].kind == JSON_STRING;
    keep_evidence(alarms, values);
}

static void show_hold(
        struct false_alarms *alarms, const struct json_value *values, const struct place *place)
{
    if (alarms->shown_count++ >= SHOWN_MAX) {
        return;
    }
    // A scope that joins an incident of its tier has no alert of its own.
    bool is_told = view_equal(values[COMMAND_INCIDENT].raw, strbuf_view(&alarms->incident));
    struct view evidence = is_told ? strbuf_view(&alarms->evidence) : VIEW("\"by\":null");
    struct strbuf *shown = &alarms->shown;
    strbuf_add_text(shown, shown->n > 0 ? ",\n  " : "\n  ");
    strbuf_printf(shown,
            "{\"held\":\"%.*s\",\"tier\":\"%.*s\",\"true_rate\":%.6f,\"tenant_rate\":%.6f,"
            "\"tenant_messages\":%llu,%.*s}",
            VIEW_ARGS(values[COMMAND_ID].raw), VIEW_ARGS(values[COMMAND_TIER].raw),
            isfinite(place->rate) ? place->rate : 0,
            healthy_tenant_rate(alarms->world, place->tenant),
            (unsigned long long)healthy_world_sent_by(alarms->world, place->tenant),
            VIEW_ARGS(evidence));
}

static void take_command(struct false_alarms *alarms, const struct json_value *values)
{
    if (!view_is(values[COMMAND_ACTION].raw, "hold")) {
        return;
    }
    struct place place = place_of(alarms, values[COMMAND_KIND].raw, values[COMMAND_ID].raw);
    struct alarm_counts *counts = band_of(alarms, place.tenant);
    enum tier tier = tier_named(values[COMMAND_TIER].raw);
    counts->holds[tier]++;
    bool above = isgreater(place.rate, RATE_CEILING) != 0; // a rate may be NAN
    counts->holds_above[tier] += above;
    show_hold(alarms, values, &place);
}

static enum err send_record(void *self, const struct record *record)
{
    struct false_alarms *alarms = self;
    bool is_alert = record->topic == OUT_ALERTS;
    if (!is_alert && record->topic != OUT_COMMANDS) {
        return ERR_NONE;
    }
    struct json_value values[ALERT_FIELDS];
    const struct json_pointers *pointers =
            is_alert ? alarms->alert_pointers : alarms->command_pointers;
    if (json_scan(pointers, record->value, values, NULL) != JSON_FINE) {
        return ERR_INTERNAL;
    }
    if (is_alert) {
        take_alert(alarms, values);
    } else {
        take_command(alarms, values);
    }
    return ERR_NONE;
}

static const struct sink_ops sink_ops = {send_record};

struct sink false_alarms_sink(struct false_alarms *alarms)
{
    return (struct sink){&sink_ops, alarms};
}
