// The evidence of an alert, and the sum by which anyone can check it.
#include <math.h>

#include "bench/report_redrive.h"
#include "bench/report_write.h"

static void row_begin(struct strbuf *out, const char *name)
{
    strbuf_printf(out, "<tr><th scope=\"row\">%s</th><td>", name);
}

static void row_end(struct strbuf *out)
{
    strbuf_add_text(out, "</td></tr>\n");
}

static void write_counts(struct strbuf *out, const struct report_evidence *evidence)
{
    row_begin(out, "Judged since the change point, <i>n</i>");
    html_count(out, evidence->judged);
    row_end(out);
    row_begin(out, "Misdirected, <i>k</i>");
    html_count(out, evidence->misdirected);
    row_end(out);
    row_begin(out, "Of them right behind another, <i>g</i>");
    html_count(out, evidence->guarded);
    row_end(out);
    row_begin(out, "Baseline, <i>p</i><sub>0</sub>");
    html_percent(out, evidence->baseline);
    row_end(out);
    if (evidence->lowest_baseline > 0) {
        row_begin(out, "Lowest baseline of its campaigns");
        html_percent(out, evidence->lowest_baseline);
        row_end(out);
    }
    if (evidence->start_credit > 0) {
        row_begin(out, "Start credit, <i>c</i>");
        strbuf_printf(out, "%.6f nats, because the campaign said how large it is planned",
                evidence->start_credit);
        row_end(out);
    }
    row_begin(out, "Rate now, with its 95 % interval");
    html_percent(out, evidence->estimated_rate);
    strbuf_add_text(out, " (");
    html_percent(out, evidence->interval[0]);
    strbuf_add_text(out, " to ");
    html_percent(out, evidence->interval[1]);
    strbuf_add_text(out, ")");
    row_end(out);
}

static void write_statistic(struct strbuf *out, const struct report_evidence *evidence)
{
    row_begin(out, "Test that spoke");
    if (view_is(evidence->node, "leak")) {
        strbuf_add_text(out, "leak: three times the baseline");
    } else if (node_of(evidence->node) < NODE_COUNT) {
        html_text(out, evidence->node);
        strbuf_add_text(out, " % misdirected");
    } else {
        write_words(out, evidence->node);
    }
    row_end(out);
    row_begin(out, "Log-likelihood ratio, <i>W</i>");
    strbuf_printf(out, "%.6f nats", evidence->log_likelihood_ratio);
    row_end(out);
    row_begin(out, "Threshold, <i>h</i>");
    strbuf_printf(out, "%.6f nats", evidence->threshold);
    row_end(out);
    row_begin(out, "False-alarm budget, <i>A</i>");
    strbuf_add_text(out, "at most one such alarm in ");
    html_count(out, evidence->false_alarm_budget);
    strbuf_add_text(out, " healthy messages");
    row_end(out);
    row_begin(out, "Change point");
    if (evidence->has_change_point) {
        html_id(out, evidence->change_message_id);
        strbuf_add_text(out, ", ");
        html_moment(out, evidence->change_ms);
    } else {
        strbuf_add_text(out, "none");
    }
    row_end(out);
}

static void write_likelihood(struct strbuf *out, const struct report_evidence *evidence)
{
    if (evidence->log_likelihood_ratio <= 0 || evidence->log_likelihood_ratio > 600 ||
            node_of(evidence->node) == NODE_COUNT) {
        return;
    }
    strbuf_add_text(out, "<p>In words: ");
    html_count(out, evidence->misdirected);
    strbuf_add_text(out, " of ");
    html_count(out, evidence->judged);
    strbuf_add_text(out, " messages since the change point were misdirected. That is ");
    html_large(out, exp(evidence->log_likelihood_ratio - evidence->start_credit));
    strbuf_add_text(out, " times likelier if ");
    if (view_is(evidence->node, "leak")) {
        strbuf_add_text(out, "three times the baseline");
    } else {
        html_text(out, evidence->node);
        strbuf_add_text(out, " %");
    }
    strbuf_add_text(out, " of all messages go wrong than if ");
    html_percent(out, evidence->baseline);
    strbuf_add_text(out, " do. A threshold this high is passed by chance at most once in ");
    html_large(out, (double)evidence->false_alarm_budget);
    strbuf_add_text(out, " healthy messages.</p>\n");
}

// One term of the sum: "6 × 2.944438".
static void write_term(struct strbuf *out, int64_t count, int64_t step_nat6)
{
    html_count(out, count);
    strbuf_printf(out, " × %.6f", (double)step_nat6 / 1e6);
}

static void write_sum(struct strbuf *out, const struct report_evidence *evidence)
{
    unsigned node = node_of(evidence->node);
    if (node == NODE_COUNT) {
        strbuf_add_text(out, "<p class=\"note\">The evidence is of another kind than the bank's "
                             "five tests; it raises notices and alerts, never a hold.</p>\n");
        return;
    }
    unsigned level = redrive_level(evidence->baseline);
    struct step_table steps = table_steps(level);
    int64_t fresh = evidence->misdirected - evidence->guarded;
    int64_t good = evidence->judged - evidence->misdirected;
    double sum = evidence->start_credit +
                 ((double)fresh * (double)steps.up[node] +
                         (double)evidence->guarded * (double)steps.up_guarded[node] -
                         (double)good * (double)steps.down[node]) /
                         1e6;
    strbuf_printf(out,
            "<div class=\"sum\"><p><strong>Check it yourself.</strong> With the steps of level %u "
            "(<i>p</i><sub>0</sub> = %.4f %%): <i>U</i> = %.6f for a misdirected message, "
            "<i>U</i>′ "
            "= %.6f for one right behind another, <i>D</i> = %.6f for a healthy one.</p>\n"
            "<p><i>W</i> = %s(<i>k</i> − <i>g</i>) <i>U</i> + <i>g</i> <i>U</i>′ − (<i>n</i> − "
            "<i>k</i>) <i>D</i> = ",
            level, (double)table_baseline_ppb(level) / 1e7, (double)steps.up[node] / 1e6,
            (double)steps.up_guarded[node] / 1e6, (double)steps.down[node] / 1e6,
            evidence->start_credit > 0 ? "<i>c</i> + " : "");
    if (evidence->start_credit > 0) {
        strbuf_printf(out, "%.6f + ", evidence->start_credit);
    }
    write_term(out, fresh, steps.up[node]);
    strbuf_add_text(out, " + ");
    write_term(out, evidence->guarded, steps.up_guarded[node]);
    strbuf_add_text(out, " − ");
    write_term(out, good, steps.down[node]);
    strbuf_printf(out, " = <strong>%.6f nats</strong></p>\n<p>", sum);
    double difference = evidence->log_likelihood_ratio - sum;
    if (fabs(difference) < 2e-6) {
        strbuf_add_text(out, "<span class=\"ok\">✓ That is what the alert says, to the last "
                             "digit.</span>");
    } else {
        strbuf_printf(out,
                "The alert says %.6f, %.6f %s: each message counts with the baseline of its "
                "own campaign at its time, which one line of arithmetic does not show.",
                evidence->log_likelihood_ratio, fabs(difference), difference > 0 ? "more" : "less");
    }
    strbuf_add_text(out, "</p></div>\n");
}

void write_evidence(struct strbuf *out, const struct report_alert *alert)
{
    strbuf_add_text(out, "<h3>Evidence</h3>\n<table class=\"facts\"><caption>Of the alert that "
                         "reached the highest tier; statistic of ");
    write_scope(out, &alert->evidence.scope);
    strbuf_add_text(out, "</caption><tbody>\n");
    write_counts(out, &alert->evidence);
    write_statistic(out, &alert->evidence);
    strbuf_add_text(out, "</tbody></table>\n");
    write_likelihood(out, &alert->evidence);
    write_sum(out, &alert->evidence);
}
