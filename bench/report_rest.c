// What was no incident: where else messages were misdirected, what could not be judged, and the
// words of the page.
#include "bench/report_write.h"

enum { TOP_SCOPES = 12, TOP_VENDORS = 30 };

// The scopes of a kind (SCOPE_KIND_COUNT = all but tenants and vendors) with the most misdirected
// messages, most first. Returns how many.
static uint32_t top_scopes(
        const struct report *report, enum scope_kind kind, uint32_t most, uint32_t *ret_scopes)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hashmap_count(report->scope_keys); i++) {
        const struct report_scope *scope = &report->scopes[i];
        bool is_wanted = kind == SCOPE_KIND_COUNT
                                 ? scope->kind < SCOPE_VENDOR && scope->misdirected > 0
                                 : scope->kind == kind && scope->judged + scope->unknown > 0;
        if (!is_wanted) {
            continue;
        }
        uint32_t at = count;
        while (at > 0 && report->scopes[ret_scopes[at - 1]].misdirected < scope->misdirected) {
            at--;
        }
        if (at == most) {
            continue;
        }
        count += count < most;
        for (uint32_t j = count - 1; j > at; j--) {
            ret_scopes[j] = ret_scopes[j - 1];
        }
        ret_scopes[at] = i;
    }
    return count;
}

static bool had_incident(const struct report *report, uint32_t scope)
{
    return report->scopes[scope].incident != UINT32_MAX || report->scopes[scope].hold != UINT32_MAX;
}

static void write_scope_row(
        struct strbuf *out, const struct report *report, uint32_t i, bool with_kind)
{
    const struct report_scope *scope = &report->scopes[i];
    struct scope_name name = report_scope_at(report, i);
    strbuf_add_text(out, "<tr><th scope=\"row\">");
    if (with_kind) {
        write_scope(out, &name);
    } else {
        html_id(out, name.id);
        strbuf_add_text(out, " of ");
        html_id(out, name.tenant_id);
    }
    strbuf_add_text(out, "</th><td class=\"num\" data-l=\"judged\">");
    html_count(out, scope->judged);
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"misdirected\">");
    html_count(out, scope->misdirected);
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"rate\">");
    if (scope->judged > 0) {
        html_percent(out, (double)scope->misdirected / (double)scope->judged);
    } else {
        strbuf_add_text(out, "–");
    }
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"unknown\">");
    html_count(out, scope->unknown);
    strbuf_add_text(out, "</td><td data-l=\"incident\">");
    strbuf_add_text(out, had_incident(report, i) ? "yes" : "–");
    strbuf_add_text(out, "</td></tr>\n");
}

static void write_scope_table(struct strbuf *out, const struct report *report, const char *caption,
        const uint32_t *scopes, uint32_t count, bool with_kind)
{
    strbuf_printf(out,
            "<div class=\"scroll\"><table class=\"stack\"><caption>%s</caption><thead><tr><th "
            "scope=\"col\">Scope</th><th scope=\"col\" class=\"num\">Judged</th><th "
            "scope=\"col\" class=\"num\">Misdirected</th><th scope=\"col\" class=\"num\">Rate"
            "</th><th scope=\"col\" class=\"num\">Unknown</th><th scope=\"col\">Incident</th>"
            "</tr></thead><tbody>\n",
            caption);
    for (uint32_t i = 0; i < count; i++) {
        write_scope_row(out, report, scopes[i], with_kind);
    }
    strbuf_add_text(out, "</tbody></table></div>\n");
}

static void write_unknowns(struct strbuf *out, const struct report *report)
{
    strbuf_add_text(out, "<h3>Not judged</h3>\n<p>");
    if (report->verdicts[VERDICT_UNKNOWN] == 0) {
        strbuf_add_text(out, "Every watched message got a verdict. ");
    } else {
        html_counted(out, report->verdicts[VERDICT_UNKNOWN], "message", "messages");
        strbuf_add_text(out, " could not be judged and count as neither right nor wrong: ");
        bool is_first = true;
        for (unsigned i = 0; i < REASON_COUNT; i++) {
            if (report->unknown_reasons[i] > 0) {
                strbuf_add_text(out, is_first ? "" : ", ");
                html_count(out, report->unknown_reasons[i]);
                strbuf_add_text(out, " with ");
                write_words(out, view_of(reason_names[i]));
                is_first = false;
            }
        }
        strbuf_add_text(out, ". ");
    }
    html_counted(out, report->verdicts[VERDICT_EXEMPT], "message is", "messages are");
    strbuf_add_text(out, " exempt: not about a debt, and never held.");
    if (report->reasons[REASON_OUTSIDE_HOURS] > 0) {
        strbuf_add_byte(out, ' ');
        html_counted(out, report->reasons[REASON_OUTSIDE_HOURS], "message was", "messages were");
        strbuf_add_text(out, " outside of the policy's hours.");
    }
    if (report->reasons[REASON_TOO_OFTEN] > 0) {
        strbuf_add_byte(out, ' ');
        html_counted(out, report->reasons[REASON_TOO_OFTEN], "message was", "messages were");
        strbuf_add_text(out, " more than the policy's limits of how often allow.");
    }
    strbuf_add_text(out, "</p>\n");
}

static void write_dead_letters(struct strbuf *out, const struct report *report)
{
    if (report->dead_letters == 0) {
        strbuf_add_text(out, "<p>No dead letters: every line of the input was a message.</p>\n");
        return;
    }
    strbuf_add_text(out, "<table class=\"stack\"><caption>Dead letters: input that was no message"
                         "</caption><thead><tr><th scope=\"col\">Reason</th><th scope=\"col\" "
                         "class=\"num\">Messages</th><th scope=\"col\">The first one</th></tr>"
                         "</thead><tbody>\n");
    for (uint32_t i = 0; i < report->dead_count; i++) {
        strbuf_add_text(out, "<tr><th scope=\"row\">");
        write_words(out, report->dead[i].reason);
        strbuf_add_text(out, "</th><td class=\"num\" data-l=\"messages\">");
        html_count(out, report->dead[i].count);
        strbuf_add_text(out, "</td><td data-l=\"the first one\">");
        html_text(out, report->dead[i].explanation);
        strbuf_add_text(out, "</td></tr>\n");
    }
    strbuf_add_text(out, "</tbody></table>\n");
}

void write_rest(struct strbuf *out, const struct report *report)
{
    uint32_t vendors[TOP_VENDORS];
    uint32_t others[TOP_SCOPES];
    uint32_t vendor_count = top_scopes(report, SCOPE_VENDOR, TOP_VENDORS, vendors);
    uint32_t other_count = top_scopes(report, SCOPE_KIND_COUNT, TOP_SCOPES, others);
    strbuf_add_text(out, "<section aria-labelledby=\"rest\">\n<h2 id=\"rest\">What was not an "
                         "incident</h2>\n<p>Some messages of every lender go wrong. Where their "
                         "share stays near what is usual, nobody is held; each wrong message is "
                         "still held by itself.</p>\n");
    if (vendor_count > 0) {
        write_scope_table(out, report,
                vendor_count == TOP_VENDORS
                        ? "The 30 vendors with the most misdirected messages, by lender"
                        : "All vendors, by lender",
                vendors, vendor_count, false);
    }
    if (other_count > 0) {
        write_scope_table(out, report,
                "Campaigns, templates and senders with the most misdirected messages", others,
                other_count, true);
    }
    write_unknowns(out, report);
    write_dead_letters(out, report);
    strbuf_add_text(out, "</section>\n");
}

void write_glossary(struct strbuf *out)
{
    static const struct {
        const char *term;
        const char *text;
    } terms[] = {
            {"Misdirected", "A collection message whose recipient, according to complete and fresh "
                            "data, does not owe the debt it is about."},
            {"Scope",
                    "What can go wrong as a whole: a campaign, a template, a sender, a vendor, or "
                    "a lender (tenant)."},
            {"Incident", "One event in which a scope goes wrong, from the first alarm to the "
                         "close."},
            {"Notice, alert, quarantine, stop",
                    "The tiers, by how strong the evidence is. From quarantine on the scope is "
                    "held; stop is for a vendor or a lender with several campaigns gone wrong."},
            {"Hold, quarantine", "The order to the sender to keep the messages of a scope back, "
                                 "until it is released or runs out."},
            {"Baseline", "The share of misdirected messages that counts as healthy for a scope: an "
                         "upper bound of what is usual there."},
            {"Change point",
                    "The message from which on the traffic is thought to have gone wrong."},
            {"Escape", "A misdirected message that was judged before a hold was on its scope."},
            {"Log-likelihood ratio",
                    "How much better the messages since the change point fit \"the rate has gone "
                    "up\" than \"all is as usual\", as a natural logarithm, in nats. 20 nats are "
                    "odds of about 500 million to one."},
            {"Threshold, false-alarm budget",
                    "The log-likelihood ratio at which a tier is reached. It is set so that chance "
                    "reaches it at most once in that many healthy messages."},
            {"Clump guard", "Mistakes come in clumps. A misdirected message right behind another "
                            "one therefore counts for less."},
    };
    strbuf_add_text(out,
            "<details id=\"words\"><summary>What the words on this page mean</summary>\n<dl>\n");
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        strbuf_add_text(out, "<dt>");
        html_text(out, view_of(terms[i].term));
        strbuf_add_text(out, "</dt><dd>");
        html_text(out, view_of(terms[i].text));
        strbuf_add_text(out, "</dd>\n");
    }
    strbuf_add_text(out, "</dl>\n</details>\n");
}
