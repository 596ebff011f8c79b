#include "bench/report_write.h"

const struct report_alert *report_decisive(
        const struct report *report, const struct report_incident *incident)
{
    return &report->alerts[incident->decisive];
}

const struct report_hold *incident_hold(const struct report *report, uint32_t number)
{
    uint32_t first = report->incidents[number].first_hold;
    return first == UINT32_MAX ? NULL : &report->holds[first];
}

bool spans_days(const struct report *report)
{
    return report->last_ms / 86400000 != report->first_ms / 86400000;
}

void write_scope(struct strbuf *out, const struct scope_name *scope)
{
    strbuf_printf(out, "%s ", scope_kind_names[scope->kind]);
    html_id(out, scope->id);
    if (scope->kind != SCOPE_TENANT && !view_is_none(scope->tenant_id)) {
        strbuf_add_text(out, " of ");
        html_id(out, scope->tenant_id);
    }
    if (!view_is_none(scope->channel)) {
        strbuf_add_text(out, ", channel ");
        html_id(out, scope->channel);
    }
}

enum svg_mark tier_mark(enum tier tier)
{
    switch (tier) {
    case TIER_NOTICE:
        return MARK_RING;
    case TIER_ALERT:
        return MARK_TRIANGLE;
    case TIER_QUARANTINE:
        return MARK_DIAMOND;
    case TIER_STOP:
        return MARK_SQUARE;
    case TIER_NONE:
    case TIER_COUNT:
        break;
    }
    return MARK_DOT;
}

void write_tier(struct strbuf *out, enum tier tier)
{
    static const char *const shapes[TIER_COUNT] = {"·", "○", "▲", "◆", "■"};
    strbuf_printf(out, "<span class=\"badge t-%s\"><span aria-hidden=\"true\">%s</span> %s</span>",
            tier_names[tier], shapes[tier], tier_names[tier]);
}

void write_words(struct strbuf *out, struct view name)
{
    for (size_t i = 0; i < name.n; i++) {
        struct view character = {name.p[i] == '_' ? " " : name.p + i, 1};
        if ((unsigned char)name.p[i] >= 0x80) { // words are ASCII; anything else whole
            html_text(out, view_skip(name, i));
            return;
        }
        html_text(out, character);
    }
}

const char *cause_text(struct view cause)
{
    static const struct {
        const char *name;
        const char *text;
    } causes[] = {
            {"wrong_list", "the list of numbers does not belong to these borrowers: the recipients "
                           "are strangers, other lenders' borrowers, or people with another debt"},
            {"closed_loans", "the list still holds people whose loans are paid off and closed"},
            {"shifted_column", "a wrong column of the file was read as the phone number"},
            {"number_walking", "the numbers run one after another, as if counted up, not taken "
                               "from a list"},
            {"feed_lag", "the relationship data is late: new borrowers were written to before "
                         "their record arrived. The messages may be right"},
            {"recycled_numbers", "the carrier has given the numbers to other people since"},
            {"unregistered_vendor", "a vendor sends that is not registered with this lender"},
            {"leaked_list", "somebody uses the lender's channel for a list that is not its own"},
            {"broad_rule", "the selection rule was too wide: it caught contacts, guarantors and "
                           "closed loans as well"},
    };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (view_is(cause, causes[i].name)) {
            return causes[i].text;
        }
    }
    return NULL;
}
