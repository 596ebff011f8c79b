// The top of the page: what was run, and in one paragraph what came of it.
#include "bench/report_write.h"

struct totals {
    uint32_t held;        // incidents
    uint32_t enforced;    // of them, with a hold that is enforced
    uint32_t stray;       // holds that name no incident of the run
    uint32_t false_holds; // with labels: held, and mostly nothing planted in it
    uint32_t lag_holds;   // with labels: held, and it was a feed lag
    int64_t before;
    int64_t caught;
    int64_t good_held;
};

static struct totals sum_up(const struct report *report)
{
    struct totals totals = {0};
    for (uint32_t i = 0; i < report->incident_count; i++) {
        const struct report_incident *incident = &report->incidents[i];
        if (incident->hold_count == 0) {
            continue;
        }
        totals.held++;
        totals.enforced += incident_hold(report, i)->is_enforced;
        totals.before += incident->misdirected_before;
        bool is_planted = incident->planted != UINT32_MAX &&
                          incident->labelled_before * 2 >= incident->misdirected_before;
        totals.false_holds += !is_planted;
        totals.lag_holds += is_planted && report->planted[incident->planted].is_healthy_lag;
    }
    for (uint32_t i = 0; i < report->hold_count; i++) {
        totals.stray += report->holds[i].incident == UINT32_MAX;
        totals.caught += report->holds[i].after_misdirected;
        totals.good_held += report->holds[i].after_good;
    }
    return totals;
}

// "12 messages were" / "1 message was"
static void counted_were(struct strbuf *out, int64_t count, const char *what)
{
    html_count(out, count);
    strbuf_printf(out, " %s%s ", what, count == 1 ? " was" : "s were");
}

static void write_nothing_found(struct strbuf *out, const struct report *report)
{
    strbuf_add_text(out, "No incident. ");
    if (report->verdicts[VERDICT_MISDIRECTED] > 0) {
        counted_were(out, report->verdicts[VERDICT_MISDIRECTED], "message");
        strbuf_add_text(out, "misdirected, scattered so that nowhere they were more than chance "
                             "explains. ");
    }
    strbuf_add_text(out, report->hold_count == 0
                                 ? "No campaign, template, sender, vendor or tenant "
                                   "was held."
                                 : "");
}

static void write_held(struct strbuf *out, const struct report *report, const struct totals *totals)
{
    html_counted(out, report->incident_count, "incident", "incidents");
    if (totals->held == report->incident_count) {
        strbuf_add_text(out, report->incident_count == 1 ? ", and it was held. " : ", all held. ");
    } else if (totals->held == 0) {
        strbuf_add_text(out, ", none strong enough for a hold. ");
    } else {
        strbuf_printf(out, ", %u of them held. ", totals->held);
    }
    if (totals->held == 0) {
        return;
    }
    counted_were(out, totals->before, "misdirected message");
    strbuf_add_text(out, "judged before the hold that stopped their incident; ");
    html_count(out, totals->caught);
    strbuf_add_text(out, " more ran into the holds");
    if (totals->good_held > 0) {
        strbuf_add_text(out, ", together with ");
        html_count(out, totals->good_held);
        strbuf_printf(out, " healthy one%s of the same scopes", totals->good_held == 1 ? "" : "s");
    }
    strbuf_add_text(out, ". ");
    if (totals->enforced < totals->held) {
        strbuf_printf(out, "%s of these holds %s in monitor mode: told, not carried out. ",
                totals->enforced == 0 ? "All" : "Some", "were");
    }
}

// The first few incidents of the labels that no hold met.
static void write_missed(struct strbuf *out, const struct report *report)
{
    enum { NAMED_MAX = 5 };
    uint32_t missed = 0;
    for (uint32_t i = 0; i < report->planted_count; i++) {
        const struct report_planted *planted = &report->planted[i];
        if (planted->is_healthy_lag || planted->incident != UINT32_MAX) {
            continue;
        }
        if (missed++ < NAMED_MAX) {
            strbuf_add_text(out, missed == 1 ? " <strong class=\"bad\">Not held: " : ", ");
            html_id(out, planted->id);
        }
    }
    if (missed > NAMED_MAX) {
        strbuf_printf(out, " and %u more", missed - NAMED_MAX);
    }
    strbuf_add_text(out, missed > 0 ? ".</strong>" : "");
}

static void write_against_truth(
        struct strbuf *out, const struct report *report, const struct totals *totals)
{
    uint32_t wanted = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i < report->planted_count; i++) {
        wanted += !report->planted[i].is_healthy_lag;
        found += !report->planted[i].is_healthy_lag && report->planted[i].incident != UINT32_MAX;
    }
    if (wanted > 0) {
        strbuf_printf(out, " Of the %u incident%s that the labels tell of, %u %s held", wanted,
                wanted == 1 ? "" : "s", found, found == 1 ? "was" : "were");
        strbuf_add_text(out, totals->false_holds + totals->lag_holds == 0
                                     ? ", and no hold fell on healthy traffic."
                                     : ".");
    }
    write_missed(out, report);
    if (totals->false_holds > 0) {
        strbuf_printf(out,
                " <strong class=\"bad\">%u hold%s fell on traffic in which the labels "
                "know no incident.</strong>",
                totals->false_holds, totals->false_holds == 1 ? "" : "s");
    }
    if (totals->lag_holds > 0) {
        strbuf_printf(out,
                " <strong class=\"bad\">%u hold%s fell on a feed lag: healthy messages "
                "whose records had not arrived.</strong>",
                totals->lag_holds, totals->lag_holds == 1 ? "" : "s");
    }
}

static void write_verdict(struct strbuf *out, const struct report *report)
{
    struct totals totals = sum_up(report);
    strbuf_add_text(out, "<p class=\"lede\">");
    if (report->incident_count == 0) {
        write_nothing_found(out, report);
    } else {
        write_held(out, report, &totals);
    }
    if (totals.stray > 0) {
        strbuf_printf(out, "<strong class=\"bad\">%u quarantine%s without an incident.</strong>",
                totals.stray, totals.stray == 1 ? "" : "s");
    } else if (report->hold_count > 0) {
        strbuf_add_text(out, "No quarantine without an incident.");
    }
    if (report->options->labels != NULL) {
        write_against_truth(out, report, &totals);
    }
    strbuf_add_text(out, "</p>\n");
}

static void write_tile(struct strbuf *out, int64_t count, const char *text)
{
    strbuf_add_text(out, "<li><b>");
    html_count(out, count);
    strbuf_printf(out, "</b><span>%s</span></li>\n", text);
}

static void write_tiles(struct strbuf *out, const struct report *report)
{
    struct totals totals = sum_up(report);
    strbuf_add_text(out, "<ul class=\"tiles\">\n");
    write_tile(out, report->messages, "messages judged");
    write_tile(out, report->verdicts[VERDICT_MISDIRECTED], "misdirected");
    write_tile(out, report->incident_count, report->incident_count == 1 ? "incident" : "incidents");
    write_tile(out, report->hold_count,
            report->hold_count == 1 ? "hold of a whole scope" : "holds of whole scopes");
    write_tile(out, totals.before, "misdirected before their hold");
    strbuf_add_text(out, "</ul>\n");
}

static void fact_begin(struct strbuf *out, const char *name)
{
    strbuf_printf(out, "<tr><th scope=\"row\">%s</th><td>", name);
}

static void fact_end(struct strbuf *out)
{
    strbuf_add_text(out, "</td></tr>\n");
}

static void write_file_fact(struct strbuf *out, const char *name, const char *path)
{
    if (path != NULL) {
        const char *slash = strrchr(path, '/');
        fact_begin(out, name);
        html_id(out, view_of(slash != NULL && slash[1] != '\0' ? slash + 1 : path));
        fact_end(out);
    }
}

static void write_verdict_counts(struct strbuf *out, const struct report *report)
{
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        strbuf_add_text(out, i > 0 ? ", " : "");
        html_count(out, report->verdicts[i]);
        strbuf_printf(out, " %s", verdict_names[i]);
    }
}

static void write_left_out(struct strbuf *out, const struct report *report)
{
    if (report->bad_lines + report->left_out == 0) {
        return;
    }
    fact_begin(out, "Left out");
    if (report->bad_lines > 0) {
        html_count(out, (int64_t)report->bad_lines);
        strbuf_add_text(out, " lines that could not be understood. ");
    }
    if (report->left_out > 0) {
        html_count(out, (int64_t)report->left_out);
        strbuf_add_text(out, " times something was above what this page can hold");
    }
    fact_end(out);
}

static void write_facts(struct strbuf *out, const struct report *report)
{
    const struct report_options *options = report->options;
    strbuf_add_text(out, "<table class=\"facts\"><caption>What was run</caption><tbody>\n");
    fact_begin(out, "Traffic");
    html_id(out, report->source);
    if (report->messages > 0) {
        strbuf_add_text(out, "<br>");
        html_moment(out, report->first_ms);
        strbuf_add_text(out, " to<br>");
        html_moment(out, report->last_ms);
        strbuf_add_text(out, " (");
        html_span(out, report->last_ms - report->first_ms);
        strbuf_add_text(out, ")");
    }
    fact_end(out);
    fact_begin(out, "Verdicts");
    write_verdict_counts(out, report);
    fact_end(out);
    fact_begin(out, "Dead letters");
    html_count(out, report->dead_letters);
    strbuf_add_text(out, report->dead_letters == 0 ? "" : " lines that were no message");
    fact_end(out);
    fact_begin(out, "Single messages held");
    html_count(out, report->message_holds);
    strbuf_add_text(out, " (each misdirected message gets a hold of its own, incident or not)");
    fact_end(out);
    fact_begin(out, "Policy, detector");
    html_id(out, report->policy_version);
    strbuf_add_text(out, ", ");
    html_id(out, report->detector_version);
    fact_end(out);
    write_file_fact(out, "Run", options->run);
    write_file_fact(out, "Labels", options->labels);
    write_file_fact(out, "Scenario", options->scenario);
    if (!view_is_none(report->scenario)) {
        fact_begin(out, "Made up with");
        strbuf_add_text(out, "seed ");
        html_text(out, report->seed);
        strbuf_add_text(out, "<details><summary>arguments</summary><code>");
        html_text(out, report->scenario);
        strbuf_add_text(out, "</code></details>");
        fact_end(out);
    }
    write_left_out(out, report);
    strbuf_add_text(out, "</tbody></table>\n");
}

void write_head(struct strbuf *out, const struct report *report)
{
    strbuf_add_text(out, "<header>\n<p class=\"eyebrow\">wrongnumber · replay report</p>\n<h1>");
    if (report->incident_count == 0) {
        strbuf_add_text(out, "No incident");
    } else {
        html_counted(out, report->incident_count, "incident", "incidents");
    }
    strbuf_add_text(out, " in ");
    html_counted(out, report->messages, "message", "messages");
    strbuf_add_text(out, "</h1>\n");
    write_verdict(out, report);
    write_tiles(out, report);
    write_glossary(out);
    write_facts(out, report);
    strbuf_add_text(out, "</header>\n");
}
