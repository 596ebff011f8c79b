// The policy: its canonical text, its version, and which purposes are watched.
#include "policy/policy.h"

#include "tests/support/unit.h"

static void add_sealed(struct strbuf *sb, struct policy *policy)
{
    CU_ASSERT_EQUAL_FATAL(policy_seal(policy), ERR_NONE);
    strbuf_reset(sb);
    policy_add_canonical(sb, policy);
}

// Every output names the version and every command_id depends on it, so the default's must not
// change by accident. The version is checked with: printf '%s' "$text" | sha256sum | head -c 16
static void test_default_is_pinned(void)
{
    struct policy policy;
    struct strbuf text;
    strbuf_init(&text, 4096);
    policy_init(&policy);
    add_sealed(&text, &policy);
    unit_check_text("text", strbuf_view(&text).p,
            "{\"acknowledge_within_ms\":900000,\"assume_complete\":false,\"automatic_release\":"
            "false,\"budget\":\"2e8\",\"ceiling_rate_millionths\":30000,"
            "\"closed_grace_ms\":259200000,\"clump_guard\":true,\"complaint_rate_millionths\":500,"
            "\"confirm_within_ms\":1800000,\"flap_limit\":3,\"floor_rate_millionths\":500,\"hold_"
            "cap\":20,\"learning\":true,\"message_hold_ms\":"
            "86400000,\"mode\":"
            "\"enforce\",\"operator_hold_max_ms\":604800000,\"prior_rate_millionths\":5000,"
            "\"purposes\":{\"collection\":[\"no_record\",\"other_tenant\",\"wrong_debt\","
            "\"third_party\",\"closed_loan\",\"reassigned_number\"],\"reminder\":[\"no_record\","
            "\"other_tenant\",\"wrong_debt\",\"third_party\",\"closed_loan\","
            "\"reassigned_number\"]},\"scope_hold_ms\":86400000,"
            "\"split_by_channel\":[],\"start_credit\":true,"
            "\"stream_rate_millionths\":{\"closed_recently\":50000,\"invalid\":20000,"
            "\"other_tenant\":5000,\"reassigned\":10000,\"repeated\":50000,\"walking\":100000},"
            "\"unconfirmed\":\"stays_held\",\"unknown\":\"pass\",\"update_interval_ms\":600000,"
            "\"vendors\":[]}");
    unit_check_text("version", policy.version, "7eb07978b4ec5015");
    strbuf_fini(&text);
}

// The order in which a file lists the purposes is no part of the policy.
static void test_order_of_purposes(void)
{
    struct policy policy;
    struct policy turned;
    policy_init(&policy);
    policy_init(&turned);
    turned.purposes[0] = policy.purposes[1];
    turned.purposes[1] = policy.purposes[0];
    CU_ASSERT_EQUAL(policy_seal(&policy), ERR_NONE);
    CU_ASSERT_EQUAL(policy_seal(&turned), ERR_NONE);
    unit_check_text("version", turned.version, policy.version);
}

static void test_every_part_changes_the_version(void)
{
    struct policy base;
    policy_init(&base);
    CU_ASSERT_EQUAL(policy_seal(&base), ERR_NONE);
    struct policy changed[27];
    for (size_t i = 0; i < 27; i++) {
        changed[i] = base;
    }
    changed[0].purposes[0].counting ^= REASON_BIT(REASON_OPTED_OUT);
    changed[1].purpose_count = 1;
    changed[2].purposes[1].name[0] = 'R';
    changed[3].closed_grace_ms++;
    changed[4].unknown = UNKNOWN_HOLD;
    changed[5].mode = MODE_MONITOR;
    changed[6].message_hold_ms++;
    changed[7].scope_hold_ms++;
    changed[8].assume_complete = true;
    changed[9].clump_guard = false;
    changed[10].start_credit = false;
    changed[11].learning = false;
    changed[12].split_by_channel = 1u << SCOPE_SENDER;
    changed[13].update_interval_ms++;
    changed[14].floor_rate_millionths++;
    changed[16].budget = 1;
    changed[17].stream_rate_millionths[STREAM_OTHER_TENANT]++;
    changed[18].complaint_rate_millionths++;
    CU_ASSERT_EQUAL(vendors_add(&changed[19].vendors, VIEW("north")), ERR_NONE);
    changed[15].ceiling_rate_millionths++;
    changed[20].hold_cap++;
    changed[21].operator_hold_max_ms++;
    changed[22].confirm_within_ms++;
    changed[23].acknowledge_within_ms++;
    changed[24].unconfirmed = UNCONFIRMED_EXPIRES;
    changed[25].automatic_release = RELEASE_AUTOMATIC;
    changed[26].flap_limit++;
    for (size_t i = 0; i < 27; i++) {
        CU_ASSERT_EQUAL(policy_seal(&changed[i]), ERR_NONE);
        CU_ASSERT_STRING_NOT_EQUAL(changed[i].version, base.version);
    }
    vendors_clear(&changed[19].vendors);
    base.prior_rate_millionths++;
    struct policy again = base;
    CU_ASSERT_EQUAL(policy_seal(&again), ERR_NONE);
    CU_ASSERT_STRING_NOT_EQUAL(again.version, base.version);
}

// Full of the longest names and every reason, it still fits.
static void test_fullest(void)
{
    struct policy policy;
    policy_init(&policy);
    policy.purpose_count = PURPOSE_MAX;
    for (int i = 0; i < PURPOSE_MAX; i++) {
        struct watched_purpose *purpose = &policy.purposes[i];
        memset(purpose->name, '"', sizeof purpose->name - 1);
        purpose->name[0] = (char)('a' + i);
        purpose->name[sizeof purpose->name - 1] = '\0';
        purpose->counting = REASON_BIT(REASON_COUNT) - 1;
    }
    CU_ASSERT_EQUAL(policy_seal(&policy), ERR_NONE);
    CU_ASSERT_EQUAL(strlen(policy.version), POLICY_VERSION_HEX);
}

static void test_watched(void)
{
    struct policy policy;
    policy_init(&policy);
    CU_ASSERT_PTR_EQUAL(policy_watched(&policy, VIEW("collection")), &policy.purposes[0]);
    CU_ASSERT_PTR_EQUAL(policy_watched(&policy, VIEW_NONE), &policy.purposes[0]);
    CU_ASSERT_PTR_EQUAL(policy_watched(&policy, VIEW("reminder")), &policy.purposes[1]);
    CU_ASSERT_PTR_NULL(policy_watched(&policy, VIEW("marketing")));
    CU_ASSERT_PTR_NULL(policy_watched(&policy, VIEW("")));
    CU_ASSERT_PTR_NULL(policy_watched(&policy, VIEW("collections")));
    CU_ASSERT_PTR_NULL(policy_watched(&policy, VIEW("Collection")));
    CU_ASSERT_EQUAL(policy.purposes[0].counting, 0x3f);
    CU_ASSERT_EQUAL(policy_default_counting(), 0x3f);
}

static const struct unit_test tests[] = {
        {"default_is_pinned", test_default_is_pinned},
        {"order_of_purposes", test_order_of_purposes},
        {"every_part_changes_the_version", test_every_part_changes_the_version},
        {"fullest", test_fullest},
        {"watched", test_watched},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "policy", tests);
}
