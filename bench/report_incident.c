// One incident: what, why, what happened, and everything that the alerts say of it.
#include "bench/report_write.h"

// "At 04:09:46 UTC, "; the first one with its day.
static void write_at(struct strbuf *out, int64_t ms, const struct report *report)
{
    strbuf_add_text(out, "At ");
    html_clock(out, ms, spans_days(report));
    strbuf_add_text(out, " UTC, ");
}

static void write_beginning(
        struct strbuf *out, const struct report *report, const struct report_alert *alert)
{
    const struct report_evidence *evidence = &alert->evidence;
    strbuf_add_text(out, "<p>");
    if (evidence->has_change_point) {
        strbuf_add_text(out, "From ");
        html_clock(out, evidence->change_ms, spans_days(report));
        strbuf_add_text(out, " UTC on, ");
    } else {
        strbuf_add_text(out, "In this scope, ");
    }
    html_count(out, evidence->misdirected);
    strbuf_add_text(out, " of ");
    html_count(out, evidence->judged);
    strbuf_add_text(out, " messages of ");
    write_scope(out, &evidence->scope);
    strbuf_add_text(out, " were addressed to people who do not owe this debt, where ");
    html_percent(out, evidence->baseline);
    strbuf_add_text(out, " counts as healthy.");
    bool is_other = evidence->scope.kind != alert->scope.kind ||
                    !view_equal(evidence->scope.id, alert->scope.id);
    if (is_other) {
        strbuf_add_text(out, " Most of it came through ");
        write_scope(out, &alert->scope);
        strbuf_add_text(out, ", the smallest scope that explains it: the incident is about that "
                             "one.");
    }
    strbuf_add_text(out, "</p>\n");
}

// The steps up to the highest tier, in sentences.
static void write_steps(
        struct strbuf *out, const struct report *report, const struct report_incident *incident)
{
    strbuf_add_text(out, "<p>");
    for (uint32_t a = incident->first_alert; a != UINT32_MAX;
            a = report->alerts[a].next_of_incident) {
        const struct report_alert *alert = &report->alerts[a];
        bool is_opening = view_is(alert->type, "incident.opened");
        if (!is_opening && !view_is(alert->type, "incident.escalated")) {
            continue;
        }
        write_at(out, alert->occurred_ms, report);
        strbuf_add_text(out, is_opening ? "the incident was opened at tier " : "it rose to tier ");
        write_tier(out, alert->tier);
        strbuf_add_text(out, " after ");
        html_counted(
                out, alert->evidence.misdirected, "misdirected message", "misdirected messages");
        strbuf_add_text(out, ". ");
    }
    strbuf_add_text(out, "</p>\n");
}

static void write_hold(
        struct strbuf *out, const struct report *report, const struct report_hold *hold)
{
    strbuf_add_text(out, "<p>");
    write_at(out, hold->issued_ms, report);
    strbuf_add_text(out, hold->is_enforced ? "" : "in monitor mode, ");
    write_scope(out, &hold->scope);
    strbuf_add_text(out, hold->is_enforced ? " was held" : " would have been held");
    if (hold->was_released) {
        strbuf_add_text(out, "; the hold was released at ");
        html_moment(out, hold->ends_ms);
    } else if (hold->ends_ms >= 0) {
        strbuf_add_text(
                out, hold->ends_ms > report->last_ms ? ", until " : "; the hold ran out at ");
        html_moment(out, hold->ends_ms);
    }
    strbuf_add_text(out, ". ");
    if (hold->after_misdirected + hold->after_good > 0) {
        strbuf_add_text(out, "Of its later messages in this run ");
        html_count(out, hold->after_misdirected);
        strbuf_add_text(out, " would have gone to wrong people, and ");
        html_count(out, hold->after_good);
        strbuf_add_text(out, " to the right ones: the hold met them all.");
    } else {
        strbuf_add_text(out, "No later message of it is in this run.");
    }
    strbuf_add_text(out, "</p>\n");
}

static void write_holds(struct strbuf *out, const struct report *report, uint32_t number)
{
    const struct report_incident *incident = &report->incidents[number];
    uint32_t written = 0;
    for (uint32_t h = incident->first_hold;
            written < incident->hold_count && h < report->hold_count; h++) {
        if (report->holds[h].incident == number) {
            write_hold(out, report, &report->holds[h]);
            if (++written == 5) {
                break;
            }
        }
    }
    if (incident->hold_count > written) {
        strbuf_printf(out, "<p>%u more holds followed.</p>\n", incident->hold_count - written);
    }
    if (incident->hold_count == 0) {
        strbuf_add_text(out, "<p>Nothing was held for it.</p>\n");
    }
    if (incident->closed_ms >= 0) {
        strbuf_add_text(out, "<p>The incident was closed at ");
        html_moment(out, incident->closed_ms);
        strbuf_add_text(out, ".</p>\n");
    } else {
        strbuf_add_text(out, "<p>It was still open when the run ended.</p>\n");
    }
}

static void write_truth_of(
        struct strbuf *out, const struct report *report, const struct report_incident *incident)
{
    if (report->options->labels == NULL) {
        return;
    }
    strbuf_add_text(out, "<p>According to the labels ");
    if (incident->planted == UINT32_MAX) {
        strbuf_add_text(out, "<strong class=\"bad\">nothing was wrong here beyond scattered "
                             "mistakes</strong>.</p>\n");
        return;
    }
    const struct report_planted *planted = &report->planted[incident->planted];
    strbuf_add_text(out, "this is ");
    html_id(out, planted->id);
    strbuf_add_text(out, ", cause <strong>");
    write_words(out, planted->cause);
    strbuf_add_text(out, "</strong>");
    if (planted->is_healthy_lag) {
        strbuf_add_text(
                out, ": <strong>healthy messages whose records had not arrived yet</strong>");
    }
    strbuf_add_text(out, ".</p>\n");
}

// "no record 5 of 5, walking 3 of 7"
static void write_numbers(struct strbuf *out, const struct report_cause *cause)
{
    if (cause->number_count == 0) {
        return;
    }
    strbuf_add_text(out, "<small>");
    for (uint32_t i = 0; i < cause->number_count; i++) {
        strbuf_add_text(out, i > 0 ? ", " : "");
        write_words(out, cause->numbers[i].feature);
        strbuf_add_text(out, " ");
        html_count(out, cause->numbers[i].count);
        strbuf_add_text(out, " of ");
        html_count(out, cause->numbers[i].of);
    }
    strbuf_add_text(out, "</small>");
}

static void write_causes(struct strbuf *out, const struct report_alert *alert)
{
    strbuf_add_text(out, "<h3>Likely cause</h3>\n");
    if (alert->cause_count == 0) {
        strbuf_add_text(out, "<p>Unknown.</p>\n");
        return;
    }
    strbuf_add_text(out, "<p><strong>");
    write_words(out, alert->causes[0].name);
    strbuf_add_text(out, "</strong>");
    const char *text = cause_text(alert->causes[0].name);
    if (text != NULL) {
        strbuf_printf(out, ": %s.", text);
    }
    strbuf_add_text(out, "</p>\n<ul class=\"shares\" aria-label=\"Causes, likeliest first\">\n");
    for (uint32_t i = 0; i < alert->cause_count; i++) {
        double share = alert->causes[i].share;
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        strbuf_add_text(out, "<li><span>");
        write_words(out, alert->causes[i].name);
        strbuf_printf(out, "</span><i aria-hidden=\"true\"><b style=\"width:%.1f%%\"></b></i><em>",
                share * 100);
        html_percent(out, share);
        strbuf_add_text(out, "</em>");
        write_numbers(out, &alert->causes[i]);
        strbuf_add_text(out, "</li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
}

static void write_reasons(struct strbuf *out, const struct report_alert *alert)
{
    strbuf_add_text(out, "<table class=\"facts\"><caption>The numbers behind the cause</caption>"
                         "<tbody>\n");
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        if (alert->reasons[i] > 0) {
            strbuf_add_text(out, "<tr><th scope=\"row\">messages with reason ");
            write_words(out, view_of(reason_names[i]));
            strbuf_add_text(out, "</th><td>");
            html_count(out, alert->reasons[i]);
            strbuf_add_text(out, "</td></tr>\n");
        }
    }
    strbuf_add_text(out, "<tr><th scope=\"row\">different recipients</th><td>");
    strbuf_add_text(out, alert->evidence.distinct_is_lower_bound ? "at least " : "");
    html_count(out, alert->evidence.distinct_recipients);
    strbuf_add_text(out, "</td></tr>\n</tbody></table>\n");
}

static void write_contributors(struct strbuf *out, const struct report_alert *alert)
{
    if (alert->contributor_count == 0) {
        return;
    }
    strbuf_add_text(out, "<table><caption>What the misdirected messages have in common</caption>"
                         "<thead><tr><th scope=\"col\">Scope</th><th scope=\"col\" "
                         "class=\"num\">Misdirected</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < alert->contributor_count; i++) {
        strbuf_add_text(out, "<tr><th scope=\"row\">");
        write_scope(out, &alert->contributors[i].scope);
        strbuf_add_text(out, "</th><td class=\"num\">");
        html_count(out, alert->contributors[i].misdirected);
        strbuf_add_text(out, "</td></tr>\n");
    }
    strbuf_add_text(out, "</tbody></table>\n");
}

static void write_alert_row(
        struct strbuf *out, const struct report *report, const struct report_alert *alert)
{
    strbuf_add_text(out, "<tr><th scope=\"row\" class=\"nowrap\">");
    html_clock(out, alert->occurred_ms, spans_days(report));
    strbuf_add_text(out, "</th><td data-l=\"what\">");
    struct view type = alert->type;
    write_words(out, view_starts_with(type, VIEW("incident.")) ? view_skip(type, 9) : type);
    strbuf_add_text(out, " ");
    write_tier(out, alert->tier);
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"misdirected of judged\">");
    html_count(out, alert->evidence.misdirected);
    strbuf_add_text(out, " of ");
    html_count(out, alert->evidence.judged);
    strbuf_printf(out,
            "</td><td class=\"num\" data-l=\"statistic\">%.2f of %.2f</td><td "
            "class=\"num\" data-l=\"escaped, held so far\">",
            alert->evidence.log_likelihood_ratio, alert->evidence.threshold);
    if (alert->escaped >= 0) {
        html_count(out, alert->escaped);
        strbuf_add_text(out, ", ");
        html_count(out, alert->held);
    } else {
        strbuf_add_text(out, "–");
    }
    strbuf_add_text(out, "</td><td data-l=\"samples\">");
    for (uint32_t i = 0; i < alert->sample_count; i++) {
        strbuf_add_text(out, i > 0 ? " " : "");
        html_id(out, alert->samples[i]);
    }
    strbuf_add_text(out, "</td></tr>\n");
}

static void write_alerts(
        struct strbuf *out, const struct report *report, const struct report_incident *incident)
{
    enum { ROWS_MAX = 100 };
    uint32_t rows = 0;
    strbuf_add_text(out,
            "<h3>Alerts</h3>\n<div class=\"scroll\"><table class=\"stack\"><caption>All alerts of "
            "this incident; samples are ids of misdirected messages to look at</caption><thead><tr>"
            "<th scope=\"col\">Time, UTC</th><th scope=\"col\">What</th><th scope=\"col\" "
            "class=\"num\">Misdirected</th><th scope=\"col\" class=\"num\">Statistic, nats</th><th "
            "scope=\"col\" class=\"num\">Escaped, held</th><th "
            "scope=\"col\">Samples</th></tr></thead><tbody>\n");
    for (uint32_t a = incident->first_alert; a != UINT32_MAX && rows < ROWS_MAX;
            a = report->alerts[a].next_of_incident, rows++) {
        write_alert_row(out, report, &report->alerts[a]);
    }
    strbuf_add_text(out, "</tbody></table></div>\n");
    if (rows == ROWS_MAX) {
        strbuf_printf(out, "<p class=\"note\">Only the first %d are shown.</p>\n", ROWS_MAX);
    }
}

void write_incident(struct strbuf *out, const struct report *report, uint32_t number)
{
    const struct report_incident *incident = &report->incidents[number];
    const struct report_alert *alert = report_decisive(report, incident);
    strbuf_printf(out,
            "<section class=\"incident\" id=\"i%u\" aria-labelledby=\"h%u\">\n<h2 "
            "id=\"h%u\">Incident %u: ",
            number + 1, number + 1, number + 1, number + 1);
    write_scope(out, &alert->scope);
    strbuf_add_text(out, "</h2>\n<p class=\"note\">");
    write_tier(out, incident->tier);
    strbuf_add_text(out, " incident id ");
    html_id(out, incident->id);
    strbuf_add_text(out, "</p>\n<h3>What happened</h3>\n");
    write_beginning(out, report, alert);
    write_steps(out, report, incident);
    write_holds(out, report, number);
    write_truth_of(out, report, incident);
    write_causes(out, alert);
    write_reasons(out, alert);
    write_contributors(out, alert);
    write_statistic_chart(out, report, number);
    write_rate_chart(out, report, number);
    write_evidence(out, alert);
    write_alerts(out, report, incident);
    strbuf_add_text(out, "</section>\n");
}
