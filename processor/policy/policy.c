#include "policy/policy.h"

#include "common/digest.h"
#include "common/json_out.h"

enum { CANONICAL_MAX_BYTES = 64 * 1024 * 1024 }; // vendors, at 6 bytes a byte of theirs

const char *const policy_budget_names[] = {"1e6", "1e7", "1e8", "2e8", "1e9", NULL};
const char *const policy_unknown_names[] = {"pass", "hold", "wait", NULL};
const char *const policy_unconfirmed_names[] = {"expires", "stays_held", NULL};

reason_set policy_default_counting(void)
{
    return REASON_BIT(REASON_NO_RECORD) | REASON_BIT(REASON_OTHER_TENANT) |
           REASON_BIT(REASON_WRONG_DEBT) | REASON_BIT(REASON_THIRD_PARTY) |
           REASON_BIT(REASON_CLOSED_LOAN) | REASON_BIT(REASON_REASSIGNED_NUMBER);
}

void policy_init(struct policy *policy)
{
    *policy = (struct policy){
            .purposes = {{"collection", policy_default_counting()},
                    {"reminder", policy_default_counting()}},
            .purpose_count = 2,
            .closed_grace_ms = INT64_C(3) * 24 * 3600 * 1000,
            .unknown = UNKNOWN_PASS,
            .mode = MODE_ENFORCE,
            .message_hold_ms = INT64_C(24) * 3600 * 1000,
            .scope_hold_ms = INT64_C(24) * 3600 * 1000,
            .operator_hold_max_ms = INT64_C(7) * 24 * 3600 * 1000,
            .confirm_within_ms = INT64_C(30) * 60 * 1000,
            .acknowledge_within_ms = INT64_C(15) * 60 * 1000,
            .unconfirmed = UNCONFIRMED_STAYS_HELD,
            .hold_people = HOLD_PEOPLE_MIN,
            .streams = SOURCES_ALL,
            .hold_cap = 20,
            .automatic_release = RELEASE_BY_PERSON,
            .flap_limit = 3,
            .prior_rate_millionths = 5000,
            .budget = 3,
            .floor_rate_millionths = 500,
            .ceiling_rate_millionths = 30000,
            .learning = true,
            .clump_guard = true,
            .start_credit = true,
            .update_interval_ms = INT64_C(10) * 60 * 1000,
            .stream_rate_millionths = {100000, 50000, 50000, 10000, 20000, 5000},
            .complaint_rate_millionths = 500,
    };
}

// --- the canonical text -----------------------------------------------------------------------

// The names' order, so that the order in which a file lists the purposes does not matter.
static void sort_purposes(const struct policy *policy, uint32_t ret_order[PURPOSE_MAX])
{
    for (uint32_t i = 0; i < policy->purpose_count; i++) {
        uint32_t at = i;
        while (at > 0 &&
                strcmp(policy->purposes[ret_order[at - 1]].name, policy->purposes[i].name) > 0) {
            ret_order[at] = ret_order[at - 1];
            at--;
        }
        ret_order[at] = i;
    }
}

static void add_purposes(struct json_out *out, const struct policy *policy)
{
    uint32_t order[PURPOSE_MAX];
    sort_purposes(policy, order);
    json_object(out, "purposes");
    for (uint32_t i = 0; i < policy->purpose_count; i++) {
        const struct watched_purpose *purpose = &policy->purposes[order[i]];
        policy_add_words(out, purpose->name, reason_names, REASON_COUNT, purpose->counting);
    }
    json_object_end(out);
}

static void add_streams(struct json_out *out, const struct policy *policy)
{
    static const enum evidence_stream by_name[STREAM_COUNT] = {STREAM_CLOSED_RECENTLY,
            STREAM_INVALID, STREAM_OTHER_TENANT, STREAM_REASSIGNED, STREAM_REPEATED,
            STREAM_WALKING};
    json_object(out, "stream_rate_millionths");
    for (unsigned i = 0; i < STREAM_COUNT; i++) {
        json_int(out, stream_names[by_name[i]], policy->stream_rate_millionths[by_name[i]]);
    }
    json_object_end(out);
}

static void add_vendors(struct json_out *out, const struct policy *policy)
{
    json_array(out, "vendors");
    for (uint32_t i = 0; i < policy->vendors.count; i++) {
        json_text(out, NULL, policy->vendors.ids[i]);
    }
    json_array_end(out);
}

void policy_add_canonical(struct strbuf *sb, const struct policy *policy)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_int(&out, "acknowledge_within_ms", policy->acknowledge_within_ms);
    json_bool(&out, "assume_complete", policy->assume_complete);
    json_bool(&out, "automatic_release", policy->automatic_release == RELEASE_AUTOMATIC);
    json_text(&out, "budget", policy_budget_names[policy->budget]);
    json_int(&out, "ceiling_rate_millionths", policy->ceiling_rate_millionths);
    json_int(&out, "closed_grace_ms", policy->closed_grace_ms);
    json_bool(&out, "clump_guard", policy->clump_guard);
    json_int(&out, "complaint_rate_millionths", policy->complaint_rate_millionths);
    json_int(&out, "confirm_within_ms", policy->confirm_within_ms);
    json_int(&out, "flap_limit", policy->flap_limit);
    json_int(&out, "floor_rate_millionths", policy->floor_rate_millionths);
    frequency_add_canonical(&policy->frequency, &out);
    json_int(&out, "hold_cap", policy->hold_cap);
    if (policy->hold_people != HOLD_PEOPLE_MIN) { // so that policies without it keep their version
        json_int(&out, "hold_people", policy->hold_people);
    }
    windows_add_canonical_hours(&policy->windows, &out);
    json_bool(&out, "learning", policy->learning);
    lists_add_canonical(&policy->lists, &out);
    windows_add_canonical_maintenance(&policy->windows, &out);
    json_int(&out, "message_hold_ms", policy->message_hold_ms);
    json_text(&out, "mode", mode_names[policy->mode]);
    json_int(&out, "operator_hold_max_ms", policy->operator_hold_max_ms);
    json_int(&out, "prior_rate_millionths", policy->prior_rate_millionths);
    add_purposes(&out, policy);
    if (policy->reasons_off != 0) {
        policy_add_words(&out, "reasons_off", reason_names, REASON_COUNT, policy->reasons_off);
    }
    rules_add_canonical(&policy->rules, &out);
    json_int(&out, "scope_hold_ms", policy->scope_hold_ms);
    policy_add_words(
            &out, "split_by_channel", scope_kind_names, SCOPE_KIND_COUNT, policy->split_by_channel);
    json_bool(&out, "start_credit", policy->start_credit);
    add_streams(&out, policy);
    if (policy->streams != SOURCES_ALL) {
        policy_add_words(&out, "streams", source_names, SOURCE_COUNT, policy->streams);
    }
    json_text(&out, "unconfirmed", policy_unconfirmed_names[policy->unconfirmed]);
    json_text(&out, "unknown", policy_unknown_names[policy->unknown]);
    json_int(&out, "update_interval_ms", policy->update_interval_ms);
    add_vendors(&out, policy);
    json_object_end(&out);
}

enum err policy_seal(struct policy *policy)
{
    struct strbuf text;
    struct strbuf hex;
    strbuf_init(&text, CANONICAL_MAX_BYTES);
    strbuf_init(&hex, POLICY_VERSION_HEX);
    policy_add_canonical(&text, policy);
    digest_add_sha256_hex(&hex, strbuf_view(&text), POLICY_VERSION_HEX / 2);
    enum err e = text.failed != ERR_NONE ? text.failed : hex.failed;
    if (e == ERR_NONE) {
        memcpy(policy->version, hex.p, POLICY_VERSION_HEX + 1);
    }
    strbuf_fini(&text);
    strbuf_fini(&hex);
    return e;
}

const struct watched_purpose *policy_watched(const struct policy *policy, struct view purpose)
{
    struct view name = view_is_none(purpose) ? VIEW("collection") : purpose;
    for (uint32_t i = 0; i < policy->purpose_count; i++) {
        if (view_is(name, policy->purposes[i].name)) {
            return &policy->purposes[i];
        }
    }
    return NULL;
}

void policy_settings_of(const struct policy *policy, const struct policy_subject *subject,
        struct policy_settings *ret_settings)
{
    *ret_settings = (struct policy_settings){
            .mode = policy->mode,
            .unknown = policy->unknown,
            .reasons_off = policy->reasons_off,
            .closed_grace_ms = policy->closed_grace_ms,
            .message_hold_ms = policy->message_hold_ms,
            .scope_hold_ms = policy->scope_hold_ms,
            .operator_hold_max_ms = policy->operator_hold_max_ms,
            .unconfirmed = policy->unconfirmed,
            .automatic_release = policy->automatic_release,
            .flap_limit = policy->flap_limit,
            .hold_people = policy->hold_people,
            .budget = policy->budget,
            .streams = policy->streams,
    };
    if (policy->rules.count > 0) {
        rules_apply(&policy->rules, subject, ret_settings);
    }
}

uint32_t policy_budget_of(const struct policy *policy, struct view tenant_id)
{
    const struct policy_subject subject = {.tenant_id = tenant_id};
    struct policy_settings settings;
    if (!policy_differs_in(policy, RULE_PART(RULE_SETS_BUDGET))) {
        return policy->budget;
    }
    policy_settings_of(policy, &subject, &settings);
    return settings.budget;
}

struct policy_subject policy_subject_of(const struct event *ev)
{
    return (struct policy_subject){
            .tenant_id = event_scope_tenant(ev),
            .vendor_id = ev->vendor_id,
            .channel = ev->channel,
            .purpose = view_is_none(ev->purpose) ? VIEW("collection") : ev->purpose,
    };
}
