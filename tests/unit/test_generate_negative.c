// What looks like an incident in made-up days and is none.
#include "tests/support/generated.h"
#include "tests/support/unit.h"

static void labels_of_all_negatives_are_what_the_judge_says(void)
{
    struct generate_options options = OPTIONS("--seed", "4", "--messages", "20000", "--healthy",
            "realistic", "--negative", "sorted_list", "--negative", "double_volume", "--negative",
            "mix_change", "--negative", "two_of_five", "--negative", "big_campaign", "--negative",
            "new_vendor", "--incident", "leaked_list:size=100,rate=50%,at=mid");
    generated_compare(&options);
}

static void a_sorted_list_is_sorted_and_dense(void)
{
    struct generate_options options = OPTIONS("--seed", "14", "--messages", "5000", "--p0", "0",
            "--negative", "sorted_list:size=1000");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t count = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        if (strstr(message.campaign->id, "sorted_list") != NULL) {
            uint64_t national = message.to.address.national;
            CU_ASSERT(national > last);
            CU_ASSERT_EQUAL(label.expected, VERDICT_CLEAR);
            first = count == 0 ? national : first;
            last = national;
            count++;
        }
    }
    CU_ASSERT_EQUAL(count, 1000);
    CU_ASSERT(last - first < 16 * 1000);
    traffic_destroy(traffic);
}

static void negatives_are_healthy_and_counted(void)
{
    struct generate_options options = OPTIONS("--seed", "15", "--messages", "60000", "--p0", "0.4%",
            "--negative", "two_of_five", "--negative", "mix_change:size=20000", "--negative",
            "double_volume:size=3000");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t half[2][2] = {{0, 0}, {0, 0}}; // of mix_change: messages, wrong
    uint64_t volume[2] = {0, 0};
    const int64_t noon_ms = GENERATE_DAY_MS + (int64_t)(DAY_US / 2000);
    while (traffic_next(traffic, &message, &label, &incident)) {
        bool is_late = message.occurred_ms >= noon_ms;
        CU_ASSERT_PTR_NULL(incident);
        if (strstr(message.campaign->id, "mix_change") != NULL) {
            half[is_late][0]++;
            half[is_late][1] += message.fault != FAULT_NONE;
        }
        volume[is_late] += strstr(message.campaign->id, "double_volume") != NULL;
    }
    const struct plan *plan = traffic_plan(traffic);
    CU_ASSERT_EQUAL_FATAL(plan->negative_count, 3);
    CU_ASSERT_EQUAL(plan->negatives[0].tally.messages, 5);
    CU_ASSERT_EQUAL(plan->negatives[0].tally.misdirected, 2);
    // 0.52 % become 1.48 %.
    CU_ASSERT(half[0][1] * 1000 > half[0][0] * 3 && half[0][1] * 1000 < half[0][0] * 8);
    CU_ASSERT(half[1][1] * 1000 > half[1][0] * 12 && half[1][1] * 1000 < half[1][0] * 18);
    CU_ASSERT(volume[1] > volume[0] * 19 / 10 && volume[1] < volume[0] * 21 / 10);
    traffic_destroy(traffic);
}

static const struct unit_test tests[] = {
        {"labels_of_all_negatives_are_what_the_judge_says",
                labels_of_all_negatives_are_what_the_judge_says},
        {"a_sorted_list_is_sorted_and_dense", a_sorted_list_is_sorted_and_dense},
        {"negatives_are_healthy_and_counted", negatives_are_healthy_and_counted},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "generate_negative", tests);
}
