#include "judge/standing.h"

#define CACHE_REASONS                                                                              \
    (REASON_BIT(REASON_CACHE_UNREACHABLE) | REASON_BIT(REASON_CACHE_UNTRUSTED) |                   \
            REASON_BIT(REASON_CACHE_STALE))

static enum list_kind find_list(
        const struct event *ev, const uint8_t *recipient, const struct policy *policy)
{
    const struct list_subject subject = {
            .tenant_id = event_scope_tenant(ev),
            .recipient = recipient,
            .ids = {ev->campaign_id, ev->template_id, ev->sender_id, ev->vendor_id,
                    event_scope_tenant(ev)},
    };
    return lists_find(&policy->lists, &subject, ev->occurred_at.ms);
}

// Whether the verdict itself holds the message.
static bool verdict_holds(const struct judgement *judgement, const struct policy_settings *settings)
{
    bool is_unknown = judgement->verdict == VERDICT_UNKNOWN &&
                      (judgement->reasons & CACHE_REASONS) != 0 &&
                      settings->unknown == UNKNOWN_HOLD;
    return is_unknown || judgement->verdict == VERDICT_MISDIRECTED;
}

// Nothing of it is evidence.
static void exempt(struct judgement *judgement)
{
    judgement->verdict = VERDICT_EXEMPT;
    judgement->reasons |= REASON_BIT(REASON_ALLOWED);
    judgement->signals = 0;
    judgement->other_lender = 0;
}

// Of several ends the later one counts. What is held with none is held as long as ever, and stays so.
static void hold_until(struct standing *standing, int64_t until_ms)
{
    bool has_end = !standing->is_held || standing->until_ms != 0;
    if (has_end && !standing->is_past) {
        standing->is_held = true;
        standing->until_ms = until_ms > standing->until_ms ? until_ms : standing->until_ms;
    }
}

// The hours are the recipient's, whatever the verdict is. What a person has released, or a list overrides, passes
// them (is_past).
static void stand_by_hours(const struct event *ev, const struct policy_subject *subject,
        const struct policy *policy, struct judgement *judgement, struct standing *standing)
{
    const struct hours_ruling ruling =
            windows_rule_hours(&policy->windows, subject, ev->recipient_zone, ev->occurred_at.ms);
    standing->zone = ruling.zone;
    if (ruling.outside == NULL) {
        return;
    }
    judgement->reasons |= REASON_BIT(REASON_OUTSIDE_HOURS);
    if (ruling.outside->mode == MODE_ENFORCE) {
        hold_until(standing, ruling.allowed_ms);
    }
}

static void stand_by_frequency(struct judgement *judgement, struct standing *standing)
{
    judgement->reasons |= REASON_BIT(REASON_TOO_OFTEN);
    if (judgement->too_often_until_ms > 0) {
        hold_until(standing, judgement->too_often_until_ms);
    }
}

// A message goes on when its hold ends, which a limit or a person may have put out of the hours: then when
// they begin again.
static void end_within_hours(const struct event *ev, const struct policy_subject *subject,
        const struct policy *policy, struct standing *standing)
{
    if (standing->until_ms != 0) {
        const struct hours_ruling then = windows_rule_hours(
                &policy->windows, subject, ev->recipient_zone, standing->until_ms);
        bool is_out = then.outside != NULL && then.outside->mode == MODE_ENFORCE;
        standing->until_ms = is_out ? then.allowed_ms : standing->until_ms;
    }
}

struct standing judge_stand(const struct event *ev, const uint8_t *recipient,
        const struct policy *policy, const struct standing_order *order,
        struct judgement *judgement)
{
    struct standing standing = {.until_ms = 0};
    bool is_released = order != NULL && order->action == CONTROL_RELEASE;
    if (judgement->verdict == VERDICT_EXEMPT) {
        return standing;
    }
    const struct policy_subject subject = policy_subject_of(ev);
    struct policy_settings settings;
    policy_settings_of(policy, &subject, &settings);
    enum list_kind list = find_list(ev, recipient, policy);
    bool holds = verdict_holds(judgement, &settings);
    if (list == LIST_BLOCK) {
        judgement->reasons |= REASON_BIT(REASON_BLOCKED);
        standing.is_held = true;
        standing.is_blocked = true;
    } else if (order != NULL && !is_released) {
        judgement->reasons |= REASON_BIT(REASON_HELD_BY_OPERATOR);
        standing.is_held = true;
        standing.is_blocked = true;
        standing.order = order;
        standing.until_ms = order->until_ms;
        standing.is_of_verdict = holds;
    } else if (is_released || list == LIST_OVERRIDE) {
        standing.is_past = true;
        judgement->reasons |= !holds        ? 0
                              : is_released ? REASON_BIT(REASON_RELEASED)
                                            : REASON_BIT(REASON_OVERRIDDEN);
    } else if (list == LIST_ALLOW) {
        exempt(judgement);
        return standing;
    } else {
        standing.is_held = holds;
    }
    if (policy->windows.hours_count > 0) {
        stand_by_hours(ev, &subject, policy, judgement, &standing);
    }
    if (judgement->is_too_often) {
        stand_by_frequency(judgement, &standing);
    }
    end_within_hours(ev, &subject, policy, &standing);
    return standing;
}
