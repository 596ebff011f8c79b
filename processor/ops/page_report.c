// The part of the status page that the detect half's report tells.
#include <string.h>

#include "ops/page_inside.h"

#define BADGE_DRILL " <span class=\"badge soft\">drill</span>"

static void add_rest(struct strbuf *out, uint32_t count, uint32_t room)
{
    if (count > room) {
        strbuf_printf(out, "<p>and %u more</p>\n", count - room);
    }
}

// " · what who", where somebody is named.
static void add_who(struct strbuf *out, const char *what, const char *who)
{
    if (who[0] != '\0') {
        strbuf_printf(out, " · %s <code>", what);
        page_add_text(out, who);
        strbuf_add_text(out, "</code>");
    }
}

// --- incidents ----------------------------------------------------------------------------------

static void add_acknowledged(struct strbuf *out, const struct status_incident *row, int64_t now_ms)
{
    if (row->acknowledged_ms != 0) {
        strbuf_add_text(out, "<p class=\"good\">Acknowledged by <code>");
        page_add_text(out, row->acknowledged_by);
        strbuf_add_text(out, "</code> at ");
        page_add_time(out, row->acknowledged_ms);
        strbuf_add_text(out, "</p>");
    } else if (row->wanted_ms != 0) {
        strbuf_add_text(out, "<p class=\"bad\">Nobody has acknowledged it for ");
        page_add_span(out, now_ms - row->wanted_ms);
        strbuf_add_text(out, ".</p>");
    }
}

static void add_numbers(struct strbuf *out, const struct status_incident *row)
{
    strbuf_add_text(out, "<p>");
    page_add_count(out, row->misdirected);
    strbuf_add_text(out, " of ");
    page_add_count(out, row->judged);
    strbuf_add_text(out, " messages were misdirected when it was told. So far escaped ");
    page_add_count(out, row->escaped);
    strbuf_add_text(out, ", held ");
    page_add_count(out, row->held);
    strbuf_add_text(out, row->people_are_more ? ", people at least about " : ", people about ");
    page_add_count(out, row->people);
    strbuf_add_text(out, ".</p><p>Likely cause: ");
    page_add_text(out, row->cause[0] != '\0' ? row->cause : "not known");
    strbuf_printf(out, ". Scopes: %u, held: %u.", row->scope_count, row->held_count);
    if (row->withheld != NULL) {
        strbuf_add_text(out, " <span class=\"warn\">Not held for now: ");
        page_add_text(out, row->withheld);
        strbuf_add_text(out, ".</span>");
    }
    strbuf_add_text(out, "</p>");
}

static void add_incident(struct strbuf *out, const struct status_incident *row, int64_t now_ms)
{
    const char *class = row->is_drill ? "soft" : page_class_of_tier(row->tier);
    strbuf_printf(out,
            "<article class=\"card %s\" id=\"i-%s\"><h3><span class=\"badge %s\">%s</span>%s ",
            class, row->id, class, row->tier, row->is_drill ? BADGE_DRILL : "");
    page_add_scope(out, &row->scope);
    strbuf_add_text(out, "</h3>");
    add_numbers(out, row);
    add_acknowledged(out, row, now_ms);
    strbuf_printf(out, "<p class=\"soft\"><code>%s</code>, last told ", row->id);
    page_add_time(out, row->told_ms);
    strbuf_add_text(out, "</p></article>\n");
}

static void add_incidents(struct strbuf *out, const struct status_report *report)
{
    strbuf_add_text(out, "<h2>Open incidents</h2>\n");
    for (uint32_t i = 0; i < report->incident_count && i < STATUS_INCIDENTS_MAX; i++) {
        add_incident(out, &report->incidents[i], report->made_ms);
    }
    add_rest(out, report->incident_count, STATUS_INCIDENTS_MAX);
    strbuf_add_text(out, report->incident_count == 0 ? "<p class=\"good\">None.</p>\n" : "");
}

// --- what waits for people ----------------------------------------------------------------------

static void add_pending(struct strbuf *out, const struct status_report *report)
{
    if (report->pending_count == 0) {
        return;
    }
    strbuf_add_text(out, "<h2>Waiting for a second person</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->pending_count && i < STATUS_PENDING_MAX; i++) {
        const struct status_pending *row = &report->pending[i];
        strbuf_printf(out, "<li><div><span class=\"badge warn\">%s</span> ", row->action);
        if (row->scope.kind != NULL) {
            page_add_scope(out, &row->scope);
        }
        strbuf_add_text(out, "<p class=\"soft\">");
        page_add_text(out, row->reason);
        add_who(out, "wanted by", row->operator_id);
        add_who(out, "confirm", row->control_id);
        strbuf_add_text(out, "</p></div><div>void in ");
        page_add_span(out, row->deadline_ms - report->made_ms);
        strbuf_add_text(out, "</div></li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
    add_rest(out, report->pending_count, STATUS_PENDING_MAX);
}

// --- what people have left in force --------------------------------------------------------------

static void add_modes(struct strbuf *out, const struct status_report *report)
{
    if (report->mode_count == 0 && report->order_count == 0) {
        return;
    }
    strbuf_add_text(out, "<h2>In force by people</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->mode_count && i < STATUS_MODES_MAX; i++) {
        const struct status_mode *row = &report->modes[i];
        bool is_monitor = strcmp(row->mode, "monitor") == 0;
        strbuf_printf(out, "<li><div><span class=\"badge %s\">%s</span> ",
                is_monitor ? "warn" : "good", row->mode);
        page_add_scope(out, &row->scope);
        strbuf_printf(out, "<p class=\"soft\">%s",
                is_monitor ? "holds are told and not sent" : "holds are sent");
        add_who(out, "by", row->operator_id);
        strbuf_add_text(out, "</p></div><div>until ");
        page_add_time(out, row->until_ms);
        strbuf_add_text(out, "<p class=\"soft\">");
        page_add_span(out, row->until_ms - report->made_ms);
        strbuf_add_text(out, " left</p></div></li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
    add_rest(out, report->mode_count, STATUS_MODES_MAX);
    if (report->order_count > 0) {
        strbuf_add_text(
                out, "<p class=\"soft\">Single messages and recipients, held or released: ");
        page_add_count(out, report->order_count);
        strbuf_add_text(out, "</p>\n");
    }
}

// --- holds --------------------------------------------------------------------------------------

static void add_canary(struct strbuf *out, const struct status_hold *row)
{
    if (row->canary_step == 0) {
        strbuf_add_text(out, row->is_proposed
                                     ? "<p class=\"good\">Looks healthy again: its release "
                                       "is proposed.</p>"
                                     : "");
        return;
    }
    strbuf_printf(out, "<p>Canary %u of 3: <progress max=\"%u\" value=\"%lld\"></progress> ",
            row->canary_step, row->canary_limit, (long long)row->canary_judged);
    page_add_count(out, row->canary_judged);
    strbuf_add_text(out, " of ");
    page_add_count(out, row->canary_limit);
    strbuf_add_text(out, " messages");
    add_who(out, "released by", row->released_by);
    strbuf_add_text(out, "</p>");
}

static void add_why(struct strbuf *out, const struct status_hold *row)
{
    strbuf_add_text(out, "<p class=\"soft\">");
    bool is_known = row->since_ms != 0;
    page_add_text(out, is_known ? row->reason : "held before this process began");
    add_who(out, "by", row->operator_id);
    if (!is_known && row->is_commanded) {
        strbuf_add_text(out, " · by a person");
    }
    if (is_known) {
        strbuf_add_text(out, " · since ");
        page_add_time(out, row->since_ms);
    }
    if (row->incident_id[0] != '\0') {
        strbuf_printf(
                out, " · <a href=\"#i-%s\">incident %.8s</a>", row->incident_id, row->incident_id);
    }
    strbuf_add_text(out, "</p>");
}

static void add_hold(struct strbuf *out, const struct status_hold *row, int64_t now_ms)
{
    strbuf_add_text(out, "<li><div>");
    page_add_scope(out, &row->scope);
    strbuf_add_text(out, row->is_drill ? BADGE_DRILL : "");
    strbuf_add_text(out,
            row->is_monitor ? " <span class=\"badge soft\">monitor: not really held</span>" : "");
    add_why(out, row);
    add_canary(out, row);
    strbuf_add_text(out, "</div><div>until ");
    page_add_time(out, row->until_ms);
    strbuf_add_text(out, "<p class=\"soft\">");
    page_add_span(out, row->until_ms - now_ms);
    strbuf_add_text(out, " left</p></div></li>\n");
}

static void add_holds(struct strbuf *out, const struct status_report *report)
{
    strbuf_add_text(out, "<h2>What is held</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->hold_count && i < STATUS_HOLDS_MAX; i++) {
        add_hold(out, &report->holds[i], report->made_ms);
    }
    strbuf_add_text(out, "</ul>\n");
    add_rest(out, report->hold_count, STATUS_HOLDS_MAX);
    strbuf_add_text(out, report->hold_count == 0 ? "<p class=\"good\">Nothing.</p>\n" : "");
}

// --- what was told ------------------------------------------------------------------------------

static void add_alerts(struct strbuf *out, const struct status_report *report)
{
    strbuf_add_text(out, "<h2>Last alerts of this process</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->alert_count; i++) {
        const struct status_alert *row = &report->alerts[i];
        strbuf_printf(out,
                "<li><div><span class=\"badge %s\">%s</span> %s: ", page_class_of_tier(row->tier),
                row->tier, row->type);
        page_add_scope(out, &row->scope);
        strbuf_add_text(out, "</div><div>");
        page_add_time(out, row->at_ms);
        strbuf_add_text(out, "</div></li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
    strbuf_add_text(out, report->alert_count == 0 ? "<p class=\"soft\">None yet.</p>\n" : "");
}

static const char *class_of_state(const char *state)
{
    return strcmp(state, "applied") == 0                                    ? "good"
           : strcmp(state, "pending") == 0                                  ? "warn"
           : strcmp(state, "refused") == 0 || strcmp(state, "expired") == 0 ? "bad"
                                                                            : "soft";
}

static void add_outcomes(struct strbuf *out, const struct status_report *report)
{
    if (report->outcome_count == 0) {
        return;
    }
    strbuf_add_text(out, "<h2>Last commands of people</h2>\n<ul class=\"rows\">\n");
    for (uint32_t i = 0; i < report->outcome_count; i++) {
        const struct status_outcome *row = &report->outcomes[i];
        strbuf_printf(out, "<li><div><span class=\"badge %s\">%s</span> %s ",
                class_of_state(row->state), row->state, row->action);
        if (row->scope.kind != NULL) {
            page_add_scope(out, &row->scope);
        }
        strbuf_add_text(out, " <span class=\"soft\">");
        page_add_text(out, row->why != NULL ? row->why : "");
        add_who(out, "by", row->operator_id);
        strbuf_add_text(out, "</span></div><div>");
        page_add_time(out, row->at_ms);
        strbuf_add_text(out, "</div></li>\n");
    }
    strbuf_add_text(out, "</ul>\n");
}

void page_add_report(struct strbuf *out, const struct status_report *report)
{
    if (report->drill_count > 0) {
        strbuf_add_text(out, "<p class=\"note soft\">A drill is going on: what is marked so is of "
                             "nobody's messages.</p>\n");
    }
    add_pending(out, report);
    add_incidents(out, report);
    add_holds(out, report);
    add_modes(out, report);
    add_alerts(out, report);
    add_outcomes(out, report);
}
