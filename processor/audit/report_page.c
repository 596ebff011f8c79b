// The incident report as one page of HTML (audit/incident_report.h): no script, nothing from elsewhere,
// light and dark, on a phone and on paper.
#include "audit/incident_report.h"
#include "common/clock.h"
#include "common/html_text.h"
#include "common/json_scan.h"

enum { NAMED_SHOWN = 200, RECORDS_SHOWN = 2000 };

static const char page_head[] =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Incident "
        "report</title>\n<style>\n"
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}\n"
        "table{border-collapse:collapse;width:100%;margin:.5rem 0}\n"
        "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;"
        "border-bottom:1px solid #8884;overflow-wrap:anywhere}\n"
        "th{font-weight:600}code,pre{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere;"
        "white-space:pre-wrap}\n"
        ".bad{font-weight:700;border:2px solid #c33;padding:.5rem}\n"
        "@media print{details{display:block}}\n"
        "</style></head><body>\n";

static void add_cells(struct strbuf *sb, const char *name, struct view value)
{
    strbuf_add_text(sb, "<tr><th>");
    html_text(sb, view_of(name));
    strbuf_add_text(sb, "</th><td>");
    html_text(sb, view_is_none(value) ? VIEW("–") : value);
    strbuf_add_text(sb, "</td></tr>\n");
}

static void add_time(struct strbuf *sb, int64_t ms, const struct report_frame *frame)
{
    if (ms == REPORT_NONE) {
        strbuf_add_text(sb, "<td>–</td><td>–</td>");
        return;
    }
    strbuf_add_text(sb, "<td>");
    clock_format(sb, ms);
    strbuf_add_text(sb, "</td><td>");
    zone_format(sb, frame->zone, ms);
    strbuf_add_text(sb, "</td>");
}

static void add_clocks(
        struct strbuf *sb, const struct incident_report *report, const struct report_frame *frame)
{
    static const char *const names[CLOCK_COUNT] = {"First wrong message", "First alert",
            "First hold", "Acknowledged", "Last release", "Closed"};
    strbuf_add_text(sb, "<h2>Clocks</h2>\n<table><tr><th></th><th>UTC</th><th>Local</th></tr>\n");
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        strbuf_printf(sb, "<tr><th>%s</th>", names[i]);
        add_time(sb, report->clocks_ms[i], frame);
        strbuf_add_text(sb, "</tr>\n");
    }
    strbuf_add_text(sb, "</table>\n<h2>Time limits to report</h2>\n"
                        "<p>Counted from the first alert. Whether a rule applies, and when its "
                        "clock starts, is for counsel to say.</p>\n"
                        "<table><tr><th>Rule</th><th>Binds</th><th>Applies to</th><th>Due (UTC)"
                        "</th><th>Due (local)</th></tr>\n");
    const int64_t from = report->clocks_ms[CLOCK_FIRST_ALERT];
    for (size_t i = 0; i < REPORT_LIMIT_COUNT; i++) {
        strbuf_add_text(sb, "<tr><td>");
        html_text(sb, view_of(report_limits[i].rule));
        strbuf_add_text(sb, "</td><td>");
        html_text(sb, view_of(report_limits[i].who));
        strbuf_add_text(sb, "</td><td>");
        html_text(sb, view_of(report_limits[i].applies));
        strbuf_add_text(sb, "</td>");
        if (report_limits[i].within_ms == 0) {
            strbuf_add_text(sb, "<td>at once</td><td>at once</td>");
        } else {
            add_time(sb, from == REPORT_NONE ? from : from + report_limits[i].within_ms, frame);
        }
        strbuf_add_text(sb, "</tr>\n");
    }
    strbuf_add_text(sb, "</table>\n");
}

static void add_number(struct strbuf *sb, const char *name, int64_t number, const char *note)
{
    strbuf_printf(sb, "<tr><th>%s</th><td>%lld%s</td></tr>\n", name, (long long)number, note);
}

static void add_who(struct strbuf *sb, const char *name, const struct report_people *people)
{
    strbuf_printf(sb, "<h3>%s</h3>\n<p>%llu messages to %llu people.</p>\n", name,
            (unsigned long long)people->messages, (unsigned long long)people->people);
    if (people->named_count == 0) {
        return;
    }
    strbuf_add_text(sb, "<details><summary>Pseudonyms</summary><pre>");
    for (uint32_t i = 0; i < people->named_count && i < NAMED_SHOWN; i++) {
        html_text(sb, people->named[i]);
        strbuf_add_byte(sb, '\n');
    }
    if (people->named_count > NAMED_SHOWN) {
        strbuf_add_text(sb, "… and more in the JSON report\n");
    }
    strbuf_add_text(sb, "</pre></details>\n");
}

static void add_people(
        struct strbuf *sb, const struct incident_report *report, const struct report_frame *frame)
{
    strbuf_add_text(sb, "<h2>Who is affected</h2>\n<table>\n");
    add_number(sb, "Distinct people", report->distinct,
            " (a sketch counts them: standard error 6.5 %, within 12.7 % with 95 % certainty)");
    add_number(sb, "Misdirected messages before a hold of the scope", report->escaped,
            " (sent, unless their own hold stopped them)");
    add_number(sb, "Misdirected messages while it was held", report->held, "");
    add_number(sb, "Messages of it held one by one", (int64_t)report->message_holds, "");
    add_number(sb, "and released one by one", (int64_t)report->message_releases, "");
    add_cells(sb, "What a message discloses", view_of(frame->data_kinds));
    strbuf_add_text(sb, "</table>\n");
    if (report->has_verdicts) {
        add_who(sb, "Reached, as far as verdicts tell", &report->reached);
        add_who(sb, "Spared", &report->spared);
        strbuf_printf(sb,
                "<p>Reached are misdirected messages of the scope that were judged before the "
                "scope "
                "was held and have no enforced hold of their own in the audit log; the others are "
                "spared, %llu of them held one by one.</p>\n",
                (unsigned long long)report->spared.held_one_by_one);
        if (report->message_commands_gone > 0 && report->topic_count == 0) {
            strbuf_printf(sb,
                    "<p>%llu commands about single messages were taken out of the log: a message "
                    "that only those held counts as reached.</p>\n",
                    (unsigned long long)report->message_commands_gone);
        }
    } else {
        strbuf_add_text(sb, "<p>Who it was by pseudonym is in the verdicts, which were not given "
                            "(<code>--verdicts</code>).</p>\n");
    }
}

static void add_topics(
        struct strbuf *sb, const struct incident_report *report, const struct report_frame *frame)
{
    for (uint32_t i = 0; i < report->topic_count; i++) {
        const struct report_topic *topic = &report->topics[i];
        const bool is_whole = topic->is_whole && topic->cut == 0;
        strbuf_printf(sb, "<p%s>From the topic <code>", is_whole ? "" : " class=\"bad\"");
        html_text(sb, view_of(topic->name));
        strbuf_printf(sb, "</code>, %llu records since ", (unsigned long long)topic->records);
        zone_format(sb, frame->zone, topic->since_ms);
        if (topic->cut > 0) {
            strbuf_printf(sb, "; of %d of its %d partitions the beginning is NOT kept any more",
                    (int)topic->cut, (int)topic->partitions);
            if (topic->oldest_ms != REPORT_NONE) {
                strbuf_add_text(sb, ": what is left of them begins at ");
                zone_format(sb, frame->zone, topic->oldest_ms);
            }
        }
        strbuf_add_text(
                sb, topic->is_whole ? ".</p>\n" : "; it was NOT read to its end in time.</p>\n");
    }
}

static void add_json(struct strbuf *sb, const char *name, struct view json)
{
    strbuf_add_text(sb, "<tr><th>");
    strbuf_add_text(sb, name);
    strbuf_add_text(sb, "</th><td><code>");
    html_text(sb, view_is_none(json) ? VIEW("–") : json);
    strbuf_add_text(sb, "</code></td></tr>\n");
}

static void add_records(
        struct strbuf *sb, const char *title, const struct incident_report *report, unsigned kinds)
{
    uint32_t shown = 0;
    strbuf_printf(sb, "<h2>%s</h2>\n", title);
    for (uint32_t i = 0; i < report->entry_count; i++) {
        const struct report_entry *entry = &report->entries[i];
        if ((kinds & 1u << entry->kind) == 0) {
            continue;
        }
        if (++shown > RECORDS_SHOWN) {
            strbuf_add_text(sb, "<p>… and more in the JSON report</p>\n");
            break;
        }
        strbuf_add_text(sb, "<details><summary>");
        clock_format(sb, entry->at_ms);
        strbuf_add_byte(sb, ' ');
        html_text(sb, entry->type);
        strbuf_printf(sb, " (record %llu%s)</summary><pre>", (unsigned long long)entry->seq,
                entry->outcome == AUDIT_OUTCOME_ABORTED ? ", aborted: nobody had it" : "");
        html_text(sb, view_is_none(entry->record) ? VIEW("its content was taken out of the log")
                                                  : entry->record);
        strbuf_add_text(sb, "</pre></details>\n");
    }
    if (shown == 0) {
        strbuf_add_text(sb, "<p>None.</p>\n");
    }
}

static void add_trail(
        struct strbuf *sb, const struct incident_report *report, const struct report_frame *frame)
{
    const struct audit_summary *sum = frame->sum;
    strbuf_add_text(sb, "<h2>Audit trail</h2>\n");
    if (sum->faults == 0) {
        strbuf_printf(sb,
                "<p>The audit log of %llu records was checked and is as it was written%s. Its head "
                "is record %llu, <code>",
                (unsigned long long)sum->records, sum->is_keyed ? "" : " (not all of it has a key)",
                (unsigned long long)sum->last_seq);
    } else {
        strbuf_printf(sb,
                "<p class=\"bad\">The audit log is NOT as it was written: %llu faults; "
                "<code>wrongnumber audit verify</code> names them. Its head is record %llu, <code>",
                (unsigned long long)sum->faults, (unsigned long long)sum->last_seq);
    }
    hex_add(sb, sum->head, sizeof sum->head);
    strbuf_printf(sb, "</code>.</p>\n<p>%u of its records are about this incident.</p>\n",
            report->entry_count);
}

void incident_report_write_page(
        const struct incident_report *report, const struct report_frame *frame, struct strbuf *sb)
{
    strbuf_add_text(sb, page_head);
    strbuf_add_text(sb, "<h1>Incident <code>");
    html_text(sb, report->incident_id);
    strbuf_add_text(sb, "</code></h1>\n<table>\n");
    add_json(sb, "Scope", report->scope);
    add_cells(sb, "Tier", report->tier);
    add_json(sb, "Cause", report->cause);
    strbuf_add_text(sb, "</table>\n");
    add_clocks(sb, report, frame);
    add_people(sb, report, frame);
    add_topics(sb, report, frame);
    strbuf_add_text(sb, "<h2>Evidence</h2>\n<table>\n");
    add_json(sb, "Reasons", report->reasons);
    add_json(sb, "Evidence", report->evidence);
    strbuf_add_text(sb, "</table>\n");
    add_records(sb, "What was held and released, by whom, why", report,
            1u << AUDIT_COMMAND | 1u << AUDIT_MESSAGE_COMMAND);
    add_records(sb, "What people commanded", report, 1u << AUDIT_CONTROL);
    add_records(sb, "Alerts", report, 1u << AUDIT_ALERT);
    strbuf_add_text(sb, "<h2>Versions</h2>\n<table>\n");
    for (uint32_t i = 0; i < report->policy_version_count; i++) {
        add_cells(sb, "Policy", report->policy_versions[i]);
    }
    for (uint32_t i = 0; i < report->detector_version_count; i++) {
        add_cells(sb, "Detector", report->detector_versions[i]);
    }
    add_cells(sb, "Program of this report", frame->program);
    strbuf_add_text(sb, "</table>\n");
    add_trail(sb, report, frame);
    strbuf_add_text(sb, "</body></html>\n");
}
