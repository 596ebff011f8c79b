// What the policy says of a scope: by its tenant, and by the vendor and channel that its wrong messages
// have in common.
#include "decide/decide_inside.h"

// A vendor's number is another scope's when its generation is another.
static int32_t vendor_now(const struct decide *decide, int32_t vendor, uint32_t generation)
{
    bool is_gone = vendor >= 0 && (!scopes_is_live(decide->scopes, vendor) ||
                                          scopes_generation(decide->scopes, vendor) != generation);
    return is_gone ? VENDOR_UNKNOWN : vendor;
}

// Whether they are one vendor, of which each channel may be a scope of its own.
static bool is_same_vendor(const struct decide *decide, int32_t vendor, int32_t other)
{
    return vendor == other || view_equal(scopes_name(decide->scopes, vendor).id,
                                      scopes_name(decide->scopes, other).id);
}

int32_t decide_vendor_of(const struct decide *decide, int32_t scope)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t count = recent_since(decide->recent, scope, 0, entries);
    int32_t vendor = count > 0 ? SCOPE_NONE : VENDOR_UNKNOWN;
    for (uint32_t i = 0; i < count; i++) {
        int32_t other = vendor_now(decide, entries[i].vendor, entries[i].vendor_generation);
        if (other >= 0 && vendor >= 0 && !is_same_vendor(decide, vendor, other)) {
            return VENDOR_SEVERAL;
        }
        vendor = vendor >= 0 || other == SCOPE_NONE ? vendor : other;
    }
    return vendor;
}

// The vendor that the scope's wrong messages have in common, or what else is known of it: as it was when the scope
// was held, else as it is now.
static int32_t vendor_number(const struct decide *decide, int32_t scope, enum scope_kind kind)
{
    if (kind >= SCOPE_VENDOR) {
        return kind == SCOPE_VENDOR ? scope : VENDOR_SEVERAL;
    }
    const struct hold *hold = incidents_hold_of(decide->incidents, scope);
    int32_t vendor = hold != NULL ? vendor_now(decide, hold->vendor, hold->vendor_generation)
                                  : VENDOR_UNKNOWN;
    return vendor != VENDOR_UNKNOWN ? vendor : decide_vendor_of(decide, scope);
}

static struct view vendor_id(const struct decide *decide, int32_t vendor)
{
    return vendor >= 0 ? scopes_name(decide->scopes, vendor).id : VIEW_NONE;
}

// Its own where it is of one, else that of the message that raised it. A vendor or tenant has all.
static struct view channel_of(const struct step *step)
{
    if (!view_is_none(step->name.channel) || step->name.kind >= SCOPE_VENDOR) {
        return step->name.channel;
    }
    int32_t last = step->row->last_entry;
    if (last < 0) {
        return VIEW_NONE;
    }
    const struct delta *delta = step->delta;
    return delta->frame->leaves[delta->entries[last].entry->leaf].key.channel;
}

// Whether a rule leaves a vendor in monitor mode that the scope may have come through.
static bool rules_monitor_vendors(const struct policy *policy, const struct scope_name *name)
{
    const uint32_t parts = RULE_PART(RULE_OF_VENDOR) | RULE_PART(RULE_SETS_MODE);
    for (uint32_t i = 0; i < policy->rules.count; i++) {
        const struct rule *rule = &policy->rules.rules[i];
        bool is_of_tenant = (rule->parts & RULE_PART(RULE_OF_TENANT)) == 0 ||
                            view_is(name->tenant_id, rule->names[RULE_OF_TENANT]);
        if ((rule->parts & parts) == parts && is_of_tenant && rule->settings.mode == MODE_MONITOR) {
            return true;
        }
    }
    return false;
}

// The same of what people have commanded.
static bool people_monitor_vendors(
        const struct decide *decide, const struct scope_name *name, int64_t now_ms)
{
    const struct standing_order *order;
    uint32_t at = 0;
    while ((order = standing_after(decide->standing, &at)) != NULL) {
        if (order->action == CONTROL_MODE && order->mode == MODE_MONITOR &&
                order->key.kind == SCOPE_VENDOR && now_ms < order->until_ms &&
                view_equal(order->key.tenant_id, name->tenant_id)) {
            return true;
        }
    }
    return false;
}

// What a person has commanded for the narrowest scope goes before any rule; `mode` where nobody has. What may be a
// vendor's in monitor mode is not enforced where nobody knows whose it is.
static enum mode mode_in_force(const struct decide *decide, const struct policy *policy,
        const struct step *step, const struct policy_subject *subject, int32_t vendor,
        enum mode mode)
{
    int64_t now_ms = step->delta->log_time_ms;
    struct standing_subject named = {.tenant_id = subject->tenant_id, .channel = subject->channel};
    named.ids[SCOPE_TENANT] = subject->tenant_id;
    named.ids[SCOPE_VENDOR] = subject->vendor_id;
    named.ids[step->name.kind] = step->name.id;
    const struct standing_order *order = standing_mode(decide->standing, &named, now_ms);
    if (vendor == VENDOR_UNKNOWN && (order == NULL || order->key.kind > SCOPE_VENDOR) &&
            (people_monitor_vendors(decide, &step->name, now_ms) ||
                    (order == NULL && rules_monitor_vendors(policy, &step->name)))) {
        return MODE_MONITOR;
    }
    return order != NULL ? order->mode : mode;
}

static struct policy_settings settings_by(
        const struct decide *decide, const struct policy *policy, const struct step *step)
{
    struct policy_subject subject = {.tenant_id = step->name.tenant_id};
    bool has_modes = !standing_is_empty(decide->standing);
    int32_t vendor = SCOPE_NONE;
    if (has_modes || policy_differs_in(policy, RULE_PART(RULE_OF_VENDOR))) {
        vendor = vendor_number(decide, step->scope, step->name.kind);
        subject.vendor_id = vendor_id(decide, vendor);
    }
    if (has_modes || policy_differs_in(policy, RULE_PART(RULE_OF_CHANNEL))) {
        subject.channel = channel_of(step);
    }
    struct policy_settings settings;
    policy_settings_of(policy, &subject, &settings);
    if (has_modes || vendor == VENDOR_UNKNOWN) {
        settings.mode = mode_in_force(decide, policy, step, &subject, vendor, settings.mode);
    }
    return settings;
}

struct policy_settings decide_settings(const struct decide *decide, const struct step *step)
{
    return settings_by(decide, decide->options.policy, step);
}

struct policy_settings decide_row_settings(
        const struct decide *decide, const struct delta *delta, const struct scope_delta *row)
{
    const struct step step = {.delta = delta,
            .row = row,
            .scope = row->scope,
            .name = scopes_name(decide->scopes, row->scope)};
    return decide_settings(decide, &step);
}

struct policy_settings decide_scope_settings(
        const struct decide *decide, const struct delta *delta, int32_t scope)
{
    const struct scope_delta row = {.scope = scope, .first_entry = -1, .last_entry = -1};
    return decide_row_settings(decide, delta, &row);
}

const char *policy_withholds(const struct decide *decide, const struct step *step)
{
    const struct policy *policy = decide->options.policy;
    if (policy->windows.maintenance_count == 0 && policy->lists.count == 0) {
        return NULL;
    }
    const struct scope_name *name = &step->name;
    const struct policy_subject subject = {.tenant_id = name->tenant_id,
            .vendor_id = vendor_id(decide, vendor_number(decide, step->scope, name->kind)),
            .channel = channel_of(step)};
    int64_t now_ms = step->delta->log_time_ms;
    if (windows_in_maintenance(&policy->windows, &subject, now_ms)) {
        return "maintenance";
    }
    struct list_subject listed = {.tenant_id = name->tenant_id};
    listed.ids[SCOPE_TENANT] = name->tenant_id;
    listed.ids[SCOPE_VENDOR] = subject.vendor_id;
    listed.ids[name->kind] = name->id;
    enum list_kind list = lists_find(&policy->lists, &listed, now_ms);
    return list == LIST_OVERRIDE || list == LIST_ALLOW ? "override" : NULL;
}

void decide_set_policy(struct decide *decide, const struct policy *policy)
{
    decide->options.policy = policy;
    hold_cap_set(&decide->holds, policy->hold_cap);
    decide->next_reminder_ms = 0; // acknowledge_within may be shorter
}

// --- another policy in the midst of the log ------------------------------------------------------

static bool modes_go_by_channel(const struct policy *policy)
{
    const uint32_t parts = RULE_PART(RULE_OF_CHANNEL) | RULE_PART(RULE_SETS_MODE);
    for (uint32_t i = 0; i < policy->rules.count; i++) {
        if ((policy->rules.rules[i].parts & parts) == parts) {
            return true;
        }
    }
    return false;
}

// Whether a rule leaves a vendor in monitor mode that the scope may have come through, which came through several,
// or through one that is not known.
static bool vendor_may_be_monitored(
        const struct decide *decide, const struct policy *policy, const struct step *step)
{
    return step->name.kind < SCOPE_VENDOR &&
           vendor_number(decide, step->scope, step->name.kind) <= VENDOR_UNKNOWN &&
           rules_monitor_vendors(policy, &step->name);
}

// Whether a hold that was made in monitor mode would be sent now, and would not have been before. Which
// channel it went by then is not known any more: where modes may differ by channels, it is left as it is.
static bool comes_to_enforce(const struct decide *decide, const struct delta *delta,
        const struct hold *hold, const struct policy *before, const struct policy *policy)
{
    const struct scope_delta row = {.scope = hold->scope, .first_entry = -1, .last_entry = -1};
    const struct step step = {.delta = delta,
            .row = &row,
            .scope = hold->scope,
            .name = scopes_name(decide->scopes, hold->scope)};
    bool has_channel = step.name.kind >= SCOPE_VENDOR || !view_is_none(step.name.channel);
    return hold->mode == MODE_MONITOR && (has_channel || !modes_go_by_channel(policy)) &&
           settings_by(decide, before, &step).mode == MODE_MONITOR &&
           settings_by(decide, policy, &step).mode == MODE_ENFORCE &&
           !vendor_may_be_monitored(decide, policy, &step) &&
           (has_channel || !standing_has_channel_mode(
                                   decide->standing, step.name.tenant_id, delta->log_time_ms));
}

void decide_change_policy(
        struct decide *decide, const struct delta *delta, const struct policy *policy)
{
    const struct policy *before = decide->options.policy;
    const struct hold *hold;
    uint32_t at = 0;
    while ((hold = incidents_hold_after(decide->incidents, &at)) != NULL) {
        if (comes_to_enforce(decide, delta, hold, before, policy)) {
            (void)hold_cap_wait(&decide->holds, hold->scope); // as many as there is room for
        }
    }
    decide_set_policy(decide, policy);
}
