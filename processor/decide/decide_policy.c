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

// Its own where it is of one, else that of the message that raised it, as it is remembered of a scope that is held
// or has waited. A vendor or tenant has all. False where it is not known.
static bool channel_of(
        const struct decide *decide, const struct step *step, struct view *ret_channel)
{
    *ret_channel = step->name.channel;
    if (!view_is_none(step->name.channel) || step->name.kind >= SCOPE_VENDOR) {
        return true;
    }
    const struct hold *hold = incidents_hold_of(decide->incidents, step->scope);
    if (channels_name(
                decide->channels, hold != NULL ? hold->channel : step->channel, ret_channel)) {
        return true;
    }
    int32_t last = step->row->last_entry;
    if (last >= 0) {
        const struct delta *delta = step->delta;
        *ret_channel = delta->frame->leaves[delta->entries[last].entry->leaf].key.channel;
    }
    return last >= 0;
}

enum err decide_channel_of(struct decide *decide, const struct step *step, uint8_t *ret_channel)
{
    struct view channel;
    *ret_channel = CHANNEL_UNKNOWN;
    return channel_of(decide, step, &channel)
                   ? channels_intern(decide->channels, channel, ret_channel)
                   : ERR_NONE;
}

// Whether a rule leaves a vendor, or a channel, in monitor mode that the scope may have come through.
static bool rules_monitor(
        const struct policy *policy, const struct scope_name *name, enum rule_part of)
{
    const uint32_t parts = RULE_PART(of) | RULE_PART(RULE_SETS_MODE);
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

// Whom a scope is of, and what of that nobody knows.
struct origin {
    struct policy_subject subject;
    bool vendor_is_unknown;
    bool channel_is_unknown;
};

// Whether the scope may be a vendor's or channel's that is in monitor mode, of which nobody knows whose it is.
// `order`: what a person has commanded for it, NULL for nothing.
static bool may_be_monitored(const struct decide *decide, const struct policy *policy,
        const struct step *step, const struct origin *origin, const struct standing_order *order)
{
    const struct scope_name *name = &step->name;
    int64_t now_ms = step->delta->log_time_ms;
    bool by_vendor = origin->vendor_is_unknown &&
                     (order == NULL || order->key.kind > SCOPE_VENDOR) &&
                     (people_monitor_vendors(decide, name, now_ms) ||
                             (order == NULL && rules_monitor(policy, name, RULE_OF_VENDOR)));
    bool by_channel = origin->channel_is_unknown &&
                      (standing_has_channel_mode(decide->standing, name->tenant_id, now_ms) ||
                              (order == NULL && rules_monitor(policy, name, RULE_OF_CHANNEL)));
    return by_vendor || by_channel;
}

// What a person has commanded for the narrowest scope goes before any rule; `mode` where nobody has.
static enum mode mode_in_force(const struct decide *decide, const struct policy *policy,
        const struct step *step, const struct origin *origin, enum mode mode)
{
    const struct policy_subject *subject = &origin->subject;
    struct standing_subject named = {.tenant_id = subject->tenant_id, .channel = subject->channel};
    named.ids[SCOPE_TENANT] = subject->tenant_id;
    named.ids[SCOPE_VENDOR] = subject->vendor_id;
    named.ids[step->name.kind] = step->name.id;
    const struct standing_order *order =
            standing_mode(decide->standing, &named, step->delta->log_time_ms);
    if (may_be_monitored(decide, policy, step, origin, order)) {
        return MODE_MONITOR;
    }
    return order != NULL ? order->mode : mode;
}

static struct policy_settings settings_by(
        const struct decide *decide, const struct policy *policy, const struct step *step)
{
    struct origin origin = {.subject.tenant_id = step->name.tenant_id};
    bool has_modes = !standing_is_empty(decide->standing);
    if (has_modes || policy_differs_in(policy, RULE_PART(RULE_OF_VENDOR))) {
        int32_t vendor = vendor_number(decide, step->scope, step->name.kind);
        origin.subject.vendor_id = vendor_id(decide, vendor);
        origin.vendor_is_unknown = vendor == VENDOR_UNKNOWN;
    }
    if (has_modes || policy_differs_in(policy, RULE_PART(RULE_OF_CHANNEL))) {
        origin.channel_is_unknown = !channel_of(decide, step, &origin.subject.channel);
    }
    struct policy_settings settings;
    policy_settings_of(policy, &origin.subject, &settings);
    if (has_modes || origin.vendor_is_unknown || origin.channel_is_unknown) {
        settings.mode = mode_in_force(decide, policy, step, &origin, settings.mode);
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
    struct policy_subject subject = {.tenant_id = name->tenant_id,
            .vendor_id = vendor_id(decide, vendor_number(decide, step->scope, name->kind))};
    (void)channel_of(decide, step, &subject.channel);
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

// Whether a rule leaves a vendor in monitor mode that the scope may have come through, which came through several,
// or through one that is not known.
static bool vendor_may_be_monitored(
        const struct decide *decide, const struct policy *policy, const struct step *step)
{
    return step->name.kind < SCOPE_VENDOR &&
           vendor_number(decide, step->scope, step->name.kind) <= VENDOR_UNKNOWN &&
           rules_monitor(policy, &step->name, RULE_OF_VENDOR);
}

// Whether a hold that was made in monitor mode would be sent now, and would not have been before.
static bool comes_to_enforce(const struct decide *decide, const struct delta *delta,
        const struct hold *hold, const struct policy *before, const struct policy *policy)
{
    const struct scope_delta row = {.scope = hold->scope, .first_entry = -1, .last_entry = -1};
    const struct step step = {.delta = delta,
            .row = &row,
            .scope = hold->scope,
            .name = scopes_name(decide->scopes, hold->scope)};
    return hold->mode == MODE_MONITOR && settings_by(decide, before, &step).mode == MODE_MONITOR &&
           settings_by(decide, policy, &step).mode == MODE_ENFORCE &&
           !vendor_may_be_monitored(decide, policy, &step);
}

void decide_change_policy(
        struct decide *decide, const struct delta *delta, const struct policy *policy)
{
    const struct policy *before = decide->options.policy;
    const struct hold *hold;
    uint32_t at = 0;
    while ((hold = incidents_hold_after(decide->incidents, &at)) != NULL) {
        if (comes_to_enforce(decide, delta, hold, before, policy)) {
            // as many as there is room for
            (void)hold_cap_wait(&decide->holds, hold->scope, hold->channel);
        }
    }
    decide_set_policy(decide, policy);
}
