// The incident report as one page of HTML (audit/incident_report.h): no script, nothing from elsewhere,
// light and dark, on a phone and on paper.
#include "audit/incident_report.h"
#include "audit/report_records.h"
#include "audit/report_words.h"
#include "common/clock.h"
#include "common/html_text.h"

enum { NAMED_SHOWN = 200, SCOPES_SHOWN = 50, TIME_BYTES = 64 };

static const char page_head[] =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Incident "
        "report</title>\n<style>\n"
        ":root{color-scheme:light dark;--soft:#55606c;--line:#dde1e6;--red:#b3261e}\n"
        "@media (prefers-color-scheme:dark){:root{--soft:#a3adb8;--line:#343a42;--red:#ff8a80}}\n"
        "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:1.5rem auto;padding:0 1rem;"
        "font-variant-numeric:tabular-nums}\n"
        "h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}h2{font-size:1.15rem;"
        "margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.25rem 0 .25rem}\n"
        "table{border-collapse:collapse;width:100%;margin:.5rem 0}\n"
        "th,td{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0;"
        "border-bottom:1px solid var(--line);overflow-wrap:anywhere}\n"
        "th{font-weight:600;min-width:6rem}td "
        "table{margin:0;font-size:.9rem}.wide time{white-space:nowrap}.wide "
        "th{overflow-wrap:normal}\n"
        "code,pre{font:.9em/1.4 ui-monospace,monospace;overflow-wrap:anywhere;"
        "white-space:pre-wrap}summary{cursor:pointer;padding:.25rem 0}\n"
        ".wide{overflow-x:auto}.wide td{overflow-wrap:break-word;min-width:5rem}\n"
        ".bad{font-weight:700;color:var(--red);border:2px solid;border-radius:.4rem;padding:.5rem "
        ".8rem}\n"
        "@media (max-width:36rem){th,td{padding-right:.5rem}}\n"
        "@media print{body{max-width:none;font-size:11pt}tr{break-inside:avoid}}\n"
        "</style></head><body>\n";

static void add_cells(struct strbuf *sb, const char *name, struct view value)
{
    strbuf_add_text(sb, "<tr><th>");
    html_text(sb, view_of(name));
    strbuf_add_text(sb, "</th><td>");
    html_text(sb, view_is_none(value) ? VIEW("–") : value);
    strbuf_add_text(sb, "</td></tr>\n");
}

static void add_utc(struct strbuf *sb, int64_t ms)
{
    struct strbuf text;
    strbuf_init(&text, TIME_BYTES);
    clock_format(&text, ms);
    words_add_time(sb, strbuf_view(&text));
    strbuf_fini(&text);
}

static void add_local(struct strbuf *sb, int64_t ms, const struct report_frame *frame)
{
    struct strbuf text;
    strbuf_init(&text, TIME_BYTES);
    zone_format(&text, frame->zone, ms);
    words_add_time(sb, strbuf_view(&text));
    strbuf_fini(&text);
}

static void add_time(struct strbuf *sb, int64_t ms, const struct report_frame *frame)
{
    if (ms == REPORT_NONE) {
        strbuf_add_text(sb, "<td>–</td><td>–</td>");
        return;
    }
    strbuf_add_text(sb, "<td>");
    add_utc(sb, ms);
    strbuf_add_text(sb, "</td><td>");
    add_local(sb, ms, frame);
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
                        "<div class=\"wide\"><table><tr><th>Rule</th><th>Binds</th><th>Applies "
                        "to</th><th>Due (UTC)"
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
    strbuf_add_text(sb, "</table></div>\n");
}

static void add_number(struct strbuf *sb, const char *name, int64_t number, const char *note)
{
    strbuf_printf(sb, "<tr><th>%s</th><td>%lld%s</td></tr>\n", name, (long long)number, note);
}

// What no log knows: PIPL Art. 57, GDPR Art. 33 and 34 want it told.
static void add_notice(struct strbuf *sb, const char *name, const char *text, const char *option)
{
    if (text != NULL) {
        add_cells(sb, name, view_of(text));
        return;
    }
    strbuf_printf(sb, "<tr><th>%s</th><td>not stated (<code>%s</code>)</td></tr>\n", name, option);
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
    if (report->distinct_is_lower_bound) {
        add_number(sb, "People, at least about", report->distinct,
                " (a sketch counts them, standard error 6.5 %, and not all who were written to up "
                "to the alarm were remembered: there may be as many as escaped and held together)");
    } else {
        add_number(sb, "People, about", report->distinct,
                " (a sketch counts them: standard error 6.5 %, within 12.7 % with 95 % certainty)");
    }
    add_number(sb, "Escaped", report->escaped,
            " (misdirected messages judged before their scope was held; sent, unless their own "
            "hold stopped them)");
    add_number(sb, "Held", report->held, " (misdirected messages that came while it was held)");
    add_number(sb, "Messages of it held one by one", (int64_t)report->message_holds, "");
    add_number(sb, "and released one by one", (int64_t)report->message_releases, "");
    add_cells(sb, "What a message discloses", view_of(frame->data_kinds));
    add_notice(sb, "What may come of it", frame->harm, "--harm");
    add_notice(sb, "What the people concerned can do", frame->advice, "--advice");
    add_notice(sb, "Whom they can ask", frame->contact, "--contact");
    strbuf_add_text(sb, "</table>\n");
    if (report->has_verdicts) {
        add_who(sb, "Reached, as far as verdicts tell", &report->reached);
        add_who(sb, "Spared", &report->spared);
        strbuf_printf(sb,
                "<p>Reached are misdirected messages of the incident's scopes that were judged "
                "before the "
                "first of them was held and have no enforced hold of their own in the audit log, "
                "and those "
                "that a person released; the others are spared, %llu of them held one by "
                "one.</p>\n",
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
        add_local(sb, topic->since_ms, frame);
        if (topic->cut > 0) {
            strbuf_printf(sb, "; of %d of its %d partitions the beginning is NOT kept any more",
                    (int)topic->cut, (int)topic->partitions);
            if (topic->oldest_ms != REPORT_NONE) {
                strbuf_add_text(sb, ": what is left of them begins at ");
                add_local(sb, topic->oldest_ms, frame);
            }
        }
        strbuf_add_text(
                sb, topic->is_whole ? ".</p>\n" : "; it was NOT read to its end in time.</p>\n");
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

// A row whose value is JSON, in words.
static void add_words(struct strbuf *sb, const char *name, struct view json,
        void (*add)(struct strbuf *sb, struct view json))
{
    strbuf_printf(sb, "<tr><th>%s</th><td>", name);
    add(sb, json);
    strbuf_add_text(sb, "</td></tr>\n");
}

static void add_made_at(struct strbuf *sb, const struct report_frame *frame)
{
    strbuf_add_text(sb, "<tr><th>This report is of</th><td>");
    add_utc(sb, frame->made_at_ms);
    strbuf_add_text(sb, " = ");
    add_local(sb, frame->made_at_ms, frame);
    strbuf_add_text(sb, "</td></tr>\n");
}

static void add_evidence(struct strbuf *sb, const struct incident_report *report)
{
    strbuf_add_text(sb, "<h2>Evidence</h2>\n");
    words_add_evidence(sb, report->evidence);
    strbuf_add_text(sb, "<h3>Why the messages were misdirected</h3>\n");
    words_add_reasons(sb, report->reasons);
    if (!view_is_none(report->evidence)) {
        strbuf_add_text(sb, "<details><summary>All numbers, to recompute it from</summary>");
        words_add_json(sb, report->evidence);
        strbuf_add_text(sb, "</details>\n");
    }
}

// There may be thousands, and each says the same.
static void add_message_commands(struct strbuf *sb, const struct incident_report *report)
{
    if (report->message_holds + report->message_releases == 0) {
        return;
    }
    strbuf_printf(sb,
            "<details><summary>%llu messages held and %llu released one by one</summary>\n",
            (unsigned long long)report->message_holds,
            (unsigned long long)report->message_releases);
    report_add_message_commands(sb, report);
    strbuf_add_text(sb, "</details>\n");
}

// Where it is about more than one.
static void add_scopes(struct strbuf *sb, const struct incident_report *report)
{
    if (report->scope_count < 2) {
        return;
    }
    strbuf_add_text(sb, "<tr><th>All that it is about</th><td>");
    uint32_t shown = report->scope_count < SCOPES_SHOWN ? report->scope_count : SCOPES_SHOWN;
    for (uint32_t i = 0; i < shown; i++) {
        strbuf_add_text(sb, i > 0 ? "<br>" : "");
        words_add_scope(sb, report->scopes[i]);
    }
    uint64_t more = report->scope_count - shown + report->scopes_left_out;
    if (more > 0) {
        strbuf_printf(sb, "<br>and %llu more", (unsigned long long)more);
    }
    strbuf_add_text(sb, "</td></tr>\n");
}

void incident_report_write_page(
        const struct incident_report *report, const struct report_frame *frame, struct strbuf *sb)
{
    strbuf_add_text(sb, page_head);
    strbuf_add_text(sb, "<h1>Incident <code>");
    html_text(sb, report->incident_id);
    strbuf_add_text(sb, "</code></h1>\n<table>\n");
    add_words(sb, "What went wrong", report->scope, words_add_scope);
    add_scopes(sb, report);
    add_cells(sb, "Highest tier", report->tier);
    add_words(sb, "Likely cause", report->cause, words_add_cause);
    add_made_at(sb, frame);
    strbuf_add_text(sb, "</table>\n");
    add_clocks(sb, report, frame);
    add_people(sb, report, frame);
    add_topics(sb, report, frame);
    add_evidence(sb, report);
    strbuf_add_text(sb, "<h2>What was held and released</h2>\n");
    report_add_scope_commands(sb, report);
    add_message_commands(sb, report);
    strbuf_add_text(sb, "<h2>What people commanded</h2>\n");
    report_add_controls(sb, report);
    strbuf_add_text(sb, "<h2>What was told</h2>\n");
    report_add_alerts(sb, report);
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
