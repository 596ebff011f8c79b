// The incident report as JSON (audit/incident_report.h).
#include "audit/incident_report.h"
#include "common/clock.h"

#define HOUR_MS INT64_C(3600000)

// Standard error of the sketch that counts people (state/sketch.h), in millionths.
enum { STANDARD_ERROR_MILLIONTHS = 65000, Z95_MILLIONTHS = 1959964 };

const struct report_limit report_limits[REPORT_LIMIT_COUNT] = {
        {"CAC 国家网络安全事件报告管理办法 (in force since 2025-11-01)",
                "operators that are neither critical infrastructure nor central organs",
                "the provincial CAC", "an event that is graded 较大 or above", 4 * HOUR_MS},
        {"CAC 国家网络安全事件报告管理办法", "central organs", "as the rule says",
                "an event that is graded 较大 or above", 2 * HOUR_MS},
        {"CAC 国家网络安全事件报告管理办法", "operators of critical infrastructure",
                "as the rule says", "an event that is graded 较大 or above", HOUR_MS},
        {"PIPL Art. 57", "whoever handles personal information",
                "the authority, and the people concerned unless harm is effectively avoided",
                "personal information was or may have been disclosed", 0},
        {"GDPR Art. 33 (Regulation (EU) 2016/679)", "controllers", "the supervisory authority",
                "a personal data breach, unless it is unlikely to result in a risk to people",
                72 * HOUR_MS},
        {"GDPR Art. 34", "controllers", "the people concerned",
                "a personal data breach that is likely to result in a high risk to them", 0},
};

static void write_time(
        struct json_out *out, const char *key, int64_t ms, const struct report_frame *frame)
{
    if (ms == REPORT_NONE) {
        json_null(out, key);
        return;
    }
    struct strbuf local;
    strbuf_init(&local, 64);
    zone_format(&local, frame->zone, ms);
    json_object(out, key);
    json_time(out, "utc", ms);
    json_string(out, "local", strbuf_view(&local));
    json_object_end(out);
    strbuf_fini(&local);
}

static void write_limits(struct json_out *out, const struct incident_report *report,
        const struct report_frame *frame)
{
    const int64_t from = report->clocks_ms[CLOCK_FIRST_ALERT];
    json_array(out, "time_limits");
    for (size_t i = 0; i < REPORT_LIMIT_COUNT; i++) {
        const struct report_limit *limit = &report_limits[i];
        json_object(out, NULL);
        json_text(out, "rule", limit->rule);
        json_text(out, "binds", limit->who);
        json_text(out, "to", limit->to);
        json_text(out, "applies", limit->applies);
        if (limit->within_ms > 0) {
            json_int(out, "within_hours", limit->within_ms / HOUR_MS);
        } else {
            json_text(out, "within", "at once");
        }
        json_text(out, "counted_from", "first_alert");
        write_time(out, "due", from == REPORT_NONE ? REPORT_NONE : from + limit->within_ms, frame);
        json_object_end(out);
    }
    json_array_end(out);
}

static void write_text(struct json_out *out, const char *key, const char *text)
{
    if (text != NULL) {
        json_text(out, key, text);
    } else {
        json_null(out, key);
    }
}

static void write_raw(struct json_out *out, const char *key, struct view json)
{
    if (view_is_none(json)) {
        json_null(out, key);
    } else {
        json_raw(out, key, json);
    }
}

static void write_people(struct json_out *out, const struct incident_report *report)
{
    // Rounded up: of few people, too, one is not sure.
    const int64_t millionths = report->distinct * STANDARD_ERROR_MILLIONTHS / 1000 * Z95_MILLIONTHS;
    const int64_t error = (millionths / 1000 + 999999) / 1000000;
    json_object(out, "people");
    json_int(out, "distinct_recipients", report->distinct);
    if (report->distinct_is_lower_bound) {
        json_bool(out, "distinct_is_lower_bound", true);
    }
    json_millionths(out, "standard_error", STANDARD_ERROR_MILLIONTHS);
    json_array(out, "interval_95");
    json_int(out, NULL, report->distinct - error);
    const int64_t most = report->escaped + report->held; // there are no more people than messages
    bool is_open = report->distinct_is_lower_bound || report->distinct + error > most;
    json_int(out, NULL, is_open ? most : report->distinct + error);
    json_array_end(out);
    json_object_end(out);
    json_object(out, "messages");
    json_int(out, "escaped", report->escaped);
    json_int(out, "held", report->held);
    json_object_end(out);
}

static void write_who(struct json_out *out, const char *key, const struct report_people *people)
{
    json_object(out, key);
    json_int(out, "messages", (int64_t)people->messages);
    json_int(out, "people", (int64_t)people->people);
    json_int(out, "held_one_by_one", (int64_t)people->held_one_by_one);
    json_array(out, "pseudonyms");
    for (uint32_t i = 0; i < people->named_count; i++) {
        json_string(out, NULL, people->named[i]);
    }
    json_array_end(out);
    json_object_end(out);
}

// Records of some kinds, as they were sent.
static void write_records(
        struct json_out *out, const char *key, const struct incident_report *report, unsigned kinds)
{
    json_array(out, key);
    for (uint32_t i = 0; i < report->entry_count; i++) {
        const struct report_entry *entry = &report->entries[i];
        if ((kinds & 1u << entry->kind) != 0 && !view_is_none(entry->record) &&
                entry->outcome != AUDIT_OUTCOME_ABORTED) {
            json_raw(out, NULL, entry->record);
        }
    }
    json_array_end(out);
}

static void write_hash(struct json_out *out, const char *key, const uint8_t *hash)
{
    struct strbuf text;
    strbuf_init(&text, 2 * SHA256_BYTES + 1);
    hex_add(&text, hash, SHA256_BYTES);
    json_string(out, key, strbuf_view(&text));
    strbuf_fini(&text);
}

static void write_trail(struct json_out *out, const struct incident_report *report,
        const struct report_frame *frame)
{
    const struct audit_summary *sum = frame->sum;
    json_object(out, "audit");
    json_text(out, "directory", frame->directory);
    json_bool(out, "verified", sum->faults == 0);
    json_int(out, "faults", (int64_t)sum->faults);
    json_bool(out, "keyed", sum->is_keyed);
    json_int(out, "records", (int64_t)sum->records);
    json_int(out, "last_seq", (int64_t)sum->last_seq);
    write_hash(out, "head", sum->head);
    json_int(out, "left_out", (int64_t)report->left_out);
    json_array(out, "trail");
    for (uint32_t i = 0; i < report->entry_count; i++) {
        const struct report_entry *entry = &report->entries[i];
        json_object(out, NULL);
        json_int(out, "seq", (int64_t)entry->seq);
        json_time(out, "at", entry->at_ms);
        json_text(out, "kind", audit_kind_names[entry->kind]);
        json_string(out, "type", entry->type);
        json_string(out, "id", entry->id);
        json_string(out, "file", entry->file);
        write_hash(out, "mac", entry->mac);
        json_bool(out, "taken_out", view_is_none(entry->record));
        if (entry->outcome != AUDIT_OUTCOME_UNKNOWN) {
            json_text(out, "outcome", audit_outcome_names[entry->outcome]);
        }
        json_object_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

// What was read besides the log, and what of it was not there any more.
static void write_topics(struct json_out *out, const struct incident_report *report,
        const struct report_frame *frame)
{
    json_array(out, "topics");
    for (uint32_t i = 0; i < report->topic_count; i++) {
        const struct report_topic *topic = &report->topics[i];
        json_object(out, NULL);
        json_text(out, "name", topic->name);
        write_time(out, "since", topic->since_ms, frame);
        json_int(out, "records", (int64_t)topic->records);
        json_int(out, "partitions", topic->partitions);
        json_int(out, "partitions_cut", topic->cut);
        write_time(out, "kept_since", topic->cut > 0 ? topic->oldest_ms : REPORT_NONE, frame);
        json_bool(out, "read_to_its_end", topic->is_whole);
        json_bool(out, "whole", topic->is_whole && topic->cut == 0);
        json_object_end(out);
    }
    json_array_end(out);
}

static void write_versions(
        struct json_out *out, const char *key, const struct view *versions, uint32_t count)
{
    json_array(out, key);
    for (uint32_t i = 0; i < count; i++) {
        json_string(out, NULL, versions[i]);
    }
    json_array_end(out);
}

void incident_report_write_json(
        const struct incident_report *report, const struct report_frame *frame, struct strbuf *sb)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_int(&out, "format", 1);
    json_string(&out, "incident_id", report->incident_id);
    write_time(&out, "made_at", frame->made_at_ms, frame);
    json_object(&out, "clocks");
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        write_time(&out, report_clock_names[i], report->clocks_ms[i], frame);
    }
    json_object_end(&out);
    write_limits(&out, report, frame);
    json_string_or_null(&out, "tier", report->tier);
    write_raw(&out, "scope", report->scope);
    json_array(&out, "scopes");
    for (uint32_t i = 0; i < report->scope_count; i++) {
        json_raw(&out, NULL, report->scopes[i]);
    }
    json_array_end(&out);
    json_int(&out, "scopes_left_out", (int64_t)report->scopes_left_out);
    write_raw(&out, "cause", report->cause);
    write_raw(&out, "reasons", report->reasons);
    write_raw(&out, "evidence", report->evidence);
    write_people(&out, report);
    json_text(&out, "data_disclosed", frame->data_kinds);
    json_object(&out, "notice");
    write_text(&out, "possible_harm", frame->harm);
    write_text(&out, "advice", frame->advice);
    write_text(&out, "contact", frame->contact);
    json_object_end(&out);
    if (report->has_verdicts) {
        write_who(&out, "reached", &report->reached);
        write_who(&out, "spared", &report->spared);
    } else {
        json_null(&out, "reached");
        json_null(&out, "spared");
    }
    json_object(&out, "message_commands");
    json_int(&out, "holds", (int64_t)report->message_holds);
    json_int(&out, "releases", (int64_t)report->message_releases);
    json_int(&out, "unsure", (int64_t)report->message_unsure);
    json_object_end(&out);
    json_int(&out, "message_commands_taken_out", (int64_t)report->message_commands_gone);
    write_records(&out, "remedy", report, 1u << AUDIT_COMMAND | 1u << AUDIT_MESSAGE_COMMAND);
    write_records(&out, "control", report, 1u << AUDIT_CONTROL);
    write_records(&out, "alerts", report, 1u << AUDIT_ALERT);
    write_topics(&out, report, frame);
    json_object(&out, "versions");
    json_string(&out, "program", frame->program);
    write_versions(&out, "policy", report->policy_versions, report->policy_version_count);
    write_versions(&out, "detector", report->detector_versions, report->detector_version_count);
    json_object_end(&out);
    write_trail(&out, report, frame);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
}
